//! From a suite to the probes of a run.

use crate::probe::Probe;
use crate::suite::Suite;

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// A selector that matches no probe would silently check less than was meant.
    #[error("the selector `{selector}` matches no probe{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NothingSelected {
        /// The selector.
        selector: String,
        /// A probe or a clause with a similar name.
        near: Option<String>,
    },
}

/// The probes that any of the selectors matches, in the order of the suite; all of them where there is no selector. A selector is a part of a probe's
/// id, or the beginning of a clause's.
pub fn plan(suite: &Suite, selectors: &[String]) -> Result<Vec<Probe>, PlanError> {
    let all = suite.cases.iter().flat_map(|case| &case.probes);
    if selectors.is_empty() {
        return Ok(all.cloned().collect());
    }
    for selector in selectors {
        if !all.clone().any(|probe| matches(selector, probe)) {
            let known = suite
                .cases
                .iter()
                .map(|case| case.id.as_str())
                .chain(suite.contract.clauses.keys().map(String::as_str));
            let near = crate::document::nearest(selector, known).map(str::to_owned);
            return Err(PlanError::NothingSelected { selector: selector.clone(), near });
        }
    }
    Ok(all.filter(|probe| selectors.iter().any(|selector| matches(selector, probe))).cloned().collect())
}

fn matches(selector: &str, probe: &Probe) -> bool {
    probe.id.contains(selector) || probe.clauses.iter().any(|clause| clause.starts_with(selector))
}
