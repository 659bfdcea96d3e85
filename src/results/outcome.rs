//! One probe as the whole run shows it: what was recorded when it was performed, and what became known of it later.

use std::sync::Arc;

use crate::client::Cleanup;
use crate::exchange::Exchange;
use crate::judge::{Judgement, Mismatch};
use crate::probe::Probe;
use crate::run::{Place, Record};

/// What a probe came to. Only `Fail` speaks about the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Verdict {
    /// Every clause that it assessed holds.
    Pass,
    /// A clause is broken.
    Fail,
    /// A clause is broken, and nothing is that is not known of the target.
    Known,
    /// Something went wrong on the way; nothing is known.
    Inconclusive,
}

/// One probe and what it came to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// The place of the probe in the plan.
    pub(super) place: Place,
    /// The probe.
    pub(super) probe: Arc<Probe>,
    /// What it showed, and what the whole run shows of it.
    pub(super) judgement: Judgement,
    /// What was sent and what came.
    pub(super) exchanges: Vec<Exchange>,
    /// What became of the resources that it created.
    pub(super) cleanup: Cleanup,
}

impl Outcome {
    /// A record, with what it breaks of the invariants of the run.
    pub(super) fn of(record: &Record, broken: &[Mismatch]) -> Self {
        let Record { place, probe, judgement, exchanges, cleanup } = record.clone();
        let mut outcome = Self { place, probe, judgement, exchanges, cleanup };
        outcome.judgement.mismatches.extend_from_slice(broken);
        outcome
    }

    /// A probe of which nothing was kept.
    pub(super) fn bare(place: Place, probe: &Arc<Probe>) -> Self {
        let (judgement, exchanges, cleanup) = (Judgement::default(), Vec::new(), Cleanup::default());
        Self { place, probe: Arc::clone(probe), judgement, exchanges, cleanup }
    }

    /// What it came to, as long as nobody says what is known of the target. In a strict run what nobody documents fails, too.
    pub(super) fn verdict(&self, is_strict: bool) -> Verdict {
        verdict(&self.judgement, is_strict)
    }
}

/// What a judgement comes to.
pub(super) fn verdict(judgement: &Judgement, is_strict: bool) -> Verdict {
    if !judgement.mismatches.is_empty() || (is_strict && !judgement.drift.is_empty()) {
        Verdict::Fail
    } else if judgement.inconclusive.is_some() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}
