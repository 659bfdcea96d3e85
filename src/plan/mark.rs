//! Marks the requests of a plan, so that what they create can be proven to be this run's.
//!
//! A mark goes where it changes least: into a field that the body leaves out and the probe is not about. A body in which every such field is given, or missing
//! on purpose, stays as it is. So does one that holds no more than it must, and the first of each field alone: what a target does with them must be seen, too.
//! A share of what is generated carries none either, and beside it one of the rows of each case: a fault that shows only where a field is left out must not be hidden by the mark in it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::shard::stable_hash;
use crate::contract::{Contract, Mark};
use crate::exchange::TokenVariant;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Phase, Probe, Step};

/// What stands in a planned request for the text that no other run has.
pub(crate) const RUN: &str = "{run}";

/// Marks what can be marked of each request that may create.
pub fn mark(contract: &Contract, probes: &mut [Probe]) {
    let mut marker = Marker::of(&[Phase::Case]);
    for probe in probes {
        marker.mark(contract, probe);
    }
}

/// Marks the probes of a plan, one after the other.
#[derive(Debug, Default)]
pub(super) struct Marker {
    /// Whether every case is marked: where nothing but cases is sent, somebody is careful of what is created.
    marks_all_cases: bool,
    /// How many probes there were.
    count: usize,
    /// The fields of which a value was seen alone.
    seen_alone: HashSet<String>,
    /// How many probes there were of each kind: the phase, and the rule that is broken, or the case.
    kinds: HashMap<(Phase, String), usize>,
}

/// About one of so many generated probes that break the same rule carries no mark.
const UNMARKED_OF_BROKEN: u64 = 3;

/// About one of so many others; without a list they are not sent where nothing proves whose they are.
const UNMARKED_OF_OTHERS: u64 = 8;

/// So that marks and shards have nothing to do with each other.
const MARKS: u64 = 0x6d61_726b;

impl Marker {
    /// One for a plan of these phases.
    pub(super) fn of(phases: &[Phase]) -> Self {
        Self { marks_all_cases: phases.iter().all(|phase| *phase == Phase::Case), ..Self::default() }
    }

    /// Marks what can be marked of the next probe.
    pub(super) fn mark(&mut self, contract: &Contract, probe: &mut Probe) {
        self.count += 1;
        if self.goes_unmarked(contract, probe) {
            return;
        }
        let alone = only_field(contract, probe).filter(|_| is_valid(contract, probe));
        if !alone.is_some_and(|name| self.seen_alone.insert(name)) {
            mark_one(contract, probe, self.count);
        }
    }

    /// Whether this probe is to carry no mark: the second one of each kind, and a share of the others. Which ones follows from their ids, so that a probe
    /// more or less in the plan changes nothing for the rest.
    fn goes_unmarked(&mut self, contract: &Contract, probe: &Probe) -> bool {
        let creates = probe.script.steps.iter().any(|step| step.request.may_create(contract));
        if probe.phase == Phase::Overlap || !creates || (probe.phase == Phase::Case && self.marks_all_cases) {
            return false;
        }
        let broken = probe.violation.as_ref().filter(|_| probe.phase != Phase::Case);
        let share = if broken.is_some() { UNMARKED_OF_BROKEN } else { UNMARKED_OF_OTHERS };
        let kind = match (probe.phase, broken) {
            (Phase::Case, _) => probe.id.split('[').next().unwrap_or_default().to_owned(),
            (_, broken) => broken.map(|violation| violation.clause.to_string()).unwrap_or_default(),
        };
        let count = self.kinds.entry((probe.phase, kind)).or_default();
        *count += 1;
        *count == 2 || (*count > 2 && stable_hash(MARKS, &probe.id).is_multiple_of(share))
    }
}

fn is_valid(contract: &Contract, probe: &Probe) -> bool {
    probe
        .script
        .steps
        .first()
        .is_some_and(|step| classify(contract, &step.request, &Body::read(&step.request)).kind == Kind::Valid)
}

/// The field that a probe's first body has alone, or alone beside what is required.
fn only_field(contract: &Contract, probe: &Probe) -> Option<String> {
    let body = probe.script.steps.first()?.request.body.as_deref()?;
    let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let is_required = |name: &String| contract.creation.request.required.contains(name);
    let (needed, mut free): (Vec<_>, Vec<_>) = fields.into_iter().map(|(name, _)| name).partition(is_required);
    match free.len() {
        0 => needed.into_iter().next(),
        1 => free.pop(),
        _ => None,
    }
}

/// Marks one probe with this number.
pub(crate) fn mark_one(contract: &Contract, probe: &mut Probe, number: usize) {
    let free: Vec<_> = contract.marks().filter(|(name, _)| !is_about(probe, name)).collect();
    // Where one value is wrong the others may be anything right.
    let placements: &[MarkPlacement] = if probe.violation.is_some() {
        &[MarkPlacement::Added, MarkPlacement::Replacing]
    } else {
        &[MarkPlacement::Added]
    };
    // What a target does with no more than is needed must be seen, unless it is to turn it away unread.
    let says_nothing = probe.violation.is_none() && holds_no_more_than_it_must(contract, probe);
    if says_nothing {
        return;
    }
    for step in probe.script.steps.iter_mut().filter(|step| step.request.may_create(contract)) {
        let with_placement =
            |placement| free.iter().find_map(|(name, mark)| marked(contract, step, name, mark, number, placement));
        if let Some(body) = placements.iter().find_map(|placement| with_placement(*placement)) {
            step.request.body = Some(body);
        }
    }
}

/// Whether a probe sends at first only what is required, and is about none of it.
fn holds_no_more_than_it_must(contract: &Contract, probe: &Probe) -> bool {
    let Some(body) = probe.script.steps.first().and_then(|step| step.request.body.as_deref()) else { return false };
    serde_json::from_slice::<Map<String, Value>>(body)
        .is_ok_and(|fields| !fields.is_empty() && contract.without_company(fields, &probe.clauses).is_empty())
}

/// How many requests of a probe may create something and carry no mark.
pub(crate) fn unmarked(contract: &Contract, probe: &Probe) -> usize {
    let creating = probe.script.steps.iter().filter(|step| step.request.may_create(contract));
    creating.filter(|step| step.request.mark(contract, RUN).is_none()).count()
}

/// Whether a probe is about this field: a clause of it, what its answer must hold there, or a value that it breaks on purpose.
fn is_about(probe: &Probe, field: &str) -> bool {
    let pointer = format!("/{field}");
    let is_expected = probe.expectations.iter().any(|expectation| {
        let exact = expectation.body.iter().map(|(name, _)| name);
        exact.chain(expectation.any_of.iter().map(|(name, _)| name)).any(|name| name == field)
    });
    let breaks = probe.violation.as_ref().is_some_and(|violation| violation.pointer.starts_with(&pointer));
    is_expected || breaks || probe.clauses.iter().any(|clause| clause.is_of_field(field))
}

/// How a mark gets into a field that is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkPlacement {
    /// As one more item.
    Added,
    /// For the text that is there.
    Replacing,
}

/// The body with the mark in this field; `None` where the body is no object, or the field has no room for it.
fn marked(
    contract: &Contract,
    step: &Step,
    field: &str,
    mark: &Mark,
    number: usize,
    placement: MarkPlacement,
) -> Option<Vec<u8>> {
    let body = step.request.body.as_deref()?;
    let mut fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = mark.text(number);
    if fields.contains_key(field) {
        // What is written in a special way stays so.
        let is_plain = serde_json::to_vec(&fields).is_ok_and(|again| again == body);
        let schema = contract.creation.request.properties.get(field).filter(|_| is_plain)?;
        let given = fields.get_mut(field)?;
        *given = match placement {
            MarkPlacement::Added => mark.added_to(schema, given, &text)?,
            MarkPlacement::Replacing => mark.in_place_of(given, &text)?,
        };
        return serde_json::to_vec(&fields).ok();
    }
    // What a target does with an empty body must be seen, unless it is to turn it away unread.
    if fields.is_empty() && step.request.credential == TokenVariant::Good {
        return None;
    }
    // The rest of the body stays as it is, byte for byte: it may be about its bytes.
    let whole = std::str::from_utf8(body).ok()?;
    let start = whole.find('{')? + 1;
    let end = if fields.is_empty() { "" } else { "," };
    let entry = format!("{}:{}{end}", Value::from(field), mark.value(&text));
    Some([&body[..start], entry.as_bytes(), &body[start..]].concat())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{mark_one, unmarked};
    use crate::plan::{self, Plan, Selection};
    use crate::probe::Phase;
    use crate::suite::{DEFAULT, Suite};

    fn marked(body: &str) -> String {
        let suite = Suite::built_in(DEFAULT).unwrap().unwrap();
        let request = plan::request(&suite.contract, body.as_bytes().to_vec());
        let mut probe = plan::probe(&suite.contract, Phase::Pairs, "one".to_owned(), None, request);
        mark_one(&suite.contract, &mut probe, 5);
        String::from_utf8(probe.script.steps[0].request.body.clone().unwrap()).unwrap()
    }

    #[test]
    fn a_mark_goes_where_it_changes_least() {
        let table = [
            (r#"{ "min_disk": 7 }"#, r#"{"name":"conformance-{run}-5", "min_disk": 7 }"#),
            (r#"{"min_disk":1e1}"#, r#"{"name":"conformance-{run}-5","min_disk":1e1}"#),
            (r#"{"name":"a"}"#, r#"{"tags":["conformance-run={run}-5"],"name":"a"}"#),
            (r#"{"name":"a","tags":["k=v"]}"#, r#"{"name":"a","tags":["k=v","conformance-run={run}-5"]}"#),
            (r#"{"name":"a","tags":[]}"#, r#"{"name":"a","tags":["conformance-run={run}-5"]}"#),
        ];
        for (body, expected) in table {
            assert_eq!(marked(body), expected);
        }
    }

    #[test]
    fn beside_a_wrong_value_a_mark_takes_the_place_of_a_text() {
        let table = [
            (r#"{"name":"a","tags":[""]}"#, r#"{"name":"conformance-{run}-5","tags":[""]}"#),
            (r#"{"name":7,"tags":["k=v"]}"#, r#"{"name":7,"tags":["k=v","conformance-run={run}-5"]}"#),
            (r#"{"name":7,"tags":[""]}"#, r#"{"name":7,"tags":[""]}"#),
        ];
        for (body, expected) in table {
            assert_eq!(marked(body), expected);
        }
    }

    #[test]
    fn where_there_is_no_room_for_one_more_the_last_one_goes() {
        let tags = |last: &str| {
            let tags: Vec<_> = (0..9).map(|number| format!("\"k{number}=\"")).chain([format!("\"{last}\"")]).collect();
            format!(r#"{{"name":"a","tags":[{}]}}"#, tags.join(","))
        };
        assert_eq!(marked(&tags("k9=")), tags("conformance-run={run}-5"));
    }

    #[test]
    fn what_a_mark_would_spoil_carries_none() {
        for body in [
            "{}",
            "[]",
            "{",
            r#"{"name":"\u0041","tags":["k=v"]}"#,
            r#"{"name":"a","tags":["bare"]}"#,
            r#"{"name":"a","tags":null}"#,
        ] {
            assert_eq!(marked(body), body);
        }
    }

    #[test]
    fn a_share_of_the_rows_of_a_case_carries_no_mark() {
        let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
        let plan_of = |phases: &[Phase]| {
            plan::plan(&suite, &Selection { phases: phases.to_vec(), ..Selection::default() }).unwrap()
        };
        let counts = |plan: Plan| {
            let plan = plan.marked();
            let rows: Vec<_> =
                plan.iter().filter(|probe| probe.id.starts_with("__os_version/derives_centos[")).collect();
            (rows.iter().filter(|probe| unmarked(&suite.contract, probe) > 0).count(), rows.len())
        };
        let all_phases = || plan_of(&Phase::ALL.map(|(_, phase)| phase));
        let (unmarked, all) = counts(all_phases());
        assert!(unmarked > 1 && unmarked * 4 < all, "{unmarked} of {all}");
        // The first value of a field that stands alone does so everywhere.
        assert!(counts(plan_of(&[Phase::Case])).0 <= 1, "cases alone");
        assert!(counts(all_phases().only_cases("")).0 <= 1, "against a service of others");
    }

    #[test]
    fn most_of_what_a_run_creates_is_marked() {
        for name in Suite::built_in_names() {
            let suite = Suite::built_in(name).unwrap().unwrap();
            let suite = Arc::new(suite);
            let plan = plan::plan(&suite, &Selection::default()).unwrap();
            let unmarked = |plan: &Plan| plan.iter().map(|probe| unmarked(&suite.contract, &probe)).sum::<usize>();
            let (before, after) = (unmarked(&plan), unmarked(&plan.marked()));
            assert!(after * 3 < before, "{name}: {after} of {before} carry no mark");
        }
    }
}
