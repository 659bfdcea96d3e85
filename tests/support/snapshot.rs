//! Snapshots: what was sent and what came, as somebody reviews it. What the answer to the smallest request holds is stated once for a suite, in
//! `usual.snap`; the other answers show what differs from it.
//!
//! Values that vary from run to run are replaced by their names, but only those that keep their field's rules: a wrong one is shown as it is.

use ims_conformance::contract::{Contract, Relation, Schema};
use ims_conformance::exchange::{Exchange, Request, Response};
use ims_conformance::probe::Probe;
use serde_json::{Map, Value};

/// The fields of an answer, with `[name]` for what varies.
pub(crate) type Fields = Map<String, Value>;

/// The answer to the smallest request, in full.
pub(crate) fn usual(contract: &Contract, exchanges: &[Exchange]) -> (String, Fields) {
    let response = exchanges[0].response().expect("an answer to the smallest request");
    let Some(Value::Object(fields)) = response.json() else { panic!("the smallest request is answered by an object") };
    let fields = named(contract, &fields);
    let text = serde_json::to_string_pretty(&fields).expect("JSON");
    let text = format!("-> {}\n{text}", head(response));
    (varying(contract, exchanges).replace_in(text), shown(contract, exchanges, fields))
}

/// The answers of one probe, each with the request that it is for.
pub(crate) fn render(contract: &Contract, usual: &Fields, probe: &Probe, exchanges: &[Exchange]) -> String {
    let mut text = format!("# {}\n", probe.id);
    for (step, exchange) in probe.script.steps.iter().zip(exchanges) {
        text.push_str(&format!("{}\n", asked(&step.request)));
        match &exchange.outcome {
            Ok(response) => text.push_str(&answered(contract, usual, exchanges, response)),
            Err(error) => text.push_str(&format!("-> {error}\n")),
        }
    }
    varying(contract, exchanges).replace_in(text)
}

/// More than this of a body is not shown: the case has it.
const LONGEST: usize = 120;

fn asked(request: &Request) -> String {
    let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let is_plain = !body.is_empty() && body.len() <= LONGEST && !body.contains(char::is_control);
    let body = if is_plain { format!(" {body}") } else { String::new() };
    format!("{} {}{body}", request.method, request.path)
}

fn head(response: &Response) -> String {
    let media_type = response.media_type().map(|media_type| format!(" {media_type}")).unwrap_or_default();
    format!("{}{media_type}", response.status)
}

fn answered(contract: &Contract, usual: &Fields, exchanges: &[Exchange], response: &Response) -> String {
    let head = head(response);
    match response.json() {
        // What has an id is a resource, whichever call tells it.
        Some(Value::Object(fields))
            if Value::Object(fields.clone()).pointer(&contract.creation.lifecycle.id).is_some() =>
        {
            let fields = shown(contract, exchanges, named(contract, &fields));
            let missing = usual.keys().filter(|name| !fields.contains_key(*name));
            let missing = missing.map(|name| format!("   {name} is missing\n"));
            let others = fields.iter().filter(|(name, value)| usual.get(*name) != Some(*value));
            let others = others.map(|(name, value)| format!("   {name}: {value}\n"));
            let differs: String = missing.chain(others).collect();
            let word = if differs.is_empty() { "as usual" } else { "as usual, but for" };
            format!("-> {head}, {word}\n{differs}")
        }
        Some(other) => format!("-> {head}\n   {other}\n"),
        None if response.body.is_empty() => format!("-> {head}\n"),
        None => format!("-> {head}\n{}\n", String::from_utf8_lossy(&response.body)),
    }
}

/// The fields in alphabetical order, with `[name]` for those that vary and keep their rules.
fn named(contract: &Contract, fields: &Fields) -> Fields {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let properties = &contract.creation.response.properties;
    let name_of = |name: &str, value: &Value| match properties.get(name) {
        Some(schema) if varies(schema) && schema.allows(value) => Value::from(format!("[{name}]")),
        _ => value.clone(),
    };
    sorted.into_iter().map(|(name, value)| (name.clone(), name_of(name, value))).collect()
}

/// The fields with `[id]` in what holds an id.
fn shown(contract: &Contract, exchanges: &[Exchange], fields: Fields) -> Fields {
    let varying = varying(contract, exchanges);
    let in_value = |value: Value| match value {
        Value::String(text) => Value::from(varying.replace_in(text)),
        other => other,
    };
    fields.into_iter().map(|(name, value)| (name, in_value(value))).collect()
}

fn varies(schema: &Schema) -> bool {
    let varying =
        |relation: &Relation| matches!(relation, Relation::NearNow(_) | Relation::Unique | Relation::SameForCaller);
    schema.relations.iter().any(varying)
}

/// Values that were made up in this run and turn up elsewhere too: an id in a path or a link.
struct Varying(Vec<(String, String)>);

impl Varying {
    fn replace_in(&self, text: String) -> String {
        self.0.iter().fold(text, |text, (value, name)| text.replace(value, &format!("[{name}]")))
    }
}

fn varying(contract: &Contract, exchanges: &[Exchange]) -> Varying {
    let mut found = Vec::new();
    for (name, schema) in &contract.creation.response.properties {
        if schema.relation("unique").is_some() {
            let answers = exchanges.iter().filter_map(Exchange::response).filter_map(Response::json);
            let values = answers.filter_map(|answer| {
                answer.get(name).filter(|value| schema.allows(value)).and_then(Value::as_str).map(str::to_owned)
            });
            found.extend(values.map(|value| (value, name.clone())));
        }
    }
    Varying(found)
}
