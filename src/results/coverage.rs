//! Which clauses a run assessed, and why it did not assess the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::client::Spent;
use crate::contract::{Assessment, Clause, ClauseId, Contract, Subject};
use crate::judge::{Judgement, Mismatch};
use crate::plan::Excluded;
use crate::probe::Probe;
use crate::run::{Ending, Place};

/// Why a clause was not assessed that no probe is about.
pub(crate) const NOBODY_ASKED: &str = "no probe of this run is about it";

/// What was seen of each clause.
#[derive(Clone, Debug)]
pub(super) struct Coverage {
    /// How many probes of the plan are about a clause.
    planned: HashMap<ClauseId, usize>,
    about: BTreeMap<ClauseId, About>,
    /// How many probes assessed a clause.
    assessed: BTreeMap<ClauseId, usize>,
    broken: BTreeSet<ClauseId>,
}

/// What became of the probes that are about a clause.
#[derive(Clone, Debug, Default)]
struct About {
    /// How many had their turn.
    ended: usize,
    /// The budget that some of them alone may exceed.
    beyond: Option<Spent>,
    /// Why the first one that told nothing told nothing.
    reason: Option<(Place, String)>,
}

impl Coverage {
    /// Nothing was seen yet of a plan with so many probes about each clause.
    pub(super) fn of(planned: HashMap<ClauseId, usize>) -> Self {
        Self { planned, about: BTreeMap::new(), assessed: BTreeMap::new(), broken: BTreeSet::new() }
    }

    /// A probe had its turn; why it told nothing, if so.
    pub(super) fn ended(&mut self, probe: &Probe, place: Place, reason: Option<&str>) {
        for clause in &probe.clauses {
            let about = self.about.entry(clause.clone()).or_default();
            about.ended += 1;
            let is_first = about.reason.as_ref().is_none_or(|(first, _)| place < *first);
            if let Some(reason) = reason.filter(|_| is_first) {
                about.reason = Some((place, reason.to_owned()));
            }
        }
    }

    /// A probe may alone exceed this budget.
    pub(super) fn beyond(&mut self, probe: &Probe, spent: Spent) {
        for clause in &probe.clauses {
            self.about.entry(clause.clone()).or_default().beyond.get_or_insert(spent);
        }
    }

    /// Adds what the judgement of a probe assessed and found broken.
    pub(super) fn assessed(&mut self, judgement: &Judgement, broken: &[Mismatch]) {
        for clause in clauses_of(judgement, broken) {
            self.add(clause, 1);
        }
        self.add_broken(judgement, broken);
    }

    /// Adds what became known later of a probe: all that it was found to break, and what is to blame for it. What it was counted for before is not counted
    /// again.
    pub(super) fn assessed_later<'a>(
        &mut self,
        judgement: &'a Judgement,
        blamed: impl Iterator<Item = &'a ClauseId>,
        counted: &BTreeSet<&ClauseId>,
    ) {
        let mut shown = clauses_of(judgement, &[]);
        shown.extend(blamed);
        for clause in shown.difference(counted) {
            self.add(clause, 1);
        }
        self.add_broken(judgement, &[]);
    }

    /// Adds probes that assessed a clause.
    pub(super) fn add(&mut self, clause: &ClauseId, probes: usize) {
        match self.assessed.get_mut(clause) {
            Some(count) => *count += probes,
            None => drop(self.assessed.insert(clause.clone(), probes)),
        }
    }

    fn add_broken(&mut self, judgement: &Judgement, broken: &[Mismatch]) {
        self.broken.extend(judgement.mismatches.iter().chain(broken).map(|mismatch| mismatch.clause.clone()));
    }

    /// How many probes assessed the clause with this id.
    pub(super) fn count(&self, clause: &ClauseId) -> usize {
        self.assessed.get(clause).copied().unwrap_or_default()
    }

    /// Whether a clause was assessed.
    pub(super) fn has_assessed(&self, clause: &ClauseId) -> bool {
        self.assessed.contains_key(clause)
    }

    /// Clauses that were not assessed, in the order of the contract, and why.
    pub(super) fn not_assessed(
        &self,
        contract: &Contract,
        ending: Ending,
        excluded: &[Excluded],
    ) -> Vec<(ClauseId, String)> {
        let missing = |clause: &&Clause| !self.assessed.contains_key(&clause.id) || self.is_only_touched(clause);
        let missing = contract.clauses.values().filter(missing);
        missing.map(|clause| (clause.id.clone(), self.reason(ending, excluded, clause))).collect()
    }

    /// Whether a rule of the request was only kept by requests about something else, while those about it were to be sent and were not: nobody tried to
    /// break it.
    fn is_only_touched(&self, clause: &Clause) -> bool {
        let has_ended = self.about.get(&clause.id).is_some_and(|about| about.ended > 0);
        clause.id.is_of_request() && self.has_unsent(&clause.id) && !has_ended && !self.broken.contains(&clause.id)
    }

    fn has_unsent(&self, clause: &ClauseId) -> bool {
        let planned = self.planned.get(clause).copied().unwrap_or_default();
        planned > self.about.get(clause).map_or(0, |about| about.ended)
    }

    fn reason(&self, ending: Ending, excluded: &[Excluded], clause: &Clause) -> String {
        if let Assessment::Never(reason) = &clause.assessment {
            return reason.clone();
        }
        let about = self.about.get(&clause.id);
        if self.has_unsent(&clause.id) {
            let beyond = about.and_then(|about| about.beyond).map(beyond_text);
            return format!("its probes were not sent: {}", beyond.unwrap_or_else(|| unsent_text(ending)));
        }
        if let Some(held) = excluded.iter().find(|held| held.clauses.contains(&clause.id)) {
            return format!("its probes were not sent: {}", held.text);
        }
        if clause.assessment == Assessment::WhenPresent {
            let is_status = matches!(clause.id.subject(), Subject::Status(_));
            return if is_status { "no answer had this status" } else { "no answer had the field" }.to_owned();
        }
        match about {
            Some(About { reason: Some((_, reason)), .. }) => reason.clone(),
            Some(_) => "no answer to its probes shows it".to_owned(),
            None => NOBODY_ASKED.to_owned(),
        }
    }
}

/// Every clause that a probe assessed, each once.
pub(super) fn clauses_of<'a>(judgement: &'a Judgement, broken: &'a [Mismatch]) -> BTreeSet<&'a ClauseId> {
    let observed = judgement.observations.iter().map(|observation| &observation.clause);
    let broken = judgement.mismatches.iter().chain(broken).map(|mismatch| &mismatch.clause);
    judgement.assessed.iter().chain(observed).chain(broken).collect()
}

/// Why a probe was not sent that alone may exceed a budget, in words.
pub(super) fn beyond_text(spent: Spent) -> String {
    format!("each alone may exceed {spent}")
}

/// Why a probe was not sent whose turn did not come, in words.
pub(super) fn unsent_text(ending: Ending) -> String {
    match ending {
        Ending::Spent(spent) => format!("{spent} allowed no more"),
        Ending::Interrupted => "the run was stopped before".to_owned(),
        Ending::TargetLost => "too many probes in a row were inconclusive before".to_owned(),
        Ending::FailedFast => "enough had failed before".to_owned(),
        Ending::Complete => "the run ended before".to_owned(),
    }
}
