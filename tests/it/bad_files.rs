//! Broken files, each with the error that its author sees: the place, what is wrong, what would be right. And files broken at random: an error or a suite,
//! never a panic.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ims_conformance::case::Case;
use ims_conformance::contract::{Contract, Table};
use ims_conformance::document;
use ims_conformance::suite::Suite;
use proptest::prelude::*;
use tempfile::TempDir;

const CONTRACT: &str = "contract.yaml";
const CASE: &str = "name/accepts_it.yaml";

/// One changed text of the contract: what, from, to.
const CONTRACTS: [(&str, &str, &str); 49] = [
    ("a version that cannot be read", "openapi: 3.1.0", "openapi: 3.0.3"),
    (
        "a keyword that is misspelt",
        "          maxLength: 255\n          x-error-code: IMG.0002",
        "          maxLenght: 255\n          x-error-code: IMG.0002",
    ),
    (
        "a keyword that cannot be honoured",
        "          type: string\n          maxLength: 255",
        "          type: string\n          minContains: 3\n          maxLength: 255",
    ),
    ("an unknown extension", "x-unique: true", "x-uniqe: true"),
    (
        "a type that does not exist",
        "          type: boolean\n          x-error-code",
        "          type: bool\n          x-error-code",
    ),
    ("a format that does not exist", "format: uuid", "format: guid"),
    ("a pattern that does not compile", "pattern: '^[0-9]+$'", "pattern: '^[0-9+$'"),
    ("a reference to nowhere", "'#/components/schemas/ImageRequest'", "'#/components/schemas/ImageReqest'"),
    (
        "a table that does not exist",
        "{file: os-versions.csv, column: os_version}",
        "{file: os-version.csv, column: os_version}",
    ),
    ("a column that does not exist", "column: os_bit,", "column: os_bits,"),
    ("a required field that does not exist", "required: [schema, min_disk,", "required: [schema, min_dsik,"),
    ("an effect that does not exist", "x-effect: read", "x-effect: show"),
    ("a second call under test", "x-effect: list\n      x-items: /images\n      x-next: /next", "x-effect: create"),
    ("an example that is none", "examples: [key.value, key]", "examples: [key.value, key=value]"),
    ("a query that is none", "x-next: /next", "x-next: /next\n      x-queries: ['', hidden]"),
    ("a query that is asked twice", "x-next: /next", "x-next: /next\n      x-queries: ['', a=b, a=b]"),
    ("no query", "x-next: /next", "x-next: /next\n      x-queries: []"),
    ("a parameter for a field that no answer has", "{name: virtual_env_type, in", "{name: virtual_env, in"),
    ("a parameter that is in no query", "{name: marker, in: query", "{name: marker, in: header"),
    ("a parameter twice", "{name: owner, in", "{name: status, in"),
    (
        "a default that is none",
        "{name: limit, in: query, schema: {type: integer}",
        "{name: limit, in: query, schema: {type: integer, default: all}",
    ),
    ("a parameter for a field and for the order", "x-query: sort-key}", "x-query: sort-key, x-field: name}"),
    ("what anybody is told, for a token", "security: []", "security: [token: []]"),
    ("a link to nowhere", "operationId: deleteImage, parameters", "operationId: removeImage, parameters"),
    (
        "an open matter without a reason",
        "              because: it is the default, yet the published list does not hold it\n",
        "",
    ),
    ("a catch-all without what is unambiguous", "          x-unambiguous: {enum: [bare]}\n", ""),
    ("an example that breaks its own schema", "examples: ['0']", "examples: ['zero']"),
    ("a time that is not before what does not exist", "x-not-before: created_at", "x-not-before: createdat"),
    (
        "a rule for the other fields of the answer",
        "    Image:\n      type: object\n",
        "    Image:\n      type: object\n      additionalProperties: {type: string}\n",
    ),
    ("a key that stands twice", "          default: zvhd2\n", "          default: zvhd2\n          default: raw\n"),
    ("a follow-up after no phase", "          after: pairs\n          then", "          after: pair\n          then"),
    (
        "a condition of a follow-up that there is not",
        "          then:\n            - GET: /v2/images/{id}/file\n              expect: {status: [204, 404]}\n",
        "",
    ),
    ("a condition on no field", "when: {protected: true}", "when: {protcted: true}"),
    ("a condition that no valid request meets", "when: {protected: true}", "when: {protected: 'yes'}"),
    (
        "a follow-up that does not use the id",
        "            - GET: /v2/images/{id}/file",
        "            - GET: /v2/images/7/file",
    ),
    ("a maximum below the minimum", "          maximum: 1024\n", "          maximum: 0\n"),
    (
        "a shortest text longer than the longest",
        "          maxLength: 255\n",
        "          minLength: 300\n          maxLength: 255\n",
    ),
    ("what is unambiguous below the minimum", "x-unambiguous: {maximum: 1048576}", "x-unambiguous: {maximum: -1}"),
    ("an enum of nothing", "enum: [zvhd2, vhd, raw, qcow2]", "enum: []"),
    ("an enum that is no list", "enum: [zvhd2, vhd, raw, qcow2]", "enum: null"),
    ("a text that no request can hold", "          maxLength: 255\n", "          maxLength: 1000000000000\n"),
    ("an array that no request can hold", "x-unambiguous: {maxItems: 10,", "x-unambiguous: {maxItems: 1000000,"),
    ("a header with a space", "name: X-Auth-Token", "name: X Auth Token"),
    (
        "a media type that no header can hold",
        "          application/json:\n            schema: {$ref: '#/components/schemas/ImageRequest'}",
        "          \"application/json\\n\":\n            schema: {$ref: '#/components/schemas/ImageRequest'}",
    ),
    ("a path that cannot be sent", "  /v2/images:\n", "  v2/my images:\n"),
    ("a path under test with a parameter", "  /v2/images:\n", "  /v2/{project}/images:\n"),
    (
        "a status that is none",
        "        '500':\n          description: An error",
        "        '5000':\n          description: An error",
    ),
    (
        "a schema that holds itself",
        "          items:\n            description: A tag of 1",
        "          items:\n            items: {$ref: '#/components/schemas/ImageRequest'}\n            description: A tag of 1",
    ),
    ("a line that is not YAML", "security:\n  - token: []", "security:\n  - token: ["),
];

/// One case file: what, its name, its text.
const CASES: [(&str, &str, &str); 44] = [
    (
        "a poll with what may create",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, within: 30}\n",
    ),
    (
        "a poll without an end",
        "name/keeps_it.yaml",
        "title: a\nclauses: [behaviour.metadata-persists]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n    capture: {id: /id}\n  - GET: /v2/images/{id}\n    expect: {status: 200, within: 86400}\n",
    ),
    (
        "a whole list, which is never only one's own",
        "name/keeps_it.yaml",
        "title: a\nclauses: [behaviour.refused-request-creates-nothing]\nsteps:\n  - POST: /v2/images\n    body: {name: 'a-{run}', min_disk: -1}\n    expect: {status: 400}\n  - GET: /v2/images?name=a-{run}\n    expect: {status: 200, body: {images: []}}\n",
    ),
    (
        "a list without what others may have",
        "name/keeps_it.yaml",
        "title: a\nclauses: [behaviour.refused-request-creates-nothing]\nsteps:\n  - POST: /v2/images\n    body: {name: 'a-{run}', min_disk: -1}\n    expect: {status: 400}\n  - GET: /v2/images?name=a\n    expect: {status: 200, listed: none}\n",
    ),
    (
        "a list without what no item has",
        "name/keeps_it.yaml",
        "title: a\nclauses: [behaviour.refused-request-creates-nothing]\nsteps:\n  - POST: /v2/images\n    body: {name: 'a-{run}', min_disk: -1}\n    expect: {status: 400}\n  - GET: /v2/images?nmae=a-{run}\n    expect: {status: 200, listed: none}\n",
    ),
    (
        "a list of a call that lists nothing",
        "name/keeps_it.yaml",
        "title: a\nclauses: [behaviour.refused-request-creates-nothing]\nsteps:\n  - POST: /v2/images\n    body: {name: 'a-{run}', min_disk: -1}\n    expect: {status: 400}\n  - GET: /v2/images/{run}\n    expect: {status: 404, listed: none}\n",
    ),
    (
        "an answer with any of no field",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, any_of: {}}\n",
    ),
    ("nothing", CASE, ""),
    ("no mapping", CASE, "- title: a\n"),
    ("no title", CASE, "clauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201}\n"),
    ("an empty title", CASE, "title: ''\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201}\n"),
    (
        "a verb that does not exist",
        "name/takes_it.yaml",
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    (
        "a key that is misspelt",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpet: {status: 201}\n",
    ),
    (
        "a key that is unknown",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, speed: fast}\n",
    ),
    ("no clauses", CASE, "title: a\nclauses: []\nrequest: {body: {}}\nexpect: {status: 201}\n"),
    (
        "a clause that does not exist",
        CASE,
        "title: a\nclauses: [request.name.maxLenght]\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    (
        "a clause twice",
        CASE,
        "title: a\nclauses: [request.name.type, request.name.type]\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    ("no status", CASE, "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {body: {name: ''}}\n"),
    (
        "a status that does not exist",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 2001}\n",
    ),
    (
        "no status among none",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: []}\n",
    ),
    (
        "an expectation of nothing",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, body: {}}\n",
    ),
    (
        "a field that no answer has",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, body: {nmae: ''}}\n",
    ),
    (
        "a value that no answer can have",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nexpect: {status: 201, body: {min_ram: '0'}}\n",
    ),
    (
        "both body and raw",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}, raw: ''}\nexpect: {status: 201}\n",
    ),
    (
        "both request and steps",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}}\nsteps: []\nexpect: {status: 201}\n",
    ),
    ("no steps", "behaviour/keeps_it.yaml", "title: a\nclauses: [behaviour.no-file-yet]\nsteps: []\n"),
    (
        "a path that the contract lacks",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [behaviour.no-file-yet]\nsteps:\n  - GET: /v2/image\n    expect: {status: 200}\n",
    ),
    (
        "a placeholder for nothing",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [behaviour.no-file-yet]\nsteps:\n  - GET: /v2/images/{id}\n    expect: {status: 200}\n",
    ),
    (
        "a capture that nothing uses",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [behaviour.no-file-yet]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n    capture: {id: /id}\n",
    ),
    (
        "the same as what comes later",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [behaviour.no-file-yet]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201, same_as: 2}\n",
    ),
    (
        "rows that select nothing",
        CASE,
        "title: a\nclauses: [request.name.type]\nrows: {table: os-versions.csv, where: {group: Amiga}, name: os_version}\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    (
        "a column that nothing uses",
        CASE,
        "title: a\nclauses: [request.name.type]\nrows:\n  - {name: one, size: 1}\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    (
        "two rows of one name",
        CASE,
        "title: a\nclauses: [request.name.type]\nrows:\n  - {name: one, text: a}\n  - {name: one, text: b}\nrequest: {body: {name: '{text}'}}\nexpect: {status: 201}\n",
    ),
    (
        "the token as a header",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {}, headers: {x-auth-token: secret}}\nexpect: {status: 201}\n",
    ),
    (
        "what the documentation leaves open",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {name: ''}}\nexpect: {status: 201}\n",
    ),
    (
        "a refusal that names another clause",
        "name/rejects_it.yaml",
        "title: a\nclauses: [request.name.type]\nrequest: {body: {min_disk: 0}}\nexpect: {status: 400}\n",
    ),
    (
        "a refusal of a valid request",
        "name/rejects_it.yaml",
        "title: a\nclauses: [request.name.type]\nrequest: {body: {name: a}}\nexpect: {status: 400}\n",
    ),
    (
        "a wrong status for a refusal",
        "name/rejects_it.yaml",
        "title: a\nclauses: [request.name.type]\nrequest: {body: {name: 7}}\nexpect: {status: [400, 422]}\n",
    ),
    (
        "a refusal that leaves out a right status",
        "visibility/rejects_it.yaml",
        "title: a\nclauses: [request.visibility.enum]\nrequest: {body: {visibility: hidden}}\nexpect: {status: 400}\n",
    ),
    (
        "a default that nothing shows",
        "name/defaults_to_it.yaml",
        "title: a\nclauses: [request.name.default]\nrequest: {body: {}}\nexpect: {status: 201}\n",
    ),
    (
        "a value that does not come back",
        "name/echoes_it.yaml",
        "title: a\nclauses: [response.name.echo]\nrequest: {body: {name: a}}\nexpect: {status: 201, body: {name: b}}\n",
    ),
    (
        "a behaviour of a request",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [request.name.type]\nrequest: {body: {name: a}}\nexpect: {status: 201}\n",
    ),
    (
        "success for a later step that must be refused",
        "behaviour/keeps_it.yaml",
        "title: a\nclauses: [behaviour.no-file-yet]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n  - POST: /v2/images\n    body: {name: 7}\n    expect: {status: 201}\n",
    ),
    (
        "success for what must be refused",
        CASE,
        "title: a\nclauses: [request.name.type]\nrequest: {body: {name: 7}}\nexpect: {status: 201}\n",
    ),
];

/// One list of known deviations: what, and its text.
const LISTS: [(&str, &str); 18] = [
    ("nothing", ""),
    ("no list", "clause: status.400\nbecause: v1\n"),
    ("an empty list", "[]\n"),
    ("no clause", "- {because: v1}\n"),
    ("no reason", "- {clause: status.400}\n"),
    ("an empty reason", "- {clause: status.400, because: ' '}\n"),
    ("a clause that does not exist", "- {clause: request.name.maxLenght, because: v1}\n"),
    ("a key that is misspelt", "- {clause: status.400, becuase: v1}\n"),
    ("a key that is unknown", "- {clause: status.400, because: v1, since: v2}\n"),
    ("a last day that is none", "- {clause: status.400, because: v1, until: 2026-02-30}\n"),
    ("a link that leads nowhere", "- {clause: status.400, because: v1, link: bugs/7}\n"),
    ("a reason that nobody has filled in", "- {clause: status.400, because: FILL IN}\n"),
    ("a clause that no run can assess", "- {clause: status.503, because: v1}\n"),
    ("a cause that is misspelt", "- {clause: status.400, cause: request.typ, because: v1}\n"),
    ("a cause that no mismatch can have", "- {clause: response.id.format, cause: /name, because: v1}\n"),
    (
        "the same twice",
        "- {clause: status.400, cause: request.type, because: v1}\n- {clause: status.400, cause: request.type, because: v2}\n",
    ),
    (
        "one that covers the other",
        "- {clause: status.400, because: v1}\n- {clause: status.400, cause: request.type, because: v2}\n",
    ),
    ("a key that stands twice", "- {clause: status.400, because: v1, because: v2}\n"),
];

/// A suite of one case.
fn suite_with(contract: &str, case: &str, text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("cases/otc");
    let file = dir.join(case);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(dir.join(CONTRACT), contract).unwrap();
    fs::copy("cases/otc/os-versions.csv", dir.join("os-versions.csv")).unwrap();
    fs::write(file, text).unwrap();
    let shown = match Suite::from_dir(&dir) {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string().replace(&dir.display().to_string(), "otc"),
    };
    (folder, shown)
}

const GOOD_CASE: &str = "title: a\nclauses: [request.name.type]\nrequest: {body: {name: a}}\nexpect: {status: 201}\n";

#[test]
fn what_is_wrong_in_a_contract_is_told_with_its_place() {
    let good = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    assert_eq!(suite_with(&good, CASE, GOOD_CASE).1, "no error");
    let mut text = String::new();
    for (what, from, to) in CONTRACTS {
        assert!(good.contains(from), "the contract has no `{from}`");
        let (_folder, shown) = suite_with(&good.replacen(from, to, 1), CASE, GOOD_CASE);
        text.push_str(&format!("## {what}\n{shown}\n\n"));
    }
    assert!(!text.contains("no error"), "{text}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("bad_contracts", text) });
}

#[test]
fn what_is_wrong_in_a_case_is_told_with_its_place() {
    let contract = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    let mut text = String::new();
    for (what, file, case) in CASES {
        let (_folder, shown) = suite_with(&contract, file, case);
        text.push_str(&format!("## {what}\n{shown}\n\n"));
    }
    assert!(!text.contains("no error"), "{text}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("bad_cases", text) });
}

#[test]
fn what_is_wrong_in_a_list_of_known_deviations_is_told_with_its_place() {
    let contract = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    let mut text = String::new();
    for (what, list) in LISTS {
        let (folder, _) = suite_with(&contract, CASE, GOOD_CASE);
        let dir = folder.path().join("cases/otc");
        fs::write(dir.join("baseline.yaml"), list).unwrap();
        let shown = Suite::from_dir(&dir).map_or_else(|error| error.to_string(), |_| "no error".to_owned());
        text.push_str(&format!("## {what}\n{}\n\n", shown.replace(&dir.display().to_string(), "otc")));
    }
    assert!(!text.contains("no error"), "{text}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("bad_lists", text) });
}

#[test]
fn every_broken_file_is_told_and_not_only_the_first() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("cases/otc");
    fs::create_dir_all(dir.join("name")).unwrap();
    for file in [CONTRACT, "os-versions.csv"] {
        fs::copy(Path::new("cases/otc").join(file), dir.join(file)).unwrap();
    }
    for name in ["accepts_a", "accepts_b", "notes"] {
        fs::write(
            dir.join("name").join(if name == "notes" { "notes.txt".to_owned() } else { format!("{name}.yaml") }),
            "titel: a\n",
        )
        .unwrap();
    }
    let error = Suite::from_dir(&dir).unwrap_err();
    assert_eq!(error.errors.len(), 3, "{error}");
}

fn tables() -> HashMap<String, Arc<Table>> {
    let text = fs::read_to_string("cases/otc/os-versions.csv").unwrap();
    HashMap::from([("os-versions.csv".to_owned(), Arc::new(Table::read("os-versions.csv", &text).unwrap()))])
}

/// What chance does to a text: some of it goes, some comes twice, something strange comes in.
fn spoiled(text: &str, at: usize, length: usize, strange: &str, way: u8) -> String {
    let boundary = |mut index: usize| {
        while !text.is_char_boundary(index) {
            index -= 1;
        }
        index
    };
    let start = boundary(at % (text.len() + 1));
    let end = boundary((start + length).min(text.len())).max(start);
    match way % 3 {
        0 => format!("{}{}", &text[..start], &text[end..]),
        1 => format!("{}{}{}", &text[..end], &text[start..end], &text[end..]),
        _ => format!("{}{strange}{}", &text[..start], &text[end..]),
    }
}

const STRANGE: [&str; 14] = [
    "\t",
    "{",
    "]",
    ": ",
    "- ",
    "&a",
    "*a",
    "<<: *a\n",
    "!!binary ",
    "|\n",
    "\u{0}",
    "\u{feff}",
    "999999999999999999999",
    "\"\\ud800\"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_contract_broken_at_random_is_an_error_or_a_contract(at in any::<usize>(), length in 0_usize..60, strange in prop::sample::select(STRANGE.to_vec()), way in any::<u8>()) {
        let text = fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
        let spoiled = spoiled(&text, at, length, strange, way);
        match document::parse(CONTRACT, &spoiled).and_then(|node| Contract::read(&node, tables())) {
            Ok(contract) => prop_assert!(!contract.clauses.is_empty()),
            Err(error) => prop_assert!(error.to_string().contains("contract.yaml:"), "{error}"),
        }
    }

    #[test]
    fn a_case_broken_at_random_is_an_error_or_a_case(pick in any::<prop::sample::Index>(), at in any::<usize>(), length in 0_usize..30, strange in prop::sample::select(STRANGE.to_vec()), way in any::<u8>()) {
        let suite = Suite::built_in("otc").unwrap().unwrap();
        let case = pick.get(&suite.cases);
        let text = fs::read_to_string(format!("cases/otc/{}.yaml", case.id)).unwrap();
        let spoiled = spoiled(&text, at, length, strange, way);
        match document::parse("case.yaml", &spoiled).and_then(|node| Case::read(&suite.contract, &case.id, &node)) {
            Ok(case) => prop_assert!(!case.probes.is_empty()),
            Err(error) => prop_assert!(error.to_string().contains("case.yaml:"), "{error}"),
        }
    }
}
