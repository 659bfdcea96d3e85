//! Examines a target before anything is created there: can it be reached, does it let us in, is there room, what is left of earlier runs?

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::client::{Availability, Item, Purpose, Target, Unlisted};
use crate::contract::{Contract, Quota};
use crate::exchange::{Exchange, Request, Response, SendError, TokenVariant};
use crate::http::TransportError;
use crate::ledger::LedgerFile;
use crate::plan;
use crate::probe::{Phase, Script, Step};
use crate::run::{Look, PreflightError, Terms, call, preflight, survey};
use crate::untrusted::Untrusted;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found, and what to do about it.
    pub text: String,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// Not known; a run can do without.
    Unknown,
    /// A run would fail, or cost more than it should.
    Bad,
}

impl Line {
    /// A thing that is as it should be.
    pub fn good(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Good, text: text.into() }
    }

    /// A thing of which nothing is known.
    pub fn unknown(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Unknown, text: text.into() }
    }

    /// A thing that needs a remedy.
    pub fn bad(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, health: Health::Bad, text: text.into() }
    }
}

/// Signatures are good for so many minutes, and times are judged with as much tolerance.
const CLOCK_TOLERANCE: i64 = 15;

/// Less room than this is soon used up by a run that does several things at once.
const LITTLE_ROOM: i64 = 10;

/// Examines the target: the way there, who we are (as `who` says), clock, list, quota, and the ledgers of earlier runs.
pub async fn examine(contract: &Contract, target: &Target, who: &str, ledgers: &[LedgerFile]) -> Vec<Line> {
    let subject = contract.subject().path.as_str();
    let address = target.endpoint().join(subject).map_or_else(|| target.endpoint().to_string(), String::from);
    let read = &contract.operations[contract.creation.lifecycle.read];
    let path = read.path.fill(&contract.creation.unheard_of_id());
    let exchange = ask(target, &read.method, path).await;
    let mut lines = vec![endpoint(&address, &target.way(), &exchange), tls(target, &exchange)];
    if exchange.outcome.is_ok() {
        lines.push(access(target, who, &exchange));
        lines.push(clock(&exchange));
        lines.push(reading(contract, &exchange));
        lines.push(list(contract, target).await);
        lines.push(quota(contract, target).await);
    }
    lines.push(leftovers(target, ledgers));
    lines
}

async fn ask(target: &Target, method: &str, path: String) -> Exchange {
    let credential = target.usual_credential();
    target.send(Request { method: method.to_owned(), path, headers: Vec::new(), body: None, credential }).await
}

fn endpoint(address: &str, way: &str, exchange: &Exchange) -> Line {
    match &exchange.outcome {
        Ok(response) if matches!(response.status, 300..400) => {
            let location = response.header("location").map(Untrusted::from);
            let to = location.map(|location| format!(", a redirect to {location:.300}")).unwrap_or_default();
            Line::bad("endpoint", format!("{address} answers {}{to}; is the path right?", response.status))
        }
        Ok(_) => Line::good("endpoint", format!("{address} answers")),
        Err(error) => Line::bad("endpoint", format!("{address}{way}: {error}")),
    }
}

fn tls(target: &Target, exchange: &Exchange) -> Line {
    match &exchange.outcome {
        Err(error @ SendError::Transport(TransportError::Certificate(..))) => {
            Line::bad("TLS", format!("{error}; --cacert names an authority to trust"))
        }
        _ if target.endpoint().is_exposed() => Line::bad("TLS", "none: what is sent can be read on the way; use https"),
        _ if target.endpoint().is_loopback() => Line::good("TLS", "not needed on this machine"),
        Err(_) => Line::unknown("TLS", "nothing answered"),
        Ok(_) => Line::good("TLS", "the certificate is trusted"),
    }
}

fn access(target: &Target, who: &str, exchange: &Exchange) -> Line {
    let status = exchange.response().map_or(0, |response| response.status);
    match (status, target.usual_credential()) {
        (401, TokenVariant::Good) => Line::bad("access", format!("401 for {who}; it may be wrong or expired")),
        (401, _) => Line::bad("access", "401 without a credential; --os-cloud, a token or an access key opens it"),
        (403, _) => Line::bad("access", format!("403 for {who}: no right to read images")),
        _ => Line::good("access", who),
    }
}

fn clock(exchange: &Exchange) -> Line {
    match exchange.response().and_then(Response::clock_ahead) {
        Some(ahead) if ahead.whole_minutes().abs() >= CLOCK_TOLERANCE => {
            let text = format!("{} minutes apart from the target's; set this machine's clock", ahead.whole_minutes());
            Line::bad("clock", text)
        }
        Some(ahead) => Line::good("clock", format!("{} seconds apart from the target's", ahead.whole_seconds())),
        None => Line::unknown("clock", "the target does not tell the time"),
    }
}

/// What the answer for an id that was never given out says of the call that reads.
fn reading(contract: &Contract, exchange: &Exchange) -> Line {
    let call = call(&contract.operations[contract.creation.lifecycle.read]);
    match exchange.response().map_or(0, |response| response.status) {
        status @ (405 | 501) => Line::unknown(
            "read",
            format!("{call} is not there, the answer is {status}; what needs it would be left out"),
        ),
        404 => Line::good("read", format!("{call} finds nothing for an id that nobody has; --try shows more")),
        status => Line::unknown("read", format!("{call} answers {status} for an id that nobody has")),
    }
}

async fn list(contract: &Contract, target: &Target) -> Line {
    if contract.list_operation().is_none() {
        return Line::unknown("list", "the contract has no call that lists");
    }
    let mut ids = HashSet::new();
    let note = |id: &str, _: Item<'_>| {
        ids.insert(id.to_owned());
        Ok(())
    };
    match target.each_item(Purpose::Probe, note).await {
        Ok(()) => Line::good("list", format!("{} there now", ids.len())),
        Err(Unlisted::Status(status @ (404 | 405 | 410 | 501))) => Line::unknown(
            "list",
            format!(
                "it is not there, the answer is {status}; what needs it would be left out, and so would be what carries no mark"
            ),
        ),
        Err(why) => Line::bad("list", format!("{why}; without it, it is not known what a run leaves behind")),
    }
}

async fn quota(contract: &Contract, target: &Target) -> Line {
    let found = contract.operations.iter().find_map(|operation| Some((operation, operation.quota()?)));
    let Some((operation, Quota { limit, used })) = found else {
        return Line::unknown("quota", "the contract has no call that tells it");
    };
    let exchange = ask(target, &operation.method, operation.path.as_str().to_owned()).await;
    let answer = exchange.response().filter(|response| response.is_success()).and_then(Response::json);
    let number = |pointer: &str| answer.as_ref().and_then(|answer| answer.pointer(pointer)).and_then(Value::as_i64);
    match (number(limit), number(used)) {
        (Some(limit), Some(used)) if limit - used < LITTLE_ROOM => {
            Line::bad("quota", format!("{used} of {limit} used; --max-alive 1 needs the least room"))
        }
        (Some(limit), Some(used)) => Line::good("quota", format!("{used} of {limit} used")),
        _ => Line::unknown("quota", "the target does not tell it"),
    }
}

fn leftovers(target: &Target, ledgers: &[LedgerFile]) -> Line {
    let endpoint = target.endpoint().to_string();
    let ours: Vec<_> = ledgers.iter().filter(|found| found.state.endpoint == endpoint).collect();
    match &ours[..] {
        [] => Line::good("leftovers", "none that a ledger knows of"),
        [first, ..] => {
            let path = first.path.display();
            Line::bad("leftovers", format!("{} of earlier runs, such as {path}; `sweep` removes them", ours.len()))
        }
    }
}

/// Creates one thing, or two where the first one shows that a call cannot be used, and tells which calls around the one under test are there.
pub async fn try_calls(contract: &Contract, target: &Target) -> Vec<Line> {
    let unknown = match preflight(contract, target).await {
        Ok(unknown) => unknown,
        Err(error) => return vec![Line::bad("calls", error.to_string())],
    };
    let survey = match survey(contract, target, &Look { unknown, terms: Terms::NONE }).await {
        Ok(survey) => survey,
        Err(error @ PreflightError::Irremovable { .. }) => {
            return vec![Line::bad(
                "calls",
                format!("{error}; on this machine it may, elsewhere with --allow-leftovers"),
            )];
        }
        Err(error) => return vec![Line::bad("calls", error.to_string())],
    };
    let mut lines: Vec<_> = survey
        .calls
        .missing()
        .map(|(operation, availability)| {
            let text = format!("{} is {availability}", call(&contract.operations[operation]));
            match availability {
                Availability::Refused(_) | Availability::Silent => Line::bad("calls", text),
                _ => Line::unknown("calls", format!("{text}; what needs it would be left out")),
            }
        })
        .collect();
    if survey.cleanup.created > survey.cleanup.removed {
        lines.push(Line::bad("calls", "one was created, and cannot be removed"));
    }
    lines.extend(survey.failure().map(|text| Line::bad("calls", text)));
    if lines.is_empty() {
        lines.push(match survey.cleanup.created {
            0 => Line::unknown("calls", "none could be created, so that nothing is known of the others"),
            _ => Line::good("calls", "all that the contract has are there"),
        });
    }
    lines
}

/// Creates one thing in the state in which it cannot be removed, releases it and removes it.
pub async fn try_release(contract: &Contract, target: &Target) -> Line {
    let protected = contract.protected_states();
    if protected.is_empty() {
        return Line::good("release", "nothing here is ever delete-protected");
    }
    let fields: Map<String, Value> = protected.iter().cloned().collect();
    let body = Value::Object(fields).to_string().into_bytes();
    let request = plan::request(contract, body);
    let mut probe = plan::probe(contract, Phase::Case, "doctor".to_owned(), None, request);
    plan::mark_one(contract, &mut probe, 1);
    let script =
        Script { steps: probe.script.steps.into_iter().map(|step| Step { captures: Vec::new(), ..step }).collect() };
    let exchanges = target.perform(&script).await;
    let status = exchanges.first().and_then(Exchange::response).map(|response| response.status);
    let cleanup = target.clean(&exchanges).await;
    target.settle().await;
    // A refusal is no proof that nothing was created.
    let last_stock = target.take_last_stock().await;
    if cleanup.created > cleanup.removed {
        return Line::bad("release", "one was created and cannot be removed; do not use --allow-protected here");
    }
    let appeared = match last_stock {
        Ok(appeared) => appeared.iter().filter(|found| !found.is_removed).count(),
        Err(Unlisted::NoCall) => 0,
        Err(why) => return Line::bad("release", format!("what is left of the try is not known: {why}")),
    };
    if appeared > 0 {
        return Line::bad(
            "release",
            format!("{appeared} appeared meanwhile that may be of this try; look at the list"),
        );
    }
    match (cleanup.created, cleanup.removed, status) {
        (1, 1, _) => Line::good("release", "one was created, released and removed"),
        (0, _, Some(status)) => Line::bad("release", format!("none could be created: {status}")),
        (_, _, None) => Line::bad("release", "none could be created: no answer"),
        (_, _, Some(status)) => Line::bad("release", format!("the answer was {status}, and not one was created")),
    }
}
