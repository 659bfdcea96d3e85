//! A value that was refused alone, and the limit that it is near to.

use serde_json::Value;

use super::sent::{marked, sent};
use super::{Accused, Fields, Outcome, Taken, fingerprint, over, planned};
use crate::contract::{ClauseId, Contract};

/// A value that was refused alone.
#[derive(Clone, Debug)]
pub(super) struct Single {
    pub field: String,
    pub value: Value,
    pub accused: Accused,
    /// Whether the mark was one of its items.
    pub held_mark: bool,
    /// The field that carried the mark.
    pub marked: Option<String>,
}

/// The values of required fields that were refused, and with which nothing was taken.
pub(super) fn required_values(contract: &Contract, all: &[(&Outcome, Fields)], taken: &Taken) -> Vec<Single> {
    let required = &contract.creation.request.required;
    // Where no body without more than that is taken, it lacks something.
    if required.is_empty() || !taken.has_bare {
        return Vec::new();
    }
    let own = |(outcome, fields): &(&Outcome, Fields)| {
        // Where nothing is taken with such a mark, it may be what is to blame.
        // And where nothing is taken without one, it may be what is lacking.
        let planned = planned(&outcome.probe)?;
        if marked(contract, &planned).map_or(!taken.has_unmarked_bare, |field| !taken.marked.contains(field)) {
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

/// Whether two values of a field are near the same limit, and the first one is not farther from it.
pub(super) fn is_closer(contract: &Contract, field: &str, value: &Value, other: &Value) -> bool {
    let near = |value| limit_near(contract, field, value);
    near(value)
        .zip(near(other))
        .is_some_and(|((limit, distance), (same, farther))| limit == same && distance <= farther)
}

/// The keyword of the limit that a value of a field is near to, and how far it is from there.
pub(super) fn limit_near(contract: &Contract, field: &str, value: &Value) -> Option<(&'static str, f64)> {
    let (limit, distance) = contract.creation.request.properties.get(field)?.limit_near(value)?;
    // What names a limit stands at it.
    Some((limit.keyword(), if distance <= limit.reach() { 0.0 } else { distance }))
}

/// The only field of a body, and what its value is accused of.
pub(super) fn single(contract: &Contract, outcome: &Outcome, fields: Fields) -> Option<Single> {
    let mut all = fields.into_iter();
    let (field, value) = all.next().filter(|_| all.len() == 0)?;
    let schema = contract.creation.request.properties.get(&field)?;
    let sent = sent(outcome)?;
    let held_mark = sent.get(&field).is_some_and(|sent| *sent != value);
    let marked = marked(contract, &sent).filter(|name| *name != field).map(str::to_owned);
    let accused = match schema.clause_naming(&value) {
        Some(clause) => Accused { clause, cause: String::new() },
        None => Accused { clause: ClauseId::status(contract.creation.created), cause: over(&[&field]) },
    };
    Some(Single { field, value, accused, held_mark, marked })
}
