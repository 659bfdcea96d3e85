//! Signs requests with an access key: `SDK-HMAC-SHA256`, which gateways of some clouds take in place of a token.
//!
//! The gateway writes what it received in the same canonical form, signs that too, and compares. So the form must follow what arrives, not what was meant:
//! the URL as it is sent, the headers as they are sent, the body byte for byte. Nothing here does input or output, and the time is an argument.

mod access_key;
mod canonical;

use std::fmt;

use data_encoding::HEXLOWER;
use ring::{digest, hmac};
use time::{OffsetDateTime, UtcOffset};
use url::{Position, Url};

pub use access_key::{AccessKey, AccessKeyError, VARIABLES};

use crate::secret::{Kind, Secret};

/// A request, as far as a signature covers it.
#[derive(Clone, Copy)]
pub struct Signable<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The complete URL, with its query.
    pub url: &'a Url,
    /// The headers to sign. A gateway checks those that a signature names, so a header that is added or changed on the way does not belong here.
    pub headers: &'a [(String, String)],
    /// The body; empty where there is none.
    pub body: &'a [u8],
}

/// A signature, and the headers that a request shows it with.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    text: Secret,
    headers: Vec<(&'static str, String)>,
}

/// The name of the way of signing.
const ALGORITHM: &str = "SDK-HMAC-SHA256";

const AUTHORIZATION: &str = "Authorization";
const HOST: &str = "Host";

impl Signature {
    /// The headers to send. Each takes the place of one of the same name; some values are secret.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The signature itself, to be made known before it is sent.
    pub fn secret(&self) -> &Secret {
        &self.text
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        formatter.debug_struct("Signature").field("text", &self.text).field("headers", &names).finish()
    }
}

impl AccessKey {
    /// Signs a request as of this time. Gateways refuse a signature that is some minutes old, so each attempt to send needs its own.
    pub fn sign(&self, request: &Signable<'_>, time: OffsetDateTime) -> Signature {
        let date = timestamp(time);
        let mut headers = self.headers(request, &date);
        let signed = signed_headers(request, &headers);
        let canonical = canonical::request(request, &signed);
        let to_sign = format!("{ALGORITHM}\n{date}\n{}", sha256(canonical.as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.expose().as_bytes());
        let signature = HEXLOWER.encode(hmac::sign(&key, to_sign.as_bytes()).as_ref());
        let authorization = format!(
            "{ALGORITHM} Access={}, SignedHeaders={}, Signature={signature}",
            self.id.expose(),
            canonical::names(&signed)
        );
        headers.push((AUTHORIZATION, authorization));
        Signature { text: Secret::new(Kind::Token, signature), headers }
    }

    /// The headers that signing adds, all of them signed.
    fn headers(&self, request: &Signable<'_>, date: &str) -> Vec<(&'static str, String)> {
        let given = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(HOST));
        let host = given.map_or(&request.url[Position::BeforeHost..Position::AfterPort], |(_, value)| value);
        let mut headers = vec![("X-Sdk-Date", date.to_owned()), (HOST, host.to_owned())];
        headers.extend(self.security_token.iter().map(|token| ("X-Security-Token", token.expose().to_owned())));
        headers.extend(self.project.iter().map(|project| ("X-Project-Id", project.clone())));
        headers
    }
}

/// The headers that are signed, in canonical form: what signing adds, and of what was given all that arrives as it was sent. Left out are names with an
/// underscore, which proxies drop, and names given twice, whose values each server joins in its own way.
fn signed_headers(request: &Signable<'_>, added: &[(&'static str, String)]) -> Vec<(String, String)> {
    let is_added =
        |name: &str| name == "authorization" || added.iter().any(|(each, _)| each.eq_ignore_ascii_case(name));
    let is_single =
        |name: &str| request.headers.iter().filter(|(each, _)| each.eq_ignore_ascii_case(name)).count() == 1;
    let given = request.headers.iter().map(|(name, value)| canonical::header(name, value));
    let given = given.filter(|(name, _)| !name.contains('_') && !is_added(name) && is_single(name));
    let mut headers: Vec<_> = added.iter().map(|(name, value)| canonical::header(name, value)).chain(given).collect();
    headers.sort();
    headers
}

/// A time as `X-Sdk-Date` has it: UTC, to the second, without separators.
fn timestamp(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = time.to_hms();
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The SHA-256 of some bytes, in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    use url::Url;

    use super::{AccessKey, Signable, signed_headers, timestamp};
    use crate::secret::{Kind, Secret};

    fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn moment(text: &str) -> OffsetDateTime {
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    }

    fn key() -> AccessKey {
        let secret = |kind, text: &str| Secret::new(kind, text);
        AccessKey {
            id: secret(Kind::Key, "EXAMPLEID"),
            secret: secret(Kind::Key, "EXAMPLESECRET"),
            security_token: Some(secret(Kind::Token, "EXAMPLESESSION")),
            project: None,
        }
    }

    #[test]
    fn a_header_that_arrives_otherwise_than_it_was_sent_is_not_signed() {
        let url = Url::parse("https://ims.example.com/v2/images").unwrap();
        let headers = owned(&[
            ("Content-Type", " application/json "),
            ("under_score", "1"),
            ("Twice", "1"),
            ("twice", "2"),
            ("Authorization", "mine"),
            ("x-sdk-date", "mine"),
        ]);
        let request = Signable { method: "GET", url: &url, headers: &headers, body: b"" };
        let signed = signed_headers(&request, &[("X-Sdk-Date", "20260101T000000Z".to_owned())]);
        assert_eq!(signed, owned(&[("content-type", "application/json"), ("x-sdk-date", "20260101T000000Z")]));
    }

    #[test]
    fn the_host_is_the_one_that_is_sent() {
        let host = |url: &str, headers: &[(&str, &str)]| {
            let (url, headers) = (Url::parse(url).unwrap(), owned(headers));
            key().headers(&Signable { method: "GET", url: &url, headers: &headers, body: b"" }, "")[1].1.clone()
        };
        assert_eq!(host("https://IMS.example.com:443/", &[]), "ims.example.com");
        assert_eq!(host("https://ims.example.com:8443/", &[]), "ims.example.com:8443");
        assert_eq!(host("http://[::1]:9292/", &[]), "[::1]:9292");
        assert_eq!(host("https://ims.example.com/", &[("host", "other.example.com")]), "other.example.com");
    }

    #[test]
    fn a_time_of_any_zone_is_written_in_utc() {
        assert_eq!(timestamp(moment("2026-01-01T01:02:03.9+02:00")), "20251231T230203Z");
    }

    #[test]
    fn debug_shows_nothing_secret() {
        let url = Url::parse("https://ims.example.com/").unwrap();
        let request = Signable { method: "GET", url: &url, headers: &[], body: b"" };
        let signature = key().sign(&request, moment("2026-01-01T00:00:00Z"));
        let shown = format!("{:?} {signature:?}", key());
        assert!(!shown.contains("EXAMPLE") && !shown.contains(signature.secret().expose()), "{shown}");
    }
}
