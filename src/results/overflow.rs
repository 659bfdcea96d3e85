//! What is counted, and not kept, of a target that fails nearly everything: whom to blame is settled by the probes before, which are those that send a value
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use super::blame::Refused;
use super::coverage::clauses_of;
use super::finding::{blame_of, mismatches};
use super::{Outcome, Verdict};
use crate::baseline::{Baseline, Deviation};
use crate::contract::{ClauseId, Contract};

/// Failures beyond those that are kept.
#[derive(Clone, Debug)]
pub(super) struct Overflow {
    pub(super) refused: Refused,
    /// Clause and cause of all that is kept.
    kept: BTreeSet<(ClauseId, String)>,
    counts: BTreeMap<(ClauseId, String), usize>,
    /// How many assessed a clause that the judge did not name: it is to blame all the same.
    assessed: BTreeMap<ClauseId, usize>,
    /// Whether what nobody documents fails, too.
    is_strict: bool,
    /// How many probes fail.
    pub(super) failed: usize,
    /// How many show what is known, and nothing else.
    pub(super) known: usize,
}

impl Overflow {
    /// From here on no more is kept than these outcomes, and what shows something else.
    pub(super) fn after(contract: &Contract, refused: Refused, outcomes: &[Outcome], is_strict: bool) -> Self {
        let (kept, counts, assessed) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let mut overflow = Self { refused, kept, counts, assessed, is_strict, failed: 0, known: 0 };
        for outcome in outcomes {
            let blames = overflow.blames(contract, outcome);
            overflow.kept.extend(blames);
        }
        overflow
    }

    /// Clause and cause of all that fails in an outcome; what only follows is not counted.
    fn blames(&self, contract: &Contract, outcome: &Outcome) -> BTreeSet<(ClauseId, String)> {
        let broken = mismatches(std::slice::from_ref(outcome)).filter(|(_, mismatch)| mismatch.origin.is_none());
        let mut blames: BTreeSet<_> = broken
            .map(|(outcome, mismatch)| blame_of(contract, &self.refused, outcome, mismatch))
            .map(|(clause, cause)| (clause.to_owned(), cause.to_owned()))
            .collect();
        // A server can make up fields without end: one of them stands for all.
        let drifts = self.is_strict && !outcome.judgement.drift.is_empty();
        blames.extend(drifts.then(|| (ClauseId::drift(), String::new())));
        blames
    }

    /// Counts an outcome, and says as what; `None` where it shows something else than those that are kept, and is to be kept, too.
    pub(super) fn count(&mut self, contract: &Contract, baseline: &Baseline, outcome: &Outcome) -> Option<Verdict> {
        let blames = self.blames(contract, outcome);
        if !blames.iter().all(|blame| self.kept.contains(blame)) {
            self.kept.extend(blames);
            return None;
        }
        let is_known = blames.iter().all(|(clause, cause)| baseline.covers(clause, cause));
        self.known += usize::from(is_known);
        self.failed += usize::from(!is_known);
        let counted = clauses_of(&outcome.judgement, &[]);
        let shown: BTreeSet<_> = blames.iter().map(|(clause, _)| clause).collect();
        for clause in shown.difference(&counted) {
            *self.assessed.entry((*clause).clone()).or_default() += 1;
        }
        for blame in blames {
            *self.counts.entry(blame).or_default() += 1;
        }
        Some(if is_known { Verdict::Known } else { Verdict::Fail })
    }

    /// How many more probes show this clause broken for this cause.
    pub(super) fn showing(&self, clause: &ClauseId, why: &str) -> usize {
        let is_shown = |blame: &(ClauseId, String)| (&blame.0, blame.1.as_str()) == (clause, why);
        self.counts.iter().filter(|(blame, _)| is_shown(blame)).map(|(_, count)| count).sum()
    }

    /// The clauses that more probes assessed than the judge says, with how many.
    pub(super) fn assessed(&self) -> impl Iterator<Item = (&ClauseId, usize)> {
        self.assessed.iter().map(|(clause, count)| (clause, *count))
    }

    /// How many more show a deviation.
    pub(super) fn deviating(&self, deviation: &Deviation) -> usize {
        self.counts.iter().filter(|((clause, cause), _)| deviation.covers(clause, cause)).map(|(_, count)| count).sum()
    }
}
