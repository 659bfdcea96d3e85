//! What one exchange created, and the id of it. An answer is read here as leniently as it takes to find the id: whatever was created must be removed again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::retryable::is_unread;
use crate::contract::{Contract, Relation};
use crate::exchange::{Exchange, Response, id_text, is_segment};
use crate::json::raw_at;

/// What a request created.
pub(super) enum Created {
    Named { id: String, is_delete_protected: bool },
    Unnamed,
    Unknown,
}

/// Whether an exchange may have created something, and its answer does not tell.
pub(crate) fn is_lost_creation(contract: &Contract, exchange: &Exchange) -> bool {
    matches!(creation_of(contract, exchange), Some(Created::Unknown))
}

/// Whether an exchange created something, and its answer gives no id that fits a path.
pub(crate) fn is_unnamed_creation(contract: &Contract, exchange: &Exchange) -> bool {
    matches!(creation_of(contract, exchange), Some(Created::Unnamed))
}

/// The id of what an exchange created, where its answer gives one that fits a path.
pub(crate) fn created_id(contract: &Contract, exchange: &Exchange) -> Option<String> {
    match creation_of(contract, exchange) {
        Some(Created::Named { id, .. }) => Some(id),
        Some(Created::Unnamed | Created::Unknown) | None => None,
    }
}

/// What an exchange created, if it is one of the call under test and the target says that it succeeded.
pub(super) fn creation_of(contract: &Contract, exchange: &Exchange) -> Option<Created> {
    let (operation, _) = contract.operation(&exchange.request.method, &exchange.request.path)?;
    if operation != contract.creation.operation {
        return None;
    }
    let response = match &exchange.outcome {
        Ok(response) if response.is_success() => response,
        Ok(response) => {
            let says_nothing = contract.creation.inconclusive.says_nothing(response.status);
            return (says_nothing && !is_unread(response.status)).then_some(Created::Unknown);
        }
        Err(error) => return error.is_lost().then_some(Created::Unknown),
    };
    let answer = answer_of(response);
    let id = response.nearly_json().and_then(|text| id_in(&text, &contract.creation.lifecycle.id));
    let id = id.or_else(|| id_in_location(contract, response));
    Some(match id.filter(|id| is_segment(id)) {
        Some(id) => {
            let is_delete_protected = contract
                .protected_states()
                .iter()
                .any(|(field, value)| answer.as_ref().and_then(|answer| answer.get(field)) == Some(value));
            Created::Named { id, is_delete_protected }
        }
        None => Created::Unnamed,
    })
}

/// When a thing was created, as an answer shows it, where the contract has a time that is that of the creation; of several the first.
pub(super) fn created_at(contract: &Contract, shown: &Value) -> Option<OffsetDateTime> {
    let times = contract.creation.response.properties.iter().filter_map(|(name, schema)| {
        let Some(Relation::NearNow(_)) = schema.relation("near-now") else { return None };
        OffsetDateTime::parse(shown.get(name)?.as_str()?, &Rfc3339).ok()
    });
    times.min()
}

/// The answer as a value, read as leniently as its id needs it. The judge has its own, strict way.
pub(super) fn answer_of(response: &Response) -> Option<Value> {
    response.json().or_else(|| serde_json::from_str(&response.nearly_json()?).ok())
}

/// The id at the end of the address that an answer gives of what it created, where that is one of the call that reads.
fn id_in_location(contract: &Contract, response: &Response) -> Option<String> {
    let location = response.header("location")?;
    let read = &contract.operations[contract.creation.lifecycle.read];
    let (read, _) = read.path.as_str().split_once('{')?;
    let (_, id) = location.split_once(read)?;
    Some(id.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned())
}

/// So much is looked through for an id that stands one level too deep.
const MOST_WRAPPED: usize = 100;

/// The id that a text gives: where the contract has it, however deep the rest is; or, where there is one only, within an array or an object around it.
fn id_in(text: &str, pointer: &str) -> Option<String> {
    let read = |text: &str| id_text(&serde_json::from_str(raw_at(text, pointer)?.get()).ok()?);
    if let Some(id) = read(text) {
        return Some(id);
    }
    let items = serde_json::from_str::<Vec<&RawValue>>(text).or_else(|_| {
        serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(text).map(|fields| fields.into_values().collect())
    });
    let mut found = items.ok()?.into_iter().take(MOST_WRAPPED).filter_map(|item| read(item.get()));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::id_in;

    #[test]
    fn an_id_is_found_in_what_is_nearly_the_answer() {
        let deep = format!("{{\"id\":\"a\",\"x\":{}{}}}", "[".repeat(300), "]".repeat(300));
        for text in [r#"{"id":"a"}"#, r#"[{"id":"a"}]"#, r#"{"image":{"id":"a"},"x":1}"#, &deep] {
            assert_eq!(id_in(text, "/id").as_deref(), Some("a"), "{text}");
        }
        for text in [r#"[{"id":"a"},{"id":"b"}]"#, r#"{"x":{"y":{"id":"a"}}}"#, "{", "[]", r#"{"id":null}"#] {
            assert_eq!(id_in(text, "/id"), None, "{text}");
        }
    }
}
