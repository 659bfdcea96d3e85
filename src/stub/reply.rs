//! The stub's answers.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::list::Page;
use crate::contract::{Contract, Listing, Operation, Quota, Table, TableListing};
use crate::exchange::Response;

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
    if listing.items.is_empty() {
        return json(200, &json!(page.items));
    }
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
    first_example(operation).map_or_else(|| first_of(operation), |(status, example)| json(status, example))
}

/// The example of how many resources there may be, with how many there are.
pub(super) fn quota(operation: &Operation, quota: &Quota, used: usize) -> Response {
    let Some((status, example)) = first_example(operation) else { return first_of(operation) };
    let mut told = example.clone();
    if let Some(place) = told.pointer_mut(&quota.used) {
        *place = json!(used);
    }
    json(status, &told)
}

/// The rows of a table, as the contract says where they stand.
pub(super) fn table(operation: &Operation, listing: &TableListing, table: &Table) -> Response {
    // Of several spellings a service has one.
    let told = |cell: &str| cell.split('|').next().unwrap_or_default().to_owned();
    let row = |row: &Vec<String>| {
        let mut fields = Map::new();
        for (name, pointer) in &listing.columns {
            let cell = table.column(name).map(|column| told(&row[column]));
            fields.insert(pointer.trim_start_matches('/').to_owned(), cell.into());
        }
        Value::Object(fields)
    };
    let rows: Value = table.rows().iter().map(row).collect();
    let steps = listing.rows.rsplit('/').skip(1).filter(|step| !step.is_empty());
    let body = steps.fold(rows, |inner, step| if step == "*" { json!([inner]) } else { json!({ step: inner }) });
    json(operation.answers.keys().next().copied().unwrap_or(200), &body)
}

fn first_example(operation: &Operation) -> Option<(u16, &Value)> {
    let (status, answer) = operation.answers.iter().next()?;
    Some((*status, answer.example.as_ref()?))
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

/// A call that the contract does not describe: its path is not there, or has other methods.
pub(super) fn unknown_call(contract: &Contract, method: &str, path: &str) -> Response {
    let others = contract.operations.iter().filter(|operation| operation.path.matches(path).is_some());
    let mut methods: Vec<_> = others.map(|operation| operation.method.as_str()).collect();
    methods.sort_unstable();
    let status = if methods.is_empty() { 404 } else { 405 };
    let mut answer = error(contract, status, &format!("the contract describes no {method} {path}"));
    if !methods.is_empty() {
        answer.headers.push(("allow".to_owned(), methods.join(", ")));
    }
    answer
}

/// An error that the contract need not know, in the form of its errors: that of this status, or that of a refusal. Where neither tells the message, it is a text,
/// so that nobody takes it for another answer.
pub(super) fn error(contract: &Contract, status: u16, message: &str) -> Response {
    let subject = contract.subject();
    let forms = [status, contract.creation.refused].map(|form| refusal(contract, subject, form, None, message));
    let told = forms.into_iter().find(|answer| String::from_utf8_lossy(&answer.body).contains(message));
    let text = || with_body(status, "text/plain", format!("{message}\n").into_bytes());
    Response { status, ..told.unwrap_or_else(text) }
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
