//! Budgets: what a run may cost at most. They are hard: a probe begins only where its worst outcome is still within them.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::cleanup::MOST_REQUESTS;
use crate::contract::Contract;
use crate::probe::{Script, Step};

/// What a run may cost at most; `None` is as much as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Requests, those of the clean-up included.
    pub requests: Option<u64>,
    /// Resources created.
    pub created: Option<u64>,
    /// Resources there at the same time.
    pub alive: Option<u64>,
    /// No probe begins later than this after the first one.
    pub time: Option<Duration>,
    /// Requests in a second.
    pub rate: Option<f64>,
}

/// The budget that does not allow the next probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Of requests.
    Requests,
    /// Of creations.
    Created,
    /// Of resources at the same time, because others are left behind.
    Alive,
    /// Of time.
    Time,
}

impl fmt::Display for Spent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Requests => "--max-requests",
            Self::Created => "--max-created",
            Self::Alive => "--max-alive",
            Self::Time => "--time-limit",
        })
    }
}

/// Why a probe does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The rest of the run is denied too.
    Spent(Spent),
    /// This probe alone would exceed the budget, others may not.
    TooLarge(Spent),
}

/// What a probe may cost at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests.
    pub requests: u64,
    /// Resources created, all of them there at the same time.
    pub created: u64,
}

impl Cost {
    /// What a script may cost at most, with the removal of all that it may create.
    pub fn of(contract: &Contract, script: &Script) -> Self {
        let created = script.steps.iter().filter(|step| step.request.may_create(contract)).count() as u64;
        let more = |step: &Step| step.patience.as_ref().map_or(0, |patience| patience.pauses().count());
        let asked = script.steps.iter().map(|step| 1 + more(step)).sum::<usize>() as u64;
        Self { requests: asked + created * MOST_REQUESTS, created }
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, created: self.created + other.created }
    }
}

/// Keeps the books of a run.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    /// When the first probe wanted to begin.
    begin: OnceLock<Instant>,
    books: Mutex<Books>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Books {
    /// Requests that were sent.
    requests: u64,
    /// Resources that were, or may have been, created.
    created: u64,
    /// Those of them that are, or may be, still there.
    alive: u64,
    /// What the probes under way may cost at most.
    under_way: Cost,
    /// Requests that are kept for the end of the run.
    set_aside: u64,
}

/// A probe's share of the budget; what it did not use goes back when it is dropped.
#[derive(Debug)]
pub struct Admission<'a> {
    budget: &'a Budget,
    cost: Cost,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, begin: OnceLock::new(), books: Mutex::default(), changed: Notify::new() }
    }

    /// Waits until the budget allows this cost, which may be when other probes have ended; an error where it never will.
    pub(super) async fn admit(&self, cost: Cost) -> Result<Admission<'_>, Denied> {
        if let Some(spent) = self.never_allows(cost) {
            return Err(Denied::TooLarge(spent));
        }
        loop {
            let changed = self.changed.notified();
            match self.try_admit(cost) {
                Ok(Some(admission)) => return Ok(admission),
                Ok(None) => changed.await,
                Err(spent) => return Err(Denied::Spent(spent)),
            }
        }
    }

    fn never_allows(&self, cost: Cost) -> Option<Spent> {
        let bounds = [
            (Spent::Requests, self.limits.requests, cost.requests),
            (Spent::Created, self.limits.created, cost.created),
            (Spent::Alive, self.limits.alive, cost.created),
        ];
        bounds.into_iter().find(|(_, limit, cost)| limit.is_some_and(|limit| *cost > limit)).map(|(spent, ..)| spent)
    }

    /// `None` where it depends on what the probes under way will not use.
    fn try_admit(&self, cost: Cost) -> Result<Option<Admission<'_>>, Spent> {
        if self.limits.time.is_some_and(|time| self.begin.get_or_init(Instant::now).elapsed() >= time) {
            return Err(Spent::Time);
        }
        let mut books = self.books();
        let needs = [
            (
                Spent::Requests,
                self.limits.requests,
                books.requests + books.set_aside,
                books.under_way.requests,
                cost.requests,
            ),
            (Spent::Created, self.limits.created, books.created, books.under_way.created, cost.created),
            (Spent::Alive, self.limits.alive, books.alive, books.under_way.created, cost.created),
        ];
        let mut must_wait = false;
        for (spent, limit, used, under_way, cost) in needs {
            let Some(limit) = limit.filter(|_| cost > 0) else { continue };
            if used + cost > limit && (under_way == 0 || spent != Spent::Alive) {
                return Err(spent);
            }
            must_wait |= used + under_way + cost > limit;
        }
        if must_wait {
            return Ok(None);
        }
        books.under_way = books.under_way + cost;
        Ok(Some(Admission { budget: self, cost }))
    }

    /// Whether one more request may be sent; it counts as sent.
    pub(super) fn take_request(&self) -> bool {
        let mut books = self.books();
        let may = self.limits.requests.is_none_or(|limit| books.requests < limit);
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

    /// A resource is gone.
    pub(super) fn note_removed(&self) {
        let mut books = self.books();
        books.alive = books.alive.saturating_sub(1);
        drop(books);
        self.changed.notify_waiters();
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
