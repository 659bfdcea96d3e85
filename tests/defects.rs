//! The kill matrix: a stub with each defect that the contract can express, and the default run must accuse it of that clause and of no other.
//!
//! `cargo test --test defects` prints the matrix: a line for each defect, and how many probes it took to catch them.

#![allow(clippy::panic, clippy::print_stdout, reason = "a test that cannot go on panics; the matrix is printed")]

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use ims_conformance::contract::Assessment;
use ims_conformance::plan::{Seed, Wish, plan};
use ims_conformance::probe::Probe;
use ims_conformance::report::findings;
use ims_conformance::run::{Options, Run, run};
use ims_conformance::stub::defect::defects;
use ims_conformance::stub::{Defect, StubService};
use ims_conformance::suite::Suite;
use ims_conformance::target::{Target, Token};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let suite = Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}")));
    let probes: Arc<[Probe]> = plan(&suite, &Wish::default()).unwrap_or_else(|error| panic!("{error}")).into();
    let costs: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
    let mut trials: Vec<_> = defects(&suite.contract)
        .into_iter()
        .map(|defect| {
            let (suite, probes, costs) = (Arc::clone(&suite), Arc::clone(&probes), Arc::clone(&costs));
            Trial::test(defect.name.clone(), move || is_caught(&suite, &probes, &defect, &costs))
        })
        .collect();
    let faithful = (Arc::clone(&suite), Arc::clone(&probes));
    trials.push(Trial::test("the faithful stub is accused of nothing", move || {
        let found = accused(&faithful.0, &faithful.1, None).0;
        if found.is_empty() { Ok(()) } else { Err(format!("{found:?}").into()) }
    }));
    let complete = Arc::clone(&suite);
    trials.push(Trial::test("every clause has a defect and every defect a clause", move || has_all(&complete)));
    let conclusion = libtest_mimic::run(&arguments, trials);
    print_costs(&costs);
    conclusion.exit();
}

/// Performs the default run in this process, in the order of the plan.
fn performed(suite: &Arc<Suite>, probes: &[Probe], defect: Option<&Defect>) -> Run {
    let token = Token::random();
    let service = StubService::new(Arc::clone(suite), token.clone(), defect);
    let target = Arc::new(Target::local(Arc::new(service), token));
    let options = Options { concurrency: 1, is_strict: false, stop: Arc::new(AtomicBool::new(false)) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(run(suite, probes.to_vec(), &target, &options, |_| {}))
}

/// The clauses that are accused, and how many requests of the call under test were sent until the first accusation.
fn accused(suite: &Arc<Suite>, probes: &[Probe], defect: Option<&Defect>) -> (BTreeSet<String>, usize) {
    let done = performed(suite, probes, defect);
    let until = done.outcomes.iter().position(|outcome| !outcome.judgement.mismatches.is_empty());
    let clauses =
        findings(&suite.contract, &done.outcomes, &[], Seed::default()).into_iter().map(|finding| finding.clause);
    (clauses.collect(), until.map_or(0, |index| index + 1))
}

fn is_caught(
    suite: &Arc<Suite>,
    probes: &[Probe],
    defect: &Defect,
    costs: &Mutex<Vec<(usize, String)>>,
) -> Result<(), Failed> {
    let (mut found, cost) = accused(suite, probes, Some(defect));
    if !found.remove(&defect.clause) {
        return Err(format!("{} is not accused; accused are {found:?}", defect.clause).into());
    }
    costs.lock().unwrap_or_else(PoisonError::into_inner).push((cost, defect.name.clone()));
    found.retain(|clause| !defect.follows.iter().any(|prefix| clause.starts_with(prefix)));
    if found.is_empty() { Ok(()) } else { Err(format!("accused without reason: {found:?}").into()) }
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

/// Killing power: how many probes it takes until a defect is caught.
fn print_costs(costs: &Mutex<Vec<(usize, String)>>) {
    let mut costs = costs.lock().unwrap_or_else(PoisonError::into_inner);
    costs.sort_unstable();
    if let (Some((worst, name)), Some((median, _))) = (costs.last(), costs.get(costs.len() / 2)) {
        println!(
            "{} defects caught; probes until the first accusation: median {median}, worst {worst} ({name})",
            costs.len()
        );
    }
}
