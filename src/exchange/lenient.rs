//! Reads JSON that its grammar allows and that neither a text nor a double can hold: an escape for half of a surrogate pair, a number beyond all range.
//!
//! Some servers answer with such values where they were sent them. The rest of their answer, an id above all, must be read all the same.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

/// A text, or a number, whichever comes first.
static TOKEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"#).ok());

/// An escape in a text; those of a whole pair are taken together.
static ESCAPE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)").ok()
});

/// The value, with a replacement character for half a pair and the nearest double for a number.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mended = TOKEN.as_ref()?.replace_all(text, |token: &Captures<'_>| mended(&token[0]));
    serde_json::from_str(&mended).ok()
}

/// What a careless writer leaves between the texts: a word for a number that JSON cannot hold, a comma before the end.
static CARELESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b|,(?<end>\s*[\]}])"#).ok());

/// The text as JSON, for a reader that needs what is in it whatever it is: without a byte order mark, with `null` for what is no number, without a comma before
/// an end.
pub(super) fn salvaged(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let replaced = CARELESS.as_ref()?.replace_all(text, |found: &Captures<'_>| match (&found[0], found.name("end")) {
        (_, Some(end)) => end.as_str().to_owned(),
        (text, None) if text.starts_with('"') => text.to_owned(),
        (_, None) => "null".to_owned(),
    });
    Some(replaced.into_owned())
}

fn mended(token: &str) -> String {
    if token.starts_with('"') {
        let Some(escape) = ESCAPE.as_ref() else { return token.to_owned() };
        return escape.replace_all(token, |escape: &Captures<'_>| whole(&escape[0])).into_owned();
    }
    match token.parse::<f64>() {
        Ok(number) if number.is_infinite() => if number > 0.0 { "1e308" } else { "-1e308" }.to_owned(),
        _ => token.to_owned(),
    }
}

/// The escape, or the replacement character for half a pair.
fn whole(escape: &str) -> String {
    let code = escape.strip_prefix("\\u").filter(|code| code.len() == 4);
    let is_half =
        code.and_then(|code| u32::from_str_radix(code, 16).ok()).is_some_and(|code| (0xD800..0xE000).contains(&code));
    if is_half { "\\ufffd".to_owned() } else { escape.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read, salvaged};

    #[test]
    fn what_cannot_be_held_is_read_as_what_comes_nearest() {
        let table = [
            (r#"{"id":"a","name":"x\ud800"}"#, json!({"id": "a", "name": "x\u{FFFD}"})),
            (r#"["\ud83d\ude00","\\ud800","\udc00\ud800"]"#, json!(["😀", "\\ud800", "\u{FFFD}\u{FFFD}"])),
            (r#"{"x":1e999,"y":-1e999,"z":1.5,"t":"1e999"}"#, json!({"x": 1e308, "y": -1e308, "z": 1.5, "t": "1e999"})),
        ];
        for (text, expected) in table {
            assert_eq!(read(text.as_bytes()), Some(expected), "{text}");
        }
        for text in ["", "{", r#"{"x":Infinity}"#, r#"{"x":"\x"}"#, "{\"x\":01}"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_nearly_json_can_be_read_for_what_is_in_it() {
        let table = [
            ("\u{feff}{\"id\":\"a\"}", json!({"id": "a"})),
            (r#"{"id":"a","x":NaN,"y":-Infinity}"#, json!({"id": "a", "x": null, "y": null})),
            (r#"{"id":"NaN, ]","l":[1,],}"#, json!({"id": "NaN, ]", "l": [1]})),
        ];
        for (text, expected) in table {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&salvaged(text.as_bytes()).unwrap()).unwrap(),
                expected,
                "{text}"
            );
        }
    }
}
