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
    /// What the body as text must match, if that is asked for.
    text: Option<Regex>,
    /// Whether such an answer says nothing about the contract.
    pub is_inconclusive: bool,
    /// Whether it may take one request and refuse another for what they ask for, as a quota does.
    pub is_by_amount: bool,
}

impl Envelope {
    pub(super) fn read(node: &Node) -> Result<Self, SourceError> {
        let mut fields = node.fields()?;
        let title = fields.required("title")?.words()?;
        let mut when = Vec::new();
        let text = fields.optional("text").map(compiled).transpose()?;
        let conditions = if text.is_some() { fields.optional("when") } else { Some(fields.required("when")?) };
        if let Some(conditions) = conditions {
            for (key, pointer, pattern) in conditions.entries()? {
                if !pointer.starts_with('/') {
                    return Err(key.error("expected a JSON pointer, such as /error/code"));
                }
                when.push((pointer.to_owned(), compiled(pattern)?));
            }
            if when.is_empty() {
                return Err(conditions.error("an envelope without a condition would be every answer"));
            }
        }
        let [is_inconclusive, is_by_amount] =
            ["inconclusive", "by-amount"].map(|key| fields.optional(key).map(Node::boolean));
        fields.finish()?;
        let is_inconclusive = is_inconclusive.transpose()?.unwrap_or(false);
        let is_by_amount = is_by_amount.transpose()?.unwrap_or(false);
        Ok(Self { title, when, text, is_inconclusive, is_by_amount })
    }

    fn is(&self, text: &str, body: Option<&Value>) -> bool {
        let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let has = |(pointer, pattern): &(String, Regex)| {
            let value = body.and_then(|body| body.pointer(pointer));
            value.is_some_and(|value| !value.is_null() && pattern.is_match(&as_text(value)))
        };
        self.text.as_ref().is_none_or(|pattern| pattern.is_match(text)) && self.when.iter().all(has)
    }
}

fn compiled(node: &Node) -> Result<Regex, SourceError> {
    Regex::new(node.text()?).map_err(|error| node.error(format!("the pattern does not compile: {error}")))
}

impl Contract {
    /// The first envelope that the body of an answer has the form of; `value` is what it says as JSON, if it is JSON.
    pub fn envelope(&self, body: &[u8], value: Option<&Value>) -> Option<&Envelope> {
        let text = String::from_utf8_lossy(body);
        self.creation.envelopes.iter().find(|envelope| envelope.is(&text, value))
    }
}
