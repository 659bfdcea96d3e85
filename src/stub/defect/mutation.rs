//! What a defective server does to a field of its answer.

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

/// A change of one field.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::stub) enum Mutation {
    /// The field is not there.
    Remove,
    /// The field has this value.
    Set(Value),
    /// The field has another value of the same type.
    Perturb,
    /// The field is a time so many seconds from now.
    SecondsFromNow(i64),
    /// The field is now, in a time zone two hours east.
    LocalTime,
    /// The field differs from answer to answer.
    Counted,
}

impl Mutation {
    /// Changes the field in the answer with this number.
    pub(super) fn apply(&self, fields: &mut Map<String, Value>, name: &str, number: usize) {
        let value = match self {
            Self::Remove => {
                fields.shift_remove(name);
                return;
            }
            Self::Set(value) => value.clone(),
            Self::Perturb => mutated(fields.get(name)),
            Self::SecondsFromNow(seconds) => time(moment(fields.get(name)) + Duration::seconds(*seconds)),
            Self::LocalTime => {
                time(moment(fields.get(name)).to_offset(UtcOffset::from_hms(2, 0, 0).unwrap_or(UtcOffset::UTC)))
            }
            Self::Counted => json!(format!("number-{number}")),
        };
        fields.insert(name.to_owned(), value);
    }
}

/// The time that the field has, so that nothing but the mutation tells it from the others of the answer.
fn moment(value: Option<&Value>) -> OffsetDateTime {
    let stated = value.and_then(Value::as_str).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    stated.unwrap_or_else(OffsetDateTime::now_utc)
}

fn time(moment: OffsetDateTime) -> Value {
    Value::from(moment.replace_nanosecond(0).unwrap_or(moment).format(&Rfc3339).unwrap_or_default())
}

/// Another value of the same type.
pub(super) fn mutated(value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null) => json!("something"),
        Some(Value::Bool(value)) => json!(!value),
        Some(Value::Number(number)) => number.as_i64().map_or(json!(7), |number| json!(number ^ 1)),
        Some(Value::String(text)) => json!(format!("{text}x")),
        Some(Value::Array(items)) if items.is_empty() => json!(["stray=tag"]),
        Some(Value::Array(items)) => Value::Array(items[1..].to_vec()),
        Some(Value::Object(_)) => json!({"stray": 1}),
    }
}
