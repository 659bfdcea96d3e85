//! The values worth trying in a field, all of which follow from its schema: both sides of every limit, every listed value and what is nearly it, every
//! JSON type, unspecified values, and texts that systems mangle.
//!
//! A value is JSON text, not a parsed value: `1e2` and `-0` are what they are because of how they are written. Which of them are right is not decided
//! here; the judge classifies them like any other request.

mod arrays;
mod numbers;
mod texts;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use arrays::arrays;
pub(super) use arrays::good_item;
use numbers::numbers;
pub(super) use numbers::sizes;
use texts::{near_misses, texts};

use crate::contract::{Rule, Schema, Type, Unambiguous};

/// A value to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TestValue {
    /// The value in a few words, part of a probe's id.
    pub label: String,
    /// The value as JSON text.
    pub json: String,
}

impl TestValue {
    fn new(json: impl Into<String>) -> Self {
        let json = json.into();
        Self { label: label(&json), json }
    }

    fn of(value: &Value) -> Self {
        Self::new(value.to_string())
    }
}

/// The longest value that is its own label.
const LONGEST_LABEL: usize = 48;

/// A value as a part of an id: itself, or its beginning and its length.
pub(super) fn label(json: &str) -> String {
    let length = json.chars().count();
    if length <= LONGEST_LABEL && !json.contains(char::is_control) {
        return json.to_owned();
    }
    let begin: String = json.chars().take(12).filter(|letter| !letter.is_control()).collect();
    format!("{begin}… ({} characters)", length - 2 * usize::from(json.starts_with('"')))
}

/// Everything worth trying in a field of this schema, each value once.
pub(super) fn test_values(schema: &Schema) -> Vec<TestValue> {
    if schema.rule("readOnly").is_some() {
        return [json!("text"), json!(7), json!(true), json!({})].iter().map(TestValue::of).collect();
    }
    let mut found = valid_values(schema);
    found.extend(schema.default.iter().map(TestValue::of));
    found.extend(unspecified_values(schema));
    found.extend(other_types());
    if is_number(schema) {
        found.extend(numbers(schema));
    }
    if schema.is(Type::String) {
        found.extend(if listed(schema).is_some() { near_misses(schema) } else { texts(schema) });
    }
    if let Some(items) = schema.items.as_deref() {
        found.extend(arrays(schema, items));
    }
    unique(found)
}

/// Values that every reading allows, those at the limits among them.
pub(super) fn valid_values(schema: &Schema) -> Vec<TestValue> {
    let mut found: Vec<_> = listed(schema).into_iter().flatten().map(|value| TestValue::of(&value)).collect();
    if schema.is(Type::Boolean) {
        found.extend([TestValue::new("true"), TestValue::new("false")]);
    }
    if is_number(schema) {
        found.extend(numbers(schema));
    }
    if schema.is(Type::String) && listed(schema).is_none() {
        found.extend(texts(schema));
    }
    if let Some(items) = schema.items.as_deref() {
        found.extend(arrays(schema, items));
    }
    let found = unambiguous(schema, found);
    if !found.is_empty() || !schema.can_be_given() {
        return found;
    }
    // Where the rules do not say how to make a value, one that is right by chance will do, or one that the contract gives.
    unambiguous(schema, schema.examples.iter().chain(&schema.default).map(TestValue::of).chain(other_types()).collect())
}

fn unambiguous(schema: &Schema, test_values: Vec<TestValue>) -> Vec<TestValue> {
    let mut found = unique(test_values);
    found.retain(|test_value| is_unambiguous(schema, &test_value.json));
    found
}

/// The value that a field has where it only must have one: the second that every reading allows, as the first is often the default or nothing. `None` where
/// none is known.
pub(super) fn usual(schema: &Schema) -> Option<String> {
    let values = valid_values(schema);
    values.get(1).or(values.first()).map(|test_value| test_value.json.clone())
}

fn is_number(schema: &Schema) -> bool {
    schema.is(Type::Integer) || schema.is(Type::Number)
}

/// Whether every reading allows this value.
pub(super) fn is_unambiguous(schema: &Schema, json: &str) -> bool {
    serde_json::from_str(json).is_ok_and(|value| schema.is_unambiguous(&value))
}

fn unique(test_values: Vec<TestValue>) -> Vec<TestValue> {
    let mut seen = BTreeSet::new();
    test_values.into_iter().filter(|test_value| seen.insert(test_value.json.clone())).collect()
}

/// The most values of one list that are tried.
const MOST_LISTED: usize = 200;

/// So many values of a list are tried by themselves at most; where there are as many, each has a body that it shares with values of other fields.
pub(super) const LONG_LIST: usize = 20;

/// Evenly chosen ones of these, the first and the last among them; all where there are no more than `most`.
pub(super) fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most || most < 2 {
        return all.to_vec();
    }
    (0..most).map(|index| all[index * (all.len() - 1) / (most - 1)].clone()).collect()
}

/// The values of an `enum`, or of a table's column, as far as they are tried.
pub(super) fn listed(schema: &Schema) -> Option<Vec<Value>> {
    all_listed(schema).map(|values| spread(&values, MOST_LISTED))
}

/// The values of an `enum`, or of a table's column.
pub(super) fn all_listed(schema: &Schema) -> Option<Vec<Value>> {
    let unambiguous = parts(schema).flat_map(|part| &part.rules);
    unambiguous.into_iter().find_map(|rule| match rule {
        Rule::Enum(values) => Some(values.clone()),
        Rule::Const(value) => Some(vec![value.clone()]),
        Rule::Table(table, column) => Some(table.cells(*column).map(Value::from).collect()),
        _ => None,
    })
}

/// The schema itself and what is unambiguous within it.
fn parts(schema: &Schema) -> impl Iterator<Item = &Schema> {
    let unambiguous = match &schema.unambiguous {
        Unambiguous::Within(unambiguous) => Some(unambiguous.as_ref()),
        Unambiguous::All | Unambiguous::Nothing => None,
    };
    std::iter::once(schema).chain(unambiguous)
}

/// The rules of the schema, of what is unambiguous in it, and of its unspecified.
fn all_rules(schema: &Schema) -> impl Iterator<Item = &Rule> {
    let unspecified = schema.unspecified.iter().filter_map(|unspecified| unspecified.schema.as_ref());
    parts(schema).chain(unspecified).flat_map(|part| &part.rules)
}

fn unspecified_values(schema: &Schema) -> impl Iterator<Item = TestValue> {
    let schemas = schema.unspecified.iter().filter_map(|unspecified| unspecified.schema.as_ref());
    let only = schemas.flat_map(|schema| &schema.rules).filter_map(|rule| match rule {
        Rule::Const(value) => Some(value),
        _ => None,
    });
    only.chain(schema.unspecified.iter().flat_map(|unspecified| &unspecified.examples)).map(TestValue::of)
}

/// A value of every type, and the texts that a lenient reader takes for another type.
fn other_types() -> impl Iterator<Item = TestValue> {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(7),
        json!(1.5),
        json!(""),
        json!("text"),
        json!("1"),
        json!("true"),
        json!("null"),
        json!([]),
        json!([1]),
        json!([[]]),
        json!({}),
        json!({"key": "value"}),
    ];
    values.into_iter().map(|value| TestValue::of(&value))
}
