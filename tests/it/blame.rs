//! Of what a target is accused where it refuses what it should accept: the value that is to blame, if one is.

use std::sync::Arc;

use crate::outcomes::{PROBES, answered, answered_with, causes, clauses, refused, report, report_with};
use ims_conformance::contract::ClauseId;
use ims_conformance::judge::Judgement;
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::report::terminal::{self, Detail};
use ims_conformance::run::Record;

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
    let text = terminal::render(&found, Detail::Usual);
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
fn a_refused_value_is_filed_under_a_rule_only_if_the_rule_names_it() {
    for (id, expected) in [
        ("min_disk/accepts_the_whole_range[lowest]", "request.min_disk.minimum"),
        ("min_disk/accepts_the_whole_range[highest]", "request.min_disk.maximum"),
        ("boundary/min_disk/1", "request.min_disk.minimum"),
        ("boundary/min_disk/1024", "request.min_disk.maximum"),
        (r#"boundary/disk_format/"qcow2""#, "request.disk_format.enum"),
    ] {
        assert_eq!(causes(&report(vec![answered(id, 400)])), [(expected, "", 1)], "{id}");
    }
    // The page allows a name of 128 characters, and no rule stands there; nor does one for a digit at the beginning.
    for (body, field) in [
        (format!(r#"{{"name":"{}"}}"#, "a".repeat(128)), "/name"),
        (r#"{"name":"0a"}"#.to_owned(), "/name"),
        (r#"{"protected":true}"#.to_owned(), "/protected"),
        (r#"{"min_disk":600}"#.to_owned(), "/min_disk"),
        (r#"{"min_ram":1048576}"#.to_owned(), "/min_ram"),
        (format!(r#"{{"tags":["{}=a"]}}"#, "a".repeat(36)), "/tags"),
    ] {
        let found = report(vec![refused("boundary/min_disk/1", &body)]);
        assert_eq!(causes(&found), [("status.201", field, 1)], "{body}");
        let text = terminal::render(&found, Detail::Usual);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("; a valid request is refused over {field} ")), "{text}");
    }
}

#[test]
fn two_fields_are_accused_where_each_is_taken_alone() {
    let both = r#"{"min_disk":2,"min_ram":3}"#;
    let taken = |body: &str| {
        let mut record = accepted("pairs/001", body);
        record.exchanges[0].request.body = Some(body.as_bytes().to_vec());
        record
    };
    let found = |shrunk: &[Record]| {
        let larger = refused("pairs/002", r#"{"name":"a","min_ram":4,"min_disk":5}"#);
        let report = report_with(vec![refused("pairs/001", both), larger], shrunk);
        causes(&report)
            .into_iter()
            .map(|(clause, cause, count)| (clause.to_owned(), cause.to_owned(), count))
            .collect::<Vec<_>>()
    };
    let general = [("status.201".to_owned(), String::new(), 2)];
    assert_eq!(found(&[]), general);
    assert_eq!(found(&[taken(r#"{"min_disk":2}"#)]), general);
    assert_eq!(found(&[taken(r#"{"min_disk":2}"#), taken(r#"{"min_ram":4}"#)]), general);
    let together = [("status.201".to_owned(), "/min_ram with /min_disk".to_owned(), 2)];
    assert_eq!(found(&[taken(r#"{"min_disk":2}"#), taken(r#"{"min_ram":3}"#)]), together);
    // The mark may be the other one.
    let marked = refused("pairs/001", r#"{"min_disk":2,"min_ram":3,"tags":["conformance-run={run}-1"]}"#);
    let alone = [taken(r#"{"min_disk":2}"#), taken(r#"{"min_ram":3}"#)];
    assert_eq!(causes(&report_with(vec![marked], &alone)), [("status.201", "", 1)]);
    let marked = refused("pairs/001", r#"{"min_disk":2,"tags":["conformance-run={run}-1"]}"#);
    let found = report_with(vec![refused("pairs/001", both)], &[marked, taken(r#"{"min_disk":2}"#)]);
    assert_eq!(causes(&found), [("status.201", "", 1)], "min_ram stands beside no mark");
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
    let over = |count| ("status.201", "/min_disk", count);
    let found = report(run(&[r#"{"min_disk":1000,"min_ram":1}"#, r#"{"min_disk":1001,"min_ram":1}"#]));
    assert_eq!(causes(&found), [over(3)]);
    let found = report(run(&[r#"{"min_disk":999,"min_ram":1}"#, r#"{"min_disk":2,"min_ram":1}"#]));
    assert_eq!(causes(&found), [over(1), ("status.201", "", 2)]);
    // A smaller example moves the limit, and is shown.
    let found = report_with(run(&[r#"{"min_disk":999,"min_ram":1}"#]), &[random(r#"{"min_disk":600}"#)]);
    assert_eq!(causes(&found), [over(2)]);
    assert_eq!(found.findings[0].requests[0].body.as_deref(), Some(br#"{"min_disk":600}"#.as_slice()));
    // Where the limit itself is refused, it is the limit that is wrong.
    let found = report(run(&[r#"{"min_disk":1024}"#, r#"{"min_disk":1001,"min_ram":1}"#]));
    assert_eq!(causes(&found), [("request.min_disk.maximum", "", 3)]);
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
    assert_eq!(causes(&report(outcomes())), [("status.201", "/min_disk", 3)]);
    // A value that nobody has to take says nothing of the others, and a clause that was assessed does not say that it holds.
    let mut left_open = outcomes();
    left_open.push(accepted("boundary/min_disk/null", r#"{"min_disk":null}"#));
    left_open[0].judgement.assessed.insert(ClauseId::status(201));
    assert_eq!(causes(&report(left_open)), [("status.201", "/min_disk", 3)]);
    let mut unsent = outcomes();
    unsent.push(accepted("boundary/min_disk/2", r#"{"min_disk":2}"#));
    unsent[3].exchanges.clear();
    assert_eq!(causes(&report(unsent)), [("status.201", "/min_disk", 3)]);
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

#[test]
fn what_an_equal_request_does_not_show_comes_now_and_then() {
    let id = "body/accepts_an_empty_object";
    let right = || {
        let mut record = answered(id, 201);
        record.judgement.mismatches.clear();
        record
    };
    let told = |records: Vec<Record>| {
        let found = report(records);
        let text = terminal::render(&found, Detail::Usual);
        (found.findings[0].is_intermittent, text.contains("(1 of 2 probes, intermittent)"))
    };
    assert_eq!(told(vec![answered(id, 500), right()]), (true, true));
    // What has begun to fail may fail for ever.
    assert_eq!(told(vec![right(), answered(id, 500)]), (false, false));
    let mut other = right();
    other.exchanges[0].request.body = Some(b"{\"min_ram\":1}".to_vec());
    assert_eq!(told(vec![answered(id, 500), other]), (false, false));
    // Where the mark stands may be what is to blame.
    let mut marked = right();
    marked.exchanges[0].request.body = Some(b"{\"tags\":[\"imsc-0123456789ab-1\"]}".to_vec());
    assert_eq!(told(vec![answered(id, 500), marked]), (false, false));
}

#[test]
fn a_probe_counts_for_the_clause_that_is_to_blame_and_not_only_for_the_one_that_was_named() {
    // A rule names the only value of the first; each value of the field is refused, and others are taken.
    let bodies = [r#"{"min_disk":1024}"#, r#"{"min_disk":40}"#, r#"{"min_disk":600}"#];
    let mut records: Vec<_> = bodies.iter().map(|body| refused("boundary/min_disk/1024", body)).collect();
    records.push(answered_with("body/accepts_an_empty_object", 201, "{}"));
    let named = &records[0].judgement.mismatches[0].clause;
    assert_eq!(*named, "request.min_disk.maximum");
    let found = report(records);
    let finding = found.findings.iter().find(|finding| finding.clause == "status.201").unwrap();
    let row = found.coverage.iter().find(|row| row.clause == "status.201").unwrap();
    assert_eq!((finding.count, row.probes), (3, 4));
}
