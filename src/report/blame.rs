//! Whom to blame when a valid request is refused: a body of many fields cannot tell, but a smaller one of the same run may.
//!
//! A value that is refused alone explains why larger bodies with it are refused. Where even the empty request is refused, a field must be needed: the one
//! without which a body of all the others is refused.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::finding::mismatches;
use crate::contract::Contract;
use crate::exchange::{Exchange, Response};
use crate::judge::Mismatch;
use crate::probe::Phase;
use crate::run::Outcome;

/// A clause, and what tells its findings apart.
pub(super) type Blame<'a> = (&'a str, &'a str);

/// Why valid requests were refused, as far as smaller requests of the same run tell it.
pub(super) struct Refused<'a> {
    contract: &'a Contract,
    /// Clause and cause of a valid request that was refused for no known reason.
    general: Blame<'a>,
    /// Fields without which even the empty request is refused.
    needed: Vec<(String, &'a str)>,
    /// Values that were refused alone.
    singles: HashMap<(String, String), Blame<'a>>,
    /// Fields of which a value was refused beside a mark, and taken without it: it takes two to be refused.
    cleared: HashSet<String>,
}

impl<'a> Refused<'a> {
    pub(super) fn of(contract: &'a Contract, outcomes: &'a [Outcome], shrunk: &[Outcome]) -> Self {
        let status = format!("status.{}", contract.creation.created);
        let general = contract.clauses.get(&status).map_or("", |clause| clause.id.as_str());
        let mut refused = Self {
            contract,
            general: (general, ""),
            needed: Vec::new(),
            singles: HashMap::new(),
            cleared: cleared(shrunk),
        };
        let mut is_empty_refused = false;
        let all = contract.creation.request.properties.iter();
        let known: Vec<_> = all.filter(|(_, schema)| schema.can_be_given()).map(|(name, _)| name).collect();
        for (outcome, mismatch) in mismatches(outcomes).filter(|(outcome, mismatch)| is_refusal(outcome, mismatch)) {
            match sent_fields(contract, outcome).as_deref() {
                Some([]) => is_empty_refused = true,
                Some([(name, _)]) if refused.cleared.contains(name) => {}
                Some([(name, value)]) if mismatch.clause.starts_with("request.") => {
                    let blame = (mismatch.clause.as_str(), mismatch.cause.as_str());
                    // A boundary is about one rule, a case may be about several.
                    if outcome.probe.phase == Phase::Boundary {
                        refused.singles.insert((name.clone(), value.clone()), blame);
                    } else {
                        refused.singles.entry((name.clone(), value.clone())).or_insert(blame);
                    }
                }
                Some(fields) if fields.len() + 1 == known.len() => {
                    let left_out = known.iter().copied().find(|name| !fields.iter().any(|(given, _)| given == *name));
                    let clause = left_out.and_then(|name| contract.clauses.get(&format!("request.{name}.optional")));
                    refused.needed.extend(left_out.cloned().zip(clause.map(|clause| clause.id.as_str())));
                }
                _ => {}
            }
        }
        if is_empty_refused {
            refused.singles.clear(); // the values are not to blame where nothing at all is refused too
        } else {
            refused.needed.clear();
        }
        refused
    }

    /// What a refusal is to be blamed on; `None` leaves it where the judge put it.
    pub(super) fn explain(&self, outcome: &Outcome, mismatch: &Mismatch) -> Option<Blame<'a>> {
        if !is_refusal(outcome, mismatch) {
            return None;
        }
        let fields = sent_fields(self.contract, outcome)?;
        let lacks = |(name, _): &&(String, &'a str)| !fields.iter().any(|(given, _)| given == name);
        if let Some((_, clause)) = self.needed.iter().find(lacks) {
            return Some((clause, ""));
        }
        let single = fields.iter().find_map(|field| self.singles.get(field).copied());
        Some(single.unwrap_or(self.general))
    }
}

/// The fields that were sent alone, without a mark, and accepted.
fn cleared(shrunk: &[Outcome]) -> HashSet<String> {
    let accepted = |outcome: &&Outcome| {
        let answer = outcome.exchanges.first().and_then(Exchange::response);
        outcome.judgement.mismatches.is_empty() && answer.is_some_and(Response::is_success)
    };
    let only_field = |outcome: &Outcome| {
        let body = outcome.exchanges.first()?.request.body.as_deref()?;
        let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
        let mut names = fields.keys();
        names.next().filter(|_| fields.len() == 1).cloned()
    };
    shrunk.iter().filter(accepted).filter_map(only_field).collect()
}

/// Whether a valid request was refused.
fn is_refusal(outcome: &Outcome, mismatch: &Mismatch) -> bool {
    let is_about_acceptance = mismatch.clause.starts_with("request.") || mismatch.clause.starts_with("status.2");
    let answer = outcome.exchanges.first().and_then(Exchange::response);
    outcome.probe.violation.is_none()
        && mismatch.step == 0
        && is_about_acceptance
        // An error inside the service is no refusal of a value.
        && answer.is_some_and(|answer| (400..500).contains(&answer.status))
}

/// The fields that were sent, without marks: they are in every body, and nobody's fault.
fn sent_fields(contract: &Contract, outcome: &Outcome) -> Option<Vec<(String, String)>> {
    match serde_json::from_slice(outcome.exchanges.first()?.request.body.as_deref()?).ok()? {
        Value::Object(fields) => {
            let fields = contract.without_marks(fields).into_iter();
            Some(fields.map(|(name, value)| (name, value.to_string())).collect())
        }
        _ => None,
    }
}
