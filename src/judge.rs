//! What came back, held against the contract: a pure function of contract, probe and exchanges.
//!
//! [`classify()`] says what kind of request a request is; [`judge()`] holds each exchange against what that kind deserves and then against the probe's own
//! expectations. What only a whole run can show, such as an id given twice, is left to the [results](crate::results).

mod answer;
mod body;
mod classify;
mod consequence;
mod contradiction;
mod creation;
mod expectation;
mod headers;
mod response;
mod sent_fields;

use std::collections::BTreeSet;

use serde_json::Value;

use answer::Answer;
pub use body::{Body, BodyError};
pub use classify::{Classification, Kind, Refusals, Unspecified, classify};
pub(crate) use contradiction::contradiction;
pub(crate) use creation::shortened;
pub(crate) use response::fill;

use crate::contract::{ClauseId, Contract, Envelope};
use crate::exchange::{Exchange, Request, Response, SendError, TokenVariant};
use crate::probe::Probe;
use crate::untrusted::{Untrusted, brief};

/// What one probe showed.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Ids of the clauses that the exchanges could have shown to be broken.
    pub assessed: BTreeSet<ClauseId>,
    /// Clauses that they did show to be broken.
    pub mismatches: Vec<Mismatch>,
    /// What the target chose where the documentation leaves a choice.
    pub choices: Vec<ObservedBehaviour>,
    /// What nobody documents.
    pub drift: Vec<Drift>,
    /// Why the probe says less than it should, or nothing.
    pub inconclusive: Option<String>,
    /// What the target is accused of where the run shows that the reason is no excuse: neither a right, nor a quota, nor a token was lacking.
    pub held_back: Option<Mismatch>,
    /// Values that the whole run must hold against each other.
    pub(crate) observations: Vec<Observation>,
}

/// One clause that one exchange broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Id of the clause.
    pub clause: ClauseId,
    /// What tells mismatches of one clause apart: where it stands, or which rule the request broke.
    pub cause: String,
    /// JSON pointer into the answer; empty for its status or the whole.
    pub pointer: Untrusted,
    /// What would conform; earlier answers may have a part in it.
    pub expected: Untrusted,
    /// What came.
    pub got: Untrusted,
    /// Which of the probe's requests it was, from 0.
    pub step: usize,
    /// The mismatch of the same probe from which this one only follows; `None` where it shows something of its own.
    pub origin: Option<Origin>,
}

/// A mismatch that entails another one: what tells its finding apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Id of its clause.
    pub clause: ClauseId,
    /// Its cause.
    pub cause: String,
}

/// What a target does where the documentation leaves it open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservedBehaviour {
    /// What is open.
    pub title: String,
    /// Why it is open.
    pub because: String,
    /// What the target does: `accepted`, `refused with 400`, `came back as the default`.
    pub taken: Untrusted,
}

/// Something in an answer that nobody documents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift {
    /// JSON pointer into the answer.
    pub pointer: Untrusted,
    /// What is there.
    pub text: Untrusted,
}

/// A value that is to be held against others of the run.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub across: Across,
    pub clause: ClauseId,
    pub pointer: String,
    pub value: Value,
    pub step: usize,
}

/// What the values of a run must be to each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Across {
    Unique,
    Same,
}

/// Holds the exchanges of a probe against the contract and the probe's expectations.
pub fn judge(contract: &Contract, probe: &Probe, exchanges: &[Exchange]) -> Judgement {
    let mut judgement = Judgement::default();
    for (step, exchange) in exchanges.iter().enumerate() {
        let mut step_judge = StepJudge { contract, probe, step, judgement: &mut judgement };
        let before = step_judge.judgement.mismatches.len();
        step_judge.judge_step(exchange, exchanges);
        step_judge.note_origins(before, exchanges);
        // What follows an answer of the wrong status, or none, would only repeat it; a wrong field says nothing about the next step.
        let is_refused = judgement.mismatches.iter().any(|mismatch| mismatch.pointer.is_empty());
        if is_refused || judgement.inconclusive.is_some() {
            break;
        }
        if let [exchange, next, ..] = &exchanges[step..]
            && has_nothing_for(contract, exchange, next)
        {
            return judgement;
        }
    }
    if exchanges.len() < probe.script.steps.len() && judgement.mismatches.is_empty() && judgement.inconclusive.is_none()
    {
        judgement.inconclusive = Some("the run ended before the probe did".to_owned());
    }
    judgement
}

/// Whether the next request was not sent as there is nothing that it could be about: the documentation leaves open whether this creation succeeds, and it did
/// not.
fn has_nothing_for(contract: &Contract, exchange: &Exchange, next: &Exchange) -> bool {
    let is_refused = exchange.response().is_some_and(|response| Refusals::AnyClientError.allow(response.status));
    let request = &exchange.request;
    is_refused
        && matches!(next.outcome, Err(SendError::NothingCaptured))
        && request.may_create(contract)
        && classify(contract, request, &Body::read(request)).kind == Kind::Unspecified
}

/// Holds a removal that clean-up sent as this step against the promise about removals: what is gone was removed as the contract says.
pub(crate) fn judge_removal(contract: &Contract, judgement: &mut Judgement, removal: &Exchange, step: usize) {
    let promise = contract.creation.behaviours.iter().find(|behaviour| behaviour.is_shown_by_removal);
    let Some((promise, response)) = promise.zip(removal.response()) else { return };
    let documented = &contract.operations[contract.creation.lifecycle.remove].answers;
    let success = documented.keys().filter(|status| (200..300).contains(*status));
    let clause = ClauseId::behaviour(&promise.id);
    judgement.assessed.insert(clause.clone());
    judgement.mismatches.push(Mismatch {
        clause,
        cause: String::new(),
        pointer: Untrusted::default(),
        expected: format!("{} for a removal", success.map(u16::to_string).collect::<Vec<_>>().join(" or ")).into(),
        got: brief(format!("{}, and nothing is found any more", creation::answered(response))).into(),
        step,
        origin: None,
    });
}

/// One exchange on its way through the rules.
struct StepJudge<'a> {
    contract: &'a Contract,
    probe: &'a Probe,
    step: usize,
    judgement: &'a mut Judgement,
}

impl<'a> StepJudge<'a> {
    /// Who answered, where the form of the body tells it.
    fn envelope(&self, answer: &Answer<'_>) -> Option<&'a Envelope> {
        self.contract.envelope(&answer.response.body, answer.json.as_ref())
    }
}

impl StepJudge<'_> {
    fn judge_step(&mut self, exchange: &Exchange, all: &[Exchange]) {
        let response = match &exchange.outcome {
            Ok(response) => response,
            Err(error) => {
                let captured = self.nothing_captured(*error, all);
                self.judgement.inconclusive = Some(captured.unwrap_or_else(|| error.to_string()));
                return;
            }
        };
        let answer = &Answer::read(response);
        if let Some(why) = self.says_nothing(exchange, answer) {
            self.judgement.inconclusive = Some(why);
            let is_turned_away = self.contract.creation.inconclusive.authorized.contains(&response.status);
            if is_turned_away && is_valid_creation(self.contract, &exchange.request) {
                self.hold_back(response, None);
            }
            return;
        }
        let request = &exchange.request;
        let before = self.judgement.mismatches.len();
        let operation = self.contract.operation(&request.method, &request.path);
        if operation.is_some_and(|(index, _)| index == self.contract.creation.operation) {
            self.judge_creation(request, answer);
        }
        if self.judgement.mismatches.len() == before && self.judgement.inconclusive.is_none() {
            self.judge_expectation(answer, all);
        }
        self.acquit_of_others(before, request, answer);
        self.note_repeats(answer);
    }

    /// Readers differ about a key that stands twice in an answer, and the contract asks for no such answer.
    fn note_repeats(&mut self, answer: &Answer<'_>) {
        let repeated = answer.repeated_key.as_ref().filter(|_| answer.response.is_success());
        let drift = repeated.map(|name| {
            let pointer = Untrusted::from(brief(format!("/{name}")));
            Drift { pointer, text: "given twice in one answer".into() }
        });
        self.judgement.drift.extend(drift);
    }

    /// Why an answer with its status says nothing about the contract, if it does not.
    fn says_nothing(&self, exchange: &Exchange, answer: &Answer<'_>) -> Option<String> {
        let inconclusive = &self.contract.creation.inconclusive;
        let is_good = exchange.request.credential == TokenVariant::Good;
        let status = answer.response.status;
        if inconclusive.intermediary.contains(&status) {
            let who = self.envelope(answer).filter(|envelope| envelope.is_inconclusive);
            let who = who.map_or("something between", |envelope| &envelope.title);
            let leads = leads_to(&exchange.request, answer.response);
            return Some(format!("{who} answered {status}{leads}, not the service"));
        }
        let is_nothing = inconclusive.any.contains(&status) || (is_good && inconclusive.authorized.contains(&status));
        is_nothing.then(|| format!("the answer was {status}"))
    }

    /// What somebody between us and the service answers does not accuse the service, unless it comes over what a valid request gives.
    fn acquit_of_others(&mut self, before: usize, request: &Request, answer: &Answer<'_>) {
        let status = answer.response.status;
        if self.contract.creation.succeeds_with(status) {
            return;
        }
        let Some(envelope) = self.envelope(answer) else { return };
        let is_about_status = |mismatch: &Mismatch| mismatch.pointer.is_empty();
        if envelope.is_inconclusive && self.judgement.mismatches[before..].iter().any(is_about_status) {
            self.judgement.mismatches.truncate(before);
            self.judgement.inconclusive = Some(format!("{} answered {}", envelope.title, status));
            if !envelope.is_by_amount && is_valid_creation(self.contract, request) {
                self.hold_back(answer.response, Some(envelope));
            }
        }
    }

    /// Keeps what is to be said of a valid request that was refused with a status that may have a reason outside of it; `other` is who refused it in place of
    /// the service.
    fn hold_back(&mut self, response: &Response, other: Option<&Envelope>) {
        if self.step > 0 {
            return;
        }
        let created = self.contract.creation.created;
        let answered = creation::answered(response);
        self.judgement.held_back = Some(Mismatch {
            clause: ClauseId::status(created),
            cause: other.map(|other| other.title.clone()).unwrap_or_default(),
            pointer: Untrusted::default(),
            expected: format!("{} for a valid request", self.contract.creation.success_text()).into(),
            got: brief(other.map_or(answered.clone(), |other| format!("{} answered {answered}", other.title))).into(),
            step: 0,
            origin: None,
        });
    }

    fn assess(&mut self, clause: ClauseId) {
        self.judgement.assessed.insert(clause);
    }

    fn mismatch(
        &mut self,
        clause: ClauseId,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) {
        let pointer = brief(pointer.into());
        let mismatch = Mismatch {
            clause,
            cause: pointer.clone(),
            pointer: pointer.into(),
            expected: brief(expected.into()).into(),
            got: brief(got.into()).into(),
            step: self.step,
            origin: None,
        };
        self.judgement.assessed.insert(mismatch.clause.clone());
        self.judgement.mismatches.push(mismatch);
    }

    fn choice(&mut self, title: &str, because: &str, taken: impl Into<String>) {
        self.judgement.choices.push(ObservedBehaviour {
            title: title.to_owned(),
            because: because.to_owned(),
            taken: brief(taken.into()).into(),
        });
    }
}

/// Whether this is the call under test with a request that every reading allows.
fn is_valid_creation(contract: &Contract, request: &Request) -> bool {
    request.may_create(contract) && classify(contract, request, &Body::read(request)).kind == Kind::Valid
}

/// Where a redirect leads, as it follows the status. What many requests share is said once: without a query, and without the path that was asked for.
fn leads_to(request: &Request, response: &Response) -> String {
    let location = response.header("location").filter(|_| (300..400).contains(&response.status));
    let Some(location) = location else { return String::new() };
    let without_query = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let place = without_query(location);
    let place = place.strip_suffix(&without_query(&request.path)).filter(|base| !base.is_empty()).unwrap_or(&place);
    format!(", a redirect to {:.300}", Untrusted::from(place))
}
