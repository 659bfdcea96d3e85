//! A schema of a document without what a contract has no words for: references are followed, `allOf` is one schema, and null is a type.

use indexmap::IndexMap;

use super::document::Document;
use crate::document::{Node, SourceError};

/// No schema that means something is put together of more layers.
const DEEPEST: usize = 24;

/// Where the named schemas of a document stand.
const SCHEMAS: &str = "#/components/schemas/";

/// All that a schema and what it refers to say of one value.
#[derive(Default)]
pub(super) struct Flat<'a> {
    /// The name of the schema, where it has one.
    pub(super) name: Option<&'a str>,
    /// Its keywords, but for those below.
    pub(super) keywords: IndexMap<&'a str, &'a Node>,
    /// The names of its types.
    pub(super) types: Vec<&'a str>,
    /// The fields of an object.
    pub(super) fields: IndexMap<&'a str, &'a Node>,
    /// The fields that an object must have.
    pub(super) required: Vec<&'a str>,
    /// What is left out, in words.
    pub(super) left_out: Vec<String>,
    /// What cannot be followed.
    pub(super) errors: Vec<SourceError>,
}

impl<'a> Flat<'a> {
    /// Everything that this schema says.
    pub(super) fn of(document: &Document<'a>, node: &'a Node) -> Self {
        let mut flat = Self::default();
        flat.add(document, node, 0);
        flat
    }

    /// A keyword.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Node> {
        self.keywords.get(keyword).copied()
    }

    /// Whether a keyword is there and true.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.get(keyword).is_some_and(|node| node.boolean().unwrap_or(false))
    }

    /// Whether it may be an object whose fields are told.
    pub(super) fn has_fields(&self) -> bool {
        let others = self.get("additionalProperties").is_some_and(|others| others.boolean().is_err());
        !self.fields.is_empty() || others
    }

    fn add(&mut self, document: &Document<'a>, node: &'a Node, depth: usize) {
        if depth == DEEPEST || !document.may_look() {
            self.errors.push(node.error("this schema holds itself, or is put together of too many"));
            return;
        }
        let Ok(entries) = node.entries() else {
            self.left_out.push("a schema that is no mapping".to_owned());
            return;
        };
        for (_, keyword, value) in entries {
            self.add_keyword(document, keyword, value);
        }
        if let Some(reference) = node.get("$ref") {
            self.follow(document, reference, depth);
        }
        for part in node.get("allOf").and_then(|list| list.items().ok()).unwrap_or_default() {
            self.add(document, part, depth + 1);
        }
        for keyword in ["anyOf", "oneOf"] {
            let list = node.get(keyword).and_then(|list| list.items().ok());
            if let Some(list) = list {
                self.choose(document, keyword, list, depth);
            }
        }
    }

    fn add_keyword(&mut self, document: &Document<'a>, keyword: &'a str, value: &'a Node) {
        match keyword {
            "nullable" if value.boolean().unwrap_or(false) => self.add_type("null"),
            "nullable" | "$ref" | "allOf" | "anyOf" | "oneOf" => {}
            "type" => {
                let names = value.one_or_more().unwrap_or_default().iter().filter_map(|name| name.text().ok());
                names.for_each(|name| self.add_type(name));
            }
            "properties" => {
                let fields = document.resolve(value).ok().and_then(|fields| fields.entries().ok());
                fields.into_iter().flatten().for_each(|(_, name, field)| {
                    self.fields.entry(name).or_insert(field);
                });
            }
            "required" => {
                let names = value.items().unwrap_or_default().iter().filter_map(|name| name.text().ok());
                let new: Vec<_> = names.filter(|name| !self.required.contains(name)).collect();
                self.required.extend(new);
            }
            _ => {
                let first = *self.keywords.entry(keyword).or_insert(value);
                if LIMITS.contains(&keyword) && first.json() != value.json() {
                    self.left_out.push(format!("a second `{keyword}`"));
                }
            }
        }
    }

    fn add_type(&mut self, name: &'a str) {
        if !self.types.contains(&name) {
            self.types.push(name);
        }
    }

    fn follow(&mut self, document: &Document<'a>, reference: &'a Node, depth: usize) {
        let name = reference.text().ok().and_then(|text| text.strip_prefix(SCHEMAS));
        self.name = self.name.or(name.filter(|name| !name.contains('/')));
        match document.target(reference) {
            Ok(target) => self.add(document, target, depth + 1),
            Err(error) => self.errors.push(error),
        }
    }

    /// One of several schemas: null and another one is the other one, and plain types are a list of types.
    fn choose(&mut self, document: &Document<'a>, keyword: &str, list: &'a [Node], depth: usize) {
        let is_null = |node: &&Node| node.get("type").is_some_and(|name| name.text().is_ok_and(|name| name == "null"));
        let (nulls, others): (Vec<_>, Vec<_>) = list.iter().partition(is_null);
        if let [only] = others[..] {
            self.add(document, only, depth + 1);
        } else if !others.is_empty() {
            let plain: Vec<_> = others.iter().map(|node| plain_type(node)).collect();
            if plain.iter().all(Option::is_some) {
                plain.into_iter().flatten().for_each(|name| self.add_type(name));
            } else {
                self.left_out.push(format!("`{keyword}` of {} schemas", list.len()));
                return;
            }
        }
        if !nulls.is_empty() {
            self.add_type("null");
        }
    }
}

/// Keywords that are not the same where two schemas differ in them.
const LIMITS: [&str; 12] = [
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
];

/// The type of a schema that says nothing else.
fn plain_type(node: &Node) -> Option<&str> {
    let mut entries = node.entries().ok()?;
    let says_more = entries.any(|(_, keyword, _)| !["type", "title", "description"].contains(&keyword));
    if says_more { None } else { node.get("type")?.text().ok() }
}
