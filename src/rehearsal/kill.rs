//! The kill matrix of a suite: a stub with each defect that its contract can express, and whether a default run catches it.
//!
//! A defect that is missed is a fault that a server may have while its runs are green. Each run is in memory and waits for nothing. It begins with the probes
//! about the clause that the defect breaks, and ends with the first answer that shows it: most defects are caught with a few requests.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{iter, thread};

use super::target;
use crate::contract::{ClauseId, locate};
use crate::document::{SourceError, nearest};
use crate::plan::{Plan, PlanError, Selection, plan};
use crate::probe::{Phase, Probe};
use crate::results::{Fold, Question};
use crate::run::{Event, Options, PreflightError, Terms, run};
use crate::stub::Defect;
use crate::stub::defect::defects;
use crate::suite::Suite;

/// A defect, and what a default run makes of a stub that has it.
#[derive(Debug)]
pub struct Trial {
    /// The defect.
    pub defect: Defect,
    /// Whether the run accuses the stub of the clause that the defect breaks.
    pub is_caught: bool,
}

/// Why there is no kill matrix.
#[derive(Debug, thiserror::Error)]
pub enum KillError {
    /// A selector that matches nothing would silently try less than was meant.
    #[error("the selector `{selector}` matches no defect; {hint}")]
    NothingSelected {
        /// The selector.
        selector: String,
        /// What may be meant instead.
        hint: String,
    },
    /// Nothing can be sent.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The run does not begin, whatever the defect.
    #[error("a run against the stub without a defect does not begin: {0}")]
    Preflight(#[from] PreflightError),
    /// What is accused without a defect is caught with any.
    #[error("the stub without a defect breaks {0}; `run` shows how")]
    AlwaysAccused(ClauseId),
    /// The machine gives no more.
    #[error("a run cannot be started: {0}")]
    Runtime(#[from] io::Error),
}

/// The defects of a suite's contract with one of these texts in their names, or all where there is no text; in the order of the contract.
pub fn selected(suite: &Suite, selectors: &[String]) -> Result<Vec<Defect>, KillError> {
    let all = defects(&suite.contract);
    for selector in selectors {
        if !all.iter().any(|defect| defect.name.contains(selector)) {
            let names = all.iter().flat_map(|defect| [defect.clause.as_str(), &defect.name]);
            let near = nearest(selector, names).map(|near| format!("did you mean `{near}`?"));
            let hint = near.unwrap_or_else(|| "`stub --list-defects` shows all".to_owned());
            return Err(KillError::NothingSelected { selector: selector.clone(), hint });
        }
    }
    let is_meant = |defect: &Defect| {
        selectors.is_empty() || selectors.iter().any(|selector| defect.name.contains(selector.as_str()))
    };
    Ok(all.into_iter().filter(is_meant).collect())
}

/// Tries each of these defects, and answers in their order what came of it. `tried` is called after each. Takes all cores of the machine, and blocks until it
/// is done.
pub fn kill_matrix(
    suite: &Arc<Suite>,
    defects: Vec<Defect>,
    tried: &(dyn Fn() + Sync),
) -> Result<Vec<Trial>, KillError> {
    let probes: Vec<_> = plan(suite, &Selection::default())?.marked().iter().collect();
    let faithful = rehearse(suite, &probes, None, Haste::None)??;
    if let Some(clause) = faithful.accused.into_iter().next() {
        return Err(KillError::AlwaysAccused(clause));
    }
    let (next, caught) = (AtomicUsize::new(0), Mutex::new(vec![false; defects.len()]));
    let work = || -> io::Result<()> {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(defect) = defects.get(index) else { return Ok(()) };
            if is_caught(suite, &probes, defect)? {
                caught.lock().unwrap_or_else(PoisonError::into_inner)[index] = true;
            }
            tried();
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let started: Vec<_> = iter::repeat_with(|| scope.spawn(work)).take(workers).collect();
        let broken_off = || Err(io::Error::other("it broke off"));
        started.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| broken_off()))
    })?;
    let caught = caught.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(defects.into_iter().zip(caught).map(|(defect, is_caught)| Trial { defect, is_caught }).collect())
}

/// What is said of a defect that no run catches, at the place in the contract that makes its clause.
pub fn missed(suite: &Suite, defect: &Defect) -> SourceError {
    let message = format!("no probe catches `{}`: {}", defect.name, defect.text);
    locate(&suite.source, &defect.clause).error(message).with_hint(format!("a case about `{}` can", defect.clause))
}

/// When a rehearsal ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Haste {
    /// With the plan.
    None,
    /// With the first answer that breaks the clause of the defect.
    FirstMismatch,
}

/// What a rehearsal came to.
struct Rehearsed {
    /// The clauses with a finding.
    accused: Vec<ClauseId>,
    /// Whether it ended before its plan did.
    is_cut_short: bool,
}

/// Whether a run accuses a stub with this defect of the clause that it breaks. A stub that hides from every probe behind a failed first look is not caught.
fn is_caught(suite: &Arc<Suite>, probes: &[Probe], defect: &Defect) -> io::Result<bool> {
    // What goes on at once stays together.
    let is_about = |probe: &Probe| probe.phase != Phase::Overlap && probe.clauses.contains(&defect.clause);
    let (about, others): (Vec<_>, Vec<_>) = probes.iter().cloned().partition(is_about);
    let about_first = [about, others].concat();
    let Ok(hasty) = rehearse(suite, &about_first, Some(defect), Haste::FirstMismatch)? else { return Ok(false) };
    let accuses = |rehearsed: &Rehearsed| rehearsed.accused.contains(&defect.clause);
    if accuses(&hasty) || !hasty.is_cut_short {
        return Ok(accuses(&hasty));
    }
    // What one answer shows may only count together with what later ones show.
    Ok(rehearse(suite, probes, Some(defect), Haste::None)?.is_ok_and(|whole| accuses(&whole)))
}

fn rehearse(
    suite: &Arc<Suite>,
    probes: &[Probe],
    defect: Option<&Defect>,
    haste: Haste,
) -> io::Result<Result<Rehearsed, PreflightError>> {
    let target = target(suite, defect);
    let plan = Plan::of(suite, probes.to_vec());
    let options = Options { terms: Terms { may_leave: true, ..Terms::NONE }, ..Options::default() };
    let see = |event: &Event, _: &Fold| {
        let (Event::Performed(record), Some(defect), Haste::FirstMismatch) = (event, defect, haste) else { return };
        if record.judgement.mismatches.iter().any(|mismatch| mismatch.clause == defect.clause) {
            target.stop().throw();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let results = runtime.block_on(run(suite, &plan, &target, &options, Question::default(), see));
    Ok(results.map(|results| Rehearsed {
        accused: results.findings.into_iter().map(|finding| finding.clause).collect(),
        is_cut_short: target.stop().is_thrown(),
    }))
}
