//! The calls of a contract: what each does, and what must be known of it for that.

use indexmap::IndexMap;
use serde_json::Value;

use super::{Assessment, Contract, PathTemplate, QueryParameter};

/// A call: method and path, and what it does.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// HTTP method in capitals.
    pub method: String,
    /// Path template.
    pub path: PathTemplate,
    /// What the call does.
    pub effect: Effect,
    /// Media type of its request body, if it has one.
    pub media_type: Option<String>,
    /// Its answers by status, in the order of the contract.
    pub answers: IndexMap<u16, DocumentedResponse>,
}

/// What a call does to the resources that the API keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Makes a new one.
    Create,
    /// Tells one.
    Read,
    /// Tells several.
    List(Listing),
    /// Changes one, as [`Operation::change`] says.
    Update,
    /// Removes one; not in any of these states: `{protected: true}`.
    Delete(Vec<(String, Value)>),
    /// Tells how many there may be.
    Quota(Quota),
    /// Tells the rows of a table.
    Table(TableListing),
    /// Changes fields of one to these values, whatever is sent.
    Set(Vec<(String, Value)>),
    /// Adds the last parameter of its path to this field of one, a list.
    AddItem(String),
    /// Takes the last parameter of its path out of this field of one, a list.
    RemoveItem(String),
    /// Tells anybody the example of its answer.
    Fixed,
    /// Nothing that the contract needs to know.
    None,
}

/// How the body of a call that changes something says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As a JSON Patch (RFC 6902).
    Patch,
    /// By the fields that get another value (RFC 7386).
    Fields,
}

/// How a call lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Pointer to the list in the answer.
    pub items: String,
    /// Pointer to the path of the next page, if there are pages.
    pub next: Option<String>,
    /// The queries whose answers together hold everything.
    pub queries: Vec<String>,
    /// What a query can ask for, where that is described.
    pub parameters: Option<Vec<QueryParameter>>,
}

/// Where an answer tells the rows of a table of the suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableListing {
    /// The file of the table.
    pub file: String,
    /// Pointer to a row, with `*` for each item of an array: `/*/versions/*`.
    pub rows: String,
    /// The columns that are told, the first one of the table among them, each with a pointer into a row.
    pub columns: Vec<(String, String)>,
}

/// Where an answer tells how many resources there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Pointer to how many there may be.
    pub limit: String,
    /// Pointer to how many there are.
    pub used: String,
}

impl Operation {
    /// How its body says what is changed: by a JSON Patch where its media type is one or is not told.
    pub fn change(&self) -> Change {
        let is_patch = self.media_type.as_ref().is_none_or(|name| name.contains("json-patch"));
        if is_patch { Change::Patch } else { Change::Fields }
    }

    /// How it lists, if it does.
    pub fn listing(&self) -> Option<&Listing> {
        if let Effect::List(listing) = &self.effect { Some(listing) } else { None }
    }

    /// Where it tells how many there may be, if it does.
    pub fn quota(&self) -> Option<&Quota> {
        if let Effect::Quota(quota) = &self.effect { Some(quota) } else { None }
    }
}

impl Contract {
    /// What a request does, where the contract knows the call.
    pub fn effect(&self, method: &str, path: &str) -> Option<&Effect> {
        self.operation(method, path).map(|(index, _)| &self.operations[index].effect)
    }

    /// The call that lists, if there is one.
    pub fn list_operation(&self) -> Option<usize> {
        self.operations.iter().position(|operation| operation.listing().is_some())
    }

    /// The states in which what was created cannot be removed, each a field and its value.
    pub fn protected_states(&self) -> &[(String, Value)] {
        match &self.operations[self.creation.lifecycle.remove].effect {
            Effect::Delete(protected) => protected,
            _ => &[],
        }
    }
}

/// One documented answer.
#[derive(Clone, Debug)]
pub struct DocumentedResponse {
    /// What it means, and where the documentation says so.
    pub description: String,
    /// An example body with `{code}` and `{message}` for the stub to fill in.
    pub example: Option<Value>,
    /// The media type of the body, if it has one.
    pub media_type: Option<String>,
    /// The name of the schema of its body, where it refers to one.
    pub schema: Option<String>,
    /// Whether a run can provoke it.
    pub assessment: Assessment,
    /// Why it is left open whether it is right, where it is.
    pub open_because: Option<String>,
}
