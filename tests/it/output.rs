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
    child.kill().unwrap();
    child.wait().unwrap();
}
