//! HTTP as a client: how connections are made, how a request becomes bytes, how an answer is read. Nothing here trusts the other side.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use url::Url;

use super::proxy::{self, NoProxy, Proxy};
use super::route::{Route, RouteTrust};
use super::trust::{self, Authorities};
use super::{Endpoint, reason};
use crate::contract::Effect;
use crate::exchange::{Request, Response, SendError, Way};

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
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            authorities: None,
            is_insecure: false,
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

/// What servers write into the header of the encoding for a body as it is: none, and what belongs into other headers.
const PLAIN_WORDS: [&str; 9] = ["", "identity", "none", "utf-8", "utf8", "us-ascii", "iso-8859-1", "8bit", "binary"];

/// More headers than any server sends on purpose; the library's own limit is one that long chains of proxies reach.
const MOST_HEADERS: usize = 1000;

/// Lists larger than this are not read to their end.
const LARGEST_LIST: usize = 8 * 1024 * 1024;

/// No answer about one thing needs more.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// So many bytes of an answer may stand for one of the request that comes back in it: `\u003c`.
const LONGEST_ESCAPE: usize = 6;

/// How much of an answer is read at most, by what its call does: a page of a list holds much, everything else is about one thing, and may repeat what was
/// sent.
pub(super) fn largest(effect: Option<Effect>, request: &Request) -> usize {
    let sent = request.body.as_ref().map_or(0, Vec::len);
    if effect == Some(Effect::List) { LARGEST_LIST } else { LARGEST_ANSWER + LONGEST_ESCAPE * sent }
}

/// The way to one endpoint.
#[derive(Clone, Debug)]
pub struct Client {
    /// Keeps connections for the next request.
    keeping: reqwest::Client,
    /// Makes a connection for each request.
    fresh: reqwest::Client,
    /// Whether the other side closed a connection without a word: from then on none is kept, as the next request may meet the end of it.
    is_closing: Arc<AtomicBool>,
    proxy: Option<Proxy>,
    route: Route,
}

impl Client {
    /// The client for the next request.
    pub(crate) fn http(&self) -> &reqwest::Client {
        if self.is_closing.load(Ordering::Relaxed) { &self.fresh } else { &self.keeping }
    }

    /// What another client must be told to get there, too.
    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// The proxy that is gone through, if there is one.
    pub(crate) fn proxied(&self) -> Way {
        self.proxy.as_ref().map_or(Way::Direct, |proxy| Way::Proxy(proxy.variable))
    }

    /// What is between here and there, and whom it is that is trusted; empty where there is nothing to say. Fit to follow the address.
    pub fn way(&self) -> String {
        let proxy = self.proxy.as_ref().map(|proxy| format!(" through {proxy}"));
        let trusted = match &self.route.trust {
            RouteTrust::File(path) | RouteTrust::Folder(path) => {
                Some(format!(" (trusted are {path} and the authorities of this machine)"))
            }
            RouteTrust::Usual | RouteTrust::Anybody => None,
        };
        [proxy, trusted].into_iter().flatten().collect()
    }

    /// Why there is no answer. Whoever met the end of a connection that was kept is told so, as the next request gets its own.
    fn trouble(&self, error: &reqwest::Error, is_begun: bool, was_kept: bool) -> SendError {
        let way = self.proxied();
        if error.is_connect() {
            return match reason::of(error, way) {
                SendError::Connect(_) if error.is_timeout() => SendError::ConnectTimeout(way),
                trouble => trouble,
            };
        }
        if error.is_timeout() {
            return SendError::Timeout(way);
        }
        if !is_begun && reason::is_end(error) {
            self.is_closing.fetch_or(was_kept, Ordering::Relaxed);
            return SendError::Closed(way);
        }
        SendError::Broken(way)
    }
}

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
            let plain = HeaderMap::from_iter([(ACCEPT_ENCODING, PLAIN)]);
            let mut builder = reqwest::Client::builder()
                .default_headers(plain)
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
        Ok(Client {
            keeping: build(usize::MAX)?,
            fresh: build(0)?,
            is_closing: Arc::default(),
            route: Route { trust: self.route_trust(endpoint), proxy: proxy::route(proxy.as_ref()) },
            proxy,
        })
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

/// A request that is ready to be sent.
pub(super) struct Prepared<'a> {
    client: &'a Client,
    builder: reqwest::RequestBuilder,
    is_kept: bool,
}

/// The request as the client sends it; `None` where it holds what HTTP cannot carry. Headers with a secret are marked as such. What may create goes over a
/// connection of its own: were it lost at the end of one that was kept, nobody could tell for a while whether it arrived.
pub(super) fn prepare<'a>(
    client: &'a Client,
    request: &Request,
    url: Url,
    shown: &[(HeaderName, String)],
    may_create: bool,
) -> Option<Prepared<'a>> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
    let is_kept = !may_create && !client.is_closing.load(Ordering::Relaxed);
    let http = if is_kept { &client.keeping } else { &client.fresh };
    let mut builder = http.request(method, url);
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(name).ok()?;
        // What is shown takes the place of a header of the same name.
        if !shown.iter().any(|(each, _)| *each == name) {
            builder = builder.header(name, HeaderValue::try_from(value).ok()?);
        }
    }
    for (name, value) in shown {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        builder = builder.header(name, value);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    Some(Prepared { client, builder, is_kept })
}

/// Sends, and reads the answer as far as its size allows.
pub(super) async fn receive(prepared: Prepared<'_>, largest: usize) -> Result<Response, SendError> {
    let Prepared { client, builder, is_kept } = prepared;
    let trouble = |error: &reqwest::Error, is_begun| client.trouble(error, is_begun, is_kept);
    let mut answer = builder.send().await.map_err(|error| trouble(&error, false))?;
    if !is_plain(answer.headers()) {
        return Err(SendError::Encoded);
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| trouble(&error, true))? {
        if body.len() + chunk.len() > largest {
            return Err(SendError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body, at: OffsetDateTime::now_utc() })
}

/// Whether a body comes as it is. The header may come several times, with several words in each, in any case.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        let words = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        words.split(',').all(|word| PLAIN_WORDS.contains(&word.trim()))
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};

    use super::is_plain;

    #[test]
    fn an_encoding_that_is_none_is_plain() {
        let headers = |values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value))).collect()
        };
        let plain: [&[&str]; 8] = [
            &[],
            &["identity"],
            &["Identity"],
            &[""],
            &["utf-8"],
            &["UTF-8"],
            &["identity, identity"],
            &["identity", "identity"],
        ];
        for values in plain {
            assert!(is_plain(&headers(values)), "{values:?}");
        }
        for values in [&["gzip"][..], &["identity, gzip"], &["identity", "br"], &["x-unknown"]] {
            assert!(!is_plain(&headers(values)), "{values:?}");
        }
    }
}
