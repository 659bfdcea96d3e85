//! Where requests go: an endpoint with a token. The only module that speaks HTTP as a client.

mod audit;
mod cleanup;
mod endpoint;
mod script;
mod token;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use time::OffsetDateTime;

pub use audit::Audit;
pub use cleanup::{Cleanup, Leftover};
pub use endpoint::{Endpoint, EndpointError};
pub use token::Token;

use crate::exchange::{Credential, Exchange, Request, Response, Trouble};

/// An endpoint, the token for it, and the limits of every exchange with it.
#[derive(Debug)]
pub struct Target {
    wire: Wire,
    endpoint: Endpoint,
    token: Option<Token>,
    /// A text that no other run has, for names that must be found again.
    run_id: String,
    requests: AtomicU64,
}

/// How requests get to the target.
enum Wire {
    Http { client: reqwest::Client, token_header: HeaderName },
    Local(Arc<dyn Service>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http { .. } => "Http",
            Self::Local(_) => "Local",
        })
    }
}

/// A target inside this process, for tests of the harness that need many servers.
pub trait Service: Send + Sync {
    /// The answer to a request that shows this token.
    fn answer(&self, request: &Request, token: Option<&str>) -> Response;
}

/// Limits of every exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte sent to the last one received.
    pub timeout: Duration,
    /// To establish a connection.
    pub connect_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), connect_timeout: Duration::from_secs(10) }
    }
}

/// Answers larger than this are not read to their end.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Why a target cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The client cannot be made.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(reqwest::Error),
    /// The contract names a header that HTTP does not allow.
    #[error("`{0}` is no name of a header")]
    Header(String),
}

impl Target {
    /// A target at `endpoint`; `token_header` is the header that carries the token.
    pub fn new(
        endpoint: Endpoint,
        token_header: &str,
        token: Option<Token>,
        limits: Limits,
    ) -> Result<Self, TargetError> {
        // The provider of the process is ours to choose; a second call finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limits.timeout)
            .connect_timeout(limits.connect_timeout)
            .user_agent(concat!("ims-conformance/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(TargetError::Client)?;
        let token_header =
            HeaderName::try_from(token_header).map_err(|_| TargetError::Header(token_header.to_owned()))?;
        Ok(Self::over(Wire::Http { client, token_header }, endpoint, token))
    }

    /// A target that answers without leaving this process.
    pub fn local(service: Arc<dyn Service>, token: Token) -> Self {
        Self::over(Wire::Local(service), Endpoint::nowhere(), Some(token))
    }

    fn over(wire: Wire, endpoint: Endpoint, token: Option<Token>) -> Self {
        let run_id = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
        Self { wire, endpoint, token, run_id, requests: AtomicU64::new(0) }
    }

    /// The endpoint, without anything secret.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether there is a token.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The text that no other run has.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// How many requests were sent so far.
    pub fn request_count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request. The token is added here and taken out of the answer here, so that nothing behind this function can tell it.
    pub async fn send(&self, request: Request) -> Exchange {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let shown = self.shown_token(request.credential);
        let outcome = match &self.wire {
            Wire::Local(service) => Ok(self.redacted(service.answer(&request, shown.as_deref()))),
            Wire::Http { client, token_header } => match self.prepare(client, token_header, shown, &request) {
                Some(prepared) => receive(prepared).await.map(|response| self.redacted(response)),
                None => Err(Trouble::Broken),
            },
        };
        Exchange { request, outcome }
    }

    fn prepare(
        &self,
        client: &reqwest::Client,
        token_header: &HeaderName,
        token: Option<String>,
        request: &Request,
    ) -> Option<reqwest::RequestBuilder> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).ok()?;
        let mut builder = client.request(method, self.endpoint.join(&request.path)?);
        for (name, value) in &request.headers {
            builder = builder.header(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
        }
        if let Some(mut value) = token.and_then(|text| HeaderValue::try_from(text).ok()) {
            value.set_sensitive(true);
            builder = builder.header(token_header, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        Some(builder)
    }

    fn shown_token(&self, credential: Credential) -> Option<String> {
        match (credential, &self.token) {
            (Credential::Absent, _) => None,
            (Credential::Empty, _) => Some(String::new()),
            (Credential::Wrong, _) => Some("this-was-never-a-token".to_owned()),
            (credential, token) => token.as_ref().map(|token| token.shown_as(credential)),
        }
    }

    /// The answer without the token, if it tells it.
    fn redacted(&self, mut response: Response) -> Response {
        if let Some(token) = &self.token {
            for (_, value) in &mut response.headers {
                *value = String::from_utf8_lossy(&token.redact(value.as_bytes())).into_owned();
            }
            response.body = token.redact(&response.body);
        }
        response
    }
}

async fn receive(prepared: reqwest::RequestBuilder) -> Result<Response, Trouble> {
    let mut answer = prepared.send().await.map_err(|error| trouble_of(&error))?;
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
        Trouble::Connect
    } else {
        Trouble::Broken
    }
}
