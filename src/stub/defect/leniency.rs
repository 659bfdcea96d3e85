//! What of the requests that break a clause a lax server lets pass.

use serde_json::Value;

use crate::contract::Type;
use crate::exchange::Request;

/// Which of the requests that break a clause a lax server accepts.
#[derive(Clone, Debug)]
pub(in crate::stub) enum Leniency {
    /// All.
    Anything,
    /// Values of this type.
    OfType(Type),
    /// This number.
    Equals(i64),
    /// Numbers that are spelled with a fraction or an exponent.
    Float,
    /// Numbers that are close to a whole one.
    NearInteger,
    /// Texts of this many characters.
    OfLength(u64),
    /// Texts that differ from one of these in their case only.
    OtherCase(Vec<Value>),
    /// Texts that differ from one of these in outer spaces only.
    OuterSpace(Vec<Value>),
    /// Texts that one of these begins with.
    Prefix(Vec<Value>),
    /// Bodies in which this occurs.
    Contains(&'static str),
    /// Bodies that begin with one of these letters.
    BeginsWith(&'static str),
}

impl Leniency {
    pub(super) fn covers(&self, value: Option<&Value>, request: &Request) -> bool {
        let text = value.and_then(Value::as_str);
        let body = request.body.as_deref().unwrap_or_default();
        let any = |values: &[Value], alike: &dyn Fn(&str, &str) -> bool| {
            text.is_some_and(|text| values.iter().filter_map(Value::as_str).any(|value| alike(value, text)))
        };
        match self {
            Self::Anything => true,
            Self::OfType(kind) => value.is_some_and(|value| kind.holds(value)),
            Self::Equals(number) => value.and_then(Value::as_i64) == Some(*number),
            Self::Float => value.is_some_and(Value::is_f64),
            Self::NearInteger => {
                value.and_then(Value::as_f64).is_some_and(|number| (number - number.round()).abs() < 0.002)
            }
            Self::OfLength(length) => text.is_some_and(|text| text.chars().count() as u64 == *length),
            Self::OtherCase(values) => any(values, &|value, text| value.eq_ignore_ascii_case(text)),
            Self::OuterSpace(values) => any(values, &|value, text| value == text.trim()),
            Self::Prefix(values) => any(values, &|value, text| value.starts_with(text)),
            Self::Contains(part) => body.windows(part.len()).any(|window| window == part.as_bytes()),
            Self::BeginsWith(letters) => body
                .iter()
                .find(|byte| !byte.is_ascii_whitespace())
                .is_some_and(|first| letters.as_bytes().contains(first)),
        }
    }
}
