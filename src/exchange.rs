//! What goes over the wire: a request, and what came of it.

mod fill;
pub(crate) mod query;
mod reduce;
mod send_error;
mod token_variant;

pub(crate) use fill::{id_text, is_segment, segment};
pub use send_error::{NotOwn, SendError};
pub use token_variant::{Elsewhere, ForeignToken, TokenVariant};

use std::borrow::Cow;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Value;
use time::OffsetDateTime;

use crate::contract::Contract;
use crate::json::{salvaged, value_of};

/// A request as it is sent, but for the endpoint and the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// HTTP method in capitals.
    pub method: String,
    /// Path and query, from the root of the API: `/v2/images`.
    pub path: String,
    /// Headers other than the token's.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Option<Vec<u8>>,
    /// What the token's header says.
    pub credential: TokenVariant,
}

impl Request {
    /// Whether the request may create something.
    pub fn may_create(&self, contract: &Contract) -> bool {
        contract.may_create(&self.method, &self.path)
    }

    /// The mark of this run in the body.
    pub fn mark(&self, contract: &Contract, run: &str) -> Option<String> {
        contract.mark_of(self.body.as_deref()?, run)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When it arrived, by our clock.
    pub at: OffsetDateTime,
    /// How long it took to come, from the beginning of the connection where there was none.
    pub took: Duration,
}

impl Response {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// How far our clock is ahead of the sender's, which has the time of the answer to the second.
    pub fn clock_ahead(&self) -> Option<time::Duration> {
        let date = httpdate::parse_http_date(self.header("date")?).ok()?;
        Some(self.at - OffsetDateTime::from(date))
    }

    /// The body as JSON, if it is JSON. What JSON's grammar allows and no text or double can hold is read as what comes nearest.
    pub fn json(&self) -> Option<Value> {
        value_of(&self.body)
    }

    /// The body as a text that is JSON, or nearly so; for what must be found in it, not for what is judged.
    pub(crate) fn nearly_json(&self) -> Option<Cow<'_, str>> {
        let text = std::str::from_utf8(&self.body).ok();
        match text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
            Some(text) => Some(Cow::from(text)),
            None => salvaged(&self.body).map(Cow::from),
        }
    }

    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// One request and its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request as it was sent.
    pub request: Request,
    /// The answer, or why there is none.
    pub outcome: Result<Response, SendError>,
}

impl Exchange {
    /// The answer, if there is one.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok()
    }
}
