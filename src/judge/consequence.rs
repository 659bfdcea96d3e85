//! Which mismatches only follow from another one of the same probe.
//!
//! A mismatch follows only where the contract itself says what the wrong value of an answer entails, and the target did just that: what was created in a state
//! in which it cannot be removed is not removed; what derives from a field derives from the field's wrong value; what is asked for by a wrong id is not there,
//! or is something else. Then it shows nothing that the other one does not show. Everything else stands for itself, also where it never comes alone.

use serde_json::{Map, Value};

use super::{Mismatch, Origin, StepJudge};
use crate::contract::{Effect, Relation, Subject};
use crate::exchange::{Exchange, Request, Response, id_text, segment};

impl StepJudge<'_> {
    /// Notes from which other mismatch those of this step follow, if they do; they begin at this index. What only follows shows nothing of its clause.
    pub(super) fn note_origins(&mut self, from: usize, all: &[Exchange]) {
        let Some(response) = all[self.step].response() else { return };
        for index in from..self.judgement.mismatches.len() {
            let mismatch = &self.judgement.mismatches[index];
            let origin =
                self.origin_in_id(mismatch, response, all).or_else(|| match mismatch.pointer.raw().strip_prefix('/') {
                    Some(name) => self.origin_in_answer(mismatch, name, response),
                    None => self.origin_in_state(response, all),
                });
            if origin.is_some() {
                self.judgement.assessed.remove(&mismatch.clause);
                self.judgement.mismatches[index].origin = origin;
            }
        }
    }

    /// The mismatch of this field in the answer to that step, unless it follows from another one itself.
    fn wrong(&self, name: &str, step: usize) -> Option<&Mismatch> {
        let is_of_it = |mismatch: &&Mismatch| {
            mismatch.step == step && mismatch.origin.is_none() && mismatch.pointer.raw().strip_prefix('/') == Some(name)
        };
        self.judgement.mismatches.iter().find(is_of_it)
    }

    /// A field that is right for another field of the same answer, which is the wrong one.
    fn origin_in_answer(&self, mismatch: &Mismatch, name: &str, response: &Response) -> Option<Origin> {
        let schema = self.contract.creation.response.properties.get(name)?;
        let is_it = |relation: &&Relation| mismatch.clause == schema.clause(relation.keyword());
        let fields = response.json()?;
        match schema.relations.iter().find(is_it)? {
            Relation::Derived(derived) => {
                let expected = derived.expected(fields.get(&derived.from)?)?;
                let is_right = expected.contains(fields.get(name)?);
                self.wrong(&derived.from, self.step).filter(|_| is_right).map(Mismatch::as_origin)
            }
            Relation::NotBefore(earlier) => {
                let own = self.judgement.mismatches.iter().filter(|each| each.pointer == mismatch.pointer);
                let is_right_but_for_it = own.count() == 1;
                self.wrong(earlier, self.step).filter(|_| is_right_but_for_it).map(Mismatch::as_origin)
            }
            _ => None,
        }
    }

    /// The mismatch of the id by which this step asks for what was created, where a promise about it is broken.
    fn origin_in_id(&self, mismatch: &Mismatch, response: &Response, all: &[Exchange]) -> Option<Origin> {
        let is_promise = mismatch.clause.subject() == Subject::Behaviour && response.status < 500;
        let id = self.id_in_path(&all[self.step].request).filter(|_| is_promise)?;
        let created = (0..self.step).rev().find(|step| self.created(&all[*step], id).is_some())?;
        let name = self.contract.creation.lifecycle.id.strip_prefix('/')?;
        self.wrong(name, created).map(Mismatch::as_origin)
    }

    /// The mismatch that gave what this step asks for another state than was asked for, where the contract says what is removed by its state, and the target
    /// keeps to the state that it told.
    fn origin_in_state(&self, response: &Response, all: &[Exchange]) -> Option<Origin> {
        let id = self.id_in_path(&all[self.step].request)?;
        let (created, fields) = (0..self.step).rev().find_map(|step| Some((step, self.created(&all[step], id)?)))?;
        let states = self.contract.protected_states();
        let is = |(field, value): &&(String, Value)| fields.get(field) == Some(value);
        let is_held = states.iter().any(|state| is(&state));
        let mut decisive = states.iter().filter(|state| is(state) == is_held);
        let wrong = decisive.find_map(|(field, _)| self.wrong(field, created))?;
        let removed = self.removal(id, created, all)?;
        let is_gone = matches!(response.status, 404 | 410);
        let is_consistent = match (is_held, removed == self.step) {
            (true, true) => (400..500).contains(&response.status) && !is_gone,
            (true, false) | (false, true) => response.is_success(),
            (false, false) => is_gone,
        };
        is_consistent.then(|| wrong.as_origin())
    }

    /// The step that asked to remove what has this id, if nothing has changed its state since it was created.
    fn removal(&self, id: &str, created: usize, all: &[Exchange]) -> Option<usize> {
        let effect = |step: usize| {
            let request = &all[step].request;
            let (index, _) = self.contract.operation(&request.method, &request.path)?;
            Some(&self.contract.operations[index].effect).filter(|_| self.id_in_path(request) == Some(id))
        };
        let mut steps = created + 1..=self.step;
        let first = steps.find(|step| matches!(effect(*step), Some(Effect::Update | Effect::Delete(_))))?;
        matches!(effect(first), Some(Effect::Delete(_))).then_some(first)
    }

    /// What this exchange created, if it has this id.
    fn created(&self, exchange: &Exchange, id: &str) -> Option<Map<String, Value>> {
        let creation = &self.contract.creation;
        let response = exchange.response().filter(|response| creation.succeeds_with(response.status))?;
        let is_creation = exchange.request.may_create(self.contract);
        let answer = response.json().filter(|_| is_creation)?;
        let is_it = answer.pointer(&creation.lifecycle.id).and_then(id_text).is_some_and(|text| segment(&text) == id);
        match answer {
            Value::Object(fields) if is_it => Some(fields),
            _ => None,
        }
    }

    fn id_in_path<'r>(&self, request: &'r Request) -> Option<&'r str> {
        self.contract.operation(&request.method, &request.path)?.1.first().copied()
    }
}

impl Mismatch {
    fn as_origin(&self) -> Origin {
        Origin { clause: self.clause.clone(), cause: self.cause.clone() }
    }
}
