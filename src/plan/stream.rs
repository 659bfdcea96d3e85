//! The plan of a run as a stream: a probe is made when its turn comes, and made again, the same, where somebody asks for it later.

mod excluded;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

pub use excluded::{Excluded, Skipped};

use super::mark::Marker;
use super::missing::drop_follow_ups;
use super::random::RandomProbes;
use super::shard::stable_hash;
use super::{PlanError, Selection, add_follow_ups, boundary, cases, overlap, pairs, texts};
use crate::contract::{Assessment, ClauseId, Contract};
use crate::probe::{Phase, Probe};
use crate::suite::Suite;

/// Which probes a run sends, in which order.
#[derive(Clone)]
pub struct Plan {
    suite: Arc<Suite>,
    source: Source,
    selection: Selection,
    /// Tests of what is left out.
    exclusions: Vec<Test>,
    /// The operations that the target does not have.
    missing: Arc<BTreeSet<usize>>,
    is_marked: bool,
    summary: Arc<Summary>,
}

/// Where the probes come from.
#[derive(Clone)]
enum Source {
    /// The suite, as far as it is selected.
    Selected,
    /// Somebody listed them.
    Listed(Arc<[Probe]>),
}

type Test = Arc<dyn Fn(&Contract, &Probe) -> bool + Send + Sync>;

/// What one look at every probe tells.
#[derive(Clone, Debug, Default)]
struct Summary {
    probes: usize,
    /// What tells the plan of all shards from another one.
    fingerprint: u64,
    /// How many probes are about each clause.
    clauses: HashMap<ClauseId, usize>,
    excluded: Vec<Excluded>,
}

impl Summary {
    /// Counts one more probe.
    fn count(&mut self, probe: Probe) {
        self.probes += 1;
        for clause in probe.clauses {
            *self.clauses.entry(clause).or_default() += 1;
        }
    }
}

type Probes = Box<dyn Iterator<Item = Probe> + Send>;

/// The plan of all probes that any of the selectors matches, in the order of the phases; all of them where there is no selector.
///
/// # Errors
///
/// Where a selector matches no probe, there is none at all, or all are skipped.
pub fn plan(suite: &Arc<Suite>, selection: &Selection) -> Result<Plan, PlanError> {
    let mut unmatched: BTreeSet<&String> = selection.selectors.iter().collect();
    if !unmatched.is_empty() {
        for probe in whole(suite, selection) {
            unmatched.retain(|selector| !matches(selector, &probe));
            if unmatched.is_empty() {
                break;
            }
        }
    }
    // The first of them as they were given.
    if let Some(selector) = selection.selectors.iter().find(|selector| unmatched.contains(selector)) {
        return Err(nothing_selected(suite, selector));
    }
    let plan = Plan::over(suite, Source::Selected, selection.clone());
    if plan.is_empty() {
        return Err(selection.shard.map_or(PlanError::NothingSent, PlanError::EmptyShard));
    }
    let plan = plan.without_skipped();
    let skipped = || plan.excluded().iter().map(|each| each.text.as_str()).collect::<Vec<_>>().join(", ");
    if plan.is_empty() { Err(PlanError::Skipped(skipped())) } else { Ok(plan) }
}

/// The error of a selector that matches no probe.
fn nothing_selected(suite: &Suite, selector: &str) -> PlanError {
    let clauses = suite.contract.clauses.values();
    let named: Vec<_> = clauses.clone().filter(|clause| clause.id.as_str().starts_with(selector)).collect();
    let is_case = suite.cases.iter().any(|case| case.id.contains(selector));
    let cases = suite.cases.iter().map(|case| case.id.as_str());
    let topics = cases.clone().filter_map(|id| Some(id.split_once('/')?.0));
    let known = cases.chain(topics).chain(clauses.map(|clause| clause.id.as_str()));
    let hint = match (named.first().map(|clause| &clause.assessment), is_case) {
        (Some(Assessment::Never(reason)), _) => format!(", as no run can assess that: {reason}"),
        (Some(Assessment::Always | Assessment::WhenPresent), _) | (None, true) => {
            " of the phases that are meant".to_owned()
        }
        (None, false) => match crate::document::nearest(selector.trim_end_matches('/'), known) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        },
    };
    PlanError::NothingSelected { selector: selector.to_owned(), hint }
}

impl Plan {
    /// A plan of these probes, as they are.
    pub fn of(suite: &Arc<Suite>, probes: Vec<Probe>) -> Self {
        Self::over(suite, Source::Listed(probes.into()), Selection::default())
    }

    fn over(suite: &Arc<Suite>, source: Source, selection: Selection) -> Self {
        let (suite, exclusions, summary) = (Arc::clone(suite), Vec::new(), Arc::default());
        Self { suite, source, selection, exclusions, missing: Arc::default(), is_marked: false, summary }
            .summed_up(Vec::new())
    }

    fn summed_up(mut self, excluded: Vec<Excluded>) -> Self {
        let mut summary = Summary { excluded, ..Summary::default() };
        let is_of_shard = self.is_of_shard();
        for probe in self.of_all_shards() {
            summary.fingerprint = stable_hash(summary.fingerprint, &probe.id);
            if is_of_shard(&probe) {
                summary.count(probe);
            }
        }
        self.summary = Arc::new(summary);
        self
    }

    /// The same plan, with a mark in each request that has room for one.
    #[must_use]
    pub fn marked(mut self) -> Self {
        self.is_marked = true;
        self
    }

    /// A number that is the same for all shards of one plan, and another one for other probes, or other marks.
    pub fn fingerprint(&self) -> u64 {
        stable_hash(self.summary.fingerprint, if self.is_marked { "marked" } else { "" })
    }

    /// The probes, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Probe> + Send + use<> {
        let (mut marker, suite) = (self.is_marked.then(|| Marker::of(&self.selection.phases)), Arc::clone(&self.suite));
        // A probe carries the same mark in a share as in the whole.
        let all = self.of_all_shards().map(move |mut probe| {
            if let Some(marker) = &mut marker {
                marker.mark(&suite.contract, &mut probe);
            }
            probe
        });
        all.filter(self.is_of_shard())
    }

    fn unmarked(&self) -> Probes {
        Box::new(self.of_all_shards().filter(self.is_of_shard()))
    }

    fn is_of_shard(&self) -> impl Fn(&Probe) -> bool + Send + use<> {
        let shard = self.selection.shard;
        move |probe| shard.is_none_or(|shard| shard.has(&probe.id))
    }

    fn of_all_shards(&self) -> Probes {
        let probes: Probes = match &self.source {
            Source::Listed(probes) => {
                let probes = Arc::clone(probes);
                Box::new((0..probes.len()).map(move |index| probes[index].clone()))
            }
            Source::Selected => {
                let selectors = self.selection.selectors.clone();
                let is_selected = move |probe: &Probe| {
                    selectors.is_empty() || selectors.iter().any(|selector| matches(selector, probe))
                };
                Box::new(whole(&self.suite, &self.selection).filter(is_selected))
            }
        };
        let (suite, exclusions) = (Arc::clone(&self.suite), self.exclusions.clone());
        let (shared, missing) = (Arc::clone(&self.suite), Arc::clone(&self.missing));
        let probes = probes.map(move |mut probe| {
            drop_follow_ups(&shared.contract, &mut probe, &missing);
            probe
        });
        Box::new(probes.filter(move |probe| !exclusions.iter().any(|is_excluded| is_excluded(&suite.contract, probe))))
    }

    /// How many probes it has.
    pub fn len(&self) -> usize {
        self.summary.probes
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.summary.probes == 0
    }

    /// What the run was asked to send.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// What is left out, as nobody asked for it.
    pub fn excluded(&self) -> &[Excluded] {
        &self.summary.excluded
    }

    /// How many probes are about each clause.
    pub(crate) fn clauses(&self) -> &HashMap<ClauseId, usize> {
        &self.summary.clauses
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Plan")
            .field("selection", &self.selection)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

/// All probes of these phases, whatever is selected.
fn whole(suite: &Arc<Suite>, selection: &Selection) -> impl Iterator<Item = Probe> + Send + use<> {
    let (shared, selection) = (Arc::clone(suite), selection.clone());
    let phases = selection.phases.clone().into_iter();
    let suite = Arc::clone(suite);
    phases.flat_map(move |phase| of_phase(&shared, phase, &selection)).map(move |mut probe| {
        add_follow_ups(&suite.contract, &mut probe, suite.follow_ups.iter());
        probe
    })
}

fn of_phase(suite: &Arc<Suite>, phase: Phase, selection: &Selection) -> Probes {
    match phase {
        Phase::Case => Box::new(cases::probes(suite)),
        Phase::Boundary => Box::new(boundary::probes(&suite.contract).into_iter()),
        Phase::Texts => Box::new(texts::probes(&suite.contract, selection.seed, selection.strength > 2).into_iter()),
        Phase::Pairs => Box::new(pairs::probes(&suite.contract, selection.strength).into_iter()),
        Phase::Random => Box::new(RandomProbes::new(suite, selection.seed, selection.examples)),
        Phase::Overlap => Box::new(overlap::probes(&suite.contract).into_iter()),
    }
}

fn matches(selector: &str, probe: &Probe) -> bool {
    probe.id.contains(selector) || probe.clauses.iter().any(|clause| clause.starts_with(selector))
}
