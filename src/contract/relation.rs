//! What a field of the response owes to the request, to other fields, or to the whole run.

use std::sync::Arc;

use serde_json::Value;

use super::{Table, same};

/// A rule that a value alone cannot break.
#[derive(Clone, Debug)]
pub enum Relation {
    /// `x-echo`: the request's value comes back, or its default.
    Echo(Echo),
    /// `x-derived`: a table gives the value for what another field of the request says.
    Derived(Derived),
    /// `x-template`: a text with `{field}` for other fields of the response.
    Template(String),
    /// `x-not-before`: a time that is not before the one in the named field.
    NotBefore(String),
    /// `x-near-now`: a time within so many seconds of now, by our clock or by the target's.
    NearNow(u64),
    /// `x-unique`: never the same twice in a run.
    Unique,
    /// `x-same-for-caller`: always the same in a run.
    SameForCaller,
}

/// How a value comes back.
#[derive(Clone, Debug, Default)]
pub struct Echo {
    /// Whether the order of an array says nothing.
    pub as_set: bool,
    /// Values that may come back as another value.
    pub also: Vec<(Value, Vec<Value>)>,
    /// Why they may.
    pub because: String,
}

/// How a value follows from another field of the request.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The field of the request.
    pub from: String,
    /// The table, keyed by its first column.
    pub table: Arc<Table>,
    /// Which column gives the value.
    pub column: usize,
    /// What is right where the table has no row: for the default.
    pub otherwise: Vec<Value>,
}

impl Relation {
    /// The keyword without its `x-`, which ends a clause's id.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Echo(_) => "echo",
            Self::Derived(_) => "derived",
            Self::Template(_) => "template",
            Self::NotBefore(_) => "not-before",
            Self::NearNow(_) => "near-now",
            Self::Unique => "unique",
            Self::SameForCaller => "same-for-caller",
        }
    }

    /// What the relation says, as the end of a sentence.
    pub fn text(&self) -> String {
        match self {
            Self::Echo(echo) if echo.as_set => "has the items of the request, in any order".to_owned(),
            Self::Echo(_) => "has the value of the request".to_owned(),
            Self::Derived(derived) => {
                format!(
                    "follows from {} by column {} of {}",
                    derived.from,
                    derived.table.columns()[derived.column],
                    derived.table.file
                )
            }
            Self::Template(template) => format!("is {template}"),
            Self::NotBefore(field) => format!("is not before {field}"),
            Self::NearNow(seconds) => format!("is within {} minutes of now", seconds / 60),
            Self::Unique => "is never the same twice".to_owned(),
            Self::SameForCaller => "is the same for every call of one caller".to_owned(),
        }
    }
}

impl Echo {
    /// The other values as which this one may come back.
    pub fn also(&self, given: &Value) -> &[Value] {
        self.also.iter().find(|(each, _)| same(each, given)).map_or(&[], |(_, also)| also.as_slice())
    }
}

impl Derived {
    /// The values that are right for what the request says; `None` where nothing can be said.
    pub fn expected(&self, given: &Value) -> Option<Vec<Value>> {
        let Value::String(text) = given else { return None };
        Some(match self.table.row(text) {
            Some(row) => row[self.column].split('|').map(Value::from).collect(),
            None => self.otherwise.clone(),
        })
    }
}
