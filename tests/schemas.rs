//! The JSON Schemas of what people write: they describe what the readers take, key by key.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ims_conformance::baseline::Baseline;
use ims_conformance::case::Case;
use ims_conformance::document::parse;
use ims_conformance::suite::{BASELINE_SCHEMA, CASE_SCHEMA, Suite};
use serde_json::{Value, json};

fn schema(text: &str) -> (Value, jsonschema::Validator) {
    let schema: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    (schema, validator)
}

/// What an error says to be known, where something is not.
fn known(error: &str) -> BTreeSet<String> {
    let (_, names) = error.split_once("known here: ").unwrap_or_else(|| panic!("{error}"));
    names.lines().next().unwrap_or_default().split(", ").map(str::to_owned).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_shipped_case_is_one_of_the_schema() {
    let (_, validator) = schema(CASE_SCHEMA);
    for name in Suite::built_in_names() {
        for case in Suite::built_in(name).unwrap().unwrap().cases {
            let text = fs::read_to_string(Path::new("cases").join(name).join(format!("{}.yaml", case.id))).unwrap();
            let value = parse("case.yaml", &text).unwrap().json();
            if let Err(error) = validator.validate(&value) {
                panic!("{}: {error}", case.id);
            }
        }
    }
}

#[test]
fn the_schema_of_a_case_has_the_keys_that_are_read() {
    let suite = Suite::built_in("otc").unwrap().unwrap();
    let (schema, validator) = schema(CASE_SCHEMA);
    let parts = &schema["$defs"];
    let whole = |part: &str| format!("title: a\nclauses: [request.name.type]\n{part}\n");
    for (part, expected) in [
        ("request: {}\nexpect: {status: 201}\nzzzz: 1", keys(&schema["properties"])),
        ("request: {zzzz: 1}\nexpect: {status: 201}", keys(&parts["request"]["properties"])),
        ("request: {}\nexpect: {status: 201, zzzz: 1}", keys(&parts["expect"]["properties"])),
        ("steps: [{POST: /v2/images, expect: {status: 201}, zzzz: 1}]", keys(&parts["step"]["properties"])),
        (
            "rows: {table: os-versions.csv, name: os_version, zzzz: 1}\nrequest: {}\nexpect: {status: 201}",
            keys(&parts["table"]["properties"]),
        ),
        (
            "request: {token: zzzz}\nexpect: {status: 401}",
            parts["token"]["anyOf"][0]["enum"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect(),
        ),
    ] {
        let node = parse("case.yaml", &whole(part)).unwrap();
        let error = Case::read(&suite.contract, "name/accepts_it", &node).unwrap_err().to_string();
        let missing: Vec<_> = known(&error).symmetric_difference(&expected).cloned().collect();
        assert!(missing.is_empty(), "{part}: {missing:?}");
        assert!(!validator.is_valid(&node.json()), "{part}");
    }
}

#[test]
fn the_schema_of_known_deviations_has_the_keys_that_are_read() {
    let suite = Suite::built_in("otc").unwrap().unwrap();
    let (schema, validator) = schema(BASELINE_SCHEMA);
    let node = parse("baseline.yaml", "- {clause: status.400, because: v1, zzzz: 1}\n").unwrap();
    let error = Baseline::default().add(&suite.contract, &node).unwrap_err().to_string();
    assert_eq!(known(&error), keys(&schema["items"]["properties"]));
    assert!(!validator.is_valid(&node.json()));
    assert!(validator.is_valid(&json!([{"clause": "status.400", "because": "v1", "until": "2027-01-31"}])));
}
