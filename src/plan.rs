//! From a suite to the probes of a run: the cases that somebody wrote, and what follows from the contract.
//!
//! Five phases come from the contract. *Boundary* enumerates, one value at a time; *texts* tries what looks like something else than a text; *pairs* combines
//! values; *random* draws, from a seed; *overlap* sends some of the pairs several at once. A probe of these phases expects nothing of its own: the judge classifies its request like any other, and the contract says what it deserves.

mod assemble;
mod boundary;
mod cases;
mod dictionary;
mod follow_ups;
mod mark;
mod missing;
mod overlap;
mod pairs;
mod pattern;
mod random;
mod seed;
mod shard;
mod stream;
mod test_values;
mod texts;
mod wire;

pub(crate) use assemble::{FieldText, object, plain_request, probe, request};
pub(crate) use follow_ups::{add_follow_ups, probe_of_survey};
pub(crate) use mark::RUN;
pub use mark::mark;
pub(crate) use mark::{mark_one, unmarked};
pub(crate) use missing::MissingCall;

pub(crate) use random::{BodyTree, fields, tree};
pub use seed::Seed;
pub use shard::{NoShard, Shard};
pub use stream::{Excluded, Plan, Skipped, plan};

use serde_json::Value;

use crate::contract::Schema;
use crate::probe::Phase;

/// Which probes a run wants.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Parts of probes' ids or beginnings of clauses'; none wants all.
    pub selectors: Vec<String>,
    /// The phases.
    pub phases: Vec<Phase>,
    /// How many random bodies of each kind for each field.
    pub examples: usize,
    /// How many values stand together in the pair phase: 2 or 3.
    pub strength: usize,
    /// The seed of the random phase.
    pub seed: Seed,
    /// The share of all that; `None` is all of it.
    pub shard: Option<Shard>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            selectors: Vec::new(),
            phases: Phase::ALL.map(|(_, phase)| phase).to_vec(),
            examples: 20,
            strength: 2,
            seed: Seed::default(),
            shard: None,
        }
    }
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// A selector that matches no probe would silently check less than was meant.
    #[error("the selector `{selector}` matches no probe{hint}")]
    NothingSelected {
        /// The selector.
        selector: String,
        /// What may be meant, or why there is none, as the end of the message.
        hint: String,
    },
    /// All that is meant is skipped, so that nothing would be assessed.
    #[error("nothing would be assessed: {0}")]
    Skipped(String),
    /// A share in which no probe is that is meant.
    #[error("shard {0} has no probe of those that are meant; fewer shards have more each")]
    EmptyShard(Shard),
    /// No phase, or phases without probes.
    #[error("these phases have no probe")]
    NothingSent,
}

/// A value that every reading of this schema allows, where one is known.
pub(crate) fn usual_value(schema: &Schema) -> Option<Value> {
    serde_json::from_str(&test_values::usual(schema)?).ok()
}

/// Whether a value of this schema is known that every reading allows.
pub(crate) fn can_be_made(schema: &Schema) -> bool {
    test_values::usual(schema).is_some()
}
