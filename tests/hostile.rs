//! Servers that do what they can to hang, fill, crash or fool a program: `run`, `doctor` and `sweep` against each of them end within the time that they
//! promise, take less than 200 MB, never panic, and never say that all is well where it cannot be.
//!
//! Each way of being hostile is a test of its own name. Most of the time is waiting, so that many of them run at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]
#![allow(clippy::format_collect, reason = "texts of a megabyte are made once")]

#[path = "support/besieged.rs"]
mod besieged;
#[path = "support/hostilities.rs"]
mod hostilities;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/server.rs"]
mod server;

use std::fs::{self, File};
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use hostilities::{Hostility, OF_CREATION, OF_HTTP, OF_THE_REST};
use ims_conformance::ledger::{Record, lines};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;
use server::{Server, TOKEN, program};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// So many at once, as they mostly wait.
const AT_ONCE: usize = 12;

/// No command takes more, in kB.
const MOST_MEMORY: u64 = 200 * 1024;

/// No command says more, in bytes.
const LONGEST_REPORT: usize = 200_000;

/// The time that a run has, and the minute that it may take to clean up after it. The other commands have as long for the few things that they look at.
const LONGEST: Duration = Duration::from_secs(4 + 60 + 10);

/// So often is looked how much memory a command takes.
const LOOK: Duration = Duration::from_millis(5);

/// The run that has left something behind.
pub(crate) const RUN: &str = "0123456789ab";

/// What each command is given: the shortest times and few probes.
const COMMANDS: [&[&str]; 3] = [
    &["run", "min_disk/echoes", "min_disk/rejects_other", "--phase", "case", "--time-limit", "4", "--jobs", "4"],
    &["doctor", "--try"],
    &["sweep"],
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let all = [OF_HTTP, OF_CREATION, OF_THE_REST].into_iter().flatten();
    let trials = all.map(|hostility| Trial::test(hostility.name, || withstand(hostility))).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A server with something on it that a run has left behind, and the ledger that tells of it and of a request whose answer was lost.
fn besieged(hostility: &Hostility, command: &[&str], folder: &Path) -> String {
    let server = Server::faithful();
    let [theirs, ours] = ["theirs", "ours"].map(|name| server.create(&json!({"name": name})));
    let url = besieged::serve(&server, hostility.on, hostility.behave);
    let at = (OffsetDateTime::now_utc() - time::Duration::seconds(10)).format(&Rfc3339).unwrap();
    let intent = |number| Record::Intent { number, at: at.clone(), body: Some("{\"name\":\"ours\"}".to_owned()) };
    let records = [
        Record::run(RUN, "otc", &url, None, Duration::from_secs(1)),
        Record::Before { ids: vec![theirs] },
        intent(1),
        Record::Created { number: 1, id: ours },
        intent(2),
    ];
    if command[0] == "sweep" {
        fs::write(folder.join(format!("{RUN}.ledger")), lines(&records)).unwrap();
    }
    url
}

fn withstand(hostility: &Hostility) -> Result<(), Failed> {
    let (mut wrong, ends) = (Vec::new(), hostility.ends);
    for (command, ends) in COMMANDS.into_iter().zip([ends.run, ends.doctor, ends.sweep]) {
        let folder = TempDir::new()?;
        let url = besieged(hostility, command, folder.path());
        wrong.extend(withstands(command, &url, folder.path(), ends));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What is wrong with a command against this server.
fn withstands(command: &[&str], url: &str, folder: &Path, ends: &[i32]) -> Vec<String> {
    let Withstood { status, took, peak, text } = perform(command, url, folder);
    let shown: String = text.chars().take(3000).collect();
    let table = [
        (took <= LONGEST, format!("it took {took:?}")),
        (peak.is_none_or(|peak| peak <= MOST_MEMORY), format!("it took {} MB", peak.unwrap_or(0) / 1024)),
        (text.len() <= LONGEST_REPORT, format!("it said {} bytes", text.len())),
        (!text.contains("panicked") && !text.contains(TOKEN), shown.clone()),
        (status.code().is_some_and(|code| ends.contains(&code)), format!("it ended with {status}: {shown}")),
    ];
    let wrong = table.into_iter().filter(|(holds, _)| !holds);
    wrong.map(|(_, what)| format!("{}: {what}", command[0])).collect()
}

/// How a command came through.
struct Withstood {
    status: ExitStatus,
    took: Duration,
    /// The most memory that it has taken, in kB, as far as the system tells.
    peak: Option<u64>,
    /// Everything that it said.
    text: String,
}

fn perform(command: &[&str], url: &str, folder: &Path) -> Withstood {
    let target = ["--endpoint", url, "--token-env", "CANARY", "--timeout", "1", "--settle", "1", "--retries", "1"];
    let said = ["said", "noted"].map(|name| folder.join(name));
    let [output, errors] = said.each_ref().map(|path| File::create(path).unwrap());
    let mut child = program(&[command, &target].concat(), folder).stdout(output).stderr(errors).spawn().unwrap();
    let (begin, mut peak) = (Instant::now(), None);
    let status = loop {
        peak = memory::peak_of(child.id()).max(peak);
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begin.elapsed() > LONGEST => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            None => std::thread::sleep(LOOK),
        }
    };
    let text = said.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).concat();
    Withstood { status, took: begin.elapsed(), peak, text }
}
