//! The arguments that say which probes are meant; `run` and `list` share them.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Failure;
use crate::plan::{Plan, PlanError, Seed, Selection, Shard, plan};
use crate::probe::{Phase, whole_id};
use crate::suite::Suite;

#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// Part of a probe's id, or beginning of a clause's; none means all
    #[arg(value_name = "SELECTOR")]
    selectors: Vec<String>,
    /// Leave out probes with this in their ids, or about clauses that begin with it
    #[arg(long = "exclude", value_name = "SELECTOR")]
    excluded: Vec<String>,
    /// Where probes come from [default: all phases; case where the target is not on this machine]
    #[arg(long = "phase", value_name = "PHASE", value_enum, value_delimiter = ',')]
    phases: Vec<PhaseName>,
    /// Send only the K-th of N shares of the probes; `report` puts the reports of all shares together
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    generation: Generation,
}

/// What the probes of the generated phases depend on; `show` has it, too.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Generation {
    /// Random bodies, valid and broken, for each field
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    examples: u16,
    /// How many values the pair phase brings together; with 3, each row of a table meets each value of each short list
    #[arg(long, value_name = "2|3", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    strength: u8,
    /// Seed of the random phase, and of the turns that values take: a number, or `random`
    #[arg(long, value_name = "SEED", default_value_t)]
    seed: Seed,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PhaseName {
    /// Everything below
    All,
    /// The case files
    Case,
    /// Every limit, type and malformed body, each value of a short list and some of a long one
    Boundary,
    /// Texts that look like something else, in every field, and each row of each table beside them
    Texts,
    /// Every two valid values of different fields together
    Pairs,
    /// Random bodies, valid and broken
    Random,
    /// Valid bodies, several at once
    Overlap,
}

impl PhaseName {
    fn phases(self) -> Vec<Phase> {
        match self {
            Self::All => Selection::default().phases,
            Self::Case => vec![Phase::Case],
            Self::Boundary => vec![Phase::Boundary],
            Self::Texts => vec![Phase::Texts],
            Self::Pairs => vec![Phase::Pairs],
            Self::Random => vec![Phase::Random],
            Self::Overlap => vec![Phase::Overlap],
        }
    }
}

impl SelectionArguments {
    /// All that is made this way.
    pub(super) fn all(generation: Generation) -> Self {
        Self { selectors: Vec::new(), excluded: Vec::new(), phases: Vec::new(), shard: None, generation }
    }

    /// Whether phases are named.
    pub(super) fn names_phases(&self) -> bool {
        !self.phases.is_empty()
    }

    /// The arguments that make the same probes again, but for those that select some of them.
    pub(super) fn again(&self) -> String {
        let (usual, Generation { examples, strength, seed }) = (Selection::default(), self.generation);
        let mut arguments = format!(" --seed {seed}");
        if usize::from(examples) != usual.examples {
            arguments.push_str(&format!(" --examples {examples}"));
        }
        if usize::from(strength) != usual.strength {
            arguments.push_str(&format!(" --strength {strength}"));
        }
        arguments
    }

    /// The plan of the probes that are meant.
    pub(super) fn plan(&self, suite: &Arc<Suite>) -> Result<Plan, Failure> {
        let whole = plan(suite, &self.selection(suite)).and_then(|plan| plan.excluding(&self.excluded));
        whole.map_err(|error| {
            let searched = match error {
                PlanError::NothingSelected { .. } => searched(suite),
                PlanError::Skipped(_) | PlanError::NothingSent | PlanError::EmptyShard(_) => String::new(),
            };
            Failure::WrongUse(format!("{error}{searched}"))
        })
    }

    fn selection(&self, suite: &Suite) -> Selection {
        let all = Selection::default();
        let mut phases: Vec<_> = self.phases.iter().flat_map(|name| name.phases()).collect();
        phases.sort_unstable();
        phases.dedup();
        Selection {
            // A report names a smaller example of a probe so.
            selectors: self.selectors.iter().map(|each| case_of(suite, whole_id(each))).collect(),
            phases: if phases.is_empty() { all.phases } else { phases },
            examples: usize::from(self.generation.examples),
            strength: usize::from(self.generation.strength),
            seed: self.generation.seed,
            shard: self.shard,
        }
    }
}

/// Which suite was searched in vain: a new case is in no other one.
pub(super) fn searched(suite: &Suite) -> String {
    format!(" (searched: the suite `{}`; --suite DIR names another one)", suite.name)
}

/// The id of a case that is named by its file, wherever that is seen from; any other text as it is.
pub(super) fn case_of(suite: &Suite, selector: &str) -> String {
    let Some(path) = selector.strip_suffix(".yaml") else { return selector.to_owned() };
    let is_named = |id: &&str| path == *id || path.strip_suffix(*id).is_some_and(|before| before.ends_with('/'));
    let found = suite.cases.iter().map(|case| case.id.as_str()).find(is_named);
    found.unwrap_or(selector).to_owned()
}
