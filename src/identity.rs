//! Credentials that people already have on their machine, and what an identity service gives for them.
//!
//! [`Cloud::find`] reads what other OpenStack programs read: the cloud that an argument or `OS_CLOUD` names, from `clouds.yaml` with `secure.yaml` over it, or
//! else the `OS_` variables. [`Cloud::log_in`] asks Keystone v3 for a [`Session`], again when the first one has ended. [`Cloud::endpoint`] says where the
//! service is.
//!
//! ```text
//! files, variables ──► settings ──► access ──► session ──► token, endpoint
//! ```
//!
//! Every secret is made known to [`Secrets`] as it is read, and no error repeats a value that may be one, nor a line of a file that may hold one.
//!
//! # Why no crate does this
//!
//! `openstack_sdk` (0.22) makes its own HTTP client, follows redirects, asks for versions before it logs in, reads answers of any size, and creates and
//! clears a folder for tokens even where their cache is off. The configuration in `openstack_sdk_core` does not know `OS_CLIENT_CONFIG_FILE` or the
//! merge keys of YAML, skips a whole file for one value of another type, turns the password `1e3` into `1000`, and repeats values in its errors, a misplaced
//! password among them. It would add about forty crates for one request and a file that [`crate::document`] reads already.

mod access;
mod catalog;
mod files;
mod keystone;
mod login_error;
mod place;
mod read_access;
mod session;
mod setting_error;
mod settings;
mod unreached;

use std::path::PathBuf;

pub use access::{ApplicationCredential, Credential, Domain, Keystone, Login, Origin, Scope, User};
pub use catalog::{Catalog, CatalogError, Interface, Wanted};
pub use files::ConfigSources;
pub use login_error::{Failure, LoginError};
pub use place::SettingSource;
pub use session::{NO_PROJECT, Named, Session};
pub use setting_error::SettingError;

use read_access::{Method, Reader};
use settings::Settings;

use crate::http::{Endpoint, Transport};
use crate::secret::Secrets;

/// What the caller says beside files and variables; it outranks them.
#[derive(Clone, Copy, Debug)]
pub struct Preference<'a> {
    /// The cloud; without it `OS_CLOUD` counts.
    pub cloud: Option<&'a str>,
    /// The region; without it `OS_REGION_NAME` counts, then the file.
    pub region: Option<&'a str>,
    /// The type of the service that is wanted, as the catalog has it.
    pub service_type: &'a str,
}

/// One cloud: how to log in, and how to find the service there.
#[derive(Clone, Debug)]
pub struct Cloud {
    origin: Origin,
    login: Login,
    endpoint: Option<Endpoint>,
    service_type: String,
    region: Option<String>,
    interface: Interface,
    trust: Trust,
    unused: Vec<String>,
}

/// Whose certificates are taken. A client for this cloud is made accordingly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those that the machine takes.
    System,
    /// Those that are signed by an authority of this file (PEM).
    Authority(PathBuf),
    /// Any: the settings ask for it.
    Anything,
}

impl Cloud {
    /// Reads the cloud that is meant. `None` where nothing names one: no argument, no `OS_CLOUD`, no `OS_AUTH_URL`, no `OS_AUTH_TYPE`.
    ///
    /// A cloud with a name is what the files say. Of the variables, only the region, the interface and the one secret that the files leave out count then.
    pub fn find(
        choice: &Preference<'_>,
        around: &ConfigSources<'_>,
        secrets: &Secrets,
    ) -> Result<Option<Self>, SettingError> {
        let given = |name: &str| (around.variable)(name).filter(|text| !text.trim().is_empty());
        let name = choice.cloud.map(str::to_owned).or_else(|| given("OS_CLOUD"));
        if name.is_none() && given("OS_AUTH_URL").is_none() && given("OS_AUTH_TYPE").is_none() {
            return Ok(None);
        }
        let variables = Settings::of_variables(around.variable, choice.service_type, secrets);
        if let Some(place) = variables.with_carriage_return() {
            return Err(SettingError::CarriageReturn(place.clone()));
        }
        let region = choice.region.or_else(|| variables.text("region_name"));
        let (mut settings, origin) = match name {
            None => (variables.clone(), Origin::Variables),
            Some(name) => {
                let found = files::read_cloud(&name, region, around, secrets)?;
                (found.settings, Origin::Cloud(name, found.place))
            }
        };
        let method = Method::of(&settings)?;
        if let Some(key) = method.secret() {
            settings.fill(key, &variables);
        }
        // What is said of this service alone outranks what is said of all, and a variable outranks a file.
        let service = choice.service_type;
        let own = |key| {
            let of_file = settings.for_service(service, key);
            variables.for_service(service, key).or(of_file).cloned()
        };
        let own_region = choice.region.map(str::to_owned).or_else(|| own("region_name").map(|setting| setting.text));
        if let Some(setting) = own("interface") {
            settings.replace("interface", &setting.text, setting.place);
        }
        if let Some(region) = region {
            let place = variables.get("region_name").filter(|_| choice.region.is_none());
            settings.replace(
                "region_name",
                region,
                place.map_or(SettingSource::Argument, |setting| setting.place.clone()),
            );
        }
        Self::read(&settings, method, origin, service, around).map(|cloud| Some(Self { region: own_region, ..cloud }))
    }

    fn read(
        settings: &Settings,
        method: Method,
        origin: Origin,
        service_type: &str,
        around: &ConfigSources<'_>,
    ) -> Result<Self, SettingError> {
        let interface = match settings.text("interface") {
            Some(name) => {
                Interface::named(name).ok_or_else(|| settings.wrong("interface", "`public`, `internal` or `admin`"))?
            }
            None => Interface::default(),
        };
        let reader = Reader { settings, origin: &origin, method };
        Ok(Self {
            login: reader.access()?,
            endpoint: reader.endpoint(service_type)?,
            service_type: service_type.to_owned(),
            region: settings.text("region_name").map(str::to_owned),
            interface,
            trust: trust(settings, around)?,
            unused: settings.unused(service_type).into_iter().map(told).collect(),
            origin,
        })
    }

    /// Where the settings come from; fit to be shown.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The settings that are written and mean nothing here, each with its place; fit to be shown.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// How to log in.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// Whose certificates are taken.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Whether [`Cloud::log_in`] gets a new token once the first one has ended. Somebody else's token is all that there is of it.
    pub fn can_renew(&self) -> bool {
        matches!(&self.login, Login::Keystone(keystone) if keystone.credential.can_renew())
    }

    /// Logs in, as often as it is called. A Keystone that is busy is asked again so many times; nothing is sent where none is asked.
    pub async fn log_in(
        &self,
        transport: &Transport,
        retries: usize,
        secrets: &Secrets,
    ) -> Result<Session, LoginError> {
        match &self.login {
            Login::Keystone(keystone) => keystone.log_in(transport, retries, secrets).await,
            Login::FixedToken(token) => Ok(Session::without_keystone(Some(token.clone()))),
            Login::Open => Ok(Session::without_keystone(None)),
        }
    }

    /// Where the service is: what the settings say, or else the catalog.
    pub fn endpoint(&self, session: &Session) -> Result<Endpoint, CatalogError> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint.clone());
        }
        if session.catalog.is_empty() && session.lacks_project() {
            return Err(CatalogError::NoProject);
        }
        session.catalog.endpoint(&Wanted {
            service_type: &self.service_type,
            region: self.region.as_deref(),
            interface: self.interface,
        })
    }
}

/// Makes known every secret that the `OS_` variables hold.
pub fn register_variables(variable: &dyn Fn(&str) -> Option<String>, secrets: &Secrets) {
    // Reading makes known; there is no service whose endpoint is of interest here.
    let _ = Settings::of_variables(variable, "", secrets);
}

/// A key, and where it stands where the key does not say it.
fn told((key, place): (&str, &SettingSource)) -> String {
    match place {
        SettingSource::File { line, .. } => format!("`{key}` (line {line})"),
        SettingSource::Variable(_) | SettingSource::Argument => key.to_owned(),
    }
}

fn trust(settings: &Settings, around: &ConfigSources<'_>) -> Result<Trust, SettingError> {
    if settings.flag("insecure")? == Some(true) || settings.flag("verify")? == Some(false) {
        return Ok(Trust::Anything);
    }
    let Some(file) = settings.text("cacert") else { return Ok(Trust::System) };
    let home = (around.variable)("HOME").unwrap_or_default();
    let path = match file.strip_prefix("~/") {
        Some(rest) if !home.is_empty() => PathBuf::from(home).join(rest),
        _ => PathBuf::from(file),
    };
    if path.exists() {
        Ok(Trust::Authority(path))
    } else {
        Err(settings.wrong("cacert", "a file or folder that is there"))
    }
}
