//! Contracts that are broken at random: either they are refused, with a place, or a run against their own stub ends, without a panic and soon.
//!
//! The same seed makes the same contract. A few hundred are tried by `cargo test`, as many as fit into a minute by `-- --ignored`; what was tried last is
//! printed where a test fails.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that cannot go on says so")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::rehearsal::unshown;
use ims_conformance::results::Question;
use ims_conformance::run::{Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// The folders whose contracts are broken.
const SUITES: [&str; 3] = ["cases/otc", "cases/glance", "tests/suites/required"];

/// What no change of the contract makes wrong.
const CASE: &str = "title: a\nclauses: [security.token]\nrequest: {token: absent, body: {}}\nexpect: {status: 401}\n";

/// How long a contract may take to be read, and how long a plan of it to be made and performed, on a slow machine without optimization.
const LONGEST_READING: Duration = Duration::from_mins(1);
const LONGEST_RUN: Duration = Duration::from_mins(10);

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "2",
    "-1",
    "0.5",
    "7.0",
    "65536",
    "1000000",
    "1000000000000",
    "9223372036854775807",
    "18446744073709551615",
    "1e300",
];

const VALUES: [&str; 26] = [
    "null",
    "[]",
    "{}",
    "''",
    "' '",
    "true",
    "false",
    "-1",
    "0",
    "1e400",
    "text",
    "[null]",
    "[1, 2]",
    "[true]",
    "[a, a]",
    "{a: b}",
    "integer",
    "number",
    "string",
    "array",
    "object",
    "boolean",
    "'{run}'",
    "'a b'",
    "\"a\\nb\"",
    "'^(a|b){0,9}$'",
];

const KEYS: [&str; 30] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "format",
    "default",
    "examples",
    "x-unambiguous",
    "x-unspecified",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "x-echo",
    "x-written",
    "x-distinct-by",
    "x-mark",
    "readOnly",
    "x-unique",
    "x-near-now",
    "x-template",
    "x-not-before",
    "x-refused",
    "x-effect",
];

/// A contract with one to three changes.
fn broken(text: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=chance.below(3) {
        let at = chance.below(lines.len());
        let line = lines[at].clone();
        let indent = line.len() - line.trim_start().len();
        match chance.below(8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, line),
            2 | 3 => lines[at] = with_number(&line, chance),
            4 => lines[at] = with_value(&line, chance),
            5 => {
                let other = chance.below(lines.len());
                lines.swap(at, other);
            }
            6 => lines[at] = with_key(&line, chance),
            _ => {
                let value = chance.of(&VALUES);
                lines.insert(at, format!("{}{}: {value}", " ".repeat(indent), chance.of(&KEYS)));
            }
        }
        if lines.is_empty() {
            return String::new();
        }
    }
    lines.join("\n") + "\n"
}

/// The line with another number, if it has one.
fn with_number(line: &str, chance: &mut Chance) -> String {
    let Some(start) = line.find(|letter: char| letter.is_ascii_digit()) else { return with_value(line, chance) };
    let end = line[start..].find(|letter: char| !letter.is_ascii_digit()).map_or(line.len(), |end| start + end);
    format!("{}{}{}", &line[..start], chance.of(&NUMBERS), &line[end..])
}

/// The line with another value behind one of its colons.
fn with_value(line: &str, chance: &mut Chance) -> String {
    let colons: Vec<_> = line.match_indices(": ").map(|(at, _)| at + 2).collect();
    if colons.is_empty() {
        return line.to_owned();
    }
    let start = *chance.of(&colons);
    let end = line[start..].find([',', '}']).map_or(line.len(), |end| start + end);
    format!("{}{}{}", &line[..start], chance.of(&VALUES), &line[end..])
}

/// The line with another key.
fn with_key(line: &str, chance: &mut Chance) -> String {
    let name = line.trim_start();
    match name.split_once(':') {
        Some((_, rest)) => format!("{}{}:{rest}", &line[..line.len() - name.len()], chance.of(&KEYS)),
        None => line.to_owned(),
    }
}

/// Whether the contract of this seed was performed; a panic, or a time that is too long, fails the test.
fn is_performed(folder: &Path, texts: &[String], seed: u64) -> bool {
    let mut chance = Chance::new(seed);
    let source = chance.below(texts.len());
    let text = broken(&texts[source], &mut chance);
    println!("seed {seed} of {}", SUITES[source]);
    let dir = folder.join(source.to_string());
    fs::write(dir.join("contract.yaml"), text).unwrap();
    let begin = Instant::now();
    let read = Suite::from_dir(&dir);
    assert!(begin.elapsed() < LONGEST_READING, "reading took {:?}", begin.elapsed());
    let suite = match read {
        Ok(suite) => Arc::new(suite),
        Err(error) => {
            assert!(error.errors.iter().all(|error| error.position().0 > 0), "{error}");
            return false;
        }
    };
    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(perform(&suite));
    assert!(begin.elapsed() < LONGEST_RUN, "the run took {:?}", begin.elapsed());
    true
}

async fn perform(suite: &Arc<Suite>) {
    let plan = plan(suite, &Selection { examples: 2, ..Selection::default() }).unwrap().marked();
    let token = Token::random();
    let stub = Arc::new(StubService::new(Arc::clone(&suite.contract), token.clone(), None));
    let target = Arc::new(Target::local(&suite.contract, stub, Setup::new(Access::Token(token))));
    let options = Options { looks_first: false, shrinks: false, ..Options::default() };
    run(suite, &plan, &target, &options, Question::default(), |_, _| {}).await.unwrap();
}

/// A folder with one suite for each contract, and the contracts as they are.
fn suites() -> (TempDir, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let make = |(index, from): (usize, &&str)| {
        let dir = folder.path().join(index.to_string());
        fs::create_dir_all(dir.join("token")).unwrap();
        fs::write(dir.join("token/requires_a_token.yaml"), CASE).unwrap();
        let table = Path::new(from).join("os-versions.csv");
        if table.exists() {
            fs::copy(table, dir.join("os-versions.csv")).unwrap();
        }
        fs::read_to_string(Path::new(from).join("contract.yaml")).unwrap().replace("\r\n", "\n")
    };
    let texts = SUITES.iter().enumerate().map(make).collect();
    (folder, texts)
}

#[test]
fn a_contract_broken_at_random_is_refused_or_can_be_performed() {
    let (folder, texts) = suites();
    let performed = (0..100).filter(|seed| is_performed(folder.path(), &texts, *seed)).count();
    // Most of what is broken is refused.
    assert!((5..100).contains(&performed), "{performed} of 100 were performed");
}

#[test]
#[ignore = "takes a minute; CI asks for it"]
fn contracts_broken_at_random_for_a_minute_are_refused_or_can_be_performed() {
    let (folder, texts) = suites();
    let (begin, first) = (Instant::now(), 1_000_000);
    let mut seed = first;
    while begin.elapsed() < Duration::from_mins(1) {
        is_performed(folder.path(), &texts, seed);
        seed += 1;
    }
    println!("{} contracts", seed - first);
}

#[test]
fn a_clause_that_no_probe_reaches_and_no_case_shows_is_an_error_with_its_place() {
    let (folder, texts) = suites();
    let dir = folder.path().join("2");
    let contract = |from: &str, to: &str| {
        assert!(texts[2].contains(from), "{from}");
        fs::write(dir.join("contract.yaml"), texts[2].replacen(from, to, 1)).unwrap();
        Arc::new(Suite::from_dir(&dir).unwrap())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let errors = |suite: &Arc<Suite>| {
        let errors = runtime.block_on(unshown(suite)).unwrap();
        errors.iter().map(|error| (error.position().0, error.message().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(errors(&contract("title: Things", "title: Others")), []);
    // A field that is required is never left out, so that nothing can show its default.
    let found = errors(&contract("x-mark: test-{run}", "default: nobody"));
    let line = 1 + texts[2].lines().position(|line| line.contains("x-mark: test-{run}")).unwrap();
    assert_eq!(found, [(line, "no probe can show `request.name.default`, and no case does".to_owned())]);
    // A promise without steps needs a case.
    let found = errors(&contract(
        "          after: [boundary, texts, pairs, random]\n          then:\n            - GET: /things/{id}\n              expect: {status: 200, same_as: 1}\n",
        "",
    ));
    let line = 1 + texts[2].lines().position(|line| line.contains("id: thing-can-be-read")).unwrap();
    assert_eq!(found, [(line, "no probe can show `behaviour.thing-can-be-read`, and no case does".to_owned())]);
}
