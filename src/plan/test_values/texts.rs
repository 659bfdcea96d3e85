//! Texts worth trying.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{TestValue, all_rules, listed};
use crate::contract::{Format, Rule, Schema};
use crate::plan::pattern;

/// What a length in one byte takes for one sign.
const ONE_BYTE_MORE: usize = 0x101;

/// What a length in two bytes takes for one sign.
const TWO_BYTES_MORE: usize = 0x1_0001;

/// One sign more than the longest text worth sending as a field.
pub(super) const VERY_LONG: usize = 100_000;

/// Texts at every limit, in one-byte and in four-byte characters, and texts that systems mangle.
pub(super) fn texts(schema: &Schema) -> Vec<TestValue> {
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

pub(super) fn mangled() -> Vec<TestValue> {
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
pub(super) fn near_misses(schema: &Schema) -> Vec<TestValue> {
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
            // A space to most, and none to those that trim ASCII alone.
            format!("{text}\u{a0}"),
            text.replace(' ', "\u{a0}"),
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
