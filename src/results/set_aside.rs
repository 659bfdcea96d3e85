//! The cases that their authors skip for now. No plan has them, and a report tells of each of their probes as skipped, with the reason.

use std::time::Duration;

use super::probes::{ProbeResult, ProbeVerdict};
use super::tally::Cause;
use crate::plan::{Excluded, Plan};
use crate::probe::{Phase, Probe};
use crate::suite::Suite;

/// What was to be sent but for its authors.
#[derive(Clone, Debug, Default)]
pub(super) struct SetAside {
    /// Each reason once, with how many probes have it.
    pub(super) causes: Vec<Cause>,
    /// The probes, in the order of the suite.
    pub(super) probes: Vec<ProbeResult>,
    /// What the plan says of them.
    texts: Vec<String>,
}

impl SetAside {
    /// What a plan leaves out of its suite as it is skipped, and would have otherwise.
    pub(super) fn of(suite: &Suite, plan: &Plan) -> Self {
        let mut found = Self::default();
        let selectors = &plan.selection().selectors;
        let is_meant = |probe: &&Probe| {
            let is_named = |selector: &String| {
                probe.id.contains(selector.as_str()) || probe.clauses.iter().any(|clause| clause.starts_with(selector))
            };
            selectors.is_empty() || selectors.iter().any(is_named)
        };
        for (case, reason) in suite.cases.iter().filter_map(|case| Some((case, case.skip.as_ref()?))) {
            let ending = format!("of {}, which is skipped: {reason}", case.id);
            let Some(text) = plan.excluded().iter().find(|excluded| excluded.text.ends_with(&ending)) else { continue };
            found.texts.push(text.text.clone());
            for probe in case.probes.iter().filter(is_meant) {
                found.add(probe, reason);
            }
        }
        found
    }

    fn add(&mut self, probe: &Probe, reason: &str) {
        match self.causes.iter_mut().find(|cause| cause.text == reason) {
            Some(cause) => cause.count += 1,
            None => self.causes.push(Cause { text: reason.to_owned(), count: 1, example: probe.id.clone() }),
        }
        self.probes.push(ProbeResult {
            id: probe.id.clone(),
            phase: Phase::Case,
            verdict: ProbeVerdict::Skipped,
            took: Duration::ZERO,
            broken: Vec::new(),
            why: reason.to_owned(),
        });
    }

    /// What else a plan leaves out.
    pub(super) fn others(&self, excluded: &[Excluded]) -> Vec<Excluded> {
        excluded.iter().filter(|each| !self.texts.contains(&each.text)).cloned().collect()
    }
}
