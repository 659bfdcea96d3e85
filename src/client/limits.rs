//! What a run may cost at most, what a probe may cost at most, and why one does not begin.

use std::fmt;
use std::time::Duration;

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
        let more = |step: &Step| step.poll.as_ref().map_or(0, |poll| poll.pauses().count());
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
