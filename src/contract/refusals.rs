//! Which statuses may refuse what is wrong: one in general, and more for a rule that names them.

use super::clause_id::REQUEST;
use super::schema::{Broken, Schema};
use super::{Creation, Rule};
use crate::document::{Node, SourceError};

/// The statuses that can refuse whatever is wrong: what says that a request is bad, and what says that it cannot be dealt with.
const GENERAL: [u16; 2] = [400, 422];

/// What a whole body can break, beside the rules of its schema.
const OF_BODY: [&str; 4] = ["syntax", "type", "required", "additionalProperties"];

impl Creation {
    /// The statuses, beside the general one, that may refuse a body that as a whole breaks this rule.
    pub fn refusals_of_body(&self, keyword: &str) -> impl Iterator<Item = &u16> {
        of(&self.request, keyword)
    }

    /// The statuses, beside the general one, that may refuse what breaks a rule.
    pub fn refusals_of<'a>(&'a self, broken: &Broken<'a>) -> impl Iterator<Item = &'a u16> {
        // In a schema these two stand at the body, and what they ask for is about its fields.
        let is_of_body = broken.rule.is_none_or(|rule| matches!(rule, Rule::Unlisted));
        let (schema, keyword) = (broken.schema, broken.keyword);
        of(schema, keyword).chain(of(&self.request, keyword).filter(move |_| is_of_body))
    }
}

fn of<'a>(schema: &'a Schema, keyword: &str) -> impl Iterator<Item = &'a u16> {
    schema.refused.iter().filter(move |(known, _)| known == keyword).flat_map(|(_, statuses)| statuses)
}

/// The status that refuses what is wrong, where no rule names another one: the one that the call names, or a usual one.
pub(super) fn general(responses: &Node, named: Option<&Node>, answers: &[u16]) -> Result<u16, SourceError> {
    if let Some(node) = named {
        return answer(node, answers);
    }
    GENERAL.into_iter().find(|status| answers.contains(status)).ok_or_else(|| {
        let error = responses.error("no answer says how a wrong request is refused");
        error.with_hint("an answer '400' does, or '422'")
    })
}

/// The statuses that may refuse what breaks a rule of this schema, by its keyword.
pub(super) fn by_rule(node: &Node, schema: &Schema, answers: &[u16]) -> Result<Vec<(String, Vec<u16>)>, SourceError> {
    let mut known: Vec<_> = schema.rules.iter().map(Rule::keyword).collect();
    let more = OF_BODY.into_iter().filter(|keyword| schema.place == REQUEST && !known.contains(keyword));
    known.extend(more.collect::<Vec<_>>());
    let mut refused = Vec::new();
    for (key, keyword, node) in node.entries()? {
        if !known.contains(&keyword) {
            let error = key.error(format!("no rule `{keyword}` can be broken here"));
            return Err(error.with_hint(format!("known here: {}", known.join(", "))));
        }
        let statuses = node.one_or_more()?.iter().map(|node| answer(node, answers));
        refused.push((keyword.to_owned(), statuses.collect::<Result<_, _>>()?));
    }
    Ok(refused)
}

/// A status that the call can answer.
fn answer(node: &Node, answers: &[u16]) -> Result<u16, SourceError> {
    let status = node.status()?;
    answers.contains(&status).then_some(status).ok_or_else(|| {
        let error = node.error(format!("the call has no answer `{status}`"));
        error.with_hint("`responses` of the call describes each of its answers")
    })
}
