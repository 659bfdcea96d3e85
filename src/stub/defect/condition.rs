//! What must be given for a fault to show.

use serde_json::{Map, Value};

use super::misreading::Misreading;
use crate::contract::Rule;

/// What a request must give, or a resource have, for a fault to show.
#[derive(Clone, Debug)]
pub(in crate::stub) enum Condition {
    /// The field is given.
    Given(String),
    /// The field is left out.
    Absent(String),
    /// The field has one of these values.
    OneOf(String, Vec<Value>),
    /// The field has, or holds, a text that is taken for something else.
    Misread(String, Misreading),
    /// The field breaks this rule, which is not the contract's.
    Breaks(String, Rule),
}

impl Condition {
    /// The field that it is about.
    pub(super) fn field(&self) -> &str {
        match self {
            Self::Given(field)
            | Self::Absent(field)
            | Self::OneOf(field, _)
            | Self::Misread(field, _)
            | Self::Breaks(field, _) => field,
        }
    }

    pub(super) fn holds(&self, given: &Map<String, Value>) -> bool {
        match self {
            Self::Given(field) => given.contains_key(field),
            Self::Absent(field) => !given.contains_key(field),
            Self::OneOf(field, values) => given.get(field).is_some_and(|value| values.contains(value)),
            Self::Misread(field, misreading) => {
                given.get(field).is_some_and(|value| misreading.of_value(value).is_some())
            }
            Self::Breaks(field, rule) => given.get(field).is_some_and(|value| !rule.holds(value)),
        }
    }
}
