//! What the phase of texts sends: texts that look like something else wherever any may stand, and whole tables beside short lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::plan::{Seed, Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::suite::Suite;
use serde_json::{Map, Value};

fn sent(suite: &Arc<Suite>, seed: u64, strength: usize) -> Vec<Probe> {
    let selection = Selection { phases: vec![Phase::Texts], seed: Seed(seed), strength, ..Selection::default() };
    plan(suite, &selection).unwrap().iter().collect()
}

fn suite(name: &str) -> Arc<Suite> {
    Arc::new(Suite::built_in(name).unwrap().unwrap())
}

fn body(probe: &Probe) -> Map<String, Value> {
    serde_json::from_slice(probe.script.steps[0].request.body.as_deref().unwrap()).unwrap()
}

fn kind(suite: &Suite, probe: &Probe) -> Kind {
    let request = &probe.script.steps[0].request;
    classify(&suite.contract, request, &Body::read(request)).kind
}

#[test]
fn what_every_reading_allows_shares_bodies_and_what_is_left_open_stands_alone() {
    for name in Suite::built_in_names() {
        let suite = suite(name);
        for probe in sent(&suite, 1, 2) {
            let is_shared = probe.id.starts_with("texts/together/");
            assert_eq!(kind(&suite, &probe), if is_shared { Kind::Valid } else { Kind::Unspecified }, "{}", probe.id);
            assert!(is_shared || body(&probe).len() == 1, "{}", probe.id);
        }
    }
}

#[test]
fn a_name_and_both_parts_of_a_tag_are_texts_of_many_kinds() {
    let suite = suite("otc");
    let bodies: Vec<_> = sent(&suite, 1, 2).iter().map(body).collect();
    let names: HashSet<_> = bodies.iter().filter_map(|body| body.get("name")?.as_str()).collect();
    let tags = bodies.iter().filter_map(|body| body.get("tags")?.as_array()).flatten().filter_map(Value::as_str);
    let tags: Vec<_> = tags.collect();
    assert!(["1=1", "a=a"].iter().all(|text| tags.contains(text)), "texts that are whole items");
    let (keys, values): (HashSet<_>, HashSet<_>) = tags.iter().filter_map(|tag| tag.split_once('=')).unzip();
    for text in
        ["007", "null", "true", "2016-06-02", "7f3a9c52-6f0e-4d1b-9a4e-2b8c5d6e7f01", "SELECT", "min_disk", "Windows"]
    {
        assert!(names.contains(text) && keys.contains(text) && values.contains(text), "{text}");
    }
    for text in ["%41", "&amp;", "../a", "{{a}}", "' OR '1'='1", "\"a\""] {
        assert!(names.contains(text), "{text}");
    }
    let lengths = |texts: &HashSet<&str>| texts.iter().map(|text| text.len()).collect::<BTreeSet<_>>();
    assert!((1..=36).all(|length| lengths(&keys).contains(&length)), "{:?}", lengths(&keys));
    assert!((1..=43).all(|length| lengths(&values).contains(&length)), "{:?}", lengths(&values));
    assert!((1..=64).all(|length| lengths(&names).contains(&length)), "{:?}", lengths(&names));
}

#[test]
fn every_row_of_a_table_meets_every_value_of_a_short_list_over_seeds_or_at_once() {
    let suite = suite("otc");
    let pairs = |probes: Vec<Probe>| {
        let pair = |body: Map<String, Value>| {
            Some((body.get("__os_version")?.to_string(), body.get("disk_format").map(Value::to_string)))
        };
        probes.iter().map(body).filter_map(pair).collect::<BTreeSet<_>>()
    };
    let rows = pairs(sent(&suite, 1, 2)).into_iter().map(|(row, _)| row).collect::<BTreeSet<_>>().len();
    let whole = pairs(sent(&suite, 1, 3));
    assert_eq!(whole.len(), rows * 5);
    let seeds: BTreeSet<_> = (1..=3).flat_map(|seed| pairs(sent(&suite, seed, 2))).collect();
    assert_eq!(seeds, whole);
}
