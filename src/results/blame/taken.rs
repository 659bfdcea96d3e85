//! What of valid bodies was accepted, of which nothing else is kept.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{Fields, limit_near, marked};
use crate::contract::{ClauseId, Contract};
use crate::exchange::{Exchange, Request, Response};
use crate::judge::{Body, Judgement, Kind, classify};
use crate::probe::Probe;
use crate::run::Record;

/// What of valid bodies was accepted: all that blame has to know of probes that hold.
#[derive(Debug, Default)]
pub(in crate::results) struct Taken {
    /// Fields that were accepted alone.
    pub(super) alone: HashSet<String>,
    /// Fields that carried a mark.
    pub(super) marked: HashSet<String>,
    /// The limits of a size, each by field and keyword, at which a value was accepted.
    pub(super) limits: HashSet<(String, &'static str)>,
    /// Whether a body of no more than what is required was accepted, but for a mark.
    pub(super) has_bare: bool,
    /// Whether one without a mark was.
    pub(super) has_unmarked_bare: bool,
    /// The values of required fields, as fingerprints.
    pub(super) values: HashSet<u64>,
}

impl Taken {
    /// Adds what a record shows.
    pub(in crate::results) fn add(&mut self, contract: &Contract, record: &Record) {
        let general = ClauseId::status(contract.creation.created);
        let Judgement { assessed, mismatches, .. } = &record.judgement;
        // A request that is left open says nothing where it was accepted.
        let is_valid = !mismatches.is_empty() || assessed.contains(&general);
        if !is_valid || !is_taken(&record.exchanges) {
            return;
        }
        self.alone.extend(only_field(contract, &record.probe));
        let required = &contract.creation.request.required;
        let Some(fields) = planned(&record.probe) else { return };
        let at_limits = fields.iter().filter_map(|(name, value)| {
            let (limit, distance) = limit_near(contract, name, value)?;
            // A number at a limit is the limit, however it is written.
            (distance == 0.0 && !value.is_number()).then(|| (name.clone(), limit))
        });
        self.limits.extend(at_limits);
        if required.is_empty() {
            return;
        }
        self.has_unmarked_bare |= fields.keys().all(|name| required.contains(name));
        self.has_bare |= contract.without_marks(fields.clone()).keys().all(|name| required.contains(name));
        self.marked.extend(marked(contract, &fields).map(str::to_owned));
        let needed = fields.iter().filter(|(name, _)| required.contains(name));
        self.values.extend(needed.map(|(name, value)| fingerprint(name, value)));
    }
}

pub(super) fn fingerprint(field: &str, value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    (field, value.to_string()).hash(&mut hasher);
    hasher.finish()
}

/// Whether what was sent first was accepted.
pub(super) fn is_taken(exchanges: &[Exchange]) -> bool {
    exchanges.first().and_then(Exchange::response).is_some_and(Response::is_success)
}

/// The field that a request gives alone, if its value is valid: what nobody has to take says nothing of the others.
fn only_field(contract: &Contract, probe: &Probe) -> Option<String> {
    let request = &probe.script.steps.first()?.request;
    let fields = contract.without_marks(planned(probe)?);
    let alone = Request { body: serde_json::to_vec(&fields).ok(), ..request.clone() };
    let is_valid = classify(contract, &alone, &Body::read(&alone)).kind == Kind::Valid;
    let fields = contract.without_company(fields, &probe.clauses);
    let is_alone = fields.len() == 1;
    fields.into_iter().next().filter(|_| is_alone && is_valid).map(|(name, _)| name)
}

/// The fields that a probe is to send first.
pub(super) fn planned(probe: &Probe) -> Option<Fields> {
    serde_json::from_slice(probe.script.steps.first()?.request.body.as_deref()?).ok()
}
