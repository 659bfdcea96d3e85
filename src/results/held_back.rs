//! Refusals that lack of a right, a quota or a lost token would excuse, and what the whole run shows of them: whether it was none of these.
//!
//! A valid request is refused over what it gives where it is refused each time, while others of the same caller are taken before and after. A credential that
//! is turned away again and again, and taken in between, is a fault that comes now and then. What still excuses valid requests excuses broken ones, too.
//!
//! Who stands before a service may refuse now and then for reasons of its own. Where it refuses a value each time, it is part of what the caller meets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Outcome;
use crate::contract::{ClauseId, Contract, NOW_AND_THEN};
use crate::exchange::{Exchange, Response};
use crate::judge::Mismatch;
use crate::run::Record;

/// So often a good credential is turned away, and taken in between, before it is no accident.
const OFTEN: usize = 3;

/// So often an equal request is taken, while it is refused twice, before the refusals are a fault that comes now and then.
const TAKEN: usize = 5;

/// How often a good credential was turned away while others were taken.
#[derive(Clone, Debug, Default)]
pub(super) struct TurnedAway {
    taken: usize,
    refused: usize,
    /// How often it began again after something was taken.
    times: usize,
    was_taken: bool,
    /// When the last refusal came.
    last: Option<OffsetDateTime>,
}

impl TurnedAway {
    /// Adds what the next record shows.
    pub(super) fn add(&mut self, contract: &Contract, record: &Record) {
        if record.judgement.held_back.is_some() && is_turned_away(contract, &record.exchanges) {
            self.refused += 1;
            self.times += usize::from(self.was_taken);
            self.was_taken = false;
            self.last = self.last.max(first_answer(record));
        } else if record.judgement.assessed.contains(&ClauseId::status(contract.creation.created)) {
            self.taken += 1;
            // A probe of several steps may end long after its creation was taken.
            self.was_taken |= first_answer(record) > self.last;
        }
    }

    /// Whether it comes again and again, and something is taken afterwards.
    fn is_often(&self) -> bool {
        self.times >= OFTEN && self.was_taken
    }
}

/// When the first answer of a probe came.
fn first_answer(record: &Record) -> Option<OffsetDateTime> {
    record.exchanges.first()?.response().map(|response| response.at)
}

/// Whether the first answer says that the credential is not good.
fn is_turned_away(contract: &Contract, exchanges: &[Exchange]) -> bool {
    let status = exchanges.first().and_then(Exchange::response).map(|response| response.status);
    status.is_some_and(|status| contract.creation.inconclusive.authorized.contains(&status))
}

/// Makes accusations of what was held back, as far as the run shows that nothing excuses it.
pub(super) fn decide(contract: &Contract, turned_away: &TurnedAway, outcomes: &mut [Outcome], shrunk: &mut [Outcome]) {
    if !outcomes.iter().any(|outcome| outcome.judgement.held_back.is_some()) {
        return;
    }
    let Tried { over, often } = Tried::of(contract, shrunk);
    for outcome in outcomes.iter_mut().chain(shrunk.iter_mut()) {
        let Some(held_back) = outcome.judgement.held_back.clone() else { continue };
        let sent = Sent::of(contract, outcome).unwrap_or_default();
        let is_turned_away = is_turned_away(contract, &outcome.exchanges);
        let mismatch = if over.iter().any(|part| sent.has(part)) {
            held_back
        } else if is_turned_away && turned_away.is_often() {
            now_and_then(held_back, turned_away.refused, turned_away.refused + turned_away.taken)
        } else if let Some((refused, asked)) = often.filter(|_| !is_turned_away && held_back.cause.is_empty()) {
            now_and_then(held_back, refused, asked)
        } else {
            continue;
        };
        outcome.judgement.inconclusive = None;
        outcome.judgement.held_back = None;
        outcome.judgement.mismatches.push(mismatch);
    }
    excuse_broken(contract, outcomes, shrunk);
}

/// A right or a quota may be asked for before a body is read: where the lack of it still excuses the refusal of valid requests, it excuses that of broken ones
/// with the same status.
fn excuse_broken(contract: &Contract, outcomes: &mut [Outcome], shrunk: &mut [Outcome]) {
    let status = |outcome: &Outcome, step: usize| {
        outcome.exchanges.get(step).and_then(Exchange::response).map(|response| response.status)
    };
    let is_lack = |status: &u16| contract.creation.inconclusive.valid.contains(status);
    let still_held_back = outcomes.iter().filter(|outcome| outcome.judgement.held_back.is_some());
    let excused: BTreeSet<u16> = still_held_back.filter_map(|outcome| status(outcome, 0)).filter(is_lack).collect();
    let of_refusals = ClauseId::status(contract.creation.refused);
    for outcome in outcomes.iter_mut().chain(shrunk) {
        let mismatches = std::mem::take(&mut outcome.judgement.mismatches);
        let is_excused = |mismatch: &Mismatch| {
            mismatch.clause == of_refusals && status(outcome, mismatch.step).is_some_and(|each| excused.contains(&each))
        };
        let (dropped, kept): (Vec<_>, Vec<_>) = mismatches.into_iter().partition(is_excused);
        outcome.judgement.mismatches = kept;
        if let Some(mismatch) = dropped.first() {
            let got = mismatch.got.raw();
            outcome.judgement.inconclusive = Some(format!("a broken request was answered {got}, as valid ones were"));
        }
    }
}

fn now_and_then(held_back: Mismatch, refused: usize, asked: usize) -> Mismatch {
    let got = format!("intermittent, {refused} of {asked}: {}", held_back.got.raw());
    Mismatch { cause: NOW_AND_THEN.to_owned(), got: got.into(), ..held_back }
}

/// What was sent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sent {
    /// The fields, without marks.
    fields: Map<String, Value>,
    /// So many bytes more than the fields need: white space, and escapes.
    surplus: usize,
}

impl Sent {
    fn of(contract: &Contract, outcome: &Outcome) -> Option<Self> {
        let body = outcome.exchanges.first()?.request.body.as_deref()?;
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        Some(Self { fields: contract.without_marks(fields), surplus: surplus(outcome)? })
    }

    /// Whether this has all that the other has. What is refused for its layout alone is refused for that, whatever else it gives.
    fn has(&self, part: &Self) -> bool {
        let has_fields = || part.fields.iter().all(|(name, value)| self.fields.get(name) == Some(value));
        if part.surplus > 0 { self.surplus >= part.surplus } else { has_fields() }
    }

    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.surplus == 0
    }
}

/// So many bytes more were sent first than the value needs: white space, and escapes. `None` where no JSON was sent.
pub(super) fn surplus(outcome: &Outcome) -> Option<usize> {
    let body = outcome.exchanges.first()?.request.body.as_deref()?;
    let value: Value = serde_json::from_slice(body).ok()?;
    Some(body.len().saturating_sub(value.to_string().len()))
}

/// What the smaller examples show.
struct Tried {
    /// What is refused each time.
    over: Vec<Sent>,
    /// How often an equal body was refused, and how often it was sent, where it was taken in between.
    often: Option<(usize, usize)>,
}

impl Tried {
    fn of(contract: &Contract, shrunk: &[Outcome]) -> Self {
        let is_taken = |outcome: &Outcome| {
            let answer = outcome.exchanges.first().and_then(Exchange::response);
            outcome.judgement.held_back.is_none() && answer.is_some_and(Response::is_success)
        };
        let tried: Vec<_> = shrunk.iter().filter_map(|outcome| Some((Sent::of(contract, outcome)?, outcome))).collect();
        let taken: Vec<_> = tried.iter().map(|(_, outcome)| is_taken(outcome)).collect();
        let (mut over, mut often, mut seen) = (Vec::new(), None, Vec::new());
        for (sent, _) in tried.iter().filter(|(_, outcome)| outcome.judgement.held_back.is_some()) {
            if seen.contains(&sent) {
                continue;
            }
            seen.push(sent);
            let equal = || tried.iter().enumerate().filter(|(_, (each, _))| each == sent).map(|(place, _)| place);
            let refused: Vec<_> = equal().filter(|place| tried[*place].1.judgement.held_back.is_some()).collect();
            let (Some(first), Some(last)) = (refused.first(), refused.last()) else { continue };
            let accepted = equal().filter(|place| taken[*place]).count();
            let is_between_others = taken[..*first].contains(&true) && taken[last + 1..].contains(&true);
            // Nothing that an empty body gives can be what is refused.
            if refused.len() > 1 && is_between_others && accepted == 0 && !sent.is_empty() {
                over.push(sent.clone());
            } else if refused.len() > 1 && accepted >= TAKEN {
                often = Some((refused.len(), refused.len() + accepted));
            }
        }
        Self { over, often }
    }
}
