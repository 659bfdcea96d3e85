//! What a stub holds: it can be given beforehand, looked at, and put back.

use std::sync::PoisonError;

use serde_json::{Map, Value};

use super::service::Resources;
use super::{StubService, resource};
use crate::document::nearest;
use crate::exchange::is_segment;

/// Why something cannot be there from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// It has no fields.
    #[error("number {0} of the seeded state is no object")]
    NoObject(usize),
    /// It has a field that no answer has.
    #[error("number {at} of the seeded state has a field `{field}`, which no answer has{hint}")]
    UnknownField {
        /// Its number, from 1.
        at: usize,
        /// The field.
        field: String,
        /// What may be meant.
        hint: String,
    },
    /// Its id is of another kind than the contract's.
    #[error("number {0} of the seeded state has an id of another kind than the contract's")]
    NoId(usize),
    /// A field breaks a rule that it keeps for ever.
    #[error("number {at} of the seeded state has a wrong `{field}`: expected a value that {rule}")]
    WrongValue {
        /// Its number, from 1.
        at: usize,
        /// The field.
        field: String,
        /// The rule.
        rule: String,
    },
    /// No path leads to its id.
    #[error(
        "number {0} of the seeded state has an id that is no segment of a path: letters, digits, `-`, `.`, `_` and `~`"
    )]
    Unreachable(usize),
    /// There is another one with its id.
    #[error("number {0} of the seeded state has the id of another one")]
    SameId(usize),
}

impl StubService {
    /// With these resources from the beginning, and again after each [reset](StubService::reset); see [`StubBuilder::seed_state`](super::StubBuilder::seed_state).
    pub fn seeded(mut self, resources: &[Value]) -> Result<Self, SeedError> {
        for (at, given) in (1..).zip(resources) {
            let given = given.as_object().ok_or(SeedError::NoObject(at))?;
            self.check_fields(at, given)?;
            let mut resource = resource::create(&self.contract, given);
            resource.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            resource::fill_templates(&self.contract, &mut resource);
            // What is made of other fields can be given, too.
            resource.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            let id = self.seed_id(&resource).ok_or(SeedError::NoId(at))?;
            self.check_values(at, given)?;
            if !is_segment(&id) {
                return Err(SeedError::Unreachable(at));
            }
            if self.seeds.insert(id, resource).is_some() {
                return Err(SeedError::SameId(at));
            }
        }
        self.reset();
        Ok(self)
    }

    /// The id of a seed: a text or a number, as those that the stub gives.
    fn seed_id(&self, resource: &Map<String, Value>) -> Option<String> {
        let pointer = &self.contract.creation.lifecycle.id;
        let is_text =
            |fields: &Map<String, Value>| Value::from(fields.clone()).pointer(pointer).is_some_and(Value::is_string);
        let own = resource::create(&self.contract, &Map::new());
        self.id_of(resource).filter(|_| is_text(resource) == is_text(&own))
    }

    fn check_fields(&self, at: usize, given: &Map<String, Value>) -> Result<(), SeedError> {
        let response = &self.contract.creation.response;
        let is_known = |name: &String| response.properties.contains_key(name) || response.echo_of_others().is_some();
        let Some(field) = given.keys().find(|name| !is_known(name)) else { return Ok(()) };
        let near = nearest(field, response.properties.keys().map(String::as_str));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(SeedError::UnknownField { at, field: field.clone(), hint })
    }

    /// A state may have changed since its creation, of which `const` and `enum` speak, and ids may be easier to read than those that are given out; what else
    /// the contract says of a field is so for ever.
    fn check_values(&self, at: usize, given: &Map<String, Value>) -> Result<(), SeedError> {
        let creation = &self.contract.creation;
        for (name, value) in given.iter().filter(|(name, _)| *name != creation.id_field()) {
            let others = [&creation.response, &creation.request].map(|schema| schema.additional.as_deref());
            let schemas = match creation.response.properties.get(name) {
                Some(schema) => [Some(schema), None],
                None => others,
            };
            let mut broken = schemas.into_iter().flatten().flat_map(|schema| schema.examine(value).broken);
            let lasting = broken.find(|broken| !["const", "enum"].contains(&broken.keyword));
            if let Some(rule) = lasting.and_then(|broken| broken.rule) {
                return Err(SeedError::WrongValue { at, field: name.clone(), rule: rule.text() });
            }
        }
        Ok(())
    }

    /// What is there, the oldest first.
    pub fn state(&self) -> Vec<Value> {
        let resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        resources.kept.values().cloned().map(Value::Object).collect()
    }

    /// Puts back what was there from the beginning, and forgets everything else.
    pub fn reset(&self) {
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        *resources = Resources::of(self.seeds.clone());
    }
}
