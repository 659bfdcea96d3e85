//! The token, and the nearly right ones that are made from it.

use std::fmt;

use crate::exchange::TokenVariant;
use crate::secret::{Kind, Secret, Secrets};

/// A token. Neither `Debug` nor anything else shows its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token([secret])")
    }
}

impl Token {
    /// A token as it was given, without the line end that files and commands leave behind it. `None` where nothing is left, or nothing
    /// that a header can hold.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let can_be_sent = !text.is_empty() && text.bytes().all(|byte| (0x21..0x7F).contains(&byte));
        can_be_sent.then(|| Self(text.to_owned()))
    }

    /// A token that nobody else has, for a stub.
    pub fn random() -> Self {
        Self(format!("stub-{}", uuid::Uuid::new_v4()))
    }

    /// Whether a text is what this credential shows; for a server that is too easily satisfied.
    pub(crate) fn shown_is(&self, credential: TokenVariant, text: &str) -> bool {
        match credential {
            TokenVariant::Good => self.is(text),
            TokenVariant::Absent | TokenVariant::Elsewhere(_) => false,
            TokenVariant::Empty => text.is_empty(),
            TokenVariant::Wrong => !text.is_empty() && !self.is_near(text),
            TokenVariant::Foreign(foreign) => foreign.text() == text,
            credential => self.shown_as(credential) == text,
        }
    }

    fn is_near(&self, text: &str) -> bool {
        let is_longer = text.starts_with(&self.0) || text.ends_with(&self.0);
        let is_shorter = self.0.starts_with(text) || self.0.ends_with(text);
        is_longer || is_shorter || text.eq_ignore_ascii_case(&self.0)
    }

    /// Whether this is the text of the token; for a server that checks it.
    pub fn is(&self, text: &str) -> bool {
        self.0 == text
    }

    /// What a header shows for a credential that is made from the token.
    pub(crate) fn shown_as(&self, credential: TokenVariant) -> String {
        match credential {
            TokenVariant::Appended => format!("{}x", self.0),
            TokenVariant::Prepended => format!("x{}", self.0),
            TokenVariant::Shortened => self.0[..self.0.len() - 1].to_owned(),
            TokenVariant::FirstCharDropped => self.0[1..].to_owned(),
            TokenVariant::OtherFirst => format!("{}{}", other(&self.0[..1]), &self.0[1..]),
            TokenVariant::OtherLast => {
                let (most, last) = self.0.split_at(self.0.len() - 1);
                format!("{most}{}", other(last))
            }
            TokenVariant::OtherMiddle => {
                let (begin, rest) = self.halves();
                format!("{begin}{}{}", other(&rest[..1]), &rest[1..])
            }
            TokenVariant::OtherCase => self.in_other_case(|text| text.rfind(|sign: char| sign.is_ascii_alphabetic())),
            TokenVariant::FirstOtherCase => {
                self.in_other_case(|text| text.find(|sign: char| sign.is_ascii_alphabetic()))
            }
            TokenVariant::Uppercase => changed(self.0.to_ascii_uppercase(), &self.0),
            TokenVariant::Reversed => changed(self.0.chars().rev().collect(), &self.0),
            TokenVariant::Spaced => {
                let (begin, rest) = self.halves();
                // At an end it would be no part of the header's value.
                if begin.is_empty() { format!("{rest} {rest}") } else { format!("{begin} {rest}") }
            }
            TokenVariant::InQuotes => format!("\"{}\"", self.0),
            TokenVariant::OtherSeparators => changed(self.0.chars().map(other_separator).collect(), &self.0),
            TokenVariant::Padded => format!("{}=", self.0),
            TokenVariant::Listed => format!("{},x", self.0),
            TokenVariant::BehindBearer => format!("Bearer {}", self.0),
            TokenVariant::LikePattern => format!("{}_%", self.shown_as(TokenVariant::Shortened)),
            TokenVariant::UrlEncoded => format!("%{:02X}{}", self.0.as_bytes()[0], &self.0[1..]),
            TokenVariant::SameShape => self.0.chars().map(next_of_its_kind).collect(),
            TokenVariant::Good
            | TokenVariant::Absent
            | TokenVariant::Empty
            | TokenVariant::Wrong
            | TokenVariant::Foreign(_)
            | TokenVariant::Elsewhere(_) => self.0.clone(),
        }
    }

    /// The second one is the longer one, and never empty.
    fn halves(&self) -> (&str, &str) {
        self.0.split_at(self.0.len() / 2)
    }

    /// The token with this letter in the other case; a token without letters gets one.
    fn in_other_case(&self, letter: fn(&str) -> Option<usize>) -> String {
        let Some(index) = letter(&self.0) else { return format!("{}X", self.0) };
        let (before, after) = (&self.0[..index], &self.0[index + 1..]);
        let letter = &self.0[index..=index];
        let is_small = letter.bytes().all(|letter| letter.is_ascii_lowercase());
        let swapped = if is_small { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        format!("{before}{swapped}{after}")
    }

    /// Makes known the token and what is made from it, so that no answer can tell them.
    pub(super) fn register_secrets(&self, secrets: &Secrets) {
        secrets.add(&Secret::new(Kind::Token, self.0.as_str()));
        let made = [
            TokenVariant::OtherCase,
            TokenVariant::FirstOtherCase,
            TokenVariant::OtherMiddle,
            TokenVariant::Uppercase,
            TokenVariant::Reversed,
            TokenVariant::Spaced,
            TokenVariant::Shortened,
            TokenVariant::FirstCharDropped,
            TokenVariant::LikePattern,
            TokenVariant::OtherSeparators,
            TokenVariant::SameShape,
        ];
        for text in made.map(|each| self.shown_as(each)) {
            secrets.add_derived(&Secret::new(Kind::Token, text));
        }
    }
}

/// What was made of a token, or one character more where that is the token itself.
fn changed(made: String, token: &str) -> String {
    if made == token { made + "x" } else { made }
}

/// Another character.
fn other(character: &str) -> &'static str {
    if character == "x" { "y" } else { "x" }
}

/// The other one of the two characters in which alphabets of Base64 differ.
fn other_separator(character: char) -> char {
    match character {
        '-' => '_',
        '_' => '-',
        _ => character,
    }
}

/// The next letter or digit of its kind; the first one after the last.
fn next_of_its_kind(letter: char) -> char {
    match letter {
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from_u32(u32::from(letter) + 1).unwrap_or(letter),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Token;
    use crate::exchange::TokenVariant;
    use crate::secret::Secrets;

    #[test]
    fn near_misses_differ_from_the_token_by_one_character() {
        let token = Token::new("gAAAAB-7\n").unwrap();
        assert_eq!(token.shown_as(TokenVariant::Appended), "gAAAAB-7x");
        assert_eq!(token.shown_as(TokenVariant::Prepended), "xgAAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::FirstCharDropped), "AAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::Shortened), "gAAAAB-");
        assert_eq!(token.shown_as(TokenVariant::OtherFirst), "xAAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::OtherLast), "gAAAAB-x");
        assert_eq!(Token::new("x234x").unwrap().shown_as(TokenVariant::OtherFirst), "y234x");
        assert_eq!(Token::new("x234x").unwrap().shown_as(TokenVariant::OtherLast), "x234y");
        assert_eq!(token.shown_as(TokenVariant::OtherMiddle), "gAAAxB-7");
        assert_eq!(Token::new("x").unwrap().shown_as(TokenVariant::OtherMiddle), "y");
        assert_eq!(token.shown_as(TokenVariant::Uppercase), "GAAAAB-7");
        assert_eq!(Token::new("AB-7").unwrap().shown_as(TokenVariant::Uppercase), "AB-7x");
        assert_eq!(token.shown_as(TokenVariant::Reversed), "7-BAAAAg");
        assert_eq!(Token::new("abba").unwrap().shown_as(TokenVariant::Reversed), "abbax");
        assert_eq!(token.shown_as(TokenVariant::Spaced), "gAAA AB-7");
        assert_eq!(token.shown_as(TokenVariant::OtherSeparators), "gAAAAB_7");
        assert_eq!(Token::new("abba").unwrap().shown_as(TokenVariant::OtherSeparators), "abbax");
        assert_eq!(token.shown_as(TokenVariant::Padded), "gAAAAB-7=");
        assert_eq!(token.shown_as(TokenVariant::Listed), "gAAAAB-7,x");
        assert_eq!(token.shown_as(TokenVariant::LikePattern), "gAAAAB-_%");
        assert_eq!(token.shown_as(TokenVariant::UrlEncoded), "%67AAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::InQuotes), "\"gAAAAB-7\"");
        assert_eq!(token.shown_as(TokenVariant::OtherCase), "gAAAAb-7");
        assert_eq!(token.shown_as(TokenVariant::FirstOtherCase), "GAAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::BehindBearer), "Bearer gAAAAB-7");
        assert_eq!(token.shown_as(TokenVariant::SameShape), "hBBBBC-8");
        assert_eq!(Token::new("12345").unwrap().shown_as(TokenVariant::OtherCase), "12345X");
    }

    #[test]
    fn the_token_and_what_is_made_from_it_are_redacted() {
        let (token, secrets) = (Token::new("gAAAAAB-77").unwrap(), Secrets::default());
        token.register_secrets(&secrets);
        let made = TokenVariant::ALL.into_iter().filter(|(_, shown)| shown.needs_token());
        for (name, shown) in made.chain([("good", TokenVariant::Good)]) {
            let text = format!("<p>no such token: {}</p>", token.shown_as(shown));
            let clean = secrets.redact_text(&text);
            assert!(clean.contains("[token]") && !clean.contains("AAAA"), "{name}: {clean}");
        }
        assert!(!format!("{token:?}").contains("gAAAA"));
    }

    #[test]
    fn what_a_header_cannot_hold_is_no_token() {
        assert!(Token::new(" \n").is_none());
        assert!(Token::new("two words").is_none());
        assert!(Token::new("zwölf").is_none());
    }
}
