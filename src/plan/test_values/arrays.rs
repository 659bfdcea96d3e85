//! Arrays worth trying.

use std::collections::BTreeSet;

use serde_json::Value;

use super::texts::VERY_LONG;
use super::{LONGEST_LABEL, TestValue, all_rules, is_unambiguous, listed, parts, test_values};
use crate::contract::{Rule, Schema, Type};
use crate::plan::pattern;

/// Far more items than any limit, as far as a contract has one: what counts them in a byte has them all the same.
const MANY_ITEMS: u64 = 0x101;

/// Arrays at every limit of items, with repeats, and with each value worth trying as an item.
pub(super) fn arrays(schema: &Schema, items: &Schema) -> Vec<TestValue> {
    let limits = all_rules(schema).filter_map(|rule| match rule {
        Rule::MinItems(limit) | Rule::MaxItems(limit) => Some(*limit),
        _ => None,
    });
    let mut counts: BTreeSet<u64> =
        limits.flat_map(|limit| [limit.saturating_sub(1), limit, limit.saturating_add(1)]).collect();
    if counts.last().is_some_and(|most| *most < MANY_ITEMS) {
        counts.insert(MANY_ITEMS);
    }
    counts.extend([0, 1, 2]);
    let good = |count: u64| {
        (0..usize::try_from(count).unwrap_or(0)).filter_map(|index| good_item(items, index)).collect::<Vec<_>>()
    };
    let mut found: Vec<_> =
        counts.into_iter().map(|count| TestValue::new(format!("[{}]", good(count).join(",")))).collect();
    if let [first, second] = good(2).as_slice() {
        found.push(TestValue::new(format!("[{first},{second},{first}]")));
        found.extend(schema.rule("uniqueItems").map(|_| TestValue::new(format!("[{first},{first}]"))));
        found.extend(misplaced(schema, items, good));
        for item in test_values(items) {
            found.push(TestValue::new(format!("[{}]", item.json)));
            if !is_unambiguous(items, &item.json) && item.json.len() < LONGEST_LABEL {
                found.push(TestValue::new(format!("[{first},{}]", item.json)));
            }
        }
    }
    found
}

/// A wrong item of each kind at each place worth trying: first, in the middle and last, beside two right ones and beside as many as every reading allows. Of
/// wrong types the first stands beside both, the others beside two.
fn misplaced(schema: &Schema, items: &Schema, good: impl Fn(u64) -> Vec<String>) -> Vec<TestValue> {
    let most = parts(schema).flat_map(|part| &part.rules).filter_map(|rule| match rule {
        Rule::MaxItems(limit) => Some(*limit),
        _ => None,
    });
    let many = most.min().map(|most| most.saturating_sub(1)).filter(|count| *count > 2);
    let (mut found, mut keywords, mut kinds) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for wrong in test_values(items) {
        let value = serde_json::from_str::<Value>(&wrong.json).unwrap_or(Value::Null);
        let Some(broken) = items.examine(&value).broken.first().map(|broken| broken.keyword) else { continue };
        let kind = if broken == "type" { format!("{broken} {}", type_of(&value)) } else { broken.to_owned() };
        if wrong.json.len() >= VERY_LONG || !kinds.insert(kind.clone()) {
            continue;
        }
        let many = many.filter(|_| keywords.insert(broken));
        for right in [Some(2), many].into_iter().flatten().map(&good) {
            for place in [0, right.len() / 2, right.len()] {
                let mut all = right.clone();
                all.insert(place, wrong.json.clone());
                let label = format!("wrong {kind} at {place} of {}", all.len());
                found.push(TestValue { label, json: format!("[{}]", all.join(",")) });
            }
        }
    }
    found
}

/// The name that a schema has for the type of a value.
fn type_of(value: &Value) -> &'static str {
    Type::ALL.iter().find(|(_, each)| each.holds(value)).map_or("", |(name, _)| name)
}

/// The item with this number among items that every reading allows together.
pub(in crate::plan) fn good_item(items: &Schema, index: usize) -> Option<String> {
    let pattern = parts(items).flat_map(|part| &part.rules).find_map(|rule| match rule {
        Rule::Pattern(pattern) => Some(pattern),
        _ => None,
    });
    match (pattern, listed(items)) {
        (Some(pattern), _) => pattern::numbered(pattern, index).map(|text| Value::from(text).to_string()),
        (None, Some(values)) => values.get(index).map(Value::to_string),
        (None, None) => Some(Value::from(format!("item{index}")).to_string()),
    }
}
