//! Mistakes of those who write cases: all of them are told at once, each with its place and with what to write instead.

use std::fs;
use std::path::Path;
use std::process::Command;

use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// The folder of a suite with these files beside the contract.
fn suite_with(files: &[(&str, &str)]) -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("otc");
    fs::create_dir_all(&dir).unwrap();
    for name in ["contract.yaml", "os-versions.csv"] {
        fs::copy(Path::new("cases/otc").join(name), dir.join(name)).unwrap();
    }
    for (path, text) in files {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    (folder, dir)
}

/// What is wrong with the suite in a folder.
fn error(dir: &Path) -> String {
    let read = Suite::from_dir(dir);
    read.map_or_else(|error| error.to_string().replace(&dir.display().to_string(), "otc"), |_| "no error".to_owned())
}

/// Runs the program without anything of this machine's environment but these variables; its exit code and what it said.
fn program(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let home = TempDir::new().unwrap();
    command.args(arguments).env_clear().env("HOME", home.path()).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), said)
}

#[test]
fn each_mistake_is_told_with_what_to_write_instead() {
    let all = fs::read_to_string("tests/mistakes.txt").unwrap().replace("\r\n", "\n");
    let mut text = String::new();
    for mistake in all.split("=== ").skip(1) {
        let (what, files) = mistake.split_once('\n').unwrap();
        let files = files.strip_prefix("--- ").unwrap().split("\n--- ");
        let files: Vec<_> = files.map(|file| file.split_once('\n').unwrap()).collect();
        let (_folder, dir) = suite_with(&files);
        text.push_str(&format!("## {what}\n{}\n\n", error(&dir)));
    }
    assert!(!text.contains("no error"), "{text}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, { insta::assert_snapshot!("mistakes", text) });
}

#[test]
fn mistakes_of_several_fields_of_a_contract_are_told_at_once() {
    let (_folder, dir) = suite_with(&[]);
    let mut contract = fs::read_to_string(dir.join("contract.yaml")).unwrap().replace("\r\n", "\n");
    for (from, to) in [
        (
            "          maxLength: 255\n          x-error-code: IMG.0002",
            "          maxLenght: 255\n          x-eror-code: IMG.0002",
        ),
        ("          type: boolean\n          x-error-code", "          type: bool\n          x-error-code"),
        ("format: uuid", "format: guid"),
    ] {
        assert!(contract.contains(from), "{from}");
        contract = contract.replacen(from, to, 1);
    }
    fs::write(dir.join("contract.yaml"), contract).unwrap();
    let text = error(&dir);
    for expected in
        ["unknown key `maxLenght`", "unknown key `x-eror-code`", "`bool` is not known here", "`guid` is not known here"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn doubled_braces_are_sent_as_braces() {
    let case = "title: a\nclauses: [request.min_disk.type]\nrequest: {body: {min_disk: 'a {{foo}} {{run}}'}}\nexpect: {status: 400}\n";
    let (_folder, dir) = suite_with(&[("min_disk/rejects_it.yaml", case)]);
    let suite = Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}"));
    let probe = &suite.cases[0].probes[0];
    let body = String::from_utf8(probe.script.steps[0].request.body.clone().unwrap()).unwrap();
    assert_eq!(body, r#"{"min_disk":"a \u007bfoo} \u007brun}"}"#);
    let (code, text) = program(&["run", "--phase", "case", "--suite", &dir.display().to_string()], &[]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_folder_without_a_contract_is_not_read() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("archive.tar"), b"\xff\xfe\0").unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    fs::write(folder.path().join("photos/1.jpg"), b"\xff\xfe\0").unwrap();
    let text = error(folder.path());
    assert!(text.contains("the suite has no contract") && text.contains("a suite is a folder with"), "{text}");
}

#[test]
fn a_selector_is_never_explained_by_itself() {
    for (arguments, expected) in [
        (
            &["list", "status.403"][..],
            "matches no probe, as no run can assess that: it takes a credential without rights",
        ),
        (&["list", "min_disk/rejects_0", "--phase", "random"], "matches no probe of the phases that are meant"),
        (&["list", "status.4044"], "matches no probe; did you mean `status.404`"),
    ] {
        let (code, text) = program(arguments, &[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

#[test]
fn a_short_token_is_no_matter_where_nothing_is_sent() {
    for arguments in [&["check"][..], &["list", "--clauses"], &["show", "min_disk/rejects_0"], &["schema", "report"]] {
        let (code, text) = program(arguments, &[("OS_TOKEN", "abc")]);
        assert_eq!(code, 0, "{text}");
        assert!(!text.contains("too short"), "{arguments:?}: {text}");
    }
}

#[test]
fn one_probe_is_not_spoken_of_as_of_many() {
    let case = "title: a\nclauses: [behaviour.protected-image-stays]\nsteps:\n  - POST: /v2/images\n    body: {name: a, protected: true}\n    expect: {status: 201}\n    capture: {id: /id}\n  - GET: /v2/images/{id}\n    expect: {status: 200}\n";
    let (_folder, dir) = suite_with(&[("behaviour/keeps_it.yaml", case)]);
    let dir = dir.display().to_string();
    let arguments = ["list", "--plan", "--phase", "case", "--suite", &dir, "--endpoint", "https://ims.example.com"];
    let (code, text) = program(&arguments, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("not sent: 1 probe that creates something protected;"), "{text}");
}
