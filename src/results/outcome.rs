//! One probe as the whole run shows it: what was recorded when it was performed, and what became known of it later.

use std::sync::Arc;

use crate::client::{Cleanup, Leftover};
use crate::exchange::Exchange;
use crate::judge::{Judgement, Mismatch};
use crate::probe::Probe;
use crate::run::{Place, Record};

/// What a probe came to. Only `Fail` speaks about the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
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
pub struct Outcome {
    /// The place of the probe in the plan.
    pub place: Place,
    /// The probe.
    pub probe: Arc<Probe>,
    /// What it showed, and what the whole run shows of it.
    pub judgement: Judgement,
    /// What was sent and what came.
    pub exchanges: Vec<Exchange>,
    /// What became of the resources that it created.
    pub cleanup: Cleanup,
}

impl Outcome {
    /// A record, with what it breaks of the invariants of the run.
    pub(super) fn of(record: &Record, broken: &[Mismatch]) -> Self {
        let Record { place, probe, judgement, exchanges, cleanup } = record.clone();
        let mut outcome = Self { place, probe, judgement, exchanges, cleanup };
        outcome.judgement.mismatches.extend_from_slice(broken);
        outcome
    }

    /// What it came to, as long as nobody says what is known of the target. In a strict run what nobody documents fails, too.
    pub fn verdict(&self, is_strict: bool) -> Verdict {
        verdict(&self.judgement, is_strict)
    }

    /// The ids that the target gave out to it and that could not be removed.
    pub(super) fn left_ids(&self) -> impl Iterator<Item = String> {
        self.cleanup
            .leftovers
            .iter()
            .filter_map(|left| if let Leftover::Id(id) = left { Some(id.raw().to_owned()) } else { None })
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
