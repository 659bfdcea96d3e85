//! Where requests go: an endpoint with a token. How requests get there is HTTP's, in [`crate::http`].
//!
//! Every request, whoever sends it, passes the layers of [`Target::send`] (`send.rs` has them in their order). An answer is handed on as it came, with the
//! secrets that it may tell.

mod access;
mod budget;
mod calls;
mod cleanup;
mod created;
mod doubts;
mod grace;
mod halt;
mod limits;
mod list;
mod ownership;
mod removal;
mod retryable;
mod script;
mod send;
mod setup;
mod signature;
mod stock;
mod token;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use access::{Access, Lease, Renew, Renewed};
pub use budget::Admission;
use budget::{Admittance, Budget};
pub use calls::{Availability, Calls};
pub(crate) use cleanup::request_to;
pub use cleanup::{Cleanup, Leftover};
pub(crate) use created::{created_id, is_lost_creation, is_unnamed_creation};
pub use grace::GRACE;
use grace::Grace;
pub use halt::Stop;
use halt::{Halt, Reason};
pub use limits::{Bounds, Cost, Denied, Limits, Spent};
pub use list::Unlisted;
pub(crate) use list::{Item, Listed};
use ownership::Ownership;
use removal::Removals;
pub(crate) use removal::SHOWING;
pub(crate) use send::Purpose;
use send::{Pace, Retries, Wire};
pub use setup::Setup;
pub use signature::{AccessKey, AccessKeyError, Signable, Signature, VARIABLES};
pub use stock::Appeared;
use stock::Stock;
pub use token::Token;

use crate::contract::{Carrier, Contract, Scheme};
use crate::exchange::{Request, Response, TokenVariant};
use crate::http::{ClientError, Endpoint, Route};
use crate::ledger::{Ledger, State};
use crate::probe::Script;
use crate::progress::{Hold, Notice, Progress};
use crate::secret::{Kind, Secret, Secrets};

/// An endpoint, what opens it, and what every exchange with it must respect.
#[derive(Debug)]
pub struct Target {
    contract: Arc<Contract>,
    wire: Wire,
    endpoint: Endpoint,
    access: Access,
    /// Where requests show the token, if they show one.
    scheme: Option<Scheme>,
    secrets: Secrets,
    progress: Progress,
    project: Option<String>,
    /// A text that no other run has, for what must be found again.
    run_id: String,
    ledger: Option<Ledger>,
    budget: Budget,
    pace: Pace,
    retries: Retries,
    removals: Removals,
    ownership: Ownership,
    /// What it does not have of the contract's calls, where somebody has looked.
    calls: OnceLock<Calls>,
    stock: Stock,
    halt: Halt,
    grace: Grace,
}

/// A target inside this process, for tests of the harness that need many servers.
pub trait Service: Send + Sync {
    /// The answer to a request that shows this token.
    fn answer(&self, request: &Request, token: Option<&str>) -> Response;
}

impl Target {
    /// A target at `endpoint`.
    pub fn new(contract: &Arc<Contract>, endpoint: Endpoint, setup: Setup) -> Result<Self, ClientError> {
        let client = setup.transport.client(&endpoint)?;
        Ok(Self::over(contract, Wire::Http(client), endpoint, setup))
    }

    /// A target that answers without leaving this process.
    pub fn local(contract: &Arc<Contract>, service: Arc<dyn Service>, setup: Setup) -> Self {
        Self::over(contract, Wire::Local(service), Endpoint::nowhere(), setup)
    }

    fn over(contract: &Arc<Contract>, wire: Wire, endpoint: Endpoint, setup: Setup) -> Self {
        // Where nobody asks for a credential, none is shown to anybody.
        let access = if contract.security.is_open() { Access::Open } else { setup.access };
        access.register_secrets(&setup.secrets);
        let scheme = setup.scheme.or_else(|| contract.security.scheme(None).cloned());
        if scheme.as_ref().is_some_and(|scheme| scheme.carrier == Carrier::Basic) {
            access.password().into_iter().for_each(|text| setup.secrets.add(&Secret::new(Kind::Password, text)));
        }
        Self {
            contract: Arc::clone(contract),
            wire,
            endpoint,
            access,
            scheme,
            secrets: setup.secrets,
            progress: Progress::default(),
            project: setup.project,
            run_id: uuid::Uuid::new_v4().simple().to_string()[..12].to_owned(),
            ledger: None,
            budget: Budget::new(setup.limits),
            pace: Pace::new(setup.limits.rate),
            retries: Retries::new(setup.retries),
            removals: Removals::default(),
            ownership: Ownership::default(),
            calls: OnceLock::new(),
            stock: Stock::default(),
            halt: Halt::new(setup.stop, setup.limits.time, setup.cleanup, setup.waits),
            grace: Grace::new(setup.grace),
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
    pub fn login_error(&self) -> Option<String> {
        self.access.error()
    }

    /// What is on the way to the endpoint, and whom it is that is trusted; fit to follow the address, empty where there is nothing to say.
    pub fn way(&self) -> String {
        self.wire.way()
    }

    /// What another client must be told to get to the endpoint, if that is not in this process.
    pub fn route(&self) -> Option<&Route> {
        self.wire.route()
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
        let is_missing = self.access.is_open() && !self.contract.security.is_open();
        if is_missing { TokenVariant::Absent } else { TokenVariant::Good }
    }

    /// Where requests show the token, if they show one.
    pub fn scheme(&self) -> Option<&Scheme> {
        self.scheme.as_ref()
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

    /// Pauses as long as the run goes on, and tells why; false where it is over, or ends meanwhile.
    async fn wait_in_run(&self, pause: Duration, hold: Hold) -> bool {
        // After a halt a pause is one of the clean-up, and lasts as long as that may.
        self.halt.reason().is_none() && self.wait(pause, hold).await
    }

    /// Pauses; false where the pause was cut short.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        self.halt.pause(pause).await
    }

    /// The switch that ends the run early.
    pub fn stop(&self) -> &Stop {
        self.halt.stop()
    }

    /// Why the run is over before its end, if so: a stop, or its time.
    pub(crate) fn halted(&self) -> Option<Denied> {
        self.halt.reason().map(|reason| match reason {
            Reason::Stopped => Denied::Stopped,
            Reason::Time => Denied::Spent(Spent::Time),
        })
    }

    /// Goes on with what a run has left: what its ledger knows is what this target knows.
    #[must_use]
    pub fn resuming(mut self, ledger: Ledger, state: &State) -> Self {
        self.run_id.clone_from(&state.run);
        self.ledger = Some(ledger);
        if let Some(before) = &state.before {
            self.ownership.set_before(before.iter().map(String::as_str));
        }
        state.given.iter().for_each(|given| self.ownership.note_given(&given.id, given.is_marked, None));
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
        self.grace.length()
    }

    fn contract(&self) -> &Contract {
        &self.contract
    }
}
