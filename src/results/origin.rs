//! What a report says of the suite that it speaks of: its name, its version, and where in its files each clause and each case stands.

use std::path::Path;

use super::coverage::Coverage;
use crate::contract::{Clause, ClauseId, locate};
use crate::suite::Suite;

/// The suite of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteName {
    /// Its name.
    pub name: String,
    /// The version that the contract gives itself; empty where it gives none.
    pub version: String,
    /// The folder of its files, as it was named, with a slash at its end.
    pub folder: String,
}

/// One clause of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseRow {
    /// Its id.
    pub clause: ClauseId,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// The file of the contract.
    pub file: String,
    /// The line of the file, from 1, in which the clause is made.
    pub line: usize,
    /// How many probes assessed it.
    pub probes: usize,
}

impl SuiteName {
    pub(super) fn of(suite: &Suite) -> Self {
        let version = suite.source.get("info").and_then(|info| info.get("version")?.scalar()).unwrap_or_default();
        let folder = Path::new(suite.source.file()).parent().map(|folder| folder.display().to_string());
        let folder = folder.filter(|folder| !folder.is_empty()).map(|folder| format!("{folder}/")).unwrap_or_default();
        Self { name: suite.name.clone(), version, folder }
    }
}

/// Every clause of the contract, in its order.
pub(super) fn rows(suite: &Suite, coverage: &Coverage) -> Vec<ClauseRow> {
    let clauses = suite.contract.clauses.values();
    let row = |clause: &Clause| {
        let node = locate(&suite.source, &clause.id);
        ClauseRow {
            clause: clause.id.clone(),
            text: clause.text.clone(),
            source: clause.source.clone(),
            file: node.file().to_owned(),
            line: node.position().0,
            probes: coverage.count(&clause.id),
        }
    };
    clauses.map(row).collect()
}
