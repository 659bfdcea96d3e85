//! What a run showed, as a pure function of its outcomes.

mod baseline;
mod blame;
mod coverage;
pub mod curl;
mod finding;
mod repeat;
pub mod terminal;

pub use baseline::apply_baseline;
pub use finding::{Consequence, Finding, findings};
pub use repeat::Repeat;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::baseline::{Baseline, Deviation};
use crate::client::{Appeared, Bounds, Leftover, Route, Unlisted};
use crate::contract::Contract;
use crate::judge::{Drift, ObservedBehaviour};
use crate::plan::{Seed, Selection};
use crate::probe::Phase;
use crate::run::{Ending, Outcome, Run, Verdict};

/// Everything that a report shows, in the order in which it shows it.
#[derive(Debug)]
pub struct Report {
    /// Name of the API.
    pub title: String,
    /// Where the requests went.
    pub endpoint: String,
    /// Whether that is the stub inside the program.
    pub is_stub: bool,
    /// Why there was no new token for one that ended.
    pub login: Option<String>,
    /// Whether requests carried a token, or a signature instead.
    pub has_token: bool,
    /// The way there.
    pub route: Route,
    /// The header that carries it.
    pub token_header: String,
    /// The seed of the random phase.
    pub seed: Seed,
    /// How many probes the plan had.
    pub planned: usize,
    /// How many probes of each phase were performed.
    pub phases: Vec<(Phase, usize)>,
    /// How many hold.
    pub passed: usize,
    /// How many show a broken clause.
    pub failed: usize,
    /// How many show broken clauses that are known of the target, and no other.
    pub known: usize,
    /// Broken clauses, each once, in the order of the contract; without those that are known.
    pub findings: Vec<Finding>,
    /// Known deviations that were seen, each with how many probes show it.
    pub deviations: Vec<(Deviation, usize)>,
    /// Known deviations that were looked for and are no longer seen.
    pub stale: Vec<Deviation>,
    /// Whether drift and deviations that are gone make the run fail.
    pub is_strict: bool,
    /// Why probes were inconclusive, each cause once.
    pub inconclusive: Vec<Cause>,
    /// Why probes were skipped, each cause once.
    pub skipped: Vec<Cause>,
    /// Why probes were not sent although they were to be, each cause once.
    pub unsent: Vec<Cause>,
    /// What the target chose where the documentation leaves a choice, with how often.
    pub choices: Vec<(ObservedBehaviour, usize)>,
    /// What nobody documents, with how often.
    pub drift: Vec<(Drift, usize)>,
    /// How many clauses were assessed.
    pub assessed: usize,
    /// How many clauses the contract has.
    pub clauses: usize,
    /// Clauses that were not assessed, and why.
    pub not_assessed: Vec<(String, String)>,
    /// How many resources were created.
    pub created: usize,
    /// How many of them are gone again.
    pub removed: usize,
    /// What could not be removed, with the probe that created it.
    pub leftovers: Vec<(String, Leftover)>,
    /// What was held back, as nobody asked for it.
    pub excluded: Vec<Excluded>,
    /// Why it is not known what is left, where that is so.
    pub unlisted: Option<Unlisted>,
    /// How far the bounds on what is created hold.
    pub bounds: Bounds,
    /// The ledger, where something is left that it is needed for.
    pub ledger: Option<String>,
    /// How many requests were sent.
    pub requests: u64,
    /// How many of them were sent before the first probe.
    pub first_requests: u64,
    /// How long the run took, from the first request to the last one.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
}

/// What a report needs to know beside the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Where the requests went.
    pub endpoint: &'a str,
    /// Whether that is the stub inside the program.
    pub is_stub: bool,
    /// Why there was no new token for one that ended.
    pub login: Option<&'a str>,
    /// Whether requests carried a token, or a signature instead.
    pub has_token: bool,
    /// The way to the endpoint, if another client must be told of it.
    pub route: Option<&'a Route>,
    /// The seed of the random phase.
    pub seed: Seed,
    /// The deviations that are known of the target, and which probes the run wanted.
    pub baseline: Option<(&'a Baseline, &'a Selection)>,
    /// Whether what nobody documents makes findings.
    pub is_strict: bool,
    /// What appeared during the run and belongs to none of its probes.
    pub appeared: &'a [Appeared],
    /// What was tried to make examples smaller.
    pub shrunk: &'a [Outcome],
    /// What was held back, as nobody asked for it.
    pub excluded: &'a [Excluded],
    /// Why it is not known what is left, where that is so.
    pub unlisted: Option<Unlisted>,
    /// How far the bounds on what is created hold.
    pub bounds: Bounds,
    /// The ledger, where something is left that it is needed for.
    pub ledger: Option<&'a str>,
}

/// Probes that were held back, as nobody asked for them.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    /// How many, which, and what adds them.
    pub text: String,
    /// The clauses that they are about.
    pub clauses: BTreeSet<String>,
}

/// A cause that several probes share.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause in words.
    pub text: String,
    /// How many probes.
    pub count: usize,
    /// One of them.
    pub example: String,
}

impl Report {
    /// Makes the report of a run.
    pub fn new(contract: &Contract, run: &Run, context: &Context<'_>) -> Self {
        let outcomes = &run.outcomes;
        let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
        let cleanups = || outcomes.iter().chain(context.shrunk);
        let judgements = || outcomes.iter().map(|outcome| &outcome.judgement);
        let mut findings = findings(contract, outcomes, context.shrunk, context.seed);
        let is_known = |baseline: &Baseline, finding: &Finding| baseline.covers(&finding.clause, &finding.cause);
        findings.retain(|finding| !context.baseline.is_some_and(|(baseline, _)| is_known(baseline, finding)));
        let told = context
            .baseline
            .map(|(baseline, selection)| baseline::told(contract, baseline, selection, run, context.shrunk));
        let (deviations, stale) = told.unwrap_or_default();
        if context.is_strict {
            findings.extend(finding::drift_findings(contract, outcomes));
        }
        let not_assessed = coverage::not_assessed(contract, run, context.excluded);
        Self {
            title: contract.title.clone(),
            endpoint: context.endpoint.to_owned(),
            is_stub: context.is_stub,
            login: context.login.map(str::to_owned),
            has_token: context.has_token,
            route: context.route.cloned().unwrap_or(Route::USUAL),
            seed: context.seed,
            token_header: contract.token.header.clone(),
            planned: run.planned,
            phases: phases(outcomes),
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            known: count(Verdict::Known),
            findings,
            deviations,
            stale,
            is_strict: context.is_strict,
            inconclusive: causes(outcomes, Verdict::Inconclusive),
            skipped: causes(outcomes, Verdict::Skipped),
            unsent: unsent(run),
            choices: tally(judgements().flat_map(|judgement| judgement.choices.iter().cloned())),
            drift: tally(judgements().flat_map(|judgement| judgement.drift.iter().cloned())),
            assessed: contract.clauses.len() - not_assessed.len(),
            clauses: contract.clauses.len(),
            not_assessed,
            created: cleanups().map(|outcome| outcome.cleanup.created).sum(),
            removed: cleanups().map(|outcome| outcome.cleanup.removed).sum(),
            leftovers: leftovers(cleanups(), context.appeared),
            excluded: context.excluded.to_vec(),
            unlisted: context.unlisted,
            bounds: context.bounds,
            ledger: context.ledger.map(str::to_owned),
            requests: run.requests,
            first_requests: run.first_requests,
            elapsed: run.elapsed,
            ending: run.ending,
        }
    }

    /// Whether a budget was too small for a probe, while others were sent to the end.
    pub fn is_beyond_budget(&self) -> bool {
        self.ending == Ending::Complete && !self.unsent.is_empty()
    }

    /// Whether there was no probe that was sent.
    pub fn nothing_was_sent(&self) -> bool {
        let skipped: usize = self.skipped.iter().map(|cause| cause.count).sum();
        self.phases.iter().map(|(_, count)| count).sum::<usize>() == skipped
    }
}

/// A number of things in words: `1 probe`, `2 probes`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn phases(outcomes: &[Outcome]) -> Vec<(Phase, usize)> {
    let count = |phase| outcomes.iter().filter(|outcome| outcome.probe.phase == phase).count();
    Phase::ALL.iter().map(|(_, phase)| (*phase, count(*phase))).filter(|(_, count)| *count > 0).collect()
}

fn causes(outcomes: &[Outcome], verdict: Verdict) -> Vec<Cause> {
    let outcomes = outcomes.iter().filter(|outcome| outcome.verdict == verdict);
    grouped(
        outcomes.map(|outcome| (outcome.judgement.inconclusive.clone().unwrap_or_default(), outcome.probe.id.as_str())),
    )
}

fn unsent(run: &Run) -> Vec<Cause> {
    grouped(run.unsent.iter().map(|unsent| (coverage::unsent_text(unsent, run.ending), unsent.probe.id.as_str())))
}

/// Each cause once, with the first probe that has it.
fn grouped<'a>(each: impl Iterator<Item = (String, &'a str)>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (text, id) in each {
        match causes.iter_mut().find(|cause| cause.text == text) {
            Some(cause) => cause.count += 1,
            None => causes.push(Cause { text, count: 1, example: id.to_owned() }),
        }
    }
    causes
}

/// What is left, with the probe that created it; what appeared and is known from a probe is told once.
fn leftovers<'a>(outcomes: impl Iterator<Item = &'a Outcome>, appeared: &[Appeared]) -> Vec<(String, Leftover)> {
    let of_probe =
        |outcome: &'a Outcome| outcome.cleanup.leftovers.iter().map(|left| (outcome.probe.id.clone(), left.clone()));
    let mut left: Vec<_> = outcomes.flat_map(of_probe).collect();
    for found in appeared.iter().filter(|found| !found.is_removed) {
        let id = Leftover::Id(found.id.as_str().into());
        if !left.iter().any(|(_, known)| *known == id) {
            left.push((
                String::new(),
                if found.mark.is_some() { id } else { Leftover::Appeared(found.id.as_str().into()) },
            ));
        }
    }
    left
}

fn tally<T: Ord>(items: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}
