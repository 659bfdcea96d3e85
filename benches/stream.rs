//! How much memory a run takes as it grows: `cargo bench --bench stream`. Each size is a process of its own, so that its peak is its own; the service is in
//! that process, too.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::Phase;
use ims_conformance::results::Question;
use ims_conformance::run::{Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::{DEFAULT, Suite};

const SIZES: [usize; 4] = [2_000, 20_000, 200_000, 1_000_000];

fn main() {
    match std::env::var("PROBES") {
        Ok(size) => perform(size.parse().unwrap()),
        Err(_) => compare(),
    }
}

fn compare() {
    println!("{:>10}  {:>10}  {:>8}  {:>12}", "probes", "peak MB", "s", "created");
    let largest: usize = std::env::var("LARGEST").ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    for size in SIZES.into_iter().filter(|size| *size <= largest) {
        let program = std::env::current_exe().unwrap();
        let done = Command::new(program).env("PROBES", size.to_string()).output().unwrap();
        print!("{}", String::from_utf8_lossy(&done.stdout));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn perform(size: usize) {
    let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
    let kinds = {
        let one = Selection { phases: vec![Phase::Random], examples: 1, ..Selection::default() };
        plan(&suite, &one).unwrap().len()
    };
    let selection = Selection { phases: vec![Phase::Random], examples: size / kinds, ..Selection::default() };
    let token = Token::random();
    let service = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let begin = Instant::now();
    let plan = plan(&suite, &selection).unwrap().marked();
    let options = Options { looks_first: false, ..Options::default() };
    let results = runtime.block_on(run(&suite, &plan, &target, &options, Question::default(), |_, _| {})).unwrap();
    assert_eq!((results.passed, results.created), (plan.len(), results.removed));
    let seconds = begin.elapsed().as_secs_f64();
    println!("{:>10}  {:>10}  {seconds:>8.1}  {:>12}", plan.len(), peak() / 1000, results.created);
}

/// The most memory that this process had, in kilobytes, where the system tells it.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
