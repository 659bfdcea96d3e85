//! The start of a case: by its name, and from a request that somebody sent with curl.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ims_conformance::suite::Suite;
use serde_json::json;
use tempfile::TempDir;

/// The folder of a suite without cases.
fn suite() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("otc");
    fs::create_dir_all(&dir).unwrap();
    for name in ["contract.yaml", "os-versions.csv"] {
        fs::copy(Path::new("cases/otc").join(name), dir.join(name)).unwrap();
    }
    (folder, dir)
}

fn error(dir: &Path) -> String {
    Suite::from_dir(dir).map_or_else(|error| error.to_string(), |_| "no error".to_owned())
}

/// Runs the program; its exit code, what it printed, and what it noted beside.
fn program(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let home = TempDir::new().unwrap();
    command.args(arguments).env_clear().env("HOME", home.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that needs no input may have gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let [said, noted] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code().unwrap(), said, noted)
}

/// An id, and what its author fills in, in the order of the file.
const DRAFTS: [(&str, &[&str]); 7] = [
    ("name/accepts_a_name", &["a name is accepted", "request.name.type", "a"]),
    ("name/rejects_a_number", &["a name that is a number is refused", "request.name.type", "7"]),
    ("name/echoes_a_name", &["a name comes back", "response.name.echo", "a", "a"]),
    ("min_ram/defaults_to_nothing", &["no memory is asked for by default"]),
    ("__os_type/derives_linux", &["the type follows", "response.__os_type.derived", "CentOS 7.2 64bit", "Linux"]),
    ("response/requires_json", &["an answer says what it is", "status.201"]),
    ("behaviour/keeps_it", &["what was created is there", "behaviour.metadata-persists", "200"]),
];

/// The draft with each quoted TODO replaced.
fn filled_in(draft: &str, values: &[&str]) -> String {
    let mut text = draft.to_owned();
    for value in values {
        let start = text.find("\"TODO:").unwrap_or_else(|| panic!("{value}: {text}"));
        let end = start + 1 + text[start + 1..].find('"').unwrap() + 1;
        text.replace_range(start..end, value);
    }
    text
}

#[test]
fn a_draft_is_refused_until_it_is_filled_in() {
    for (id, values) in DRAFTS {
        let (_folder, dir) = suite();
        let shown = dir.display().to_string();
        let (code, said, noted) = program(&["new", id, "--suite", &shown], "");
        assert_eq!((code, noted.as_str()), (0, ""), "{id}: {said}{noted}");
        let file = dir.join(format!("{id}.yaml"));
        assert_eq!(said, format!("{}\n", file.display()));
        let draft = fs::read_to_string(&file).unwrap();
        let refused = error(&dir);
        let to_do = refused.matches("this is still to be filled in").count();
        assert_eq!((to_do, refused.matches("error: ").count()), (values.len(), values.len()), "{refused}");
        fs::write(&file, filled_in(&draft, values)).unwrap();
        assert_eq!(error(&dir), "no error", "{}", fs::read_to_string(&file).unwrap());
        let (code, _, noted) = program(&["new", id, "--suite", &shown], "");
        assert!(code == 2 && noted.contains("exists already; it stays as it is"), "a case is written over: {noted}");
    }
}

#[test]
fn a_draft_of_no_known_kind_is_refused() {
    for (id, expected) in [
        ("name/acepts_it", "did you mean `accepts_`?"),
        ("accepts_it", "name/accepts_it.yaml"),
        ("name/rejects a text", "write `name/rejects_a_text`"),
        ("name/rejects_", "as in `rejects_a_text`"),
    ] {
        let (code, said, noted) = program(&["new", id], "");
        assert_eq!((code, said.as_str()), (2, ""));
        assert!(noted.contains(expected), "{noted}");
    }
    let (code, said, noted) = program(&["new", "name/accepts_it"], "");
    assert_eq!((code, noted.as_str()), (0, "otc/name/accepts_it.yaml:\n"));
    assert!(said.contains("`body: {field: value}` names fields"), "{said}");
    let refusal = program(&["new", "name/rejects_it"], "").1;
    assert!(!refusal.contains("names fields of the answer"), "an error has none of them: {refusal}");
    assert!(said.starts_with("# POST /v2/images: ") && said.contains("\n#   request.name.maxLength  "), "{said}");
}

const LETTING_IN: &str = "-H 'X-Auth-Token: gAAAAsecretsecret' -H 'Authorization: Bearer secretsecret' -u me:secretsecret -b 'sid=secretsecret'";

#[test]
fn a_command_of_curl_becomes_a_case_without_what_lets_its_sender_in() {
    let url = "https://me:secretsecret@ims.example.com/v2/images?token=secretsecret";
    for (data, kind) in [
        (r#"{"name":"a","min_disk":40}"#, "accepts"),
        (r#"{"min_disk": 1025}"#, "rejects"),
        (r#"{"min_disk": "40 GB", "name": "it"}"#, "rejects"),
        (r#"{"name": "a", "#, "rejects"),
    ] {
        for form in ["--data-binary", "-d", "--data-raw"] {
            let command = format!(
                "curl -sS -i -X POST '{url}' {LETTING_IN} \\\n  -H 'Content-Type: application/json' {form} '{data}' | jq ."
            );
            let (_folder, dir) = suite();
            let (code, said, noted) = program(&["from-curl", "--suite", &dir.display().to_string()], &command);
            assert_eq!(code, 0, "{command}: {noted}");
            assert!(said.contains(&format!("/{kind}_")), "{said}");
            let text = fs::read_to_string(said.trim_end()).unwrap();
            assert!(!format!("{text}{said}{noted}").contains("secretsecret"), "{text}{noted}");
            assert_eq!(noted, "left out: X-Auth-Token, Authorization, -u, -b, ?token\n");
            assert_eq!(error(&dir), "no error", "{text}");
            assert_eq!(text.contains("raw: "), data.ends_with(", "), "JSON is written as JSON: {text}");
        }
    }
}

#[test]
fn a_command_given_as_an_argument_becomes_the_same_case() {
    let data = r#"{"name":"a name of some length","min_disk":1025}"#;
    let command =
        format!("curl -X POST https://ims.example.com/v2/images -H 'Content-Type: application/json' -d '{data}'");
    let (code, shown, _) = program(&["from-curl", &command], "");
    assert_eq!((code, &shown), (0, &program(&["from-curl"], &command).1));
    let (_, again, noted) =
        program(&["from-curl", &format!("{}; curl -X DELETE y", command.replace("images ", "images?foo=bar "))], "");
    assert!(shown == again && noted.starts_with("left out: what comes after `;`, ?foo\n"), "{noted}");
    let secret = command.replace("//ims", "//me:secretsecret@ims").replace("a name", "secretsecret");
    let (_, shown, noted) = program(&["from-curl", &secret], "");
    assert!(!format!("{shown}{noted}").contains("secretsecret"), "{shown}{noted}");
}

#[test]
fn what_a_case_cannot_say_becomes_none() {
    let post = "curl -X POST https://ims.example.com/v2/images -H 'Content-Type: application/json'";
    for (command, expected) in [
        ("wget x".to_owned(), "does not begin with curl"),
        ("curl 'x".to_owned(), "has no end"),
        ("curl -X".to_owned(), "-X of curl takes a value"),
        (format!("{post} --foo -d '{{}}'"), "--foo of curl is not known here"),
        (format!("{post} -d '{{\"min_dsik\": 10}}'"), "`min_dsik` is no field, did you mean `min_disk`?"),
        ("curl -X POST https://iam.example.com/v3/auth/tokens -d '{}'".to_owned(), "the contract has no such call"),
        (format!("{post} -d @body.json"), "-d takes the body from elsewhere"),
        ("curl https://ims.example.com/v2/images".to_owned(), "is about POST /v2/images"),
        (format!("{post} -d '{{\"min_disk\": null}}'"), "leaves this request open (a disk size of null)"),
        (
            format!("{post} -d '{{\"adminPass\": \"x\", \"password\": \"swordfish\"'"),
            "`password`, which looks like a secret",
        ),
        (format!("{post} {LETTING_IN} -d '{{\"name\": \"secretsecret\"}}'"), "looks like a secret"),
        ("curl https://ims.example.com/v2/images -d '{\"min_disk\": 40}'".to_owned(), "add -H 'Content-Type"),
    ] {
        let (code, said, noted) = program(&["from-curl", &command], "");
        assert_eq!((code, said.as_str()), (2, ""), "{command}");
        assert!(noted.contains(expected), "{command}: {noted}");
        assert!(!noted.contains("swordfish") && !noted.contains("secretsecret"), "{noted}");
    }
}

/// A HAR as a browser saves it: a preflight, two creations that say the same, a broken one, one with a secret in it, and a read.
fn har() -> String {
    let entry = |method: &str, path: &str, body: &str| {
        json!({"request": {
            "method": method,
            "url": format!("https://me:secretsecret@ims.example.com{path}"),
            "headers": [
                {"name": ":authority", "value": "ims.example.com"},
                {"name": "content-type", "value": "application/json"},
                {"name": "X-Auth-Token", "value": "gAAAAsecretsecret"},
            ],
            "cookies": [{"name": "sid", "value": "secretsecret"}],
            "postData": {"mimeType": "application/json", "text": body},
        }})
    };
    let create = |body: &str| entry("POST", "/v2/images?token=secretsecret", body);
    let entries = [
        entry("OPTIONS", "/v2/images", ""),
        create(r#"{"min_disk": 40}"#),
        create(r#"{ "min_disk": 40 }"#),
        create(r#"{"min_disk": 1025}"#),
        create(r#"{"password": "secretsecret"}"#),
        create(r#"{"name": "gAAAAsecretsecret"}"#),
        entry("GET", "/v2/images/7?token=secretsecret", ""),
    ];
    json!({"log": {"version": "1.2", "entries": entries}}).to_string()
}

#[test]
fn each_creation_of_a_har_becomes_a_case_without_what_lets_its_sender_in() {
    let (_folder, dir) = suite();
    let file = dir.parent().unwrap().join("session.har");
    fs::write(&file, har()).unwrap();
    let (code, said, noted) = program(&["from-har", file.to_str().unwrap(), "--suite", dir.to_str().unwrap()], "");
    assert_eq!(code, 0, "{said}{noted}");
    let written: Vec<_> = said.lines().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(written.len(), 2, "{said}");
    assert!(
        written[0].starts_with("# From entry 2 of a HAR.\n") && written[0].contains("{\"min_disk\":40}"),
        "{written:?}"
    );
    assert!(written[1].contains("clauses: [request.min_disk.maximum]"), "{written:?}");
    for line in [
        "entry 1, OPTIONS /v2/images: the contract has no such call",
        "entry 3, POST /v2/images: it asks the same as entry 2",
        "entry 5, POST /v2/images: the body has `password`, which looks like a secret",
        "entry 6, POST /v2/images: the body has `what a header of the command says`",
        "entry 7, GET /v2/images/7: a case by itself",
        "left out: ?token, X-Auth-Token, cookie",
    ] {
        assert!(noted.contains(line), "{line}: {noted}");
    }
    assert!(!format!("{said}{noted}{written:?}").contains("secretsecret"), "{said}{noted}{written:?}");
    assert_eq!(error(&dir), "no error");

    let paths: Vec<_> = said.lines().collect();
    fs::write(paths[0], "title: of somebody else\n").unwrap();
    let from_har = ["from-har", file.to_str().unwrap(), "--suite", dir.to_str().unwrap()];
    let (code, said, noted) = program(&from_har, "");
    assert_eq!((code, said.as_str()), (0, ""), "{noted}");
    let lines = [
        format!("entry 2, POST /v2/images: {} exists already, and stays as it is\n", paths[0]),
        format!("entry 4, POST /v2/images: {} is this case already\n", paths[1]),
    ];
    assert!(lines.iter().all(|line| noted.contains(line)), "{noted}");
    assert_eq!(fs::read_to_string(paths[0]).unwrap(), "title: of somebody else\n");
}

#[test]
fn what_is_no_har_or_has_no_creation_is_an_error_that_tells_no_secret() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.har");
    for (text, expected) in [
        ("secretsecret", "this is not JSON, line 1, column 1"),
        (r#"{"log": "secretsecret"}"#, "it has no list at log.entries"),
        (r#"{"log": {"entries": []}}"#, "no entry became a case"),
        (r#"{"log": {"entries": [7]}}"#, "no entry became a case"),
    ] {
        fs::write(&file, text).unwrap();
        let (code, said, noted) = program(&["from-har", file.to_str().unwrap()], "");
        assert_eq!((code, said.as_str()), (2, ""), "{noted}");
        assert!(noted.contains(expected) && !noted.contains("secretsecret"), "{noted}");
    }
}
