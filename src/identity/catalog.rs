//! The catalog of services that comes with a token, and the endpoint that is chosen from it.

use serde_json::Value;

use super::place::listed;
use super::session::NO_PROJECT;
use super::settings::override_key;
use crate::http::{Endpoint, EndpointError};

/// For whom an endpoint is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interface {
    /// Everybody.
    #[default]
    Public,
    /// Other services of the cloud.
    Internal,
    /// Those who run the cloud.
    Admin,
}

impl Interface {
    /// The interface of this name: `public`, or in an older form `publicURL`.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_suffix("URL").unwrap_or(text).to_ascii_lowercase().as_str() {
            "public" => Some(Self::Public),
            "internal" => Some(Self::Internal),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// Its name in a catalog.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// The services of a cloud and where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    entries: Vec<Entry>,
}

/// One endpoint of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    service_type: String,
    interface: String,
    region: String,
    url: String,
}

/// Which endpoint is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The type of the service.
    pub service_type: &'a str,
    /// The region; needed only where the service has several.
    pub region: Option<&'a str>,
    /// For whom.
    pub interface: Interface,
}

/// Why the catalog gives no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// There is no catalog, as the token is good for no project.
    #[error("{NO_PROJECT}")]
    NoProject,
    /// There is no catalog.
    #[error("the token came without a catalog; name the endpoint with --endpoint or {key}")]
    Empty {
        /// The setting that names an endpoint.
        key: String,
    },
    /// The service is not in the catalog.
    #[error("the catalog has no service of type `{service_type}`; it has {known}")]
    NoService {
        /// The type that was wanted.
        service_type: String,
        /// The types that are there.
        known: String,
    },
    /// The service has no such interface.
    #[error("the service `{service_type}` has no {interface} endpoint; it has {known}")]
    NoInterface {
        /// The type that was wanted.
        service_type: String,
        /// The interface that was wanted.
        interface: &'static str,
        /// The interfaces that are there.
        known: String,
    },
    /// The service is not in this region.
    #[error("the service `{service_type}` has no {interface} endpoint in the region `{region}`; it has one in {known}")]
    NoRegion {
        /// The type that was wanted.
        service_type: String,
        /// The interface that was wanted.
        interface: &'static str,
        /// The region that was wanted.
        region: String,
        /// The regions that are there.
        known: String,
    },
    /// The service is in several regions, and nobody said which one is meant.
    #[error("the service `{service_type}` is in several regions: {known}; say which with region_name (OS_REGION_NAME)")]
    SeveralRegions {
        /// The type that was wanted.
        service_type: String,
        /// The regions that are there.
        known: String,
    },
    /// The catalog has several addresses for the same thing.
    #[error(
        "the catalog has {count} different {interface} endpoints for `{service_type}` in one region; name one with {key}"
    )]
    Ambiguous {
        /// The type that was wanted.
        service_type: String,
        /// The interface that was wanted.
        interface: &'static str,
        /// How many there are.
        count: usize,
        /// The setting that names an endpoint.
        key: String,
    },
    /// What the catalog has is no endpoint.
    #[error("what the catalog has for `{service_type}` is no endpoint: {reason}")]
    Url {
        /// The type that was wanted.
        service_type: String,
        /// Why it is none.
        reason: String,
    },
}

impl Catalog {
    /// Reads what a token came with; what has no URL is left out.
    pub fn read(value: Option<&Value>) -> Self {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let mut entries = Vec::new();
        for service in list(value) {
            let Some(service_type) = text(&service, "type") else { continue };
            for endpoint in list(service.get("endpoints")) {
                let Some(url) = endpoint.get("url").and_then(Value::as_str) else { continue };
                entries.push(Entry {
                    service_type: service_type.clone(),
                    interface: text(&endpoint, "interface").unwrap_or_default(),
                    region: text(&endpoint, "region_id").or_else(|| text(&endpoint, "region")).unwrap_or_default(),
                    url: url.to_owned(),
                });
            }
        }
        Self { entries }
    }

    /// Whether it has no endpoint at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The one endpoint that fits.
    pub fn endpoint(&self, wanted: &Wanted<'_>) -> Result<Endpoint, CatalogError> {
        let (service_type, interface) = (wanted.service_type.to_owned(), wanted.interface.name());
        if self.is_empty() {
            return Err(CatalogError::Empty { key: override_key(&service_type) });
        }
        let all: Vec<_> = self.entries.iter().filter(|entry| entry.service_type == service_type).collect();
        if all.is_empty() {
            let known = listed(self.entries.iter().map(|entry| entry.service_type.as_str()));
            return Err(CatalogError::NoService { service_type, known });
        }
        let fit = |entry: &&&Entry| Interface::named(&entry.interface) == Some(wanted.interface);
        let fitting: Vec<_> = all.iter().filter(fit).copied().collect();
        if fitting.is_empty() {
            let known = listed(all.iter().map(|entry| entry.interface.as_str()));
            return Err(CatalogError::NoInterface { service_type, interface, known });
        }
        let known = listed(fitting.iter().map(|entry| entry.region.as_str()));
        let mut urls: Vec<_> = fitting
            .iter()
            .filter(|entry| wanted.region.is_none_or(|region| entry.region == region))
            .map(|entry| (entry.url.trim_end_matches('/'), entry.region.as_str()))
            .collect();
        urls.sort_unstable();
        urls.dedup_by_key(|(url, _)| *url);
        match (urls.as_slice(), wanted.region) {
            ([(url, _)], _) => url
                .parse()
                .map_err(|reason: EndpointError| CatalogError::Url { service_type, reason: reason.to_string() }),
            ([], region) => {
                let region = region.unwrap_or_default().to_owned();
                Err(CatalogError::NoRegion { service_type, interface, region, known })
            }
            ([(_, first), rest @ ..], None) if rest.iter().any(|(_, region)| region != first) => {
                Err(CatalogError::SeveralRegions { service_type, known })
            }
            (several, _) => {
                let key = override_key(&service_type);
                Err(CatalogError::Ambiguous { service_type, interface, count: several.len(), key })
            }
        }
    }
}
