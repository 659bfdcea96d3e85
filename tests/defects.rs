//! The kill matrix: a stub with each defect that the contract can express, and the default run must accuse it of that clause and of no other. The phase of
//! texts is left out for most defects that have nothing to do with texts.
//!
//! `cargo test --test defects` prints the matrix: a line for each defect, and how many probes and requests it took to catch them. It takes every fifth defect,
//! another one each day; `$DEFECTS_SHARE`, from 0 to 4, says which. `--include-ignored` takes all, as CI does.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test that cannot go on panics; the matrix is printed")]

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ims_conformance::case::{Case, CaseFile};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::contract::{Assessment, ClauseId};
use ims_conformance::document;
use ims_conformance::plan::{Plan, Selection, mark, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Fold, Question};
use ims_conformance::run::{Event, Options, Terms, run};
use ims_conformance::stub::defect::defects;
use ims_conformance::stub::{Defect, StubService};
use ims_conformance::suite::Suite;
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;

fn main() {
    let arguments = Arguments::from_args();
    assert_ne!(arguments.test_threads, Some(0), "--test-threads takes at least 1");
    let (mut trials, mut costs) = (Vec::new(), Vec::new());
    for name in Suite::built_in_names() {
        let dir = Path::new("cases").join(name);
        let suite = Arc::new(Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}")));
        let (more, cost) = trials_of(&suite);
        trials.extend(more);
        costs.push((name, cost));
    }
    for (name, required) in REQUIRING {
        let (more, cost) = trials_of(&Arc::new(requiring(name, required)));
        trials.extend(more);
        costs.push((name, cost));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for (name, costs) in costs {
        print_costs(name, &costs);
    }
    conclusion.exit();
}

/// Contracts that require something, which may hide nothing that is wrong with the rest: the name of the suite, and what it requires.
const REQUIRING: [(&str, &str); 3] =
    [("one_required", "[name]"), ("two_required", "[kind, weight]"), ("array_required", "[labels]")];

/// The small suite of the tests, with another list of what is required.
fn requiring(name: &str, required: &str) -> Suite {
    let from = Path::new("tests/suites/required");
    let read = |file: &str| fs::read_to_string(from.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let contract = read("contract.yaml").replacen("required: [name]", &format!("required: {required}"), 1);
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let dir = folder.path().join(name);
    let write = |file: &str, text: &str| fs::write(dir.join(file), text).unwrap_or_else(|error| panic!("{error}"));
    fs::create_dir_all(dir.join("thing")).unwrap_or_else(|error| panic!("{error}"));
    write("contract.yaml", &contract);
    write(
        "thing/accepts_a_name.yaml",
        &read("thing/accepts_a_name.yaml").replace("kind: flat,", "kind: flat, weight: 2,"),
    );
    Suite::from_dir(&dir).unwrap_or_else(|error| panic!("{error}"))
}

/// A run takes one of so many defects.
const SHARES: usize = 5;

/// Which of them: the one that was asked for, or that of the day.
fn share() -> usize {
    let asked =
        std::env::var("DEFECTS_SHARE").ok().map(|text| text.parse().unwrap_or_else(|_| panic!("DEFECTS_SHARE={text}")));
    let day = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / 86_400);
    asked.unwrap_or(usize::try_from(day).unwrap_or_default()) % SHARES
}

/// What it took to catch each defect.
type Costs = Arc<Mutex<Vec<Cost>>>;

/// What a run did until it accused a defective server for the first time.
struct Cost {
    defect: String,
    /// Probes, in the order of the plan.
    probes: usize,
    /// Requests, those that clean up included.
    requests: u64,
}

/// What a run found.
struct Found {
    clauses: BTreeSet<ClauseId>,
    /// Clause and cause of each finding.
    ways: BTreeSet<(ClauseId, String)>,
    /// The findings as cases.
    saved: Vec<CaseFile>,
    probes: usize,
    requests: u64,
}

/// A trial for each defect of a suite, and what catching them costs.
fn trials_of(suite: &Arc<Suite>) -> (Vec<Trial>, Costs) {
    let named = |name: &str| format!("{}/{name}", suite.name);
    let plan = plan(suite, &Selection::default()).unwrap_or_else(|error| panic!("{error}")).marked();
    let probes: Arc<[Probe]> = plan.iter().collect();
    let without_texts: Arc<[Probe]> = probes.iter().filter(|probe| probe.phase != Phase::Texts).cloned().collect();
    let costs = Costs::default();
    let share = share();
    let is_small = REQUIRING.iter().any(|(name, _)| *name == suite.name);
    let mut trials: Vec<_> = defects(&suite.contract)
        .into_iter()
        .enumerate()
        .map(|(index, defect)| {
            // The phase of texts is a third of a run, and most defects have nothing to do with it: every fourth one meets it all the same, and those of the
            // small suites. Which ones must not depend on the share, or a share could fail that passed before.
            let is_about_texts =
                ["misreads-", "suspects-", "follows-", "refuses-to-delete"].iter().any(|way| defect.name.contains(way));
            let probes =
                if is_about_texts || is_small || (index / SHARES).is_multiple_of(4) { &probes } else { &without_texts };
            let (suite, probes, costs) = (Arc::clone(suite), Arc::clone(probes), Arc::clone(&costs));
            let trial = Trial::test(named(&defect.name), move || is_caught(&suite, &probes, &defect, &costs));
            trial.with_ignored_flag(index % SHARES != share)
        })
        .collect();
    let faithful = (Arc::clone(suite), Arc::clone(&probes));
    trials.push(Trial::test(named("the faithful stub is accused of nothing"), move || {
        let found = accused(&faithful.0, &faithful.1, None).clauses;
        if found.is_empty() { Ok(()) } else { Err(format!("{found:?}").into()) }
    }));
    let complete = Arc::clone(suite);
    trials.push(Trial::test(named("every clause has a defect and every defect a clause"), move || has_all(&complete)));
    (trials, costs)
}

/// The clauses that the default run accuses in this process, in the order of the plan and with small examples, and when the first of them was.
fn accused(suite: &Arc<Suite>, probes: &[Probe], defect: Option<&Defect>) -> Found {
    let token = Token::random();
    let service = StubService::new(Arc::clone(&suite.contract), token.clone(), defect);
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let options = Options { terms: Terms { may_leave: true, ..Terms::NONE }, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let mut first = None;
    let see = |event: &Event, _: &Fold| match event {
        Event::Performed(record) if first.is_none() && !record.judgement.mismatches.is_empty() => {
            first = Some((record.place + 1, target.request_count()));
        }
        _ => {}
    };
    let plan = Plan::of(suite, probes.to_vec());
    let results = runtime.block_on(run(suite, &plan, &target, &options, Question::default(), see));
    let results = results.unwrap_or_else(|error| panic!("{error}"));
    let (probes, requests) = first.unwrap_or((probes.len(), target.request_count()));
    let saved = results.findings.iter().filter_map(|finding| finding.case_file.clone()).collect();
    let clauses = results.findings.iter().map(|finding| finding.clause.clone()).collect();
    let ways = results.findings.into_iter().map(|finding| (finding.clause, finding.cause)).collect();
    Found { clauses, ways, saved, probes, requests }
}

/// Holds a saved case to what it is for: it shows the fault again, and nothing in a server without it.
fn shows_it_again(suite: &Arc<Suite>, file: &CaseFile, defect: &Defect) -> Result<(), Failed> {
    let id = file.path.strip_suffix(".yaml").unwrap_or_default();
    let case = document::parse(&file.path, &file.text).and_then(|node| Case::read(&suite.contract, id, &node));
    let mut probes = case.map_err(|error| format!("{error}\n{}", file.text))?.probes;
    mark(&suite.contract, &mut probes);
    if !accused(suite, &probes, None).clauses.is_empty() {
        return Err(format!("the faithful stub fails the case\n{}", file.text).into());
    }
    if accused(suite, &probes, Some(defect)).clauses.is_empty() {
        return Err(format!("the case does not show the fault\n{}", file.text).into());
    }
    Ok(())
}

fn is_caught(suite: &Arc<Suite>, probes: &[Probe], defect: &Defect, costs: &Mutex<Vec<Cost>>) -> Result<(), Failed> {
    let Found { mut clauses, ways, saved, probes, requests } = accused(suite, probes, Some(defect));
    if !clauses.remove(&defect.clause) {
        return Err(format!("{} is not accused; accused are {clauses:?}", defect.clause).into());
    }
    if !defect.cause.is_empty() && !ways.contains(&(defect.clause.clone(), defect.cause.clone())) {
        return Err(format!("{} is not accused over {}, but {ways:?}", defect.clause, defect.cause).into());
    }
    let cost = Cost { defect: defect.name.clone(), probes, requests };
    costs.lock().unwrap_or_else(PoisonError::into_inner).push(cost);
    clauses.retain(|clause| !defect.follows.iter().any(|prefix| clause.starts_with(prefix)));
    if !clauses.is_empty() {
        return Err(format!("accused without reason: {clauses:?}").into());
    }
    // What goes wrong now and then, only twice, only later, or only beside others, need not do so where a case asks once.
    // A mark may be misread, too, and the case has another one.
    let is_reproducible =
        !["now-and-then", "-signs", "-later", "-at-last", "-at-once"].iter().any(|end| defect.name.ends_with(end));
    let is_reproducible = is_reproducible && !defect.clause.as_str().ends_with(".unique");
    saved.iter().filter(|_| is_reproducible).try_for_each(|file| shows_it_again(suite, file, defect))
}

fn has_all(suite: &Suite) -> Result<(), Failed> {
    let known = defects(&suite.contract);
    let names: HashSet<_> = known.iter().map(|defect| &defect.name).collect();
    if names.len() != known.len() {
        return Err("two defects have the same name".into());
    }
    let strange: Vec<_> = known
        .iter()
        .filter(|defect| !suite.contract.clauses.contains_key(&defect.clause))
        .map(|defect| &defect.name)
        .collect();
    let broken: HashSet<_> = known.iter().map(|defect| &defect.clause).collect();
    let can_be_assessed =
        suite.contract.clauses.values().filter(|clause| !matches!(clause.assessment, Assessment::Never(_)));
    let whole: Vec<_> =
        can_be_assessed.filter(|clause| !broken.contains(&clause.id)).map(|clause| &clause.id).collect();
    if strange.is_empty() && whole.is_empty() {
        Ok(())
    } else {
        Err(format!("defects without a clause: {strange:?}; clauses without a defect: {whole:?}").into())
    }
}

/// Killing power: what it takes until a defect is caught.
fn print_costs(suite: &str, costs: &Mutex<Vec<Cost>>) {
    let mut costs = costs.lock().unwrap_or_else(PoisonError::into_inner);
    let count = costs.len();
    let mut spread = |unit: &str, measure: fn(&Cost) -> u64| {
        costs.sort_unstable_by_key(measure);
        let (Some(median), Some(worst)) = (costs.get(count / 2), costs.last()) else { return String::new() };
        format!("{unit} median {}, worst {} ({})", measure(median), measure(worst), worst.defect)
    };
    let probes = spread("probes", |cost| cost.probes as u64);
    let requests = spread("requests", |cost| cost.requests);
    // Which ones take longest, for whoever puts the phases in order.
    if let Ok(path) = std::env::var("DEFECTS_COSTS") {
        let line = |cost: &Cost| format!("{suite}\t{}\t{}\t{}\n", cost.defect, cost.probes, cost.requests);
        let written = fs::write(format!("{path}.{suite}"), costs.iter().map(line).collect::<Vec<_>>().concat());
        written.unwrap_or_else(|error| panic!("{path}.{suite}: {error}"));
    }
    println!("{suite}: {count} defects caught; until the first accusation: {probes}; {requests}");
}
