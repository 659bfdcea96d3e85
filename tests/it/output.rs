//! Where the result goes: what cannot be written is a failure, a reader that wants no more is none, and files stay in their folder.

#![cfg(unix)]
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

fn program(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(arguments).env_clear().env("HOME", home);
    command
}

/// A stub in another process, and where it is.
fn stub(home: &Path, more: &[&str]) -> (Child, String) {
    let arguments = [&["stub", "--listen", "127.0.0.1:0"], more].concat();
    let mut child = program(&arguments, home).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (child, url.trim().to_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure_of_every_command() {
    let home = TempDir::new().unwrap();
    let (mut child, url) = stub(home.path(), &[]);
    let ledgers = home.path().join("ledgers");
    fs::create_dir(&ledgers).unwrap();
    fs::write(ledgers.join("0123456789ab.ledger"), "no ledger\n").unwrap();
    let ledgers = ledgers.display().to_string();
    let commands: [(&[&str], i32); 11] = [
        (&["run", "min_disk/"], 2),
        (&["run", "min_disk/", "--endpoint", &url], 2),
        // What was worse before stays so.
        (&["run", "min_disk/", "--endpoint", "http://127.0.0.1:1", "--retries", "0"], 3),
        (&["list"], 2),
        (&["list", "--clauses"], 2),
        (&["list", "--plan"], 2),
        (&["check"], 2),
        (&["doctor", "--endpoint", &url], 2),
        (&["sweep", "--dry-run"], 2),
        (&["stub", "--listen", "127.0.0.1:0"], 2),
        (&["--help"], 2),
    ];
    for (arguments, code) in commands {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = program(arguments, home.path());
        if arguments.contains(&"--endpoint") {
            command.env("OS_TOKEN", "stub-token");
        }
        let output = command.stdout(full).output().unwrap();
        let noted = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {noted}");
        if code != 3 {
            assert!(noted.contains("cannot write the result: "), "{arguments:?}: {noted}");
        }
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = program(&["sweep", "--dry-run"], home.path()).env("IMS_LEDGER", &ledgers).stdout(full).output();
    assert_eq!(output.unwrap().status.code(), Some(2));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let home = TempDir::new().unwrap();
    for arguments in [&["list"][..], &["list", "--clauses"], &["run", "min_disk/"]] {
        let mut child = program(arguments, home.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let noted = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {noted}");
        assert!(!noted.contains("cannot write"), "{noted}");
    }
}

#[test]
fn a_pipe_without_a_reader_is_told_and_not_waited_for() {
    let home = TempDir::new().unwrap();
    let pipe = home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for format in ["json", "ndjson"] {
        let report = format!("{format}={}", pipe.display());
        let output = program(&["run", "min_disk/", "--report", &report], home.path()).output().unwrap();
        let noted = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{noted}");
        assert!(noted.contains("nobody reads this pipe"), "{noted}");
    }
    // Whoever reads it gets all of it.
    let mut reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let report = format!("json={}", pipe.display());
    let output = program(&["run", "min_disk/", "--report", &report], home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let read = std::io::read_to_string(reader.stdout.take().unwrap()).unwrap();
    assert!(read.starts_with('{') && read.ends_with("}\n"), "{read:.100}");
    reader.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_comparison_that_cannot_be_written_says_nothing_of_the_runs() {
    let home = TempDir::new().unwrap();
    let [all, few] = ["all.json", "few.json"].map(|name| home.path().join(name).display().to_string());
    for (file, selector) in [(&all, "min_disk/"), (&few, "min_disk/rejects_0")] {
        let report = format!("json={file}");
        assert!(program(&["run", selector, "--report", &report], home.path()).output().unwrap().status.success());
    }
    for (first, second) in [(&all, &few), (&all, &all)] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program(&["compare", first, second], home.path()).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_recorded_run_that_contradicts_itself_is_not_believed() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("run.json");
    let report = format!("json={}", file.display());
    assert!(program(&["run", "min_disk/", "--report", &report], home.path()).output().unwrap().status.success());
    let text = fs::read_to_string(&file).unwrap();
    let render = || program(&["report", "--as", "junit"], home.path()).arg(&file).output().unwrap();
    assert_eq!(render().status.code(), Some(0));
    for (part, changed, why) in [
        ("\"verdict\": \"holds\"", "\"verdict\": \"broken\"", "the verdict is `broken`, and the exit code 0"),
        ("\"exit_code\": 0", "\"exit_code\": 1", "the verdict is `holds`, and the exit code 1"),
        ("\"failed\": 0", "\"failed\": 2", "it holds, and something failed"),
        ("\"passed\": ", "\"passed\": 9", "were planned"),
    ] {
        let probes = text.find("\"probes\": {").unwrap();
        let at = if text[..probes].contains(part) { 0 } else { probes };
        let changed = text[at..].replacen(part, changed, 1);
        fs::write(&file, text[..at].to_owned() + &changed).unwrap();
        let output = render();
        let noted = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{why}: {noted}");
        assert!(noted.contains("it contradicts itself: ") && noted.contains(why), "{why}: {noted}");
    }
}

#[test]
fn a_run_that_did_not_begin_is_believed_beside_cases_that_are_skipped() {
    let home = TempDir::new().unwrap();
    let copied = Command::new("cp").arg("-r").arg("cases/otc").arg(home.path()).status().unwrap();
    assert!(copied.success());
    for case in ["rejects_0", "rejects_above_1024"] {
        let file = home.path().join(format!("otc/min_disk/{case}.yaml"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen("clauses:", "skip: waits for v3\nclauses:", 1)).unwrap();
    }
    let (suite, file) = (home.path().join("otc"), home.path().join("run.json"));
    let mut command = program(&["run", "min_disk/", "--endpoint", "http://127.0.0.1:1", "--retries", "0"], home.path());
    command
        .arg("--suite")
        .arg(suite)
        .arg("--report")
        .arg(format!("json={}", file.display()))
        .env("OS_TOKEN", "any-token");
    assert_eq!(command.output().unwrap().status.code(), Some(3));
    let rendered = program(&["report", "--as", "markdown"], home.path()).arg(&file).output().unwrap();
    assert_eq!(rendered.status.code(), Some(0), "{}", String::from_utf8_lossy(&rendered.stderr));
}

#[test]
fn a_case_is_saved_in_its_folder_and_through_no_link() {
    let home = TempDir::new().unwrap();
    let (mut child, url) = stub(home.path(), &["--defect", "request.min_disk.maximum:off-by-one"]);
    let (saved, elsewhere) = (home.path().join("saved"), home.path().join("elsewhere"));
    fs::create_dir(&saved).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, saved.join("min_disk")).unwrap();
    let folder = saved.display().to_string();
    let arguments = ["run", "request.min_disk", "--phase", "boundary", "--endpoint", &url, "--save", &folder];
    let output = program(&arguments, home.path()).env("OS_TOKEN", "stub-token").output().unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(noted.contains("min_disk is no folder but a link or a file"), "{noted}");
    assert_eq!(output.status.code(), Some(2), "{noted}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    // Where no folder can be is told before anything is sent.
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let output = program(&["run", "min_disk/", "--save"], home.path()).arg(&file).output().unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(noted.contains("--save: ") && noted.contains("file is no folder"), "{noted}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{noted}");
    child.kill().unwrap();
    child.wait().unwrap();
}
