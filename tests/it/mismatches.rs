//! What a mismatch says beside its clause, what a judgement counts as assessed, and what a step of a probe is held to.

use std::sync::LazyLock;

use crate::requests::{JSON, SUITE, good, sent};
use ims_conformance::contract::ClauseId;
use ims_conformance::exchange::{Exchange, Request, Response, TokenVariant};
use ims_conformance::judge::{Judgement, judge};
use ims_conformance::probe::{Expectation, Phase, Probe, Script, Step};
use ims_conformance::results::RunInvariants;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn reply(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
        at: OffsetDateTime::now_utc(),
        took: std::time::Duration::ZERO,
    }
}

/// What a faithful server answers to an empty request, with these changes.
fn created(changes: &Value) -> Value {
    static NOW: LazyLock<String> = LazyLock::new(|| OffsetDateTime::now_utc().format(&Rfc3339).unwrap());
    let now = NOW.as_str();
    let id = "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86";
    let mut answer = json!({"schema": "/v2/schemas/image", "min_disk": 0, "created_at": now, "updated_at": now,
        "__image_source_type": "uds", "container_format": "bare", "__image_size": "0",
        "file": format!("/v2/images/{id}/file"), "protected": false, "id": id, "__isregistered": "true", "min_ram": 0,
        "owner": "b912", "__os_type": "Linux", "__imagetype": "private", "visibility": "private",
        "virtual_env_type": "FusionCompute", "tags": [], "__platform": "Other", "__os_bit": "64",
        "__os_version": "Other Linux(64 bit)", "name": "", "self": format!("/v2/images/{id}"),
        "disk_format": "zvhd2", "status": "queued"});
    for (name, value) in changes.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
}

/// Judges a probe about these clauses; each step has a request, an answer and an expectation.
fn judged(clauses: &[&str], steps: &[(Request, Response, Expectation)]) -> Judgement {
    let step = |(request, ..): &(Request, Response, Expectation)| Step::new(request.clone());
    let probe = Probe {
        id: "steps".to_owned(),
        phase: Phase::Case,
        title: "several steps".to_owned(),
        clauses: clauses.iter().map(|clause| ClauseId::parse(clause).unwrap()).collect(),
        violation: None,
        script: Script { steps: steps.iter().map(step).collect() },
        expectations: steps.iter().map(|(_, _, expectation)| expectation.clone()).collect(),
    };
    let exchanges: Vec<_> = steps
        .iter()
        .map(|(request, response, _)| Exchange { request: request.clone(), outcome: Ok(response.clone()) })
        .collect();
    judge(&SUITE.contract, &probe, &exchanges)
}

fn single(request: Request, response: Response) -> Judgement {
    judged(&["status.201"], &[(request, response, Expectation::default())])
}

fn get(path: &str) -> Request {
    Request { method: "GET".to_owned(), path: path.to_owned(), body: None, ..good("") }
}

fn expecting(statuses: &[u16]) -> Expectation {
    Expectation { statuses: statuses.to_vec(), ..Expectation::default() }
}

fn said(judgement: &Judgement) -> Vec<(&str, &str, &str, &str)> {
    judgement
        .mismatches
        .iter()
        .map(|each| (each.clause.as_str(), each.cause.as_str(), each.expected.raw(), each.got.raw()))
        .collect()
}

#[test]
fn a_mismatch_says_what_was_expected_and_what_came() {
    let refusal = |status| reply(status, &json!({"error": "no"}));
    let broken = |body: &str, status| single(good(body), refusal(status));
    assert_eq!(
        said(&single(good(r#"{"min_disk":0}"#), reply(201, &json!({})))),
        [("request.min_disk.minimum", "", "400 for 0 at /min_disk", "201")]
    );
    assert_eq!(
        said(&single(good(r#"{"visibility":"public"}"#), reply(201, &json!({})))),
        [("request.visibility.enum", "", "400 or 403 for \"public\" at /visibility", "201")]
    );
    assert_eq!(said(&single(good("[]"), reply(201, &json!({})))), [("request.type", "", "400", "201")]);
    let long = format!(r#"{{"visibility":"{}"}}"#, "x".repeat(200));
    let expected = format!("400 or 403 for \"{}… (202 characters) at /visibility", "x".repeat(119));
    assert_eq!(single(good(long), reply(201, &json!({}))).mismatches[0].expected, expected);
    assert_eq!(
        said(&broken(r#"{"min_disk":0}"#, 422)),
        [(
            "status.400",
            "request.min_disk.minimum",
            "400 for a request that breaks request.min_disk.minimum",
            "422: {\"error\":\"no\"}"
        )]
    );
    assert_eq!(
        said(&broken(r#"{"name":""}"#, 500)),
        [("status.400", "an empty name", "201, or a client error (4xx)", "500: {\"error\":\"no\"}")]
    );
    assert_eq!(
        said(&single(sent(b"{}", JSON, TokenVariant::Wrong), reply(201, &json!({})))),
        [("security.token", "", "401 for a credential that is not good", "201")]
    );
    let mut bare = reply(404, &json!(null));
    bare.body = b" no \n such\tpage ".to_vec();
    assert_eq!(
        said(&single(good("{}"), bare.clone())),
        [("status.201", "", "201 for a valid request", "404: no such page")]
    );
    bare.body.clear();
    assert_eq!(single(good("{}"), bare).mismatches[0].got, "404");
}

#[test]
fn a_refused_value_is_blamed_on_a_rule_only_if_it_stands_alone_and_the_rule_names_it() {
    let about = |body: &str, clause: &str, status| {
        let steps = [(good(body), reply(status, &json!({})), Expectation::default())];
        judged(&[clause], &steps).mismatches[0].clause.clone()
    };
    let rule = "request.disk_format.enum";
    assert_eq!(about(r#"{"disk_format":"raw"}"#, rule, 400), rule);
    assert_eq!(about(r#"{"disk_format":"raw"}"#, rule, 500), "status.201");
    assert_eq!(about(r#"{"disk_format":"raw"}"#, rule, 304), "status.201");
    assert_eq!(about(r#"{"disk_format":"raw"}"#, "request.name.type", 400), rule);
    assert_eq!(about(r#"{"min_disk":1024}"#, "request.min_disk.type", 400), "request.min_disk.maximum");
    for near in [r#"{"min_disk":1023}"#, r#"{"name":"0a"}"#, r#"{"protected":false}"#] {
        assert_eq!(about(near, "request.name.type", 400), "status.201", "{near}");
    }
    assert_eq!(about(r#"{"disk_format":"raw","min_ram":1}"#, rule, 400), "status.201");
    assert_eq!(about("{}", rule, 400), "status.201");
}

#[test]
fn what_an_answer_could_have_broken_is_assessed_and_nothing_else() {
    let clauses = ["request.disk_format.enum", "response.name.echo"];
    let steps =
        [(good(r#"{"disk_format":"raw"}"#), reply(201, &created(&json!({"disk_format": "raw"}))), expecting(&[201]))];
    let judgement = judged(&clauses, &steps);
    assert_eq!(said(&judgement), []);
    for clause in [
        "status.201",
        "request.disk_format.enum",
        "request.name.default",
        "response.media-type",
        "response.type",
        "response.id.required",
        "response.id.format",
        "response.id.type",
        "response.disk_format.echo",
        "response.__os_bit.derived",
        "response.self.template",
        "response.updated_at.not-before",
        "response.created_at.near-now",
        "response.name.echo",
    ] {
        assert!(judgement.assessed.contains(clause), "{clause}");
    }
    for clause in ["response.checksum.type", "response.tags.items.type", "status.400", "request.disk_format.type"] {
        assert!(!judgement.assessed.contains(clause), "{clause}");
    }
    let extra = single(good("{}"), reply(201, &created(&json!({"checksum": null, "size": null}))));
    let strange: Vec<_> =
        extra.assessed.iter().filter(|clause| !SUITE.contract.clauses.contains_key(*clause)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let tagged = [(good(r#"{"tags":["a=b"]}"#), reply(201, &created(&json!({"tags": ["a=b"]}))), expecting(&[201]))];
    assert!(judged(&clauses, &tagged).assessed.contains("response.tags.items.type"));
    let about_rules = |request, status| judged(&["request.x"], &[(request, reply(status, &json!({})), expecting(&[]))]);
    let refused = about_rules(good(r#"{"min_disk":0}"#), 400);
    assert_eq!(refused.assessed.iter().collect::<Vec<_>>(), ["request.min_disk.minimum", "status.400"]);
    let unauthorized = about_rules(sent(b"{}", JSON, TokenVariant::Wrong), 401);
    assert_eq!(unauthorized.assessed.iter().collect::<Vec<_>>(), ["security.token", "status.401"]);
}

#[test]
fn what_a_step_expects_is_said_once_and_under_the_right_clause() {
    let posted = |answer: &Value, expectation| (good("{}"), reply(201, answer), expectation);
    let body = |name: &str, value: Value| Expectation { body: vec![(name.to_owned(), value)], ..expecting(&[201]) };
    let clauses = ["request.name.default", "response.status.const", "behaviour.metadata-persists"];
    // A field that the contract finds wrong is not accused again; one that only the case speaks of is, under its clause.
    let wrong = judged(&clauses, &[posted(&created(&json!({"name": "x"})), body("name", json!("")))]);
    assert_eq!(said(&wrong), [("request.name.default", "/name", "\"\"", "\"x\"")]);
    let odd = judged(&clauses, &[posted(&created(&json!({"min_disk": 7})), body("min_disk", json!(0)))]);
    assert_eq!(said(&odd), [("request.name.default", "/min_disk", "0", "7")]);
    let several = Expectation { any_of: vec![("min_disk".to_owned(), vec![json!(1), json!(2)])], ..expecting(&[201]) };
    let held = judged(&clauses, &[posted(&created(&json!({"min_disk": 7})), several.clone())]);
    assert_eq!(said(&held), [("request.name.default", "/min_disk", "1, 2", "7")]);
    assert_eq!(said(&judged(&clauses, &[posted(&created(&json!({"min_disk": 2})), several)])), []);
    // The clause of a step goes before those of the probe.
    let own = Expectation { clause: ClauseId::parse("behaviour.no-file-yet"), ..body("min_disk", json!(0)) };
    let odd = judged(&clauses, &[posted(&created(&json!({"min_disk": 7})), own.clone())]);
    assert_eq!(odd.mismatches[0].clause, "behaviour.no-file-yet");
    let wrong = posted(&created(&json!({"name": "x"})), Expectation::default());
    let read = Expectation { clause: ClauseId::parse("behaviour.no-file-yet"), ..expecting(&[404]) };
    let later = judged(&clauses, &[wrong, (get("/v2/images/7/file"), reply(404, &json!({})), read)]);
    assert!(later.assessed.contains("behaviour.no-file-yet"), "a wrong field says nothing about the next step");
    let fine = judged(&clauses, &[posted(&created(&json!({})), own)]);
    assert!(fine.assessed.contains("behaviour.no-file-yet") && fine.assessed.contains("behaviour.metadata-persists"));
}

#[test]
fn a_status_that_a_step_does_not_expect_breaks_the_clause_that_it_is_about() {
    let about = "behaviour.unknown-id-is-not-found";
    let step =
        |wanted: &[u16], got| judged(&[about], &[(get("/v2/images/7"), reply(got, &json!({})), expecting(wanted))]);
    for (wanted, got, expected) in [
        // A refusal of the wrong kind is about the status; success where a refusal belongs, or the reverse, is about the promise.
        ([404].as_slice(), 400, [("status.404", "", "404", "400")].as_slice()),
        (&[404], 200, &[(about, "", "404", "200")]),
        (&[400, 403], 404, &[(about, "", "400 or 403", "404")]),
        (&[200], 404, &[(about, "", "200", "404")]),
        (&[204, 404], 500, &[(about, "", "204 or 404", "500")]),
        (&[404], 404, &[]),
        // Of several right ones it is the one that the case names.
        (&[400, 404], 500, &[(about, "", "400 or 404", "500")]),
    ] {
        let judgement = step(wanted, got);
        assert_eq!(said(&judgement), expected, "{wanted:?} {got}");
        assert_eq!(judgement.assessed.contains(about), expected.is_empty() || expected[0].0 == about);
    }
    let naming = |status: &str, got| {
        judged(&[about, status], &[(get("/v2/images/7"), reply(got, &json!({})), expecting(&[400, 404]))])
    };
    assert_eq!(said(&naming("status.404", 500)), [("status.404", "", "400 or 404", "500")]);
    assert_eq!(said(&naming("status.404", 200)), [(about, "", "400 or 404", "200")]);
    assert_eq!(said(&naming("status.401", 500)), [(about, "", "400 or 404", "500")]);
    let lenient = Expectation { is_other_status_inconclusive: true, ..expecting(&[200]) };
    let judgement = judged(&[about], &[(get("/v2/images"), reply(404, &json!({})), lenient)]);
    assert_eq!(judgement.inconclusive.as_deref(), Some("step 1 was answered 404"));
    assert!(said(&judgement).is_empty() && !judgement.assessed.contains(about));
}

#[test]
fn only_what_the_query_asks_for_may_not_be_listed() {
    let about = "behaviour.refused-request-creates-nothing";
    let listed = |answer: &Value| {
        let none = Expectation { lists_none: true, ..expecting(&[200]) };
        judged(&[about], &[(get("/v2/images?name=a-0123&protected=true"), reply(200, answer), none)])
    };
    let ours = json!({"id": "7", "name": "a-0123", "protected": true});
    let others = [json!({"id": "8", "name": "a-0123"}), json!({"name": "a", "protected": true}), json!(null)];
    let wanted = "nothing that has name a-0123 and protected true";
    assert_eq!(
        said(&listed(&json!({"images": [others[0], ours, others[1]]}))),
        [(about, "/images", wanted, ours.to_string().as_str())]
    );
    for fine in [json!({"images": []}), json!({"images": others})] {
        let judgement = listed(&fine);
        assert!(judgement.mismatches.is_empty() && judgement.assessed.contains(about), "{fine}");
    }
    for unreadable in [json!([]), json!({"images": null}), json!({"items": []})] {
        let judgement = listed(&unreadable);
        assert_eq!(judgement.inconclusive.as_deref(), Some("the answer of step 1 holds no list"), "{unreadable}");
        assert!(judgement.mismatches.is_empty() && !judgement.assessed.contains(about), "{unreadable}");
    }
}

#[test]
fn what_is_read_again_is_what_was_answered_but_for_what_may_change() {
    let about = "behaviour.metadata-persists";
    let same = Expectation { same_as: Some(0), ..expecting(&[200]) };
    let read = |request: &str, first: &Value, again: &Value| {
        let creation = (good(request), reply(201, first), Expectation::default());
        judged(&[about], &[creation, (get("/v2/images/7"), reply(200, again), same.clone())])
    };
    let first = created(&json!({"tags": ["a=1", "b=2"]}));
    let request = r#"{"tags":["a=1","b=2"]}"#;
    let again = |changes: Value| {
        let mut again = first.clone();
        for (name, value) in changes.as_object().unwrap() {
            again[name] = value.clone();
        }
        again
    };
    for changes in [
        json!({}),
        json!({"updated_at": "2036-01-01T00:00:00Z", "more": 1}),
        json!({"tags": ["b=2", "a=1"]}),
        json!({"min_ram": 0.0}),
    ] {
        let judgement = read(request, &first, &again(changes));
        assert!(said(&judgement).is_empty() && judgement.assessed.contains(about), "{judgement:?}");
    }
    let judgement = read(request, &first, &again(json!({"name": "x", "tags": ["a=1"]})));
    assert_eq!(
        said(&judgement),
        [(about, "/tags", "[\"a=1\",\"b=2\"], as before", "[\"a=1\"]"), (about, "/name", "\"\", as before", "\"x\"")]
    );
    let mut without = first.clone();
    without.as_object_mut().unwrap().shift_remove("owner");
    assert_eq!(said(&read(request, &first, &without)), [(about, "/owner", "\"b912\", as before", "no such field")]);
    // What was wrong in the first answer is not said again of the second one.
    let wrong = created(&json!({"name": "x", "tags": ["a=1", "b=2"]}));
    assert_eq!(said(&read(request, &wrong, &first)), [("request.name.default", "/name", "\"\"", "\"x\"")]);
    assert!(read(request, &wrong, &first).assessed.contains(about), "the read could have shown more");
    // A probe that was not seen to its end shows nothing of what it is about.
    let busy = (get("/v2/images/7"), reply(503, &json!({})), same.clone());
    let creation = (good(request), reply(201, &first), Expectation::default());
    assert!(!judged(&[about], &[creation, busy]).assessed.contains(about));
    let judgement = read(request, &first, &json!("text"));
    assert_eq!(said(&judgement), [(about, "", "a JSON object", "\"text\"")]);
}

#[test]
fn an_open_value_that_came_back_in_a_granted_way_is_one_choice() {
    let open = |request: &str, changes: Value| {
        let judgement = single(good(request), reply(201, &created(&changes)));
        assert!(said(&judgement).is_empty(), "{judgement:?}");
        judgement.choices.into_iter().map(|choice| (choice.title, choice.taken.to_string())).collect::<Vec<_>>()
    };
    let choice = |title: &str, taken: &str| vec![(title.to_owned(), taken.to_owned())];
    let spaced = "a name with other characters, or with a space at an end";
    assert_eq!(open(r#"{"name":" a "}"#, json!({"name": " a "})), choice(spaced, "accepted"));
    assert_eq!(open(r#"{"name":" a "}"#, json!({"name": "a"})), choice(spaced, "came back without outer spaces"));
    assert_eq!(open(r#"{"name":null}"#, json!({"name": ""})), choice("a name of null", "came back as the default"));
    let twice = "a tag or a tag key given twice";
    assert_eq!(open(r#"{"tags":["a=1","a=1"]}"#, json!({"tags": ["a=1"]})), choice(twice, "came back merged"));
    // Of two open matters none tells what decided, and the order of tags is no choice.
    assert_eq!(open(r#"{"tags":["a","b"]}"#, json!({"tags": ["b", "a"]})), []);
    assert_eq!(open(r#"{"name":"","min_ram":1024.0}"#, json!({"min_ram": 1024})), []);
    let refused = single(good(r#"{"name":""}"#), reply(409, &json!({})));
    assert_eq!(refused.choices[0].taken, "refused with 409");
}

#[test]
fn a_run_holds_ids_and_owners_against_each_other() {
    let mut invariants = RunInvariants::default();
    let mut add = |changes: Value| {
        let mut judgement = single(good("{}"), reply(201, &created(&changes)));
        assert!(said(&judgement).is_empty() && !judgement.assessed.contains("response.id.unique"));
        judgement.mismatches = invariants.hold(&SUITE.contract, &judgement, |_| false);
        said(&judgement)
            .into_iter()
            .map(|(clause, _, expected, got)| format!("{clause}: {expected}: {got}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(add(json!({})), [""; 0]);
    let other = "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba87";
    let links = json!({"id": other, "self": format!("/v2/images/{other}"), "file": format!("/v2/images/{other}/file")});
    let mut stolen = links.clone();
    stolen["owner"] = json!("other");
    assert_eq!(add(stolen), ["response.owner.same-for-caller: \"b912\", as in earlier answers: \"other\""]);
    assert_eq!(add(links), [format!("response.id.unique: a value that no earlier answer had: \"{other}\"")]);
}

#[test]
fn what_is_no_json_is_shown_with_the_byte_where_it_breaks() {
    let got = |body: &str| {
        let response = Response { body: body.as_bytes().to_vec(), ..reply(201, &json!({})) };
        let judgement = single(good("{}"), response);
        said(&judgement).iter().map(|(clause, _, wanted, got)| format!("{clause}: {wanted}: {got}")).collect::<Vec<_>>()
    };
    for (body, expected) in [
        ("", "nothing"),
        ("[]", "[]"),
        (r#"{"id": 7,}"#, r#"no JSON, from byte 10 on: {"id": 7,}"#),
        ("<html>", "no JSON, from byte 1 on: <html>"),
    ] {
        assert_eq!(got(body), [format!("response.type: a JSON object: {expected}")]);
    }
}
