//! What `list --plan` says of a run: never less than the run costs, wherever its target turns out to be.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::stub::{Stub, StubService};
use ims_conformance::suite::Suite;
use tempfile::TempDir;

const TOKEN: &str = "a-token-of-the-lab-7f3a";

/// Exit code and output of the program, with this file of clouds.
fn outcome(arguments: &[&str], clouds: &Path) -> (i32, String) {
    let folder = clouds.parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(arguments).env_clear().env("HOME", folder).env("OS_CLIENT_CONFIG_FILE", clouds);
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

/// The numbers that stand before this text, or a text in which the last word before it is one.
fn numbers_before(text: &str, after: &str) -> Vec<u64> {
    let parts: Vec<_> = text.split(after).collect();
    let words = parts[..parts.len() - 1].iter().filter_map(|part| part.split_whitespace().next_back());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The largest number in the lines that begin so.
fn worst(plan: &str, name: &str) -> u64 {
    let lines = plan.lines().filter_map(|line| line.strip_prefix(name));
    lines
        .filter_map(|rest| rest.split([' ', ',']).next()?.parse().ok())
        .max()
        .unwrap_or_else(|| panic!("{name}: {plan}"))
}

#[test]
fn a_plan_shows_the_worst_case_and_what_is_held_back() {
    let nothing = TempDir::new().unwrap();
    let clouds = nothing.path().join("none.yaml");
    let elsewhere = ["list", "--plan", "--endpoint", "https://ims.example.com", "--max-created", "7"];
    let (code, text) = outcome(&elsewhere, &clouds);
    assert_eq!(code, 0, "{text}");
    let parts = [
        "created: 7, as --max-created says; without it ",
        "at most 5 requests in a second, so that they may take 2",
        " minutes",
        "not sent: ",
    ];
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, text) = outcome(&["list", "--plan"], &clouds);
    assert!(!text.contains("not sent: ") && text.contains("8 at once"), "{text}");
}

#[test]
fn a_plan_for_a_cloud_understates_no_number_of_the_run() {
    let suite = Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}")));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None);
    let stub = runtime.block_on(Stub::start(service, "127.0.0.1:0")).unwrap();
    let folder = TempDir::new().unwrap();
    let clouds = folder.path().join("clouds.yaml");
    let access = format!("{{token: {TOKEN}, endpoint: 'http://{}'}}", stub.address());
    fs::write(&clouds, format!("clouds: {{lab: {{auth_type: admin_token, auth: {access}}}}}\n")).unwrap();

    let (code, plan) = outcome(&["list", "--plan", "--os-cloud", "lab", "visibility", "protected/"], &clouds);
    assert_eq!(code, 0, "{plan}");
    let (code, report) = outcome(&["run", "--os-cloud", "lab", "visibility", "protected/"], &clouds);
    assert_eq!(code, 0, "{report}");

    // The target is on this machine, which only its catalog says, so that the run has all phases.
    assert!(plan.contains("only its catalog says") && plan.contains("besides: the list"), "{plan}");
    let passed = numbers_before(&report, " passed, ")[0];
    assert_eq!(worst(&plan, "in the worst case, "), passed, "{plan}{report}");
    assert!(worst(&plan, "  created: ") >= numbers_before(&report, " created, ")[0], "{plan}{report}");
    assert!(worst(&plan, "  requests: ") >= numbers_before(&report, " requests in ")[0], "{plan}{report}");
}
