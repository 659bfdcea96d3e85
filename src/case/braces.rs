//! Names in braces: what the texts of a case leave to a row, to an earlier step, or to the run. `{{name}}` is `{name}` itself.

use std::borrow::Cow;

use serde_json::Value;

use crate::document::{Errors, Node, nearest};

/// A part of a text.
enum Part<'a> {
    /// What stands for itself.
    Plain(&'a str),
    /// `{name}`.
    Name(&'a str),
    /// `{{name}}`.
    Literal(&'a str),
}

/// The parts of a text, in their order; braces around anything that is no name are plain.
fn parts(text: &str, is_name: impl Fn(&str) -> bool) -> Vec<Part<'_>> {
    let (mut parts, mut plain, mut at) = (Vec::new(), 0, 0);
    while let Some(offset) = text[at..].find('{') {
        let start = at + offset;
        let inner = |opening: &str, closing: &str| {
            let (name, _) = text[start..].strip_prefix(opening)?.split_once(closing)?;
            is_name(name).then_some((name, start + opening.len() + name.len() + closing.len()))
        };
        let literal = inner("{{", "}}").map(|(name, end)| (Part::Literal(name), end));
        match literal.or_else(|| inner("{", "}").map(|(name, end)| (Part::Name(name), end))) {
            Some((part, end)) => {
                parts.extend([Part::Plain(&text[plain..start]), part]);
                (plain, at) = (end, end);
            }
            None => at = start + 1,
        }
    }
    parts.push(Part::Plain(&text[plain..]));
    parts
}

/// Whether a text can be the name of something that is filled in.
fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    !text.is_empty() && text.chars().all(is_plain)
}

/// Each `{name}` of a text, also those within other braces. Braces around anything else are left alone, as JSON is full of them.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).filter(|name| is_name(name))
}

/// The names that something must be filled in for.
pub(super) fn names(text: &str) -> Vec<&str> {
    let names = parts(text, is_name).into_iter();
    names.filter_map(|part| if let Part::Name(name) = part { Some(name) } else { None }).collect()
}

/// The text with each `{column}` replaced, and each `{{column}}` as it is.
pub(super) fn filled<'a>(text: &str, cell: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let is_known = |name: &str| is_name(name) || cell(name).is_some();
    let mut filled = String::new();
    for part in parts(text, is_known) {
        match part {
            Part::Plain(text) => filled.push_str(text),
            Part::Name(name) => match cell(name) {
                Some(cell) => filled.push_str(&cell),
                None => filled.push_str(&format!("{{{name}}}")),
            },
            Part::Literal(name) => filled.push_str(&format!("{{{{{name}}}}}")),
        }
    }
    filled
}

/// A JSON text that says `{name}` where this one says `{{name}}`, written so that nothing fills it in any more.
pub(super) fn literal_in_json(text: &str) -> String {
    without_doubled(text, "\\u007b")
}

/// The value with `{name}` where it says `{{name}}`.
pub(super) fn literal_in_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_doubled(text, "{")),
        Value::Array(items) => items.iter().map(literal_in_value).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), literal_in_value(value))).collect(),
        other => other.clone(),
    }
}

fn without_doubled(text: &str, opening: &str) -> String {
    let parts = parts(text, is_name).into_iter().map(|part| match part {
        Part::Plain(text) => text.to_owned(),
        Part::Name(name) => format!("{{{name}}}"),
        Part::Literal(name) => format!("{opening}{name}}}"),
    });
    parts.collect()
}

/// Finds what was meant as a text and is a mapping to YAML, as there are no quotes around the braces.
pub(super) fn check_quotes(node: &Node, known: &[&str], errors: &mut Errors) {
    match node.name_in_bare_braces() {
        Some(name) if nearest(name, known.iter().copied()).is_some() => {
            let error = node.error(format!("without quotes, `{{{name}}}` is a mapping to YAML"));
            errors.keep::<()>(Err(error.with_hint(format!("write \"{{{name}}}\""))));
        }
        _ => node.children().into_iter().for_each(|child| check_quotes(child, known, errors)),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::{filled, literal_in_json, literal_in_value, names};

    #[test]
    fn doubled_braces_stand_for_themselves() {
        let cell = |name: &str| (name == "size").then_some(Cow::from("{run}"));
        assert_eq!(filled("{size} {{size}} {other} {{{size}}} {", cell), "{run} {{size}} {other} {{{size}}} {");
        assert_eq!(literal_in_value(&json!({"a": ["{{b}}", 1]})), json!({"a": ["{b}", 1]}));
        assert_eq!(names("{a} {{b}} {C} {d"), ["a"]);
        assert_eq!(literal_in_json(r#"{"a":"{{b}} {c}","d":{"e":1}}"#), r#"{"a":"\u007bb} {c}","d":{"e":1}}"#);
    }
}
