//! What a run amounts to as plain data: written as JSON, read again later, and rendered in every other format.
//!
//! It is made once, by [`Report::of`]: no secret is in it any more, every text has a limit, and what did not fit is counted in [`Report::omitted`]. A renderer
//! only has to escape what its format demands.

mod assemble;
mod examples;
mod finding;
mod latency;
mod limit;
mod merge;
mod redact;
mod verdict;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use assemble::About;
pub(super) use assemble::{clauses, rfc3339, share_of};
pub(super) use examples::{LEFT_OUT, command};
pub use finding::{Answer, Body, Entailed, Exchange, Finding, Header};
pub use latency::{Band, Latency, duration};
pub use merge::MergeError;
pub use verdict::{ClauseVerdict, Verdict};

pub use crate::results::ProbeVerdict;

/// What [`Report::format`] says; another number is another meaning of the fields.
pub const FORMAT: &str = "ims-conformance/1";

/// What a run amounts to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// `ims-conformance/1`.
    pub format: String,
    /// Version of the program that ran.
    pub program_version: String,
    /// What was held against the contract.
    pub target: Target,
    /// Which contract.
    pub suite: Suite,
    /// When the run ended, as RFC 3339 has it, in UTC.
    pub date: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The seed of the random phase, as a text: not every reader of JSON keeps so large a number.
    pub seed: String,
    /// The share of the probes that was sent, such as `1/4`; empty where that is all of them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shard: String,
    /// What is equal in all shards of one run, and in no other; empty where all of it was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plan: String,
    /// What the exit code stands for.
    pub verdict: Verdict,
    /// The exit code of the run.
    pub exit_code: u8,
    /// Whether the run came to its end.
    pub is_complete: bool,
    /// Why it did not, in words; empty where it did.
    pub cut_short: String,
    /// Whether drift and stale deviations make the run fail.
    pub is_strict: bool,
    /// How many probes came to what.
    pub probes: Probes,
    /// What each probe came to, in the order of the plan; of a very long run, of the first ones.
    #[serde(default)]
    pub each_probe: Vec<ProbeResult>,
    /// Every clause of the contract, in its order.
    pub clauses: Vec<Clause>,
    /// What is broken, in the order of the contract.
    pub findings: Vec<Finding>,
    /// Known deviations that were seen.
    pub known: Vec<Deviation>,
    /// Known deviations that were looked for and are no longer seen.
    pub stale: Vec<Deviation>,
    /// Why probes were inconclusive.
    pub inconclusive: Vec<Cause>,
    /// Why probes were skipped.
    pub skipped: Vec<Cause>,
    /// Why probes were not sent although they were to be.
    pub unsent: Vec<Cause>,
    /// What a careful run does not send unless it is asked to.
    pub held_back: Vec<String>,
    /// What the target chose where the documentation leaves a choice.
    pub choices: Vec<Choice>,
    /// What nobody documents.
    pub drift: Vec<Drift>,
    /// What became of what the run created.
    pub resources: Resources,
    /// How many requests were sent.
    pub requests: u64,
    /// How long the answers to the probes took, by call.
    #[serde(default)]
    pub latency: Vec<Latency>,
    /// What the run was allowed to cost.
    pub budgets: Budgets,
    /// What else a reader must know, such as a token that ended.
    pub remarks: Vec<String>,
    /// What did not fit.
    pub omitted: Vec<Omitted>,
}

/// What was held against the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Where the requests went.
    pub endpoint: String,
    /// Whether that is the stub inside the program.
    pub is_stub: bool,
}

/// A contract and its cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Name of the suite.
    pub name: String,
    /// The version that the contract gives itself.
    pub version: String,
    /// Name of the API.
    pub title: String,
}

/// How many probes came to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probes {
    /// In the plan.
    pub planned: usize,
    /// Hold.
    pub passed: usize,
    /// Show a broken clause.
    pub failed: usize,
    /// Show broken clauses that are known of the target, and no other.
    pub known: usize,
    /// Say nothing, as something went wrong on the way.
    pub inconclusive: usize,
    /// Could not be sent.
    pub skipped: usize,
    /// Were to be sent, and were not.
    pub unsent: usize,
    /// Performed, by phase.
    pub phases: Vec<Phase>,
}

/// One phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// `case`, `boundary`, `pairs` or `random`.
    pub name: String,
    /// How many of its probes had their turn.
    pub probes: usize,
}

/// What one probe came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// Its id.
    pub id: String,
    /// `case`, `boundary`, `texts`, `pairs`, `random` or `overlap`.
    pub phase: String,
    /// What it came to.
    pub verdict: ProbeVerdict,
    /// How many milliseconds its answers took together.
    pub took_ms: f64,
    /// Ids of the clauses that it shows to be broken, known ones among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<String>,
    /// Why it says nothing; empty where it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// One clause of the contract, and what the run says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its id.
    pub id: String,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// The file of the contract.
    pub file: String,
    /// The line in which it is made, from 1.
    pub line: usize,
    /// What the run says.
    pub verdict: ClauseVerdict,
    /// How many probes assessed it.
    pub probes: usize,
    /// Why it was not assessed; empty where it was.
    pub why: String,
}

/// A deviation that is known of the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Id of the clause.
    pub clause: String,
    /// In which way it is broken; empty for every way.
    pub cause: String,
    /// Why it is known.
    pub because: String,
    /// How many probes show it.
    pub probes: usize,
}

/// What several probes share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// In words.
    pub text: String,
    /// How many probes.
    pub probes: usize,
    /// One of them.
    pub example: String,
}

/// What a target does where the documentation leaves it open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is open.
    pub title: String,
    /// Why it is open.
    pub because: String,
    /// What the target does.
    pub taken: String,
    /// How often.
    pub times: usize,
}

/// What nobody documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// JSON pointer into the answer.
    pub pointer: String,
    /// What is there.
    pub text: String,
    /// How often.
    pub times: usize,
}

/// What became of what the run created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// How many were created.
    pub created: usize,
    /// How many of them are gone again.
    pub removed: usize,
    /// How many of them stay, as the target has no call that removes them.
    pub staying: usize,
    /// Those that are still there.
    pub left_behind: Vec<Left>,
    /// Those of which nothing proves that they are this run's.
    pub perhaps: Vec<Left>,
    /// Why it is not known what is left; empty where it is.
    pub unknown: String,
    /// The ledger, where something is left that it is needed for; empty otherwise.
    pub ledger: String,
}

/// Something that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Its id, or what is known instead.
    pub id: String,
    /// Where it comes from.
    pub origin: String,
}

/// What a run was allowed to cost; `null` is as much as it takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Requests.
    pub requests: Option<u64>,
    /// Creations.
    pub created: Option<u64>,
    /// Resources at the same time.
    pub alive: Option<u64>,
    /// Seconds after which no probe begins.
    pub seconds: Option<f64>,
    /// Requests in a second.
    pub rate: Option<f64>,
    /// Whether those on what is created hold whatever the target answers.
    pub are_hard: bool,
}

/// What did not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Omitted {
    /// What there are more of.
    pub what: String,
    /// How many more.
    pub count: usize,
}
