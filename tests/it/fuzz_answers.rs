//! Answers that are broken at random: what a server sends never ends the program, and never keeps it long.
//!
//! The stub's real answers are changed in their status, their headers and their bytes, judged, and shown in a report. The same seed makes the same answer; a
//! few thousand are tried by `cargo test`, as many as fit into a minute by `-- --ignored`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::outcomes::{PROBES, SUITE, report};
use ims_conformance::client::{Access, Cleanup, Setup, Target, Token};
use ims_conformance::exchange::{Exchange, Response};
use ims_conformance::judge::judge;
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::report::terminal;
use ims_conformance::run::Record;
use ims_conformance::stub::StubService;

/// How many answers stand in one report.
const BATCH: usize = 25;

/// How long a report of so many answers may take to be made, on a slow machine without optimization.
const LONGEST: Duration = Duration::from_mins(5);

/// How long it may be, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// What memory the process may have used at most, in kilobytes.
const MOST_MEMORY: u64 = 1_500_000;

const STATUSES: [u16; 20] =
    [100, 199, 200, 201, 202, 204, 206, 301, 400, 401, 403, 404, 407, 413, 418, 429, 500, 503, 599, 999];

const TEXTS: [&[u8]; 24] = [
    b"null",
    b"[]",
    b"{}",
    b"\"\"",
    b"true",
    b"-0",
    b"1e999",
    b"123456789012345678901234567890",
    b"\"\\ud800\"",
    b"\"\\u0000\"",
    b"\"\xe2\x80\xae\"",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b[2J",
    b"\r\n",
    b"NaN",
    b"{\"id\":",
    b"}}}}",
    b"\"a\":1,\"a\":2",
    b"\"2016-13-45T99:99:99Z\"",
    b"\"9999-12-31T23:59:60Z\"",
    b"\"/v2/images/../..\"",
    b"\xf0\x9f\x98\x80",
    b"0.1e-400",
];

/// Each probe with what the stub answers to it.
fn real() -> Vec<(Arc<Probe>, Vec<Exchange>)> {
    let token = Token::random();
    let stub = Arc::new(StubService::new(Arc::clone(&SUITE.contract), token.clone(), None));
    let target = Arc::new(Target::local(&SUITE.contract, stub, Setup::new(Access::Token(token))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let chosen = PROBES.iter().enumerate().filter(|(index, probe)| probe.phase == Phase::Case || index % 7 == 0);
    let is_short = |probe: &&Probe| {
        probe.script.steps.iter().all(|step| step.request.body.as_ref().is_none_or(|body| body.len() < 10_000))
    };
    let perform = |probe: &Probe| (Arc::new(probe.clone()), runtime.block_on(target.perform(&probe.script)));
    chosen.map(|(_, probe)| probe).filter(is_short).map(perform).collect()
}

/// The answer with one to three changes.
fn broken(answer: &mut Response, chance: &mut Chance) {
    for _ in 0..=chance.below(3) {
        match chance.below(12) {
            0 => answer.status = *chance.of(&STATUSES),
            1 => answer.headers.clear(),
            2 => answer.headers.push(strange_header(chance)),
            3 => answer.headers = vec![("content-type".to_owned(), "text/html; charset=".to_owned())],
            4 => answer.body.truncate(chance.below(answer.body.len() + 1)),
            5 => large(&mut answer.body, chance),
            6 => value(&mut answer.body, chance),
            7 => answer.body.extend_from_slice(chance.of::<&[u8]>(&TEXTS)),
            8 if !answer.body.is_empty() => {
                let at = chance.below(answer.body.len());
                answer.body[at] = chance.next().to_le_bytes()[0];
            }
            9 => answer.body = chance.of(&TEXTS).to_vec(),
            _ => insert(&mut answer.body, chance),
        }
    }
}

fn strange_header(chance: &mut Chance) -> (String, String) {
    let names = ["content-type", "retry-after", "date", "location", "x-\u{202e}", ""];
    let values =
        ["", "-1", "99999999999999999999", "\u{1b}]0;x\u{7}", "Thu, 99 Foo 0000 99:99:99 GMT", "application/json;;;="];
    ((*chance.of(&names)).to_owned(), (*chance.of(&values)).to_owned())
}

fn insert(body: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(body.len() + 1);
    let text = chance.of(&TEXTS);
    body.splice(at..at, text.iter().copied());
}

/// Another value behind one of the colons.
fn value(body: &mut Vec<u8>, chance: &mut Chance) {
    let colons: Vec<usize> = body.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at + 1).collect();
    if colons.is_empty() {
        return;
    }
    let start = *chance.of(&colons);
    let end = body[start..].iter().position(|byte| b",}".contains(byte)).map_or(body.len(), |end| start + end);
    let text = chance.of(&TEXTS);
    body.splice(start..end, text.iter().copied());
}

/// Seldom something large: deep, long, or with many fields.
fn large(body: &mut Vec<u8>, chance: &mut Chance) {
    match chance.below(60) {
        0 => *body = b"[".repeat(100_000),
        1 => *body = [b"{\"id\":\"".as_slice(), &b"x".repeat(1_000_000), b"\"}"].concat(),
        2 => {
            let fields: Vec<String> = (0..5000).map(|number| format!("\"new{number}\":{number}")).collect();
            *body = format!("{{{}}}", fields.join(",")).into_bytes();
        }
        3 => *body = b"{\"a\":".repeat(1000),
        _ => insert(body, chance),
    }
}

/// What a probe comes to where one of its answers is broken.
fn record(real: &[(Arc<Probe>, Vec<Exchange>)], seed: u64) -> Record {
    let mut chance = Chance::new(seed);
    let (probe, exchanges) = chance.of(real);
    let mut exchanges = exchanges.clone();
    let at = chance.below(exchanges.len());
    if let Ok(answer) = &mut exchanges[at].outcome {
        broken(answer, &mut chance);
    }
    let judgement = judge(&SUITE.contract, probe, &exchanges);
    Record { place: 0, probe: Arc::clone(probe), judgement, exchanges, cleanup: Cleanup::default() }
}

/// Judges the answers of so many seeds and shows them in one report; a panic, or too much of anything, fails the test.
fn try_batch(real: &[(Arc<Probe>, Vec<Exchange>)], first: u64) -> usize {
    println!("seeds from {first}");
    let begin = Instant::now();
    let results = report((first..first + BATCH as u64).map(|seed| record(real, seed)).collect());
    let (failed, text) = (results.failed, terminal::render(&results, terminal::Detail::Verbose));
    assert!(text.len() < LARGEST, "the report has {} bytes", text.len());
    assert!(begin.elapsed() < LONGEST, "the report took {:?}", begin.elapsed());
    failed
}

/// The most memory that this process had, in kilobytes, where the system tells it.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn an_answer_broken_at_random_is_judged_and_shown() {
    let real = real();
    let failed: usize = (0..40).map(|batch| try_batch(&real, batch * BATCH as u64)).sum();
    assert!(failed > 100, "only {failed} of 1000 broken answers were found to be wrong");
    assert!(most_memory() < MOST_MEMORY, "{} kB", most_memory());
}

#[test]
#[ignore = "takes a minute; CI asks for it"]
fn answers_broken_at_random_for_a_minute_are_judged_and_shown() {
    let (real, begin) = (real(), Instant::now());
    let mut seed = 1_000_000;
    while begin.elapsed() < Duration::from_mins(1) {
        try_batch(&real, seed);
        seed += BATCH as u64;
    }
    println!("{} answers", seed - 1_000_000);
    assert!(most_memory() < MOST_MEMORY, "{} kB", most_memory());
}
