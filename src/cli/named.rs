//! Which target is meant. A run must never test the stub in place of an endpoint whose name got lost on the way here, so what only makes sense for an
//! endpoint refuses to be said without one.

use super::Failure;
use super::target::TargetArguments;
use crate::client::VARIABLES;
use crate::http::Endpoint;
use crate::identity::{SettingError, SettingSource};

/// What arguments and environment name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing, or the stub itself.
    Stub,
    /// An endpoint.
    Endpoint(Endpoint),
    /// A cloud, whose catalog has the endpoint.
    Cloud,
}

/// The variable that names the endpoint where no argument does.
const ENDPOINT: &str = "IMS_ENDPOINT";

/// What gets a caller out of every refusal here who wants no endpoint.
const WAY_OUT: &str = "--stub tests the built-in stub whatever the environment holds";

/// Variables that hold a credential and say nothing of where it is good, beside those of an access key.
const CREDENTIALS: [&str; 4] =
    ["OS_TOKEN", "OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_SECRET"];

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Unset,
    /// Nothing but spaces: what a secret that CI did not set leaves behind.
    Empty,
    Text(String),
    /// Bytes that are not UTF-8.
    Garbage,
}

impl Variable {
    fn of(name: &str) -> Self {
        match std::env::var(name) {
            Ok(text) if text.trim().is_empty() => Self::Empty,
            Ok(text) => Self::Text(text),
            Err(std::env::VarError::NotPresent) => Self::Unset,
            Err(std::env::VarError::NotUnicode(_)) => Self::Garbage,
        }
    }
}

impl Named {
    /// What is meant, or why that cannot be told for sure.
    pub(super) fn by(arguments: &TargetArguments) -> Result<Self, Failure> {
        if arguments.stub {
            return Ok(Self::Stub);
        }
        refuse_carriage_returns()?;
        let endpoint = match &arguments.endpoint {
            Some(endpoint) => Some((endpoint.clone(), "--endpoint")),
            None => endpoint_of_environment()?.map(|endpoint| (endpoint, ENDPOINT)),
        };
        let choice = arguments.login.choice_of_catalog();
        if let (Some((_, name)), Some(option)) = (&endpoint, choice) {
            return Err(Failure::WrongUse(format!(
                "{option} chooses an address from a catalog, and {name} names one already; leave one of them out (the region of a login is that of the cloud, or OS_REGION_NAME)"
            )));
        }
        if let Some((endpoint, _)) = endpoint {
            return Ok(Self::Endpoint(endpoint));
        }
        if arguments.login.names_a_cloud() {
            return Ok(Self::Cloud);
        }
        if let Some(option) = choice {
            return Err(Failure::WrongUse(format!(
                "{option} chooses from the catalog of a cloud, and none is named; --os-cloud names one, or OS_AUTH_URL where to log in"
            )));
        }
        if let Some(option) = arguments.login.credential_option() {
            return Err(Failure::WrongUse(format!(
                "{option} needs an endpoint; without --endpoint the target is the built-in stub, which has its own token"
            )));
        }
        refuse_leftovers().map(|()| Self::Stub)
    }
}

fn endpoint_of_environment() -> Result<Option<Endpoint>, Failure> {
    match Variable::of(ENDPOINT) {
        Variable::Unset => Ok(None),
        Variable::Empty => Err(no_name(ENDPOINT, "is set and empty")),
        Variable::Garbage => Err(no_name(ENDPOINT, "is not UTF-8")),
        Variable::Text(text) => {
            text.parse().map(Some).map_err(|error| Failure::WrongUse(format!("{ENDPOINT}: {error}")))
        }
    }
}

fn no_name(variable: &str, what: &str) -> Failure {
    Failure::WrongUse(format!("{variable} {what}, so that no target is named; unset it, or give it a value; {WAY_OUT}"))
}

/// A variable that a file with the line ends of Windows has set would be taken for another name, address or password.
fn refuse_carriage_returns() -> Result<(), Failure> {
    let is_ours = |name: &str| {
        name.starts_with("OS_")
            || name == ENDPOINT
            || VARIABLES.iter().any(|names| [names.id, names.secret, names.security_token].contains(&name))
    };
    let names = std::env::vars_os().filter(|(_, value)| value.as_encoded_bytes().ends_with(b"\r"));
    match names.filter_map(|(name, _)| name.into_string().ok()).find(|name| is_ours(name)) {
        Some(name) => {
            let place = SettingSource::Variable(name);
            Err(Failure::WrongUse(SettingError::CarriageReturn(place).to_string()))
        }
        None => Ok(()),
    }
}

/// What the environment holds for an endpoint that nothing names.
fn refuse_leftovers() -> Result<(), Failure> {
    for name in ["OS_CLOUD", "OS_AUTH_URL"] {
        match Variable::of(name) {
            Variable::Empty => return Err(no_name(name, "is set and empty")),
            Variable::Garbage => return Err(no_name(name, "is not UTF-8")),
            Variable::Unset | Variable::Text(_) => {}
        }
    }
    let keys = VARIABLES.iter().flat_map(|names| [names.id, names.secret]);
    match CREDENTIALS.into_iter().chain(keys).find(|name| matches!(Variable::of(name), Variable::Text(_))) {
        Some(name) => Err(Failure::WrongUse(format!(
            "{name} is a credential, and nothing says for which target; name one with --endpoint, --os-cloud or OS_AUTH_URL; {WAY_OUT}"
        ))),
        None => Ok(()),
    }
}
