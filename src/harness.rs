//! A whole run in a few lines, for the tests of other programs: as one call, or as a [test for each probe](Harness::trials).
//!
//! ```no_run
//! use ims_conformance::harness::{Harness, block_on};
//!
//! let harness = Harness::built_in("otc")?.token("a token that opens it")?.select("request.min_disk");
//! let checked = block_on(harness.run("http://127.0.0.1:9292"))?;
//! assert!(checked.holds(), "{checked}");
//! # Ok::<(), ims_conformance::harness::HarnessError>(())
//! ```
//!
//! In a test, `#[test] fn my_server_keeps_the_contract()` holds these lines; `tests/own-server/` is a crate with such tests, and has no other dependency than this
//! crate and wiremock.
//!
//! The endpoint may be any server on this machine, one of wiremock for example. A server that has only the call under test is enough: what needs another call is
//! left out, and the report says so, unless [`Harness::require`] makes that an error. An endpoint elsewhere may be somebody's production: it needs a folder for
//! ledgers, so that `sweep` removes what a killed test leaves, and a run is as careful there as the program is.

mod trials;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use libtest_mimic;

use crate::client::{Access, Limits, Setup, Target, Token};
use crate::exit_code::ExitCode;
use crate::http::Endpoint;
use crate::ledger::{Ledger, Record};
use crate::plan::{Plan, Selection, plan};
use crate::report::terminal;
use crate::results::{Fold, Question, Results};
use crate::run::{Event, Options, Required, Terms, run};
use crate::secret::Secrets;
use crate::suite::Suite;

/// What is to be sent, and what opens the server.
#[derive(Clone, Debug)]
pub struct Harness {
    suite: Arc<Suite>,
    /// What names the suite in a ledger: its name, or the whole path of its folder.
    name: String,
    /// What was asked for; without it all, or what is careful.
    selection: Option<Selection>,
    selectors: Vec<String>,
    token: Option<Token>,
    ledgers: Option<PathBuf>,
    question: Question,
    terms: Terms,
}

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HarnessError(String);

impl HarnessError {
    fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What a run amounts to. Its `Display` is the report of the program, without colours and without secrets.
#[derive(Debug)]
pub struct Checked {
    /// All that is known.
    pub results: Results,
    text: String,
    secrets: Secrets,
}

impl Checked {
    /// Whether every probe was assessed and holds, and nothing was left behind.
    pub fn holds(&self) -> bool {
        ExitCode::of(&self.results) == ExitCode::Holds
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Harness {
    /// The suite that the program has built in under this name.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn built_in(name: &str) -> Result<Self, HarnessError> {
        let suite =
            Suite::built_in(name).ok_or_else(|| HarnessError(format!("there is no built-in suite `{name}`")))?;
        suite.map(|suite| Self::of(suite, name.to_owned())).map_err(HarnessError::of)
    }

    /// The suite in this folder.
    ///
    /// # Errors
    ///
    /// Where a file of it is wrong; the text shows the place.
    pub fn from_dir(folder: &Path) -> Result<Self, HarnessError> {
        let path = folder.canonicalize().map_err(|error| HarnessError(format!("{}: {error}", folder.display())))?;
        Suite::from_dir(folder).map(|suite| Self::of(suite, path.display().to_string())).map_err(HarnessError::of)
    }

    fn of(suite: Suite, name: String) -> Self {
        Self {
            suite: Arc::new(suite),
            name,
            selection: None,
            selectors: Vec::new(),
            token: None,
            ledgers: None,
            question: Question::default(),
            terms: Terms::default(),
        }
    }

    /// Shows this token.
    ///
    /// # Errors
    ///
    /// Where it is empty, as a secret is that nobody has set, or no header can carry it.
    pub fn token(mut self, token: &str) -> Result<Self, HarnessError> {
        let token =
            Token::new(token).ok_or_else(|| HarnessError("the token is empty, or cannot be sent".to_owned()))?;
        self.token = Some(token);
        Ok(self)
    }

    /// Sends only probes whose id holds this, or that are about clauses that begin with it. Whoever calls it twice gets both.
    #[must_use]
    pub fn select(mut self, selector: &str) -> Self {
        self.selectors.push(selector.to_owned());
        self
    }

    /// Sends these probes; without it those of all phases, or where the endpoint is not on this machine of cases alone.
    #[must_use]
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = Some(selection);
        self
    }

    /// Asks this of the results: is it strict, what is known of the server?
    #[must_use]
    pub fn question(mut self, question: Question) -> Self {
        self.question = question;
        self
    }

    /// Makes it an error where the server does not have these calls around the one under test; without it, what needs a call that is not there is left out.
    #[must_use]
    pub fn require(mut self, required: Required) -> Self {
        self.terms.required = required;
        self
    }

    /// Lets what is created stay at an endpoint that is not on this machine and has no call that removes it.
    #[must_use]
    pub fn allow_leftovers(mut self) -> Self {
        self.terms.may_leave = true;
        self
    }

    /// Keeps ledgers of what is created in this folder.
    #[must_use]
    pub fn ledgers(mut self, folder: &Path) -> Self {
        self.ledgers = Some(folder.to_owned());
        self
    }

    /// Holds the server at this address against the contract, and removes what that created. What needs a call that the server does not have is left out; on
    /// this machine a server needs no more than the call under test.
    ///
    /// # Errors
    ///
    /// Where the address is none, or not on this machine and there is no folder for ledgers; where nothing is selected; where nobody answers, or not to the call
    /// under test; where a call is not there that is [required](Self::require), or without which nothing would be removed elsewhere.
    pub async fn run(&self, endpoint: &str) -> Result<Checked, HarnessError> {
        let address: Endpoint = endpoint.parse().map_err(HarnessError::of)?;
        self.check_ledgers(&address)?;
        let plan = self.plan(&address)?;
        self.observe(endpoint, &plan, |_| {}).await
    }

    /// Performs this plan, and tells each event as it comes.
    async fn observe(&self, endpoint: &str, plan: &Plan, mut see: impl FnMut(&Event)) -> Result<Checked, HarnessError> {
        let endpoint: Endpoint = endpoint.parse().map_err(HarnessError::of)?;
        let terms = Terms { may_leave: self.terms.may_leave || endpoint.is_loopback(), ..self.terms };
        let options = Options { terms, ..Options::default() };
        let secrets = Secrets::default();
        let target = Arc::new(self.target(endpoint, &secrets)?);
        let observe = |event: &Event, _: &Fold| see(event);
        let results = run(&self.suite, plan, &target, &options, self.question.clone(), observe).await;
        let results = results.map_err(|error| HarnessError(secrets.redact_text(&error.to_string())))?;
        let text = secrets.redact_text(&terminal::render(&results, terminal::Detail::Usual));
        Ok(Checked { results, text: anstream::adapter::strip_str(&text).to_string(), secrets })
    }

    /// Elsewhere than on this machine what is created must be found again after a kill.
    fn check_ledgers(&self, endpoint: &Endpoint) -> Result<(), HarnessError> {
        if endpoint.is_loopback() || self.ledgers.is_some() {
            return Ok(());
        }
        Err(HarnessError(format!("{endpoint} is not on this machine; name a folder for ledgers")))
    }

    fn plan(&self, endpoint: &Endpoint) -> Result<Plan, HarnessError> {
        let mut selection = self.selection.clone().unwrap_or_default();
        selection.selectors.extend_from_slice(&self.selectors);
        let mut plan = plan(&self.suite, &selection).map_err(HarnessError::of)?;
        if !endpoint.is_loopback() {
            if self.selection.is_none() {
                plan = plan.only_cases("a selection adds them");
            }
            plan = plan.without_delete_protected("no test sends them to another machine");
        }
        if plan.is_empty() {
            let excluded: Vec<_> = plan.excluded().iter().map(|each| each.text.as_str()).collect();
            return Err(HarnessError(format!("nothing is left to send without {}", excluded.join(", "))));
        }
        Ok(plan.marked())
    }

    fn target(&self, endpoint: Endpoint, secrets: &Secrets) -> Result<Target, HarnessError> {
        let limits = if endpoint.is_loopback() { Limits::default() } else { Limits::CAREFUL };
        let access = self.token.clone().map_or(Access::Open, Access::Token);
        let setup = Setup { limits, secrets: secrets.clone(), ..Setup::new(access) };
        let target = Target::new(&self.suite.contract, endpoint, setup).map_err(HarnessError::of)?;
        let Some(folder) = &self.ledgers else { return Ok(target) };
        let endpoint = target.endpoint().to_string();
        let first = Record::run(target.run_id(), &self.name, &endpoint, target.project(), target.grace());
        Ok(target.with_ledger(Ledger::begin(folder, first, secrets).map_err(HarnessError::of)?))
    }
}

/// Runs a future to its end, for tests without a runtime of their own.
///
/// # Panics
///
/// Inside another runtime; there it is awaited.
#[allow(clippy::expect_used, reason = "a test that cannot have a runtime cannot go on")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime of tokio").block_on(future)
}
