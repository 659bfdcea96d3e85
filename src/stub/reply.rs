//! The stub's answers as HTTP.

use serde_json::{Map, Value, json};
use wiremock::ResponseTemplate;

use crate::contract::{Contract, Operation};
use crate::exchange::Request;

/// One resource.
pub(super) fn resource(status: u16, resource: &Map<String, Value>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(resource)
}

/// Several resources, where the contract says that a list stands.
pub(super) fn list(operation: &Operation, resources: &[&Map<String, Value>]) -> ResponseTemplate {
    let name = operation.items.trim_start_matches('/');
    ResponseTemplate::new(200).set_body_json(json!({ name: resources }))
}

/// The first answer that the contract gives for a call.
pub(super) fn first_of(operation: &Operation) -> ResponseTemplate {
    ResponseTemplate::new(operation.answers.keys().next().copied().unwrap_or(204))
}

/// A refusal in the form of the contract's example: the operation's own, or that of the call under test.
pub(super) fn refusal(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    code: Option<&str>,
    message: &str,
) -> ResponseTemplate {
    let example = |operation: &Operation| operation.answers.get(&status).and_then(|answer| answer.example.clone());
    match example(operation).or_else(|| example(contract.subject())) {
        Some(example) => {
            ResponseTemplate::new(status).set_body_json(filled(&example, code.unwrap_or("unknown"), message))
        }
        None => ResponseTemplate::new(status),
    }
}

/// A call that the contract does not describe. 501 and a text, so that nobody takes it for an answer of the API.
pub(super) fn unknown_call(request: &Request) -> ResponseTemplate {
    let text = format!("stub: the contract describes no {} {}\n", request.method, request.path);
    ResponseTemplate::new(501).set_body_string(text)
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
