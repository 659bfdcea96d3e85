//! What JSON values are to each other, and to a limit.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Number, Value};

/// Whether two values are the same to a reader of JSON: `100` and `100.0` are, `"100"` and `100` are not.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right
                || (left.is_f64() != right.is_f64()
                    && float(left).partial_cmp(&float(right)).is_some_and(Ordering::is_eq))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// Whether two arrays have the same items, in any order.
pub fn same_items(left: &Value, right: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut items = value.as_array()?.clone();
        items.sort_by_key(Value::to_string);
        Some(Value::Array(items))
    };
    sorted(left).zip(sorted(right)).is_some_and(|(left, right)| same(&left, &right))
}

/// Values as a reader sees them: `"vhd", "raw"`.
pub fn list(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

/// What limits are held against: a number itself, the characters of a text, the items of an array.
pub(super) fn size(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(float(number)),
        Value::String(text) => Some(float(&length(text).into())),
        Value::Array(items) => Some(float(&items.len().into())),
        _ => None,
    }
}

/// The length that limits count: Unicode scalar values.
pub(super) fn length(text: &str) -> u64 {
    text.chars().count() as u64
}

pub(super) fn is_whole(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}

pub(super) fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Whether a number is a whole number of units, but for what doubles lose: 0.07 is seven times 0.01.
pub(super) fn is_multiple(number: &Number, unit: &Number) -> bool {
    if let (Some(number), Some(unit)) = (integer(number), integer(unit)) {
        return number % unit == 0;
    }
    let count = float(number) / float(unit);
    (count - count.round()).abs() <= LOST * count.abs().max(1.0)
}

/// The integer that a number is, as far as 128 bits hold it.
fn integer(number: &Number) -> Option<i128> {
    let of_float = || {
        let value = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 1e38)?;
        format!("{value:.0}").parse().ok()
    };
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(of_float)
}

/// So much of a quotient may be lost.
const LOST: f64 = 1e-9;

pub(super) fn are_unique(items: &[Value]) -> bool {
    items.iter().enumerate().all(|(index, item)| !items[..index].iter().any(|other| same(item, other)))
}

pub(super) fn are_distinct(pattern: &Regex, items: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::new();
    items
        .iter()
        .filter_map(Value::as_str)
        .all(|text| seen.insert(pattern.find(text).map_or("", |found| found.as_str())))
}
