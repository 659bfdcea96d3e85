//! Secrets: what nobody may learn from anything that leaves the program.
//!
//! A secret is made known to [`Secrets`] before it is used. What comes from outside (an answer, an error of the identity service) and what goes out (the
//! console, a file) passes through [`Secrets::redact`], which knows them by value, in the disguises in which a text can hold them.

mod disguise;

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use memchr::memmem;

/// A secret value. `Debug` shows what it is, not what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    kind: Kind,
    text: Arc<str>,
}

/// What a secret is; its name stands where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a request shows to be let in.
    Token,
    /// What a user or an application logs in with.
    Password,
    /// What requests are signed with, and what identifies it.
    Key,
}

impl Kind {
    /// What stands where such a secret stood.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Token => "[token]",
            Self::Password => "[password]",
            Self::Key => "[key]",
        }
    }
}

impl Secret {
    /// A secret with this text.
    pub fn new(kind: Kind, text: impl Into<Arc<str>>) -> Self {
        Self { kind, text: text.into() }
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.placeholder())
    }
}

/// The secrets of this process; a clone knows the same ones.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    known: Arc<RwLock<Vec<Secret>>>,
}

/// A shorter text is part of ordinary words: to replace it would garble a report and hide nothing.
const SHORTEST: usize = 4;

impl Secrets {
    /// Makes a secret known, also without the blanks and line ends around it, which not everybody repeats.
    pub fn add(&self, secret: &Secret) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for text in [secret.expose(), secret.expose().trim()] {
            let secret = Secret::new(secret.kind, text);
            if text.len() >= SHORTEST && !known.contains(&secret) {
                known.push(secret);
            }
        }
    }

    /// The bytes without any secret.
    pub fn redact(&self, bytes: &[u8]) -> Vec<u8> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        disguise::read(bytes, &mut |reading| {
            for secret in known.iter() {
                let places = memmem::find_iter(&reading.bytes, secret.expose());
                let span = |at: usize| (reading.places[at], reading.places[at + secret.text.len()], secret.kind);
                found.extend(places.map(span));
            }
        });
        without(bytes, found)
    }

    /// The text without any secret.
    pub fn redact_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redact(text.as_bytes())).into_owned()
    }
}

/// The bytes with a placeholder for each of these spans. Where spans overlap, one secret holds another one, or two share a part: one placeholder stands
/// for both, that of the first and longest.
fn without(bytes: &[u8], mut spans: Vec<(usize, usize, Kind)>) -> Vec<u8> {
    spans.sort_by_key(|(start, end, _)| (*start, Reverse(*end)));
    let mut clean = Vec::with_capacity(bytes.len());
    let mut shown = 0;
    for (start, end, kind) in spans {
        if start >= shown {
            clean.extend_from_slice(&bytes[shown..start]);
            clean.extend_from_slice(kind.placeholder().as_bytes());
        }
        shown = shown.max(end);
    }
    clean.extend_from_slice(&bytes[shown..]);
    clean
}

#[cfg(test)]
mod tests {
    use super::{Kind, Secret, Secrets};

    fn knowing(texts: &[(Kind, &str)]) -> Secrets {
        let secrets = Secrets::default();
        for (kind, text) in texts {
            secrets.add(&Secret::new(*kind, *text));
        }
        secrets
    }

    #[test]
    fn a_secret_is_found_in_every_form_in_which_a_text_can_hold_it() {
        let secrets = knowing(&[(Kind::Password, "p\"w d/ä")]);
        let table = [
            ("a p\"w d/ä.", "a [password]."),
            (r#"{"password":"p\"w d/ä"}"#, r#"{"password":"[password]"}"#),
            (r#""p\u0022w d\/\u00E4""#, r#""[password]""#),
            ("password=p%22w+d%2F%C3%A4&a=%20", "password=[password]&a=%20"),
            ("/p%22w%20d/%c3%a4/", "/[password]/"),
            ("<b>p&quot;w d/&#228;</b>", "<b>[password]</b>"),
            (
                r#"{"message":"{\"password\":\"p\\\"w d\\/\\u00e4\"}"}"#,
                r#"{"message":"{\"password\":\"[password]\"}"}"#,
            ),
        ];
        for (text, expected) in table {
            assert_eq!(secrets.redact_text(text), expected);
        }
    }

    #[test]
    fn a_secret_that_holds_another_one_leaves_nothing() {
        let secrets = knowing(&[(Kind::Key, "abcd"), (Kind::Token, "abcdefgh")]);
        assert_eq!(secrets.redact_text("abcdefgh abcd"), "[token] [key]");
    }

    #[test]
    fn secrets_that_share_a_part_leave_nothing() {
        let secrets = knowing(&[(Kind::Key, "abcdef"), (Kind::Token, "defghi")]);
        assert_eq!(secrets.redact_text("<abcdefghi>"), "<[key]>");
    }

    #[test]
    fn a_line_end_that_came_with_a_secret_is_no_part_of_it() {
        let secrets = knowing(&[(Kind::Token, " a-token\n")]);
        assert_eq!(secrets.redact_text("no token: a-token!"), "no token: [token]!");
    }

    #[test]
    fn what_only_looks_like_a_disguise_stays_as_it_is() {
        let secrets = knowing(&[(Kind::Password, "some word")]);
        let text = r"100 % \u12 \ud800 &; &#x; &#99999999; &unknown; %zz %+1 a\";
        assert_eq!(secrets.redact_text(text), text);
    }

    #[test]
    fn a_clone_knows_what_is_added_later() {
        let secrets = Secrets::default();
        let clone = secrets.clone();
        secrets.add(&Secret::new(Kind::Token, "late-token"));
        assert_eq!(clone.redact_text("a late-token"), "a [token]");
    }

    #[test]
    fn debug_shows_the_kind_only() {
        assert_eq!(format!("{:?}", Secret::new(Kind::Key, "abcd")), "[key]");
    }
}
