//! Whom to blame when a valid request is refused: a body of many fields cannot tell, but a smaller one of the same run may.
//!
//! A value that is refused alone explains why larger bodies with it are refused, and with values that are closer to the same limit; a field of which no value
//! is taken alone explains all. *Alone* is beside what the contract requires; a value of that is to blame only where no body with it was taken. Where even the empty request is refused, a field must be needed: the one without which a body of all the others is refused.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::Outcome;
use super::finding::mismatches;
use crate::contract::{ClauseId, Contract, Rule, Schema, Subject};
use crate::exchange::{Exchange, Request, Response};
use crate::judge::{Body, Judgement, Kind, Mismatch, classify};
use crate::probe::{Phase, Probe};
use crate::run::Record;

/// A clause, and what tells its findings apart.
pub(super) type Blame<'a> = (&'a ClauseId, &'a str);

/// The fields of a body, without marks.
type Fields = Map<String, Value>;

/// Why valid requests were refused, as far as smaller requests of the same run tell it.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// The clause of a valid request that was refused for no known reason.
    general: ClauseId,
    /// Fields without which even the empty request is refused, each with its clause.
    needed: Vec<(String, ClauseId)>,
    /// Values that were refused alone.
    singles: Vec<Single>,
    /// Fields of which no value was taken alone, each with the clause that all are about.
    never_taken: Vec<(String, ClauseId)>,
}

/// A value that was refused alone.
#[derive(Clone, Debug)]
struct Single {
    field: String,
    value: Value,
    clause: ClauseId,
    /// Whether the mark was one of its items.
    held_mark: bool,
}

impl Refused {
    /// `taken` tells what was accepted; `shrunk` holds smaller bodies than those of the run.
    pub(super) fn of(contract: &Contract, taken: &Taken, outcomes: &[Outcome], shrunk: &[Outcome]) -> Self {
        let general = ClauseId::status(contract.creation.created);
        let mut refused = Self { general, needed: Vec::new(), singles: Vec::new(), never_taken: Vec::new() };
        let all = mismatches(outcomes).chain(mismatches(shrunk));
        let all = all.filter_map(|(outcome, mismatch)| Some((outcome, refused_fields(contract, outcome, mismatch)?)));
        let mut all: Vec<(&Outcome, Fields)> = all.collect();
        refused.singles = required_values(contract, &all, taken);
        all.retain(|(_, fields)| refused.culprit(contract, fields).is_none());
        let required = &contract.creation.request.required;
        let mut is_empty_refused = false;
        for (outcome, fields) in all {
            let fields = contract.without_company(fields, &outcome.probe.clauses);
            is_empty_refused |= fields.is_empty();
            refused.needed.extend(needed(contract, &fields).map(|(name, clause)| (name, clause.to_owned())));
            let single = single(contract, outcome, fields);
            // The values of required fields are known already: they are in every body.
            refused.singles.extend(single.filter(|single| !required.contains(&single.field)));
        }
        refused.clear(contract, shrunk);
        refused.unite(contract, taken);
        if is_empty_refused {
            // The values are not to blame where nothing at all is refused too.
            refused.singles.clear();
            refused.never_taken.clear();
        } else {
            refused.needed.clear();
        }
        refused
    }

    /// Takes back what was said of fields of which a value was refused beside a mark, and taken without it: it takes two to be refused.
    fn clear(&mut self, contract: &Contract, shrunk: &[Outcome]) {
        let alone = |outcome: &Outcome| {
            let fields = sent(outcome).filter(|fields| marked(contract, fields).is_none())?;
            Some(contract.without_company(fields, &outcome.probe.clauses))
        };
        let taken: Vec<Fields> =
            shrunk.iter().filter(|outcome| is_taken(&outcome.exchanges)).filter_map(alone).collect();
        let is_taken = |single: &Single| {
            // A mark among the items of a value makes it another value than the one without it.
            !single.held_mark
                && taken.iter().any(|fields| fields.len() == 1 && fields.get(&single.field) == Some(&single.value))
        };
        let cleared: Vec<_> =
            self.singles.iter().filter(|single| is_taken(single)).map(|single| single.field.clone()).collect();
        self.singles.retain(|single| !cleared.contains(&single.field));
    }

    /// Finds the fields of which several values were refused alone and none was taken.
    fn unite(&mut self, contract: &Contract, taken: &Taken) {
        let fields = contract.creation.request.properties.iter();
        let untaken = fields.filter(|(name, _)| !taken.alone.contains(*name));
        self.never_taken =
            untaken.filter_map(|(name, schema)| Some((name.clone(), self.common(contract, name, schema)?))).collect();
    }

    /// The clause that all refused values of a field are about, or else that of its type; `None` where there are no two values.
    fn common(&self, contract: &Contract, name: &str, schema: &Schema) -> Option<ClauseId> {
        let mut singles = self.singles.iter().filter(|single| single.field == name);
        let first = singles.next()?;
        let others: Vec<_> = singles.filter(|single| single.value != first.value).collect();
        if others.is_empty() || others.iter().all(|other| other.clause == first.clause) {
            return Some(first.clause.clone()).filter(|_| !others.is_empty());
        }
        clause_of(contract, schema, schema.rules.first()?).cloned()
    }

    /// What a refusal is to be blamed on; `None` leaves it where the judge put it.
    pub(super) fn explain(&self, contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) -> Option<Blame<'_>> {
        let fields = refused_fields(contract, outcome, mismatch)?;
        let lacking = self.needed.iter().find(|(name, _)| !fields.contains_key(name)).map(|(_, clause)| clause);
        Some((lacking.or_else(|| self.culprit(contract, &fields)).unwrap_or(&self.general), ""))
    }

    /// The clause of a value among these that was refused alone, or is closer to a limit than one that was.
    fn culprit(&self, contract: &Contract, fields: &Fields) -> Option<&ClauseId> {
        let never_taken = self.never_taken.iter().find(|(name, _)| fields.contains_key(name)).map(|(_, clause)| clause);
        let equal = |single: &&Single| fields.get(&single.field) == Some(&single.value);
        let closer = |single: &&Single| {
            fields.get(&single.field).is_some_and(|value| is_closer(contract, &single.field, value, &single.value))
        };
        let found = self.singles.iter().find(equal).or_else(|| self.singles.iter().find(closer));
        never_taken.or_else(|| found.map(|single| &single.clause))
    }
}

/// The values of required fields that were refused, and with which nothing was taken.
fn required_values(contract: &Contract, all: &[(&Outcome, Fields)], taken: &Taken) -> Vec<Single> {
    let required = &contract.creation.request.required;
    // Where no body without more than that is taken, it lacks something.
    if required.is_empty() || !taken.has_bare {
        return Vec::new();
    }
    let own = |(outcome, fields): &(&Outcome, Fields)| {
        // Where nothing is taken with such a mark, it may be what is to blame.
        let mark = marked(contract, &planned(&outcome.probe)?);
        if mark.is_some_and(|field| !taken.marked.contains(field)) {
            return None;
        }
        let own = contract.without_company(fields.clone(), &outcome.probe.clauses);
        Some((single(contract, outcome, own)?, fields.clone()))
    };
    let has = |fields: &Fields, single: &Single| fields.get(&single.field) == Some(&single.value);
    let is_taken = |single: &Single| taken.values.contains(&fingerprint(&single.field, &single.value));
    let found = all.iter().filter_map(own).filter(|(single, _)| required.contains(&single.field));
    let found: Vec<_> = found.filter(|(single, _)| !is_taken(single)).collect();
    // What stands beside another such value may have been refused for that one.
    let is_alone = |single: &Single, fields: &Fields| {
        found.iter().all(|(other, _)| other.field == single.field || !has(fields, other))
    };
    let alone: Vec<bool> = found.iter().map(|(single, fields)| is_alone(single, fields)).collect();
    found.into_iter().zip(alone).filter(|(_, is_alone)| *is_alone).map(|((single, _), _)| single).collect()
}

/// What of valid bodies was accepted: all that blame has to know of probes that hold.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Fields that were accepted alone.
    alone: HashSet<String>,
    /// Fields that carried a mark.
    marked: HashSet<String>,
    /// Whether a body of no more than what is required was accepted.
    has_bare: bool,
    /// The values of required fields, as fingerprints.
    values: HashSet<u64>,
}

impl Taken {
    /// Adds what a record shows.
    pub(super) fn add(&mut self, contract: &Contract, record: &Record) {
        let general = ClauseId::status(contract.creation.created);
        let Judgement { assessed, mismatches, .. } = &record.judgement;
        // A request that is left open says nothing where it was accepted.
        let is_valid = !mismatches.is_empty() || assessed.contains(&general);
        if !is_valid || !is_taken(&record.exchanges) {
            return;
        }
        self.alone.extend(only_field(contract, &record.probe));
        let required = &contract.creation.request.required;
        let Some(fields) = planned(&record.probe).filter(|_| !required.is_empty()) else { return };
        self.has_bare |= contract.without_marks(fields.clone()).keys().all(|name| required.contains(name));
        self.marked.extend(marked(contract, &fields).map(str::to_owned));
        let needed = fields.iter().filter(|(name, _)| required.contains(name));
        self.values.extend(needed.map(|(name, value)| fingerprint(name, value)));
    }
}

fn fingerprint(field: &str, value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    (field, value.to_string()).hash(&mut hasher);
    hasher.finish()
}

/// Whether what was sent first was accepted.
fn is_taken(exchanges: &[Exchange]) -> bool {
    exchanges.first().and_then(Exchange::response).is_some_and(Response::is_success)
}

/// The field that carries a mark.
fn marked<'a>(contract: &'a Contract, fields: &Fields) -> Option<&'a str> {
    let without = contract.without_marks(fields.clone());
    contract.marks().map(|(name, _)| name).find(|name| without.get(*name) != fields.get(*name))
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

/// Whether two values of a field are near the same limit, and the first one is not farther from it.
fn is_closer(contract: &Contract, field: &str, value: &Value, other: &Value) -> bool {
    let near = |value| contract.creation.request.properties.get(field)?.limit_near(value);
    near(value)
        .zip(near(other))
        .is_some_and(|((limit, distance), (same, farther))| limit.keyword() == same.keyword() && distance <= farther)
}

/// The only field of a body, and the clause that its value is about.
fn single(contract: &Contract, outcome: &Outcome, fields: Fields) -> Option<Single> {
    let mut all = fields.into_iter();
    let (field, value) = all.next().filter(|_| all.len() == 0)?;
    let schema = contract.creation.request.properties.get(&field)?;
    let about = || clause_of(contract, schema, schema.rule_about(&value)?);
    let held_mark = sent(outcome)?.get(&field).is_some_and(|sent| *sent != value);
    let clause = named_part(contract, schema, &outcome.probe).or_else(about)?.clone();
    Some(Single { field, value, clause, held_mark })
}

/// The rule that a case names, if it is one, and one of a part of the value: no value tells which part of it matters.
fn named_part<'a>(contract: &'a Contract, schema: &Schema, probe: &Probe) -> Option<&'a ClauseId> {
    let mut clauses = probe.clauses.iter().filter(|clause| clause.is_of_request());
    let only = clauses.next().filter(|_| probe.phase == Phase::Case && clauses.next().is_none())?;
    let is_own = schema.rules.iter().any(|rule| clause_of(contract, schema, rule) == Some(only));
    contract.clauses.get(only).filter(|_| !is_own).map(|clause| &clause.id)
}

fn clause_of<'a>(contract: &'a Contract, schema: &Schema, rule: &Rule) -> Option<&'a ClauseId> {
    contract.clauses.get(&schema.clause(rule.keyword())).map(|clause| &clause.id)
}

/// The fields that a probe is to send first.
fn planned(probe: &Probe) -> Option<Fields> {
    serde_json::from_slice(probe.script.steps.first()?.request.body.as_deref()?).ok()
}

/// The one field that a body leaves out, and the clause that allows it.
fn needed<'a>(contract: &'a Contract, fields: &Fields) -> Option<(String, &'a ClauseId)> {
    let all = contract.creation.request.properties.iter();
    let is_required = |name: &String| contract.creation.request.required.contains(name);
    let mut left_out =
        all.filter(|(name, schema)| schema.can_be_given() && !is_required(name) && !fields.contains_key(*name));
    let ((name, schema), None) = (left_out.next()?, left_out.next()) else { return None };
    let clause = contract.clauses.get(&schema.clause("optional"))?;
    Some((name.clone(), &clause.id))
}

/// The fields of a valid request that was refused, without marks: they are in every body, and nobody's fault.
fn refused_fields(contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) -> Option<Fields> {
    let is_refusal = is_refusal_of_valid(outcome, mismatch);
    sent(outcome).filter(|_| is_refusal).map(|fields| contract.without_marks(fields))
}

/// Whether this mismatch is that a valid request was refused.
pub(super) fn is_refusal_of_valid(outcome: &Outcome, mismatch: &Mismatch) -> bool {
    let is_about_acceptance =
        mismatch.clause.is_of_request() || matches!(mismatch.clause.subject(), Subject::Status(200..300));
    let answer = outcome.exchanges.first().and_then(Exchange::response);
    outcome.probe.violation.is_none()
        && mismatch.step == 0
        && is_about_acceptance
        // An error inside the service is no refusal of a value.
        && answer.is_some_and(|answer| (400..500).contains(&answer.status))
}

/// The fields that were sent first.
fn sent(outcome: &Outcome) -> Option<Fields> {
    serde_json::from_slice(outcome.exchanges.first()?.request.body.as_deref()?).ok()
}
