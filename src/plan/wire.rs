//! Bodies as bytes and headers as text: what no value of a field can be. Nothing here knows more than JSON and HTTP.

use serde_json::Value;

use super::assemble::FieldText;

/// Media types to declare; `None` declares nothing.
pub(super) const MEDIA_TYPES: [Option<&str>; 12] = [
    None,
    Some("application/json; charset=utf-8"),
    Some("application/json;charset=UTF-8"),
    Some("APPLICATION/JSON"),
    Some("application/json; charset=iso-8859-1"),
    Some("application/problem+json"),
    Some("application/x-www-form-urlencoded"),
    Some("application/xml"),
    Some("text/plain"),
    Some("application/octet-stream"),
    Some("json"),
    Some("*/*"),
];

/// The beginning of a body as gzip, and the header that says so: name, value and bytes.
pub(super) const ENCODED: (&str, &str, &[u8]) = ("Content-Encoding", "gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00");

const MEGABYTE: usize = 1024 * 1024;

/// Bodies that are no object, no JSON, or JSON of a kind that readers differ about; `good` is a right one, and `needed` is what objects must have.
pub(super) fn bodies(good: &[u8], needed: &[FieldText]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(good).into_owned();
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |label: &str, bytes: Vec<u8>| found.push((label.to_owned(), bytes));
    for (label, body) in NO_OBJECTS.iter().chain(&MALFORMED).chain(&OPEN) {
        add(label, with_needed(body, needed).into_bytes());
    }
    for (label, from, to) in SPOILED {
        add(label, text.replacen(from, to, 1).into_bytes());
    }
    for (label, end) in
        [("cut after one byte", 1), ("cut in the middle", good.len() / 2), ("cut before the last byte", good.len() - 1)]
    {
        add(label, good[..end].to_vec());
    }
    add("trailing comma", [&good[..good.len() - 1], b",}"].concat());
    add("trailing word", [good, b" more"].concat());
    add("trailing NUL", [good, b"\0"].concat());
    add("another object behind it", [good, good].concat());
    add("single quotes", text.replace('"', "'").into_bytes());
    add("byte order mark", [b"\xEF\xBB\xBF", good].concat());
    add("UTF-16, little end first", text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    add(
        "UTF-16 with its mark",
        "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
    );
    add("UTF-32", text.chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect());
    let empty = with_needed("{}", needed).into_bytes();
    let comma: &[u8] = if needed.is_empty() { b"" } else { b"," };
    add("bytes that are no text", [&empty[..empty.len() - 1], comma, b"\"x\":\"\xC3\x28\xFF\"}"].concat());
    add("white space around it", format!("\r\n\t {text} \n").into_bytes());
    let opening = with_needed("{\"x\":", needed);
    add("100 levels deep", nested(&opening, "[", "]", 100));
    add("1000 levels deep", nested(&opening, "[", "]", 1000));
    add("20000 levels deep", nested(&opening, "[", "]", 20_000));
    add("20000 levels of arrays", nested("", "[", "]", 20_000));
    for kilobytes in [4, 16, 60] {
        add(&format!("{kilobytes} KB of white space"), [" ".repeat(kilobytes * 1024).as_bytes(), good].concat());
    }
    add("a megabyte of white space", [" ".repeat(MEGABYTE).as_bytes(), good].concat());
    add("a megabyte in a field", format!("{opening}\"{}\"}}", "x".repeat(MEGABYTE)).into_bytes());
    add("a megabyte of digits", format!("{opening}{}}}", "9".repeat(MEGABYTE)).into_bytes());
    found
}

/// Bytes that are not UTF-8, and two escapes for one character.
const IN_A_TEXT: [(&str, &[u8]); 5] = [
    ("a pair of escapes in a text", br"\ud83d\ude00"),
    ("a byte of another encoding in a text", b"\xE9"),
    ("half a character in a text", b"\xE2\x82"),
    ("a character of more bytes than it takes in a text", b"\xC1\xA1"),
    ("half a pair as bytes in a text", b"\xED\xA0\x80"),
];

/// A body that ends in a text, with bytes at the end of it that readers may stumble over.
pub(super) fn with_odd_texts(good: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Some(begin) = good.strip_suffix(b"\"}") else { return Vec::new() };
    let spoiled = |(label, bytes): (&str, &[u8])| (label.to_owned(), [begin, bytes, b"\"}"].concat());
    IN_A_TEXT.map(spoiled).into()
}

/// A text, or an array of texts, with an escape for each character; `None` for anything else.
pub(super) fn escaped(json: &str) -> Option<String> {
    let escapes = |text: &str| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
    match serde_json::from_str(json).ok()? {
        Value::String(text) if !text.is_empty() => Some(format!("\"{}\"", escapes(&text))),
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| Some(format!("\"{}\"", escapes(item.as_str()?))));
            Some(format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(",")))
        }
        _ => None,
    }
}

/// A body with what is needed at the beginning of its object; what begins otherwise stays as it is.
fn with_needed(body: &str, needed: &[FieldText]) -> String {
    let is_object = !body.trim_start().starts_with(['[', '"']);
    let Some((before, rest)) = body.split_once('{').filter(|_| is_object && !needed.is_empty()) else {
        return body.to_owned();
    };
    let entries: Vec<_> = needed.iter().map(|(name, json)| format!("{}:{json}", Value::from(name.as_str()))).collect();
    let comma = if rest.trim_start().is_empty() || rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{before}{{{}{comma}{rest}", entries.join(","))
}

fn nested(before: &str, open: &str, close: &str, depth: usize) -> Vec<u8> {
    let end = if before.is_empty() { "" } else { "}" };
    format!("{before}{}{}{end}", open.repeat(depth), close.repeat(depth)).into_bytes()
}

const NO_OBJECTS: [(&str, &str); 10] = [
    ("null", "null"),
    ("true", "true"),
    ("false", "false"),
    ("zero", "0"),
    ("number", "-1.5"),
    ("empty text", "\"\""),
    ("object as text", "\"{}\""),
    ("empty array", "[]"),
    ("array of an object", "[{}]"),
    ("array of numbers", "[1,2]"),
];

const MALFORMED: [(&str, &str); 22] = [
    ("nothing", ""),
    ("space", " "),
    ("line end", "\r\n"),
    ("word", "nonsense"),
    ("open brace", "{"),
    ("closing brace", "}"),
    ("key without value", "{\"x\"}"),
    ("key without quotes", "{x:1}"),
    ("comma alone", "{,}"),
    ("two commas", "{\"x\":1,,\"y\":2}"),
    ("no comma", "{\"x\":1 \"y\":2}"),
    ("NaN", "{\"x\":NaN}"),
    ("Infinity", "{\"x\":-Infinity}"),
    ("leading zero", "{\"x\":01}"),
    ("plus sign", "{\"x\":+1}"),
    ("point without digits", "{\"x\":1.}"),
    ("hexadecimal", "{\"x\":0x1F}"),
    ("Python's None", "{\"x\":None}"),
    ("line comment", "{} // comment"),
    ("block comment", "/* comment */ {}"),
    ("wrong escape", "{\"x\":\"\\x41\"}"),
    ("line end in a text", "{\"x\":\"a\nb\"}"),
];

/// JSON that every grammar accepts and readers differ about.
const OPEN: [(&str, &str); 4] = [
    ("key twice", "{\"x\":1,\"x\":2}"),
    ("key twice, once escaped", "{\"x\":1,\"\\u0078\":2}"),
    ("lone surrogate", "{\"x\":\"\\ud83d\"}"),
    ("number beyond a double", "{\"x\":1e999}"),
];

/// A right body with one sign changed: label, what is replaced, by what.
const SPOILED: [(&str, &str, &str); 4] = [
    ("missing colon", ":", " "),
    ("equals sign", ":", "="),
    ("missing quote", "\"", ""),
    ("typographic quote", "\"", "\u{201C}"),
];
