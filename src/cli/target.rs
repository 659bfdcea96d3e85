//! The arguments that say where requests go and what opens it; `run`, `sweep` and `doctor` share them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::Failure;
use super::budget::Locality;
use super::login::LoginArguments;
use super::named::Named;
use crate::client::{Access, GRACE, Limits, Setup, Target};
use crate::console::Console;
use crate::contract::{Contract, Scheme};
use crate::http::{Authorities, Endpoint, ExtraHeader, Transport};
use crate::ledger;
use crate::report::curl::quoted;
use crate::secret::{Kind, Secret, Secrets};
use crate::suite::Suite;

#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct TargetArguments {
    /// Where the API is, with or without its version, with or without a path prefix; `IMS_ENDPOINT` is used if it is set
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<Endpoint>,
    /// Test the built-in stub, whatever the environment names
    #[arg(long, conflicts_with_all = ["endpoint", "token_env", "token_file", "os_cloud", "access_key", "region", "interface"])]
    pub(super) stub: bool,
    /// Security scheme of the contract by which requests show the token, where one of several is enough [default: the first]
    #[arg(long, value_name = "NAME")]
    scheme: Option<String>,
    #[command(flatten)]
    pub(super) login: LoginArguments,
    /// File of certificates as PEM, or a folder of such files, to trust beside what this machine trusts
    #[arg(long, value_name = "FILE", env = "OS_CACERT", value_parser = maybe_empty())]
    cacert: Option<PathBuf>,
    /// Trust any certificate: whoever is on the way can read the token
    #[arg(long)]
    insecure: bool,
    /// Header that goes with every request to the endpoint, for a gateway that wants one. It is as secret as a token, and not for who logs in
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<ExtraHeader>,
    /// Seconds until a request without a complete answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Seconds for which a target may still act on a request: create something after its answer was lost, show what it said it deleted [default: as --timeout,
    /// and at least 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    settle: Option<u64>,
    /// How often a request is sent again to a busy target, where that is safe
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,
    /// Folder of the ledgers, which know what must be removed [default: ims-conformance in `$XDG_STATE_HOME`]
    #[arg(long, value_name = "DIR", env = "IMS_LEDGER", value_parser = maybe_empty())]
    ledger: Option<PathBuf>,
}

/// A path that may be empty, as a variable that is set to nothing counts as one that is not set.
fn maybe_empty() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// What is said to whoever names the stub where only another target makes sense.
const NOT_THE_STUB: &str = "only `run` knows the built-in stub; --endpoint or --os-cloud names a target";

/// What is asked where nothing names a target.
const WHICH: &str = "which target? --endpoint or --os-cloud names one";

/// What is said before anything is sent to a server that may be anybody's.
pub(super) const UNCHECKED: &str =
    "warning: no certificate is checked; whoever is on the way can read and change everything\n";

/// Makes the value of a header known as a secret, and each word of it that may be one: what stands behind `Bearer`, say.
fn register_header(header: &ExtraHeader, secrets: &Secrets) {
    secrets.add(&Secret::new(Kind::Header, header.value()));
    for word in header.value().split_whitespace().skip(1) {
        secrets.add_derived(&Secret::new(Kind::Header, word));
    }
}

/// A target, and what is known of it from the way there.
pub(super) struct Connected {
    pub(super) target: Target,
    pub(super) locality: Locality,
    /// Who we are there.
    pub(super) who: String,
}

impl TargetArguments {
    /// Which target is meant.
    pub(super) fn named(&self) -> Result<Named, Failure> {
        Named::by(self)
    }

    /// The arguments that name this target again; what opens it stands in the environment.
    pub(super) fn again(&self) -> Result<String, Failure> {
        let mut arguments = match self.named()? {
            Named::Endpoint(endpoint) => format!(" --endpoint {}", quoted(&endpoint.to_string())),
            Named::Cloud => String::new(),
            Named::Stub => " --stub".to_owned(),
        };
        if let Some(scheme) = &self.scheme {
            arguments.push_str(&format!(" --scheme {}", quoted(scheme)));
        }
        arguments.push_str(&self.login.again());
        for header in &self.headers {
            arguments.push_str(&format!(" --header {}", header.argument()));
        }
        Ok(arguments)
    }

    /// Where the target may be, as far as it can be told without asking anybody; only a catalog knows where a cloud is.
    pub(super) fn localities(&self) -> Result<Vec<Locality>, Failure> {
        Ok(match self.named()? {
            Named::Endpoint(endpoint) => vec![Locality::of(&endpoint)],
            Named::Cloud => vec![Locality::Elsewhere, Locality::Here],
            Named::Stub => vec![Locality::Stub],
        })
    }

    /// The folder of the ledgers.
    pub(super) fn ledgers(&self) -> Result<PathBuf, Failure> {
        let named = self.ledger.clone().filter(|folder| !folder.as_os_str().is_empty());
        let folder = named.or_else(ledger::default_folder);
        folder.ok_or_else(|| Failure::WrongUse("there is no home folder for the ledger; --ledger names one".to_owned()))
    }

    /// The endpoint that is named, or that of the catalog, with what opens it.
    pub(super) async fn connect(
        &self,
        suite: &Arc<Suite>,
        limits: impl FnOnce(Locality) -> Limits,
        console: &Console,
    ) -> Result<Connected, Failure> {
        if self.insecure {
            console.note(UNCHECKED);
        }
        let named = match self.named()? {
            Named::Endpoint(endpoint) => Some(endpoint),
            Named::Cloud => None,
            Named::Stub => return Err(Failure::WrongUse(if self.stub { NOT_THE_STUB } else { WHICH }.to_owned())),
        };
        let scheme = self.scheme(&suite.contract)?;
        let way = (self.transport()?, usize::from(self.retries));
        let opened = self.login.open(suite, named, scheme.as_ref(), way, console).await?;
        let Some(endpoint) = opened.endpoint else { return Err(Failure::WrongUse(WHICH.to_owned())) };
        if endpoint.is_exposed() && !opened.access.is_open() {
            console.note("warning: the token travels unencrypted; the endpoint is not https\n");
        }
        if let Some(origin) = &opened.origin {
            console.note(&format!("{origin}: {} at {endpoint}\n", opened.who));
        }
        let locality = Locality::of(&endpoint);
        let setup = Setup {
            access: opened.access,
            scheme,
            transport: self.with_headers(opened.transport, &suite.contract, console)?,
            limits: limits(locality),
            retries: usize::from(self.retries),
            secrets: console.secrets().clone(),
            project: opened.project,
            grace: self.grace(),
            ..Setup::new(Access::Open)
        };
        let target =
            Target::new(&suite.contract, endpoint, setup).map_err(|error| Failure::WrongUse(error.to_string()))?;
        Ok(Connected { target, locality, who: opened.who })
    }

    /// How requests show the token: as the scheme that was chosen has it, or the first one.
    pub(super) fn scheme(&self, contract: &Contract) -> Result<Option<Scheme>, Failure> {
        let chosen = contract.security.scheme(self.scheme.as_deref());
        if let (Some(name), None) = (&self.scheme, chosen) {
            let known: Vec<_> = contract.security.schemes.iter().map(|scheme| scheme.name.as_str()).collect();
            let known = if known.is_empty() { "it asks for no credential".to_owned() } else { known.join(", ") };
            return Err(Failure::WrongUse(format!("--scheme: the contract has no security scheme {name}: {known}")));
        }
        Ok(chosen.cloned())
    }

    /// For so long after its answer was lost a request may still create something.
    fn grace(&self) -> Duration {
        self.settle.map_or_else(|| GRACE.max(Duration::from_secs(self.timeout)), Duration::from_secs)
    }

    /// The way to the endpoint, with what goes with every request there. Its secrets are known from now on.
    pub(super) fn with_headers(
        &self,
        transport: Transport,
        contract: &Contract,
        console: &Console,
    ) -> Result<Transport, Failure> {
        for header in &self.headers {
            let name = header.name();
            if contract.security.is_carried_by_header(name) {
                return Err(Failure::WrongUse(format!("--header: {name} carries the token; --token-env gives one")));
            }
            register_header(header, console.secrets());
        }
        Ok(Transport { headers: self.headers.clone(), ..transport })
    }

    pub(super) fn transport(&self) -> Result<Transport, Failure> {
        let path = self.cacert.as_ref().filter(|path| !path.as_os_str().is_empty());
        let authorities = path.map(|path| Authorities::read(path)).transpose();
        Ok(Transport {
            timeout: Duration::from_secs(self.timeout),
            authorities: authorities.map_err(|error| Failure::WrongUse(format!("--cacert: {error}")))?,
            is_insecure: self.insecure,
            ..Transport::default()
        })
    }
}
