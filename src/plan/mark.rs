//! Marks the requests of a plan, so that what they create can be proven to be this run's.
//!
//! A mark goes where it changes least: into a field that the body leaves out and the probe is not about. A body in which every such field is given, or missing
//! on purpose, stays as it is. So does an empty one, and the first of each field alone: what a target does with them must be seen, too.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::contract::{Contract, Mark};
use crate::judge::{Body, Kind, classify};
use crate::probe::{Probe, Step};

/// Marks what can be marked of each request that may create.
pub fn mark(contract: &Contract, probes: &mut [Probe]) {
    let mut seen_alone = HashSet::new();
    for (index, probe) in probes.iter_mut().enumerate() {
        let alone = only_field(probe).filter(|_| is_valid(contract, probe));
        if !alone.is_some_and(|name| seen_alone.insert(name)) {
            mark_one(contract, probe, index + 1);
        }
    }
}

fn is_valid(contract: &Contract, probe: &Probe) -> bool {
    probe
        .script
        .steps
        .first()
        .is_some_and(|step| classify(contract, &step.request, &Body::read(&step.request)).kind == Kind::Valid)
}

/// The field that a probe's first body has alone.
fn only_field(probe: &Probe) -> Option<String> {
    let body = probe.script.steps.first()?.request.body.as_deref()?;
    let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut names = fields.into_iter().map(|(name, _)| name);
    names.next().filter(|_| names.next().is_none())
}

/// Marks one probe with this number.
pub(crate) fn mark_one(contract: &Contract, probe: &mut Probe, number: usize) {
    let free: Vec<_> = contract.marks().filter(|(name, _)| !is_about(probe, name)).collect();
    for step in probe.script.steps.iter_mut().filter(|step| step.request.may_create(contract)) {
        if let Some(body) = free.iter().find_map(|(name, mark)| marked(contract, step, name, mark, number)) {
            step.request.body = Some(body);
        }
    }
}

/// How many requests of these probes may create something and carry no mark.
pub fn unmarked(contract: &Contract, probes: &[Probe]) -> usize {
    let steps = probes.iter().flat_map(|probe| &probe.script.steps);
    let creating = steps.filter(|step| step.request.may_create(contract));
    creating.filter(|step| step.request.mark(contract, "{run}").is_none()).count()
}

/// Whether a probe is about this field: a clause of it, what its answer must hold there, or a value that it breaks on purpose.
fn is_about(probe: &Probe, field: &str) -> bool {
    let prefixes = [format!("request.{field}."), format!("response.{field}.")];
    let pointer = format!("/{field}");
    let is_expected = probe.expectations.iter().any(|expectation| {
        let exact = expectation.body.iter().map(|(name, _)| name);
        exact.chain(expectation.any_of.iter().map(|(name, _)| name)).any(|name| name == field)
    });
    let breaks = probe.violation.as_ref().is_some_and(|violation| violation.pointer.starts_with(&pointer));
    is_expected || breaks || probe.clauses.iter().any(|clause| prefixes.iter().any(|prefix| clause.starts_with(prefix)))
}

/// The body with the mark in this field; `None` where the body is no object, or the field has no room for it.
fn marked(contract: &Contract, step: &Step, field: &str, mark: &Mark, number: usize) -> Option<Vec<u8>> {
    let body = step.request.body.as_deref()?;
    let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = mark.text(number);
    if fields.contains_key(field) {
        // What is written in a special way stays so.
        let is_plain = serde_json::to_vec(&fields).is_ok_and(|again| again == body);
        let schema = contract.creation.request.properties.get(field).filter(|_| is_plain && mark.is_item)?;
        let found = schema.examine(&fields[field]);
        let was_right = found.broken.is_empty() && found.open.is_empty();
        fields.get_mut(field)?.as_array_mut()?.push(Value::from(text));
        let found = schema.examine(&fields[field]);
        let is_right = found.broken.is_empty() && found.open.is_empty();
        return if was_right && is_right { serde_json::to_vec(&fields).ok() } else { None };
    }
    if fields.is_empty() {
        return None;
    }
    // The rest of the body stays as it is, byte for byte: it may be about its bytes.
    let whole = std::str::from_utf8(body).ok()?;
    let start = whole.find('{')? + 1;
    let entry = format!("{}:{},", Value::from(field), mark.value(&text));
    Some([&body[..start], entry.as_bytes(), &body[start..]].concat())
}
