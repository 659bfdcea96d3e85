//! What each probe came to, told one by one as long as there are not too many of them.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::blame::Refused;
use super::finding::blame_of;
use super::{Outcome, Verdict};
use crate::contract::{ClauseId, Contract};
use crate::exchange::Exchange;
use crate::judge::Judgement;
use crate::probe::{Phase, Probe};
use crate::run::{Place, Record};

/// What one probe came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResult {
    /// Id of the probe.
    pub id: String,
    /// Where it comes from.
    pub phase: Phase,
    /// What it came to.
    pub verdict: ProbeVerdict,
    /// How long its answers took together.
    pub took: Duration,
    /// The clauses that it shows to be broken, known ones among them.
    pub broken: Vec<ClauseId>,
    /// Why it says nothing; empty where it does.
    pub why: String,
}

/// What a probe came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeVerdict {
    /// Every clause that it assessed holds.
    Passed,
    /// A clause is broken.
    Failed,
    /// A clause is broken, and nothing is that is not known of the target.
    Known,
    /// Something went wrong on the way.
    Inconclusive,
    /// Nothing could come of it, and it was not sent.
    Skipped,
    /// It was to be sent, and a budget was too small.
    Unsent,
}

impl From<Verdict> for ProbeVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Passed,
            Verdict::Fail => Self::Failed,
            Verdict::Known => Self::Known,
            Verdict::Inconclusive => Self::Inconclusive,
        }
    }
}

/// So many probes are told one by one; what a longer run shows is in its counts.
const MOST: usize = 20_000;

/// Results of probes.
#[derive(Clone, Debug, Default)]
pub(super) struct ProbeResults {
    by_place: BTreeMap<Place, ProbeResult>,
    further: usize,
}

impl ProbeResults {
    /// Adds a probe that was performed, as far as its own record tells.
    pub(super) fn performed(&mut self, record: &Record, verdict: Verdict) {
        let Record { place, probe, judgement, exchanges, .. } = record;
        let broken = broken(verdict, own(judgement).map(|mismatch| mismatch.clause.clone()));
        let verdict = verdict.into();
        let why = judgement.inconclusive.clone().filter(|_| verdict == ProbeVerdict::Inconclusive).unwrap_or_default();
        let (id, phase, took) = (probe.id.clone(), probe.phase, took(exchanges));
        self.add(*place, ProbeResult { id, phase, verdict, took, broken, why });
    }

    /// Adds a probe that was not sent, and why.
    pub(super) fn not_sent(&mut self, place: Place, probe: &Probe, verdict: ProbeVerdict, why: &str) {
        let (id, phase, why) = (probe.id.clone(), probe.phase, why.to_owned());
        self.add(place, ProbeResult { id, phase, verdict, took: Duration::ZERO, broken: Vec::new(), why });
    }

    fn add(&mut self, place: Place, result: ProbeResult) {
        if self.by_place.len() < MOST {
            self.by_place.insert(place, result);
        } else {
            self.further += 1;
        }
    }

    /// How many more there are than are told one by one.
    pub(super) fn further(&self) -> usize {
        self.further
    }

    /// In the order of the plan, with what the whole run tells of these outcomes.
    pub(super) fn in_order(
        &self,
        contract: &Contract,
        refused: &Refused,
        outcomes: &[Outcome],
        verdicts: &[Verdict],
    ) -> Vec<ProbeResult> {
        let mut results = self.by_place.clone();
        for (outcome, verdict) in outcomes.iter().zip(verdicts) {
            let Some(result) = results.get_mut(&outcome.place) else { continue };
            let blames = own(&outcome.judgement).map(|mismatch| blame_of(contract, refused, outcome, mismatch));
            result.broken = broken(*verdict, blames.map(|(clause, _)| clause.clone()));
            result.verdict = (*verdict).into();
        }
        results.into_values().collect()
    }
}

/// What is wrong by itself, and does not only follow from something else.
fn own(judgement: &Judgement) -> impl Iterator<Item = &crate::judge::Mismatch> {
    judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none())
}

/// Each clause once. Where none is broken and the probe fails all the same, nobody documents what came, and the run is a strict one.
fn broken(verdict: Verdict, clauses: impl Iterator<Item = ClauseId>) -> Vec<ClauseId> {
    let mut clauses: Vec<_> = clauses.collect();
    if clauses.is_empty() && verdict == Verdict::Fail {
        clauses.push(ClauseId::drift());
    }
    clauses.sort();
    clauses.dedup();
    clauses
}

fn took(exchanges: &[Exchange]) -> Duration {
    exchanges.iter().filter_map(Exchange::response).map(|answer| answer.took).sum()
}
