//! A table of a suite, held against what an endpoint tells.

use std::fs;
use std::path::Path;

use crate::program::{Served, outcome};

/// A copy of the suite in which the table has another platform, lacks a row and has one of its own.
fn other_suite(folder: &Path) -> (String, String) {
    let suite = folder.join("otc");
    copy(Path::new("cases/otc"), &suite);
    let table = suite.join("os-versions.csv");
    let text = fs::read_to_string(&table).unwrap();
    let lacking = "Windows Server 2008 R2 Datacenter 64bit,Windows,Windows,Windows,64\n";
    let other = text
        .replace(lacking, "")
        .replace("EulerOS 2.9 64bit,EulerOS,Linux,EulerOS", "EulerOS 2.9 64bit,EulerOS,Linux,Else");
    assert_eq!(text.len() - other.len(), lacking.len() + "EulerOS".len() - "Else".len());
    fs::write(&table, other + "Haiku R1 64bit,Haiku,Other,Other,64\n").unwrap();
    (suite.display().to_string(), table.display().to_string())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).map(drop).unwrap();
        }
    }
}

#[test]
fn what_differs_is_told_and_taken_over_for_a_review() {
    let folder = tempfile::tempdir().unwrap();
    let (suite, table) = other_suite(folder.path());
    let served = Served::start("otc");
    let check = |suite: &str, more: &[&str]| {
        let arguments =
            ["tables", "--check", "os-versions", "--suite", suite, "--endpoint", &served.url, "--token-env", "CANARY"];
        outcome(&[&arguments[..], more].concat())
    };
    let (code, text) = check("otc", &[]);
    assert!(code == 0 && text.ends_with("131 rows here, 131 there\nno difference\n"), "{code} {text}");
    let (code, text) = check(&suite, &[]);
    let told = "os-versions.csv: 131 rows here, 131 there\n\nonly there (1):\n  Windows Server 2008 R2 Datacenter 64bit, , Windows, Windows, 64\n\nonly here (1):\n  Haiku R1 64bit\n\n\
                different (1):\n  EulerOS 2.9 64bit: platform is Else here, EulerOS there\n";
    assert_eq!((code, text.as_str()), (1, told));
    let (code, text) = check(&suite, &["--write"]);
    assert!(code == 0 && text.ends_with("is written; rows that only it has stay\n"), "{code} {text}");
    let written = fs::read_to_string(&table).unwrap();
    assert!(
        written.ends_with(
            "Haiku R1 64bit,Haiku,Other,Other,64\nWindows Server 2008 R2 Datacenter 64bit,,Windows,Windows,64\n"
        ),
        "{written}"
    );
    let (code, text) = check(&suite, &[]);
    assert_eq!(
        (code, text.as_str()),
        (1, "os-versions.csv: 132 rows here, 131 there\n\nonly here (1):\n  Haiku R1 64bit\n")
    );
    assert_eq!(outcome(&["check", &suite]).0, 0);
}

#[test]
fn what_cannot_be_held_against_anything_is_an_error_that_says_why() {
    let glance = Served::start("glance");
    let endpoint = ["--endpoint", &glance.url, "--token-env", "CANARY"];
    let check = |more: &[&str]| outcome(&[&["tables"], more, &endpoint].concat());
    for (arguments, code, wanted) in [
        (&["--check", "os-versions"][..], 3, "GET /v1/cloudimages/os_version does not tell them: the answer is 404"),
        (&["--check", "os-version"], 2, "did you mean `os-versions`?"),
        (&["--check", "os-versions", "--write"], 2, "--write needs a suite in a folder"),
        (&["--check", "os-versions", "--suite", "glance"], 2, "has no table"),
        (&[], 2, "--check <NAME>"),
    ] {
        let (came, text) = check(arguments);
        assert!(came == code && text.contains(wanted), "{arguments:?}: {came} {text}");
    }
}
