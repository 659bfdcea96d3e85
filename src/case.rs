//! A case: one file that says what to send and what must come back.
//!
//! Parsing is strict: what is unknown, unused or contradicts the contract is an error with its place. A case with rows becomes one probe a row.

mod answerable;
mod answered;
mod braces;
mod check;
mod curl;
mod draft;
mod expect;
mod follow_up;
mod read;
mod rows;
mod step;
mod write;

pub use curl::{FromCurl, NoCase, NoHar, Recorded, from_curl, from_har};
pub use draft::draft;
pub use follow_up::follow_ups;
pub use write::{CaseFile, write, write_steps};

use crate::contract::{ClauseId, Contract};
use crate::document::{Node, SourceError};
use crate::probe::Probe;

/// One case file.
#[derive(Clone, Debug)]
pub struct Case {
    /// Path within the suite, without `.yaml`.
    pub id: String,
    /// What the case shows, in words.
    pub title: String,
    /// What else its author says of it; `None` where the title says all.
    pub description: Option<String>,
    /// Why no run performs it for now; `None` where runs do.
    pub skip: Option<String>,
    /// The clauses that it shows.
    pub clauses: Vec<ClauseId>,
    /// What kind of case the file name says it is.
    pub verb: Verb,
    /// One probe, or one for each row.
    pub probes: Vec<Probe>,
}

/// The first word of a case's file name, which says what the file must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A valid request is answered with success.
    Accepts,
    /// A field that is left out gets its default.
    DefaultsTo,
    /// A field of the answer follows from a field of the request.
    Derives,
    /// A field comes back as it was given.
    Echoes,
    /// An invalid request is refused.
    Rejects,
    /// Something that every answer, or every call, must have.
    Requires,
    /// A promise of the prose, shown in several steps.
    Keeps,
}

impl Verb {
    /// Every verb, with its word.
    pub const ALL: [(&'static str, Self); 7] = [
        ("accepts", Self::Accepts),
        ("defaults_to", Self::DefaultsTo),
        ("derives", Self::Derives),
        ("echoes", Self::Echoes),
        ("rejects", Self::Rejects),
        ("requires", Self::Requires),
        ("keeps", Self::Keeps),
    ];

    /// The verb of a case's id.
    fn of(id: &str) -> Option<Self> {
        let name = id.rsplit('/').next().unwrap_or_default();
        let verb = Self::ALL
            .iter()
            .find(|(word, _)| name.strip_prefix(word).is_some_and(|rest| rest.len() > 1 && rest.starts_with('_')));
        verb.map(|(_, verb)| *verb)
    }
}

impl Case {
    /// Reads one case; `id` is its path without the ending.
    pub fn read(contract: &Contract, id: &str, node: &Node) -> Result<Self, SourceError> {
        let case = read::case(contract, id, node)?;
        check::case(contract, &case, node)?;
        Ok(case)
    }
}
