//! What a plan leaves out: what its author skips, what nobody allowed, and what the target has no call for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Plan, Summary, matches, nothing_selected};
use crate::contract::{ClauseId, Contract};
use crate::plan::PlanError;
use crate::plan::missing::{MissingCall, uses};
use crate::probe::{Phase, Probe};

/// Probes that are left out, as nobody asked for them.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    /// How many, which, and what adds them.
    pub text: String,
    /// The clauses that they are about.
    pub clauses: BTreeSet<ClauseId>,
    /// Which they are, where it is their author who skips them for now.
    pub skipped: Option<Skipped>,
}

/// The probes of a case that its author skips for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Why.
    pub reason: String,
    /// The ids of those that the plan would have otherwise.
    pub probes: Vec<String>,
}

impl Plan {
    /// The same plan without the cases that their authors have skipped for now.
    pub(super) fn without_skipped(self) -> Self {
        let suite = Arc::clone(&self.suite);
        let skipped = suite.cases.iter().filter_map(|case| Some((case, case.skip.as_ref()?)));
        skipped.fold(self, |plan, (case, reason)| {
            let ids: BTreeSet<_> = case.probes.iter().map(|probe| probe.id.clone()).collect();
            let is_of_it = move |_: &Contract, probe: &Probe| probe.phase == Phase::Case && ids.contains(&probe.id);
            plan.exclude(&format!("of {}, which is skipped: {reason}", case.id), Some(reason), is_of_it)
        })
    }

    /// The same plan without generated probes. `adds` says in words what adds them.
    #[must_use]
    pub fn only_cases(self, adds: &str) -> Self {
        let what = format!("of the generated phases; {adds}");
        let mut plan = self.without(&what, |_, probe| probe.phase != Phase::Case);
        // It is marked as what was planned without the others: whoever is careful of what is created wants it proven.
        plan.selection.phases.retain(|phase| *phase == Phase::Case);
        plan
    }

    /// The same plan without what creates something that cannot be removed as it is. `adds` says in words what adds it.
    #[must_use]
    pub fn without_delete_protected(self, adds: &str) -> Self {
        let what = format!("that create something protected; {adds}");
        self.without(&what, |contract, probe| probe.script.asks_for_delete_protection(contract))
    }

    /// The same plan without the probes that any of these selectors matches.
    ///
    /// # Errors
    ///
    /// Where one matches no probe of the plan: somebody would believe that it leaves something out.
    pub fn excluding(self, selectors: &[String]) -> Result<Self, PlanError> {
        if selectors.is_empty() {
            return Ok(self);
        }
        let mut unmatched: BTreeSet<&String> = selectors.iter().collect();
        self.unmarked().for_each(|probe| unmatched.retain(|selector| !matches(selector, &probe)));
        if let Some(selector) = selectors.iter().find(|selector| unmatched.contains(selector)) {
            return Err(nothing_selected(&self.suite, selector));
        }
        let selectors = selectors.to_vec();
        let what = format!("that --exclude names ({})", selectors.join(", "));
        Ok(self.without(&what, move |_, probe| selectors.iter().any(|selector| matches(selector, probe))))
    }

    /// The same plan without the probes of which this is true. `what` says in words which they are, and what adds them.
    #[must_use]
    pub fn without(self, what: &str, is_excluded: impl Fn(&Contract, &Probe) -> bool + Send + Sync + 'static) -> Self {
        self.exclude(what, None, is_excluded)
    }

    /// As [`Plan::without`]; `skipped` is the reason of an author who skips them.
    fn exclude(
        mut self,
        what: &str,
        skipped: Option<&String>,
        is_excluded: impl Fn(&Contract, &Probe) -> bool + Send + Sync + 'static,
    ) -> Self {
        let mut excluded = self.summary.excluded.clone();
        let (mut count, mut clauses) = (0, BTreeSet::new());
        let mut skipped = skipped.map(|reason| Skipped { reason: reason.clone(), probes: Vec::new() });
        for probe in self.unmarked().filter(|probe| is_excluded(&self.suite.contract, probe)) {
            count += 1;
            clauses.extend(probe.clauses);
            if let Some(skipped) = &mut skipped {
                skipped.probes.push(probe.id);
            }
        }
        if count == 0 {
            return self;
        }
        excluded.push(Excluded { text: counted(count, what), clauses, skipped });
        self.exclusions.push(Arc::new(is_excluded));
        self.summed_up(excluded)
    }

    /// The same plan for a target that does not have these calls: without the cases that need them, and without the follow-ups that do.
    #[must_use]
    pub(crate) fn without_calls(mut self, missing: &[MissingCall]) -> Self {
        self.missing = Arc::new(missing.iter().map(|call| call.operation).collect());
        let contract = &self.suite.contract;
        let mut left_out: Vec<_> = missing.iter().map(|call| (0, call.lost_clauses(&self.suite))).collect();
        let (excluded, fingerprint) = (self.summary.excluded.clone(), self.summary.fingerprint);
        let mut summary = Summary { fingerprint, excluded, ..Summary::default() };
        for probe in self.unmarked() {
            match missing.iter().position(|call| uses(contract, &probe, call.operation)) {
                Some(index) => {
                    left_out[index].0 += 1;
                    left_out[index].1.extend(probe.clauses);
                }
                None => summary.count(probe),
            }
        }
        for ((count, clauses), call) in left_out.into_iter().zip(missing).filter(|((count, _), _)| *count > 0) {
            let text = counted(count, &format!("that need {}", call.text));
            summary.excluded.push(Excluded { text, clauses, skipped: None });
        }
        let operations = Arc::clone(&self.missing);
        self.exclusions.push(Arc::new(move |contract, probe| {
            operations.iter().any(|operation| uses(contract, probe, *operation))
        }));
        self.summary = Arc::new(summary);
        self
    }
}

/// How many probes there are of which this is true.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!(
            "1 probe {}",
            what.replacen("that need ", "that needs ", 1).replacen("that create ", "that creates ", 1)
        ),
        _ => format!("{count} probes {what}"),
    }
}
