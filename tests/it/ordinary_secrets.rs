//! Secrets that are ordinary words and numbers: they change nothing of what is judged, captured, sent, deleted or read, nor of what a report says.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::stub::{Stub, StubService};
use ims_conformance::suite::{DEFAULT, Suite};
use regex::Regex;
use tempfile::TempDir;

/// Short ones, and words that the suite or the report has.
const ORDINARY: [&str; 11] = [
    "test",
    "image",
    "token",
    "a",
    "true",
    "0000",
    "1234",
    "protected",
    "inconclusive",
    "container_format",
    "__os_version",
];

const WARNING: &str = "is too short, or too ordinary a word, to be taken out of what is shown\n";

/// Runs the cases at a stub with this token, and with these variables; what it prints without what differs from run to run, and its warnings.
async fn run(token: &str, variables: &[(&str, &str)]) -> (String, String) {
    let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
    let stub =
        Stub::start(StubService::new(Arc::clone(&suite.contract), Token::new(token).unwrap(), None), "127.0.0.1:0")
            .await
            .unwrap();
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(["run", "--phase", "case", "--endpoint", &format!("http://{}", stub.address())]);
    command.env_clear().env("HOME", folder.path()).env("OS_TOKEN", token).envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (said, noted) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{token} {variables:?}: {said}{noted}");
    assert!(said.contains(" 0 left behind, 0 perhaps"), "{said}");
    assert!(!folder.path().join(".local/state").exists() || ledgers(folder.path()) == 0, "{token}: a ledger is left");
    let varies = Regex::new(r"in [0-9.]+ s;|[0-9-]{10}T[0-9:]{8}Z|127\.0\.0\.1:[0-9]+").unwrap();
    (varies.replace_all(&said, "…").into_owned(), noted)
}

fn ledgers(home: &Path) -> usize {
    std::fs::read_dir(home.join(".local/state/ims-conformance")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_an_ordinary_word_spoils_nothing_and_is_said_to_be_one() {
    let (expected, noted) = run("a-realistic-token-of-32-letters-x", &[]).await;
    assert_eq!(noted, "");
    for token in ORDINARY {
        let (said, noted) = run(token, &[]).await;
        assert_eq!(said, expected, "with the token {token}");
        assert_eq!(noted, format!("warning: a token {WARNING}"), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_not_used_changes_nothing() {
    let token = "a-realistic-token-of-32-letters-x";
    let (expected, _) = run(token, &[]).await;
    for (name, kind) in [("OS_PASSWORD", "password"), ("OS_APPLICATION_CREDENTIAL_SECRET", "password")] {
        for password in ["private", "true"] {
            let (said, noted) = run(token, &[(name, password)]).await;
            assert_eq!(said, expected, "with {name}={password}");
            assert_eq!(noted, format!("warning: a {kind} {WARNING}"));
        }
        let (said, noted) = run(token, &[(name, "not-an-ordinary-word")]).await;
        assert_eq!((said, noted), (expected.clone(), String::new()));
    }
}
