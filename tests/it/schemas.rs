//! The JSON Schemas of what people write: they describe what the readers take, key by key.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ims_conformance::baseline::Baseline;
use ims_conformance::case::Case;
use ims_conformance::document::parse;
use ims_conformance::suite::{BASELINE_SCHEMA, CASE_SCHEMA, CONTRACT_SCHEMA, Suite};
use serde_json::{Value, json};
use tempfile::TempDir;

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

#[test]
fn every_contract_is_one_of_the_schema() {
    let (_, validator) = schema(CONTRACT_SCHEMA);
    for file in ["cases/otc/contract.yaml", "cases/glance/contract.yaml", "tests/suites/required/contract.yaml"] {
        let value = parse(file, &fs::read_to_string(file).unwrap()).unwrap().json();
        if let Err(error) = validator.validate(&value) {
            panic!("{file}: {error} at {}", error.instance_path());
        }
    }
}

/// Where a contract can have a key: a text of a small contract and what takes its place, with a key `zzzz` or a name `zzzz` that nobody knows, and the part
/// of the schema with what is known there.
const PLACES: [(&str, &str, &str); 34] = [
    ("info:", "zzzz: 1\ninfo:", "/properties"),
    ("  title: Things", "  title: Things\n  zzzz: 1", "/properties/info/properties"),
    ("components:", "components:\n  zzzz: 1", "/properties/components/properties"),
    ("      name: X-Auth-Token", "      name: X-Auth-Token\n      zzzz: 1", "/$defs/apiKey/properties"),
    ("      in: header", "      in: zzzz", "/$defs/apiKey/properties/in/enum"),
    (
        "      type: apiKey\n      in: header\n      name: X-Auth-Token",
        "      type: http\n      scheme: bearer\n      zzzz: 1",
        "/$defs/http/properties",
    ),
    ("    get:\n      operationId: listThings", "    zzzz:\n      operationId: listThings", "/$defs/path/properties"),
    ("x-effect: list", "x-effect: zzzz", "/$defs/operation/properties/x-effect/enum"),
    ("x-effect: read", "x-effect: read\n      zzzz: 1", "/$defs/plain/properties"),
    ("x-effect: list", "x-effect: list\n      zzzz: 1", "/$defs/list/properties"),
    (
        "x-items: /things",
        "x-items: /things\n      parameters: [{name: a, in: query, schema: {type: string}, zzzz: 1}]",
        "/$defs/queryParameter/properties",
    ),
    (
        "x-items: /things",
        "x-items: /things\n      parameters: [{name: a, in: query, schema: {type: zzzz}}]",
        "/$defs/queryParameter/properties/schema/properties/type/enum",
    ),
    (
        "x-items: /things",
        "x-items: /things\n      parameters: [{name: a, in: query, schema: {type: string}, x-query: zzzz}]",
        "/$defs/queryParameter/properties/x-query/enum",
    ),
    ("x-effect: delete", "x-effect: delete\n      zzzz: 1", "/$defs/delete/properties"),
    (
        "x-effect: read",
        "x-effect: table\n      x-rows-of: a.csv\n      x-rows: /*\n      x-columns: {a: /a}\n      zzzz: 1",
        "/$defs/table/properties",
    ),
    (
        "x-effect: read",
        "x-effect: quota\n      x-limit: /a\n      x-used: /b\n      zzzz: 1",
        "/$defs/quota/properties",
    ),
    ("x-effect: read", "x-effect: set\n      x-set: {size: 1}\n      zzzz: 1", "/$defs/set/properties"),
    ("x-effect: read", "x-effect: add-item\n      x-field: labels\n      zzzz: 1", "/$defs/item/properties"),
    ("x-effect: read", "x-effect: fixed\n      security: []\n      zzzz: 1", "/$defs/fixed/properties"),
    ("x-effect: create", "x-effect: create\n      zzzz: 1", "/$defs/create/properties"),
    ("        required: true", "        required: true\n        zzzz: 1", "/$defs/body/properties"),
    ("{form: duplicate-key,", "{form: duplicate-key, zzzz: 1,", "/$defs/form/properties"),
    ("{form: duplicate-key,", "{form: zzzz,", "/$defs/form/properties/form/enum"),
    ("{example: {error: '{message}'}}", "{example: {error: '{message}'}, zzzz: 1}", "/$defs/mediaType/properties"),
    (
        "          description: A wrong token.",
        "          description: A wrong token.\n          zzzz: 1",
        "/$defs/answer/properties",
    ),
    ("            read: {", "            zzzz: 1\n            read: {", "/$defs/links/properties"),
    ("{operationId: showThing,", "{operationId: showThing, zzzz: 1,", "/$defs/link/properties"),
    ("      x-behaviours:", "      x-inconclusive: {zzzz: 1}\n      x-behaviours:", "/$defs/inconclusive/properties"),
    (
        "      x-behaviours:",
        "      x-envelopes: [{title: a, text: b, zzzz: 1}]\n      x-behaviours:",
        "/$defs/envelope/properties",
    ),
    ("          place: the page", "          place: the page\n          zzzz: 1", "/$defs/behaviour/properties"),
    ("[reads-nothing-back,", "[zzzz,", "/$defs/misbehaviour/enum"),
    ("after: [boundary,", "after: [zzzz,", "/$defs/phase/enum"),
    ("          minimum: 1\n", "          minimum: 1\n          zzzz: 1\n", "/$defs/schema/properties"),
    ("x-echo: {}", "x-echo: {also: {a: b}, because: c, zzzz: 1}", "/$defs/echo/properties"),
];

/// More of them, on a field of the request.
const PLACES_OF_A_FIELD: [(&str, &str); 8] = [
    ("x-table: {file: t.csv, column: c, zzzz: 1}", "/$defs/column/properties"),
    ("x-derived: {table: t.csv, from: size, column: c, otherwise: 1, zzzz: 1}", "/$defs/derived/properties"),
    ("x-unspecified: [{title: a, because: b, zzzz: 1}]", "/$defs/zone/properties"),
    ("x-unspecified: [{title: a, because: b, returns: zzzz}]", "/$defs/returns/enum"),
    ("format: zzzz", "/$defs/schema/properties/format/enum"),
    ("x-written: zzzz", "/$defs/schema/properties/x-written/enum"),
    ("items: {type: zzzz}", "/$defs/type/enum"),
    ("x-unambiguous: {zzzz: 1}", "/$defs/schema/properties"),
];

#[test]
fn the_schema_of_a_contract_has_the_keys_that_are_read() {
    let (schema, validator) = schema(CONTRACT_SCHEMA);
    let small = fs::read_to_string("tests/suites/required/contract.yaml").unwrap();
    let of_a_field = PLACES_OF_A_FIELD.map(|(key, part)| {
        let field = "          description: How heavy it is.\n".to_owned();
        (field.clone(), format!("{field}          {key}\n"), part)
    });
    let places = PLACES.map(|(from, to, part)| (from.to_owned(), to.to_owned(), part));
    let mut described = BTreeSet::new();
    for (from, to, part) in places.into_iter().chain(of_a_field) {
        assert!(small.contains(&from), "{from}");
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("thing")).unwrap();
        fs::copy("tests/suites/required/thing/accepts_a_name.yaml", folder.path().join("thing/accepts_a_name.yaml"))
            .unwrap();
        let contract = small.replacen(&from, &to, 1);
        fs::write(folder.path().join("contract.yaml"), &contract).unwrap();
        fs::write(folder.path().join("t.csv"), "c\na\n").unwrap();
        let error = Suite::from_dir(folder.path()).map_or_else(|error| error.to_string(), |_| panic!("{to} is read"));
        let expected = schema.pointer(part).unwrap();
        let named = |name: &Value| name.as_str().unwrap().to_owned();
        let expected = expected.as_array().map_or_else(|| keys(expected), |names| names.iter().map(named).collect());
        let missing: Vec<_> = known(&error).symmetric_difference(&expected).cloned().collect();
        assert!(missing.is_empty(), "{to}: {missing:?}");
        assert!(!validator.is_valid(&parse("contract.yaml", &contract).unwrap().json()), "{to}");
        described.insert(part.trim_end_matches("/properties").to_owned());
    }
    let closed = schema["$defs"].as_object().unwrap().iter().filter(|(_, part)| part["additionalProperties"] == false);
    let unseen: Vec<_> = closed.filter(|(name, _)| !described.contains(&format!("/$defs/{name}"))).collect();
    assert!(unseen.is_empty(), "no test holds these parts: {unseen:?}");
}

#[test]
fn an_editor_finds_a_schema_for_each_kind_of_file() {
    let settings: Value = serde_json::from_str(&fs::read_to_string(".vscode/settings.json").unwrap()).unwrap();
    let schemas = settings["yaml.schemas"].as_object().unwrap();
    let texts = [CASE_SCHEMA, CONTRACT_SCHEMA, BASELINE_SCHEMA];
    assert_eq!(schemas.len(), texts.len());
    for (file, text) in schemas.keys().zip(texts) {
        assert_eq!(fs::read_to_string(file).unwrap(), text, "{file}");
    }
}
