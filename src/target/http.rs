//! HTTP as a client: how connections are made, how a request becomes bytes, how an answer is read. Nothing here trusts the other side.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use url::Url;

use super::reason;
use crate::exchange::{Request, Response, Trouble};

/// How connections are made.
#[derive(Clone, Debug)]
pub struct Transport {
    /// From the first byte sent to the last one received.
    pub timeout: Duration,
    /// To establish a connection.
    pub connect_timeout: Duration,
    /// Certificates, as PEM, that are trusted beside those of this machine.
    pub authorities: Option<Vec<u8>>,
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
    /// What should hold certificates holds none.
    #[error("no certificate can be read from it: {0}")]
    Authorities(reqwest::Error),
    /// There is no certificate in it.
    #[error("it holds no certificate; a PEM file begins with -----BEGIN CERTIFICATE-----")]
    NoAuthority,
    /// The contract names a header that HTTP does not allow.
    #[error("`{0}` is no name of a header")]
    Header(String),
}

/// Servers end idle connections after two seconds or more, and a request that meets the end of one is lost.
const LONGEST_IDLE: Duration = Duration::from_secs(1);

/// The encoding that is none.
const PLAIN: HeaderValue = HeaderValue::from_static("identity");

/// Answers larger than this are not read to their end.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

impl Transport {
    /// A client that follows no redirect, so that no secret follows it either. Proxies are those of the environment, but not on this machine.
    pub fn client(&self, is_loopback: bool) -> Result<reqwest::Client, ClientError> {
        // The provider of the process is ours to choose; a second call finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Without this header any encoding would be a good answer.
        let plain = HeaderMap::from_iter([(ACCEPT_ENCODING, PLAIN)]);
        let mut builder = reqwest::Client::builder()
            .default_headers(plain)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(LONGEST_IDLE)
            .tls_danger_accept_invalid_certs(self.is_insecure)
            .user_agent(concat!("ims-conformance/", env!("CARGO_PKG_VERSION")));
        if is_loopback {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &self.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(ClientError::Authorities)?;
            if authorities.is_empty() {
                return Err(ClientError::NoAuthority);
            }
            builder = builder.tls_certs_merge(authorities);
        }
        builder.build().map_err(ClientError::Client)
    }
}

/// The request as the client sends it; `None` where it holds what HTTP cannot carry. Headers with a secret are marked as such.
pub(super) fn prepare(
    client: &reqwest::Client,
    request: &Request,
    url: Url,
    shown: &[(HeaderName, String)],
) -> Option<reqwest::RequestBuilder> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
    let mut builder = client.request(method, url);
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
    Some(builder)
}

/// Sends, and reads the answer as far as its size allows.
pub(super) async fn receive(prepared: reqwest::RequestBuilder) -> Result<Response, Trouble> {
    let mut answer = prepared.send().await.map_err(|error| trouble_of(&error))?;
    if answer.headers().get(CONTENT_ENCODING).is_some_and(|encoding| *encoding != PLAIN) {
        return Err(Trouble::Encoded);
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| trouble_of(&error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Trouble::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status, headers, body, at: OffsetDateTime::now_utc() })
}

fn trouble_of(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        Trouble::Timeout
    } else if error.is_connect() {
        reason::of(error)
    } else {
        Trouble::Broken
    }
}
