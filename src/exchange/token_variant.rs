//! What requests show as their token: the good one, and all the others.

use crate::contract::{Carrier, Scheme, Security};

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
    /// The good token with another character in its middle.
    OtherMiddle,
    /// The good token with one letter in the other case.
    OtherCase,
    /// The good token with its first letter in the other case.
    FirstOtherCase,
    /// The good token with all its letters as capitals.
    Uppercase,
    /// The good token from its end to its beginning.
    Reversed,
    /// The good token with a space in its middle.
    Spaced,
    /// The good token between quotes.
    InQuotes,
    /// The good token with `_` for `-`, and `-` for `_`: two alphabets of Base64 differ in them.
    OtherSeparators,
    /// The good token with a sign behind it that fills up Base64.
    Padded,
    /// The good token as the first of a list.
    Listed,
    /// The good token behind the word Bearer.
    BehindBearer,
    /// The good token with its first character encoded as in a URL.
    UrlEncoded,
    /// The good token as a pattern of SQL: its last character as any one, and whatever behind it.
    LikePattern,
    /// A text as long as the good token, with a letter for each letter and a digit for each digit.
    SameShape,
    /// A text of a form that tokens have, which is nobody's.
    Foreign(ForeignToken),
    /// Nothing where the contract has the token, and something elsewhere.
    Elsewhere(Elsewhere),
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
    /// Signs that end a text, a statement or a header in languages that quote.
    Quoted,
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
            Self::Quoted => "3f1c'9a7e\"5b2d;4860--",
            Self::Bearer => "Bearer 3f1c9a7e5b2d4860a1c3e5f70b9d8264",
        }
    }
}

/// Where services look for a token, though the contract does not say so. Never in the query: addresses are written into logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Elsewhere {
    /// The good token in the header Authorization, as it is.
    Authorization,
    /// The good token in the header Authorization, as a bearer token.
    Bearer,
    /// The good token in a cookie with the name of the header in which it should stand.
    Cookie,
    /// The good token in a header that many services take.
    ApiKey,
    /// The good token in each of the headers that carry other tokens of the same services, as the contract lists them.
    RelatedHeaders,
    /// A user and a password that everybody knows.
    Admin,
    /// No token, and a header that says that the request comes from the machine of the service.
    Forwarded,
}

impl Elsewhere {
    /// What carries it, beside a token that should be carried by something else.
    pub fn carriers(self, usual: Option<&Scheme>) -> Vec<Carrier> {
        let carrier = usual.map(|scheme| &scheme.carrier);
        let header = |name: &str| vec![Carrier::Header(name.to_owned())];
        match (self, carrier) {
            (Self::Authorization, _) => header("Authorization"),
            (Self::Bearer, _) => vec![Carrier::Bearer],
            (Self::Cookie, Some(Carrier::Header(name))) => vec![Carrier::Cookie(name.clone())],
            (Self::Cookie, _) => vec![Carrier::Cookie("token".to_owned())],
            (Self::ApiKey, _) => header("X-Api-Key"),
            (Self::RelatedHeaders, _) => {
                let names = usual.into_iter().flat_map(|scheme| &scheme.related_headers);
                names.map(|name| Carrier::Header(name.clone())).collect()
            }
            (Self::Admin, _) => vec![Carrier::Basic],
            (Self::Forwarded, _) => header("X-Forwarded-For"),
        }
    }

    /// What is shown there in place of the good token; `None` is the good token.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Admin => Some("admin:admin"),
            Self::Forwarded => Some("127.0.0.1"),
            Self::Authorization | Self::Bearer | Self::Cookie | Self::ApiKey | Self::RelatedHeaders => None,
        }
    }
}

impl TokenVariant {
    /// Those that are not good for this contract: where it has the token in a header itself, that header is not elsewhere.
    pub fn bad(security: &Security) -> impl Iterator<Item = (&'static str, Self)> + '_ {
        Self::ALL.into_iter().filter(|(_, each)| *each != Self::Good && each.fits(security))
    }

    /// Whether the contract asks for the token somewhere else than here.
    pub fn fits(self, security: &Security) -> bool {
        let Self::Elsewhere(place) = self else { return true };
        let carriers = place.carriers(security.schemes.first());
        let mut headers = carriers.iter().filter_map(Carrier::header);
        !carriers.is_empty() && headers.all(|header| !security.is_carried_by_header(header))
    }

    /// Every credential, with its name in a case.
    pub const ALL: [(&'static str, Self); 44] = [
        ("good", Self::Good),
        ("absent", Self::Absent),
        ("empty", Self::Empty),
        ("wrong", Self::Wrong),
        ("appended", Self::Appended),
        ("prepended", Self::Prepended),
        ("shortened", Self::Shortened),
        ("first-dropped", Self::FirstCharDropped),
        ("other-first", Self::OtherFirst),
        ("other-last", Self::OtherLast),
        ("other-middle", Self::OtherMiddle),
        ("other-case", Self::OtherCase),
        ("first-other-case", Self::FirstOtherCase),
        ("uppercase", Self::Uppercase),
        ("reversed", Self::Reversed),
        ("spaced", Self::Spaced),
        ("in-quotes", Self::InQuotes),
        ("other-separators", Self::OtherSeparators),
        ("padded", Self::Padded),
        ("listed", Self::Listed),
        ("behind-bearer", Self::BehindBearer),
        ("url-encoded", Self::UrlEncoded),
        ("like-pattern", Self::LikePattern),
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
        ("quoted", Self::Foreign(ForeignToken::Quoted)),
        ("as-authorization", Self::Elsewhere(Elsewhere::Authorization)),
        ("as-bearer", Self::Elsewhere(Elsewhere::Bearer)),
        ("as-cookie", Self::Elsewhere(Elsewhere::Cookie)),
        ("as-api-key", Self::Elsewhere(Elsewhere::ApiKey)),
        ("in-related-headers", Self::Elsewhere(Elsewhere::RelatedHeaders)),
        ("basic-admin", Self::Elsewhere(Elsewhere::Admin)),
        ("forwarded", Self::Elsewhere(Elsewhere::Forwarded)),
    ];

    /// The name in a case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }

    /// Whether the value is made from the good token, and so needs one.
    pub fn needs_token(self) -> bool {
        match self {
            Self::Good | Self::Absent | Self::Empty | Self::Wrong | Self::Foreign(_) => false,
            Self::Elsewhere(place) => place.text().is_none(),
            _ => true,
        }
    }
}
