//! Clients that others wrote, against the stub: openstacksdk and python-openstackclient, which come from `PyPI` and are skipped where it cannot be reached.
//!
//! Each creates, lists with filters and pages, shows, updates and deletes, of both suites; what it does stands beside this file.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics; a skipped one says so"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use ims_conformance::stub::{DEFAULT_TOKEN, Stub};
use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// At versions that were seen to work together.
const PACKAGES: [&str; 2] = ["openstacksdk==4.22.0", "python-openstackclient==10.5.0"];

/// The folder with the programs of the clients, which later runs find again; `None` where they cannot be had.
fn clients() -> Option<&'static Path> {
    static CLIENTS: OnceLock<Option<PathBuf>> = OnceLock::new();
    CLIENTS.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openstack-clients");
    let bin = dir.join("bin");
    let succeeds = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let is_there = || succeeds(Command::new(bin.join("openstack")).arg("--version"));
    if !is_there() {
        let is_made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&dir));
        let options = ["-m", "pip", "install", "--quiet", "--timeout", "15", "--retries", "1"];
        if !is_made || !succeeds(Command::new(bin.join("python")).args(options).args(PACKAGES)) {
            return None;
        }
    }
    is_there().then_some(bin)
}

/// Runs a script against a stub of the suite, and says what it printed; `None` where there are no clients.
fn output_of(program: &str, script: &str, suite: &str, path: &str) -> Option<String> {
    let Some(bin) = clients() else {
        eprintln!("skipped: openstacksdk and python-openstackclient cannot be installed from PyPI");
        return None;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let contract = Suite::built_in(suite).unwrap().unwrap().contract;
    let stub = runtime.block_on(Stub::builder(&contract).start()).unwrap();
    let (home, url) = (TempDir::new().unwrap(), stub.url());
    let cloud = format!(
        "clouds:\n  stub:\n    auth_type: admin_token\n    auth: {{endpoint: '{url}', token: {DEFAULT_TOKEN}}}\n    image_endpoint_override: {url}{path}\n"
    );
    fs::write(home.path().join("clouds.yaml"), cloud).unwrap();
    let script = fs::canonicalize(Path::new("tests/clients").join(script)).unwrap();
    let search = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.arg(script).env_clear().env("PATH", search).env("HOME", home.path()).env("OS_CLOUD", "stub");
    let output = command.current_dir(home.path()).output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    assert!(output.status.success(), "{suite}, {script:?}: {said}", script = command.get_args());
    Some(said)
}

#[test]
fn openstacksdk_is_content_with_each_suite_and_each_address() {
    for (suite, path) in [("otc", ""), ("glance", ""), ("glance", "/v2")] {
        let Some(said) = output_of("python", "sdk.py", suite, path) else { return };
        assert!(said.contains("openstacksdk is content"), "{suite}: {said}");
    }
}

#[test]
fn python_openstackclient_is_content() {
    let Some(said) = output_of("bash", "commands.sh", "glance", "") else { return };
    assert!(said.contains("python-openstackclient is content"), "{said}");
}
