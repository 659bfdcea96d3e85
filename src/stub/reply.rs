//! The stub's answers.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::list::Page;
use crate::contract::{Contract, Listing, Operation};
use crate::exchange::{Request, Response};

/// A status and nothing else.
pub(super) fn bare(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        at: OffsetDateTime::now_utc(),
        took: std::time::Duration::ZERO,
    }
}

/// A body that says what it is.
pub(super) fn with_body(status: u16, media_type: &str, body: Vec<u8>) -> Response {
    Response { headers: vec![("content-type".to_owned(), media_type.to_owned())], body, ..bare(status) }
}

/// A JSON value.
pub(super) fn json(status: u16, value: &Value) -> Response {
    with_body(status, "application/json", value.to_string().into_bytes())
}

/// One resource.
pub(super) fn resource(status: u16, resource: &Map<String, Value>) -> Response {
    json(status, &Value::Object(resource.clone()))
}

/// Several resources, where the contract says that a list stands, and where the next ones are, if there are more.
pub(super) fn list(listing: &Listing, path: &str, page: &Page<'_>) -> Response {
    let name = listing.items.trim_start_matches('/');
    let mut body = json!({ name: page.items });
    if let (Some(query), Some(next)) = (&page.next, &listing.next) {
        body[next.trim_start_matches('/')] = json!(format!("{path}?{query}"));
    }
    json(200, &body)
}

/// The first answer that the contract gives for a call.
pub(super) fn first_of(operation: &Operation) -> Response {
    bare(operation.answers.keys().next().copied().unwrap_or(204))
}

/// The example of the first answer that the contract gives for a call.
pub(super) fn example(operation: &Operation) -> Response {
    let first = operation.answers.iter().next();
    let example = first.and_then(|(status, answer)| Some((*status, answer.example.as_ref()?)));
    example.map_or_else(|| first_of(operation), |(status, example)| json(status, example))
}

/// A refusal in the form of the contract's example: the operation's own, or that of the call under test.
pub(super) fn refusal(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    code: Option<&str>,
    message: &str,
) -> Response {
    let answer = |operation: &'_ Operation| {
        let answer = operation.answers.get(&status)?;
        Some((answer.example.clone()?, answer.media_type.clone()?))
    };
    match answer(operation).or_else(|| answer(contract.subject())) {
        Some((example, media_type)) => {
            let body = match filled(&example, code.unwrap_or("unknown"), message) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            with_body(status, &media_type, body.into_bytes())
        }
        None => bare(status),
    }
}

/// A call that the contract does not describe. 501 and a text, so that nobody takes it for an answer of the API.
pub(super) fn unknown_call(request: &Request) -> Response {
    let text = format!("stub: the contract describes no {} {}\n", request.method, request.path);
    with_body(501, "text/plain", text.into_bytes())
}

fn filled(example: &Value, code: &str, message: &str) -> Value {
    match example {
        Value::String(text) => Value::from(text.replace("{code}", code).replace("{message}", message)),
        Value::Array(items) => items.iter().map(|item| filled(item, code, message)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), filled(value, code, message))).collect()
        }
        other => other.clone(),
    }
}
