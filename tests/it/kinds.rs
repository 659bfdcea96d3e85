//! Kinds of call that a contract can describe, each as a small suite of data: what `check` lets pass runs to its end against the suite's own stub, leaves
//! nothing there, and misses no defect that the contract can express.
//!
//! `kinds/refused` are the ones that cannot be carried: `check` says so, with the line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::program::{outcome, program, text_of};
use tempfile::TempDir;

/// Every suite of a kind, beside the folder that other tests have.
const SUITES: [&str; 7] =
    ["any_scheme", "no_credential", "number_id", "text_id", "refuses_422", "strict_body", "put_in_project"];

fn path(suite: &str) -> String {
    format!("tests/suites/{suite}")
}

/// What a run has come to: it holds, and nothing is left behind.
fn holds(suite: &str, more: &[&str]) {
    let mut arguments = vec!["run", "--stub", "--suite"];
    let dir = path(suite);
    arguments.push(&dir);
    arguments.extend(more);
    let (code, text) = outcome(&arguments);
    assert_eq!(code, 0, "{suite} {more:?}: {text}");
    assert!(text.contains(" 0 left behind, 0 perhaps"), "{suite} {more:?}: {text}");
    assert!(text.contains(" 0 failed, 0 inconclusive, 0 skipped"), "{suite} {more:?}: {text}");
}

#[test]
fn every_kind_passes_check_and_misses_no_defect() {
    for suite in SUITES {
        let (code, text) = outcome(&["check", &path(suite), "--defects"]);
        assert_eq!(code, 0, "{suite}: {text}");
        assert!(text.contains(" caught, 0 missed"), "{suite}: {text}");
    }
}

#[test]
fn every_kind_holds_on_its_own_stub_and_leaves_nothing() {
    for suite in SUITES {
        holds(suite, &[]);
    }
}

/// The security schemes of the suite that has one of each.
const SCHEMES: [&str; 5] = ["header", "bearer", "basic", "query", "cookie"];

#[test]
fn each_security_scheme_opens_a_target_and_what_is_not_good_does_not() {
    for scheme in SCHEMES {
        holds("any_scheme", &["--scheme", scheme, "--phase", "case", "--phase", "boundary"]);
    }
}

/// The contract with one scheme only.
fn only(scheme: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    copy(Path::new(&path("any_scheme")), folder.path());
    let file = folder.path().join("contract.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let others = SCHEMES.iter().filter(|other| **other != scheme);
    let is_of = |line: &str, other: &str| {
        line.starts_with(&format!("  - {other}:")) || line.starts_with(&format!("    {other}:"))
    };
    let kept = text.lines().filter(|line| !others.clone().any(|other| is_of(line, other)));
    fs::write(&file, kept.collect::<Vec<_>>().join("\n")).unwrap();
    let dir = folder.path().display().to_string();
    (folder, dir)
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A token that each scheme can show.
const SECRET: &str = "canary-7f3a-user:canary-7f3a+Secret/Token?";

fn with_secret(arguments: &[&str]) -> Output {
    program(arguments).env("CANARY", SECRET).output().unwrap()
}

/// A stub of the program with this defect, for which only the secret is good, and what a run against it says and writes.
fn reported(dir: &str, defect: &str) -> (i32, String, Vec<(PathBuf, String)>) {
    let mut command = program(&["stub", "--listen", "127.0.0.1:0", "--token-env", "CANARY", "--suite", dir]);
    command.args(["--defect", defect]).env("CANARY", SECRET);
    let stub = crate::program::Served::of(command);
    let folder = TempDir::new().unwrap();
    let files: Vec<_> = ["har", "json", "html", "markdown", "junit", "ndjson"]
        .map(|format| (format, folder.path().join(format)))
        .into();
    let reports: Vec<_> = files.iter().map(|(format, file)| format!("--report={format}={}", file.display())).collect();
    let mut arguments = vec![
        "run",
        "--suite",
        dir,
        "--endpoint",
        &stub.url,
        "--token-env",
        "CANARY",
        "-v",
        "--phase",
        "case",
        "--phase",
        "boundary",
    ];
    arguments.extend(reports.iter().map(String::as_str));
    let (code, text) = text_of(&with_secret(&arguments));
    let written = files.into_iter().map(|(_, file)| (file.clone(), fs::read_to_string(file).unwrap())).collect();
    (code, text, written)
}

#[test]
fn no_output_tells_a_token_wherever_it_was_shown_and_the_commands_that_repeat_a_finding_show_it() {
    let shown = [
        ("header", "-H \"X-Desk-Key: $OS_TOKEN\""),
        ("bearer", "-H \"Authorization: Bearer $OS_TOKEN\""),
        ("basic", "-H \"Authorization: Basic $(printf %s \"$OS_TOKEN\" | base64 | tr -d '\\n')\""),
        ("query", "--url-query \"desk_key=$OS_TOKEN\""),
        ("cookie", "-H \"Cookie: desk_session=$OS_TOKEN\""),
    ];
    for (scheme, option) in shown {
        let (_folder, dir) = only(scheme);
        let (code, text, written) = reported(&dir, "request.urgency.maximum:off-by-one");
        assert_eq!(code, 1, "{scheme}: {text}");
        assert!(text.contains(option), "{scheme}: {text}");
        for (file, text) in written {
            // In each form: as it is, in an address, in Base64.
            let forms = ["canary-7f3a", "Secret%2F", "Y2FuYXJ5LTdmM2E"];
            assert!(!forms.iter().any(|form| text.contains(form)), "{scheme}: {}", file.display());
        }
    }
}

#[test]
fn nothing_is_shown_to_a_target_that_asks_for_nothing() {
    let (code, text) = text_of(&with_secret(&[
        "doctor",
        "--suite",
        &path("no_credential"),
        "--endpoint",
        "http://127.0.0.1:9",
        "--token-env",
        "CANARY",
    ]));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--token-env names a credential, and the contract asks for none"), "{text}");
}

#[test]
fn a_token_that_its_scheme_cannot_show_is_refused() {
    let table = [
        ("basic", "canary-7f3a-alone", "a user, a colon and a password"),
        ("cookie", "canary-7f3a;7", "what a cookie can hold"),
    ];
    for (scheme, token, message) in table {
        let (_folder, dir) = only(scheme);
        let mut command =
            program(&["doctor", "--suite", &dir, "--endpoint", "http://127.0.0.1:9", "--token-env", "CANARY"]);
        let (code, text) = text_of(&command.env("CANARY", token).output().unwrap());
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(message), "{text}");
    }
}

/// A change of a contract that cannot be carried: the suite, what is replaced in it by what, and what `check` says of that.
type Refused = (&'static str, &'static str, &'static str, &'static str, &'static str);

const REFUSED: &[Refused] = &[
    (
        "any_scheme",
        "{type: http, scheme: bearer,",
        "{type: http, scheme: digest,",
        "`digest` is not known here",
        "bearer",
    ),
    (
        "any_scheme",
        "{type: http, scheme: bearer,",
        "{type: oauth2, flows: {},",
        "a login cannot be honoured",
        "scheme: bearer",
    ),
    (
        "any_scheme",
        "  - bearer: []\n",
        "",
        "nothing asks for the security scheme `bearer`",
        "`security: [{bearer: []}]` does",
    ),
    (
        "any_scheme",
        "  - bearer: []\n",
        "  - {bearer: [], basic: []}\n",
        "two schemes that are needed together",
        "item of its own",
    ),
    ("any_scheme", "  - bearer: []\n", "  - {}\n", "a credential that may be left out", "leave `security` out"),
    ("any_scheme", "  - bearer: []\n", "  - bearer: [write]\n", "scopes cannot be honoured", "leave the list empty"),
    (
        "any_scheme",
        "        '401': {description: Nobody is known by this.}\n",
        "",
        "a credential is asked for",
        "'401'",
    ),
    (
        "no_credential",
        "        '400':",
        "        '401': {description: x}\n        '400':",
        "nobody is asked for a credential",
        "x-not-assessed",
    ),
    (
        "number_id",
        "          description: It will be open soon.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/Ticket'}\n",
        "          description: It will be open soon.\n",
        "an answer of success without a body",
        "stand in `content`",
    ),
    (
        "number_id",
        "'202':\n          description: It will be open soon.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/Ticket'}\n",
        "'202':\n          description: It will be open soon.\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/NewTicket'}\n",
        "answers of success with different bodies",
        "`content` of the first one",
    ),
    (
        "number_id",
        "readTicket, parameters: {id: $response.body#/id}",
        "readTicket, parameters: {id: $response.header.Location}",
        "expected $response.body#",
        "in a header alone",
    ),
    ("number_id", "required: [id, subject", "required: [subject", "is no field that is always", "`required` names it"),
    (
        "number_id",
        "type: integer, minimum: 1, x-unique",
        "type: number, minimum: 1, x-unique",
        "a string or an integer",
        "says which",
    ),
    ("text_id", ", examples: [T-000001]", "", "nobody knows how an id looks", "`examples` of it has one"),
    (
        "text_id",
        "        '400': {description: A wrong body.}\n",
        "",
        "no answer says how a wrong request is refused",
        "'400'",
    ),
    (
        "strict_body",
        "minimum: 5, maximum: 480",
        "minimum: 6, maximum: 9",
        "no multiple keeps the other rules",
        "multipleOf",
    ),
    ("strict_body", "multipleOf: 0.25", "multipleOf: 0", "more than 0 has multiples", "multipleOf"),
    ("strict_body", "uniqueItems: true", "uniqueItems: false", "only `true` can stand here", "uniqueItems"),
    (
        "put_in_project",
        "schema: {type: string}, example: p-1}\n    put:",
        "schema: {type: string}}\n    put:",
        "nothing fills the parameters of the path under test",
        "`example` of a parameter",
    ),
    (
        "put_in_project",
        "      - {name: id, in: path, required: true, description: The ticket., schema: {type: string}}\n",
        "",
        "no parameter of this path is {id}",
        "`parameters` says what it is",
    ),
    (
        "put_in_project",
        "example: p-1}\n    put:",
        "example: p-2}\n    put:",
        "`project_id` has the value `p-2` elsewhere",
        "the same in all paths",
    ),
    (
        "put_in_project",
        "in: path, required: true, description: The project., schema: {type: string}, example: p-1}\n    put:",
        "in: query, required: true, description: The project., schema: {type: string}, example: p-1}\n    put:",
        "a path has no parameters but those in it",
        "a call that lists",
    ),
    (
        "strict_body",
        "items: {description: A room., type: string, minLength: 1, maxLength: 60}",
        "items: {description: A room., type: object, properties: {name: {description: x, type: string}}}",
        "the fields of an object within a body",
        "`type: object` says that it is one",
    ),
    (
        "refuses_422",
        "type: integer, minimum: 1",
        "nullable: true, minimum: 1",
        "`nullable` cannot be",
        "[string, 'null']",
    ),
    ("refuses_422", "type: string, x-echo", "format: uri, x-echo", "`uri` is not known here", "leave any other out"),
    ("refuses_422", "      x-effect: read\n", "", "`x-effect` is missing", "create, read, list"),
    ("refuses_422", "default: 3", "default: 7", "the default 7 breaks `maximum`", ""),
    ("refuses_422", "{syntax: [400]}", "{syntaks: [400]}", "no rule `syntaks`", "known here: type, syntax"),
    ("refuses_422", "{syntax: [400]}", "{syntax: [499]}", "has no answer `499`", "each of its answers"),
    ("refuses_422", "x-items: /tickets", "x-items: tickets", "expected a JSON pointer", "where the answer is the list"),
    ("refuses_422", "x-items: /tickets", "x-items: ''\n      x-next: /next", "has no field for the next page", ""),
    (
        "text_id",
        "requestBody: {urgency: 1}",
        "requestBody: [{op: replace, path: /urgency, value: 1}]",
        "the body of this call is an object of the fields",
        "its media type says which",
    ),
    ("refuses_422", "x-refused: 422", "x-refused: 499", "has no answer `499`", ""),
];

#[test]
fn what_cannot_be_carried_is_refused_with_its_place_and_a_hint() {
    for (suite, from, to, message, hint) in REFUSED {
        let folder = TempDir::new().unwrap();
        copy(Path::new(&path(suite)), folder.path());
        let file = folder.path().join("contract.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{suite}: {from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let (code, text) = outcome(&["check", &folder.path().display().to_string()]);
        assert_eq!(code, 2, "{to:?}: {text}");
        assert!(text.contains(message) && text.contains("contract.yaml:"), "{to:?}: {text}");
        assert!(text.contains(hint), "{to:?}: {text}");
    }
}
