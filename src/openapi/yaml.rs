//! Values as YAML on one line: without quotes where nobody can read them otherwise.

use serde_json::Value;

use crate::document::TO_DO;

/// Signs that mean nothing within a text, whatever stands around it.
const HARMLESS: &str = " _-./()'$+%=;?^~";

/// Texts that some reader of YAML takes for something else.
const TAKEN: [&str; 14] =
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity", "none", "undefined"];

/// A text, also within braces.
pub(super) fn text(text: &str) -> String {
    if is_plain(text, HARMLESS) { text.to_owned() } else { quoted(text) }
}

/// A text on a line of its own, where a comma and braces mean nothing.
pub(super) fn line(text: &str) -> String {
    let harmless = format!("{HARMLESS},{{}}[]<>");
    if is_plain(text, &harmless) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str, harmless: &str) -> bool {
    let begins = text.chars().next().is_some_and(|first| first.is_alphabetic() || "/$_".contains(first));
    let is_taken = TAKEN.contains(&text.to_lowercase().as_str());
    // A hash is the beginning of a comment only behind a space.
    let is_harmless = |letter: char| letter.is_alphanumeric() || letter == '#' || harmless.contains(letter);
    begins && !is_taken && !text.contains(" #") && !text.ends_with(' ') && text.chars().all(is_harmless)
}

/// A text in quotes: single ones, unless it is still to be filled in or has what must be escaped.
fn quoted(text: &str) -> String {
    let is_easy = |letter: char| letter == ' ' || letter.is_ascii_graphic() && letter != '\'';
    if text.chars().all(is_easy) && !text.starts_with(TO_DO) { format!("'{text}'") } else { escaped(text) }
}

/// A text in the quotes of JSON, with an escape for whatever YAML does not take as it is.
fn escaped(text: &str) -> String {
    let is_odd = |letter: char| {
        letter.is_control() || "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(letter) || letter > '\u{ffff}'
    };
    let escaped = |letter: char| {
        if letter > ' ' && is_odd(letter) { format!("\\U{:08x}", u32::from(letter)) } else { letter.to_string() }
    };
    Value::from(text).to_string().chars().map(escaped).collect()
}

/// A value, on one line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(words) => text(words),
        Value::Array(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(name, each): (&String, &Value)| format!("{}: {}", text(name), self::value(each));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A value on a line of its own.
pub(super) fn line_value(value: &Value) -> String {
    match value {
        Value::String(words) => line(words),
        other => self::value(other),
    }
}

/// A comment, each line with this much before it.
pub(super) fn comment(indent: usize, words: &str) -> String {
    const WIDTH: usize = 130;
    let (before, mut text, mut room) = (" ".repeat(indent), String::new(), 0);
    for word in
        words.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty())
    {
        let length = word.chars().count() + 1;
        if length > room {
            let end = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{end}{before}#"));
            room = WIDTH - indent;
        }
        room = room.saturating_sub(length);
        let odd = |letter: char| if "\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}".contains(letter) { '?' } else { letter };
        text.push(' ');
        text.extend(word.chars().map(odd));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{line_value, value};
    use crate::document::parse;

    #[test]
    fn what_is_written_is_what_is_read() {
        let odd = "\u{0}\u{7f}\u{85}\u{2028}\u{feff}\u{1f600}\"\\/\t\n";
        let texts = [
            "plain",
            "two words",
            "no",
            "True",
            "~",
            "",
            " ",
            "a: b",
            "a #b",
            "a#b",
            "#a",
            "- a",
            "1.0",
            "0x1F",
            "1e3",
            "{run}",
            "a, b",
            "$response.body#/id",
            "a]",
            "'",
            "\"",
            "!tag",
            "&a",
            "*a",
            "a\nb",
            "=",
            "<<",
            "?",
            "a ",
            odd,
        ];
        let mut values: Vec<Value> = texts.into_iter().map(Value::from).collect();
        values.extend([json!(null), json!(1e300), json!(-0.5), json!([1, [true], {}])]);
        let fields: serde_json::Map<_, _> = texts.into_iter().map(|text| (text.to_owned(), json!([text]))).collect();
        values.push(fields.into());
        for each in values {
            for text in [line_value(&each), value(&json!({"a": [each]}))] {
                let node = parse("a.yaml", &format!("key: {text}\n")).unwrap_or_else(|error| panic!("{error}"));
                let read = node.get("key").unwrap().json();
                assert!(read == each || read == json!({"a": [each]}), "{text}");
            }
        }
    }
}
