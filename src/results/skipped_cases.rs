//! The cases that their authors skip for now. No plan has them, and a report tells of each of their probes as skipped, with the reason.

use std::time::Duration;

use super::probes::{ProbeResult, ProbeVerdict};
use super::tally::Cause;
use crate::plan::{Plan, Skipped};
use crate::probe::Phase;

/// What was to be sent but for its authors.
#[derive(Clone, Debug, Default)]
pub(super) struct SkippedCases {
    /// Each reason once, with how many probes have it.
    pub(super) causes: Vec<Cause>,
    /// The probes, in the order of the suite.
    pub(super) probes: Vec<ProbeResult>,
}

impl SkippedCases {
    /// What a plan leaves out as it is skipped.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut found = Self::default();
        for Skipped { reason, probes } in plan.excluded().iter().filter_map(|excluded| excluded.skipped.as_ref()) {
            for id in probes {
                found.add(id, reason);
            }
        }
        found
    }

    fn add(&mut self, id: &str, reason: &str) {
        match self.causes.iter_mut().find(|cause| cause.text == reason) {
            Some(cause) => cause.count += 1,
            None => self.causes.push(Cause { text: reason.to_owned(), count: 1, example: id.to_owned() }),
        }
        self.probes.push(ProbeResult {
            id: id.to_owned(),
            phase: Phase::Case,
            verdict: ProbeVerdict::Skipped,
            took: Duration::ZERO,
            broken: Vec::new(),
            why: reason.to_owned(),
        });
    }
}
