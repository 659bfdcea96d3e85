//! Removes one thing, and keeps the books of it. Gone is only what a read no longer finds.
//!
//! A service may forget some time after it said so, and may show some time after it said that it created. Both are waited for, and what is waited for holds up
//! nobody but, in the end, those who would create more of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::cleanup::request_to;
use super::{Purpose, Target};
use crate::exchange::{Exchange, Response};
use crate::ledger::Record;
use crate::probe::PollUntil;
use crate::progress::Hold;

const ATTEMPTS: u32 = 4;
/// After so many removals in vain, one after the other, nothing more is created.
const MOST_IN_VAIN: usize = 3;
/// After so many things that their answers gave no way to find, nothing more is created that a list could not tell from others.
const MOST_NOT_FOUND: usize = 3;
/// So many things that cannot be released are enough to show it; each further one would stay behind too.
const MOST_PROTECTED: usize = 3;
const PAUSE: Duration = Duration::from_millis(150);
/// A service may go on showing for so long what it said it deleted, unless it is known to act sooner on what it was asked.
pub(super) const FORGETTING: Duration = Duration::from_secs(30);
/// A service may begin to show so much later what it said it created.
pub(crate) const SHOWING: Duration = Duration::from_secs(2);
/// After so many things that it said it deleted and went on showing, a service is not given that time any more: what it forgets late is seen at the end.
const MOST_KEPT: usize = 4;
/// So many things may be waited for at once, until one of them was in fact forgotten.
const FIRST_ROOM: usize = 4;
/// And so many at the most.
const MOST_ROOM: usize = 64;

/// What the removals of a run have shown of the service so far.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// How many were in vain since the last one that was not.
    in_vain: AtomicUsize,
    /// How many things stayed behind because their removal was refused even after their release.
    protected_for_good: AtomicUsize,
    /// How many things were created of which the answer gave no id, or one under which nothing is found.
    not_found: AtomicUsize,
    /// Whether it shows at once what it created, as far as this run has seen.
    is_quick: AtomicBool,
    forgetting: Mutex<Forgetting>,
    /// Told whenever one thing less is waited for.
    forgotten: Notify,
}

impl Removals {
    /// Whether the service shows at once what it created, as far as this run has seen.
    pub(super) fn is_quick(&self) -> bool {
        self.is_quick.load(Ordering::Relaxed)
    }

    /// The service does not show later what it does not show at once.
    pub(super) fn note_quick(&self) {
        self.is_quick.store(true, Ordering::Relaxed);
    }

    /// The answer that created something gave no way to find it.
    pub(super) fn note_not_found(&self) {
        self.not_found.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was created beside what an answer told of, and its mark alone tells whose it is.
    pub(super) fn note_untold(&self) {
        self.not_found.store(MOST_NOT_FOUND, Ordering::Relaxed);
    }

    fn forgetting(&self) -> MutexGuard<'_, Forgetting> {
        self.forgetting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is waited for as the service forgets it late.
#[derive(Debug)]
struct Forgetting {
    waiting: usize,
    room: usize,
    /// How many things were waited for in vain.
    kept: usize,
}

impl Default for Forgetting {
    fn default() -> Self {
        Self { waiting: 0, room: FIRST_ROOM, kept: 0 }
    }
}

/// What came of an attempt to remove.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DeleteOutcome {
    /// A read finds nothing.
    Gone,
    /// The removal was accepted, and a read finds the thing all the same.
    Accepted,
    /// Neither the removal nor a read found anything, although the target said that it created it.
    Unseen,
    /// The removal was not accepted, or its answer was lost.
    Refused,
}

impl Target {
    /// Removes one resource; true when a read no longer finds it.
    pub(crate) async fn remove(&self, id: &str, is_delete_protected: bool) -> bool {
        let (is_gone, _) = self.make_gone(id, is_delete_protected, true, &mut None::<fn()>).await;
        self.note_removal(id, is_gone).await
    }

    /// Keeps the books of a removal, and hands on whether it was one.
    pub(super) async fn note_removal(&self, id: &str, is_gone: bool) -> bool {
        if is_gone {
            self.removals.in_vain.store(0, Ordering::Relaxed);
            self.ownership.note_gone(id);
            self.budget.note_removed();
            if let Some(ledger) = &self.ledger {
                // Where this cannot be written a sweep removes it once more, which does no harm.
                let _ = ledger.write(Record::Removed { id: id.to_owned() }).await;
            }
        } else {
            self.removals.in_vain.fetch_add(1, Ordering::Relaxed);
        }
        is_gone
    }

    /// Whether so many removals were in vain that nothing more may be created.
    pub(crate) fn removes_nothing(&self) -> bool {
        self.removals.in_vain.load(Ordering::Relaxed) >= MOST_IN_VAIN
    }

    /// Whether so many things stayed because they could not be released that no more of them may be created.
    pub(crate) fn protection_cannot_be_lifted(&self) -> bool {
        self.removals.protected_for_good.load(Ordering::Relaxed) >= MOST_PROTECTED
    }

    /// Whether so many things could not be found by what their answers told that only a mark finds one.
    pub(crate) fn finds_by_mark_alone(&self) -> bool {
        self.removals.not_found.load(Ordering::Relaxed) >= MOST_NOT_FOUND
    }

    /// Waits until the service has forgotten enough of what it said it deleted, or the run halts.
    pub(crate) async fn room_to_create(&self) {
        loop {
            let forgotten = self.removals.forgotten.notified();
            tokio::pin!(forgotten);
            forgotten.as_mut().enable();
            let has_room = {
                let forgetting = self.removals.forgetting();
                forgetting.waiting < forgetting.room
            };
            if has_room || self.halt.reason().is_some() {
                return;
            }
            tokio::select! {
                () = forgotten => {}
                () = self.halt.halted() => {}
            }
        }
    }

    /// Whether a read does not find this id; never, where no read tells it.
    pub(crate) async fn is_gone(&self, id: &str) -> bool {
        if !self.can_read() {
            return false;
        }
        let contract = self.contract();
        let read = request_to(&contract.operations[contract.creation.lifecycle.read], id, None);
        let exchange = self.send_as(Purpose::Cleanup, read).await;
        exchange.response().is_some_and(|response| matches!(response.status, 404 | 410))
    }

    /// Removes one resource: whether a read no longer finds it, and the removal to be judged, if one was sent: the last one, or the first that ended in an error
    /// of the service.
    pub(super) async fn make_gone(
        &self,
        id: &str,
        is_delete_protected: bool,
        was_seen: bool,
        yielding: &mut Option<impl FnOnce()>,
    ) -> (bool, Option<Exchange>) {
        if self.keeps_everything() || self.refusal_for(id).await.is_some() {
            return (false, None);
        }
        let (mut failed_removal, mut last_removal) = (None::<Exchange>, None);
        let mut must_release = is_delete_protected;
        let attempts = if self.removes_nothing() { 1 } else { ATTEMPTS };
        let mut last = DeleteOutcome::Refused;
        for attempt in 0..attempts {
            if attempt > 0 && !self.pauses(PAUSE * attempt).await {
                break;
            }
            let removal;
            (last, removal) = self.attempt(id, must_release).await;
            if failed_removal.is_none() && removal.response().is_some_and(|response| response.status >= 500) {
                failed_removal = Some(removal.clone());
            }
            last_removal = Some(removal);
            let done = |is_gone| (is_gone, failed_removal.clone().or_else(|| last_removal.clone()));
            match last {
                DeleteOutcome::Gone => return done(true),
                DeleteOutcome::Unseen if was_seen => return done(true),
                DeleteOutcome::Unseen => {
                    let is_gone = self.removals.is_quick() || self.is_never_shown(id).await;
                    if is_gone {
                        self.removals.note_not_found();
                    }
                    return done(is_gone);
                }
                DeleteOutcome::Accepted if !self.removes_nothing() => {
                    if let Some(yielding) = yielding.take() {
                        yielding();
                    }
                    return done(self.is_forgotten(id).await);
                }
                DeleteOutcome::Accepted | DeleteOutcome::Refused => must_release = true,
            }
        }
        if is_delete_protected && last == DeleteOutcome::Refused {
            self.removals.protected_for_good.fetch_add(1, Ordering::Relaxed);
        }
        (false, last_removal)
    }

    /// Tries to remove, and answers what came of it beside the removal itself.
    async fn attempt(&self, id: &str, must_release: bool) -> (DeleteOutcome, Exchange) {
        let contract = self.contract();
        let lifecycle = &contract.creation.lifecycle;
        let release = lifecycle.release.as_ref().filter(|(release, _)| self.availability(*release).is_there());
        if let Some((release, body)) = release.filter(|_| must_release) {
            self.send_as(Purpose::Cleanup, request_to(&contract.operations[*release], id, Some(body))).await;
        }
        let removal = request_to(&contract.operations[lifecycle.remove], id, None);
        let removal = self.send_as(Purpose::Cleanup, removal).await;
        let status = removal.response().map(|response| response.status);
        if !self.can_read() {
            // The answer is all there is; what a list shows all the same is seen at the end.
            let is_gone = matches!(status, Some(200..300 | 404 | 410));
            return (if is_gone { DeleteOutcome::Gone } else { DeleteOutcome::Refused }, removal);
        }
        let came = match (self.is_gone(id).await, status) {
            (true, Some(404 | 410)) => DeleteOutcome::Unseen,
            (true, _) => DeleteOutcome::Gone,
            (false, Some(200..300)) => DeleteOutcome::Accepted,
            (false, _) => DeleteOutcome::Refused,
        };
        (came, removal)
    }

    /// Pauses; a halt cuts it short. False where the time of the clean-up is over.
    pub(super) async fn pauses(&self, pause: Duration) -> bool {
        self.wait(pause, Hold::StillThere).await || !self.halt.is_final()
    }

    /// Waits for a service that shows late what it has created, and removes it then; true where there is nothing, even after a while. A service that does not
    /// is trusted from then on.
    async fn is_never_shown(&self, id: &str) -> bool {
        for pause in (PollUntil { statuses: Vec::new(), within: SHOWING }).pauses() {
            if !self.pauses(pause).await {
                return false;
            }
            let read = request_to(&self.contract().operations[self.contract().creation.lifecycle.read], id, None);
            if self.send_as(Purpose::Extra, read).await.response().is_some_and(Response::is_success) {
                return match self.attempt(id, true).await.0 {
                    DeleteOutcome::Gone => true,
                    DeleteOutcome::Accepted => self.is_forgotten(id).await,
                    DeleteOutcome::Unseen | DeleteOutcome::Refused => false,
                };
            }
        }
        self.removals.note_quick();
        true
    }

    /// Whether a read no longer finds, within a while, what the service said it deleted.
    async fn is_forgotten(&self, id: &str) -> bool {
        let within = {
            let mut forgetting = self.removals.forgetting();
            forgetting.waiting += 1;
            let most = if forgetting.kept < MOST_KEPT { FORGETTING } else { SHOWING };
            self.grace.length().min(most)
        };
        let mut is_gone = false;
        for pause in (PollUntil { statuses: Vec::new(), within }).pauses() {
            if !self.pauses(pause).await {
                break;
            }
            is_gone = self.is_gone(id).await;
            if is_gone {
                break;
            }
        }
        let mut forgetting = self.removals.forgetting();
        forgetting.waiting -= 1;
        forgetting.kept += usize::from(!is_gone);
        forgetting.room = if is_gone { (forgetting.room * 2).min(MOST_ROOM) } else { FIRST_ROOM };
        drop(forgetting);
        self.removals.forgotten.notify_waiters();
        is_gone
    }
}

/// The most requests that removing one resource takes: a read that proves whose it is, two attempts with their release, removal and read, and the reads of a
/// service that forgets late. Four attempts without those are fewer.
pub(super) const MOST_REQUESTS: u64 = 1 + 2 * 3 + 8;
