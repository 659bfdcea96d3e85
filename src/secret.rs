//! Secrets: what nobody may learn from anything that leaves the program.
//!
//! A secret is made known to [`Secrets`] before it is used. What the program judges, captures, sends and deletes is what came, as it came: a secret is taken
//! out where text *leaves* the program, which is the [`Console`](crate::console::Console) for terminals and files, and the
//! [`Ledger`](crate::ledger::Ledger) for its records.
//!
//! # What is promised
//!
//! Found is a whole secret and each part of it of 16 characters or more, in letters of either case, as it is or
//!
//! * with the escapes of JSON, of a shell, of Rust, of HTML and of URLs, four of them upon each other,
//! * in Base64, of either alphabet, wherever it begins in what was encoded, and in hexadecimal digits,
//! * cut off, if four characters or more are left of it before the `…`.
//!
//! Not found is a secret that is split over two fields. What is shorter than eight characters, or stands in the suite or in the words of the program, cannot
//! be taken out without spoiling what is said: then that is said once, on standard error.

mod address;
mod disguise;
mod state;
mod windows;

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

pub use address::{password_in, passwords_in};
use state::State;
use windows::{Find, Windows};

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
    /// What an operator adds to each request.
    Header,
}

impl Kind {
    /// What stands where such a secret stood.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Token => "[token]",
            Self::Password => "[password]",
            Self::Key => "[key]",
            Self::Header => "[header]",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        self.placeholder().trim_matches(['[', ']'])
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
#[derive(Clone, Default)]
pub struct Secrets {
    state: Arc<RwLock<State>>,
}

/// So many forms of secrets of one request make a generation: some hundred secrets.
const GENERATION: usize = 4096;

/// The good token of a stub where none is given. Every reader of the documentation knows it, and it opens nothing else.
pub(crate) const STUB_TOKEN: &str = "stub-token";

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_tuple("Secrets").field(&state.known).finish()
    }
}

impl Secrets {
    /// Makes a secret known, also without the blanks and line ends around it, which not everybody repeats.
    pub fn add(&self, secret: &Secret) {
        self.write().add(secret);
    }

    /// Makes known what is made from a secret. Where it is too ordinary that is not said: it was said of the secret itself, or hides less than half of it.
    pub fn add_derived(&self, secret: &Secret) {
        let mut state = self.write();
        if !state.is_ordinary(secret.expose()) {
            state.add(secret);
        }
    }

    /// Makes known what the texts of a suite say: a secret that stands in there cannot be taken out of a report about it.
    pub fn learn(&self, texts: &str) {
        let mut state = self.write();
        state.words.push_str(&texts.to_lowercase());
        let known = std::mem::take(&mut state.known);
        state.windows = Windows::default();
        for secret in &known {
            state.add(secret);
        }
    }

    /// The kinds of secrets that cannot be taken out, each once in the life of the process.
    pub fn take_ordinary(&self) -> Vec<Kind> {
        // Most texts are shown when there is nothing of the kind to say.
        if self.state.read().unwrap_or_else(PoisonError::into_inner).ordinary.iter().all(|(_, is_told)| *is_told) {
            return Vec::new();
        }
        let mut state = self.write();
        let untold = state.ordinary.iter_mut().filter(|(_, is_told)| !is_told);
        untold.map(|(kind, is_told)| (*is_told = true, *kind).1).collect()
    }

    /// Makes known for a while a secret that is good for one request. It becomes known for good where an [answer](Self::hear) tells it.
    pub fn expect(&self, secret: &Secret) {
        let mut state = self.write();
        if state.recent.young.count() >= GENERATION {
            state.recent.old = std::mem::take(&mut state.recent.young);
        }
        for form in disguise::forms(secret.expose()) {
            state.recent.young.add(&form, secret);
        }
    }

    /// Makes known for good what this text tells of the secrets that are known for a while.
    pub fn hear(&self, text: &[u8]) {
        let mut told = Vec::new();
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.recent.young.count() + state.recent.old.count() == 0 {
                return;
            }
            disguise::read(text, &mut |reading| {
                for windows in [&state.recent.young, &state.recent.old] {
                    windows.find(reading.bytes, &mut |find| told.push(find.secret.clone()));
                }
            });
        }
        for secret in &told {
            self.add(secret);
        }
    }

    /// The text without any secret.
    pub fn redact_text(&self, text: &str) -> String {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        disguise::read(text.as_bytes(), &mut |reading| {
            let visit = &mut |find: Find<'_>| {
                found.push((reading.place(find.start), reading.place(find.end), find.kind()));
            };
            state.windows.find(reading.bytes, visit);
        });
        without(text, found)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text with a placeholder for each of these spans. Where spans overlap, one secret holds another one, or two share a part: one placeholder stands
/// for both, that of the first and longest.
fn without(text: &str, mut spans: Vec<(usize, usize, Kind)>) -> String {
    spans.sort_by_key(|(start, end, _)| (*start, Reverse(*end)));
    let mut clean = String::with_capacity(text.len());
    let mut shown = 0;
    for (start, end, kind) in spans {
        // Half a character is no text.
        let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
        if start >= shown {
            clean.push_str(&text[shown..start]);
            clean.push_str(kind.placeholder());
        }
        shown = shown.max(end);
    }
    clean.push_str(&text[shown..]);
    clean
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

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
        let secrets = knowing(&[(Kind::Password, "p\"wo d/ä")]);
        let table = [
            ("a p\"wo d/ä.", "a [password]."),
            (r#"{"password":"p\"wo d/ä"}"#, r#"{"password":"[password]"}"#),
            (r#""p\u0022wo d\/\u00E4""#, r#""[password]""#),
            ("password=p%22wo+d%2F%C3%A4&a=%20", "password=[password]&a=%20"),
            ("/p%22wo%20d/%c3%a4/", "/[password]/"),
            ("<b>p&quot;wo d/&#228;</b>", "<b>[password]</b>"),
            (
                r#"{"message":"{\"password\":\"p\\\"wo d\\/\\u00e4\"}"}"#,
                r#"{"message":"{\"password\":\"[password]\"}"}"#,
            ),
        ];
        for (text, expected) in table {
            assert_eq!(secrets.redact_text(text), expected);
        }
    }

    #[test]
    fn a_secret_that_holds_another_one_leaves_nothing() {
        let secrets = knowing(&[(Kind::Key, "abcdefgh"), (Kind::Token, "abcdefghijkl")]);
        assert_eq!(secrets.redact_text("abcdefghijkl abcdefgh"), "[token] [key]");
    }

    #[test]
    fn secrets_that_share_a_part_leave_nothing() {
        let secrets = knowing(&[(Kind::Key, "abcdefgh"), (Kind::Token, "defghijk")]);
        assert_eq!(secrets.redact_text("<abcdefghijk>"), "<[key]>");
    }

    #[test]
    fn a_line_end_that_came_with_a_secret_is_no_part_of_it() {
        let secrets = knowing(&[(Kind::Token, " one-token\n")]);
        assert_eq!(secrets.redact_text("no token: one-token!"), "no token: [token]!");
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
    fn other_forms_are_found_wherever_they_begin() {
        let secret = "Kq7/w+Z-4_x?9~vB";
        let secrets = knowing(&[(Kind::Token, secret)]);
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}{secret}tail");
            for encoding in [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER] {
                let shown = secrets.redact_text(&format!("<{}>", encoding.encode(text.as_bytes())));
                assert!(shown.contains("[token]") && shown.len() < 30, "{before}: {shown}");
            }
        }
        assert_eq!(secrets.redact_text(&secret.to_uppercase()), "[token]");
    }

    #[test]
    fn a_part_is_found_from_sixteen_characters_on() {
        let secret = "Kq7wZ4x9vB2nM5cL8pR1tY6uJ3hG0fDs";
        let secrets = knowing(&[(Kind::Token, secret)]);
        for start in 0..=16 {
            let part = &secret[start..start + 16];
            assert_eq!(secrets.redact_text(&format!("<{part}>")), "<[token]>");
            let shorter = &part[..15];
            assert_eq!(secrets.redact_text(shorter), shorter);
        }
    }

    #[test]
    fn what_a_cut_leaves_of_a_secret_is_found() {
        let secrets = knowing(&[(Kind::Password, "open \"sesame\"")]);
        let table = [
            ("it is open \"s… (300 characters)", "it is [password]… (300 characters)"),
            (r"it is open \…", "it is [password]…"),
            (r"it is open \u002…", "it is [password]…"),
            ("it is open%2…", "it is [password]…"),
            ("it is ope…", "it is ope…"),
        ];
        for (text, expected) in table {
            assert_eq!(secrets.redact_text(text), expected);
        }
    }

    #[test]
    fn what_is_short_or_said_anyway_stays_and_that_is_said_once() {
        let secrets = knowing(&[(Kind::Token, "image"), (Kind::Password, "1234567"), (Kind::Key, "INCONCLUSIVE")]);
        let text = "1234567 images are inconclusive";
        assert_eq!(secrets.redact_text(text), text);
        assert_eq!(secrets.take_ordinary(), [Kind::Token, Kind::Password, Kind::Key]);
        secrets.add(&Secret::new(Kind::Token, "test"));
        assert_eq!(secrets.take_ordinary(), []);
    }

    #[test]
    fn what_a_suite_says_is_no_secret() {
        let secrets = knowing(&[(Kind::Token, "quality-bronze"), (Kind::Password, "quality-silver")]);
        secrets.learn("enum: [Quality-Silver]");
        assert_eq!(secrets.redact_text("quality-bronze, quality-silver"), "[token], quality-silver");
        assert_eq!(secrets.take_ordinary(), [Kind::Password]);
    }

    #[test]
    fn a_secret_of_one_request_is_forgotten_unless_an_answer_tells_it() {
        let secrets = Secrets::default();
        let part = |number: u64| format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let of =
            |number: u64| Secret::new(Kind::Token, [1, 3, 5, 7].map(|factor| part(factor * 4096 + number)).concat());
        secrets.expect(&of(1));
        secrets.hear(b"nothing of the kind");
        assert_eq!(secrets.redact_text(of(1).expose()), of(1).expose());
        secrets.expect(&of(2));
        secrets.hear(format!("<{}>", of(1).expose()).as_bytes());
        assert_eq!(secrets.redact_text(of(1).expose()), "[token]");
        (3..2000).for_each(|number| secrets.expect(&of(number)));
        secrets.hear(of(2).expose().as_bytes());
        assert_eq!(
            secrets.redact_text(&format!("{} {}", of(1).expose(), of(2).expose())),
            format!("[token] {}", of(2).expose())
        );
    }

    #[test]
    fn debug_shows_the_kind_only() {
        assert_eq!(format!("{:?}", Secret::new(Kind::Key, "abcdefgh")), "[key]");
    }
}
