//! What goes over the wire: a request, and what came of it.

mod fill;
pub(crate) mod query;
mod reduce;
mod send_error;

pub(crate) use fill::{id_text, is_segment, segment};
pub use send_error::{NotOwn, SendError};

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
    /// The good token with another first character.
    OtherFirst,
    /// The good token with another last character.
    OtherLast,
    /// The good token with one letter in the other case.
    OtherCase,
    /// A text as long as the good token, with a letter for each letter and a digit for each digit.
    SameShape,
    /// A text of a form that tokens have, which is nobody's.
    Foreign(ForeignToken),
}

/// The forms of tokens that were never given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForeignToken {
    /// 32 hexadecimal digits.
    Hexadecimal,
    /// A UUID.
    Uuid,
    /// A JSON Web Token.
    Jwt,
    /// A Fernet token.
    Fernet,
    /// A signed token in Base64, of some hundred characters.
    Signed,
    /// Digits.
    Digits,
    /// One character.
    OneCharacter,
    /// The word for everything.
    Asterisk,
    /// The name of a user.
    Admin,
    /// A scheme of the Authorization header, and a text.
    Bearer,
    /// What a program sends that has no token.
    Null,
    /// What another one sends.
    Undefined,
}

impl ForeignToken {
    /// The text.
    pub fn text(self) -> &'static str {
        match self {
            Self::Hexadecimal => "3f1c9a7e5b2d4860a1c3e5f70b9d8264",
            Self::Uuid => "9b2f6c1e-4d7a-4f38-8a55-1c0e7d92b364",
            Self::Jwt => concat!(
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZG1pbiIsImV4cCI6NDEwMjQ0NDgwMH0.",
                "c2lnbmF0dXJlLW9mLW5vYm9keS1hdC1hbGw"
            ),
            Self::Fernet => concat!(
                "gAAAAABmQk2xV7rZp0sN4cJt8yLw3hDqE6uFbKiMoX1aGvT5zRPjSdYlHnUe9WCgBxOq2I",
                "mfQ7kA0pVsZyTuNr4LhJdE8bXwCtG6iRoKjMnPqSvWxYzA1B2C3D4E5F6G7H8I9J0K=="
            ),
            Self::Signed => concat!(
                "MIIDkgYJKoZIhvcNAQcCoIIDgzCCA38CAQExDTALBglghkgBZQMEAgEwggHgBgkqhkiG9w0BBwGgggHRBIIBzXsidG9rZW4iOnsi",
                "ZXhwaXJlc19hdCI6IjIwOTktMTItMzFUMjM6NTk6NTkuMDAwMDAwWiIsIm1ldGhvZHMiOlsicGFzc3dvcmQiXSwicm9sZXMiOlt7",
                "Im5hbWUiOiJpbXNfYWRtIn1dLCJ1c2VyIjp7Im5hbWUiOiJub2JvZHkifX19MYIBhTCCAYECAQEwXDBXMQswCQYDVQQGEwJVUzEO",
                "MAwGA1UECBMFVW5zZXQxDjAMBgNVBAcTBVVuc2V0MQ4wDAYDVQQKEwVVbnNldDEYMBYGA1UEAxMPd3d3LmV4YW1wbGUuY29tAgEB"
            ),
            Self::Digits => "12345678901234567890",
            Self::OneCharacter => "a",
            Self::Asterisk => "*",
            Self::Admin => "admin",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Bearer => "Bearer 3f1c9a7e5b2d4860a1c3e5f70b9d8264",
        }
    }
}

impl TokenVariant {
    /// Every credential, with its name in a case.
    pub const ALL: [(&'static str, Self); 24] = [
        ("good", Self::Good),
        ("absent", Self::Absent),
        ("empty", Self::Empty),
        ("wrong", Self::Wrong),
        ("appended", Self::Appended),
        ("prepended", Self::Prepended),
        ("shortened", Self::Shortened),
        ("beheaded", Self::FirstCharDropped),
        ("other-first", Self::OtherFirst),
        ("other-last", Self::OtherLast),
        ("other-case", Self::OtherCase),
        ("same-shape", Self::SameShape),
        ("hexadecimal", Self::Foreign(ForeignToken::Hexadecimal)),
        ("uuid", Self::Foreign(ForeignToken::Uuid)),
        ("jwt", Self::Foreign(ForeignToken::Jwt)),
        ("fernet", Self::Foreign(ForeignToken::Fernet)),
        ("signed", Self::Foreign(ForeignToken::Signed)),
        ("digits", Self::Foreign(ForeignToken::Digits)),
        ("one-character", Self::Foreign(ForeignToken::OneCharacter)),
        ("asterisk", Self::Foreign(ForeignToken::Asterisk)),
        ("admin", Self::Foreign(ForeignToken::Admin)),
        ("bearer", Self::Foreign(ForeignToken::Bearer)),
        ("word-null", Self::Foreign(ForeignToken::Null)),
        ("word-undefined", Self::Foreign(ForeignToken::Undefined)),
    ];

    /// The name in a case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }

    /// Whether the value is made from the good token, and so needs one.
    pub fn needs_token(self) -> bool {
        use TokenVariant::{
            Appended, FirstCharDropped, OtherCase, OtherFirst, OtherLast, Prepended, SameShape, Shortened,
        };
        let is_of_other_length = matches!(self, Appended | Prepended | Shortened | FirstCharDropped);
        is_of_other_length || matches!(self, OtherFirst | OtherLast | OtherCase | SameShape)
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
