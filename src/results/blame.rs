//! Whom to blame when a valid request is refused: a body of many fields cannot tell, but a smaller one of the same run may.
//!
//! What is accused is that a valid request was refused, over which field or which two; only where a rule names the refused value, as a list or a limit does,
//! it is that rule. A value that is refused alone explains why larger bodies with it are refused, and with values that are closer to the same limit; a field
//! of which no value is taken alone explains all, and two fields of which each is taken alone all bodies with both. *Alone* is beside what the contract requires; a value of that is to blame only where no body with it was taken. Where even the empty request is refused, a field must be needed: the one without which a body of all the others is refused.

mod sent;
mod single;
mod taken;

use serde_json::{Map, Value};

use sent::{is_about_refusal, refused_fields, sent, sent_in};
pub(crate) use sent::{is_refusal_of_valid, marked};
use single::{Single, is_closer, limit_near, required_values, single};
pub(super) use taken::Taken;
use taken::{fingerprint, is_taken, planned};

use super::Outcome;
use super::finding::mismatches;
use crate::contract::{ClauseId, Contract, NOW_AND_THEN};
use crate::judge::Mismatch;

/// A clause, and what tells its findings apart.
pub(super) type Blame<'a> = (&'a ClauseId, &'a str);

/// The fields of a body, without marks.
pub(super) type Fields = Map<String, Value>;

/// Why valid requests were refused, as far as smaller requests of the same run tell it.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// The clause of a valid request that was refused for no known reason.
    general: ClauseId,
    /// Fields without which even the empty request is refused, each with its clause.
    needed: Vec<(String, ClauseId)>,
    /// Values that were refused alone.
    singles: Vec<Single>,
    /// Fields of which no value was taken alone.
    never_taken: Vec<(String, Accused)>,
    /// Fields that are refused together and taken alone.
    pairs: Vec<([String; 2], Accused)>,
}

/// A clause, and what tells its findings apart, as a refusal is filed under them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Accused {
    clause: ClauseId,
    cause: String,
}

/// A body that was taken, as a smaller example.
struct TakenBody {
    /// All that was sent.
    sent: Fields,
    /// The same without marks.
    fields: Fields,
    /// The same without what must stand in each body, too.
    alone: Fields,
}

impl TakenBody {
    /// Whether it gave this value, and no field of the other name.
    fn has_without(&self, field: &str, value: &Value, other: &str) -> bool {
        self.fields.get(field) == Some(value) && !self.sent.contains_key(other)
    }
}

impl Refused {
    /// `taken` tells what was accepted; `shrunk` holds smaller bodies than those of the run.
    pub(super) fn of(contract: &Contract, taken: &Taken, outcomes: &[Outcome], shrunk: &[Outcome]) -> Self {
        let general = ClauseId::status(contract.creation.created);
        let (singles, never_taken, pairs) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused = Self { general, needed: Vec::new(), singles, never_taken, pairs };
        let all = mismatches(outcomes).chain(mismatches(shrunk));
        let all = all.filter_map(|(outcome, mismatch)| Some((outcome, refused_fields(contract, outcome, mismatch)?)));
        let mut all: Vec<(&Outcome, Fields)> = all.collect();
        refused.singles = required_values(contract, &all, taken);
        all.retain(|(_, fields)| refused.culprit(contract, fields).is_none());
        let required = &contract.creation.request.required;
        let mut is_empty_refused = false;
        let mut together = Vec::new();
        for (outcome, fields) in all {
            let fields = contract.without_company(fields, &outcome.probe.clauses);
            // A mark in a further field may be one of the two.
            let is_pair = fields.len() == 2 && sent(outcome).is_some_and(|all| is_in(marked(contract, &all), &fields));
            together.extend(is_pair.then(|| fields.clone()));
            let is_unmarked = sent(outcome).is_some_and(|all| marked(contract, &all).is_none());
            // What must be given may have a value that is refused, where another one was taken with nothing else.
            is_empty_refused |= fields.is_empty() && is_unmarked && !taken.has_unmarked_bare;
            refused.needed.extend(needed(contract, &fields).map(|(name, clause)| (name, clause.to_owned())));
            let single = single(contract, outcome, fields);
            // The values of required fields are known already: they are in every body.
            refused.singles.extend(single.filter(|single| !required.contains(&single.field)));
        }
        let taken_bodies = taken_bodies(contract, shrunk);
        refused.acquit_limits(contract, taken);
        refused.clear(contract, &taken_bodies);
        refused.file_by_limits(contract);
        refused.unite(contract, taken);
        refused.pair(contract, &together, &taken_bodies);
        if is_empty_refused {
            // The values are not to blame where nothing at all is refused too.
            refused.singles.clear();
            refused.never_taken.clear();
            refused.pairs.clear();
        } else {
            refused.needed.clear();
        }
        refused
    }

    /// Takes back what was said of fields of which a value was refused beside a mark, and taken without it: it takes two to be refused.
    fn clear(&mut self, contract: &Contract, taken_bodies: &[TakenBody]) {
        let is_taken = |single: &&Single| {
            let (field, value) = (&single.field, &single.value);
            let is_it = |body: &TakenBody| match &single.marked {
                Some(marked) => body.has_without(field, value, marked),
                None => body.sent == body.fields && body.alone.len() == 1 && body.alone.get(field) == Some(value),
            };
            // A mark among the items of a value makes it another value than the one without it.
            !single.held_mark && taken_bodies.iter().any(is_it)
        };
        let cleared = self.singles.iter().filter(is_taken);
        let cleared: Vec<_> = cleared.map(|single| (single.field.clone(), single.marked.clone())).collect();
        self.singles.retain(|single| !cleared.iter().any(|(field, _)| *field == single.field));
        for (field, marked) in cleared {
            if let Some(marked) = marked {
                self.add_pair(contract, [field, marked]);
            }
        }
    }

    /// A value of the size of a limit is not refused for the limit where another one of that size was taken.
    fn acquit_limits(&mut self, contract: &Contract, taken: &Taken) {
        let general = self.general.clone();
        for single in &mut self.singles {
            let at_limit = limit_near(contract, &single.field, &single.value).filter(|(_, distance)| *distance == 0.0);
            if at_limit.is_some_and(|(limit, _)| taken.limits.contains(&(single.field.clone(), limit))) {
                single.accused = Accused { clause: general.clone(), cause: over(&[&single.field]) };
            }
        }
    }

    /// A value near a limit is refused for the limit where the limit itself is refused, too.
    fn file_by_limits(&mut self, contract: &Contract) {
        let of_limits = self.singles.iter().filter_map(|single| {
            let (limit, distance) = limit_near(contract, &single.field, &single.value)?;
            (distance == 0.0 && single.accused.clause != self.general).then(|| (limit, single.accused.clone()))
        });
        let of_limits: Vec<_> = of_limits.collect();
        for single in self.singles.iter_mut().filter(|single| single.accused.clause == self.general) {
            let near = limit_near(contract, &single.field, &single.value);
            let found = near.and_then(|(near, _)| of_limits.iter().find(|(limit, _)| *limit == near));
            if let Some((_, accused)) = found {
                single.accused = accused.clone();
            }
        }
    }

    /// Finds the fields of which several values were refused alone and none was taken.
    fn unite(&mut self, contract: &Contract, taken: &Taken) {
        let fields = contract.creation.request.properties.keys();
        let untaken = fields.filter(|name| !taken.alone.contains(*name));
        self.never_taken = untaken.filter_map(|name| Some((name.clone(), self.common(name)?))).collect();
    }

    /// The rule that names all refused values of a field, or else the field; `None` where there are no two values.
    fn common(&self, name: &str) -> Option<Accused> {
        let mut singles = self.singles.iter().filter(|single| single.field == name);
        let first = singles.next()?;
        let others: Vec<_> = singles.filter(|single| single.value != first.value).collect();
        if others.is_empty() {
            return None;
        }
        let is_one = others.iter().all(|other| other.accused == first.accused);
        Some(if is_one { first.accused.clone() } else { self.over(&[name]) })
    }

    /// Finds the fields that were refused together, and each of which was taken with the same value without the other one.
    fn pair(&mut self, contract: &Contract, together: &[Fields], taken_bodies: &[TakenBody]) {
        for fields in together {
            let mut both = fields.iter();
            let (Some((one, value)), Some((other, another))) = (both.next(), both.next()) else { continue };
            let is_taken = |field: &str, value: &Value, without: &str| {
                taken_bodies.iter().any(|body| body.has_without(field, value, without))
            };
            if is_taken(one, value, other) && is_taken(other, another, one) {
                self.add_pair(contract, [one.clone(), other.clone()]);
            }
        }
    }

    fn add_pair(&mut self, contract: &Contract, mut names: [String; 2]) {
        names.sort_by_key(|name| contract.creation.request.properties.get_index_of(name));
        if !self.pairs.iter().any(|(known, _)| *known == names) {
            let accused = self.over(&[&names[0], &names[1]]);
            self.pairs.push((names, accused));
        }
    }

    /// That a valid request was refused over these fields.
    fn over(&self, fields: &[&str]) -> Accused {
        Accused { clause: self.general.clone(), cause: over(fields) }
    }

    /// What a refusal is to be blamed on; `None` leaves it where the judge put it.
    pub(super) fn explain(&self, contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) -> Option<Blame<'_>> {
        let exchange = outcome.exchanges.get(mismatch.step).filter(|exchange| exchange.request.may_create(contract))?;
        let is_refusal = mismatch.cause != NOW_AND_THEN && is_about_refusal(&outcome.probe, exchange, mismatch);
        // A later step may be refused for what a first one showed.
        let sent = sent_in(exchange).filter(|_| is_refusal)?;
        let fields = contract.without_marks(sent.clone());
        if let Some((_, clause)) = self.needed.iter().find(|(name, _)| !fields.contains_key(name)) {
            return Some((clause, ""));
        }
        let found = self.culprit(contract, &fields).or_else(|| {
            // A mark is a value of its field, too.
            self.untaken(&sent).or_else(|| self.refused_together(&sent))
        });
        Some(found.map_or((&self.general, ""), |accused| (&accused.clause, accused.cause.as_str())))
    }

    /// What a value among these is accused of that was refused alone, or is closer to a limit than one that was.
    fn culprit(&self, contract: &Contract, fields: &Fields) -> Option<&Accused> {
        let equal = |single: &&Single| fields.get(&single.field) == Some(&single.value);
        let closer = |single: &&Single| {
            fields.get(&single.field).is_some_and(|value| is_closer(contract, &single.field, value, &single.value))
        };
        let found = self.singles.iter().find(equal).or_else(|| self.singles.iter().find(closer));
        self.untaken(fields).or_else(|| found.map(|single| &single.accused))
    }

    /// What a field among these is accused of that is never taken.
    fn untaken(&self, fields: &Fields) -> Option<&Accused> {
        self.never_taken.iter().find(|(name, _)| fields.contains_key(name)).map(|(_, accused)| accused)
    }

    /// What two fields of a body are accused of that are refused together.
    fn refused_together(&self, sent: &Fields) -> Option<&Accused> {
        let found = self.pairs.iter().find(|(names, _)| names.iter().all(|name| sent.contains_key(name)));
        found.map(|(_, accused)| accused)
    }
}

/// Whether the field with a mark, if there is one, is among these.
fn is_in(marked: Option<&str>, fields: &Fields) -> bool {
    marked.is_none_or(|name| fields.contains_key(name))
}

/// How the fields are named over which a valid request is refused.
fn over(fields: &[&str]) -> String {
    fields.iter().map(|field| format!("/{field}")).collect::<Vec<_>>().join(" with ")
}

/// What smaller examples show to be taken.
fn taken_bodies(contract: &Contract, shrunk: &[Outcome]) -> Vec<TakenBody> {
    let body = |outcome: &Outcome| {
        let sent = sent(outcome)?;
        let fields = contract.without_marks(sent.clone());
        let alone = contract.without_company(fields.clone(), &outcome.probe.clauses);
        Some(TakenBody { sent, fields, alone })
    };
    shrunk.iter().filter(|outcome| is_taken(&outcome.exchanges)).filter_map(body).collect()
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
