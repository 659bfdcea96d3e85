//! How a request becomes bytes, and how an answer is read. Nothing here trusts the other side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::proxy::Proxy;
use super::route::{Route, RouteTrust};
use super::{TransportError, Way, reason};

/// What servers write into the header of the encoding for a body as it is: none, and what belongs into other headers.
const PLAIN_WORDS: [&str; 9] = ["", "identity", "none", "utf-8", "utf8", "us-ascii", "iso-8859-1", "8bit", "binary"];

/// The way to one endpoint.
#[derive(Clone, Debug)]
pub struct Client {
    /// Keeps connections for the next request.
    pub(super) keeping: reqwest::Client,
    /// Makes a connection for each request.
    pub(super) fresh: reqwest::Client,
    /// Whether the other side closed a connection without a word: from then on none is kept, as the next request may meet the end of it.
    pub(super) is_closing: Arc<AtomicBool>,
    pub(super) proxy: Option<Proxy>,
    pub(super) route: Route,
}

impl Client {
    /// What another client must be told to get there, too.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The proxy that is gone through, if there is one.
    fn proxied(&self) -> Way {
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
    fn transport_error(&self, error: &reqwest::Error, is_begun: bool, was_kept: bool) -> TransportError {
        let way = self.proxied();
        if error.is_connect() {
            return reason::of(error, way);
        }
        if error.is_timeout() {
            return TransportError::Timeout(way);
        }
        if !is_begun && reason::is_end(error) {
            self.is_closing.fetch_or(was_kept, Ordering::Relaxed);
            return TransportError::Closed(way);
        }
        TransportError::Broken(way)
    }

    /// Makes a request ready; `None` where it holds what HTTP cannot carry.
    pub(crate) fn prepare(&self, outgoing: Outgoing<'_>) -> Option<Prepared<'_>> {
        let method = reqwest::Method::from_bytes(outgoing.method.as_bytes()).ok()?;
        let is_kept = !outgoing.needs_own_connection && !self.is_closing.load(Ordering::Relaxed);
        let http = if is_kept { &self.keeping } else { &self.fresh };
        let mut builder = http.request(method, outgoing.url);
        for (name, value) in outgoing.headers {
            let name = HeaderName::try_from(name).ok()?;
            // What is shown takes the place of a header of the same name.
            if !outgoing.shown.iter().any(|(each, _)| *each == name) {
                builder = builder.header(name, HeaderValue::try_from(value).ok()?);
            }
        }
        for (name, value) in outgoing.shown {
            let mut value = HeaderValue::try_from(value).ok()?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        if let Some(body) = outgoing.body {
            builder = builder.body(body);
        }
        Some(Prepared { client: self, builder, is_kept })
    }
}

/// A request as it goes over the wire.
pub(crate) struct Outgoing<'a> {
    /// The method.
    pub method: &'a str,
    /// Where it goes.
    pub url: Url,
    /// Headers that may be shown.
    pub headers: &'a [(String, String)],
    /// Headers with a secret, which are marked as such.
    pub shown: &'a [(HeaderName, String)],
    /// The body, byte for byte.
    pub body: Option<Vec<u8>>,
    /// Whether it goes over a connection of its own: were it lost at the end of one that was kept, nobody could tell for a while whether it arrived.
    pub needs_own_connection: bool,
}

/// An answer as it came.
pub(crate) struct RawResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A request that is ready to be sent.
pub(crate) struct Prepared<'a> {
    client: &'a Client,
    builder: reqwest::RequestBuilder,
    is_kept: bool,
}

impl Prepared<'_> {
    /// Sends, and reads the answer as far as its size allows.
    pub(crate) async fn send(self, largest: usize) -> Result<RawResponse, TransportError> {
        let Prepared { client, builder, is_kept } = self;
        let lost = |error: &reqwest::Error, is_begun| client.transport_error(error, is_begun, is_kept);
        let mut answer = builder.send().await.map_err(|error| lost(&error, false))?;
        if !is_plain(answer.headers()) {
            return Err(TransportError::Encoded);
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| lost(&error, true))? {
            if body.len() + chunk.len() > largest {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawResponse { status, headers, body })
    }
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
