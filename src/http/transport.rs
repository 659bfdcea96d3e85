//! How connections are made: the times, the certificates, the proxy.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};

use super::proxy::{self, NoProxy};
use super::route::{Route, RouteTrust};
use super::trust::{self, Authorities};
use super::{Client, Endpoint, ExtraHeader};

/// How connections are made.
#[derive(Clone, Debug)]
pub struct Transport {
    /// From the first byte sent to the last one received.
    pub timeout: Duration,
    /// To establish a connection.
    pub connect_timeout: Duration,
    /// Certificates that are trusted beside those of this machine.
    pub authorities: Option<Authorities>,
    /// Whether certificates are checked at all.
    pub is_insecure: bool,
    /// What goes with every request, for whatever stands before the service.
    pub headers: Vec<ExtraHeader>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            authorities: None,
            is_insecure: false,
            headers: Vec::new(),
        }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The library declines.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(reqwest::Error),
    /// Nor does the one for TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The proxy of the environment is none.
    #[error(transparent)]
    Proxy(#[from] NoProxy),
    /// The contract names a header that HTTP does not allow.
    #[error("`{0}` is no name of a header")]
    Header(String),
}

/// Servers end idle connections after two seconds or more, and a request that meets the end of one is lost.
const LONGEST_IDLE: Duration = Duration::from_secs(1);

/// The encoding that is none.
const PLAIN: HeaderValue = HeaderValue::from_static("identity");

/// More headers than any server sends on purpose; the library's own limit is one that long chains of proxies reach.
const MOST_HEADERS: usize = 1000;

impl Transport {
    /// A client for one endpoint. It follows no redirect, so that no secret follows it either. Proxies are those of the environment, but not on this
    /// machine.
    pub fn client(&self, endpoint: &Endpoint) -> Result<Client, ClientError> {
        // The provider of the process is ours to choose; a second call finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy = if endpoint.is_loopback() { None } else { proxy::of(endpoint.root())? };
        let tls = if self.is_insecure { None } else { Some(trust::config(self.authorities.as_ref())?) };
        let build = |most_idle| {
            // Without this header any encoding would be a good answer.
            let mut always = HeaderMap::from_iter([(ACCEPT_ENCODING, PLAIN)]);
            always.extend(self.headers.iter().map(ExtraHeader::sent));
            let mut builder = reqwest::Client::builder()
                .default_headers(always)
                .redirect(reqwest::redirect::Policy::none())
                .timeout(self.timeout)
                .connect_timeout(self.connect_timeout)
                .pool_idle_timeout(LONGEST_IDLE)
                .pool_max_idle_per_host(most_idle)
                .http1_max_headers(MOST_HEADERS)
                .http1_allow_obsolete_multiline_headers_in_responses(true)
                .user_agent(concat!("ims-conformance/", env!("CARGO_PKG_VERSION")));
            builder = match &tls {
                Some(tls) => builder.tls_backend_preconfigured(tls.clone()),
                None => builder.tls_danger_accept_invalid_certs(true),
            };
            if proxy.is_none() {
                builder = builder.no_proxy();
            }
            builder.build().map_err(ClientError::Client)
        };
        let headers = self.headers.iter().map(ExtraHeader::argument).collect();
        let route = Route { trust: self.route_trust(endpoint), proxy: proxy::route(proxy.as_ref()), headers };
        Ok(Client { keeping: build(usize::MAX)?, fresh: build(0)?, is_closing: Arc::default(), route, proxy })
    }

    /// Whose certificates another client must take to get there.
    fn route_trust(&self, endpoint: &Endpoint) -> RouteTrust {
        match &self.authorities {
            _ if endpoint.root().scheme() != "https" => RouteTrust::Usual,
            _ if self.is_insecure => RouteTrust::Anybody,
            Some(authorities) if Path::new(authorities.path()).is_dir() => {
                RouteTrust::Folder(authorities.path().to_owned())
            }
            Some(authorities) => RouteTrust::File(authorities.path().to_owned()),
            None => RouteTrust::Usual,
        }
    }
}
