//! A probe: one thing to do to a target, from whatever source, and what must come of it.

use serde_json::Value;

use crate::exchange::Request;

/// One thing to do to a target.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Unique name: the id of the case, or a name made of clause and value.
    pub id: String,
    /// Where the probe comes from.
    pub phase: Phase,
    /// What it shows, in words.
    pub title: String,
    /// The clauses that it is about.
    pub clauses: Vec<String>,
    /// What is sent; all that the run sees.
    pub script: Script,
    /// What must come back beyond what the contract says, one for each step.
    pub expectations: Vec<Expectation>,
}

/// Where a probe comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// A case file.
    Case,
}

impl Phase {
    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
        }
    }
}

/// Requests to be sent in order.
#[derive(Clone, Debug)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One request and what later ones need of its answer.
#[derive(Clone, Debug)]
pub struct Step {
    /// The request; `{name}` in path and body stands for what an earlier step captured.
    pub request: Request,
    /// Name and JSON pointer of each value to capture.
    pub captures: Vec<(String, String)>,
}

/// What a step's answer must be beyond what the contract says.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// One of these statuses.
    pub statuses: Vec<u16>,
    /// Fields of the body that must have exactly this value.
    pub body: Vec<(String, Value)>,
    /// Fields of the body that must have one of these values.
    pub any_of: Vec<(String, Vec<Value>)>,
    /// The step, counted from 0, whose documented fields must come back.
    pub same_as: Option<usize>,
    /// Whether another status says nothing about the contract.
    pub is_other_status_inconclusive: bool,
}
