//! The plan of a run as a stream: a probe is made when its turn comes, and made again, the same, where somebody asks for it later.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::mark::Marker;
use super::random::RandomProbes;
use super::{PlanError, Selection, add_follow_ups, boundary, pairs};
use crate::contract::Contract;
use crate::probe::{Phase, Probe};
use crate::suite::Suite;

/// Which probes a run sends, in which order.
#[derive(Clone)]
pub struct Plan {
    source: Source,
    selection: Selection,
    /// What is left out, each with the words that say how it is added.
    exclusions: Vec<Exclusion>,
    is_marked: bool,
    summary: Arc<Summary>,
}

/// Where the probes come from.
#[derive(Clone)]
enum Source {
    Suite(Arc<Suite>),
    Listed(Arc<[Probe]>),
}

type Test = fn(&Contract, &Probe) -> bool;

#[derive(Clone)]
struct Exclusion {
    is_excluded: Test,
    suite: Arc<Suite>,
}

/// Probes that are left out, as nobody asked for them.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    /// How many, which, and what adds them.
    pub text: String,
    /// The clauses that they are about.
    pub clauses: BTreeSet<String>,
}

/// What one look at every probe tells.
#[derive(Clone, Debug, Default)]
struct Summary {
    probes: usize,
    /// How many probes are about each clause.
    clauses: HashMap<String, usize>,
    excluded: Vec<Excluded>,
}

type Probes = Box<dyn Iterator<Item = Probe> + Send>;

/// The plan of all probes that any of the selectors matches, in the order of the phases; all of them where there is no selector.
///
/// # Errors
///
/// Where a selector matches no probe, or there is none at all.
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
        let cases = suite.cases.iter().map(|case| case.id.as_str());
        let topics = cases.clone().filter_map(|id| Some(id.split_once('/')?.0));
        let known = cases.chain(topics).chain(suite.contract.clauses.keys().map(String::as_str));
        let near = crate::document::nearest(selector.trim_end_matches('/'), known).map(str::to_owned);
        return Err(PlanError::NothingSelected { selector: selector.clone(), near });
    }
    let plan = Plan::over(Source::Suite(Arc::clone(suite)), selection.clone());
    if plan.is_empty() { Err(PlanError::NothingSent) } else { Ok(plan) }
}

impl Plan {
    /// A plan of these probes, as they are.
    pub fn of(probes: Vec<Probe>) -> Self {
        Self::over(Source::Listed(probes.into()), Selection::default())
    }

    fn over(source: Source, selection: Selection) -> Self {
        let plan = Self { source, selection, exclusions: Vec::new(), is_marked: false, summary: Arc::default() };
        plan.summed_up(Vec::new())
    }

    /// The same plan of a run that was asked for this.
    #[must_use]
    pub fn for_selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// The same plan, with a mark in each request that has room for one.
    #[must_use]
    pub fn marked(mut self) -> Self {
        self.is_marked = matches!(self.source, Source::Suite(_));
        self
    }

    /// The same plan without the probes of a suite of which this is true. `what` says in words which they are, and what adds them.
    #[must_use]
    pub fn without(mut self, what: &str, is_excluded: Test) -> Self {
        let Source::Suite(suite) = &self.source else { return self };
        let suite = Arc::clone(suite);
        let mut excluded = self.summary.excluded.clone();
        let (mut count, mut clauses) = (0, BTreeSet::new());
        for probe in self.iter().filter(|probe| is_excluded(&suite.contract, probe)) {
            count += 1;
            clauses.extend(probe.clauses);
        }
        if count == 0 {
            return self;
        }
        excluded.push(Excluded { text: format!("{count} probes {what}"), clauses });
        self.exclusions.push(Exclusion { is_excluded, suite });
        self.summed_up(excluded)
    }

    fn summed_up(mut self, excluded: Vec<Excluded>) -> Self {
        let mut summary = Summary { excluded, ..Summary::default() };
        for probe in self.unmarked() {
            summary.probes += 1;
            for clause in probe.clauses {
                *summary.clauses.entry(clause).or_default() += 1;
            }
        }
        self.summary = Arc::new(summary);
        self
    }

    /// The probes, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Probe> + Send + use<> {
        let mut marker = self.is_marked.then(Marker::default);
        let suite = match &self.source {
            Source::Suite(suite) => Some(Arc::clone(suite)),
            Source::Listed(_) => None,
        };
        self.unmarked().map(move |mut probe| {
            if let Some((marker, suite)) = marker.as_mut().zip(suite.as_ref()) {
                marker.mark(&suite.contract, &mut probe);
            }
            probe
        })
    }

    fn unmarked(&self) -> Probes {
        let mut probes: Probes = match &self.source {
            Source::Listed(probes) => {
                let probes = Arc::clone(probes);
                Box::new((0..probes.len()).map(move |index| probes[index].clone()))
            }
            Source::Suite(suite) => {
                let selectors = self.selection.selectors.clone();
                let is_selected = move |probe: &Probe| {
                    selectors.is_empty() || selectors.iter().any(|selector| matches(selector, probe))
                };
                Box::new(whole(suite, &self.selection).filter(is_selected))
            }
        };
        for Exclusion { is_excluded, suite } in self.exclusions.iter().cloned() {
            probes = Box::new(probes.filter(move |probe| !is_excluded(&suite.contract, probe)));
        }
        probes
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
    pub(crate) fn clauses(&self) -> &HashMap<String, usize> {
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
        Phase::Case => {
            let suite = Arc::clone(suite);
            let places = (0..suite.cases.len()).collect::<Vec<_>>().into_iter();
            Box::new(places.flat_map(move |place| suite.cases[place].probes.clone()))
        }
        Phase::Boundary => Box::new(boundary::probes(&suite.contract).into_iter()),
        Phase::Pairs => Box::new(pairs::probes(&suite.contract, selection.strength).into_iter()),
        Phase::Random => Box::new(RandomProbes::new(suite, selection.seed, selection.examples)),
    }
}

fn matches(selector: &str, probe: &Probe) -> bool {
    probe.id.contains(selector) || probe.clauses.iter().any(|clause| clause.starts_with(selector))
}
