//! A stub that is still to be started: what it takes, holds, and does on purpose.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::impairment::Impairment;
use super::server::{Answered, Log, Served};
use super::tls::{self, TlsError};
use super::{Defect, SeedError, Stub, StubService};
use crate::client::Token;
use crate::contract::{Carrier, Contract, Security};
use crate::secret::{Kind, STUB_TOKEN, Secret};

/// The only good token where none is given: [`DEFAULT_TOKEN`]; a user and a password where one is asked for.
pub fn usual_token(security: &Security) -> String {
    let is_basic = security.schemes.iter().any(|scheme| scheme.carrier == Carrier::Basic);
    if is_basic { format!("stub:{DEFAULT_TOKEN}") } else { DEFAULT_TOKEN.to_owned() }
}

/// The good token of a stub where none is given. It opens nothing else.
pub const DEFAULT_TOKEN: &str = STUB_TOKEN;

/// What a stub is to be. It listens once it is [started](StubBuilder::start).
///
/// ```
/// use ims_conformance::stub::{DEFAULT_TOKEN, Stub};
/// use ims_conformance::suite::Suite;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let suite = Suite::built_in("otc").ok_or("no such suite")??;
/// let stub = Stub::builder(&suite.contract).start().await?;
/// assert!(stub.url().starts_with("http://127.0.0.1:"));
/// // Requests show it this token, unless `token` gives it another one.
/// assert_eq!(DEFAULT_TOKEN, "stub-token");
/// // It stops when it is dropped; this also waits for the answers that are under way.
/// stub.stop().await;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct StubBuilder {
    contract: Arc<Contract>,
    token: Secret,
    defect: Option<Defect>,
    address: String,
    seeds: Vec<Value>,
    impairment: Impairment,
    has_admin: bool,
    log: Option<Log>,
    tls: Option<(Vec<u8>, Secret)>,
}

/// Why a stub cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody can listen there.
    #[error("cannot listen on {0}: {1}")]
    Listen(String, #[source] io::Error),
    /// The token is none.
    #[error("a token is one word that a header can carry")]
    Token,
    /// What it is to hold first cannot be.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// Nothing can be encrypted with its certificate and key.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Stub {
    /// A stub of this contract, on a free port of this machine, with the [usual token](usual_token).
    pub fn builder(contract: &Arc<Contract>) -> StubBuilder {
        StubBuilder {
            contract: Arc::clone(contract),
            token: Secret::new(Kind::Token, usual_token(&contract.security)),
            defect: None,
            address: "127.0.0.1:0".to_owned(),
            seeds: Vec::new(),
            impairment: Impairment::default(),
            has_admin: false,
            log: None,
            tls: None,
        }
    }
}

impl StubBuilder {
    /// The only good token.
    pub fn token(mut self, text: &str) -> Self {
        self.token = Secret::new(Kind::Token, text.trim());
        self
    }

    /// Where to listen, such as `127.0.0.1:9090`; port 0 is a free one.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Breaks one clause on purpose: one of [`defects`](super::defect::defects).
    pub fn defect(mut self, defect: &Defect) -> Self {
        self.defect = Some(defect.clone());
        self
    }

    /// What is there from the beginning, and again after a [reset](Stub::reset): objects with some fields of an answer. The other fields are those of
    /// something that was just created, so that `{}` is enough.
    ///
    /// ```
    /// # use ims_conformance::{stub::Stub, suite::Suite};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let suite = Suite::built_in("otc").ok_or("no such suite")??;
    /// let image = serde_json::json!({"name": "a", "status": "active"});
    /// let stub = Stub::builder(&suite.contract).seed_state([image]).start().await?;
    /// assert_eq!(stub.state()[0]["status"], "active");
    /// assert_eq!(stub.state()[0]["container_format"], "bare");
    /// # Ok(())
    /// # }
    /// ```
    pub fn seed_state(mut self, resources: impl IntoIterator<Item = Value>) -> Self {
        self.seeds.extend(resources);
        self
    }

    /// How long each answer takes at least.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.impairment.latency = latency;
        self
    }

    /// Answers 503 to this part of the requests, from 0 to 1, and does nothing of what they ask. The same seed chooses the same ones: the third request, the
    /// seventh …
    pub fn fail_rate(mut self, rate: f64, seed: u64) -> Self {
        self.impairment.fail_rate = rate;
        self.impairment.seed = seed;
        self
    }

    /// Also answers `GET` and `DELETE` of [`ADMIN_PATH`](super::ADMIN_PATH), to anybody: with what is there, and by resetting it.
    pub fn admin(mut self) -> Self {
        self.has_admin = true;
        self
    }

    /// Tells of each answer.
    pub fn log(mut self, log: impl Fn(&Answered) + Send + Sync + 'static) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Speaks HTTPS with this certificate, or chain of them with the stub's own one first, and its key; both are PEM.
    pub fn tls(mut self, certificate: impl Into<Vec<u8>>, key: &str) -> Self {
        self.tls = Some((certificate.into(), Secret::new(Kind::Key, key)));
        self
    }

    /// Listens, and serves for as long as the runtime goes on and nobody drops or stops it.
    pub async fn start(self) -> Result<Stub, StartError> {
        let token = Token::new(self.token.expose()).ok_or(StartError::Token)?;
        let service = StubService::new(self.contract, token, self.defect.as_ref()).seeded(&self.seeds)?;
        let tls =
            self.tls.map(|(certificate, key)| tls::acceptor(&certificate, key.expose().as_bytes())).transpose()?;
        let served = Served { service, log: self.log, impairment: self.impairment, has_admin: self.has_admin, tls };
        let started = Stub::serve(served, &self.address).await;
        started.map_err(|error| StartError::Listen(self.address, error))
    }
}
