//! Reads JSON that its grammar allows and that neither a text nor a double can hold: an escape for half of a surrogate pair, a number beyond all range.
//!
//! Some servers answer with such values where they were sent them. The rest of their answer, an id above all, must be read all the same.

use std::borrow::Cow;
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
fn read(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mended = TOKEN.as_ref()?.replace_all(text, |token: &Captures<'_>| mended(&token[0]));
    serde_json::from_str(&mended).ok()
}

/// A text as a JSON value. What JSON's grammar allows and no text or double can hold is read as what comes nearest.
pub(crate) fn value_of(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok().or_else(|| read(text))
}

/// What a careless writer leaves between the texts: a word for a number that JSON cannot hold, a comma before the end.
static CARELESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b|,(?<end>\s*[\]}])"#).ok());

/// The text as JSON, for a reader that needs what is in it whatever it is: without what stands around it, be it a byte order mark, a comment or a call of
/// JavaScript, with `null` for what is no number, without a comma before an end.
pub(crate) fn salvaged(bytes: &[u8]) -> Option<String> {
    let text = decoded(bytes);
    let replaced = CARELESS.as_ref()?.replace_all(without_company(&text), |found: &Captures<'_>| {
        match (&found[0], found.name("end")) {
            (_, Some(end)) => end.as_str().to_owned(),
            (text, None) if text.starts_with('"') => text.to_owned(),
            (_, None) => "null".to_owned(),
        }
    });
    Some(replaced.into_owned())
}

/// The text of these bytes: UTF-16 where a byte order mark says so, else UTF-8.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let units = |from: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        Cow::from(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// The text from its first object or array to its last one; a page with something like JSON in the middle of it stays what it is.
fn without_company(text: &str) -> &str {
    let start = text.find(['{', '[']).filter(|start| !text[..*start].contains('<')).unwrap_or(0);
    let end = text.rfind(['}', ']']).map_or(text.len(), |end| end + 1);
    text.get(start..end).unwrap_or(text)
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
            ("callback({\"id\":\"a\"});", json!({"id": "a"})),
            (")]}',\n[{\"id\":\"a\"}]\n<!-- 3 ms -->", json!([{"id": "a"}])),
        ];
        for (text, expected) in table {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&salvaged(text.as_bytes()).unwrap()).unwrap(),
                expected,
                "{text}"
            );
        }
        let wide = "\u{feff}{\"id\":\"ä\"}".encode_utf16();
        let bytes: [Vec<u8>; 2] =
            [wide.clone().flat_map(u16::to_le_bytes).collect(), wide.flat_map(u16::to_be_bytes).collect()];
        assert!(bytes.iter().all(|bytes| salvaged(bytes).as_deref() == Some("{\"id\":\"ä\"}")));
    }

    #[test]
    fn a_page_is_no_json() {
        for text in ["<html><script>x = {\"id\":\"a\"}</script></html>", "", "}{", "{\"id\":\"a", "{}{}"] {
            let salvaged = salvaged(text.as_bytes()).unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(&salvaged).is_err(), "{text}");
        }
    }
}
