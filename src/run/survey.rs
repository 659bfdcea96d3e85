//! Finds out which of the calls around the one under test a target has, on things that it has just created there.
//!
//! A call is *lacking* where the target answers to it, for an id that it gave a moment ago, what it answers to a call that nobody has: 405 or 501, or a 404 like
//! that to a path that the contract does not know. A 404 of any other form, or for something that the list shows, is a fault of a call that is there, and left
//! to the probes. Nothing is believed on one look, unless a budget allows no more: only what a second creation shows, too. What a lacking call takes away is decided elsewhere, by those who
//! need it.

mod likeness;

use super::PreflightError;
use super::preflight::Look;
use crate::client::{Availability, Calls, Cleanup, Item, Purpose, SHOWING, Target, Unlisted, created_id, request_to};
use crate::contract::{Contract, Effect, Operation};
use crate::exchange::{Exchange, NotOwn, Request, SendError};
use crate::plan;
use crate::probe::{PollUntil, Script, Step};

use likeness::is_alike;

/// What a look at a target has shown.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The calls that cannot be used.
    pub calls: Calls,
    /// What became of what was created for it.
    pub cleanup: Cleanup,
    /// What no other probe may see again: a creation that failed, or one and a read that did not find what it created although that call is there.
    pub(super) fault: Vec<Exchange>,
}

impl Survey {
    /// What went wrong with a creation inside the service, in words.
    pub(crate) fn failure(&self) -> Option<String> {
        let [creation] = self.fault.as_slice() else { return None };
        status_of(creation).map(|status| format!("a creation was answered {status}"))
    }
}

/// What was seen of the calls with one thing that was created.
struct Sight {
    calls: Calls,
    read: Option<Exchange>,
    exchanges: Vec<Exchange>,
}

impl Sight {
    /// The creation and the read, where that read found nothing although the call is there: nothing else in the run may show it again. That something with a
    /// wrong id is not found only follows from that.
    fn lost(&self, contract: &Contract, calls: &Calls) -> Option<Vec<Exchange>> {
        let pointer = &contract.creation.lifecycle.id;
        let answer = self.exchanges.first()?.response()?.json()?;
        let schema = contract.creation.response.properties.get(pointer.trim_start_matches('/'));
        if !schema.is_none_or(|schema| answer.pointer(pointer).is_some_and(|id| schema.allows(id))) {
            return None;
        }
        let is_there = calls.of(contract.creation.lifecycle.read).is_there();
        let is_found = self.read.as_ref()?.response()?.is_success();
        Some(vec![self.exchanges.first()?.clone(), self.read.clone()?]).filter(|_| is_there && !is_found)
    }
}

/// A survey under way.
struct Surveyor<'a> {
    contract: &'a Contract,
    target: &'a Target,
    /// The answer to a path that the contract does not know.
    nowhere: Exchange,
    /// The answer to a read of an id that was never given out.
    unknown: &'a Exchange,
    /// Why the list did not tell what was there before.
    unlisted: Option<Unlisted>,
}

/// Looks at the target by creating one thing, or two where the first one shows that a call cannot be used, and removes them.
///
/// # Errors
///
/// Where the target does not take the token, does not know the call under test, or lacks what the operator asked for; where nothing can be removed, and nothing
/// may stay.
pub(crate) async fn survey(contract: &Contract, target: &Target, look: &Look) -> Result<Survey, PreflightError> {
    let unlisted = target.take_stock().await.err();
    if !target.allows_two_creations() {
        return Ok(Survey::default());
    }
    let Ok(admission) = target.admit(&cost(contract)).await else { return Ok(Survey::default()) };
    let nowhere = target.send(get(target, format!("/{}", uuid::Uuid::new_v4()))).await;
    let surveyor = Surveyor { contract, target, nowhere, unknown: &look.unknown, unlisted };
    let creation = surveyor.create().await?;
    let Some(id) = created_id(contract, &creation) else {
        target.learn(surveyor.without_creation());
        let fault = failed(&creation);
        let survey = surveyor.concluded(look, &[vec![creation]]).await?;
        return Ok(Survey { fault, ..survey });
    };
    let first = surveyor.look(&id, creation).await;
    // The first creation is paid for; where a budget does not allow a second one, the first look must do.
    drop(admission);
    let again = if surveyor.is_settled(look, &first.calls) { None } else { target.admit(&cost(contract)).await.ok() };
    let Some(_again) = again else {
        let lost = first.lost(contract, &first.calls);
        target.learn(first.calls);
        let survey = surveyor.concluded(look, &[first.exchanges]).await?;
        return Ok(Survey { fault: lost.unwrap_or_default(), ..survey });
    };
    let creation = target.send(surveyor.creation()).await;
    let failed = failed(&creation);
    let second = match created_id(contract, &creation) {
        Some(id) => surveyor.look(&id, creation).await,
        None => Sight { calls: first.calls.clone(), read: None, exchanges: vec![creation] },
    };
    let calls = first.calls.clone().and(&second.calls);
    target.learn(calls.clone());
    let lost = [&first, &second].into_iter().find_map(|sight| sight.lost(contract, &calls));
    let fault = lost.unwrap_or(failed);
    let survey = surveyor.concluded(look, &[first.exchanges, second.exchanges]).await?;
    Ok(Survey { fault, ..survey })
}

/// What one look may cost: a creation, and what is asked about it.
fn cost(contract: &Contract) -> Script {
    let creation = Step::new(plan::plain_request(contract));
    let asked = contract.operations.iter().map(|operation| Step::new(request_to(operation, "id", None)));
    let asked = asked.filter(|step| !step.request.may_create(contract));
    Script { steps: [creation].into_iter().chain(asked).collect() }
}

fn get(target: &Target, path: String) -> Request {
    let credential = target.usual_credential();
    Request { method: "GET".to_owned(), path, headers: Vec::new(), body: None, credential }
}

impl Surveyor<'_> {
    fn creation(&self) -> Request {
        let run = ("run".to_owned(), self.target.run_id().to_owned());
        Request { credential: self.target.usual_credential(), ..plan::plain_request(self.contract).filled(&[run]) }
    }

    /// Creates one thing. That the call under test is not there is said only where nothing else speaks for the path.
    async fn create(&self) -> Result<Exchange, PreflightError> {
        let request = self.creation();
        let mut exchange = self.target.send(request.clone()).await;
        for _ in 0..2 {
            let Some(status @ (404 | 405 | 410 | 501)) = status_of(&exchange) else { return Ok(exchange) };
            if self.unlisted.is_none_or(|why| !matches!(why, Unlisted::Status(_))) {
                return Ok(exchange);
            }
            let again = self.target.send(request.clone()).await;
            if status_of(&again) == Some(status) {
                let (endpoint, call) = (self.target.endpoint().to_string(), call(self.contract.subject()));
                return Err(PreflightError::NoSuchCall { endpoint, call, status });
            }
            exchange = again;
        }
        Ok(exchange)
    }

    /// Where nothing could be created, or it has no id, only what the target answers about nothing at all tells which calls are not there.
    fn without_creation(&self) -> Calls {
        let mut calls = Calls::default();
        let read = self.contract.creation.lifecycle.read;
        if let Some(status @ (405 | 501)) = status_of(self.unknown) {
            calls.set(read, Availability::Lacking(status));
        }
        if let (Some(list), Some(Unlisted::Status(status @ (404 | 405 | 410 | 501)))) = (self.list(), self.unlisted) {
            calls.set(list, Availability::Lacking(status));
        }
        calls
    }

    /// Uses every call on what was just created; the one that removes it last.
    async fn look(&self, id: &str, creation: Exchange) -> Sight {
        let lifecycle = &self.contract.creation.lifecycle;
        let mut sight = Sight { calls: Calls::default(), read: None, exchanges: vec![creation] };
        let (read, is_listed) = self.read(id, &mut sight.read).await;
        sight.calls.set(lifecycle.read, read);
        if let Some(list) = self.list() {
            sight.calls.set(list, self.look_at_list(list, read, is_listed).await);
        }
        for (index, operation) in self.contract.operations.iter().enumerate() {
            let is_below = operation.effect == Effect::None && operation.path.parameter_count() == 1;
            if is_below && operation.method == "GET" {
                let exchange = self.target.send(request_to(operation, id, None)).await;
                // That there is nothing of the kind yet may well be so, unless what it belongs to cannot be read either.
                let found = self.assess(&exchange);
                let is_documented = status_of(&exchange).is_some_and(|status| operation.answers.contains_key(&status));
                let is_nothing_yet = matches!(found, Availability::Lacking(404 | 410)) || is_documented;
                let is_told = !is_nothing_yet || !read.is_there();
                sight.calls.set(index, if is_told { found } else { Availability::There });
            }
        }
        if let Some((release, body)) = &lifecycle.release {
            let exchange = self.target.send(request_to(&self.contract.operations[*release], id, Some(body))).await;
            sight.calls.set(*release, self.assess(&exchange));
        }
        let exchange = self.target.send(request_to(&self.contract.operations[lifecycle.remove], id, None)).await;
        sight.calls.set(lifecycle.remove, self.assess(&exchange));
        sight.exchanges.push(exchange);
        sight
    }

    /// What a read of a new id shows, and whether the list shows it, where that was looked at. A service may show a little later what it has created.
    async fn read(&self, id: &str, answer: &mut Option<Exchange>) -> (Availability, Option<bool>) {
        let operation = &self.contract.operations[self.contract.creation.lifecycle.read];
        let pauses = PollUntil { statuses: Vec::new(), within: SHOWING };
        let mut last = (Availability::There, None);
        for pause in std::iter::once(std::time::Duration::ZERO).chain(pauses.pauses()) {
            if !pause.is_zero() && !self.target.pause(pause).await {
                return (Availability::There, None);
            }
            let exchange = self.target.send(request_to(operation, id, None)).await;
            let is_missed = matches!(status_of(&exchange), Some(404 | 410));
            last.0 = self.assess(&exchange);
            *answer = Some(exchange);
            let is_found = last.0.is_there() && !is_missed;
            let is_nothing_there = !last.0.is_there() && self.unlisted.is_some();
            if is_found || is_nothing_there {
                return last;
            }
            if self.unlisted.is_some() {
                continue;
            }
            let is_listed = self.is_listed(id).await;
            last.1 = Some(is_listed);
            if is_listed && is_missed {
                // What is there and is not found is no matter of a call that is not there.
                last.0 = Availability::There;
            } else if is_listed {
                return last;
            }
        }
        last
    }

    async fn is_listed(&self, id: &str) -> bool {
        let mut is_listed = false;
        let look = |each: &str, _: Item<'_>| {
            is_listed |= each == id;
            Ok(())
        };
        self.target.each_item(Purpose::Probe, look).await.is_ok() && is_listed
    }

    /// What the list is like, now that there is something to be listed.
    async fn look_at_list(&self, list: usize, read: Availability, is_listed: Option<bool>) -> Availability {
        match (self.unlisted, is_listed) {
            (Some(Unlisted::Status(before)), _) => {
                let operation = &self.contract.operations[list];
                let path = operation.path.as_str().to_owned();
                let now =
                    self.target.send(Request { method: operation.method.clone(), ..get(self.target, path) }).await;
                match status_of(&now) {
                    Some(404 | 405 | 410 | 501) if matches!(before, 404 | 405 | 410 | 501) => {
                        Availability::Lacking(before)
                    }
                    Some(now) if !(200..300).contains(&now) => Availability::Refused(now),
                    _ => Availability::There,
                }
            }
            (None, Some(false)) if !read.is_there() => Availability::Silent,
            _ => Availability::There,
        }
    }

    /// What an answer about something that is there says of its call.
    fn assess(&self, exchange: &Exchange) -> Availability {
        match &exchange.outcome {
            Err(SendError::NotOwn(NotOwn::Unproven)) => Availability::Unproven,
            Err(_) => Availability::There,
            Ok(response) => match response.status {
                status @ (405 | 501) => Availability::Lacking(status),
                status @ (404 | 410) if is_alike(exchange, &self.nowhere) => Availability::Lacking(status),
                status if self.contract.creation.inconclusive.any.contains(&status) => Availability::There,
                status @ (300..=399 | 401 | 403 | 500..=599) => Availability::Refused(status),
                _ => Availability::There,
            },
        }
    }

    /// Whether one look is enough: everything is there, nothing more may be created, or what is not there was asked for twice already.
    fn is_settled(&self, look: &Look, calls: &Calls) -> bool {
        let is_new = |(operation, _): &(usize, Availability)| Some(*operation) != self.list();
        let is_confirmed = !calls.missing().any(|each| is_new(&each));
        let may_go_on = look.terms.may_leave || calls.of(self.contract.creation.lifecycle.remove).is_there();
        is_confirmed || !may_go_on
    }

    /// Removes what was created, and says what cannot be gone on with.
    async fn concluded(&self, look: &Look, created: &[Vec<Exchange>]) -> Result<Survey, PreflightError> {
        let mut cleanup = Cleanup::default();
        for exchanges in created {
            cleanup.add(self.target.clean(exchanges).await);
        }
        // Where the list took the credential, it is good, and the answer says nothing.
        if let [creation] = created.iter().flatten().collect::<Vec<_>>()[..]
            && status_of(creation) == Some(401)
            && matches!(self.unlisted, Some(Unlisted::Status(_)))
        {
            return Err(super::preflight::not_authenticated(self.target, creation));
        }
        let created: Vec<_> = created.iter().flatten().filter_map(|each| created_id(self.contract, each)).collect();
        let survey = Survey { calls: self.target.known_calls(), cleanup, fault: Vec::new() };
        look.terms.hold(self.contract, self.target, &survey, &created)?;
        Ok(survey)
    }

    fn list(&self) -> Option<usize> {
        self.contract.list_operation()
    }
}

/// A creation that ended in an error inside the service, and nothing otherwise. A refusal may have reasons that every other probe shows.
fn failed(creation: &Exchange) -> Vec<Exchange> {
    if status_of(creation).is_some_and(|status| status >= 500) { vec![creation.clone()] } else { Vec::new() }
}

fn status_of(exchange: &Exchange) -> Option<u16> {
    exchange.response().map(|response| response.status)
}

/// A call as a person writes it.
pub(crate) fn call(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path.as_str())
}
