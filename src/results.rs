//! What a run amounts to: a pure fold over its events.
//!
//! [`Fold`] takes the events as they come and keeps of each only what the end may need; [`Results`] is what they amount to. Whom to blame, what is known
//! already, which clauses were assessed: each is decided here, once, and renderers only show it.

mod answered_rightly;
mod baseline;
mod blame;
mod coverage;
mod finding;
mod fold;
mod held_back;
mod invariants;
mod latency;
mod origin;
mod outcome;
mod overflow;
mod probes;
mod reconcile;
mod repeat;
mod skipped_cases;
mod tally;

use std::time::Duration;

pub(crate) use blame::is_refusal_of_valid;
pub(crate) use coverage::NOBODY_ASKED;
pub use finding::{Consequence, Finding};
pub(crate) use fold::Left;
pub use fold::{Fold, Question};
pub use invariants::RunInvariants;
pub use latency::Latency;
pub use origin::{ClauseRow, SuiteName};
pub use probes::{ProbeResult, ProbeVerdict};
pub use repeat::Repeat;
pub use tally::Cause;

use outcome::{Outcome, Verdict};

use crate::baseline::Deviation;
use crate::client::{Availability, Bounds, Leftover, Unlisted};
use crate::contract::{ClauseId, Scheme};
use crate::http::Route;
use crate::judge::{Drift, ObservedBehaviour};
use crate::plan::{Excluded, Seed, Shard};
use crate::probe::Phase;
use crate::run::{Ending, NOTHING_IS_REMOVED};

/// What a run amounts to, in the order in which a report shows it.
#[derive(Debug)]
pub struct Results {
    /// Name of the API.
    pub title: String,
    /// The suite that was run.
    pub suite: SuiteName,
    /// Where the requests went.
    pub endpoint: String,
    /// Whether that is the stub inside the program.
    pub is_stub: bool,
    /// Why there was no new token for one that ended.
    pub login: Option<String>,
    /// Whether requests carried a token, or a signature instead.
    pub has_token: bool,
    /// The way there.
    pub route: Route,
    /// Where requests show it.
    pub scheme: Option<Scheme>,
    /// The seed of the random phase.
    pub seed: Seed,
    /// The share of the probes that was planned, and what tells the plan of all shares from another one; `None` is all of them.
    pub shard: Option<(Shard, u64)>,
    /// How many probes the plan had.
    pub planned: usize,
    /// How many probes of each phase were performed.
    pub phases: Vec<(Phase, usize)>,
    /// How many hold.
    pub passed: usize,
    /// How many show a broken clause.
    pub failed: usize,
    /// How many show broken clauses that are known of the target, and no other.
    pub known: usize,
    /// What each probe came to, in the order of the plan; of a very long run, of the first ones.
    pub probes: Vec<ProbeResult>,
    /// How many more there are.
    pub further_probes: usize,
    /// Broken clauses, each once, in the order of the contract; without those that are known.
    pub findings: Vec<Finding>,
    /// Known deviations that were seen, each with how many probes show it.
    pub deviations: Vec<(Deviation, usize)>,
    /// Known deviations that were looked for and are no longer seen.
    pub stale: Vec<Deviation>,
    /// Deviations that were known until a day that is over, and fail again.
    pub expired: Vec<Deviation>,
    /// Whether drift and deviations that are stale make the run fail.
    pub is_strict: bool,
    /// Why probes were inconclusive, each cause once.
    pub inconclusive: Vec<Cause>,
    /// Why probes were skipped, each cause once.
    pub skipped: Vec<Cause>,
    /// Why probes were not sent although they were to be, each cause once.
    pub unsent: Vec<Cause>,
    /// What the target chose where the documentation leaves a choice, with how often.
    pub choices: Vec<(ObservedBehaviour, usize)>,
    /// What nobody documents, with how often.
    pub drift: Vec<(Drift, usize)>,
    /// How many clauses were assessed.
    pub assessed: usize,
    /// How many clauses the contract has.
    pub clauses: usize,
    /// Clauses that were not assessed, and why.
    pub not_assessed: Vec<(ClauseId, String)>,
    /// Every clause of the contract in its order, with how many probes assessed it.
    pub coverage: Vec<ClauseRow>,
    /// How many resources were created.
    pub created: usize,
    /// How many of them are gone again.
    pub removed: usize,
    /// How many of them stay, as the target has no call that removes them.
    pub staying: usize,
    /// The calls that the target does not have, refuses, or does not answer usefully, each with what it is like.
    pub calls: Vec<(String, Availability)>,
    /// What could not be removed, with the probe that created it.
    pub leftovers: Vec<(String, Leftover)>,
    /// What was held back, as nobody asked for it.
    pub excluded: Vec<Excluded>,
    /// Why it is not known what is left, where that is so.
    pub unlisted: Option<Unlisted>,
    /// How far the bounds on what is created hold.
    pub bounds: Bounds,
    /// The ledger, where something is left that it is needed for.
    pub ledger: Option<String>,
    /// How many requests were sent.
    pub requests: u64,
    /// How many of them were sent before the first probe.
    pub first_requests: u64,
    /// How long the answers to the probes took, by call.
    pub latency: Vec<Latency>,
    /// How long the run took, from the first request to the last one.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
}

impl Results {
    /// Whether a budget was too small for a probe, while others were sent to the end.
    pub fn is_beyond_budget(&self) -> bool {
        self.ending == Ending::Complete && !self.unsent.is_empty()
    }

    /// Whether a call is there, and answers so that what needs it cannot be assessed, or so little could be removed that no more was created.
    pub fn is_hindered(&self) -> bool {
        self.skipped.iter().any(|cause| cause.text == NOTHING_IS_REMOVED)
            || self.calls.iter().any(|(_, call)| matches!(call, Availability::Refused(_) | Availability::Silent))
    }

    /// Whether there was no probe that was sent.
    pub fn nothing_was_sent(&self) -> bool {
        let skipped: usize = self.skipped.iter().map(|cause| cause.count).sum();
        self.phases.iter().map(|(_, count)| count).sum::<usize>() == skipped
    }
}
