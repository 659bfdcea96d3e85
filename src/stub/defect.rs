//! Defects: named ways in which the stub breaks one clause, derived from the contract, to test the harness with.

use crate::contract::ClauseId;
mod condition;
mod derive;
mod fault;
mod leniency;
mod misreading;
mod mutation;

pub use derive::defects;
pub(super) use fault::Fault;

/// A way to break one clause.
#[derive(Clone, Debug)]
pub struct Defect {
    /// The clause and the way: `request.min_disk.maximum:one-above`.
    pub name: String,
    /// The clause that is broken.
    pub clause: ClauseId,
    /// What tells the finding apart from others of the clause, where it can be said: the fields over which a valid request is refused.
    pub cause: String,
    /// What the server does, in words.
    pub text: String,
    /// Clauses, or beginnings of them, that are broken with it: they say the same of another case, or need what it spoils.
    pub follows: Vec<String>,
    pub(super) fault: Fault,
}
