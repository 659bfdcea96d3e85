//! From the settings of a cloud to the way to log in there. What is needed and lacks is an error that says where it would stand.

use super::access::{ApplicationCredential, Credential, Domain, Keystone, Login, Origin, Scope, User};
use super::setting_error::SettingError;
use super::settings::{Settings, override_key};
use crate::http::Endpoint;
use crate::secret::Secret;

/// A way to log in, before anything that it needs was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Password,
    ApplicationCredential,
    Token,
    FixedToken,
    Open,
}

/// What settings call them, the usual word first.
const METHODS: [(&str, Method); 9] = [
    ("password", Method::Password),
    ("v3password", Method::Password),
    ("v3applicationcredential", Method::ApplicationCredential),
    ("application_credential", Method::ApplicationCredential),
    ("token", Method::Token),
    ("v3token", Method::Token),
    ("admin_token", Method::FixedToken),
    ("token_endpoint", Method::FixedToken),
    ("none", Method::Open),
];

impl Method {
    /// The way that the settings name, or that what they hold is good for.
    pub(super) fn of(settings: &Settings) -> Result<Self, SettingError> {
        if let Some(named) = settings.get("auth_type") {
            let given = named.text.trim();
            let found = METHODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(given));
            return found.map(|(_, method)| *method).ok_or_else(|| SettingError::Method {
                place: named.place.clone(),
                given: given.to_owned(),
                known: METHODS.iter().filter(|(name, method)| method.name() == *name).map(|(name, _)| *name).collect(),
            });
        }
        let has = |key| settings.get(key).is_some();
        Ok(if has("token") {
            Self::Token
        } else if has("application_credential_id") || has("application_credential_name") {
            Self::ApplicationCredential
        } else {
            Self::Password
        })
    }

    /// The key of the secret that this way needs.
    pub(super) fn secret(self) -> Option<&'static str> {
        match self {
            Self::Password => Some("password"),
            Self::ApplicationCredential => Some("application_credential_secret"),
            Self::Token | Self::FixedToken => Some("token"),
            Self::Open => None,
        }
    }

    fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

/// Reads what one way to log in needs.
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) origin: &'a Origin,
    pub(super) method: Method,
}

impl Reader<'_> {
    pub(super) fn access(&self) -> Result<Login, SettingError> {
        match self.method {
            Method::Open => Ok(Login::Open),
            Method::FixedToken => Ok(Login::FixedToken(self.secret("token")?)),
            Method::Password | Method::ApplicationCredential | Method::Token => {
                let credential = self.credential()?;
                let scope = match &credential {
                    Credential::ApplicationCredential { .. } => Scope::Given,
                    Credential::Password { .. } | Credential::Token(_) => self.scope()?,
                };
                Ok(Login::Keystone(Box::new(Keystone { address: self.address()?, credential, scope })))
            }
        }
    }

    /// The endpoint that the settings name: for every caller, or for one that does not ask a Keystone.
    pub(super) fn endpoint(&self, service_type: &str) -> Result<Option<Endpoint>, SettingError> {
        let key = override_key(service_type);
        if self.settings.get(&key).is_some() {
            return self.url(&key).map(Some);
        }
        match self.method {
            Method::Open | Method::FixedToken => {
                self.needed("endpoint")?;
                self.url("endpoint").map(Some)
            }
            Method::Password | Method::ApplicationCredential | Method::Token => Ok(None),
        }
    }

    fn credential(&self) -> Result<Credential, SettingError> {
        match self.method {
            Method::ApplicationCredential => {
                let which = match self.settings.text("application_credential_id") {
                    Some(id) => ApplicationCredential::Id(id.to_owned()),
                    None => ApplicationCredential::Name(self.needed("application_credential_name")?, self.user()?),
                };
                let secret = self.secret("application_credential_secret")?;
                Ok(Credential::ApplicationCredential { which, secret })
            }
            Method::Token => Ok(Credential::Token(self.secret("token")?)),
            Method::Password | Method::FixedToken | Method::Open => {
                Ok(Credential::Password { user: self.user()?, password: self.secret("password")? })
            }
        }
    }

    fn user(&self) -> Result<User, SettingError> {
        if let Some(id) = self.settings.text("user_id") {
            return Ok(User::Id(id.to_owned()));
        }
        let name = self.needed("username")?;
        let domain = self.domain(&["user_domain", "domain", "default_domain"]);
        Ok(User::Name(name, domain.ok_or_else(|| self.missing("user_domain_name"))?))
    }

    /// People name one domain only where it is that of the user and of the project.
    fn scope(&self) -> Result<Scope, SettingError> {
        if let Some(id) = self.settings.text("project_id") {
            return Ok(Scope::Project(id.to_owned()));
        }
        if let Some(name) = self.settings.text("project_name") {
            let domain = self.domain(&["project_domain", "domain", "user_domain", "default_domain"]);
            let domain = domain.ok_or_else(|| self.missing("project_domain_name"))?;
            return Ok(Scope::ProjectName(name.to_owned(), domain));
        }
        let is_system = self.settings.text("system_scope").is_some_and(|text| text.trim() == "all");
        if is_system {
            return Ok(Scope::System);
        }
        Ok(self.domain(&["domain"]).map_or(Scope::Given, Scope::Domain))
    }

    /// The domain under the first of these keys that has one.
    fn domain(&self, keys: &[&str]) -> Option<Domain> {
        keys.iter().find_map(|key| {
            let id = self.settings.text(&format!("{key}_id")).map(|id| Domain::Id(id.to_owned()));
            id.or_else(|| self.settings.text(&format!("{key}_name")).map(|name| Domain::Name(name.to_owned())))
        })
    }

    /// The identity service, in every form in which people have its address.
    fn address(&self) -> Result<Endpoint, SettingError> {
        self.needed("auth_url")?;
        let address = self.url("auth_url")?;
        let text = address.to_string();
        let text = text.strip_suffix("/auth/tokens").unwrap_or(&text);
        let version = text.rsplit('/').next().unwrap_or_default();
        let is_other =
            version.strip_prefix('v').is_some_and(|rest| rest.starts_with(['1', '2', '4']) && rest.len() < 5);
        let wrong = || {
            self.settings
                .wrong("auth_url", "the address of a Keystone of version 3, such as https://iam.example.com/v3")
        };
        if is_other { Err(wrong()) } else { text.parse().map_err(|_| wrong()) }
    }

    /// A URL; where it names a region in braces, as profiles do, that of the cloud is put in.
    fn url(&self, key: &str) -> Result<Endpoint, SettingError> {
        let text = self.settings.text(key).unwrap_or_default().trim();
        let text = match self.settings.text("region_name") {
            Some(region) => text.replace("{region_name}", region),
            None if text.contains("{region_name}") => return Err(self.missing("region_name")),
            None => text.to_owned(),
        };
        // The reason never repeats the URL, in which a password may stand.
        text.parse().map_err(|reason| self.settings.wrong(key, &format!("a good address: {reason}")))
    }

    fn needed(&self, key: &str) -> Result<String, SettingError> {
        self.settings.text(key).map(str::to_owned).ok_or_else(|| self.missing(key))
    }

    fn secret(&self, key: &str) -> Result<Secret, SettingError> {
        let secret = self.settings.secret(key).ok_or_else(|| self.missing(key))?;
        let can_be_sent = secret.expose().bytes().all(|byte| (0x21..0x7F).contains(&byte));
        if key == "token" && !can_be_sent {
            return Err(self.settings.wrong(key, "one word that a header can carry"));
        }
        Ok(secret)
    }

    fn missing(&self, key: &str) -> SettingError {
        let variable = format!("OS_{}", key.to_ascii_uppercase());
        let is_secret = self.method.secret() == Some(key);
        let misspelt = self.settings.misspelt(key);
        let hint = match (misspelt, self.origin) {
            (Some((misspelt, place)), _) => format!("`{misspelt}` at {place} is no key; did you mean `{key}`?"),
            (None, Origin::Variables) => format!("set {variable}"),
            (None, Origin::Cloud(..)) if is_secret => {
                format!("write it into `auth` there or in secure.yaml, or set {variable}")
            }
            (None, Origin::Cloud(..)) => match self.settings.text("profile").filter(|_| key == "auth_url") {
                Some(profile) => {
                    format!("write it into `auth`; the profile `{profile}` is not known here, or has none")
                }
                None if key == "region_name" => "write it there".to_owned(),
                None => "write it into `auth` there".to_owned(),
            },
        };
        let key = if matches!(self.origin, Origin::Variables) { variable } else { key.to_owned() };
        let needed_by = format!("the auth_type {}", self.method.name());
        SettingError::Missing { cloud: self.origin.to_string(), key, needed_by, hint }
    }
}
