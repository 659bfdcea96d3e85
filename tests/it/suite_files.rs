//! What stands in the folder of a suite: what is read, what is passed by, what is refused, and how long it may take.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::Probe;
use ims_conformance::suite::Suite;
use serde_json::Value;
use tempfile::TempDir;

/// A copy of the small suite of the tests, with another contract.
fn suite(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("small");
    let from = Path::new("tests/suites/required");
    fs::create_dir_all(dir.join("thing")).unwrap();
    let contract = fs::read_to_string(from.join("contract.yaml")).unwrap().replace("\r\n", "\n");
    fs::write(dir.join("contract.yaml"), change(contract)).unwrap();
    fs::copy(from.join("thing/accepts_a_name.yaml"), dir.join("thing/accepts_a_name.yaml")).unwrap();
    (folder, dir)
}

fn error(dir: &Path) -> String {
    Suite::from_dir(dir).map_or_else(|error| error.to_string(), |_| "no error".to_owned())
}

#[test]
fn what_editors_and_file_managers_leave_is_no_part_of_a_suite() {
    let (_folder, dir) = suite(|text| text);
    fs::create_dir_all(dir.join(".git/objects")).unwrap();
    for name in [
        ".DS_Store",
        "thing/.accepts_x.yaml.swp",
        "thing/._accepts_x.yaml",
        "thing/accepts_x.yaml~",
        "Thumbs.db",
        ".gitkeep",
        "thing/#accepts_x.yaml#",
        "README.md",
        "LICENSE",
        ".git/objects/x.yaml",
        ".git/config",
    ] {
        fs::write(dir.join(name), b"Bud1\0\0\xff").unwrap();
    }
    assert_eq!(error(&dir), "no error");
}

/// Copies a folder, with the line ends of Windows in each file.
fn copy_with_crlf(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_with_crlf(&entry.path(), &to);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap().replace("\r\n", "\n");
            fs::write(to, text.replace('\n', "\r\n")).unwrap();
        }
    }
}

#[test]
fn a_suite_with_the_line_ends_of_windows_sends_the_same() {
    for name in ["otc", "glance"] {
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join(name);
        copy_with_crlf(&Path::new("cases").join(name), &dir);
        let sent = |suite: &Arc<Suite>| {
            let probes = plan(suite, &Selection::default()).unwrap();
            let requests =
                |probe: &Probe| probe.script.steps.iter().map(|step| step.request.clone()).collect::<Vec<_>>();
            probes.iter().map(|probe| (probe.id.clone(), requests(&probe))).collect::<Vec<_>>()
        };
        let (here, there) = (Suite::from_dir(&dir).unwrap(), Suite::built_in(name).unwrap().unwrap());
        assert!(sent(&Arc::new(here)) == sent(&Arc::new(there)), "{name}");
    }
}

#[test]
fn a_case_with_a_misspelt_ending_is_an_error_with_a_hint() {
    for name in ["accepts_x.yml", "accepts_x.YAML", "accepts_x.yaml.txt", "accepts_x", "sizes.CSV"] {
        let (_folder, dir) = suite(|text| text);
        fs::write(dir.join("thing").join(name), "title: a\n").unwrap();
        let error = error(&dir);
        assert!(error.contains(name) && error.contains("did you mean"), "{name}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_an_error_and_does_not_hang() {
    let place = |name: &str| {
        let (folder, dir) = suite(|text| text);
        let path = dir.join(name);
        let _ = fs::remove_file(&path);
        (folder, dir, path)
    };
    for name in ["contract.yaml", "thing/accepts_more.yaml", "table.csv"] {
        let (_folder, dir, path) = place(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = error(&dir);
        assert!(error.contains(name) && error.contains("no regular file"), "{error}");

        let (_folder, dir, path) = place(name);
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let error = self::error(&dir);
        assert!(error.contains(name) && error.contains("no regular file"), "{error}");
    }
    let (_folder, dir, path) = place("contract.yaml");
    fs::create_dir(&path).unwrap();
    assert!(error(&dir).contains("contract.yaml"));
    let (_folder, dir, path) = place("thing/again");
    std::os::unix::fs::symlink("..", &path).unwrap();
    assert!(error(&dir).contains("a folder around it"));
}

#[test]
fn a_contract_of_many_fields_is_planned_soon() {
    let field = |number: usize| format!("        f{number}: {{description: A field., type: string, maxLength: 30}}\n");
    let fields: String = (0..200).map(field).collect();
    let (_folder, dir) = suite(|text| text.replacen("        weight:\n", &format!("{fields}        weight:\n"), 1));
    let begin = Instant::now();
    let suite = Arc::new(Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}")));
    let probes: Vec<_> = plan(&suite, &Selection { examples: 2, ..Selection::default() }).unwrap().iter().collect();
    assert!(probes.len() > 200 * 50, "{}", probes.len());
    assert!(begin.elapsed() < Duration::from_mins(5), "{:?}", begin.elapsed());
}

#[test]
fn a_large_list_or_table_is_sampled_with_its_first_and_its_last_value() {
    let values: Vec<String> = (0..10_000).map(|number| format!("kind{number}")).collect();
    let listed = format!("enum: [{}]", values.join(", "));
    let table = "x-table: {file: kinds.csv, column: kind}";
    for rule in [listed.as_str(), table] {
        let begin = Instant::now();
        let (_folder, dir) = suite(|text| text.replacen("enum: [round, flat, long]", rule, 1));
        fs::write(dir.join("kinds.csv"), format!("kind\n{}\n", values.join("\n"))).unwrap();
        let case = "title: a\nclauses: [request.name.type]\nrequest: {body: {name: ab}}\nexpect: {status: 201}\n";
        fs::write(dir.join("thing/accepts_a_name.yaml"), case).unwrap();
        let suite = Arc::new(Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}")));
        let probes: Vec<_> = plan(&suite, &Selection::default()).unwrap().iter().collect();
        let sent: Vec<String> = probes
            .iter()
            .map(|probe| String::from_utf8_lossy(probe.script.steps[0].request.body.as_deref().unwrap()).into_owned())
            .collect();
        for kind in ["\"kind0\"", "\"kind9999\"", "\"kind5024\""] {
            assert!(sent.iter().any(|body| body.contains(kind)), "{kind} is not sent");
        }
        assert!(probes.len() < 3000, "{}", probes.len());
        assert!(begin.elapsed() < Duration::from_mins(2), "{:?}", begin.elapsed());
    }
}

/// The program, as somebody calls it with the suite in this folder; its exit code, and all that it says.
fn program(arguments: &[&str], dir: &Path) -> (i32, String) {
    let home = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    let output = command.args(arguments).args(["--suite", dir.to_str().unwrap()]).env_clear().env("HOME", home.path());
    let output = output.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

/// Adds lines to the only case of the small suite.
fn add_to_case(dir: &Path, lines: &str) {
    let file = dir.join("thing/accepts_a_name.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, format!("{}\n{lines}", text.trim_end())).unwrap();
}

#[test]
fn a_skipped_case_is_listed_with_its_reason_and_counts_as_nothing() {
    let (_folder, dir) = suite(|text| text);
    let probes = |plan: Result<Plan, _>| plan.map(|plan| plan.len()).unwrap();
    let all = probes(plan(&Arc::new(Suite::from_dir(&dir).unwrap()), &Selection::default()));
    add_to_case(&dir, "description: A longer text about it.\nskip: waits for v3\n");
    let skipped = plan(&Arc::new(Suite::from_dir(&dir).unwrap()), &Selection::default()).unwrap();
    assert_eq!(skipped.len(), all - 1);
    assert_eq!(skipped.excluded()[0].text, "1 probe of thing/accepts_a_name, which is skipped: waits for v3");
    let [junit, markdown] =
        ["junit", "markdown"].map(|format| format!("{format}={}/{format}", dir.parent().unwrap().display()));
    let (code, text) = program(&["run", "request.name.type", "--report", &junit, "--report", &markdown], &dir);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("skipped\n  1 × waits for v3  for example thing/accepts_a_name\n"), "{text}");
    assert!(text.contains(" 1 skipped of ") && !text.contains("not sent"), "{text}");
    let [junit, markdown] =
        [junit, markdown].map(|place| fs::read_to_string(place.split_once('=').unwrap().1).unwrap());
    let case = "<testcase name=\"thing/accepts_a_name\" classname=\"ims-conformance.case\"";
    let (_, told) = junit.split_once(case).unwrap_or_else(|| panic!("{junit}"));
    let (told, _) = told.split_once("</testcase>").unwrap();
    assert!(told.contains("<skipped message=\"waits for v3\"/>"), "{told}");
    assert!(
        markdown.contains(" | 1 | 0 |\n") && markdown.contains("- 1 × waits for v3, for example thing/accepts"),
        "{markdown}"
    );
    let (code, text) = program(&["show", "thing/accepts_a_name"], &dir);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("\nA longer text about it.\nskipped: waits for v3\n"), "{text}");
}

#[test]
fn a_skipped_case_is_in_the_list_and_in_the_lines_of_a_run_as_it_is_in_those_of_its_record() {
    let (_folder, dir) = suite(|text| text);
    add_to_case(&dir, "skip: waits for v3\n");
    for words in [&["list"][..], &["list", "--plan"]] {
        let (code, text) = program(words, &dir);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("skipped: waits for v3 (1 probe of thing/accepts_a_name)\n"), "{text}");
        assert!(!text.contains("not sent"), "{text}");
    }
    let place = dir.parent().unwrap();
    let [live, record] = ["ndjson", "json"].map(|format| place.join(format).display().to_string());
    let reports = [format!("ndjson={live}"), format!("json={record}")];
    let (code, text) = program(&["run", "request.name.type", "--report", &reports[0], "--report", &reports[1]], &dir);
    assert_eq!(code, 0, "{text}");
    let output =
        Command::new(env!("CARGO_BIN_EXE_ims-conformance")).args(["report", &record, "--as", "ndjson"]).output();
    let later = String::from_utf8(output.unwrap().stdout).unwrap();
    let live = fs::read_to_string(live).unwrap();
    let told = |lines: &str| -> (Value, BTreeSet<(String, String)>) {
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let probes = lines.iter().filter(|line| line["event"] == "probe");
        (lines[0]["planned"].clone(), probes.map(|line| (text(line, "probe"), text(line, "verdict"))).collect())
    };
    assert_eq!(told(&live), told(&later));
    assert!(told(&live).1.contains(&("thing/accepts_a_name".to_owned(), "skipped".to_owned())), "{live}");
}

#[test]
fn a_skipped_case_alone_assesses_nothing_and_that_is_an_error() {
    let (_folder, dir) = suite(|text| text);
    add_to_case(&dir, "skip: waits for v3\n");
    for command in ["run", "list"] {
        let (code, text) = program(&[command, "thing/accepts_a_name"], &dir);
        assert_eq!(code, 2, "{text}");
        let reason = "nothing would be assessed: 1 probe of thing/accepts_a_name, which is skipped: waits for v3";
        assert!(text.contains(reason), "{text}");
    }
    add_to_case(&dir, "description: ''\n");
    assert!(error(&dir).contains("expected some words"), "{}", error(&dir));
}

#[test]
fn a_header_that_a_case_expects_and_nobody_sends_breaks_its_clause() {
    for (headers, code, said) in [
        ("{content-TYPE: application/json}", 0, "holds"),
        ("{Content-Type: {pattern: '^application/'}}", 0, "holds"),
        ("{Content-Type: text/html}", 1, "got       application/json"),
        (
            "{Location: {pattern: ^/things/}}",
            1,
            "at        header location\n       expected  a string that matches ^/things/\n       got       no such header",
        ),
    ] {
        let (_folder, dir) = suite(|text| text);
        let file = dir.join("thing/accepts_a_name.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("status: 201", &format!("status: 201, headers: {headers}"))).unwrap();
        let (found, text) = program(&["run", "thing/accepts_a_name"], &dir);
        assert_eq!(found, code, "{headers}: {text}");
        assert!(text.contains(said), "{headers}: {text}");
        assert_eq!(text.contains("FAIL request.name.type"), code == 1, "{text}");
    }
}

#[test]
fn an_expectation_of_headers_that_cannot_be_met_is_refused_with_its_place() {
    for (headers, expected) in [
        ("{}", "an expectation that names no header checks nothing"),
        ("{Lo cation: a}", "cannot be the name of a header"),
        ("{Location: 7}", "or {pattern: …} for a regular expression"),
        ("{Location: {pattern: '('}}", "the pattern does not compile"),
        ("{Location: {patern: a}}", "did you mean `pattern`?"),
        ("{Location: a, LOCATION: b}", "this header is named twice"),
    ] {
        let (_folder, dir) = suite(|text| text);
        let file = dir.join("thing/accepts_a_name.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("status: 201", &format!("status: 201, headers: {headers}"))).unwrap();
        assert!(error(&dir).contains(expected), "{headers}: {}", error(&dir));
    }
}

/// The folder of the suite `otc` with one case.
fn with_case(path: &str, text: &str) -> (TempDir, Suite) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(path);
    for name in ["contract.yaml", "os-versions.csv"] {
        fs::copy(Path::new("cases/otc").join(name), folder.path().join(name)).unwrap();
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    let suite = Suite::from_dir(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    (folder, suite)
}

#[test]
fn a_cell_of_alternatives_expects_any_of_them() {
    let text = "title: a\nclauses: [response.__platform.derived]\nrows: {table: os-versions.csv, where: {group: openEuler}, name: os_version}\nrequest: {body: {__os_version: '{os_version}'}}\nexpect: {status: 201, body: {__platform: '{platform}'}}\n";
    let (_folder, suite) = with_case("__platform/derives_it.yaml", text);
    let expected = &suite.cases[0].probes[0].expectations[0];
    assert!(expected.body.is_empty(), "{expected:?}");
    assert_eq!(
        expected.any_of,
        [("__platform".to_owned(), vec!["openEuler".into(), "EulerOS".into(), "Other".into()])]
    );
}

#[test]
fn a_body_has_the_media_type_of_its_call() {
    let text = "title: a\nclauses: [behaviour.metadata-persists]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n    capture: {id: /id}\n  - PATCH: /v2/images/{id}\n    body: [{op: replace, path: /name, value: b}]\n    expect: {status: 200, body: {name: b}}\n";
    let (_folder, suite) = with_case("behaviour/keeps_it.yaml", text);
    let headers = suite.cases[0].probes[0].script.steps.iter().map(|step| step.request.headers.clone());
    let types: Vec<_> = headers.flatten().map(|(_, value)| value).collect();
    assert_eq!(types, ["application/json", "application/openstack-images-v2.1-json-patch"]);
}

#[test]
fn a_value_that_was_not_there_to_capture_is_named_with_its_step() {
    let text = "title: a\nclauses: [behaviour.metadata-persists]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n    capture: {id: /tags/0}\n  - GET: /v2/images/{id}\n    expect: {status: 404}\n";
    let (folder, _) = with_case("behaviour/keeps_it.yaml", text);
    let (code, text) = program(&["run", "behaviour/keeps_it"], folder.path());
    assert_ne!(code, 0, "{text}");
    let why = "the answer of step 1 has neither a string nor an integer at /tags/0, wanted for {id}";
    assert!(text.contains(why), "{text}");
}

#[test]
fn a_finding_of_a_case_of_several_steps_numbers_them_and_is_saved_by_no_further_file() {
    let text = "title: a size that nobody asks for\nclauses: [behaviour.metadata-persists]\nsteps:\n  - POST: /v2/images\n    body: {}\n    expect: {status: 201}\n    capture: {id: /id}\n  - GET: /v2/images/{id}\n    expect: {status: 200, body: {min_disk: 7}}\n";
    let (folder, _) = with_case("behaviour/keeps_it.yaml", text);
    let place = TempDir::new().unwrap();
    let shown = place.path().display();
    let reports = [format!("junit={shown}/junit"), format!("markdown={shown}/markdown")];
    let save = format!("{shown}/saved");
    let file = folder.path().join("behaviour/keeps_it.yaml").display().to_string();
    let (code, text) =
        program(&["run", &file, "--save", &save, "--report", &reports[0], "--report", &reports[1]], folder.path());
    assert_eq!(code, 1, "{text}");
    for line in [
        "       sent 1    POST /v2/images  {",
        "       sent 2    GET /v2/images/",
        "       repeat    (this stub has ended: first `ims-conformance stub --listen 127.0.0.1:",
        "behaviour/keeps_it.yaml:9 is that case\n",
        "/behaviour/keeps_it.yaml:9\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for name in ["junit", "markdown"] {
        let report = fs::read_to_string(place.path().join(name)).unwrap();
        assert!(report.contains("a size that nobody asks for"), "{report}");
    }
}

#[test]
fn a_case_is_named_by_its_file_too_and_a_suite_that_was_searched_in_vain_is_named() {
    let (_folder, dir) = suite(|text| text);
    let file = dir.join("thing/accepts_a_name.yaml").display().to_string();
    for (command, argument, code, expected) in [
        ("show", file.as_str(), 0, "thing/accepts_a_name  (phase case)"),
        ("list", "thing/accepts_a_name.yaml", 0, "thing/accepts_a_name"),
        ("list", "thing/accepts_b", 2, "(searched: the suite `small`; --suite DIR names another one)"),
        ("show", "thing/accepts_b", 2, "(searched: the suite `small`; --suite DIR names another one)"),
    ] {
        let (found, text) = program(&[command, argument], &dir);
        assert_eq!(found, code, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    let text = error(Path::new(&file));
    assert!(text.contains("this is a file, and no suite") && text.contains("runs this case alone"), "{text}");
}

#[test]
fn a_file_that_is_no_text_is_named_as_the_folder_is_with_its_place() {
    let (_folder, dir) = suite(|text| text);
    fs::write(dir.join("thing/accepts_b.yaml"), b"title: a\n# caf\xe9\n").unwrap();
    let text = error(&dir);
    assert!(text.contains("line 2, column 6: this is not UTF-8"), "{text}");
    assert!(text.contains(&dir.join("thing/accepts_b.yaml").display().to_string()), "{text}");
}
