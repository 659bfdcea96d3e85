//! YAML files whose every value knows its place.
//!
//! A contract or a case is checked long after it was parsed: a clause may not exist, a pattern may not compile. To say *where*, each [`Node`] keeps its
//! position and its file. [`Fields`] reads a mapping strictly: what nobody asked for is an error, with the keys that were asked for as the hint.

mod parse;
mod source_error;
mod to_do;

use std::sync::Arc;

use serde_json::{Number, Value};

pub(crate) use parse::TAG;
pub use parse::{parse, parse_typed};
pub use source_error::{Errors, SourceError, nearest};
pub use to_do::{TO_DO, check_filled_in, to_dos};

/// The name and the text of a file, as errors show them.
#[derive(Debug)]
pub struct Source {
    /// Path as the reader would type it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// One YAML value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    source: Arc<Source>,
    span: Span,
    content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub line: usize,
    pub column: usize,
    pub start: usize,
    pub length: usize,
}

#[derive(Clone, Debug)]
enum Content {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// An error at this place.
    pub fn error(&self, message: impl Into<String>) -> SourceError {
        SourceError::new(Arc::clone(&self.source), self.span, message)
    }

    /// The value of this key, where this is a mapping that has it; for places of errors, not for reading.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(name, _)| name.as_key() == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The file that it stands in, as the reader would type it.
    pub fn file(&self) -> &str {
        &self.source.path
    }

    /// Line and column, both from 1.
    pub fn position(&self) -> (usize, usize) {
        (self.span.line, self.span.column)
    }

    /// The mapping's fields, to be read strictly.
    pub fn fields(&self) -> Result<Fields<'_>, SourceError> {
        match &self.content {
            Content::Map(entries) => Ok(Fields { node: self, entries, asked: Vec::new() }),
            other => Err(self.expected("a mapping (`key: value`)", other)),
        }
    }

    /// The keys and values of a mapping whose keys are names, not keywords.
    pub fn entries(&self) -> Result<impl Iterator<Item = (&Node, &str, &Node)>, SourceError> {
        match &self.content {
            Content::Map(entries) => Ok(entries.iter().map(|(key, value)| (key, key.as_key(), value))),
            other => Err(self.expected("a mapping (`key: value`)", other)),
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Result<&[Node], SourceError> {
        match &self.content {
            Content::List(items) => Ok(items),
            Content::Text(text) if text.len() <= LONGEST_SHOWN => {
                Err(self.expected("a list", &self.content).with_hint(format!("write `[{text}]`")))
            }
            other => Err(self.expected("a list", other)),
        }
    }

    /// The text of a string.
    pub fn text(&self) -> Result<&str, SourceError> {
        match &self.content {
            Content::Text(text) => Ok(text),
            other => Err(self.expected("a string", other)),
        }
    }

    /// A text that says something: not empty, not only spaces.
    pub fn words(&self) -> Result<String, SourceError> {
        let text = self.text()?;
        if text.trim().is_empty() {
            Err(self.error("expected some words, got an empty text"))
        } else {
            Ok(text.to_owned())
        }
    }

    /// A boolean.
    pub fn boolean(&self) -> Result<bool, SourceError> {
        match &self.content {
            Content::Bool(value) => Ok(*value),
            other => Err(self.expected("true or false", other)),
        }
    }

    /// A scalar as a text; `None` for nothing, a list, a mapping. Of a document that was parsed as typed it is what was typed.
    pub fn scalar(&self) -> Option<String> {
        match &self.content {
            Content::Text(text) => Some(text.clone()),
            Content::Bool(value) => Some(value.to_string()),
            Content::Number(number) => Some(number.to_string()),
            Content::Null | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// A number of either kind.
    pub fn number(&self) -> Result<Number, SourceError> {
        match &self.content {
            Content::Number(number) => Ok(number.clone()),
            Content::Text(text) if has_leading_zero(text) => {
                Err(self.expected("a number", &self.content).with_hint("a number has no leading zero"))
            }
            Content::Text(text) if text.len() <= LONGEST_SHOWN && text.parse::<f64>().is_ok() => {
                Err(self.expected("a number", &self.content).with_hint(format!("write {text} without quotes")))
            }
            other => Err(self.expected("a number", other)),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self) -> Result<u64, SourceError> {
        self.number()?.as_u64().ok_or_else(|| self.error("expected a whole number, not negative"))
    }

    /// A status code of HTTP.
    pub fn status(&self) -> Result<u16, SourceError> {
        u16::try_from(self.count()?)
            .ok()
            .filter(|status| (100..600).contains(status))
            .ok_or_else(|| self.error("expected an HTTP status from 100 to 599"))
    }

    /// One value or a list of them: `400` or `[400, 403]`; an empty list is an error.
    pub fn one_or_more(&self) -> Result<&[Node], SourceError> {
        match &self.content {
            Content::List(items) if items.is_empty() => {
                Err(self.error("expected at least one value, got an empty list"))
            }
            Content::List(items) => Ok(items),
            _ => Ok(std::slice::from_ref(self)),
        }
    }

    /// The name where this is a mapping that was typed as `{name}`: without quotes around it YAML takes that for a key without a value.
    pub fn name_in_bare_braces(&self) -> Option<&str> {
        let Content::Map(entries) = &self.content else { return None };
        let [(key, Node { content: Content::Null, .. })] = entries.as_slice() else { return None };
        let typed = self.source.text.get(self.span.start..)?.strip_prefix('{')?;
        let (name, _) = typed.split_once('}')?;
        (name.trim() == key.as_key()).then_some(key.as_key())
    }

    /// The values directly below this one.
    pub fn children(&self) -> Vec<&Self> {
        match &self.content {
            Content::List(items) => items.iter().collect(),
            Content::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether this is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.content, Content::List(_))
    }

    /// The value without its places.
    pub fn json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.as_key().to_owned(), value.json())).collect())
            }
        }
    }

    fn as_key(&self) -> &str {
        match &self.content {
            Content::Text(text) => text,
            _ => unreachable!("the parser makes every key a string"),
        }
    }

    fn expected(&self, what: &str, got: &Content) -> SourceError {
        self.error(format!("expected {what}, got {}", got.kind()))
    }
}

/// So long is a text that a hint repeats.
const LONGEST_SHOWN: usize = 80;

/// Whether a text is what YAML takes for one, and its author perhaps for a number: `010`.
pub(crate) fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Content {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// A mapping being read: each key is asked for once, and [`Fields::finish`] refuses the rest.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    entries: &'a [(Node, Node)],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The value of a key that may be left out.
    pub fn optional(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.entries.iter().find(|(name, _)| name.as_key() == key).map(|(_, value)| value)
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &'static str) -> Result<&'a Node, SourceError> {
        self.optional(key).ok_or_else(|| {
            self.misspelt(&[key]).unwrap_or_else(|| self.node.error(format!("the key `{key}` is missing here")))
        })
    }

    /// A key that is missing is most often one that is misspelt.
    fn misspelt(&self, keys: &[&'static str]) -> Option<SourceError> {
        let unknown = self.entries.iter().filter(|(name, _)| !self.asked.contains(&name.as_key()));
        let mut near = unknown.filter_map(|(name, _)| Some((name, nearest(name.as_key(), keys.iter().copied())?)));
        near.next().map(|(name, key)| {
            name.error(format!("unknown key `{}`", name.as_key())).with_hint(format!("did you mean `{key}`?"))
        })
    }

    /// The only value among several keys of which exactly one must be there.
    pub fn one_of(&mut self, keys: &'static [&'static str]) -> Result<(&'static str, &'a Node), SourceError> {
        let mut found = keys.iter().filter_map(|key| self.optional(key).map(|node| (*key, node))).collect::<Vec<_>>();
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(self.misspelt(keys).unwrap_or_else(|| {
                self.node.error(format!("one of the keys `{}` is missing here", keys.join("`, `")))
            })),
            _ => Err(found[1].1.error(format!("only one of `{}` can stand here", keys.join("`, `")))),
        }
    }

    /// Refuses every key that was not asked for.
    pub fn finish(self) -> Result<(), SourceError> {
        let mut errors = Errors::default();
        for (key, _) in self.entries.iter().filter(|(key, _)| !self.asked.contains(&key.as_key())) {
            let name = key.as_key();
            let hint = match nearest(name, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.asked.join(", ")),
            };
            errors.keep::<()>(Err(key.error(format!("unknown key `{name}`")).with_hint(hint)));
        }
        errors.finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Node, parse, parse_typed};

    #[test]
    fn booleans_are_those_of_yaml_1_2() {
        let node = parse("a.yaml", "{a: no, b: on, c: true, d: 'true', e: 0755, f: 1_000, g: ~, h: 1.5}").unwrap();
        let expected =
            json!({"a": "no", "b": "on", "c": true, "d": "true", "e": "0755", "f": "1_000", "g": null, "h": 1.5});
        assert_eq!(node.json(), expected);
    }

    #[test]
    fn a_scalar_is_what_was_typed() {
        let text = "base: &b {p: 1.10, q: 0x1F}\nlist: [1e3, 1.50, &x 0o17, True, *x, 12, ~, .inf, 1e999, -.INF, !!int 7, 1_0, '0x1', \"t\\n\"]\nmerged: {<<: *b, r: *x}\n";
        let node = parse_typed("a.yaml", text).unwrap();
        let typed = |node: &Node| node.scalar().unwrap_or_default();
        let list: Vec<_> = node.get("list").unwrap().items().unwrap().iter().map(typed).collect();
        let expected =
            ["1e3", "1.50", "0o17", "True", "0o17", "12", "", ".inf", "1e999", "-.INF", "7", "1_0", "0x1", "t\n"];
        assert_eq!(list, expected);
        let merged = node.get("merged").unwrap();
        assert_eq!(["p", "q", "r"].map(|key| typed(merged.get(key).unwrap())), ["1.10", "0x1F", "0o17"]);
    }

    #[test]
    fn a_tag_of_another_program_is_an_error_with_its_place() {
        for text in [
            "a: 1\nb: !vault secret\n",
            "a: 1\nb: !include other.yaml\n",
            "a: 1\nb: !<tag:example.com,2000:x> {c: d}\n",
        ] {
            let error = parse("a.yaml", text).unwrap_err();
            assert_eq!((error.message(), error.position().0), (super::TAG, 2), "{text}");
        }
    }

    #[test]
    fn every_value_knows_its_place() {
        let node = parse("a.yaml", "a: 1\nb:\n  - x\n  - {c: y}\n").unwrap();
        let (_, _, list) = node.entries().unwrap().nth(1).unwrap();
        assert_eq!(list.items().unwrap()[1].position(), (4, 5));
    }

    #[test]
    fn a_text_that_is_no_yaml_is_an_error_with_its_place() {
        let error = parse("a.yaml", "a: [1\nb: 2\n").unwrap_err().to_string();
        assert!(error.contains("a.yaml:2:"), "{error}");
    }
}
