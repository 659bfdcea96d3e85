//! What careless systems take a text for, and what then becomes of it.

use serde_json::Value;

/// A way to take a text for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stub) enum Misreading {
    Number,
    LeadingZeros,
    Boolean,
    Nothing,
    Identifier,
    Date,
    Address,
    Path,
    UrlEncoding,
    HtmlEncoding,
    Base64,
    Quotes,
    Format,
    Query,
    CardNumber,
    DomainLabel,
    Placeholder,
    Joined,
    Repeats,
    SignAtEnd(char),
    SignWithin(char),
    Length(usize),
}

impl Misreading {
    /// Every way, with its name in a defect.
    pub(in crate::stub) const ALL: [(&'static str, Self); 28] = [
        ("number", Self::Number),
        ("leading-zeros", Self::LeadingZeros),
        ("boolean", Self::Boolean),
        ("nothing", Self::Nothing),
        ("identifier", Self::Identifier),
        ("date", Self::Date),
        ("address", Self::Address),
        ("path", Self::Path),
        ("url-encoding", Self::UrlEncoding),
        ("html-encoding", Self::HtmlEncoding),
        ("base64", Self::Base64),
        ("quotes", Self::Quotes),
        ("format", Self::Format),
        ("query", Self::Query),
        ("card-number", Self::CardNumber),
        ("domain-label", Self::DomainLabel),
        ("placeholder", Self::Placeholder),
        ("joining-signs", Self::Joined),
        ("repeats", Self::Repeats),
        ("dash-at-end", Self::SignAtEnd('-')),
        ("z-at-end", Self::SignAtEnd('Z')),
        ("plus-at-end", Self::SignAtEnd('+')),
        ("underscore-within", Self::SignWithin('_')),
        ("q-within", Self::SignWithin('q')),
        ("ampersand-within", Self::SignWithin('&')),
        ("5-signs", Self::Length(5)),
        ("17-signs", Self::Length(17)),
        ("33-signs", Self::Length(33)),
    ];

    /// Whether some of the texts are of letters, digits and dashes, which nobody forbids.
    pub(in crate::stub) fn is_of_plain_texts(self) -> bool {
        use Misreading::{
            Boolean, CardNumber, Date, DomainLabel, Identifier, LeadingZeros, Nothing, Placeholder, Query, SignAtEnd,
        };
        let is_number = matches!(self, LeadingZeros | Date | CardNumber);
        let is_word = matches!(self, Boolean | Nothing | Identifier | DomainLabel | Placeholder | Query);
        is_number || is_word || self == SignAtEnd('-')
    }

    /// A text that is misread so.
    pub(in crate::stub) fn sample(self) -> String {
        let text = match self {
            Self::Number => "1.50",
            Self::LeadingZeros => "007",
            Self::Boolean => "true",
            Self::Nothing => "null",
            Self::Identifier => "7f3a9c52-6f0e-4d1b-9a4e-2b8c5d6e7f01",
            Self::Date => "2016-06-02",
            Self::Address => "10.0.0.1",
            Self::Path => "..",
            Self::UrlEncoding => "%41",
            Self::HtmlEncoding => "&amp;",
            Self::Base64 => "aGVsbG8",
            Self::Quotes => "'a'",
            Self::Format => "%s",
            Self::Query => "script",
            Self::CardNumber => "4111111111111111",
            Self::DomainLabel => "xn--bcher-kva",
            Self::Placeholder => "__id__",
            Self::Joined => "\u{2764}\u{fe0f}",
            Self::Repeats => "a--b",
            Self::SignAtEnd(sign) => return format!("a{sign}"),
            Self::SignWithin(sign) => return format!("a{sign}a"),
            Self::Length(length) => return "a".repeat(length),
        };
        text.to_owned()
    }

    /// What becomes of a text; `None` where it is taken for what it is.
    pub(in crate::stub) fn of(self, text: &str) -> Option<String> {
        let lower = text.to_lowercase();
        let is_one_of = |words: &[&str]| words.contains(&lower.as_str());
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let changed = match self {
            Self::Number => text.parse::<f64>().ok().filter(|number| number.is_finite())?.to_string(),
            Self::LeadingZeros if is_digits && text.len() > 1 => text.trim_start_matches('0').to_owned(),
            Self::Boolean if is_one_of(&["true", "yes", "on"]) => "1".to_owned(),
            Self::Nothing if is_one_of(&["null", "none", "nan", "nil", "undefined"]) => String::new(),
            Self::Identifier if uuid::Uuid::parse_str(text).is_ok() => text.to_uppercase() + "0",
            Self::Date if is_date(text) => text.replace('-', "/"),
            Self::Address if text.split('.').filter(|part| part.parse::<u8>().is_ok()).count() == 4 => {
                format!("{text}/32")
            }
            Self::Path if text.contains("..") || text.contains('/') => text.replace("..", "").replace('/', ""),
            Self::UrlEncoding => replaced(text, &[("%20", " "), ("%41", "A"), ("%25", "%"), ("+", " ")])?,
            Self::HtmlEncoding => replaced(text, &[("&amp;", "&"), ("&lt;", "<"), ("<", "&lt;")])?,
            Self::Base64 if text == "aGVsbG8" || text == "dGVzdA==" => "hello".to_owned(),
            Self::Quotes if text.len() > 1 && text.starts_with(['"', '\'']) => {
                text.trim_matches(['"', '\'']).to_owned()
            }
            Self::Format => replaced(text, &[("%s", "None"), ("{0}", ""), ("${a}", "")])?,
            Self::Query if is_one_of(&["select", "drop table", "script", "union select"]) => "blocked".to_owned(),
            Self::CardNumber if is_digits && text.len() == 16 => format!("************{}", &text[12..]),
            Self::DomainLabel if lower.starts_with("xn--") => text[4..].to_owned(),
            Self::Placeholder => replaced(text, &[("__id__", "7"), ("__name__", "a")])?,
            // What joins signs, or says how they look, is nothing to see by itself.
            Self::Joined => replaced(text, &[("\u{fe0f}", ""), ("\u{200d}", "")])?,
            Self::Repeats => replaced(text, &[("--", "-"), ("__", "_"), ("  ", " ")])?,
            Self::SignAtEnd(sign) if text.len() > 1 && text.ends_with(sign) => text.trim_end_matches(sign).to_owned(),
            Self::SignWithin(sign) if text.chars().skip(1).any(|each| each == sign) => text.replace(sign, ""),
            Self::Length(length) if text.chars().count() == length => text.chars().skip(1).collect(),
            _ => return None,
        };
        (changed != text).then_some(changed)
    }

    /// A text, or an array with those of its texts, or of their parts, that are taken for something else, as what they are taken for.
    pub(super) fn of_value(self, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) => self.of(text).map(Value::from),
            Value::Array(items) => {
                let part = |part: &str| self.of(part).unwrap_or_else(|| part.to_owned());
                let item = |item: &Value| match item {
                    Value::String(text) => Value::from(text.split('=').map(part).collect::<Vec<_>>().join("=")),
                    other => other.clone(),
                };
                let changed: Vec<Value> = items.iter().map(item).collect();
                (changed != *items).then_some(Value::Array(changed))
            }
            _ => None,
        }
    }
}

/// A text with each of these parts in another form; `None` where it has none of them.
fn replaced(text: &str, parts: &[(&str, &str)]) -> Option<String> {
    let (from, to) = parts.iter().find(|(from, _)| text.contains(from))?;
    Some(text.replacen(from, to, 1))
}

fn is_date(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(|part| part.parse::<u16>().ok()).collect();
    matches!(parts[..], [Some(1900..=2100), Some(1..=12), Some(1..=31)])
}

#[cfg(test)]
mod tests {
    use super::Misreading;

    #[test]
    fn every_sample_is_misread_and_an_ordinary_text_is_not() {
        for (way, misreading) in Misreading::ALL {
            assert!(misreading.of(&misreading.sample()).is_some(), "{way}");
            assert_eq!(misreading.of("an image \u{e4}"), None, "{way}");
        }
    }
}
