//! Envelopes: the forms of an error's body, which tell who answered.
//!
//! Between a caller and a service stand gateways, and beside it an identity service. What they answer says nothing about the service, and looks different.

use regex::Regex;
use serde_json::Value;

use super::Contract;
use crate::document::{Node, SourceError};

/// A form of an error's body.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Who answers like this, for the report.
    pub title: String,
    /// JSON pointers, and what must stand there.
    when: Vec<(String, Regex)>,
    /// Whether such an answer says nothing about the contract.
    pub is_trouble: bool,
}

impl Envelope {
    pub(super) fn read(node: &Node) -> Result<Self, SourceError> {
        let mut fields = node.fields()?;
        let title = fields.required("title")?.words()?;
        let mut when = Vec::new();
        let conditions = fields.required("when")?;
        for (key, pointer, pattern) in conditions.entries()? {
            if !pointer.starts_with('/') {
                return Err(key.error("expected a JSON pointer, such as /error/code"));
            }
            let pattern = Regex::new(pattern.text()?)
                .map_err(|error| pattern.error(format!("the pattern does not compile: {error}")))?;
            when.push((pointer.to_owned(), pattern));
        }
        if when.is_empty() {
            return Err(conditions.error("an envelope without a condition would be every answer"));
        }
        let is_trouble = fields.optional("trouble").map(Node::boolean).transpose()?.unwrap_or(false);
        fields.finish()?;
        Ok(Self { title, when, is_trouble })
    }

    fn is(&self, body: &Value) -> bool {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.when.iter().all(|(pointer, pattern)| {
            body.pointer(pointer).is_some_and(|value| !value.is_null() && pattern.is_match(&text(value)))
        })
    }
}

impl Contract {
    /// The first envelope that an error's body has the form of.
    pub fn envelope(&self, body: &Value) -> Option<&Envelope> {
        self.creation.envelopes.iter().find(|envelope| envelope.is(body))
    }
}
