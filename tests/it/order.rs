//! In which order a run sends its cases: something of everything first.

use std::collections::BTreeSet;
use std::sync::Arc;

use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::suite::Suite;

fn cases(suite: &Arc<Suite>) -> Vec<Probe> {
    plan(suite, &Selection { phases: vec![Phase::Case], ..Selection::default() }).unwrap().iter().collect()
}

/// The case of a probe, without its row.
fn case(probe: &Probe) -> &str {
    probe.id.split('[').next().unwrap()
}

#[test]
fn a_row_of_every_case_comes_before_another_row_of_any() {
    for name in Suite::built_in_names() {
        let suite = Arc::new(Suite::built_in(name).unwrap().unwrap());
        let (probes, all) = (cases(&suite), suite.cases.iter().map(|case| case.id.as_str()).collect::<BTreeSet<_>>());
        let first: BTreeSet<_> = probes[..all.len()].iter().map(case).collect();
        assert_eq!(first, all);
        let ids: BTreeSet<_> = probes.iter().map(|probe| &probe.id).collect();
        assert_eq!((ids.len(), probes.len()), (probes.len(), suite.cases.iter().map(|case| case.probes.len()).sum()));
    }
}

#[test]
fn topics_take_turns_behind_the_cases_that_wait_or_show_whether_what_is_protected_can_be_released() {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let probes = cases(&suite);
    let is_of_release =
        |probe: &&Probe| probe.script.steps.len() > 1 && probe.script.asks_for_delete_protection(&suite.contract);
    let waits = |probe: &&Probe| probe.script.steps.iter().any(|step| !step.pause.is_zero());
    let begin = probes.iter().take_while(|probe| is_of_release(probe) || waits(probe)).count();
    assert!(
        probes[..begin].iter().filter(is_of_release).count() > 2 && probes[..begin].iter().any(|probe| waits(&probe))
    );
    let topic = |probe: &Probe| probe.id.split('/').next().unwrap().to_owned();
    let topics: BTreeSet<_> = probes.iter().map(topic).collect();
    let first: BTreeSet<_> = probes[..begin + topics.len()].iter().map(topic).collect();
    assert_eq!(first, topics);
}
