//! The keywords of a schema as they come together: what a contract can say of them, and what it cannot.

use serde_json::{Map, Value};

use super::document::Document;
use super::field::{Line, Side};
use super::flat::Flat;
use super::words::{shortened, to_do};
use super::yaml;
use crate::contract::{Schema, read_field};
use crate::document::{Node, TO_DO, parse};

/// Items of items of items: no contract is deeper.
const DEEPEST: usize = 3;

/// A list longer than this is no list that somebody reads.
const MOST_VALUES: usize = 1000;

/// What is asked for in the place of a type.
pub(super) fn missing_type(flat: &Flat<'_>) -> String {
    let what = if flat.left_out.is_empty() { "the document names no type" } else { "the document has a choice" };
    to_do(&format!("{what}; one type, or a list of them"))
}

/// The keywords of a schema as they come together.
#[derive(Default)]
pub(super) struct Keywords {
    pub(super) side: Side,
    pub(super) comments: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) has_type: bool,
    pub(super) has_objects: bool,
    pub(super) because: Option<String>,
    pub(super) samples: Vec<Value>,
    pub(super) has_odd_form: bool,
}

/// Formats that a contract does not know, each with a text of it.
const FORMATS: [(&str, &str); 12] = [
    ("uuid", "6f1d2c9e-0c3b-4a51-9a3e-2f6f0e8f4d11"),
    ("date-time", "2030-01-01T00:00:00Z"),
    ("date", "2030-01-01"),
    ("time", "12:00:00Z"),
    ("email", "somebody@example.com"),
    ("uri", "https://example.com/"),
    ("url", "https://example.com/"),
    ("hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("byte", "dGV4dA=="),
    ("duration", "PT1H"),
];

/// Formats that ask for no form of a text.
const LOOSE: [&str; 4] = ["password", "binary", "string", "text"];

/// Keywords that are taken over as they are.
const TAKEN: [&str; 9] =
    ["enum", "const", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"];

/// Keywords that say nothing a run could keep to, or are told elsewhere.
const SILENT: [&str; 16] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "format",
    "items",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "additionalProperties",
];

impl Keywords {
    pub(super) fn add<'a>(&mut self, document: &Document<'a>, flat: &Flat<'a>, depth: usize) {
        self.comments.extend(flat.left_out.iter().map(|what| format!("left out, as it cannot be said: {what}")));
        self.comments.extend(flat.errors.iter().map(|error| format!("left out: {}", error.message())));
        self.add_types(flat);
        if flat.has_fields() {
            self.has_objects = true;
            self.open("a contract cannot say what the fields of an object within a body must be");
        }
        for keyword in TAKEN {
            self.add_value(flat, keyword);
        }
        self.add_bounds(flat);
        if let Some(format) = flat.get("format").and_then(|format| format.text().ok()) {
            self.add_format(format, flat.types.contains(&"string"));
        }
        if let Some(items) = flat.get("items") {
            self.add_items(document, items, depth);
        }
        let is_left =
            |keyword: &&&str| !TAKEN.contains(keyword) && !SILENT.contains(keyword) && !keyword.starts_with("x-");
        let left: Vec<_> = flat.keywords.keys().filter(is_left).map(|keyword| format!("`{keyword}`")).collect();
        if !left.is_empty() {
            self.comments.push(format!("left out, as it cannot be said: {}", left.join(", ")));
        }
    }

    /// Says why only a sample is surely right.
    fn open(&mut self, because: &str) {
        self.because.get_or_insert_with(|| because.to_owned());
    }

    /// A format: two are known; a text of another one is surely right only where it is a sample.
    fn add_format(&mut self, format: &str, is_text: bool) {
        let known = FORMATS.iter().find(|(name, _)| *name == format).map(|(_, sample)| *sample);
        self.samples.extend(known.map(Value::from));
        if ["uuid", "date-time"].contains(&format) {
            self.lines.push(("format".to_owned(), format.into()));
            return;
        }
        if format == "int32" {
            return;
        }
        let format = shortened(format, 40);
        self.comments.push(format!("left out: format {format}"));
        if is_text && !LOOSE.contains(&format.as_str()) {
            self.has_odd_form |= self.samples.is_empty();
            self.open(&format!("a contract cannot say what the format {format} asks for"));
        }
    }

    fn add_types(&mut self, flat: &Flat<'_>) {
        let mut names: Vec<&str> = flat.types.clone();
        let is_known = |name: &&str| *name != "null";
        if !names.iter().any(is_known) {
            let object = flat.has_fields().then_some("object");
            names.extend(object.or(flat.get("items").map(|_| "array")));
        }
        let says_more = flat.get("enum").is_some() || flat.get("const").is_some();
        self.has_type = names.iter().any(is_known) || says_more;
        if !names.iter().any(is_known) {
            return;
        }
        self.lines.push(("type".to_owned(), if let [name] = names[..] { name.into() } else { names.into() }));
    }

    pub(super) fn add_value(&mut self, flat: &Flat<'_>, keyword: &str) {
        let Some(node) = flat.get(keyword) else { return };
        let value = node.json();
        if value.as_array().is_some_and(|values| values.len() > MOST_VALUES) {
            self.comments.push(format!("left out: `{keyword}` of more than {MOST_VALUES} values"));
        } else if value != Value::Bool(false) || keyword != "uniqueItems" {
            self.lines.push((keyword.to_owned(), value));
        }
    }

    /// Limits of numbers; those of OpenAPI 3.0 are exclusive where another keyword says so.
    fn add_bounds(&mut self, flat: &Flat<'_>) {
        for (limit, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            let number = |keyword| flat.get(keyword).map(Node::json).filter(|value| !value.is_boolean());
            let is_exclusive = flat.is(exclusive);
            let limits =
                [(if is_exclusive { exclusive } else { limit }, number(limit)), (exclusive, number(exclusive))];
            for (keyword, value) in limits {
                self.lines.extend(value.map(|value| (keyword.to_owned(), value)));
            }
        }
    }

    fn add_items<'a>(&mut self, document: &Document<'a>, node: &'a Node, depth: usize) {
        if depth == DEEPEST {
            self.comments.push("left out: items of items of items".to_owned());
            return;
        }
        let flat = Flat::of(document, node);
        let mut items = Self { side: self.side, ..Self::default() };
        items.add(document, &flat, depth + 1);
        items.settle("request.x.items");
        self.has_objects |= items.has_objects;
        items.because.iter().for_each(|because| self.open(because));
        self.comments.extend(items.comments.into_iter().map(|comment| format!("of the items: {comment}")));
        let mut value: Map<String, Value> = items.lines.into_iter().collect();
        if !items.has_type && self.side == Side::Request {
            value.insert("type".to_owned(), missing_type(&flat).into());
        }
        if !value.is_empty() {
            self.lines.push(("items".to_owned(), value.into()));
        }
    }

    /// Takes out a limit that only large bodies reach, whose refusal is left open; whether there was one.
    pub(super) fn drop_a_limit(&mut self) -> bool {
        let is_limit = |keyword: &str| ["maxLength", "maxItems"].contains(&keyword);
        let items = self.lines.iter_mut().find(|(keyword, _)| keyword == "items");
        let items = items.and_then(|(_, value)| value.as_object_mut());
        let of_items = items.and_then(|items| items.shift_remove_entry("maxLength"));
        let own = || self.lines.iter().position(|(keyword, _)| is_limit(keyword)).map(|index| self.lines.remove(index));
        let Some((keyword, value)) = of_items.or_else(own) else { return false };
        self.comments.push(format!("left out: {keyword}: {value} (only a large body reaches it)"));
        true
    }

    /// Takes out what the reader of contracts refuses, until it takes what is left.
    pub(super) fn settle(&mut self, place: &str) -> Schema {
        loop {
            let (line, message) = match read_lines(&known(&self.lines), place) {
                Ok(schema) => return schema,
                Err(refused) => refused,
            };
            let known: Vec<_> = (0..self.lines.len()).filter(|index| !is_to_do(&self.lines[*index].1)).collect();
            // The first line is the brace before the first keyword.
            let blamed = line.checked_sub(2).and_then(|index| known.get(index).copied());
            let Some(index) = blamed.or(known.last().copied()) else { return Schema::default() };
            let (keyword, value) = self.lines.remove(index);
            self.has_type &= keyword != "type";
            let shown = shortened(&yaml::value(&value), 120);
            let why = message.split(": ").next().unwrap_or_default();
            self.comments.push(format!("left out: {keyword}: {shown} ({why})"));
            if keyword == "pattern" {
                self.has_odd_form = true;
                self.open("a contract cannot say what the pattern of the document asks for");
            }
        }
    }
}

pub(super) fn is_to_do(value: &Value) -> bool {
    value.to_string().contains(&format!("\"{TO_DO}"))
}

/// The lines that say something.
fn known(lines: &[Line]) -> Vec<&Line> {
    lines.iter().filter(|(_, value)| !is_to_do(value)).collect()
}

/// What the reader of contracts makes of these keywords; or the line that it refuses, and why.
fn read_lines(lines: &[&Line], place: &str) -> Result<Schema, (usize, String)> {
    let mut text = "{\n".to_owned();
    for (keyword, value) in lines {
        text.push_str(&format!("{}: {},\n", yaml::text(keyword), yaml::value(value)));
    }
    text.push('}');
    let read = parse("", &text).and_then(|node| read_field(&node, place));
    read.map_err(|error| (error.position().0, error.message().to_owned()))
}

pub(super) fn reader_takes(lines: &[Line]) -> bool {
    read_lines(&known(lines), "request.x").is_ok()
}
