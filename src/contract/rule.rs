//! The keywords of JSON Schema that a value can break on its own, and what each of them says.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Number, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Table;
use super::values::{are_distinct, are_unique, float, is_multiple, is_whole, length, list, same, size};

/// The JSON types a schema can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number without a fraction; `1.0` is one, as JSON Schema has it.
    Integer,
    /// Any number.
    Number,
    /// A text.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Type {
    /// Every type, with its name in a schema.
    pub const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    /// Whether a value is of this type.
    pub fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Integer, Value::Number(number)) => is_whole(number),
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            _ => false,
        }
    }

    /// The name in a schema.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// Digits only: `100`.
    Integer,
    /// With a fraction or an exponent: `100.0`, `1e2`, and `-0`.
    Decimal,
}

/// The formats of texts that a contract can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339.
    DateTime,
    /// RFC 4122, with hyphens.
    Uuid,
}

/// One keyword of a schema with its value.
#[derive(Clone, Debug)]
pub enum Rule {
    /// `readOnly`: only answers have the field, no request may give it.
    ReadOnly,
    /// `additionalProperties: false`: no request may give a field that is not listed.
    Unlisted,
    /// `type`: one of these types.
    Type(Vec<Type>),
    /// `enum`: one of these values.
    Enum(Vec<Value>),
    /// `const`: this value.
    Const(Value),
    /// `x-table`: a cell of this column.
    Table(Arc<Table>, usize),
    /// `minLength`, in characters.
    MinLength(u64),
    /// `maxLength`, in characters.
    MaxLength(u64),
    /// `pattern`, found anywhere in the text.
    Pattern(Regex),
    /// `format`.
    Format(Format),
    /// `minimum`.
    Minimum(Number),
    /// `maximum`.
    Maximum(Number),
    /// `exclusiveMinimum`.
    ExclusiveMinimum(Number),
    /// `exclusiveMaximum`.
    ExclusiveMaximum(Number),
    /// `multipleOf`.
    MultipleOf(Number),
    /// `minItems`.
    MinItems(u64),
    /// `maxItems`.
    MaxItems(u64),
    /// `uniqueItems`.
    UniqueItems,
    /// `x-written`: how the number is written.
    Written(Notation),
    /// `x-distinct-by`: what the pattern finds in each item differs from item to item.
    DistinctBy(Regex),
}

impl Rule {
    /// The keyword, which ends a clause's id.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::Unlisted => "additionalProperties",
            Self::Type(_) => "type",
            Self::Enum(_) => "enum",
            Self::Const(_) => "const",
            Self::Table(..) => "table",
            Self::MinLength(_) => "minLength",
            Self::MaxLength(_) => "maxLength",
            Self::Pattern(_) => "pattern",
            Self::Format(_) => "format",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
            Self::ExclusiveMinimum(_) => "exclusiveMinimum",
            Self::ExclusiveMaximum(_) => "exclusiveMaximum",
            Self::MultipleOf(_) => "multipleOf",
            Self::MinItems(_) => "minItems",
            Self::MaxItems(_) => "maxItems",
            Self::UniqueItems => "uniqueItems",
            Self::Written(_) => "written",
            Self::DistinctBy(_) => "distinct-by",
        }
    }

    /// Whether a value keeps the rule. A rule about texts says nothing about numbers, and so on, as in JSON Schema.
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::ReadOnly | Self::Unlisted, _) => false,
            (Self::Type(types), _) => types.iter().any(|each| each.holds(value)),
            (Self::Enum(values), _) => values.iter().any(|each| same(each, value)),
            (Self::Const(expected), _) => same(expected, value),
            (Self::Table(table, column), Value::String(text)) => table.cells(*column).any(|cell| cell == text),
            (Self::MinLength(limit), Value::String(text)) => length(text) >= *limit,
            (Self::MaxLength(limit), Value::String(text)) => length(text) <= *limit,
            (Self::Pattern(pattern), Value::String(text)) => pattern.is_match(text),
            (Self::Format(format), Value::String(text)) => format.holds(text),
            (Self::Minimum(limit), Value::Number(number)) => float(number) >= float(limit),
            (Self::Maximum(limit), Value::Number(number)) => float(number) <= float(limit),
            (Self::ExclusiveMinimum(limit), Value::Number(number)) => float(number) > float(limit),
            (Self::ExclusiveMaximum(limit), Value::Number(number)) => float(number) < float(limit),
            (Self::MultipleOf(unit), Value::Number(number)) => is_multiple(number, unit),
            (Self::MinItems(limit), Value::Array(items)) => items.len() as u64 >= *limit,
            (Self::MaxItems(limit), Value::Array(items)) => items.len() as u64 <= *limit,
            (Self::UniqueItems, Value::Array(items)) => are_unique(items),
            (Self::Written(notation), Value::Number(number)) => number.is_f64() == (*notation == Notation::Decimal),
            (Self::DistinctBy(pattern), Value::Array(items)) => are_distinct(pattern, items),
            _ => true,
        }
    }

    /// How far a value is from the limit that the rule sets; `None` where the rule is no limit, or none of such values.
    pub fn distance(&self, value: &Value) -> Option<f64> {
        let limit = match self {
            Self::Minimum(limit)
            | Self::Maximum(limit)
            | Self::ExclusiveMinimum(limit)
            | Self::ExclusiveMaximum(limit) => float(limit),
            Self::MinLength(limit) | Self::MaxLength(limit) | Self::MinItems(limit) | Self::MaxItems(limit) => {
                float(&(*limit).into())
            }
            _ => return None,
        };
        Some((size(value)? - limit).abs())
    }

    /// What the rule says of a value, as the end of a sentence: "is at most 1024".
    pub fn text(&self) -> String {
        match self {
            Self::ReadOnly => "is not given, as it is read-only".to_owned(),
            Self::Unlisted => "is not given, as it is not listed".to_owned(),
            Self::Type(types) => {
                let names: Vec<_> = types.iter().map(|each| each.name()).collect();
                format!("is of type {}", names.join(" or "))
            }
            Self::Enum(values) => format!("is one of {}", list(values)),
            Self::Const(value) => format!("is {value}"),
            Self::Table(table, column) => {
                format!(
                    "is one of the {} values in column {} of {}",
                    table.rows().len(),
                    table.columns()[*column],
                    table.file
                )
            }
            Self::MinLength(limit) => format!("has at least {} character{}", limit, plural(*limit)),
            Self::MaxLength(limit) => format!("has at most {} character{}", limit, plural(*limit)),
            Self::Pattern(pattern) => format!("matches {pattern}"),
            Self::Format(Format::DateTime) => "is a date and time of RFC 3339".to_owned(),
            Self::Format(Format::Uuid) => "is a UUID".to_owned(),
            Self::Minimum(limit) => format!("is at least {limit}"),
            Self::Maximum(limit) => format!("is at most {limit}"),
            Self::ExclusiveMinimum(limit) => format!("is more than {limit}"),
            Self::ExclusiveMaximum(limit) => format!("is less than {limit}"),
            Self::MultipleOf(unit) => format!("is a multiple of {unit}"),
            Self::MinItems(limit) => format!("has at least {} item{}", limit, plural(*limit)),
            Self::MaxItems(limit) => format!("has at most {} item{}", limit, plural(*limit)),
            Self::UniqueItems => "has no item twice".to_owned(),
            Self::Written(Notation::Integer) => "is written with digits only".to_owned(),
            Self::Written(Notation::Decimal) => "is written with a fraction or an exponent".to_owned(),
            Self::DistinctBy(pattern) => format!("has items that differ in what {pattern} finds"),
        }
    }
}

impl Format {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::DateTime => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
            Self::Uuid => text.len() == 36 && uuid::Uuid::parse_str(text).is_ok(),
        }
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use serde_json::{Number, json};

    use super::{Format, Notation, Rule, Type, same};

    #[test]
    fn rules_hold_and_break_where_they_say() {
        let distinct = || Rule::DistinctBy(Regex::new("^[^=]*").unwrap());
        let table = [
            (Rule::Type(vec![Type::Integer]), json!(100.0), true),
            (Rule::Type(vec![Type::Integer]), json!(100.5), false),
            (Rule::Type(vec![Type::Boolean]), json!("true"), false),
            (Rule::MultipleOf(5.into()), json!(9_223_372_036_854_775_808_u64), false),
            (Rule::MultipleOf(8.into()), json!(9_223_372_036_854_775_808_u64), true),
            (Rule::MultipleOf(5.into()), json!(18_446_744_073_709_551_616.0), false),
            (Rule::MultipleOf(5.into()), json!(1e20), true),
            (Rule::MaxLength(2), json!("\u{1F600}\u{1F600}"), true),
            (Rule::MaxLength(2), json!("abc"), false),
            (Rule::MaxLength(2), json!(12345), true),
            (Rule::Minimum(1.into()), json!(0), false),
            (Rule::Maximum(1024.into()), json!(1024), true),
            (Rule::Maximum(1024.into()), json!(1025), false),
            (Rule::ExclusiveMinimum(1.into()), json!(1), false),
            (Rule::ExclusiveMinimum(1.into()), json!(1.5), true),
            (Rule::ExclusiveMaximum(1.into()), json!(1.0), false),
            (Rule::MultipleOf(4.into()), json!(8), true),
            (Rule::MultipleOf(4.into()), json!(8.5), false),
            (Rule::MultipleOf(Number::from_f64(0.01).unwrap()), json!(0.07), true),
            (Rule::MultipleOf(Number::from_f64(0.01).unwrap()), json!(0.075), false),
            (Rule::UniqueItems, json!([1, "1", 2]), true),
            (Rule::UniqueItems, json!([1, 2, 1.0]), false),
            (Rule::MinItems(1), json!([]), false),
            (Rule::Written(Notation::Decimal), json!(-0.0), true),
            (Rule::Written(Notation::Decimal), json!(7), false),
            (Rule::Format(Format::Uuid), json!("4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86"), true),
            (Rule::Format(Format::Uuid), json!("4ca46bf15c6148ffb4f30ad4e5e3ba86"), false),
            (Rule::Format(Format::DateTime), json!("2016-06-02T07:49:48Z"), true),
            (Rule::Format(Format::DateTime), json!("2016-06-02 07:49:48"), false),
            (distinct(), json!(["a=1", "b=1"]), true),
            (distinct(), json!(["a=1", "a=2"]), false),
        ];
        for (rule, value, expected) in table {
            assert_eq!(rule.holds(&value), expected, "{value} {}", rule.text());
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        assert!(same(&json!([100]), &json!([100.0])));
        assert!(same(&json!(-0.0), &json!(0)));
        assert!(!same(&json!(100), &json!("100")));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
    }
}
