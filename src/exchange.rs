//! What goes over the wire: a request, and what came of it.

mod fill;
mod lenient;
pub(crate) mod query;

pub(crate) use fill::{is_segment, segment};

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde_json::Value;
use time::OffsetDateTime;

use crate::contract::Contract;

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

/// What a request shows as its token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenVariant {
    /// The good token.
    #[default]
    Good,
    /// No header at all.
    Absent,
    /// A header without a value.
    Empty,
    /// A text that was never a token.
    Wrong,
    /// The good token and one more character.
    Appended,
    /// One more character and the good token.
    Prepended,
    /// The good token without its last character.
    Shortened,
    /// The good token without its first character.
    FirstCharDropped,
    /// The good token with one letter in the other case.
    OtherCase,
}

impl TokenVariant {
    /// Every credential, with its name in a case.
    pub const ALL: [(&'static str, Self); 9] = [
        ("good", Self::Good),
        ("absent", Self::Absent),
        ("empty", Self::Empty),
        ("wrong", Self::Wrong),
        ("appended", Self::Appended),
        ("prepended", Self::Prepended),
        ("shortened", Self::Shortened),
        ("beheaded", Self::FirstCharDropped),
        ("other-case", Self::OtherCase),
    ];

    /// The name in a case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }

    /// Whether the value is made from the good token, and so needs one.
    pub fn needs_token(self) -> bool {
        matches!(self, Self::Appended | Self::Prepended | Self::Shortened | Self::FirstCharDropped | Self::OtherCase)
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
            None => lenient::salvaged(&self.body).map(Cow::from),
        }
    }

    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A text as a JSON value. What JSON's grammar allows and no text or double can hold is read as what comes nearest.
pub(crate) fn value_of(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok().or_else(|| lenient::read(text))
}

/// Why there is no answer; it says nothing about the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendError {
    /// No connection could be made.
    Connect,
    /// No connection could be made through the proxy that this variable names.
    Proxy(&'static str),
    /// Nobody knows an address for the host's name.
    Lookup,
    /// The server's certificate is not to be trusted.
    Certificate(Distrust),
    /// No answer, or no end of one, within the time.
    Timeout,
    /// The connection, which may have been there for longer, was closed before any answer came.
    Closed,
    /// The connection broke, or what came was no HTTP.
    Broken,
    /// The answer was larger than the cap.
    TooLarge,
    /// The answer was compressed, or encoded in another way that was not asked for.
    Encoded,
    /// The request needs a value that an earlier answer did not give.
    NothingCaptured,
    /// It was not sent: the budget of requests is spent.
    Budget,
    /// It was not sent: the ledger could not be written, so that a sweep would not have known of it.
    Ledger,
    /// It was not sent: it would change or remove what is not provably this run's.
    NotOwn(NotOwn),
    /// It was not sent: an earlier answer gave a value for its path that is not one segment of a path.
    NoSegment,
    /// It was not sent: the run was stopped, or its time was over.
    Halted,
    /// It was sent, and its answer not waited for: the run was stopped, or its time was over.
    CutShort,
}

/// Why a thing is not provably this run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotOwn {
    /// It was there before the run.
    ThereBefore,
    /// The target gave its id to two creations.
    GivenTwice,
    /// No answer of this run told of it.
    NeverGiven,
    /// An answer gave its id, but what was there before is not known, and a read does not show the mark of this run.
    Unproven,
}

/// Why a certificate is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distrust {
    /// No authority that is trusted here has issued it.
    Issuer,
    /// Its time is over, or has not come.
    Time,
    /// It is for another host.
    Name,
    /// It is one of an authority, which vouches for others and not for itself.
    Authority,
    /// It has a form of long ago.
    Version,
    /// It is signed in a way that is not safe, or not known here.
    Algorithm,
    /// Its signature is wrong.
    Signature,
    /// Its authority took it back.
    Revoked,
    /// No authority is trusted here at all.
    Nobody,
    /// Anything else.
    Other,
}

impl fmt::Display for Distrust {
    /// What is wrong with the certificate, after its name.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Issuer => "is not issued by an authority that is trusted here",
            Self::Time => "has expired, or is not valid yet",
            Self::Name => "is for another host",
            Self::Authority => {
                "is one of an authority, which does not vouch for itself; a cacert that holds this very certificate does"
            }
            Self::Version => "is of an old version of X.509, which says of no host that it is meant; it must be of version 3",
            Self::Algorithm => "is signed in a way that is not taken here, such as SHA-1",
            Self::Signature => "has a wrong signature",
            Self::Revoked => "was revoked by its authority",
            Self::Nobody => {
                "cannot be checked: SSL_CERT_FILE or SSL_CERT_DIR holds no authority to trust; a cacert names one"
            }
            Self::Other => "is not to be trusted",
        })
    }
}

impl SendError {
    /// Whether the request may have been dealt with, and only its answer is missing.
    pub fn is_lost(self) -> bool {
        match self {
            Self::Timeout | Self::Closed | Self::Broken | Self::TooLarge | Self::Encoded | Self::CutShort => true,
            Self::Connect
            | Self::Proxy(_)
            | Self::Lookup
            | Self::Certificate(_)
            | Self::NothingCaptured
            | Self::Budget
            | Self::Ledger
            | Self::NotOwn(_)
            | Self::NoSegment
            | Self::Halted => false,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Proxy(variable) => {
                return write!(formatter, "no connection could be made through the proxy that {variable} names");
            }
            Self::Certificate(distrust) => return write!(formatter, "the server's certificate {distrust}"),
            Self::Connect => "no connection could be made",
            Self::Lookup => "nobody knows an address for the name of the host",
            Self::Closed => "the connection broke before any answer came",
            Self::Timeout => "no complete answer within the time",
            Self::Broken => "the connection broke, or the answer was no HTTP",
            Self::TooLarge => "the answer was larger than the cap",
            Self::Encoded => "the answer was compressed, or encoded in another way that was not asked for",
            Self::NothingCaptured => "an earlier answer did not give the value that this request needs",
            Self::Budget => "not sent, as --max-requests are spent",
            Self::Ledger => "not sent, as the ledger cannot be written",
            Self::NotOwn(NotOwn::ThereBefore) => "not sent, as the id was there before the run",
            Self::NotOwn(NotOwn::GivenTwice) => "not sent, as the target gave this id twice",
            Self::NotOwn(NotOwn::NeverGiven) => "not sent, as no answer of this run gave this id",
            Self::NotOwn(NotOwn::Unproven) => {
                "not sent, as nothing proves that it is this run's: the list before the run is not known, and a read does not show its mark"
            }
            Self::NoSegment => "not sent, as an earlier answer gave a value that is not one segment of a path",
            Self::Halted => "not sent, as the run was stopped, or its time was over",
            Self::CutShort => "not waited for, as the run was stopped, or its time was over",
        })
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
