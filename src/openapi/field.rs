//! A field of a body as a contract has it. What the reader of contracts refuses is left out, with a comment that says why: it is asked, so that nothing here
//! has to know what it takes.

use serde_json::{Value, json};

use super::document::Document;
use super::flat::Flat;
use super::keywords::{Keywords, is_to_do, reader_takes};
use super::sample;
use super::words::{first_sentence, to_do};
use crate::contract::{Schema, Type};
use crate::document::Node;
use crate::plan;

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

/// Whether a case would take a part of it for a name to be filled in.
fn has_braces(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('{'),
        Value::Array(items) => items.iter().any(has_braces),
        Value::Object(fields) => fields.values().any(has_braces),
        _ => false,
    }
}
