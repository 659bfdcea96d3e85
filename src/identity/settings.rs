//! The settings of one cloud as they were written, from whatever source: keys of one vocabulary, each value with its place.
//!
//! Files and variables say the same things in the same words: `auth.username` of a file is `OS_USERNAME`. Older words are known too.

use std::collections::BTreeMap;

use super::place::SettingSource;
use super::setting_error::SettingError;
use crate::document::{Node, nearest};
use crate::secret::{Kind, Secret, Secrets};

/// A value and where it was read. It has no `Debug`: the value may be a secret.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) text: String,
    pub(super) place: SettingSource,
}

/// Values by their keys; what is empty is not there.
#[derive(Clone, Default)]
pub(super) struct Settings {
    values: BTreeMap<String, Setting>,
    /// Keys that are none here, whatever they hold, and where they stand.
    others: Vec<(String, SettingSource)>,
}

/// Every key that is read, but for the endpoints, whose keys are named after services.
const KEYS: [&str; 27] = [
    "auth_type",
    "auth_url",
    "username",
    "user_id",
    "password",
    "token",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "project_id",
    "project_name",
    "user_domain_id",
    "user_domain_name",
    "project_domain_id",
    "project_domain_name",
    "domain_id",
    "domain_name",
    "default_domain_id",
    "default_domain_name",
    "system_scope",
    "endpoint",
    "region_name",
    "interface",
    "cacert",
    "insecure",
    "verify",
    "profile",
];

/// Settings of other programs that change how they log in or connect; as variables they would be ignored without a word otherwise.
const FOREIGN: [&str; 8] =
    ["cert", "key", "passcode", "trust_id", "identity_provider", "protocol", "service_type", "service_name"];

/// Older words, and what they are called now.
const OLDER: [(&str, &str); 7] = [
    ("tenant_id", "project_id"),
    ("tenant_name", "project_name"),
    ("user_name", "username"),
    ("auth_token", "token"),
    ("auth_plugin", "auth_type"),
    ("endpoint_type", "interface"),
    ("default_domain", "default_domain_id"),
];

/// What kind of secret the value of a key is, if it is one.
fn kind_of_secret(key: &str) -> Option<Kind> {
    if key.ends_with("token") {
        Some(Kind::Token)
    } else if ["password", "secret", "passcode"].iter().any(|ending| key.ends_with(ending)) {
        Some(Kind::Password)
    } else {
        None
    }
}

impl Settings {
    /// What the `OS_` variables say, and the endpoint of the service.
    pub(super) fn of_variables(
        variable: &dyn Fn(&str) -> Option<String>,
        service_type: &str,
        secrets: &Secrets,
    ) -> Self {
        let mut settings = Self::default();
        let own = own_keys(service_type);
        let older = OLDER.iter().map(|(older, _)| *older);
        for key in FOREIGN {
            let name = format!("OS_{}", key.to_ascii_uppercase());
            if variable(&name).is_some_and(|text| !text.trim().is_empty()) {
                settings.others.push((name.clone(), SettingSource::Variable(name)));
            }
        }
        for key in KEYS.into_iter().chain(older).chain(own.iter().map(String::as_str)) {
            let name = format!("OS_{}", key.to_ascii_uppercase());
            if let Some(text) = variable(&name) {
                settings.set(key, Setting { text, place: SettingSource::Variable(name) }, secrets);
            }
        }
        settings
    }

    /// What a cloud of a file says: `auth` and what stands beside it, as one.
    pub(super) fn of_cloud(cloud: &Node, path: &str, secrets: &Secrets) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        for (_, key, value) in entries(cloud, path, "a cloud")? {
            if !matches!(key, "auth" | "regions") {
                settings.note_other(key, value, path);
            }
            // A list of regions is read where one of them is chosen; other lists and mappings are for other programs.
            settings.set_scalar(key, value, path, secrets);
        }
        for (_, key, value) in entries(cloud, path, "a cloud")?.filter(|(_, key, _)| *key == "auth") {
            for (_, inner, value) in entries(value, path, key)? {
                settings.note_other(inner, value, path);
                let is_set = settings.set_scalar(inner, value, path, secrets);
                if !is_set && KEYS.contains(&today(inner).as_str()) && !value.json().is_null() {
                    return Err(wrong_form(value, path, inner, "one value, no sequence and no mapping"));
                }
            }
        }
        Ok(settings)
    }

    fn note_other(&mut self, key: &str, value: &Node, path: &str) {
        if !KEYS.contains(&today(key).as_str()) {
            self.others.push((key.to_owned(), place_of(value, path)));
        }
    }

    /// What is written and means nothing here: for each key of it, where it stands. A service's own keys mean something.
    pub(super) fn unused(&self, service_type: &str) -> Vec<(&str, &SettingSource)> {
        let own = own_keys(service_type);
        let unused = self.others.iter().filter(|(key, _)| !own.contains(&today(key)));
        unused.map(|(key, place)| (key.as_str(), place)).collect()
    }

    /// The value of this key for one service, or else for all.
    pub(super) fn for_service(&self, service_type: &str, key: &str) -> Option<&Setting> {
        self.get(&own_key(service_type, key)).or_else(|| self.get(key))
    }

    /// The first value with a line end that is no part of it, as a file with the line ends of Windows leaves in a variable.
    pub(super) fn with_carriage_return(&self) -> Option<&SettingSource> {
        self.values.values().find(|setting| setting.text.ends_with('\r')).map(|setting| &setting.place)
    }

    fn set_scalar(&mut self, key: &str, value: &Node, path: &str, secrets: &Secrets) -> bool {
        let text = value.scalar();
        let is_set = text.is_some();
        if let Some(text) = text {
            self.set(key, Setting { text, place: place_of(value, path) }, secrets);
        }
        is_set
    }

    /// Takes a value over. A secret is made known before anything can be said about it.
    fn set(&mut self, key: &str, setting: Setting, secrets: &Secrets) {
        let today = today(key);
        if let Some(kind) = kind_of_secret(&today) {
            secrets.add(&Secret::new(kind, setting.text.as_str()));
        }
        // Of an older and a newer word in the same source, the newer one counts.
        let is_outdated = today != key.replace('-', "_") && self.values.contains_key(&today);
        if !is_outdated && !setting.text.trim().is_empty() {
            self.values.insert(today, setting);
        }
    }

    /// Takes over what `other` says, whether it was said here or not.
    pub(super) fn overlay(&mut self, other: Self) {
        self.values.extend(other.values);
        self.others.extend(other.others);
    }

    /// The same without what means nothing here: nobody who reads of it wrote it.
    pub(super) fn without_others(self) -> Self {
        Self { others: Vec::new(), ..self }
    }

    /// Takes over what `other` says under this key, unless it was said here.
    pub(super) fn fill(&mut self, key: &str, other: &Self) {
        if let (None, Some(setting)) = (self.get(key), other.get(key)) {
            self.values.insert(key.to_owned(), setting.clone());
        }
    }

    /// Says something in place of what was said here.
    pub(super) fn replace(&mut self, key: &str, text: &str, place: SettingSource) {
        self.values.insert(key.to_owned(), Setting { text: text.to_owned(), place });
    }

    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).map(|setting| setting.text.as_str())
    }

    /// The value as a secret, without the line end that files and commands leave behind it.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        let kind = kind_of_secret(key)?;
        let text = self.text(key)?;
        let text = if kind == Kind::Token { text.trim() } else { text };
        Some(Secret::new(kind, text))
    }

    /// Yes or no, in the words that people use for it.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, SettingError> {
        let Some(setting) = self.get(key) else { return Ok(None) };
        match setting.text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(Some(true)),
            "false" | "no" | "off" | "0" => Ok(Some(false)),
            _ => Err(self.wrong(key, "true or false")),
        }
    }

    /// An error about the value of a key, which is not shown.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> SettingError {
        let place = self.get(key).map_or(SettingSource::Argument, |setting| setting.place.clone());
        SettingError::Form { place, key: key.to_owned(), expected: expected.to_owned() }
    }

    /// A key that was written and is none, but looks like this one.
    pub(super) fn misspelt(&self, key: &str) -> Option<(&str, &SettingSource)> {
        let unknown = self.values.iter().filter(|(each, _)| !KEYS.contains(&each.as_str()));
        let mut unknown = unknown.map(|(each, setting)| (each.as_str(), &setting.place));
        unknown.find(|(each, _)| nearest(each, [key].into_iter()).is_some())
    }
}

/// The key under which the endpoint of a service can stand beside the catalog.
pub(super) fn override_key(service_type: &str) -> String {
    own_key(service_type, "endpoint_override")
}

fn own_key(service_type: &str, key: &str) -> String {
    format!("{}_{key}", service_type.replace('-', "_"))
}

/// The keys that speak of one service.
fn own_keys(service_type: &str) -> [String; 3] {
    ["endpoint_override", "interface", "region_name"].map(|key| own_key(service_type, key))
}

/// The key's word of today.
fn today(key: &str) -> String {
    let key = key.replace('-', "_");
    OLDER.iter().find(|(older, _)| *older == key).map_or(key, |(_, newer)| (*newer).to_owned())
}

pub(super) fn place_of(node: &Node, path: &str) -> SettingSource {
    let (line, column) = node.position();
    SettingSource::File { path: path.to_owned(), line, column }
}

pub(super) fn wrong_form(node: &Node, path: &str, key: &str, expected: &str) -> SettingError {
    SettingError::Form { place: place_of(node, path), key: key.to_owned(), expected: expected.to_owned() }
}

/// The entries of a mapping; the error does not show the line, as it may hold a password.
pub(super) fn entries<'a>(
    node: &'a Node,
    path: &str,
    key: &str,
) -> Result<impl Iterator<Item = (&'a Node, &'a str, &'a Node)>, SettingError> {
    node.entries().map_err(|_| wrong_form(node, path, key, "a mapping"))
}
