//! What a request gave, and in which ways it may come back other than unchanged.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{Body, Classification, Unspecified};
use crate::contract::{Form, Returns, Schema, is_near, same, same_items};

/// What the request gave, as far as it is known.
pub(super) struct SentFields<'a> {
    value: Option<&'a Value>,
    classification: &'a Classification<'a>,
}

/// What the request gave for one field.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    /// The body does not tell.
    Unknown,
    /// Nothing.
    Absent,
    /// A value that must be taken.
    Plain(&'a Value),
    /// A value that the documentation leaves open.
    Open { value: &'a Value, title: &'a str, because: &'a str },
}

impl<'a> SentFields<'a> {
    pub(super) fn of(classification: &'a Classification<'a>, body: &'a Body) -> Self {
        // Readers may take a body of an open form for another one; only a parameter of its header changes nothing in it.
        let is_plain = body.forms.iter().all(|form| *form == Form::MediaTypeParameter);
        Self { value: body.value.as_ref().filter(|_| is_plain), classification }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.value.and_then(Value::as_object).into_iter().flat_map(|fields| fields.keys().map(String::as_str))
    }

    pub(super) fn field(&self, name: &str) -> Field<'a> {
        let Some(fields) = self.value.and_then(Value::as_object) else { return Field::Unknown };
        let Some(value) = fields.get(name) else { return Field::Absent };
        match self.open(name).next() {
            Some(open) => Field::Open { value, title: open.title, because: open.because },
            None => Field::Plain(value),
        }
    }

    /// What is open about a field, its items included.
    fn open(&self, name: &str) -> impl Iterator<Item = &'a Unspecified<'a>> {
        self.classification.open.iter().filter(move |open| open.value.is_some_and(|inner| inner.at.field == Some(name)))
    }

    /// The ways in which a field may come back: those of all that is open about it.
    pub(super) fn returns(&self, name: &str) -> Vec<Returns> {
        self.open(name)
            .filter_map(|open| open.value)
            .flat_map(|inner| inner.unspecified.returns.iter().copied())
            .collect()
    }
}

impl SentFields<'_> {
    /// Whether what an answer says of a field follows from what was sent, so that later answers must say it too. What a service makes of a value that is left
    /// open is its own matter, and so is how it tells that.
    pub(super) fn explain(&self, name: &str, schema: &Schema, got: &Value) -> bool {
        match self.field(name) {
            Field::Unknown => false,
            Field::Absent | Field::Plain(_) => schema.relation("derived").is_none(),
            Field::Open { value, .. } => {
                schema.relation("echo").is_some() && (same(value, got) || same_items(value, got))
            }
        }
    }

    /// Whether a value that is left open is read back in a way in which it may come back.
    pub(super) fn allow_read_back(&self, name: &str, before: &Value, now: &Value, request: &Schema) -> bool {
        let is_open = matches!(self.field(name), Field::Open { .. });
        // Where a null came back as it was, a later answer may have what it stands for.
        let stands_for_default =
            || before.is_null() && request.default.as_ref().is_some_and(|default| same(default, now));
        let is_granted = || way_back(before, now, &self.returns(name), request).is_some();
        is_open && (is_as_precise(before, now) || stands_for_default() || is_granted())
    }
}

/// How an open value came back, if it did so in a way that the contract grants.
pub(super) fn way_back(given: &Value, got: &Value, returns: &[Returns], request: &Schema) -> Option<&'static str> {
    let can = |way| returns.contains(&way);
    let is_default = || request.default.as_ref().is_none_or(|default| same(default, got));
    if can(Returns::Default) && given.is_null() && is_default() {
        return Some("came back as the default");
    }
    let is_alike = |left: &Value, right: &Value| same(left, right) || same_items(left, right);
    if can(Returns::Trimmed) && is_alike(&trimmed(given), &trimmed(got)) {
        return Some("came back without outer spaces");
    }
    let (given, got) =
        if can(Returns::Trimmed) { (trimmed(given), trimmed(got)) } else { (given.clone(), got.clone()) };
    (can(Returns::Merged) && is_merged(&given, &got, request)).then_some("came back merged")
}

fn trimmed(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.trim()),
        Value::Array(items) => Value::Array(items.iter().map(trimmed).collect()),
        other => other.clone(),
    }
}

/// Whether `got` holds only items of `given`, and one for each of its keys: what the schema says must differ, else the whole item.
fn is_merged(given: &Value, got: &Value, request: &Schema) -> bool {
    let (Some(given), Some(got)) = (given.as_array(), got.as_array()) else { return false };
    let key = |item: &Value| match (request.distinct_by(), item.as_str()) {
        (Some(pattern), Some(text)) => pattern.find(text).map_or_else(String::new, |found| found.as_str().to_owned()),
        _ => item.to_string(),
    };
    let keys = |items: &[Value]| items.iter().map(key).collect::<BTreeSet<_>>();
    got.iter().all(|item| given.iter().any(|other| same(item, other))) && keys(given) == keys(got)
}

/// Whether two numbers, or numbers that stand alike in two values, are the same to a reader that keeps few digits.
pub(super) fn is_as_precise(given: &Value, got: &Value) -> bool {
    matches!((given, got), (Value::Number(given), Value::Number(got)) if is_near(given, got))
}

/// Whether a text, or the texts of an array, came back in another Unicode normal form: the same letters, in other bytes.
pub(super) fn is_in_other_form(given: &Value, got: &Value) -> bool {
    let forms: [fn(&str) -> String; 4] = [
        |text| text.nfc().collect(),
        |text| text.nfd().collect(),
        |text| text.nfkc().collect(),
        |text| text.nfkd().collect(),
    ];
    if same(given, got) || given.is_array() && same_items(given, got) {
        return false;
    }
    let is_plain = |value: &Value| value.as_str().is_none_or(str::is_ascii);
    match (given, got) {
        (Value::String(given), Value::String(got)) => !given.is_ascii() && forms.iter().any(|form| form(given) == *got),
        (Value::Array(items), Value::Array(_)) if !items.iter().all(is_plain) => {
            let formed = |form: &fn(&str) -> String, item: &Value| match item {
                Value::String(text) => Value::from(form(text)),
                other => other.clone(),
            };
            forms.iter().any(|form| same_items(&items.iter().map(|item| formed(form, item)).collect(), got))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_in_other_form;

    #[test]
    fn normal_forms_are_the_same_letters_in_other_bytes() {
        for (given, got) in [
            (json!("caf\u{e9}"), json!("cafe\u{301}")),
            (json!("cafe\u{301}"), json!("caf\u{e9}")),
            (json!("\u{fb01}le"), json!("file")),
            (json!(["a", "\u{e9}=1"]), json!(["e\u{301}=1", "a"])),
        ] {
            assert!(is_in_other_form(&given, &got), "{given} {got}");
        }
        for (given, got) in [
            (json!("caf\u{e9}"), json!("cafe")),
            (json!("caf\u{e9}"), json!("caf\u{e9}")),
            (json!(["\u{e9}", "a"]), json!(["a", "\u{e9}"])),
            (json!("\u{e4}"), json!("\u{c4}")),
            (json!("file"), json!("\u{fb01}le")),
            (json!(["\u{e9}"]), json!([])),
            (json!(7), json!("7")),
        ] {
            assert!(!is_in_other_form(&given, &got), "{given} {got}");
        }
    }
}
