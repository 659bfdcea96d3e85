//! The arguments that say where requests go and what opens it; `run`, `sweep` and `doctor` share them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::budget::Place;
use super::login::LoginArguments;
use crate::console::Console;
use crate::ledger;
use crate::suite::Suite;
use crate::target::{Endpoint, Limits, Setup, Target, Transport};

#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct TargetArguments {
    /// Where the API is, with or without its version, with or without a path prefix; `IMS_ENDPOINT` is used if it is set
    #[arg(long, value_name = "URL")]
    endpoint: Option<Endpoint>,
    #[command(flatten)]
    login: LoginArguments,
    /// Certificates, as PEM, to trust beside those of this machine
    #[arg(long, value_name = "FILE", env = "OS_CACERT")]
    cacert: Option<PathBuf>,
    /// Trust any certificate: whoever is on the way can read the token
    #[arg(long)]
    insecure: bool,
    /// Seconds until a request without a complete answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// How often a request is sent again to a busy target, where that is safe
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,
    /// Folder of the ledgers, which know what must be removed [default: ims-conformance in `$XDG_STATE_HOME`]
    #[arg(long, value_name = "DIR", env = "IMS_LEDGER")]
    ledger: Option<PathBuf>,
}

/// The variable that names the endpoint where no argument does.
const ENDPOINT: &str = "IMS_ENDPOINT";

/// What is said before anything is sent to a server that may be anybody's.
pub(super) const UNCHECKED: &str =
    "warning: no certificate is checked; whoever is on the way can read and change everything\n";

/// A target, and what is known of it from the way there.
pub(super) struct Connected {
    pub(super) target: Target,
    pub(super) place: Place,
    /// Who we are there.
    pub(super) who: String,
}

impl TargetArguments {
    /// Whether a target other than the stub is named.
    pub(super) fn names_one(&self) -> Result<bool, Failure> {
        Ok(self.endpoint()?.is_some() || self.login.names_a_cloud())
    }

    /// Whether something is said that only makes sense for such a target.
    pub(super) fn says_more(&self) -> bool {
        self.login.names_a_token()
    }

    /// The endpoint that is named; an empty variable names none.
    fn endpoint(&self) -> Result<Option<Endpoint>, Failure> {
        if self.endpoint.is_some() {
            return Ok(self.endpoint.clone());
        }
        let text = std::env::var(ENDPOINT).ok().filter(|text| !text.is_empty());
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|error| Failure::WrongUse(format!("{ENDPOINT}: {error}")))
    }

    /// How careful a run must be, as far as it can be told without asking anybody.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        Ok(match self.endpoint()? {
            Some(endpoint) => Place::of(&endpoint),
            None if self.login.names_a_cloud() => Place::Elsewhere,
            None => Place::Stub,
        })
    }

    /// The folder of the ledgers.
    pub(super) fn ledgers(&self) -> Result<PathBuf, Failure> {
        let folder = self.ledger.clone().or_else(ledger::default_folder);
        folder.ok_or_else(|| Failure::WrongUse("there is no home folder for the ledger; --ledger names one".to_owned()))
    }

    /// The endpoint that is named, or that of the catalog, with what opens it.
    pub(super) async fn connect(
        &self,
        suite: &Arc<Suite>,
        limits: impl FnOnce(Place) -> Limits,
        console: &Console,
    ) -> Result<Connected, Failure> {
        if self.insecure {
            console.note(UNCHECKED);
        }
        let opened = self.login.open(suite, self.transport()?, console).await?;
        let Some(endpoint) = self.endpoint()?.or(opened.endpoint) else {
            return Err(Failure::WrongUse("which target? --endpoint or --os-cloud names one".to_owned()));
        };
        if endpoint.is_exposed() && !opened.access.is_open() {
            console.note("warning: the token travels unencrypted; the endpoint is not https\n");
        }
        if let Some(origin) = &opened.origin {
            console.note(&format!("{origin}: {} at {endpoint}\n", opened.who));
        }
        let place = Place::of(&endpoint);
        let setup = Setup {
            access: opened.access,
            transport: opened.transport,
            limits: limits(place),
            retries: usize::from(self.retries),
            secrets: console.secrets().clone(),
            project: opened.project,
        };
        let target = Target::new(suite, endpoint, setup).map_err(|error| Failure::WrongUse(error.to_string()))?;
        Ok(Connected { target, place, who: opened.who })
    }

    pub(super) fn transport(&self) -> Result<Transport, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| Failure::WrongUse(format!("cannot read {}: {error}", path.display())))
        };
        Ok(Transport {
            timeout: Duration::from_secs(self.timeout),
            authorities: self.cacert.as_ref().map(read).transpose()?,
            is_insecure: self.insecure,
            ..Transport::default()
        })
    }
}
