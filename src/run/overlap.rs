//! How many probes are under way at once: as many as the run was asked for, and in the overlap phase several.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::probe::Phase;

/// A slot for each probe under way.
pub(super) struct Slots {
    usual: Arc<Semaphore>,
    overlapping: Arc<Semaphore>,
}

impl Slots {
    /// As many as that, and more for probes that are to overlap.
    pub(super) fn new(usual: usize) -> Self {
        let slots = |phase: Phase| Arc::new(Semaphore::new(phase.at_once(usual)));
        Self { usual: slots(Phase::Case), overlapping: slots(Phase::Overlap) }
    }

    /// Waits for a slot for a probe of this phase.
    pub(super) async fn next(&self, phase: Phase) -> Option<OwnedSemaphorePermit> {
        let slots = if phase == Phase::Overlap { &self.overlapping } else { &self.usual };
        Arc::clone(slots).acquire_owned().await.ok()
    }
}
