//! Random values that break exactly one rule of a field.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::limit;
use crate::contract::{Contract, Rule, Schema, Type};
use crate::plan::assemble::{Base, only_violation};
use crate::plan::test_values::{all_listed, listed, test_values};

/// Values that break exactly one rule of this field.
pub(super) fn broken(contract: &Contract, base: &Base, name: &str, schema: &Schema) -> Option<BoxedStrategy<String>> {
    if schema.rule("readOnly").is_some() {
        return None; // whatever is given, it is the same fault, and the boundaries show it
    }
    let known: Vec<_> = test_values(schema)
        .into_iter()
        .map(|test_value| test_value.json)
        .filter(|json| json.len() < 2000)
        .filter(|json| only_violation(contract, base, name, json).is_some())
        .collect();
    let mut ways = vec![(2, known)]
        .into_iter()
        .filter(|(_, known)| !known.is_empty())
        .map(|(weight, known)| (weight, select(known).boxed()))
        .collect::<Vec<_>>();
    ways.extend(outside(schema).map(|strategy| (1, strategy)));
    ways.extend(of_another_type(schema).map(|strategy| (1, strategy)));
    (!ways.is_empty()).then(|| prop::strategy::Union::new_weighted(ways).boxed())
}

/// Longer texts are left to the boundaries.
const LONGEST_TEXT: usize = 10_000;

/// Values of the right type outside all unspecified values and every limit.
fn outside(schema: &Schema) -> Option<BoxedStrategy<String>> {
    if schema.is(Type::Integer) {
        let (low, high) = outer_range(schema);
        // Distances shrink, so that the smallest example stands next to the limit.
        let (low, high) = (low.map(i128::from), high.map(i128::from));
        let far = |distance: i64| i128::from(distance);
        let below =
            low.map(|low| (1..1_000_000_i64).prop_map(move |distance| (low - far(distance)).to_string()).boxed());
        let above = high
            .map(|high| (1..1_000_000_000_i64).prop_map(move |distance| (high + far(distance)).to_string()).boxed());
        let ways: Vec<_> = below.into_iter().chain(above).collect();
        return (!ways.is_empty()).then(|| prop::strategy::Union::new(ways).boxed());
    }
    let is_closed = schema.rule("enum").or_else(|| schema.rule("table")).is_some();
    if let Some(values) = all_listed(schema).filter(|_| is_closed) {
        let texts = listed(schema).unwrap_or_default();
        let texts: Vec<String> = texts.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        if texts.is_empty() {
            return None;
        }
        // A sign that no listed value and no default holds makes every text with it an outsider.
        let sign = ['~', '^', '\u{b6}']
            .into_iter()
            .find(|sign| !schema.default.iter().chain(&values).any(|value| value.to_string().contains(*sign)))?;
        return Some(
            (select(texts), "[a-z]{0,6}")
                .prop_map(move |(text, more)| Value::from(format!("{text}{sign}{more}")).to_string())
                .boxed(),
        );
    }
    if let Some(Rule::MaxLength(limit)) = schema.rule("maxLength") {
        let limit = usize::try_from(*limit).ok().filter(|limit| *limit <= LONGEST_TEXT)?;
        let signs = select(vec!['a', 'Z', '0', '-', '\u{e9}', '\u{1F600}']);
        return Some(
            prop::collection::vec(signs, limit + 1..limit + 200)
                .prop_map(|signs| Value::from(signs.into_iter().collect::<String>()).to_string())
                .boxed(),
        );
    }
    None
}

/// Values of a type that neither the schema nor unspecified values names.
fn of_another_type(schema: &Schema) -> Option<BoxedStrategy<String>> {
    let mut ways: Vec<BoxedStrategy<String>> = Vec::new();
    if !schema.is(Type::Boolean) {
        ways.push(any::<bool>().prop_map(|value| value.to_string()).boxed());
    }
    if !schema.is(Type::Integer) {
        ways.push(any::<i32>().prop_map(|number| number.to_string()).boxed());
    }
    if !schema.is(Type::String) {
        ways.push("[ -~]{0,12}".prop_map(|text| Value::from(text).to_string()).boxed());
    }
    if !schema.is(Type::Object) {
        ways.push(("[a-z]{1,5}", any::<u8>()).prop_map(|(name, number)| format!("{{\"{name}\":{number}}}")).boxed());
    }
    if !schema.is(Type::Array) {
        ways.push(prop::collection::vec(any::<u8>(), 0..3).prop_map(|items| format!("{items:?}")).boxed());
    }
    (!ways.is_empty()).then(|| prop::strategy::Union::new(ways).boxed())
}

/// The integers that some reading allows; `None` is no limit.
fn outer_range(schema: &Schema) -> (Option<i64>, Option<i64>) {
    let of = |keyword| schema.rule(keyword).and_then(limit);
    let low = of("minimum").into_iter().chain(of("exclusiveMinimum")).max();
    (low, of("maximum").into_iter().chain(of("exclusiveMaximum")).min())
}
