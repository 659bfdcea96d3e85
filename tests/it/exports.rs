//! What the program exports for others: tables; the contract as plain `OpenAPI`, which a validator from `PyPI` reads where that can be reached; completions
//! and pages of the manual.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics; a skipped one says so"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ims_conformance::document;
use ims_conformance::suite::Suite;
use serde_json::Value;

fn export(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let output = command.arg("export").args(arguments).env_clear().output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

#[test]
fn each_table_says_the_same_in_each_format() {
    for name in Suite::built_in_names() {
        for (file, table) in &Suite::built_in(name).unwrap().unwrap().contract.tables {
            let of = |format: &str| export(&["table", file, "--suite", name, "--format", format]);
            let (_, csv) = of("csv");
            assert_eq!(csv, fs::read_to_string(Path::new("cases").join(name).join(file)).unwrap());
            let json: Vec<Value> = serde_json::from_str(&of("json").1).unwrap();
            let markdown = of("markdown").1;
            let lines: Vec<_> = markdown.lines().skip(2).collect();
            assert_eq!((json.len(), lines.len()), (table.rows().len(), table.rows().len()));
            for ((row, object), line) in table.rows().iter().zip(&json).zip(lines) {
                for (column, cell) in table.columns().iter().zip(row) {
                    assert_eq!(object[column], cell.as_str());
                }
                let cells = line.replace("\\|", "\u{0}");
                let cells: Vec<_> =
                    cells.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
                assert_eq!(cells, row.iter().map(|cell| cell.trim()).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a_table_that_does_not_exist_is_named_with_a_near_one() {
    let (code, text) = export(&["table", "os-version"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the suite otc has no table `os-version`; did you mean `os-versions`?"), "{text}");
    let (code, text) = export(&["table", "os-versions", "--suite", "glance"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("; it has none"), "{text}");
}

/// Each key of an object in the document, with where it stands.
fn keys(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let place = format!("{place}/{key}");
            keys(value, &place, found);
            found.push(place);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, place, found)),
        _ => {}
    }
}

fn openapi(suite: &str) -> Value {
    let (code, text) = export(&["openapi", "--suite", suite]);
    assert_eq!(code, 0, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_contract_is_exported_without_our_keywords_and_with_all_the_rest() {
    for suite in ["otc", "glance", "tests/suites/required"] {
        let document = openapi(suite);
        let mut found = Vec::new();
        keys(&document, "", &mut found);
        let ours: Vec<_> = found.iter().filter(|place| place.contains("/x-")).collect();
        assert!(ours.is_empty(), "{suite}: {ours:?}");
    }
    let document = openapi("otc");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.values().any(|schema| schema["properties"]["min_disk"]["maximum"] == 1024));
    // A table that a field must stand in is a list of its values, and the default is one more.
    let suite = Suite::built_in("otc").unwrap().unwrap();
    let rows = suite.contract.tables["os-versions.csv"].rows();
    let mut lists = schemas.values().filter_map(|schema| schema["properties"]["__os_version"]["enum"].as_array());
    let list = lists.next().unwrap();
    assert!(list.len() == rows.len() + 1 && rows.iter().all(|row| list.contains(&Value::from(row[0].as_str()))));
    let paths = document["paths"].as_object().unwrap();
    let (_, item) = paths.iter().find(|(path, _)| path.ends_with('}')).unwrap();
    assert_eq!(item["parameters"][0]["in"], "path");
    assert!(document["paths"]["/v2/images"]["post"]["responses"]["201"]["links"]["read"].is_object());
}

/// Python with the validator, in a folder of its own that later runs find again; `None` where it cannot be had.
fn validator() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi-spec-validator");
    let python = dir.join("bin/python");
    let is_there = || {
        let found = Command::new(&python).args(["-c", "import openapi_spec_validator"]).output();
        found.is_ok_and(|output| output.status.success())
    };
    if !is_there() {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&dir).output();
        made.ok().filter(|output| output.status.success())?;
        let install =
            ["-m", "pip", "install", "--quiet", "--timeout", "15", "--retries", "1", "openapi-spec-validator==0.7.2"];
        let installed = Command::new(&python).args(install).output();
        installed.ok().filter(|output| output.status.success())?;
    }
    is_there().then_some(python)
}

#[test]
fn an_independent_validator_takes_what_is_exported() {
    let Some(python) = validator() else {
        eprintln!("skipped: openapi-spec-validator cannot be installed from PyPI");
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("openapi.json");
    let is_valid = |document: &Value| {
        fs::write(&file, document.to_string()).unwrap();
        let output = Command::new(&python).args(["-m", "openapi_spec_validator"]).arg(&file).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for suite in ["otc", "glance", "tests/suites/required"] {
        let (is_right, said) = is_valid(&openapi(suite));
        assert!(is_right, "{suite}: {said}");
    }
    // With the keywords of this program a contract is OpenAPI, too.
    let suites = ["cases", "tests/suites"].into_iter().flat_map(|dir| fs::read_dir(dir).unwrap());
    let contracts: Vec<_> = suites.map(|suite| suite.unwrap().path().join("contract.yaml")).collect();
    for file in contracts.iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(file).unwrap();
        let (is_right, said) = is_valid(&document::parse("contract.yaml", &text).unwrap().json());
        assert!(is_right, "{}: {said}", file.display());
    }
    let mut broken = openapi("otc");
    broken["info"].as_object_mut().unwrap().remove("title");
    assert!(!is_valid(&broken).0, "the validator takes anything");
}

/// The commands that the help of the program lists.
fn commands() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_ims-conformance")).arg("--help").env_clear().output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    let lines = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| !line.starts_with("     ")).filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn a_shell_completes_each_command() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let output = command.args(["completions", "bash"]).env_clear().output().unwrap();
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(commands().len() > 10, "{:?}", commands());
    let ask = r#"
        eval "$script"
        COMP_WORDS=(ims-conformance ''); COMP_CWORD=1
        words=($(complete -p ims-conformance))
        "${words[-2]}" ims-conformance '' ims-conformance
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let answer = Command::new("bash").args(["-c", ask]).env("script", script).output().unwrap();
    let offered = String::from_utf8(answer.stdout).unwrap();
    for command in commands() {
        assert!(offered.lines().any(|each| each == command), "{command} is not among\n{offered}");
    }
}

#[test]
fn each_command_has_a_page_of_the_manual_that_tells_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let output =
        command.arg("man").arg(&pages).env("OS_TOKEN", "canary-71b0").env("OS_PASSWORD", "canary-71b0").output();
    assert!(output.unwrap().status.success());
    for command in commands().iter().filter(|command| *command != "help") {
        let page = fs::read_to_string(pages.join(format!("ims-conformance-{command}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains("OPTIONS"), "{command}: {page}");
        assert!(!page.contains("canary"), "{command}: {page}");
    }
    let in_the_way = dir.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance")).arg("man").arg(&in_the_way).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write into"));
}
