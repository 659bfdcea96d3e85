//! Suites that are begun from a public OpenAPI document: what is taken over, what is left to be filled in, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::program::outcome;
use ims_conformance::document::parse;
use ims_conformance::harness::block_on;
use ims_conformance::openapi::begin;
use ims_conformance::rehearsal::{kill_matrix, selected, unshown};
use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// A suite that the program has begun in a folder of its own, and what it said.
fn begun(document: &str, more: &[&str]) -> (TempDir, PathBuf, String) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("begun");
    let shown = dir.display().to_string();
    let mut arguments = vec!["init", "--from", document, shown.as_str()];
    arguments.extend(more);
    let (code, said) = outcome(&arguments);
    assert_eq!(code, 0, "{said}");
    (folder, dir, said)
}

/// Has these texts in the place of what is still to be filled in, one after the other.
fn fill_in(file: &Path, values: &[&str]) {
    let mut text = fs::read_to_string(file).unwrap();
    for value in values {
        let start = text.find("\"TODO:").unwrap_or_else(|| panic!("{value}: {text}"));
        let end = start + 1 + text[start + 1..].find('"').unwrap() + 1;
        text.replace_range(start..end, value);
    }
    assert!(!text.contains("\"TODO:"), "{text}");
    fs::write(file, text).unwrap();
}

/// Asserts that each of these lines stands in the contract.
fn says(contract: &str, lines: &[&str]) {
    for line in lines {
        assert!(contract.lines().any(|each| each.trim() == *line), "{line}\n{contract}");
    }
}

/// Holds a suite that is filled in against its own stub.
fn holds(dir: &Path) {
    let shown = dir.display().to_string();
    let (code, said) = outcome(&["check", &shown]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = outcome(&["run", "--stub", "--suite", &shown]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(" 0 failed, 0 inconclusive, 0 skipped"), "{said}");
    assert!(said.contains(" 0 left behind, 0 perhaps"), "{said}");
}

#[test]
fn what_openapi_3_0_says_is_taken_over_and_the_rest_is_left_to_be_filled_in() {
    let (_folder, dir, said) = begun("tests/openapi/notes.json", &["--operation", "createNote"]);
    for expected in [
        "contract.yaml\n",
        "body/accepts_the_example.yaml\n",
        "behaviour/keeps_what_was_created.yaml\n",
        "4 TODOs left to be filled in; `ims-conformance check ",
        "note: the call needs what a contract cannot say, in its header: X-Trace\n",
        "note: the scheme login: oauth2 in the document; what comes of the login is a token\n",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let file = dir.join("contract.yaml");
    let contract = fs::read_to_string(&file).unwrap();
    says(
        &contract,
        &[
            "/teams/{team_id}/notes:",
            "summary: Creates a note.",
            "scheme: bearer",
            "description: What to write down.",
            "additionalProperties: false",
            "required: [text]",
            "exclusiveMinimum: 0",
            "type: [integer, 'null']",
            "x-mark: test-{run}",
            "# left out: format email",
            "x-unambiguous: {enum: ['somebody@example.com']}",
            "# left out: pattern: '^(?=A)[A-Z]{3}$' (the pattern does not compile)",
            "x-unambiguous: {enum: [{x: 1}]}",
            "# left out, as only answers have them: id",
            "# left out, as only requests have them: secret",
            "# left out, as a contract names each status: default",
            "x-not-assessed: it takes a credential without rights",
            "read: {operationId: readNote, parameters: {note_id: $response.body#/id}}",
            "required: [id, text, created]",
            "x-items: /notes",
            "# The paths begin behind https://notes.example.com/api: `--endpoint` names all of that.",
        ],
    );
    let case = fs::read_to_string(dir.join("body/accepts_the_example.yaml")).unwrap();
    assert!(case.contains("\n  body: {text: Buy milk, pages: 3}\n"), "{case}");

    let refused = Suite::from_dir(&dir).unwrap_err().to_string();
    assert_eq!(refused.matches("error: this is still to be filled in").count(), 4, "{refused}");
    assert!(refused.contains("contract.yaml:") && refused.contains("says what belongs in its place"), "{refused}");
    fill_in(&file, &["t-1", "t-1", "ABC", "[string, integer]"]);
    holds(&dir);
    let suite = std::sync::Arc::new(Suite::from_dir(&dir).unwrap());
    assert!(block_on(unshown(&suite)).unwrap().is_empty());
    let defects = selected(&suite, &["behaviour".to_owned()]).unwrap();
    let missed: Vec<_> =
        kill_matrix(&suite, defects, &|| ()).unwrap().into_iter().filter(|trial| !trial.is_caught).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn what_openapi_3_1_says_is_taken_over_and_what_the_document_lacks_is_begun() {
    let (_folder, dir, said) = begun("tests/openapi/jobs.yaml", &[]);
    assert!(said.contains("1 TODO left to be filled in"), "{said}");
    let file = dir.join("contract.yaml");
    let contract = fs::read_to_string(&file).unwrap();
    says(
        &contract,
        &[
            "operationId: post_jobs",
            "summary: Start a job",
            "type: [integer, 'null']",
            "maximum: 3600",
            "items: {type: string, minLength: 1, maxLength: 10}",
            "pattern: '^[a-z]+(\\.[a-z]+)*$'",
            "examples: [J-1000]",
            "x-items: ''",
            "read: {operationId: get_jobs_job_id, parameters: {job_id: $response.body#/job_id}}",
            "remove: {operationId: deleteCreated, parameters: {job_id: $response.body#/job_id}}",
        ],
    );
    let refused = Suite::from_dir(&dir).unwrap_err().to_string();
    assert!(refused.contains("TODO: the document has no call that removes what was created"), "{refused}");
    fill_in(&file, &["Stop a job."]);
    holds(&dir);
}

const HEAD: &str = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\n";

/// A call that creates something; `{request}` and `{answer}` are schemas.
const CALL: &str = "paths: {/a: {post: {operationId: makeOne, requestBody: {content: {application/json: {schema: {request}}}}, responses: {'201': {description: It is., content: {application/json: {schema: {answer}}}}}}}}\n";

fn call(request: &str, answer: &str) -> String {
    format!("{HEAD}{}", CALL.replace("{request}", request).replace("{answer}", answer))
}

#[test]
fn what_cannot_be_begun_is_refused_with_its_place_and_a_hint() {
    let good = "{type: object, properties: {id: {type: string}}}";
    let two = "paths:\n  /a: {post: {operationId: makeA, responses: {'201': {description: x, content: {}}}}}\n  /b: {post: {responses: {'200': {description: x, content: {}}}}}\n";
    let table: [(String, &[&str], &[&str]); 13] = [
        ("a: 1\n".into(), &[], &["this is not an OpenAPI document", "`info` and `paths`", ":1:"]),
        ("swagger: '2.0'\n".into(), &[], &["a document of Swagger", "a converter"]),
        ("openapi: 4.0.0\n".into(), &[], &["only OpenAPI 3.0 and 3.1"]),
        (HEAD.into(), &[], &["`paths` is missing"]),
        (format!("{HEAD}paths: {{}}\n"), &[], &["there is no call here"]),
        (
            call(good, good),
            &["--operation", "makeOn"],
            &["no call here has the operationId", "did you mean `makeOne`?"],
        ),
        (
            format!("{HEAD}{two}"),
            &[],
            &["2 calls here may create something", "POST /a, makeA", "POST /b", "--operation"],
        ),
        (format!("{HEAD}paths: {{/a: {{get: {{}}}}}}\n"), &[], &["no call here is a POST", "GET /a"]),
        (call("{$ref: '#/x'}", good) + "x: {$ref: '#/x'}\n", &[], &["holds itself"]),
        (call("{$ref: 'other.yaml'}", good), &[], &["only references within the file", "bundles"]),
        (call("{$ref: '#/y'}", good), &[], &["nothing stands at `#/y`"]),
        (
            call(good, "{type: object, properties: {a: {type: object, properties: {id: {type: string}}}}}"),
            &[],
            &["an answer within a wrapper, `a`"],
        ),
        (call(good, "{type: array}"), &[], &["a body that is no object"]),
    ];
    for (document, more, expected) in table {
        let folder = TempDir::new().unwrap();
        let (file, dir) = (folder.path().join("api.yaml"), folder.path().join("begun"));
        fs::write(&file, &document).unwrap();
        let mut arguments = vec!["init", "--from", file.to_str().unwrap(), dir.to_str().unwrap()];
        arguments.extend(more);
        let (code, said) = outcome(&arguments);
        assert_eq!(code, 2, "{document}: {said}");
        for words in expected.iter().chain(&["api.yaml:"]) {
            assert!(said.contains(words), "{document}: {words}: {said}");
        }
        assert!(!dir.exists(), "{document}");
    }
}

#[test]
fn nothing_is_written_over_and_a_document_must_be_named() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    let dir = folder.path().to_str().unwrap();
    let (code, said) = outcome(&["init", "--from", "tests/openapi/jobs.yaml", dir]);
    assert!(code == 2 && said.contains("is not empty, and stays as it is"), "{said}");
    let (code, said) = outcome(&["init", dir]);
    assert!(code == 2 && said.contains("--from FILE names the OpenAPI document"), "{said}");
    let (code, said) = outcome(&["init", "--from", "tests/openapi/none.yaml", dir]);
    assert!(code == 2, "{said}");
    assert_eq!(fs::read_dir(dir).unwrap().count(), 1);
}

/// Pieces that take the place of others in a document that is broken at random.
const PIECES: [&str; 24] = [
    "null",
    "{}",
    "[]",
    "\"\"",
    "true",
    "-1",
    "1e300",
    "{\"$ref\":\"#\"}",
    "{\"$ref\":\"#/components/schemas/Note\"}",
    "{\"$ref\":\"#/components/schemas/NewNote/properties/place\"}",
    "{\"allOf\":[{\"$ref\":\"#/components/schemas/Note\"},{\"$ref\":\"#/components/schemas/Note\"}]}",
    "\"TODO: x\"",
    "\"{run}\"",
    "\"a: b #c\\n'\\u0000\\u007f\\u2028\"",
    "\"/{}/{a}{b}\"",
    "[\"string\",\"null\",\"array\"]",
    "\"object\"",
    "[null]",
    "18446744073709551615",
    "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Note\"}}",
    "{\"type\":\"string\",\"enum\":[\"{id}\",null]}",
    "{\"oneOf\":[{},{}]}",
    "\"#/components/schemas/Note\"",
    "\"pattern\"",
];

/// The document with one value replaced, somewhere below.
fn broken(value: &mut serde_json::Value, chance: &mut Chance) {
    let children: Vec<&mut serde_json::Value> = match value {
        serde_json::Value::Object(fields) => fields.values_mut().collect(),
        serde_json::Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    let count = children.len();
    match children.into_iter().nth(chance.below(count.max(1))) {
        Some(child) if chance.below(6) > 0 => broken(child, chance),
        _ => {
            let piece: &&str = chance.of(&PIECES);
            *value = serde_json::from_str(piece).unwrap();
        }
    }
}

#[test]
fn a_document_that_is_broken_at_random_is_refused_or_begun() {
    let whole: serde_json::Value =
        serde_json::from_str(&fs::read_to_string("tests/openapi/notes.json").unwrap()).unwrap();
    let mut begun = 0;
    for seed in 0..600 {
        let mut chance = Chance::new(seed);
        let mut document = whole.clone();
        for _ in 0..=chance.below(3) {
            broken(&mut document, &mut chance);
        }
        let read = |node| begin(&node, Some("createNote"), "api.json");
        let Ok(suite) = parse("api.json", &document.to_string()).and_then(read) else { continue };
        begun += 1;
        // What was begun is YAML, and what is wrong with it can be told.
        let folder = TempDir::new().unwrap();
        for (name, text) in &suite.files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let refused = Suite::from_dir(folder.path()).map_or_else(|error| error.to_string(), |_| String::new());
        let to_dos = refused.matches("this is still to be filled in").count();
        assert!(to_dos <= suite.to_dos && (to_dos > 0 || suite.to_dos == 0), "{seed}: {refused}");
    }
    assert!(begun > 200, "{begun}");
}
