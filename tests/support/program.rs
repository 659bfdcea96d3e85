//! The program as somebody calls it, and a stub of it in another process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

pub(crate) const TOKEN: &str = "canary-7f3a-Secret-Token";

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(arguments).env_remove("OS_TOKEN").env_remove("IMS_ENDPOINT").env("CANARY", TOKEN);
    command.env("IMS_LEDGER", concat!(env!("CARGO_TARGET_TMPDIR"), "/ledgers"));
    command
}

pub(crate) fn outcome(arguments: &[&str]) -> (i32, String) {
    text_of(&program(arguments).output().unwrap())
}

pub(crate) fn text_of(output: &Output) -> (i32, String) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains(TOKEN) && !text.contains("canary-7f3a"), "the token is in the output: {text}");
    (output.status.code().unwrap_or(-1), text)
}

/// A `stub` command that runs until it is dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
}

impl Served {
    pub(crate) fn start(suite: &str) -> Self {
        Self::start_with(suite, &[])
    }

    pub(crate) fn start_with(suite: &str, more: &[&str]) -> Self {
        let mut command = program(&["stub", "--listen", "127.0.0.1:0", "--token-env", "CANARY", "--suite", suite]);
        command.args(more);
        Self::of(command)
    }

    /// What this command serves, of which the first line is an address.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    pub(crate) fn run(&self, more: &[&str]) -> (i32, String) {
        let mut arguments = vec!["run", "--endpoint", &self.url, "--token-env", "CANARY"];
        arguments.extend(more);
        outcome(&arguments)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
