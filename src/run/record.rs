//! What a run tells as it goes: a closed set of events, none of which is edited after it was told.

use std::sync::Arc;
use std::time::Duration;

use super::Survey;
use crate::client::{Appeared, Bounds, Cleanup, Denied, Spent, Target, Unlisted};
use crate::contract::{ClauseId, Scheme};
use crate::exchange::Exchange;
use crate::http::Route;
use crate::judge::Judgement;
use crate::probe::Probe;

/// Something that happened in a run.
#[derive(Debug)]
pub enum Event {
    /// The target was looked at before the first probe: which calls it has, and what became of what was created for that.
    Surveyed(Survey),
    /// A probe was sent, and its answers were judged.
    Performed(Record),
    /// A probe was not sent, as nothing could come of it.
    Skipped {
        /// Its place in the plan.
        place: Place,
        /// The probe.
        probe: Arc<Probe>,
        /// Why.
        why: &'static str,
    },
    /// A probe was to be sent, and was not: it alone may exceed this budget, or the run ended before it was its turn.
    Unsent {
        /// Its place in the plan.
        place: Place,
        /// The probe.
        probe: Arc<Probe>,
        /// The budget that it alone may exceed.
        beyond: Option<Spent>,
    },
    /// A smaller example was tried.
    Shrunk(Record),
    /// A deletion was answered with success, and what it was about is found long after.
    Undeleted {
        /// The place of the probe that created it.
        place: Place,
        /// The deletion.
        deletion: Exchange,
        /// The last read, which found it.
        read: Exchange,
        /// So long after the deletion.
        after: Duration,
    },
    /// Stock was taken at the end: what is there and was not before; or why that is not known.
    Stock(Result<Vec<Found>, Unlisted>),
    /// These ids are gone: what the clean-up of a probe could not remove, the end of the run has removed.
    Removed(Vec<String>),
    /// The list goes on showing these ids of the run's own, although no read finds them.
    Listed(Vec<String>),
    /// The run is over.
    Ended(End),
}

/// A place in the plan, counted from 0.
pub type Place = usize;

/// One probe, what was sent and came, and what that showed.
#[derive(Clone, Debug)]
pub struct Record {
    /// The place of the probe in the plan.
    pub place: Place,
    /// The probe.
    pub probe: Arc<Probe>,
    /// What it showed.
    pub judgement: Judgement,
    /// What was sent and what came.
    pub exchanges: Vec<Exchange>,
    /// What became of the resources that it created.
    pub cleanup: Cleanup,
}

impl Record {
    /// Whether it assessed the clause with this id.
    pub fn shows(&self, clause: &ClauseId) -> bool {
        let mut observed = self.judgement.observations.iter();
        self.judgement.assessed.contains(clause) || observed.any(|observation| observation.clause == *clause)
    }

    /// Whether nothing is known of what it is about, as something went wrong on the way.
    pub fn is_inconclusive(&self) -> bool {
        self.judgement.mismatches.is_empty() && self.judgement.inconclusive.is_some()
    }
}

/// Something that is there after the run, and was not before it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is.
    pub appeared: Appeared,
    /// The probe whose request carried its mark, with its place in the plan, where one did.
    pub origin: Option<(Place, Arc<Probe>)>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every probe was performed.
    Complete,
    /// Somebody stopped it.
    Interrupted,
    /// A budget was spent.
    Spent(Spent),
    /// Too many probes in a row were inconclusive.
    TargetLost,
    /// As many probes failed as were to be enough.
    FailedFast,
}

impl From<Denied> for Ending {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Spent(spent) | Denied::TooLarge(spent) => Self::Spent(spent),
            Denied::Stopped => Self::Interrupted,
        }
    }
}

/// What is known when a run is over.
#[derive(Clone, Debug)]
pub struct End {
    /// How it ended.
    pub ending: Ending,
    /// Where the requests went.
    pub endpoint: String,
    /// The text that no other run has.
    pub run_id: String,
    /// Whether requests carried a token, or a signature instead.
    pub has_token: bool,
    /// The way to the endpoint, as another client must be told of it.
    pub route: Route,
    /// Where requests showed their token.
    pub scheme: Option<Scheme>,
    /// Why there was no new token for one that ended.
    pub login: Option<String>,
    /// How many requests were sent, those of the clean-up included.
    pub requests: u64,
    /// How many of them were sent before the first probe, to see who answers and what is there.
    pub first_requests: u64,
    /// How long it took, from the first request to the last one.
    pub elapsed: Duration,
    /// How far the bounds on what is created have held.
    pub bounds: Bounds,
    /// The ledger, where something is left that it is needed for.
    pub ledger: Option<String>,
}

impl End {
    /// The end of a run that has come to no target: nobody was asked anything.
    pub(crate) fn unreached(endpoint: String) -> Self {
        Self {
            ending: Ending::TargetLost,
            endpoint,
            run_id: String::new(),
            has_token: false,
            scheme: None,
            route: Route::USUAL,
            login: None,
            requests: 0,
            first_requests: 0,
            elapsed: Duration::ZERO,
            bounds: Bounds::default(),
            ledger: None,
        }
    }

    /// The end of a run of which nothing is known but its target: every request was one of the look before it.
    pub(crate) fn of(target: &Target, ending: Ending) -> Self {
        Self {
            ending,
            endpoint: target.endpoint().to_string(),
            run_id: target.run_id().to_owned(),
            // What a run signs, a person repeats with a token.
            has_token: target.has_token() || target.signs(),
            scheme: target.scheme().cloned(),
            route: target.route().cloned().unwrap_or(Route::USUAL),
            login: target.login_error(),
            requests: target.request_count(),
            first_requests: target.request_count(),
            elapsed: Duration::ZERO,
            bounds: target.bounds(),
            ledger: None,
        }
    }
}
