//! What an API promises, read from `contract.yaml`: OpenAPI 3.1 and a few `x-` keywords.
//!
//! Everything that the engine knows of one API is in here. [`Contract::clauses`] is the ordered list from which the plan, the judge, the stub and the
//! report are derived.

mod behaviour;
mod clause;
mod clause_id;
mod envelope;
mod form;
mod limits;
mod locate;
mod mark;
mod nearest;
mod operation;
mod parameters;
mod path;
mod precision;
mod query;
mod read;
mod read_operation;
mod read_schema;
mod refusals;
mod relation;
mod rule;
mod schema;
mod security;
mod success;
mod table;
mod values;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

pub use behaviour::Misbehaviour;
pub use clause::{Clause, Clauses};
pub(crate) use clause_id::NOW_AND_THEN;
pub use clause_id::{ClauseId, Subject};
pub use envelope::Envelope;
pub use form::{Form, UnspecifiedForm};
pub(crate) use locate::locate;
pub use mark::Mark;
pub use operation::{Change, DocumentedResponse, Effect, Listing, Operation, Quota, TableListing};
pub(crate) use parameters::with_values;
pub use path::PathTemplate;
pub use precision::is_near;
pub use query::{QueryParameter, QueryPurpose, QueryType};
pub(crate) use read_schema::{named, read_field};
pub use relation::{Derived, Echo, Relation};
pub use rule::{Format, Notation, Rule, Type};
pub use schema::{At, Broken, Findings, Returns, Schema, Unambiguous, UnspecifiedAt, UnspecifiedValues};
pub use security::{Carrier, Scheme, Security};
pub use table::Table;
pub use values::{list, same, same_items};
pub(crate) use wire::{header_name, header_value};

use crate::document::{Node, SourceError};

/// A contract: one call that creates something, and the calls around it.
#[derive(Debug)]
pub struct Contract {
    /// Name of the API.
    pub title: String,
    /// The type under which a catalog lists the service, if it does.
    pub service_type: Option<String>,
    /// The values of what stands in braces in its paths, beside the id.
    pub parameters: BTreeMap<String, String>,
    /// Every call that the contract describes.
    pub operations: Vec<Operation>,
    /// The call under test.
    pub creation: Creation,
    /// How a caller proves who they are.
    pub security: Security,
    /// The testable rules by id, in the order of the contract.
    pub clauses: Clauses,
    /// The tables of the suite by file name.
    pub tables: HashMap<String, Arc<Table>>,
}

/// Whether a run can assess a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// A run over all cases does.
    Always,
    /// Only where an answer happens to have the field.
    WhenPresent,
    /// It cannot, for this reason.
    Never(String),
}

/// The call under test.
#[derive(Debug)]
pub struct Creation {
    /// Which of [`Contract::operations`] it is.
    pub operation: usize,
    /// What the request says of itself.
    pub description: String,
    /// Whether there must be a body.
    pub is_body_required: bool,
    /// The body.
    pub request: Schema,
    /// The code with which the service names a body that cannot be read.
    pub error_code: Option<String>,
    /// What is left open about the body as bytes: each form, as what a contract does not speak of is open too.
    pub open_forms: Vec<UnspecifiedForm>,
    /// The status of success; of several the one that the contract has first.
    pub created: u16,
    /// Every status of success.
    pub successes: Vec<u16>,
    /// The status that refuses what is wrong, where no rule names another one: 400, or 422 where the contract has no 400.
    pub refused: u16,
    /// The answer of success.
    pub response: Schema,
    /// The media type of the answer.
    pub media_type: String,
    /// How what was created is read, released and removed.
    pub lifecycle: Lifecycle,
    /// Statuses that say nothing about the contract.
    pub inconclusive: Inconclusive,
    /// The forms of an error's body, the more particular ones first.
    pub envelopes: Vec<Envelope>,
    /// What the prose promises beyond fields.
    pub behaviours: Vec<Behaviour>,
}

impl Creation {
    /// Whether the request or the answer lists a field of this name.
    pub fn lists(&self, name: &str) -> bool {
        self.request.properties.contains_key(name) || self.response.properties.contains_key(name)
    }
}

/// How to deal with what a call created; the `links` of its answer.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// Pointer to the id in the answer.
    pub id: String,
    /// The name that the id has in the paths of the other operations.
    pub parameter: String,
    /// The operation that reads it.
    pub read: usize,
    /// The operation that makes removing possible, with its body.
    pub release: Option<(usize, Value)>,
    /// The operation that removes it.
    pub remove: usize,
}

/// Statuses that say nothing about the contract.
#[derive(Clone, Debug, Default)]
pub struct Inconclusive {
    /// Whatever was asked; asked again, it may say more.
    pub any: Vec<u16>,
    /// Whatever was asked, as the answer of something between: a proxy, a firewall, a gateway that has lost the service.
    pub intermediary: Vec<u16>,
    /// As an answer to a request with a good credential.
    pub authorized: Vec<u16>,
    /// As an answer to a valid request.
    pub valid: Vec<u16>,
}

impl Inconclusive {
    /// Whether an answer with this status says nothing, whatever was asked.
    pub fn says_nothing(&self, status: u16) -> bool {
        self.any.contains(&status) || self.intermediary.contains(&status)
    }
}

/// A promise that no schema holds; shown by cases of several steps, and by what follows generated requests.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Its id without `behaviour.`.
    pub id: String,
    /// The promise in words.
    pub text: String,
    /// Where the documentation makes it.
    pub place: String,
    /// Ways to break it, for a stub that does, each with its name.
    pub defects: Vec<(String, Misbehaviour)>,
    /// What shows the promise on whatever a generated request created.
    pub follow_up: Option<FollowUpNodes>,
    /// Whether the clean-up shows it: what was deleted must not be found for ever.
    pub is_shown_by_removal: bool,
}

/// A follow-up as it stands in the contract. Its steps are those of a case, so that [`case`](crate::case::follow-ups()) reads them.
#[derive(Clone, Debug)]
pub struct FollowUpNodes {
    /// After probes of which phases.
    pub after: Node,
    /// What the request must have given.
    pub when: Option<Node>,
    /// The steps.
    pub then: Node,
}

impl Contract {
    /// Reads `contract.yaml`; `tables` are the tables beside it.
    pub fn read(node: &Node, tables: HashMap<String, Arc<Table>>) -> Result<Self, SourceError> {
        read::contract(node, tables)
    }

    /// The call under test.
    pub fn subject(&self) -> &Operation {
        &self.operations[self.creation.operation]
    }

    /// The operation that a request goes to, and the parameters in its path.
    pub fn operation<'a>(&self, method: &str, path: &'a str) -> Option<(usize, Vec<&'a str>)> {
        self.operations
            .iter()
            .enumerate()
            .filter(|(_, operation)| operation.method == method)
            .find_map(|(index, operation)| Some((index, operation.path.matches(path)?)))
    }

    /// What is open about a form.
    pub fn open_form(&self, form: Form) -> Option<&UnspecifiedForm> {
        self.creation.open_forms.iter().find(|open| open.form == form)
    }
}
