//! The boundary phase: everything that follows from the contract with certainty, enumerated; the same every time.

use super::assemble::{object, probe, request};
use super::attempts::{attempts, valid_values};
use super::wire;
use crate::contract::{Contract, Schema};
use crate::exchange::Credential;
use crate::probe::{Phase, Probe};

/// The probes of the boundary phase: field by field, then bodies as wholes, then headers.
pub(super) fn probes(contract: &Contract) -> Vec<Probe> {
    let request = &contract.creation.request;
    let mut found: Vec<_> =
        request.properties.iter().flat_map(|(name, schema)| of_field(contract, name, schema)).collect();
    found.extend(of_presence(contract));
    found.extend(of_unknown_fields(contract));
    found.extend(of_bytes(contract));
    found.extend(of_media_types(contract));
    found.extend(of_credentials(contract));
    found
}

fn id(topic: &str, label: &str) -> String {
    format!("boundary/{topic}/{label}")
}

/// Each value worth trying, alone in a body, so that nothing else can be to blame.
fn of_field(contract: &Contract, name: &str, schema: &Schema) -> Vec<Probe> {
    let make = |attempt: super::attempts::Attempt| {
        let value = serde_json::from_str(&attempt.json).unwrap_or(serde_json::Value::Null);
        let about = schema.rule_about(&value).map(|rule| format!("{}.{}", schema.place, rule.keyword()));
        let body = object(&[(name.to_owned(), attempt.json)]);
        probe(contract, Phase::Boundary, id(name, &attempt.label), about, request(contract, body))
    };
    attempts(schema).into_iter().map(make).collect()
}

/// Every field with a value that every reading allows: the second one, as the first is often the default or nothing.
fn usual_fields(contract: &Contract) -> Vec<(String, String)> {
    let usual = |(name, schema): (&String, &Schema)| {
        let values = valid_values(schema);
        values.get(1).or(values.first()).map(|attempt| (name.clone(), attempt.json.clone()))
    };
    contract.creation.request.properties.iter().filter_map(usual).collect()
}

/// All fields, all but one, and none.
fn of_presence(contract: &Contract) -> Vec<Probe> {
    let all = usual_fields(contract);
    let make = |label: String, about: Option<String>, fields: &[(String, String)]| {
        probe(contract, Phase::Boundary, id("presence", &label), about, request(contract, object(fields)))
    };
    let mut found = vec![make("no field".to_owned(), None, &[]), make("every field".to_owned(), None, &all)];
    for (index, (name, _)) in all.iter().enumerate() {
        let mut others = all.clone();
        others.remove(index);
        found.push(make(format!("all but {name}"), Some(format!("request.{name}.optional")), &others));
    }
    found
}

/// Fields that the request does not list: one that nobody knows, and those that only answers have.
fn of_unknown_fields(contract: &Contract) -> Vec<Probe> {
    let listed = &contract.creation.request.properties;
    let of_answers =
        contract.creation.response.properties.keys().filter(|name| !listed.contains_key(*name)).map(String::as_str);
    let names = ["x_unheard_of", ""].into_iter().chain(of_answers);
    let values = [("text", "\"text\""), ("number", "7"), ("object", "{}")];
    let pairs = names.flat_map(|name| values.iter().map(move |value| (name, value)));
    pairs
        .map(|(name, (label, json))| {
            let body = object(&[(name.to_owned(), (*json).to_owned())]);
            probe(contract, Phase::Boundary, id("unknown", &format!("{name}={label}")), None, request(contract, body))
        })
        .collect()
}

fn of_bytes(contract: &Contract) -> Vec<Probe> {
    // One field is enough, and a field that is added behind it changes nothing.
    let good = object(&usual_fields(contract)[..1]);
    let make = |(label, bytes): (String, Vec<u8>)| {
        probe(contract, Phase::Boundary, id("body", &label), None, request(contract, bytes))
    };
    wire::bodies(&good).into_iter().map(make).collect()
}

fn of_media_types(contract: &Contract) -> Vec<Probe> {
    wire::MEDIA_TYPES
        .iter()
        .map(|media_type| {
            let mut request = request(contract, b"{}".to_vec());
            request.headers = media_type.map(|text| ("Content-Type".to_owned(), text.to_owned())).into_iter().collect();
            probe(contract, Phase::Boundary, id("content-type", media_type.unwrap_or("none")), None, request)
        })
        .collect()
}

/// Every credential that is not good, before a good body, a wrong one and none.
fn of_credentials(contract: &Contract) -> Vec<Probe> {
    let bodies = [("an empty object", "{}"), ("no object", "[]"), ("no JSON", "{"), ("nothing", "")];
    let bad = Credential::ALL.iter().filter(|(_, credential)| *credential != Credential::Good);
    let pairs = bad.flat_map(|credential| bodies.iter().map(move |body| (credential, body)));
    pairs
        .map(|((name, credential), (label, body))| {
            let mut request = request(contract, body.as_bytes().to_vec());
            request.credential = *credential;
            probe(contract, Phase::Boundary, id("token", &format!("{name} with {label}")), None, request)
        })
        .collect()
}
