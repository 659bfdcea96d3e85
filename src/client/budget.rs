//! Budgets: what a run has cost, and may yet. They are hard: a probe begins only where its worst outcome is still within them.

mod books;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use self::books::{Books, Hindrance};
use super::limits::{Bounds, Cost, Limits, Spent};

/// Whether a cost is within the budget.
pub(super) enum Admittance<'a> {
    /// It is, and is set aside.
    Granted(Admission<'a>),
    /// It depends on what the probes under way will not use.
    Later,
    /// It depends on what refused requests may have created all the same: stock must be taken.
    AfterStock,
    /// It never will be.
    Never(Spent),
}

/// Keeps the books of a run.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    books: Mutex<Books>,
    changed: Notify,
}

/// A probe's share of the budget; what it did not use goes back when it is dropped.
#[derive(Debug)]
pub struct Admission<'a> {
    budget: &'a Budget,
    cost: Cost,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, books: Mutex::default(), changed: Notify::new() }
    }

    /// Waits until probes have ended, or something is gone, and what did not fit may.
    pub(super) async fn changed_after(&self, try_again: impl FnOnce() -> bool) {
        let changed = self.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if !try_again() {
            changed.await;
        }
    }

    /// The budget that alone this cost exceeds, if it does.
    pub(super) fn never_allows(&self, cost: Cost) -> Option<Spent> {
        let bounds = [
            (Spent::Requests, self.limits.requests, cost.requests),
            (Spent::Created, self.limits.created, cost.created),
            (Spent::Alive, self.limits.alive, cost.created),
        ];
        bounds.into_iter().find(|(_, limit, cost)| limit.is_some_and(|limit| *cost > limit)).map(|(spent, ..)| spent)
    }

    /// Sets this cost aside, if it is within the budget.
    pub(super) fn admit(&self, cost: Cost) -> Admittance<'_> {
        let mut books = self.books();
        let hindrances = books.hindrances(&self.limits, cost);
        let first = |wanted: fn(&Hindrance) -> bool| hindrances.iter().copied().find(wanted);
        match first(|each| matches!(each, Hindrance::Never(_))).or_else(|| first(|each| *each == Hindrance::Doubt)) {
            Some(Hindrance::Never(spent)) => return Admittance::Never(spent),
            Some(_) => return Admittance::AfterStock,
            None if hindrances.is_empty() => {}
            None => return Admittance::Later,
        }
        books.under_way = books.under_way + cost;
        Admittance::Granted(Admission { budget: self, cost })
    }

    /// Whether one more request may be sent; it counts as sent. One that nobody planned leaves enough for all that was.
    pub(super) fn take_request(&self, is_extra: bool) -> bool {
        let mut books = self.books();
        let kept = if is_extra { books.under_way.requests + books.set_aside } else { 0 };
        let may = self.limits.requests.is_none_or(|limit| books.requests + kept < limit);
        books.requests += u64::from(may);
        may
    }

    /// Whether a request beyond what was planned, such as one that is sent again, leaves enough for what is under way.
    pub(super) fn has_spare(&self) -> bool {
        let books = self.books();
        let bound = books.requests + books.under_way.requests + books.set_aside;
        self.limits.requests.is_none_or(|limit| bound < limit)
    }

    /// Keeps so many requests for the end of the run.
    pub(super) fn set_aside(&self, requests: u64) {
        self.books().set_aside = requests;
    }

    /// How many requests were sent.
    pub(super) fn requests(&self) -> u64 {
        self.books().requests
    }

    /// A resource was, or may have been, created.
    pub(super) fn note_created(&self) {
        let mut books = self.books();
        books.created += 1;
        books.alive += 1;
    }

    /// Whether what is created is bounded, so that stock must be taken during the run.
    pub(super) fn bounds_creation(&self) -> bool {
        self.limits.created.is_some() || self.limits.alive.is_some()
    }

    /// A request was answered that may have created more than the answer tells; it may tell of one creation, or of none.
    pub(super) fn note_doubt(&self, has_created: bool) {
        let mut books = self.books();
        books.doubtful += 1;
        books.doubtful_creations += u64::from(has_created);
    }

    /// Stock was taken: so many requests, so many creations among them, have created nothing but what was noted.
    pub(super) fn clear_doubts(&self, requests: usize, creations: usize) {
        let mut books = self.books();
        books.doubtful = books.doubtful.saturating_sub(requests as u64);
        books.doubtful_creations = books.doubtful_creations.saturating_sub(creations as u64);
        books.is_tried |= creations > 0;
        drop(books);
        self.changed.notify_waiters();
    }

    /// Whether stock was taken after a creation.
    pub(super) fn is_tried(&self) -> bool {
        self.books().is_tried
    }

    /// One request has created so many things beside what it was asked for. Each further one may do the same.
    pub(super) fn note_unasked(&self, count: u64) {
        let mut books = self.books();
        books.unasked = books.unasked.max(count);
    }

    /// Stock cannot be taken: from now on only the target's own answers count.
    pub(super) fn note_blind(&self) {
        self.books().is_blind = true;
        self.changed.notify_waiters();
    }

    /// How far the bounds on what is created have held.
    pub(super) fn bounds(&self) -> Bounds {
        let books = self.books();
        if books.is_blind && books.doubtful > 0 { Bounds::AsTold } else { Bounds::Hard }
    }

    /// A resource is gone.
    pub(super) fn note_removed(&self) {
        let mut books = self.books();
        books.alive = books.alive.saturating_sub(1);
        drop(books);
        self.changed.notify_waiters();
    }

    /// What was counted as a creation was none.
    pub(super) fn note_not_created(&self) {
        let mut books = self.books();
        books.created = books.created.saturating_sub(1);
        drop(books);
        self.note_removed();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let mut books = self.budget.books();
        books.under_way.requests -= self.cost.requests;
        books.under_way.created -= self.cost.created;
        drop(books);
        self.budget.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::{Admittance, Budget};
    use crate::client::limits::{Cost, Limits, Spent};

    const ONE: Cost = Cost { requests: 1, created: 1 };

    fn alive(alive: u64) -> Budget {
        Budget::new(Limits { alive: Some(alive), ..Limits::default() })
    }

    /// A creation that was answered, looked at, and removed.
    fn creation(budget: &Budget) {
        budget.note_created();
        budget.note_doubt(true);
        budget.clear_doubts(1, 1);
        budget.note_removed();
    }

    #[test]
    fn after_the_first_creation_stock_is_taken_and_then_as_the_bound_needs_it() {
        let budget = alive(3);
        budget.note_doubt(true);
        assert!(matches!(budget.admit(ONE), Admittance::AfterStock));
        budget.clear_doubts(1, 1);
        for _ in 0..2 {
            assert!(matches!(budget.admit(ONE), Admittance::Granted(_)));
            budget.note_doubt(true);
        }
        assert!(matches!(budget.admit(ONE), Admittance::Granted(_)));
        budget.note_doubt(true);
        assert!(matches!(budget.admit(ONE), Admittance::AfterStock));
    }

    #[test]
    fn as_long_as_no_creation_was_looked_at_each_may_make_two() {
        let budget = alive(5);
        let first = budget.admit(ONE);
        let second = budget.admit(ONE);
        assert!(matches!((&first, &second), (Admittance::Granted(_), Admittance::Granted(_))));
        assert!(matches!(budget.admit(ONE), Admittance::Later));
        drop((first, second));
        creation(&budget);
        let granted: Vec<_> = (0..5).map(|_| budget.admit(ONE)).collect();
        assert!(granted.iter().all(|each| matches!(each, Admittance::Granted(_))));
    }

    #[test]
    fn once_a_request_has_made_more_each_counts_as_much_and_goes_alone() {
        let budget = alive(4);
        creation(&budget);
        budget.note_unasked(2);
        let first = budget.admit(ONE);
        assert!(matches!(first, Admittance::Granted(_)));
        assert!(matches!(budget.admit(ONE), Admittance::Later));
        drop(first);
        budget.note_created();
        budget.note_created();
        assert!(matches!(budget.admit(ONE), Admittance::Never(Spent::Alive)));
    }

    #[test]
    fn what_is_answered_while_stock_is_taken_stays_in_doubt() {
        let budget = alive(2);
        creation(&budget);
        budget.note_doubt(false);
        budget.note_doubt(false);
        budget.clear_doubts(1, 0);
        assert!(matches!(budget.admit(ONE), Admittance::Granted(_)));
        budget.note_doubt(false);
        assert!(matches!(budget.admit(ONE), Admittance::AfterStock));
    }

    #[test]
    fn where_stock_cannot_be_taken_doubts_count_for_nothing() {
        let budget = alive(1);
        budget.note_doubt(true);
        assert!(matches!(budget.admit(ONE), Admittance::AfterStock));
        budget.note_blind();
        assert!(matches!(budget.admit(ONE), Admittance::Granted(_)));
    }
}
