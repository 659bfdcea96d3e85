//! Budgets: what a run may cost at most. They are hard: a probe begins only where its worst outcome is still within them.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::removal::MOST_REQUESTS;
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
    /// Later than this after the first probe nothing is created any more, and no probe begins.
    pub time: Option<Duration>,
    /// Requests in a second.
    pub rate: Option<f64>,
}

impl Limits {
    /// What a target allows that may be somebody's production, unless somebody asks for more.
    pub const CAREFUL: Self = Self { requests: None, created: None, alive: Some(10), time: None, rate: Some(5.0) };
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

/// How far the bounds on what is created hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounds {
    /// Whatever the target answers: stock was taken where it mattered.
    #[default]
    Hard,
    /// As far as the target tells the truth: its list could not be read.
    AsTold,
}

/// Why a probe does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The rest of the run is denied too.
    Spent(Spent),
    /// This probe alone would exceed the budget, others may not.
    TooLarge(Spent),
    /// Somebody stopped the run.
    Stopped,
}

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
    /// Requests since the last stock-taking that were refused, and may have created something all the same.
    doubtful: u64,
    /// Whether stock cannot be taken, so that only the target's own answers count.
    is_blind: bool,
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
        let doubtful = if books.is_blind { 0 } else { books.doubtful };
        let requests = books.requests + books.set_aside;
        let needs = [
            Need {
                spent: Spent::Requests,
                limit: self.limits.requests,
                used: requests,
                doubtful: 0,
                ..Need::of(&books.under_way, cost)
            },
            Need {
                spent: Spent::Created,
                limit: self.limits.created,
                used: books.created,
                doubtful,
                ..Need::created(&books.under_way, cost)
            },
            Need {
                spent: Spent::Alive,
                limit: self.limits.alive,
                used: books.alive,
                doubtful,
                ..Need::created(&books.under_way, cost)
            },
        ];
        let answers: Vec<_> = needs.into_iter().filter(|need| need.cost > 0).filter_map(Need::hindrance).collect();
        let first = |wanted: fn(&Hindrance) -> bool| answers.iter().copied().find(wanted);
        match first(|each| matches!(each, Hindrance::Never(_))).or_else(|| first(|each| *each == Hindrance::Doubt)) {
            Some(Hindrance::Never(spent)) => return Admittance::Never(spent),
            Some(_) => return Admittance::AfterStock,
            None if answers.is_empty() => {}
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

    /// A request was refused, and may have created something all the same.
    pub(super) fn note_doubtful(&self) {
        self.books().doubtful += 1;
    }

    /// Stock was taken: the refused requests up to now have created nothing but what was noted.
    pub(super) fn clear_doubt(&self) {
        self.books().doubtful = 0;
        self.changed.notify_waiters();
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

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a cost needs of one limit.
struct Need {
    spent: Spent,
    limit: Option<u64>,
    /// What is used up.
    used: u64,
    /// What may be used up beyond that, as stock would tell.
    doubtful: u64,
    /// What the probes under way may use.
    under_way: u64,
    cost: u64,
}

/// What keeps a cost from being admitted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hindrance {
    Never(Spent),
    Doubt,
    UnderWay,
}

impl Need {
    fn of(under_way: &Cost, cost: Cost) -> Self {
        Self {
            spent: Spent::Requests,
            limit: None,
            used: 0,
            doubtful: 0,
            under_way: under_way.requests,
            cost: cost.requests,
        }
    }

    fn created(under_way: &Cost, cost: Cost) -> Self {
        Self { under_way: under_way.created, cost: cost.created, ..Self::of(under_way, cost) }
    }

    fn hindrance(self) -> Option<Hindrance> {
        let limit = self.limit?;
        let proven = self.used + self.cost;
        if proven > limit && (self.under_way == 0 || self.spent != Spent::Alive) {
            Some(Hindrance::Never(self.spent))
        } else if proven + self.under_way > limit {
            Some(Hindrance::UnderWay)
        } else if proven + self.under_way + self.doubtful > limit {
            Some(Hindrance::Doubt)
        } else {
            None
        }
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
