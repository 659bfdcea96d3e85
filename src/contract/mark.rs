//! Marks: what a request field can hold so that what it creates tells whose it is.
//!
//! A run that is killed between sending a request and reading its answer knows no id. What it created is found again, and proven to be its own, by a mark: a
//! value that every reading of the documentation allows and that holds a text no other run has.

use regex::Regex;
use serde_json::{Map, Value};

use super::{ClauseId, Contract, Schema, Type};
use crate::document::{Node, SourceError};

/// What a field holds as a mark: `conformance-{run}`.
#[derive(Clone, Debug)]
pub struct Mark {
    template: String,
    /// Whether the field is an array, and the mark one of its items.
    pub is_item: bool,
    pattern: Regex,
}

/// What stands for the text that no other run has.
const PLACEHOLDER: &str = "{run}";

impl Mark {
    /// Reads `x-mark` of the field with this schema.
    pub(super) fn read(node: &Node, schema: &Schema) -> Result<Self, SourceError> {
        let template = node.words()?;
        let Some((before, after)) = template.split_once(PLACEHOLDER) else {
            return Err(node.error("a mark holds `{run}`, the text that no other run has"));
        };
        let run = r"(\{run\}|[0-9a-f]{12})-[0-9]+";
        let pattern = format!("^{}{run}{}$", regex::escape(before), regex::escape(after));
        let pattern =
            Regex::new(&pattern).map_err(|error| node.error(format!("no mark can be made of it: {error}")))?;
        let mark = Self { is_item: schema.is(Type::Array), template, pattern };
        let sample = mark.value(&mark.text(1));
        if !is_unambiguous(schema, &sample) {
            let sample = filled_in(&sample);
            return Err(node.error(format!("not every reading allows {sample} here, so it cannot be a mark")));
        }
        Ok(mark)
    }

    /// The mark of the probe with this number, with `{run}` still to be filled in.
    pub fn text(&self, number: usize) -> String {
        self.template.replace(PLACEHOLDER, &format!("{PLACEHOLDER}-{number}"))
    }

    /// The value of the field that holds this text and nothing else.
    pub fn value(&self, text: &str) -> Value {
        if self.is_item { Value::from(vec![text]) } else { Value::from(text) }
    }

    /// The items of a value with this text as one more; where there is room for no more, with it for the last. `None` where not every reading allows it.
    pub fn added_to(&self, schema: &Schema, given: &Value, text: &str) -> Option<Value> {
        let items = given.as_array().filter(|_| self.is_item && is_unambiguous(schema, given))?;
        let rest = items.split_last().map_or(&[][..], |(_, rest)| rest);
        let with_it = |items: &[Value]| Value::Array([items, &[Value::from(text)]].concat());
        [with_it(items), with_it(rest)].into_iter().find(|value| is_unambiguous(schema, value))
    }

    /// This text for a text that was given; `None` where none was.
    pub fn in_place_of(&self, given: &Value, text: &str) -> Option<Value> {
        given.as_str().filter(|_| !self.is_item).map(|_| Value::from(text))
    }

    /// Whether a text is a mark of any run.
    fn is(&self, text: &str) -> bool {
        self.pattern.is_match(text)
    }
}

impl Contract {
    /// Whether a request may create something: it is one of the call under test, or one that the contract does not know and whose method may create.
    pub fn may_create(&self, method: &str, path: &str) -> bool {
        match self.operation(method, path) {
            Some((operation, _)) => operation == self.creation.operation,
            None => matches!(method, "POST" | "PUT"),
        }
    }

    /// Whether a body asks for something that cannot be removed as it is.
    pub fn asks_for_delete_protection(&self, body: &[u8]) -> bool {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return false };
        self.protected_states().iter().any(|(field, value)| fields.get(field) == Some(value))
    }

    /// The fields that can hold a mark, in the order of the contract.
    pub fn marks(&self) -> impl Iterator<Item = (&str, &Mark)> {
        let properties = self.creation.request.properties.iter();
        properties.filter_map(|(name, schema)| Some((name.as_str(), schema.mark.as_ref()?)))
    }

    /// The mark of this run in a body.
    pub fn mark_of(&self, body: &[u8], run: &str) -> Option<String> {
        let Value::Object(fields) = serde_json::from_slice(body).ok()? else { return None };
        self.marks().find_map(|(name, mark)| {
            let texts = texts(fields.get(name)?);
            texts.into_iter().find(|text| mark.is(text) && text.contains(run)).map(str::to_owned)
        })
    }

    /// Whether a thing holds the mark of any run.
    pub fn is_marked(&self, thing: &Value) -> bool {
        self.marks()
            .any(|(name, mark)| thing.get(name).is_some_and(|value| texts(value).into_iter().any(|text| mark.is(text))))
    }

    /// A body without its mark, and otherwise as it is.
    pub fn without_mark(&self, body: &[u8]) -> Vec<u8> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return body.to_vec() };
        if serde_json::to_vec(&fields).is_ok_and(|again| again == body) {
            return serde_json::to_vec(&self.without_marks(fields)).unwrap_or_default();
        }
        let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
        let required = &self.creation.request.required;
        let entries = self.marks().filter(|(name, _)| !required.iter().any(|each| each == name));
        let entries = entries.filter_map(|(name, mark)| {
            let found = texts(fields.get(name)?).into_iter().find(|found| mark.is(found) && text.contains(*found))?;
            Some(format!("{}:{}", Value::from(name), mark.value(found)))
        });
        let without = |text: String, entry: String| text.replacen(&format!("{entry},"), "", 1).replacen(&entry, "", 1);
        entries.fold(text.to_owned(), without).into_bytes()
    }

    /// A body with `{run}` for the text of the run in its mark; `None` where it holds no mark, or one that is not written as it reads.
    pub fn with_open_mark(&self, body: &[u8]) -> Option<Vec<u8>> {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let text = std::str::from_utf8(body).ok()?;
        let (found, mark) = self.marks().find_map(|(name, mark)| {
            let found = texts(fields.get(name)?).into_iter().find(|text| mark.is(text))?;
            Some((found, mark))
        })?;
        Some(text.replace(found, &mark.text(1)).into_bytes())
    }

    /// The fields of a body that a probe about these clauses may be to blame for: without marks, and without what is only there because it is required.
    pub fn without_company(&self, fields: Map<String, Value>, clauses: &[ClauseId]) -> Map<String, Value> {
        let is_about = |name: &str| clauses.iter().any(|clause| clause.is_of_request_field(name));
        let mut fields = self.without_marks(fields);
        for name in self.creation.request.required.iter().filter(|name| !is_about(name)) {
            fields.shift_remove(name);
        }
        fields
    }

    /// The fields of a body without its marks; one that must be given keeps what it holds.
    pub fn without_marks(&self, mut fields: Map<String, Value>) -> Map<String, Value> {
        let required = &self.creation.request.required;
        for (name, mark) in self.marks().filter(|(name, _)| !required.iter().any(|each| each == name)) {
            let is_only_mark = match fields.get_mut(name) {
                Some(Value::String(text)) => mark.is(text),
                Some(Value::Array(items)) => {
                    let count = items.len();
                    items.retain(|item| !item.as_str().is_some_and(|text| mark.is(text)));
                    items.is_empty() && count > 0
                }
                _ => false,
            };
            if is_only_mark {
                fields.shift_remove(name);
            }
        }
        fields
    }
}

/// Whether every reading allows a value, when the text that no other run has is filled in.
fn is_unambiguous(schema: &Schema, value: &Value) -> bool {
    schema.is_unambiguous(&filled_in(value))
}

/// A value with the text of some run in its marks.
fn filled_in(value: &Value) -> Value {
    let fill = |text: &str| Value::from(text.replace(PLACEHOLDER, "0123456789ab"));
    match value {
        Value::String(text) => fill(text),
        Value::Array(items) => items.iter().map(filled_in).collect(),
        other => other.clone(),
    }
}

/// A text, or the texts of an array.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
