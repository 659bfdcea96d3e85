//! What opens a target: a token that is given, or a login with what other OpenStack programs use.

mod renewal;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use self::renewal::Renewal;
use super::Failure;
use super::target::UNCHECKED;
use crate::client::{Access, AccessKey, Lease, Token, VARIABLES};
use crate::console::Console;
use crate::contract::{Carrier, Scheme};
use crate::http::{Authorities, Endpoint, Transport};
use crate::identity::{self, Cloud, ConfigSources, Login, NO_PROJECT, Preference, Session, Trust};
use crate::report::curl::quoted;
use crate::secret::{Kind, Secret, Secrets, passwords_in};
use crate::suite::Suite;

#[derive(Debug, Args)]
#[command(next_help_heading = "Credentials")]
pub(super) struct LoginArguments {
    /// Environment variable that holds the token; `OS_TOKEN` is used if it is set
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// File that holds the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Cloud of clouds.yaml to log in to, otherwise the one of `OS_CLOUD`, otherwise that of the `OS_` variables, if they say where to log in
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["token_env", "token_file"])]
    os_cloud: Option<String>,
    /// Sign requests with the access key of the environment, such as `$OTC_ACCESS_KEY_ID` and `$OTC_SECRET_ACCESS_KEY`
    #[arg(long, conflicts_with_all = ["token_env", "token_file", "os_cloud"])]
    access_key: bool,
    /// Region of the catalog
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Which of the catalog's addresses: public, internal or admin
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,
}

/// What a login gives to a run.
pub(super) struct Opened {
    pub(super) access: Access,
    /// Where the service is: as it was named, or else as the login says it.
    pub(super) endpoint: Option<Endpoint>,
    /// How connections are made, as the cloud's settings have it.
    pub(super) transport: Transport,
    /// Who we are, and until when, for a person.
    pub(super) who: String,
    /// The cloud that was logged in to.
    pub(super) origin: Option<String>,
    /// The project that the login is for.
    pub(super) project: Option<String>,
}

impl LoginArguments {
    /// The arguments that open the same again; none of them holds a secret.
    pub(super) fn again(&self) -> String {
        let file = self.token_file.as_ref().map(|file| file.display().to_string());
        let named = [
            ("token-env", &self.token_env),
            ("token-file", &file),
            ("os-cloud", &self.os_cloud),
            ("region", &self.region),
            ("interface", &self.interface),
        ];
        let named = named.iter().filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(value.as_ref()?))));
        let signs = self.access_key.then(|| " --access-key".to_owned());
        named.chain(signs).collect()
    }
}

impl Opened {
    /// What opens a target that asks nobody.
    fn for_anybody(endpoint: Option<Endpoint>, transport: Transport) -> Self {
        let who = "nobody: the contract asks for no credential".to_owned();
        Self { access: Access::Open, endpoint, transport, who, origin: None, project: None }
    }

    fn signed(key: AccessKey, endpoint: Option<Endpoint>, transport: Transport) -> Self {
        let who = "an access key, which signs each request".to_owned();
        Self { access: Access::Key(key), endpoint, transport, who, origin: None, project: None }
    }
}

impl LoginArguments {
    /// The argument that names a credential, if there is one.
    pub(super) fn credential_option(&self) -> Option<&'static str> {
        let options = [
            (self.token_env.is_some(), "--token-env"),
            (self.token_file.is_some(), "--token-file"),
            (self.access_key, "--access-key"),
        ];
        options.into_iter().find(|(is_given, _)| *is_given).map(|(_, option)| option)
    }

    /// The argument that chooses from a catalog, if there is one.
    pub(super) fn choice_of_catalog(&self) -> Option<&'static str> {
        match (&self.region, &self.interface) {
            (Some(_), _) => Some("--region"),
            (None, Some(_)) => Some("--interface"),
            (None, None) => None,
        }
    }

    /// Whether a cloud is named, or the variables say where to log in. A credential that an argument names outranks those of the environment.
    pub(super) fn names_a_cloud(&self) -> bool {
        let is_set = |name: &str| std::env::var(name).is_ok_and(|text| !text.trim().is_empty());
        let is_in_environment = || ["OS_CLOUD", "OS_AUTH_URL", "OS_AUTH_TYPE"].into_iter().any(is_set);
        self.os_cloud.is_some() || self.credential_option().is_none() && is_in_environment()
    }

    /// Reads the token, or logs in. The endpoint that is named outranks what the cloud says.
    pub(super) async fn open(
        &self,
        suite: &Suite,
        endpoint: Option<Endpoint>,
        scheme: Option<&Scheme>,
        (transport, retries): (Transport, usize),
        console: &Console,
    ) -> Result<Opened, Failure> {
        let Some(scheme) = scheme else {
            return match self.credential_option() {
                Some(option) => {
                    Err(Failure::WrongUse(format!("{option} names a credential, and the contract asks for none")))
                }
                None => Ok(Opened::for_anybody(endpoint, transport)),
            };
        };
        if self.access_key {
            return match key()? {
                Some(key) => Ok(Opened::signed(key, endpoint, transport)),
                None => Err(Failure::WrongUse(format!(
                    "no access key in the environment; the variables are {}",
                    VARIABLES.iter().map(|names| names.id).collect::<Vec<_>>().join(", ")
                ))),
            };
        }
        if self.credential_option().is_none()
            && let Some(cloud) = self.cloud(suite, console.secrets())?
        {
            return log_in(cloud, endpoint, transport, retries, console).await;
        }
        let token = self.token(&scheme.carrier)?;
        if token.is_none()
            && let Some(key) = key()?
        {
            return Ok(Opened::signed(key, endpoint, transport));
        }
        let who = if token.is_some() { "a token that was given" } else { "nobody: there is no credential" };
        let access = token.map_or(Access::Open, Access::Token);
        Ok(Opened { access, endpoint, transport, who: who.to_owned(), origin: None, project: None })
    }

    fn cloud(&self, suite: &Suite, secrets: &Secrets) -> Result<Option<Cloud>, Failure> {
        let Some(service_type) = suite.contract.service_type.as_deref() else { return Ok(None) };
        let interface = self.interface.clone();
        let variable = move |name: &str| match name {
            "OS_INTERFACE" if interface.is_some() => interface.clone(),
            // The argument outranks what is said of one service, too.
            name if interface.is_some() && name.ends_with("_INTERFACE") => None,
            _ => std::env::var(name).ok(),
        };
        let mut around = ConfigSources::usual(&variable);
        around.profiles = suite.profiles.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        let choice = Preference { cloud: self.os_cloud.as_deref(), region: self.region.as_deref(), service_type };
        Cloud::find(&choice, &around, secrets).map_err(|error| Failure::WrongUse(error.to_string()))
    }

    fn token(&self, carrier: &Carrier) -> Result<Option<Token>, Failure> {
        let (text, place) = match (&self.token_file, &self.token_env) {
            (Some(file), _) => (read(file)?, file.display().to_string()),
            (None, Some(name)) => {
                let text = std::env::var(name).map_err(|_| Failure::WrongUse(not_set(name)))?;
                (text, format!("${name}"))
            }
            (None, None) => match std::env::var("OS_TOKEN") {
                Ok(text) if !text.trim().is_empty() => (text, "$OS_TOKEN".to_owned()),
                _ => return Ok(None),
            },
        };
        let wrong = |what: &str| Failure::WrongUse(format!("{place} holds no token: it must be {what}"));
        if let Some(what) = carrier.refusal(&text) {
            return Err(wrong(what));
        }
        Token::new(&text).map(Some).ok_or_else(|| wrong("one word that a header can carry"))
    }
}

fn key() -> Result<Option<AccessKey>, Failure> {
    AccessKey::from_variables(|name| std::env::var(name).ok()).map_err(|error| Failure::WrongUse(error.to_string()))
}

/// Makes known what the variables hold, whether it is going to be used or not.
pub(super) fn register_variables(secrets: &Secrets) {
    let variable = |name: &str| std::env::var(name).ok();
    identity::register_variables(&variable, secrets);
    for names in VARIABLES {
        for (name, kind) in [(names.id, Kind::Key), (names.secret, Kind::Key), (names.security_token, Kind::Token)] {
            if let Some(text) = variable(name) {
                secrets.add(&Secret::new(kind, text));
            }
        }
    }
    let values: Vec<_> = std::env::vars_os().filter_map(|(_, value)| value.into_string().ok()).collect();
    register_addresses(values.iter().map(String::as_str).filter(|value| value.contains("://")), secrets);
}

/// Makes known the passwords within these texts, where they are addresses or hold some: those of proxies, and those that stand where none is taken.
pub(super) fn register_addresses<'a>(texts: impl Iterator<Item = &'a str>, secrets: &Secrets) {
    for password in texts.flat_map(passwords_in) {
        secrets.add_derived(&Secret::new(Kind::Password, password));
    }
}

/// People give the token itself where its variable is asked for; only what looks like a variable is repeated.
pub(super) fn not_set(name: &str) -> String {
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let shown = if is_name { name } else { "that --token-env names" };
    let hint = if is_name { "" } else { "; it takes the name of a variable, not a token" };
    format!("the environment variable {shown} is not set, or not UTF-8{hint}")
}

/// As with the variable, what may be the token itself is not repeated.
fn read(file: &Path) -> Result<String, Failure> {
    let shown = if file.is_absolute() { file.display().to_string() } else { "the file of --token-file".to_owned() };
    std::fs::read_to_string(file).map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))
}

async fn log_in(
    cloud: Cloud,
    named: Option<Endpoint>,
    transport: Transport,
    retries: usize,
    console: &Console,
) -> Result<Opened, Failure> {
    if *cloud.trust() == Trust::Anything && !transport.is_insecure {
        console.note(UNCHECKED);
    }
    if !cloud.unused().is_empty() {
        let listed = cloud.unused().join(", ");
        console.note(&format!("{}: not used here: {listed}\n", cloud.origin()));
    }
    let transport = trusting(transport, cloud.trust())?;
    if let Login::Keystone(keystone) = cloud.login()
        && keystone.address.is_exposed()
    {
        console.note("warning: the password travels unencrypted; the identity service is not https\n");
    }
    let session = cloud.log_in(&transport, retries, console.secrets()).await.map_err(|error| match error.failure {
        identity::Failure::NoClient(_) => Failure::WrongUse(error.to_string()),
        _ => Failure::NotAssessed(error.to_string()),
    })?;
    let endpoint = match named {
        Some(endpoint) => endpoint,
        None => cloud.endpoint(&session).map_err(|error| Failure::WrongUse(error.to_string()))?,
    };
    if session.lacks_project() {
        console.note(&format!("warning: {NO_PROJECT}\n"));
    }
    let (who, origin) = (who(&session), cloud.origin().to_string());
    let project = session.project.as_ref().map(|project| project.id.clone());
    let token = session.token.as_ref().and_then(|secret| Token::new(secret.expose()));
    let access = match token {
        None => Access::Open,
        Some(token) if !cloud.can_renew() => Access::Token(token),
        Some(token) => {
            let source = Renewal::new(cloud, transport.clone(), retries, console.secrets().clone());
            Access::Lease(Arc::new(Lease::new(Box::new(source), token, session.expires_at)))
        }
    };
    Ok(Opened { access, endpoint: Some(endpoint), transport, who, origin: Some(origin), project })
}

/// The arguments outrank the settings of the cloud.
fn trusting(mut transport: Transport, trust: &Trust) -> Result<Transport, Failure> {
    match trust {
        Trust::Authority(path) if transport.authorities.is_none() => {
            let read = Authorities::read(path);
            transport.authorities = Some(read.map_err(|error| Failure::WrongUse(format!("cacert: {error}")))?);
        }
        Trust::System | Trust::Authority(_) => {}
        Trust::Anything => transport.is_insecure = true,
    }
    Ok(transport)
}

fn who(session: &Session) -> String {
    let user = session.user.as_ref().map_or_else(|| "somebody".to_owned(), |user| user.name.to_string());
    let project = session.project.as_ref().map_or_else(|| "no project".to_owned(), |project| project.name.to_string());
    let roles: Vec<_> = session.roles.iter().map(ToString::to_string).collect();
    let roles = if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") };
    format!("{user} in {project} ({roles})")
}
