//! A probe: one thing to do to a target, from whatever source, and what must come of it.

use std::fmt;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::contract::{ClauseId, Contract};
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
    pub clauses: Vec<ClauseId>,
    /// The rule that the request breaks on purpose.
    pub violation: Option<Violation>,
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
    /// Enumerated from the contract, one value at a time.
    Boundary,
    /// Texts that look like something else, and each row of each table, several to a body.
    Texts,
    /// A covering array of valid values, and each broken rule beside each valid value of the other fields.
    Pairs,
    /// Drawn by chance, from a seed.
    Random,
    /// Valid bodies that are sent several at once.
    Overlap,
}

impl Phase {
    /// Every phase, with its name on the command line and in reports.
    pub const ALL: [(&'static str, Self); 6] = [
        ("case", Self::Case),
        ("boundary", Self::Boundary),
        ("texts", Self::Texts),
        ("pairs", Self::Pairs),
        ("random", Self::Random),
        ("overlap", Self::Overlap),
    ];

    /// How many of its probes are under way at once, where it is so many in a run that is asked for no more.
    pub fn at_once(self, usual: usize) -> usize {
        if self == Self::Overlap { usual.max(AT_ONCE) } else { usual }
    }

    /// The name on the command line and in reports.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, each)| *each == self).map_or("", |(name, _)| name)
    }
}

/// So many probes of the overlap phase are under way at once: more than a server does by chance, and less than a load.
const AT_ONCE: usize = 8;

/// A rule that a request breaks: which, where, and with what.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Id of the clause.
    pub clause: ClauseId,
    /// JSON pointer into the body; empty for the body as a whole, or the token.
    pub pointer: String,
    /// What stands there.
    pub value: Option<Value>,
    /// The code with which the service names the error.
    pub error_code: Option<String>,
}

/// Requests to be sent in order.
#[derive(Clone, Debug)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
}

/// The id of the look before every run, where it is a probe.
pub const SURVEY: &str = "survey";

/// What stands behind the id of a probe whose body was made smaller.
const SHRUNK: &str = " shrunk";

/// The id of the probe of which the one with this id is a smaller form, or that id where it is none.
pub fn whole_id(id: &str) -> &str {
    id.trim_end_matches(SHRUNK)
}

/// The id of a smaller form of the probe with this id.
pub fn shrunk_id(id: &str) -> String {
    format!("{}{SHRUNK}", whole_id(id))
}

impl Probe {
    /// Whether it is a smaller form of another one.
    pub fn is_shrunk(&self) -> bool {
        self.id.ends_with(SHRUNK)
    }

    /// Whether it is sent while others are under way.
    pub fn is_of_overlap(&self) -> bool {
        self.phase == Phase::Overlap && !self.is_shrunk()
    }
}

impl Script {
    /// Whether it asks for something that cannot be removed as it is.
    pub fn asks_for_delete_protection(&self, contract: &Contract) -> bool {
        let asks =
            |step: &Step| step.request.body.as_deref().is_some_and(|body| contract.asks_for_delete_protection(body));
        self.steps.iter().any(asks)
    }
}

/// Steps that show a promise of the prose on whatever a generated valid request created.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// Id of the clause that is broken where an expectation is not met.
    pub clause: ClauseId,
    /// The phases whose probes it goes with.
    pub phases: Vec<Phase>,
    /// What the request must have given.
    pub when: Vec<(String, Value)>,
    /// The steps; what they are to be the same as is counted from the creation.
    pub steps: Vec<(Step, Expectation)>,
}

/// One request and what later ones need of its answer.
#[derive(Clone, Debug)]
pub struct Step {
    /// The request; `{name}` in path and body stands for what an earlier step captured.
    pub request: Request,
    /// Name and JSON pointer of each value to capture.
    pub captures: Vec<(String, String)>,
    /// How long nothing is sent before it, as a service may do some time later what it should not.
    pub pause: Duration,
    /// For how long it is sent again, as a service may do some time later what it said it did.
    pub poll: Option<PollUntil>,
}

impl Step {
    /// A request of whose answer nobody needs anything.
    pub fn new(request: Request) -> Self {
        Self { request, captures: Vec::new(), pause: Duration::ZERO, poll: None }
    }
}

/// What ends the waiting for an answer that may come later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollUntil {
    /// One of these statuses.
    pub statuses: Vec<u16>,
    /// So much time.
    pub within: Duration,
}

/// The pause before the first of the further requests; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

impl PollUntil {
    /// The pauses before each further request, which together are as long as the waiting.
    pub fn pauses(&self) -> impl Iterator<Item = Duration> {
        let (mut next, mut left) = (FIRST_PAUSE, self.within);
        std::iter::from_fn(move || {
            let pause = next.min(left);
            (next, left) = (next * 2, left.saturating_sub(pause));
            (!pause.is_zero()).then_some(pause)
        })
    }
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
    /// Headers of the answer, by their names in lower case.
    pub headers: Vec<(String, HeaderRule)>,
    /// Whether nothing in the list has what the query asks for. Whatever else is listed is somebody else's: a service need not know the query.
    pub lists_none: bool,
    /// Whether another status says nothing about the contract.
    pub is_other_status_inconclusive: bool,
    /// The clause that is broken where it is not met; without it, one of the probe's.
    pub clause: Option<ClauseId>,
    /// The line in which it is written, from 1, where a file has it.
    pub line: Option<usize>,
}

/// What the value of a header must be.
#[derive(Clone, Debug)]
pub enum HeaderRule {
    /// This text.
    Is(String),
    /// A text in which this is found.
    Matches(Regex),
}

impl HeaderRule {
    /// Whether a value is as it must be.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Is(text) => value == text,
            Self::Matches(pattern) => pattern.is_match(value),
        }
    }
}

impl fmt::Display for HeaderRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) => formatter.write_str(text),
            Self::Matches(pattern) => write!(formatter, "a string that matches {pattern}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::PollUntil;

    #[test]
    fn pauses_grow_and_are_together_as_long_as_the_waiting() {
        for seconds in [1, 30, 120] {
            let within = Duration::from_secs(seconds);
            let pauses: Vec<_> = PollUntil { statuses: vec![404], within }.pauses().collect();
            assert_eq!(pauses.iter().sum::<Duration>(), within);
            assert!(pauses[..pauses.len() - 1].is_sorted() && pauses.len() < 12, "{pauses:?}");
        }
    }
}
