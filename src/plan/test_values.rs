//! The values worth trying in a field, all of which follow from its schema: both sides of every limit, every listed value and what is nearly it, every
//! JSON type, unspecified values, and texts that systems mangle.
//!
//! A value is JSON text, not a parsed value: `1e2` and `-0` are what they are because of how they are written. Which of them are right is not decided
//! here; the judge classifies them like any other request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pattern;
use crate::contract::{Format, Rule, Schema, Type, Unambiguous};

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

/// Both sides of every limit, the edges of what machines count with, and other ways to write a number.
fn numbers(schema: &Schema) -> Vec<TestValue> {
    let limits = all_rules(schema).filter_map(|rule| match rule {
        Rule::Minimum(limit) | Rule::Maximum(limit) | Rule::ExclusiveMinimum(limit) | Rule::ExclusiveMaximum(limit) => {
            limit.as_i64().map(i128::from)
        }
        _ => None,
    });
    let limits: BTreeSet<i128> = limits.collect();
    let edges = [16, 31, 32, 53, 63, 64].map(|bits| 1_i128 << bits);
    let mut whole: BTreeSet<i128> = limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]).collect();
    whole.extend(edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1, -edge]));
    whole.extend([-1, 0, 1]);
    let multiples = units(schema).flat_map(|unit| multiples(unit, &limits));
    whole.extend(multiples.collect::<Vec<_>>());
    if units(schema).next().is_some() {
        // Readers that round cannot tell whether one of these is a multiple, and this program is one of them.
        whole.retain(|number| is_read_exactly(*number));
    }
    let mut found: Vec<_> = whole.into_iter().map(|number| TestValue::new(number.to_string())).collect();
    let inside: Vec<i128> = limits.iter().copied().filter(|limit| *limit > 0).collect();
    let inside = if inside.is_empty() { vec![10] } else { inside };
    found.extend(
        ["-0", "0.5", "-0.5", "1e2", "1E+2", "1e-2", "1e400", "-1.0", "100.00000000000001"].map(TestValue::new),
    );
    for unit in
        all_rules(schema).filter_map(|rule| if let Rule::MultipleOf(unit) = rule { unit.as_f64() } else { None })
    {
        let parts = [0.5, 1.0, 1.5, 2.0, 3.0].map(|count| count * unit);
        found.extend(parts.iter().filter(|part| part.fract() != 0.0).map(|part| TestValue::new(part.to_string())));
    }
    for number in inside {
        // What rounds to an allowed number is none.
        let near = [format!("{number}.0000001"), format!("{}.9999999", number - 1)];
        found.extend([format!("{number}.0"), format!("{number}.5"), format!("\"{number}\"")].map(TestValue::new));
        found.extend(near.map(TestValue::new));
    }
    found
}

/// The whole numbers of which a value must be a multiple.
fn units(schema: &Schema) -> impl Iterator<Item = i128> {
    all_rules(schema).filter_map(|rule| match rule {
        Rule::MultipleOf(unit) => unit.as_i64().map(i128::from),
        _ => None,
    })
}

/// Whether a reader of JSON keeps all digits of a whole number.
fn is_read_exactly(number: i128) -> bool {
    let read: serde_json::Number = serde_json::from_str(&number.to_string()).unwrap_or_else(|_| 0.into());
    !read.is_f64() || read.as_f64().is_some_and(|value| format!("{value:.0}") == number.to_string())
}

/// The first multiples of a unit and those at each limit, and what is one beside them.
fn multiples(unit: i128, limits: &BTreeSet<i128>) -> Vec<i128> {
    let at = limits.iter().map(|limit| limit.div_euclid(unit)).chain([1]);
    let counts = at.flat_map(|count| [count - 1, count, count + 1]);
    counts.flat_map(|count| [count * unit - 1, count * unit, count * unit + 1]).collect()
}

/// The numbers that machines count with, and those beside them: the powers of two and of ten.
pub(super) fn sizes() -> Vec<String> {
    let twos = (0..63).flat_map(|exponent| [-1, 0, 1].map(|step| (1_i64 << exponent) + step));
    let tens = (0..18).map(|exponent| 10_i64.pow(exponent));
    let all: BTreeSet<i64> = twos.chain(tens).collect();
    all.into_iter().map(|number| number.to_string()).collect()
}

/// What a length in one byte takes for one sign.
const ONE_BYTE_MORE: usize = 0x101;

/// What a length in two bytes takes for one sign.
const TWO_BYTES_MORE: usize = 0x1_0001;

/// Far more items than any limit, as far as a contract has one: what counts them in a byte has them all the same.
const MANY_ITEMS: u64 = 0x101;

/// One sign more than the longest text worth sending as a field.
const VERY_LONG: usize = 100_000;

/// Texts at every limit, in one-byte and in four-byte characters, and texts that systems mangle.
fn texts(schema: &Schema) -> Vec<TestValue> {
    let limits: BTreeSet<u64> = all_rules(schema)
        .filter_map(|rule| match rule {
            Rule::MinLength(limit) | Rule::MaxLength(limit) => Some(*limit),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for limit in limits {
        for length in limit.saturating_sub(1)..=limit.saturating_add(1) {
            let length = usize::try_from(length).unwrap_or(VERY_LONG);
            found.extend(["a", "\u{1F600}"].map(|sign| TestValue::of(&Value::from(sign.repeat(length)))));
            // One sign to see, however many there are.
            let joined = "e".to_owned() + &"\u{301}".repeat(length.saturating_sub(1));
            found.extend((length as u64 > limit).then(|| TestValue::of(&Value::from(joined))));
            found.extend(behind_pattern(schema, length).map(|text| TestValue::of(&Value::from(text))));
        }
    }
    for rule in all_rules(schema) {
        if let Rule::Pattern(pattern) = rule {
            let made = [pattern::shortest(pattern), pattern::longest(pattern), pattern::numbered(pattern, 1)];
            found.extend(made.into_iter().flatten().map(|text| TestValue::of(&Value::from(text))));
        }
    }
    if let Some(Rule::Format(Format::Uuid)) = schema.rule("format") {
        found.extend(UUIDS.map(TestValue::new));
    }
    found.extend(mangled());
    found
}

/// A text of this length whose beginning keeps a pattern, and whose rest is of four bytes a character, where the pattern allows that and no text of these alone.
fn behind_pattern(schema: &Schema, length: usize) -> Option<String> {
    let Some(Rule::Pattern(pattern)) = schema.rule("pattern") else { return None };
    let is_kept = |text: &str| pattern.is_match(text);
    let before = pattern::shortest(pattern)?;
    let text = before.clone() + &"\u{1F600}".repeat(length.checked_sub(before.chars().count())?);
    (is_kept(&text) && !is_kept(&"\u{1F600}".repeat(length))).then_some(text)
}

/// Ids of every form that somebody may take for one: with and without hyphens, in capitals, with a digit too many.
const UUIDS: [&str; 5] = [
    "\"7f3a9c52-6f0e-4d1b-9a4e-2b8c5d6e7f01\"",
    "\"7F3A9C52-6F0E-4D1B-9A4E-2B8C5D6E7F02\"",
    "\"7f3a9c526f0e4d1b9a4e2b8c5d6e7f03\"",
    "\"{7f3a9c52-6f0e-4d1b-9a4e-2b8c5d6e7f04}\"",
    "\"7f3a9c52-6f0e-4d1b-9a4e-2b8c5d6e7f005\"",
];

fn mangled() -> Vec<TestValue> {
    let texts = [
        " ",
        " a",
        "a ",
        "a  b",
        "\t",
        "a\nb",
        "cafe\u{301}",
        "caf\u{e9}",
        "\u{5d0}\u{5d1}\u{202e}abc",
        "\u{4e2d}\u{6587}",
        "\u{1F468}\u{200D}\u{1F469}",
        "\u{1}",
        "a\u{0}b",
        "\u{7f}",
        "\u{feff}a",
        "\u{fffd}",
        "<b>&amp;</b>",
        "../../etc",
        "a'b\"c\\d",
        "%00%2e",
        "${a}",
    ];
    let mut found: Vec<_> = texts.iter().map(|text| TestValue::of(&Value::from(*text))).collect();
    // No parsed value can hold half of a pair; an escape can.
    found.extend([r#""\ud800""#, r#""a\udc00b""#, r#""\u0041""#].map(TestValue::new));
    found.extend(
        [ONE_BYTE_MORE, TWO_BYTES_MORE, VERY_LONG].map(|length| TestValue::of(&Value::from("a".repeat(length)))),
    );
    found
}

/// What is nearly a listed value: other case, a space outside, a sign less or more.
fn near_misses(schema: &Schema) -> Vec<TestValue> {
    let values = listed(schema).unwrap_or_default();
    let chosen = if values.len() > 8 { values.iter().step_by(values.len() / 8).cloned().collect() } else { values };
    let texts = chosen.iter().chain(&schema.default).filter_map(Value::as_str);
    let near = |text: &str| {
        let shorter: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
        [
            text.to_uppercase(),
            text.to_lowercase(),
            format!(" {text}"),
            format!("{text} "),
            format!("{text}\n"),
            shorter,
            format!("{text}x"),
            format!("{text}\u{0}"),
            text.replace('a', "\u{430}"),
        ]
    };
    // Where other texts may be taken as well, they may come back mangled.
    let most = if takes_others(schema) { usize::MAX } else { 8 };
    texts.flat_map(near).map(|text| TestValue::of(&Value::from(text))).chain(mangled().into_iter().take(most)).collect()
}

/// Whether the schema leaves open what becomes of any other text than the listed ones.
fn takes_others(schema: &Schema) -> bool {
    schema.unspecified.iter().any(|values| values.schema.is_none())
}

/// Arrays at every limit of items, with repeats, and with each value worth trying as an item.
fn arrays(schema: &Schema, items: &Schema) -> Vec<TestValue> {
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

/// A wrong item of each kind at each place worth trying: first, in the middle and last, beside two right ones and beside as many as every reading allows.
fn misplaced(schema: &Schema, items: &Schema, good: impl Fn(u64) -> Vec<String>) -> Vec<TestValue> {
    let most = parts(schema).flat_map(|part| &part.rules).filter_map(|rule| match rule {
        Rule::MaxItems(limit) => Some(*limit),
        _ => None,
    });
    let right = [Some(2), most.min().map(|most| most.saturating_sub(1)).filter(|count| *count > 2)];
    let (mut found, mut kinds) = (Vec::new(), BTreeSet::new());
    for wrong in test_values(items) {
        let value = serde_json::from_str::<Value>(&wrong.json).unwrap_or(Value::Null);
        let Some(broken) = items.examine(&value).broken.first().map(|broken| broken.keyword) else { continue };
        if !kinds.insert(broken) || wrong.json.len() >= VERY_LONG {
            continue;
        }
        for right in right.into_iter().flatten().map(&good) {
            for place in [0, right.len() / 2, right.len()] {
                let mut all = right.clone();
                all.insert(place, wrong.json.clone());
                let label = format!("wrong {broken} at {place} of {}", all.len());
                found.push(TestValue { label, json: format!("[{}]", all.join(",")) });
            }
        }
    }
    found
}

/// The item with this number among items that every reading allows together.
pub(super) fn good_item(items: &Schema, index: usize) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::{is_read_exactly, numbers};
    use crate::contract::{Rule, Schema, Type};

    #[test]
    fn a_multiple_is_sent_only_where_every_digit_is_read() {
        for (number, is_exact) in [(u128::from(u64::MAX), true), (1 << 64, true), ((1 << 64) + 1, false)] {
            assert_eq!(is_read_exactly(number.try_into().unwrap()), is_exact, "{number}");
        }
        let sends = |rules: Vec<Rule>| {
            let mut schema = Schema::default();
            schema.rules = rules;
            let found = numbers(&schema);
            found.iter().any(|value| value.json == "18446744073709551617")
        };
        assert!(sends(vec![Rule::Type(vec![Type::Integer])]));
        assert!(!sends(vec![Rule::Type(vec![Type::Integer]), Rule::MultipleOf(2.into())]));
    }
}
