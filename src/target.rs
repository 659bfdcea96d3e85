//! Where requests go: an endpoint with a token. The only module that speaks HTTP as a client.
//!
//! Everything that must hold for each request, whoever sends it, holds in [`Target::send`]: the budget and the pace, the ledger before a request that may
//! create, what is shown to be let in, and patience with a busy server. An answer is handed on as it came, with the secrets that it may tell.

mod access;
mod audit;
mod budget;
mod cleanup;
mod endpoint;
mod http;
mod patience;
mod reason;
mod script;
mod send;
mod signature;
mod token;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::HeaderName;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

pub use access::{Access, Lease, Renew, Renewed};
pub(crate) use audit::Item;
pub use audit::{Appeared, Audit};
use budget::Budget;
pub use budget::{Admission, Cost, Denied, Limits, Spent};
pub use cleanup::{Cleanup, Leftover};
pub(crate) use cleanup::{is_lost_creation, request_to};
pub use endpoint::{Endpoint, EndpointError};
pub use http::{ClientError, Transport};
pub use signature::{AccessKey, AccessKeyError, Signable, Signature, VARIABLES};
pub use token::Token;

use crate::contract::Contract;
use crate::exchange::{Credential, Request, Response};
use crate::ledger::Ledger;
use crate::probe::Script;
use crate::secret::Secrets;
use crate::suite::Suite;

/// An endpoint, what opens it, and what every exchange with it must respect.
#[derive(Debug)]
pub struct Target {
    suite: Arc<Suite>,
    wire: Wire,
    endpoint: Endpoint,
    access: Access,
    secrets: Secrets,
    project: Option<String>,
    /// A text that no other run has, for what must be found again.
    run_id: String,
    ledger: Option<Ledger>,
    budget: Budget,
    pace: Option<Mutex<Interval>>,
    retries: usize,
    /// Whether the last patience was in vain: then the next request has none.
    is_tired: AtomicBool,
    /// How many removals were in vain since the last one that was not.
    removals_in_vain: AtomicUsize,
    /// How many things stayed behind because their removal was refused even after their release.
    held_in_vain: AtomicUsize,
    /// The ids that were there before the run.
    before: OnceLock<HashSet<String>>,
    /// The ids that the target gave out.
    given: std::sync::Mutex<HashSet<String>>,
}

/// How requests get to the target.
enum Wire {
    Http { client: reqwest::Client, token_header: HeaderName },
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
}

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
        }
    }
}

impl Target {
    /// A target at `endpoint`.
    pub fn new(suite: &Arc<Suite>, endpoint: Endpoint, setup: Setup) -> Result<Self, ClientError> {
        let header = &suite.contract.token.header;
        let token_header = HeaderName::try_from(header).map_err(|_| ClientError::Header(header.clone()))?;
        let client = setup.transport.client(endpoint.is_loopback())?;
        Ok(Self::over(suite, Wire::Http { client, token_header }, endpoint, setup))
    }

    /// A target that answers without leaving this process.
    pub fn local(suite: &Arc<Suite>, service: Arc<dyn Service>, setup: Setup) -> Self {
        Self::over(suite, Wire::Local(service), Endpoint::nowhere(), setup)
    }

    fn over(suite: &Arc<Suite>, wire: Wire, endpoint: Endpoint, setup: Setup) -> Self {
        setup.access.confess(&setup.secrets);
        let pace = setup.limits.rate.map(|rate| {
            let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(ticks)
        });
        Self {
            suite: Arc::clone(suite),
            wire,
            endpoint,
            access: setup.access,
            secrets: setup.secrets,
            project: setup.project,
            run_id: uuid::Uuid::new_v4().simple().to_string()[..12].to_owned(),
            ledger: None,
            budget: Budget::new(setup.limits),
            pace,
            retries: setup.retries,
            is_tired: AtomicBool::new(false),
            removals_in_vain: AtomicUsize::new(0),
            held_in_vain: AtomicUsize::new(0),
            before: OnceLock::new(),
            given: std::sync::Mutex::default(),
        }
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
        self.access.key(Credential::Good).is_some()
    }

    /// What requests show that ask for nothing special.
    pub fn usual_credential(&self) -> Credential {
        if self.access.is_open() { Credential::Absent } else { Credential::Good }
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
        self.budget.admit(Cost::of(self.contract(), script)).await
    }

    fn contract(&self) -> &Contract {
        &self.suite.contract
    }
}
