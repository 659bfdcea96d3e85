//! A field of a body as a contract has it. What the reader of contracts refuses is left out, with a comment that says why: it is asked, so that nothing here
//! has to know what it takes.

use serde_json::{Map, Value, json};

use super::document::Document;
use super::flat::Flat;
use super::words::{first_sentence, shortened, to_do};
use super::{sample, yaml};
use crate::contract::{Schema, Type, read_field};
use crate::document::{Node, TO_DO, parse};
use crate::plan;

/// Items of items of items: no contract is deeper.
const DEEPEST: usize = 3;

/// A list longer than this is no list that somebody reads.
const MOST_VALUES: usize = 1000;

/// Of whose field something is told.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// That of a request.
    #[default]
    Request,
    /// That of an answer.
    Response,
}

/// A keyword and its value.
pub(super) type Line = (String, Value);

/// A field.
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// What a contract cannot say of it.
    pub(super) comments: Vec<String>,
    /// Its keywords.
    pub(super) lines: Vec<Line>,
    /// What the reader of contracts makes of them, but for what is still to be filled in.
    pub(super) schema: Schema,
    /// Whether it must be there.
    pub(super) is_required: bool,
    /// A good value.
    pub(super) sample: Option<Value>,
    /// Why only a sample of it is surely right, where a contract cannot say all that the document does.
    pub(super) because: Option<String>,
    /// Whether it is, or holds, an object whose fields are told.
    pub(super) has_objects: bool,
}

impl Field {
    /// Reads a field of this name; `source` says where it stands.
    pub(super) fn read<'a>(document: &Document<'a>, node: &'a Node, name: &str, side: Side, source: &str) -> Self {
        let flat = Flat::of(document, node);
        let mut made = Keywords { side, ..Keywords::default() };
        let description = first_sentence(flat.get("description")).unwrap_or_else(|| format!("{source}, {name}."));
        made.lines.push(("description".to_owned(), description.into()));
        made.add(document, &flat, 0);
        if side == Side::Request {
            made.add_value(&flat, "default");
        }
        let mut schema = made.settle("request.x");
        while side == Side::Request && is_large(&schema) && made.drop_a_limit() {
            schema = made.settle("request.x");
        }
        let mut field = Self {
            name: name.to_owned(),
            comments: made.comments,
            lines: made.lines,
            schema,
            is_required: false,
            sample: None,
            because: made.because,
            has_objects: made.has_objects,
        };
        let common = if made.samples.is_empty() && !made.has_odd_form { common() } else { made.samples };
        field.find_sample(document, node, &flat, common);
        match side {
            Side::Request if field.because.is_some() => field.add_openness(),
            Side::Request => {
                field.add_examples(document, &flat);
                field.add_width(&flat);
            }
            Side::Response => {}
        }
        // Of an answer nothing need be said.
        if !made.has_type && side == Side::Request {
            let what =
                if flat.left_out.is_empty() { "the document names no type" } else { "the document has a choice" };
            field.lines.push(("type".to_owned(), to_do(&format!("{what}; one type, or a list of them")).into()));
        }
        field
    }

    /// Whether its text is free, so that it can say whose something is.
    pub(super) fn takes_a_mark(&self, mark: &str) -> bool {
        let is_free = ["enum", "const", "pattern", "format"].iter().all(|keyword| self.schema.rule(keyword).is_none());
        let with_mark = self.lines.iter().cloned().chain([("x-mark".to_owned(), mark.into())]).collect::<Vec<_>>();
        is_free && self.schema.is(Type::String) && reader_takes(&with_mark)
    }

    /// Whether it has this keyword.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.lines.iter().any(|(each, _)| each == keyword)
    }

    /// Whether something of it is still to be filled in.
    pub(super) fn is_begun(&self) -> bool {
        self.lines.iter().any(|(_, value)| is_to_do(value))
    }

    /// Whether a case can send this value, and must be taken for it.
    pub(super) fn is_good(&self, value: &Value) -> bool {
        let is_right =
            self.schema.is_unambiguous(value) && (self.because.is_none() || self.sample.as_ref() == Some(value));
        is_right && !self.is_begun() && !has_braces(value)
    }

    /// Gives the stub a value, where the one that it takes by itself would break a rule.
    pub(super) fn complete_answer(&mut self) {
        if self.is_begun() {
            return;
        }
        if self.has("x-echo") && self.schema.allows(&Value::Null) {
            // What is given as null comes back as null.
            self.lines.push(("examples".to_owned(), json!([null])));
            return;
        }
        if keeps_its_rules_by_itself(&self.schema) {
            return;
        }
        let good = self.sample.clone().unwrap_or_else(|| to_do("a good value, for the stub").into());
        self.lines.push(("examples".to_owned(), json!([good])));
    }

    /// Looks for a good value: of the document, of a common form, or of those that are made for the rules.
    fn find_sample<'a>(&mut self, document: &Document<'a>, node: &'a Node, flat: &Flat<'a>, common: Vec<Value>) {
        let given = sample::examples(document, flat.get("example"), flat.get("examples"));
        let default = flat.get("default").map(Node::json);
        let of_parts = (self.has_objects || self.schema.is(Type::Array)).then(|| sample::of_parts(document, node));
        let all = given.into_iter().chain(default).chain(of_parts.flatten()).chain(common);
        let is_good = |value: &Value| !value.is_null() && self.schema.is_unambiguous(value);
        let found = all.into_iter().find(is_good);
        self.sample = found.or_else(|| plan::usual_value(&self.schema).filter(|_| self.because.is_none()));
    }

    /// The examples of the document, and one to be filled in where nobody knows a good value.
    fn add_examples<'a>(&mut self, document: &Document<'a>, flat: &Flat<'a>) {
        let mut good = sample::examples(document, flat.get("example"), flat.get("examples"));
        good.retain(|value| self.schema.allows(value) && !value.is_null());
        if plan::usual_value(&self.schema).is_none_or(|value| value.is_null()) && good.is_empty() {
            let what = || to_do("a good value; nobody can make one of the rules above").into();
            good.push(self.sample.clone().unwrap_or_else(what));
        }
        if !good.is_empty() {
            self.lines.push(("examples".to_owned(), good.into()));
        }
    }

    /// Leaves open what does not fit the width of an integer, if the document tells one.
    fn add_width(&mut self, flat: &Flat<'_>) {
        let is_narrow = flat.get("format").is_some_and(|format| format.text().is_ok_and(|format| format == "int32"));
        if !is_narrow || !self.schema.is(Type::Integer) {
            return;
        }
        let range = json!({"minimum": i32::MIN, "maximum": i32::MAX});
        let because = "the document says int32, and not how a service refuses what does not fit";
        self.lines.push(("x-unambiguous".to_owned(), range));
        let open = json!([{"title": format!("{} beyond 32 bits", self.name), "because": because}]);
        self.lines.push(("x-unspecified".to_owned(), open));
    }

    /// Leaves open whatever is not surely right.
    fn add_openness(&mut self) {
        let Some(because) = &self.because else { return };
        let shown = self.sample.clone().unwrap_or_else(|| to_do("a good value").into());
        let nothing = self.schema.allows(&Value::Null).then_some(Value::Null);
        let right: Vec<_> = [shown].into_iter().chain(nothing).collect();
        self.lines.push(("x-unambiguous".to_owned(), json!({ "enum": right })));
        let open = json!([{ "title": format!("another value of {}", self.name), "because": because }]);
        self.lines.push(("x-unspecified".to_owned(), open));
    }
}

/// What is asked for in the place of a type.
fn missing_type(flat: &Flat<'_>) -> String {
    let what = if flat.left_out.is_empty() { "the document names no type" } else { "the document has a choice" };
    to_do(&format!("{what}; one type, or a list of them"))
}

/// So many bytes of one field are no more than a body has room for that no gateway refuses.
const MOST_BYTES: usize = 4_000;

/// Whether the value that a field has most often is larger than that.
fn is_large(schema: &Schema) -> bool {
    plan::usual_value(schema).is_some_and(|value| value.to_string().len() > MOST_BYTES)
}

/// Values that most rules allow, and that people understand.
fn common() -> Vec<Value> {
    vec![json!(1), json!("text"), json!(true)]
}

/// Whether the value that a stub gives a field keeps the rules of that field.
fn keeps_its_rules_by_itself(schema: &Schema) -> bool {
    let has_list = schema.rule("enum").is_some() || schema.rule("const").is_some();
    if schema.items.as_ref().is_some_and(|items| !items.rules.is_empty()) {
        // Nothing is shown of the items of an empty list.
        return false;
    }
    let own = ["0", "false", "[]", "{}"].iter().filter_map(|text| serde_json::from_str(text).ok());
    has_list || own.chain([Value::from("")]).any(|value: Value| schema.allows(&value))
}

/// The keywords of a schema as they come together.
#[derive(Default)]
struct Keywords {
    side: Side,
    comments: Vec<String>,
    lines: Vec<Line>,
    has_type: bool,
    has_objects: bool,
    because: Option<String>,
    samples: Vec<Value>,
    has_odd_form: bool,
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
    fn add<'a>(&mut self, document: &Document<'a>, flat: &Flat<'a>, depth: usize) {
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

    fn add_value(&mut self, flat: &Flat<'_>, keyword: &str) {
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
    fn drop_a_limit(&mut self) -> bool {
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
    fn settle(&mut self, place: &str) -> Schema {
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

/// Whether a case would take a part of it for a name to be filled in.
fn has_braces(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('{'),
        Value::Array(items) => items.iter().any(has_braces),
        Value::Object(fields) => fields.values().any(has_braces),
        _ => false,
    }
}

fn is_to_do(value: &Value) -> bool {
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

fn reader_takes(lines: &[Line]) -> bool {
    read_lines(&known(lines), "request.x").is_ok()
}
