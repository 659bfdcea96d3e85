//! What a generated probe goes on with after its creation: seen on servers whose faults depend on what they were given.

use crate::faulty::{
    Answer, IMAGES, accused, assert_is_a_case, bare, found_by_cases, kind, listed_without, report, results, suite,
};
use ims_conformance::case::{Case, write_steps};
use ims_conformance::contract::ClauseId;
use ims_conformance::document;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::judge::{Body, Kind, Mismatch, classify};
use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::{Expectation, Phase, Probe, Step};
use ims_conformance::suite::Suite;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::time::Instant;

#[test]
fn every_generated_creation_that_may_succeed_is_read_and_only_a_held_one_is_deleted() {
    let suite = Arc::new(suite());
    let phases = vec![Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random];
    let mut held = 0;
    for probe in plan(&suite, &Selection { phases, ..Selection::default() }).unwrap().iter() {
        let methods: Vec<_> = probe.script.steps[1..].iter().map(|step| step.request.method.as_str()).collect();
        let kind = kind(&suite, &probe);
        if kind != Kind::Valid {
            let is_huge = probe.script.steps[0].request.body.as_ref().is_some_and(|body| body.len() > 65_536);
            let is_read = kind == Kind::Unspecified && !is_huge;
            assert_eq!(methods, if is_read { vec!["GET"] } else { vec![] }, "{}", probe.id);
            continue;
        }
        let body: Value = serde_json::from_slice(probe.script.steps[0].request.body.as_deref().unwrap()).unwrap();
        let is_delete_protected = body.get("protected") == Some(&json!(true));
        held += usize::from(is_delete_protected);
        let expected = match (probe.phase, is_delete_protected) {
            (Phase::Pairs, true) => ["GET", "GET", "DELETE", "GET", "PATCH", "DELETE"].as_slice(),
            (Phase::Pairs, false) => &["GET", "GET"],
            (_, true) => &["GET", "DELETE", "GET"],
            (_, false) => &["GET"],
        };
        assert_eq!(methods, expected, "{}", probe.id);
        assert_eq!(probe.expectations.len(), probe.script.steps.len());
    }
    assert!(held > 80, "{held}");
}

#[test]
fn one_that_deletes_what_is_held_only_for_one_format() {
    let gone: Mutex<HashSet<String>> = Mutex::default();
    let found = report(&[Phase::Pairs, Phase::Random], move |request, known, faithful| {
        let is_weak = known.is_some_and(|known| known["disk_format"] == "qcow2" && known["protected"] == true);
        if request.method == "DELETE" && is_weak {
            gone.lock().unwrap().insert(request.path.clone());
            return bare(204);
        }
        let gone = gone.lock().unwrap();
        if gone.contains(&request.path) {
            return bare(404);
        }
        listed_without(request, faithful(), |path| gone.contains(path))
    });
    let body = r#"{"protected":true,"disk_format":"qcow2"}"#;
    let expected = ("behaviour.protected-image-stays".to_owned(), format!("POST {body}, DELETE, GET"));
    assert_eq!(accused(&found), [expected]);
    let mismatch = &found.findings[0].mismatch;
    assert_eq!((mismatch.expected.raw(), mismatch.got.raw()), ("200", "404"));
    assert!(found.leftovers.is_empty());
}

#[test]
fn one_that_reads_a_wrong_value_back_for_one_row_of_the_table() {
    let found = report(&[Phase::Texts], |request, known, faithful| {
        let mut response = faithful();
        let row = "CentOS 6.9 64bit";
        if request.method == "GET" && known.is_some_and(|known| known["__os_version"] == row) {
            let mut resource = response.json().unwrap_or_default();
            resource["__os_bit"] = json!("32");
            response.body = resource.to_string().into_bytes();
        }
        response
    });
    let body = r#"{"__os_version":"CentOS 6.9 64bit"}"#;
    assert_eq!(accused(&found), [("behaviour.metadata-persists".to_owned(), format!("POST {body}, GET"))]);
    let mismatch = &found.findings[0].mismatch;
    assert_eq!((mismatch.pointer.raw(), mismatch.got.raw()), ("/__os_bit", "\"32\""));
    assert_is_a_case(&found);
}

#[test]
fn one_that_reads_other_signs_back_in_a_name_that_is_left_open() {
    let found = report(&[Phase::Texts], |request, known, faithful| {
        let mut response = faithful();
        if let Some(name) = known.and_then(|known| known["name"].as_str()).filter(|_| request.method == "GET") {
            let mut resource = response.json().unwrap_or_default();
            resource["name"] = name.replace(|sign: char| !sign.is_ascii(), "?").into();
            response.body = resource.to_string().into_bytes();
        }
        response
    });
    let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.metadata-persists");
    assert!(example.starts_with(r#"POST {"name":"#) && example.ends_with("}, GET"), "{example}");
    let mismatch = &found.findings[0].mismatch;
    assert_eq!(mismatch.pointer.raw(), "/name");
    assert!(mismatch.got.raw().contains('?'), "{}", mismatch.got.raw());
    assert_is_a_case(&found);

    // A service may refuse what that case sends, and breaks nothing.
    let file = found.findings[0].case_file.as_ref().unwrap();
    let suite = Arc::new(suite());
    let node = document::parse(&file.path, &file.text).unwrap();
    let case = Case::read(&suite.contract, file.path.strip_suffix(".yaml").unwrap(), &node).unwrap();
    assert_eq!(kind(&suite, &case.probes[0]), Kind::Unspecified, "{}", file.text);
    let refused = results(&suite, &Plan::of(&suite, case.probes), refuse_what_is_open);
    assert_eq!((refused.passed, refused.failed, refused.inconclusive), (1, 0, vec![]), "{}", file.text);
}

#[test]
fn one_that_tells_later_what_it_made_of_what_is_left_open() {
    // Each as it was sent and answered, and as it may be read back.
    let kept: [(Value, Value); 4] = [
        (json!({"min_ram": null}), json!({"min_ram": 0})),
        (json!({"name": " a "}), json!({"name": "a"})),
        (json!({"tags": ["a=b", "a=b"]}), json!({"tags": ["a=b"]})),
        (json!({"name": "caf\u{e9}"}), json!({"name": "cafe\u{301}"})),
    ];
    let changed: [(Value, Value); 3] = [
        (json!({"min_ram": null}), json!({"min_ram": 1})),
        (json!({"name": " a "}), json!({"name": "b"})),
        (json!({"tags": ["a=b", "a=b"]}), json!({"tags": []})),
    ];
    for (is_right, table) in [(true, kept.as_slice()), (false, &changed)] {
        for (sent, shown) in table {
            let (sent, shown) = (sent.clone(), shown.clone());
            let text = format!(
                "title: a\nclauses: [behaviour.metadata-persists]\nsteps:\n  - POST: /v2/images\n    body: {sent}\n    \
                 expect: {{status: [201, 400]}}\n    capture: {{id: /id}}\n  - GET: /v2/images/{{id}}\n    expect: {{status: 200, same_as: 1}}\n"
            );
            let suite = Arc::new(suite());
            let node = document::parse("behaviour/keeps_it.yaml", &text).unwrap();
            let case =
                Case::read(&suite.contract, "behaviour/keeps_it", &node).unwrap_or_else(|error| panic!("{error}"));
            let found = results(&suite, &Plan::of(&suite, case.probes), move |request, _, faithful| {
                let mut response = faithful();
                let said = match request.method.as_str() {
                    "POST" => &sent,
                    _ => &shown,
                };
                if let Some(Value::Object(mut fields)) = response.json().filter(|json| json.get("id").is_some()) {
                    fields.extend(said.as_object().unwrap().clone());
                    response.body = Value::from(fields).to_string().into_bytes();
                }
                response
            });
            assert_eq!(accused(&found).is_empty(), is_right, "{text} {:?}", accused(&found));
        }
    }
}

/// A server that takes nothing that the documentation leaves open.
fn refuse_what_is_open(request: &Request, _: Option<&Value>, faithful: Answer<'_>) -> Response {
    static SUITE: LazyLock<Suite> = LazyLock::new(suite);
    let is_open = || classify(&SUITE.contract, request, &Body::read(request)).kind == Kind::Unspecified;
    if request.method == "POST" && is_open() { bare(400) } else { faithful() }
}

#[test]
fn one_that_refuses_all_that_is_left_open_breaks_nothing_and_leaves_nothing_in_doubt() {
    let found = report(&[Phase::Boundary, Phase::Texts], refuse_what_is_open);
    assert_eq!(accused(&found), []);
    assert_eq!((found.failed, &found.inconclusive), (0, &vec![]));
    assert_eq!(ExitCode::of(&found), ExitCode::Holds);
}

#[test]
fn one_that_keeps_what_it_has_released_in_one_format() {
    let found = report(&[Phase::Pairs], |request, known, answer| {
        let is_kept = known.is_some_and(|resource| resource["protected"] == true && resource["disk_format"] == "vhd");
        if request.method == "DELETE" && is_kept { bare(403) } else { answer() }
    });
    let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.unprotected-image-goes");
    // No smaller one was tried: each would have stayed behind.
    assert!(example.ends_with(r#", PATCH [{"op":"replace","path":"/protected","value":false}], DELETE"#), "{example}");
    assert_eq!(found.leftovers.len(), 3);
    assert_is_a_case(&found);
}

#[test]
fn one_that_has_bytes_for_what_is_held_in_one_format() {
    let found = report(&[Phase::Pairs], |request, known, faithful| {
        let is_odd = known.is_some_and(|known| known["disk_format"] == "vhd" && known["protected"] == true);
        if request.path.ends_with("/file") && is_odd { bare(200) } else { faithful() }
    });
    let body = r#"{"protected":true,"disk_format":"vhd"}"#;
    assert_eq!(accused(&found), [("behaviour.no-file-yet".to_owned(), format!("POST {body}, GET"))]);
    assert_is_a_case(&found);
}

#[test]
fn one_that_loses_or_changes_an_image_some_seconds_later() {
    for (is_lost, expected) in [(true, ("200", "404")), (false, ("\"queued\", as before", "\"active\""))] {
        let created: Mutex<HashMap<String, Instant>> = Mutex::default();
        let found = found_by_cases("seconds_later", move |request, _, faithful| {
            let mut response = faithful();
            let mut created = created.lock().unwrap();
            if let Some(image) = response.json().filter(|_| request.method == "POST") {
                created.insert(format!("{IMAGES}/{}", image["id"].as_str().unwrap()), Instant::now());
            }
            let is_late = |begin: &Instant| begin.elapsed().as_secs() >= 2 && request.method == "GET";
            match created.get(&request.path).filter(|begin| is_late(begin) && response.is_success()) {
                Some(_) if is_lost => bare(404),
                Some(_) => {
                    let text = String::from_utf8(response.body).unwrap();
                    response.body = text.replace("\"queued\"", "\"active\"").into_bytes();
                    response
                }
                None => response,
            }
        });
        assert_eq!(accused(&found).len(), 1, "{:?}", accused(&found));
        let finding = &found.findings[0];
        assert_eq!(finding.clause, "behaviour.metadata-persists");
        assert_eq!((finding.mismatch.expected.raw(), finding.mismatch.got.raw()), expected);
    }
}

#[test]
fn a_case_that_is_saved_says_all_that_its_steps_expect() {
    let (suite, clause) = (suite(), "behaviour.refused-request-creates-nothing");
    let text = format!(
        "title: a\nclauses: [{clause}]\nsteps:\n  - POST: /v2/images\n    body: {{name: 'a-{{run}}'}}\n    expect: {{status: [201]}}\n    \
         capture: {{id: /id}}\n  - GET: /v2/images/{{id}}\n    expect: {{status: [200], body: {{\"min_disk\":0}}, any_of: {{\"min_ram\":[0]}}, same_as: 1}}\n  \
         - GET: /v2/images?name=a-{{run}}\n    expect: {{status: [200], body: {{\"first\":\"/v2/images\"}}, listed: none, otherwise: inconclusive, within: 30}}\n"
    );
    let read = |text: &str| {
        let node = document::parse("behaviour/keeps_it.yaml", text).unwrap_or_else(|error| panic!("{error}"));
        Case::read(&suite.contract, "behaviour/keeps_it", &node).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut probe = read(&text).probes.remove(0);
    for expectation in &mut probe.expectations {
        expectation.clause = ClauseId::parse(clause);
    }
    let mismatch = Mismatch {
        clause: ClauseId::parse(clause).unwrap(),
        cause: String::new(),
        pointer: String::new().into(),
        expected: String::new().into(),
        got: String::new().into(),
        step: 2,
        origin: None,
    };
    let saved = write_steps(&suite.contract, &probe, &mismatch, "a test").unwrap();
    let again = read(&saved.text).probes.remove(0);
    let said = |probe: &Probe| {
        let whole = |(step, expectation): (&Step, &Expectation)| {
            format!("{step:?} {:?}", Expectation { clause: None, line: None, ..expectation.clone() })
        };
        probe.script.steps.iter().zip(&probe.expectations).map(whole).collect::<Vec<_>>()
    };
    assert_eq!(said(&again), said(&probe), "{}", saved.text);
}
