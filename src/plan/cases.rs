//! The phase of the cases: what somebody wrote, and something of everything first.
//!
//! The rows of a case show one thing many times, and cases of one topic are about one field. Who stops at the first finding, or has a budget that ends, wants
//! to have seen all of them early: the first row of each case comes before all second ones, and topics take turns.
//!
//! Of what cannot be released no more than a few are created. The cases that show whether it can be come first of all, before others have used these up; and
//! those that wait come as early, so that others are sent meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use crate::probe::Probe;
use crate::suite::Suite;

/// The probes of all cases.
pub(super) fn probes(suite: &Arc<Suite>) -> impl Iterator<Item = Probe> + Send + use<> {
    let suite = Arc::clone(suite);
    order(&suite).into_iter().map(move |(case, row)| suite.cases[case].probes[row].clone())
}

/// Which row of which case comes when.
fn order(suite: &Suite) -> Vec<(usize, usize)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut turns = Vec::new();
    for (place, case) in suite.cases.iter().enumerate() {
        let of_topic = seen.entry(topic(&case.id)).or_default();
        let is_of_release =
            |probe: &Probe| probe.script.steps.len() > 1 && probe.script.asks_for_delete_protection(&suite.contract);
        let waits = |probe: &Probe| probe.script.steps.iter().any(|step| !step.pause.is_zero());
        let turn = |(row, probe)| ((row, !is_of_release(probe) && !waits(probe), *of_topic), (place, row));
        turns.extend(case.probes.iter().enumerate().map(turn));
        *of_topic += 1;
    }
    // Topics stay in the order of the suite where they have the same turn: the sort is stable.
    turns.sort_by_key(|(turn, _)| *turn);
    turns.into_iter().map(|(_, place)| place).collect()
}

/// The folder of a case.
fn topic(id: &str) -> &str {
    id.rsplit_once('/').map_or("", |(topic, _)| topic)
}
