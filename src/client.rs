//! Where requests go: an endpoint with a token. How requests get there is HTTP's, in [`crate::http`].
//!
//! Everything that must hold for each request, whoever sends it, holds in [`Target::send`]: the budget and the pace, the ledger before a request that may
//! create, what is shown to be let in, and patience with a busy server. An answer is handed on as it came, with the secrets that it may tell.

mod access;
mod budget;
mod calls;
mod census;
mod cleanup;
mod created;
mod halt;
mod limits;
mod list;
mod ownership;
mod patience;
mod removal;
mod script;
mod send;
mod signature;
mod stock;
mod token;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OnceCell};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

pub use access::{Access, Lease, Renew, Renewed};
pub use budget::Admission;
use budget::{Admittance, Budget};
pub use calls::{Availability, Calls};
use census::Doubts;
pub(crate) use cleanup::request_to;
pub use cleanup::{Cleanup, Leftover};
pub(crate) use created::{created_id, is_lost_creation, is_unnamed_creation};
pub use halt::Stop;
use halt::{Halt, Reason};
pub use limits::{Bounds, Cost, Denied, Limits, Spent};
pub use list::Unlisted;
pub(crate) use list::{Item, Listed};
use ownership::Ownership;
use removal::Forgetting;
pub(crate) use removal::SHOWING;
pub(crate) use send::Purpose;
pub use signature::{AccessKey, AccessKeyError, Signable, Signature, VARIABLES};
pub use stock::Appeared;
use stock::Shown;
pub use token::Token;

use crate::contract::Contract;
use crate::exchange::{Request, Response, TokenVariant};
use crate::http::{Client, ClientError, Endpoint, HeaderName, Route, Transport};
use crate::ledger::{Ledger, State};
use crate::probe::Script;
use crate::progress::{Hold, Notice, Progress};
use crate::secret::Secrets;

/// An endpoint, what opens it, and what every exchange with it must respect.
#[derive(Debug)]
pub struct Target {
    contract: Arc<Contract>,
    wire: Wire,
    endpoint: Endpoint,
    access: Access,
    secrets: Secrets,
    progress: Progress,
    project: Option<String>,
    /// A text that no other run has, for what must be found again.
    run_id: String,
    ledger: Option<Ledger>,
    budget: Budget,
    pace: Option<Mutex<Interval>>,
    retries: usize,
    /// Whether the last patience was in vain: then the next request has none.
    retries_suspended: AtomicBool,
    /// How many removals were in vain since the last one that was not.
    removals_in_vain: AtomicUsize,
    /// How many things stayed behind because their removal was refused even after their release.
    protected_for_good: AtomicUsize,
    /// Whether no service shows late what it created, as far as this run has seen.
    is_quick: AtomicBool,
    forgetting: std::sync::Mutex<Forgetting>,
    /// Told whenever one thing less is waited for.
    forgotten: Notify,
    ownership: Ownership,
    /// What it does not have of the contract's calls, where somebody has looked.
    calls: OnceLock<Calls>,
    /// Whether it is known what was there before; set before the first request that may create is sent.
    stock: OnceCell<Result<(), Unlisted>>,
    /// Held by the one who takes stock during the run.
    stock_taking: Mutex<()>,
    doubts: std::sync::Mutex<Doubts>,
    /// Whether a request was sent that may have created something.
    may_have_created: AtomicBool,
    shown: Shown,
    /// Why the list cannot be read to its end, where it is too large for that.
    too_large: OnceLock<Unlisted>,
    halt: Halt,
    stop: Stop,
    /// For so long after its answer was lost a request may still create something.
    grace: Duration,
    /// Until when that is so for the last such request.
    settled: std::sync::Mutex<Option<Instant>>,
}

/// How requests get to the target.
enum Wire {
    Http { client: Client, token_header: HeaderName },
    Local(Arc<dyn Service>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http { .. } => "Http",
            Self::Local(_) => "Local",
        })
    }
}

/// A target inside this process, for tests of the harness that need many servers.
pub trait Service: Send + Sync {
    /// The answer to a request that shows this token.
    fn answer(&self, request: &Request, token: Option<&str>) -> Response;
}

/// What a target is made with, beside its endpoint.
#[derive(Debug)]
pub struct Setup {
    /// How a caller proves who they are.
    pub access: Access,
    /// How connections are made.
    pub transport: Transport,
    /// What the run may cost.
    pub limits: Limits,
    /// How often a request is sent again where that is safe.
    pub retries: usize,
    /// The secrets of this process, which learn those of `access`.
    pub secrets: Secrets,
    /// The project that everything belongs to, if it is known.
    pub project: Option<String>,
    /// Ends the run early; what it created is still removed.
    pub stop: Stop,
    /// For so long after its answer was lost a request may still create something.
    pub grace: Duration,
    /// For so long after a stop, or the end of the time, the clean-up may go on.
    pub cleanup: Duration,
}

/// What a gateway or a slow service gave up on is done within this time, or not at all, unless somebody knows better.
pub const GRACE: Duration = Duration::from_secs(30);

/// A clean-up that takes longer than this after a stop is left to a sweep.
const CLEANUP: Duration = Duration::from_mins(1);

impl Setup {
    /// The usual, with this access.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            transport: Transport::default(),
            limits: Limits::default(),
            retries: 4,
            secrets: Secrets::default(),
            project: None,
            stop: Stop::default(),
            grace: GRACE,
            cleanup: CLEANUP,
        }
    }
}

impl Target {
    /// A target at `endpoint`.
    pub fn new(contract: &Arc<Contract>, endpoint: Endpoint, setup: Setup) -> Result<Self, ClientError> {
        let header = &contract.token.header;
        let token_header = HeaderName::try_from(header).map_err(|_| ClientError::Header(header.clone()))?;
        let client = setup.transport.client(&endpoint)?;
        Ok(Self::over(contract, Wire::Http { client, token_header }, endpoint, setup))
    }

    /// A target that answers without leaving this process.
    pub fn local(contract: &Arc<Contract>, service: Arc<dyn Service>, setup: Setup) -> Self {
        Self::over(contract, Wire::Local(service), Endpoint::nowhere(), setup)
    }

    fn over(contract: &Arc<Contract>, wire: Wire, endpoint: Endpoint, setup: Setup) -> Self {
        setup.access.register_secrets(&setup.secrets);
        let pace = setup.limits.rate.map(|rate| {
            let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(ticks)
        });
        Self {
            contract: Arc::clone(contract),
            wire,
            endpoint,
            access: setup.access,
            secrets: setup.secrets,
            progress: Progress::default(),
            project: setup.project,
            run_id: uuid::Uuid::new_v4().simple().to_string()[..12].to_owned(),
            ledger: None,
            budget: Budget::new(setup.limits),
            pace,
            retries: setup.retries,
            retries_suspended: AtomicBool::new(false),
            removals_in_vain: AtomicUsize::new(0),
            protected_for_good: AtomicUsize::new(0),
            is_quick: AtomicBool::new(false),
            forgetting: std::sync::Mutex::default(),
            forgotten: Notify::new(),
            ownership: Ownership::default(),
            calls: OnceLock::new(),
            stock: OnceCell::new(),
            stock_taking: Mutex::default(),
            doubts: std::sync::Mutex::default(),
            may_have_created: AtomicBool::new(false),
            shown: Shown::default(),
            too_large: OnceLock::new(),
            halt: Halt::new(setup.stop.clone(), setup.limits.time, setup.cleanup),
            stop: setup.stop,
            grace: setup.grace,
            settled: std::sync::Mutex::default(),
        }
    }

    /// The same target; whoever listens is told what it waits for.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// The same target, with a ledger of what it creates.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger.keeping(&self.secrets));
        self
    }

    /// The endpoint, without anything secret.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Why the identity service gave no new token when it was last asked for one, if it did not.
    pub fn login_trouble(&self) -> Option<String> {
        self.access.trouble()
    }

    /// What is on the way to the endpoint, and whom it is that is trusted; fit to follow the address, empty where there is nothing to say.
    pub fn way(&self) -> String {
        match &self.wire {
            Wire::Http { client, .. } => client.way(),
            Wire::Local(_) => String::new(),
        }
    }

    /// What another client must be told to get to the endpoint, if that is not in this process.
    pub fn route(&self) -> Option<&Route> {
        match &self.wire {
            Wire::Http { client, .. } => Some(client.route()),
            Wire::Local(_) => None,
        }
    }

    /// The ledger, if there is one.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Whether there is a token from which a nearly right one can be made.
    pub fn has_token(&self) -> bool {
        self.access.token().is_some()
    }

    /// Whether requests are signed, so that the clock matters.
    pub fn signs(&self) -> bool {
        self.access.key(TokenVariant::Good).is_some()
    }

    /// What requests show that ask for nothing special.
    pub fn usual_credential(&self) -> TokenVariant {
        if self.access.is_open() { TokenVariant::Absent } else { TokenVariant::Good }
    }

    /// The project that everything belongs to, if it is known.
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// The text that no other run has.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// How many requests were sent so far.
    pub fn request_count(&self) -> u64 {
        self.budget.requests()
    }

    /// Waits until the budget allows this script.
    pub async fn admit(&self, script: &Script) -> Result<Admission<'_>, Denied> {
        let cost = Cost::of(self.contract(), script);
        if let Some(spent) = self.budget.never_allows(cost) {
            return Err(Denied::TooLarge(spent));
        }
        if cost.created > 0 {
            self.room_to_create().await;
        }
        self.halt.begin();
        loop {
            match self.halt.reason() {
                Some(Reason::Stopped) => return Err(Denied::Stopped),
                Some(Reason::Time) => return Err(Denied::Spent(Spent::Time)),
                None => {}
            }
            let mut admittance = Admittance::Later;
            let has_changed = self.budget.changed_after(|| {
                admittance = self.budget.admit(cost);
                !matches!(admittance, Admittance::Later)
            });
            tokio::select! {
                () = has_changed => {}
                () = self.halt.halted() => {}
            }
            match admittance {
                Admittance::Granted(admission) => return Ok(admission),
                Admittance::Never(spent) => return Err(Denied::Spent(spent)),
                Admittance::AfterStock => self.take_stock_on_the_way().await,
                Admittance::Later => {}
            }
        }
    }

    /// Pauses, and tells why; false where the pause was cut short.
    async fn wait(&self, pause: Duration, hold: Hold) -> bool {
        if !pause.is_zero() {
            self.progress.tell(Notice::Waiting(pause, hold));
        }
        self.halt.pause(pause).await
    }

    /// Pauses; false where the pause was cut short.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        self.halt.pause(pause).await
    }

    /// The switch that ends the run early.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Why the run is over before its end, if so: a stop, or its time.
    pub(crate) fn halted(&self) -> Option<Denied> {
        self.halt.reason().map(|reason| match reason {
            Reason::Stopped => Denied::Stopped,
            Reason::Time => Denied::Spent(Spent::Time),
        })
    }

    /// Waits until no request whose answer was lost can create anything any more, or the time of the clean-up is over.
    pub async fn settle(&self) {
        let until = *self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = until.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(pause) = pause
            && !self.wait(pause, Hold::LostCreation).await
        {
            // A stop came first; what is left of the pause is part of the clean-up.
            let left = until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default();
            self.halt.pause(left).await;
        }
    }

    /// Goes on with what a run has left: what its ledger knows is what this target knows.
    #[must_use]
    pub fn resuming(mut self, ledger: Ledger, state: &State) -> Self {
        self.run_id.clone_from(&state.run);
        self.ledger = Some(ledger);
        if let Some(before) = &state.before {
            self.ownership.set_before(before.iter().map(String::as_str));
        }
        state.given.iter().for_each(|id| self.ownership.note_given(id));
        self
    }

    /// How far the bounds on what is created have held.
    pub fn bounds(&self) -> Bounds {
        self.budget.bounds()
    }

    /// Somebody who has looked at it says that what has this id is the run's.
    pub(crate) fn attest(&self, id: &str) {
        self.ownership.attest(id);
    }

    /// Whether this id was there before the run, as far as that is known.
    pub fn was_there_before(&self, id: &str) -> bool {
        self.ownership.was_there_before(id)
    }

    /// For so long after its answer was lost a request may still create something.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    fn contract(&self) -> &Contract {
        &self.contract
    }
}
