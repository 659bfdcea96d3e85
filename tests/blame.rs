//! Of what a target is accused where it refuses what it should accept: the value that is to blame, if one is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

#[path = "support/outcomes.rs"]
mod outcomes;

use std::sync::Arc;

use ims_conformance::contract::ClauseId;
use ims_conformance::judge::Judgement;
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::report::terminal;
use ims_conformance::run::Record;
use outcomes::{PROBES, answered, answered_with, clauses, refused, report, report_with};

#[test]
fn a_refusal_is_blamed_on_the_value_that_is_refused_alone() {
    let mut pairs = PROBES.iter().filter(|probe| probe.phase == Phase::Pairs);
    let gives = |probe: &&Probe, text: &str| {
        String::from_utf8_lossy(probe.script.steps[0].request.body.as_deref().unwrap()).contains(text)
    };
    let with = pairs.clone().find(|probe| gives(probe, r#""disk_format":"qcow2""#)).unwrap();
    let without = pairs.find(|probe| !gives(probe, r#""disk_format":"qcow2""#) && gives(probe, ",")).unwrap();
    let alone = r#"boundary/disk_format/"qcow2""#;
    let found = report(vec![answered(&with.id, 400), answered(alone, 400), answered(&without.id, 400)]);
    assert_eq!(clauses(&found), [("request.disk_format.enum", 2), ("status.201", 1)]);
    assert_eq!(found.findings[0].requests[0].body.as_deref(), Some(br#"{"disk_format":"qcow2"}"#.as_slice()));
    assert!(found.findings.iter().all(|finding| finding.is_refusal_of_valid));
    let text = terminal::render(&found, terminal::Detail::Usual);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words.matches("\"raw\", \"qcow2\"; a valid request is refused over it").count(), 1, "{text}");
    assert_eq!(words.matches("refused over it").count(), 1, "{text}");
    // A server error is not a refusal of a value; and where nothing at all is accepted, no value is to blame.
    assert_eq!(clauses(&report(vec![answered(alone, 500)])), [("status.201", 1)]);
    let nothing = report(vec![
        answered("boundary/presence/no field", 400),
        answered("boundary/presence/all but name", 400),
        answered("boundary/presence/every field", 201),
    ]);
    assert_eq!(clauses(&nothing)[0], ("request.name.optional", 2), "{:?}", clauses(&nothing));
    let needed = report(vec![answered("boundary/presence/all but name", 400)]);
    assert_eq!(clauses(&needed), [("status.201", 1)], "a body of many fields alone tells nothing");
}

#[test]
fn a_finding_says_what_the_example_that_it_shows_is() {
    // One clause broken in both ways is one finding, and its example is the smaller one.
    let refused = || answered("min_disk/accepts_the_whole_range[highest]", 400);
    let accepted = || answered("min_disk/rejects_above_1024[just_above]", 201);
    for outcomes in [vec![refused(), accepted()], vec![accepted(), refused()]] {
        let found = report(outcomes);
        assert_eq!(clauses(&found), [("request.min_disk.maximum", 2)]);
        let finding = &found.findings[0];
        assert_eq!(
            finding.is_refusal_of_valid,
            finding.mismatch.got.raw().starts_with("400"),
            "{:?}",
            finding.mismatch
        );
    }
}

#[test]
fn where_nothing_is_accepted_no_value_is_to_blame() {
    let everything = report(vec![
        answered(r#"boundary/disk_format/"qcow2""#, 400),
        answered("boundary/presence/no field", 400),
        answered("pairs/001", 400),
    ]);
    assert_eq!(clauses(&everything), [("status.201", 3)]);
}

#[test]
fn a_server_error_for_one_value_does_not_hide_the_refusal_of_another() {
    let first = PROBES.iter().find(|probe| probe.id.starts_with("boundary/__os_version/") && probe.violation.is_none());
    let row = first.unwrap().id.clone();
    let version = row.strip_prefix("boundary/__os_version/").unwrap();
    let both = PROBES.iter().find(|probe| {
        let body =
            String::from_utf8_lossy(probe.script.steps[0].request.body.as_deref().unwrap_or_default()).into_owned();
        probe.phase == Phase::Pairs && body.contains(version) && body.contains(r#""disk_format":"qcow2""#)
    });
    let found = report(vec![
        answered(&row, 500),
        answered(r#"boundary/disk_format/"qcow2""#, 400),
        answered(&both.unwrap().id, 400),
    ]);
    assert_eq!(clauses(&found), [("request.disk_format.enum", 2), ("status.201", 1)]);
}

#[test]
fn a_refused_value_is_filed_under_the_rule_that_it_is_about() {
    for (id, expected) in [
        ("min_disk/accepts_the_whole_range[lowest]", "request.min_disk.minimum"),
        ("min_disk/accepts_the_whole_range[highest]", "request.min_disk.maximum"),
        ("boundary/min_disk/1", "request.min_disk.minimum"),
        ("boundary/min_disk/1024", "request.min_disk.maximum"),
        (r#"boundary/disk_format/"qcow2""#, "request.disk_format.enum"),
        // Only who wrote the case knows what it is about.
        ("tags/accepts_the_longest_tag", "request.tags.items.maxLength"),
    ] {
        assert_eq!(clauses(&report(vec![answered(id, 400)])), [(expected, 1)], "{id}");
    }
    // A case of two rules does not say which of them is to blame.
    let mut of_two = answered("tags/accepts_the_longest_tag", 400);
    Arc::make_mut(&mut of_two.probe).clauses.push(ClauseId::parse("request.tags.items.pattern").unwrap());
    assert_eq!(clauses(&report(vec![of_two])), [("request.tags.type", 1)]);
}

fn accepted(id: &str, body: &str) -> Record {
    let mut outcome = answered_with(id, 201, "{}");
    Arc::make_mut(&mut outcome.probe).script.steps[0].request.body = Some(body.as_bytes().to_vec());
    outcome.judgement = Judgement::default();
    outcome.judgement.assessed.insert(ClauseId::status(201));
    outcome
}

#[test]
fn a_refusal_beyond_a_refused_value_has_its_cause() {
    let random = |body: &str| refused("random/min_disk/valid/0001", body);
    let run = |bodies: &[&str]| {
        let mut outcomes = vec![accepted("boundary/min_disk/1", r#"{"min_disk":1}"#)];
        outcomes.push(refused("boundary/min_disk/1024", r#"{"min_disk":1000}"#));
        outcomes.extend(bodies.iter().map(|body| random(body)));
        outcomes
    };
    let found = report(run(&[r#"{"min_disk":1000,"min_ram":1}"#, r#"{"min_disk":1001,"min_ram":1}"#]));
    assert_eq!(clauses(&found), [("request.min_disk.maximum", 3)]);
    let found = report(run(&[r#"{"min_disk":999,"min_ram":1}"#, r#"{"min_disk":2,"min_ram":1}"#]));
    assert_eq!(clauses(&found), [("request.min_disk.maximum", 1), ("status.201", 2)]);
    // A smaller example moves the limit, and is shown.
    let found = report_with(run(&[r#"{"min_disk":999,"min_ram":1}"#]), &[random(r#"{"min_disk":600}"#)]);
    assert_eq!(clauses(&found), [("request.min_disk.maximum", 2)]);
    assert_eq!(found.findings[0].requests[0].body.as_deref(), Some(br#"{"min_disk":600}"#.as_slice()));
}

#[test]
fn a_field_of_which_no_value_is_taken_is_one_finding() {
    let outcomes = || {
        vec![
            refused("boundary/min_disk/1", r#"{"min_disk":1}"#),
            refused("boundary/min_disk/1024", r#"{"min_disk":1024}"#),
            refused("random/min_disk/valid/0001", r#"{"min_disk":300,"min_ram":1}"#),
        ]
    };
    assert_eq!(clauses(&report(outcomes())), [("request.min_disk.type", 3)]);
    // A value that nobody has to take says nothing of the others, and a clause that was assessed does not say that it holds.
    let mut left_open = outcomes();
    left_open.push(accepted("boundary/min_disk/null", r#"{"min_disk":null}"#));
    left_open[0].judgement.assessed.insert(ClauseId::status(201));
    assert_eq!(clauses(&report(left_open)), [("request.min_disk.type", 3)]);
    let mut unsent = outcomes();
    unsent.push(accepted("boundary/min_disk/2", r#"{"min_disk":2}"#));
    unsent[3].exchanges.clear();
    assert_eq!(clauses(&report(unsent)), [("request.min_disk.type", 3)]);
    let mut some = outcomes();
    some.push(accepted("boundary/min_disk/2", r#"{"name":"conformance-{run}-3","min_disk":2}"#));
    let found = report(some);
    let expected = [("request.min_disk.minimum", 1), ("request.min_disk.maximum", 1), ("status.201", 1)];
    assert_eq!(clauses(&found), expected);
    let listed = |value: &str| refused(r#"boundary/disk_format/"qcow2""#, &format!(r#"{{"disk_format":"{value}"}}"#));
    assert_eq!(clauses(&report(vec![listed("qcow2"), listed("vhd")])), [("request.disk_format.enum", 2)]);
}

#[test]
fn a_value_that_is_accepted_alone_is_not_to_blame() {
    let alone = r#"boundary/disk_format/"qcow2""#;
    let found = |shrunk: &[Record]| {
        let report = report_with(vec![answered(alone, 400)], shrunk);
        report.findings.iter().map(|finding| finding.clause.clone()).collect::<Vec<_>>()
    };
    let taken = |body: &str| {
        let mut outcome = answered_with(alone, 201, "{}");
        outcome.exchanges[0].request.body = Some(body.as_bytes().to_vec());
        outcome.judgement = Judgement::default();
        outcome
    };
    assert_eq!(found(&[]), ["request.disk_format.enum"]);
    assert_eq!(found(&[taken(r#"{"disk_format":"qcow2"}"#)]), ["status.201"]);
    for other in [r#"{"disk_format":"vhd"}"#, r#"{"min_disk":1}"#, r#"{"disk_format":"qcow2","min_disk":1}"#, "{}"] {
        assert_eq!(found(&[taken(other)]), ["request.disk_format.enum"], "{other}");
    }
}

#[test]
fn an_accepted_request_with_a_wrong_answer_is_no_refusal() {
    assert_eq!(clauses(&report(vec![answered_with("pairs/001", 201, "created")])), [("response.type", 1)]);
}
