//! What only follows from another finding is told under it; what any probe shows by itself stays a finding of its own.

use std::sync::Mutex;

use crate::conforming::{Asked, ConformingVariant, with_fields};
use ims_conformance::exchange::{Request, Response};
use ims_conformance::probe::Phase;
use ims_conformance::report::terminal;
use ims_conformance::results::Results;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// A request to create something, with other fields.
fn with_body(request: &Request, change: impl FnOnce(&mut Map<String, Value>)) -> Request {
    let body = request.body.as_deref().filter(|_| request.method == "POST");
    let Some(Ok(Value::Object(mut fields))) = body.map(serde_json::from_slice) else { return request.clone() };
    change(&mut fields);
    Request { body: Some(Value::Object(fields).to_string().into_bytes()), ..request.clone() }
}

/// A service of this suite whose default of a field is another one.
fn with_default(suite: &str, name: &'static str, value: Value) -> ConformingVariant {
    ConformingVariant::of(suite).hearing(move |request| {
        with_body(request, |fields| {
            fields.entry(name).or_insert(value.clone());
        })
    })
}

/// A service of this suite that takes no notice of a field.
fn deaf_to(suite: &str, name: &'static str) -> ConformingVariant {
    ConformingVariant::of(suite).hearing(move |request| with_body(request, |fields| drop(fields.shift_remove(name))))
}

/// Each finding, and what it entails.
fn found(report: &Results) -> Vec<(&str, Vec<&str>)> {
    let each = report.findings.iter();
    each.map(|found| (found.clause.as_str(), found.consequences.iter().map(|each| each.clause.as_str()).collect()))
        .collect()
}

const GONE: &str = "behaviour.deleted-image-is-gone";
const DEFAULT: &str = "request.protected.default";
const SERVES: &str = "behaviour.id-serves-later-calls";

#[test]
fn what_cannot_be_deleted_as_it_is_protected_by_default_breaks_one_clause() {
    for suite in ["otc", "glance"] {
        let report = with_default(suite, "protected", json!(true)).report();
        assert_eq!(found(&report), [(DEFAULT, vec![SERVES, GONE])], "{suite}");
        let text = terminal::render(&report, terminal::Detail::Usual);
        assert!(text.contains("; 1 clause broken\n"), "{text}");
        let entails = format!("       entails   {SERVES}  ");
        assert!(text.contains(&entails) && text.contains("1 probe: the id of the answer finds"), "{text}");
        assert!(!report.not_assessed.iter().any(|(clause, _)| clause == GONE || clause == SERVES));
    }
}

#[test]
fn what_is_deleted_as_its_protection_was_lost_breaks_no_further_clause() {
    for suite in ["otc", "glance"] {
        let report = deaf_to(suite, "protected").only(&["protected/echoes", "behaviour/keeps_a_protected"]).report();
        let stays = "behaviour.protected-image-stays";
        assert_eq!(found(&report), [("response.protected.echo", vec![stays])], "{suite}");
    }
}

#[test]
fn what_is_right_for_another_default_breaks_no_further_clause() {
    let report = with_default("otc", "__os_version", json!("Windows 10 64bit")).only(&["__os_version/"]).report();
    let derived = vec!["response.__os_type.derived", "response.__platform.derived"];
    assert_eq!(found(&report), [("request.__os_version.default", derived)]);
}

/// The answers, with a time of theirs moved.
fn with_time(response: Response, name: &'static str, by: Duration) -> Response {
    with_fields(response, |fields| {
        let moment = OffsetDateTime::parse(fields[name].as_str().unwrap(), &Rfc3339).unwrap() + by;
        fields.insert(name.to_owned(), json!(moment.format(&Rfc3339).unwrap()));
    })
}

#[test]
fn a_time_before_one_that_is_wrong_itself_breaks_no_further_clause() {
    let two_hours_late = |_: &Asked<'_>, response| with_time(response, "created_at", Duration::hours(2));
    let report = ConformingVariant::of("otc").only(&["response/"]).answering(two_hours_late).report();
    let before = "response.updated_at.not-before";
    assert_eq!(found(&report), [("response.created_at.near-now", vec![before])]);
    // Of two times that are wrong each is.
    let both = ConformingVariant::of("otc").only(&["response/"]).answering(move |asked, response| {
        with_time(two_hours_late(asked, response), "updated_at", Duration::hours(-2))
    });
    let report = both.report();
    let clauses: Vec<_> = found(&report).into_iter().map(|(clause, _)| clause).collect();
    assert_eq!(clauses, ["response.created_at.near-now", before, "response.updated_at.near-now"]);
}

#[test]
fn what_is_asked_for_by_a_wrong_id_breaks_no_further_clause() {
    for wrong in [json!(7), json!("no-uuid")] {
        // Nothing has the wrong id, or what was created before.
        for has_it in [false, true] {
            let (id, other) = (wrong.clone(), Mutex::new(None));
            let lying = move |asked: &Asked<'_>, response: Response| {
                let mut other = other.lock().unwrap();
                if has_it && asked.request.method == "GET" && response.status == 404 {
                    return other.clone().unwrap_or(response);
                }
                if !asked.is_creation || !response.is_success() {
                    return response;
                }
                let named = with_fields(response, |fields| drop(fields.insert("id".to_owned(), id.clone())));
                let before = with_fields(named.clone(), |fields| drop(fields.insert("min_ram".to_owned(), json!(77))));
                *other = Some(Response { status: 200, ..before });
                named
            };
            let report = ConformingVariant::of("otc").in_phase(Phase::Overlap).answering(lying).report();
            let clauses: Vec<_> = report.findings.iter().map(|found| found.clause.to_string()).collect();
            // Its links hold the right one.
            let is_of_answer = |clause: &String| clause.starts_with("response.");
            assert!(!clauses.is_empty() && clauses.iter().all(is_of_answer), "{wrong} {has_it}: {clauses:?}");
            let follows: Vec<_> = found(&report).into_iter().flat_map(|(_, follows)| follows).collect();
            assert!(follows.contains(&"behaviour.metadata-persists"), "{wrong} {has_it}: {follows:?}");
        }
    }
}

/// The clauses that are found of a service that protects by default and answers like this.
fn found_beside(change: impl Fn(&Asked<'_>, Response) -> Response + Send + Sync + 'static) -> Vec<String> {
    let variant = with_default("otc", "protected", json!(true)).answering(change);
    let report = variant.only(&["protected/defaults", "behaviour/keeps_no_deleted", "behaviour/keeps_the_"]).report();
    report.findings.iter().map(|found| found.clause.to_string()).collect()
}

#[test]
fn what_a_probe_shows_by_itself_stays_a_finding() {
    let is_refused =
        |asked: &Asked<'_>, response: &Response| asked.request.method == "DELETE" && response.status == 403;
    assert_eq!(found_beside(|_, response| response), [DEFAULT]);
    // The answer says that it is not protected, and so nothing is wrong with it that would explain the refusal.
    let lying = found_beside(|asked, response| match asked.given.get("protected") {
        None => with_fields(response, |fields| drop(fields.insert("protected".to_owned(), json!(false)))),
        Some(_) => response,
    });
    assert_eq!(lying, [SERVES, GONE]);
    // Protection does not explain that something is not found, or an error inside the service.
    for status in [404, 410, 500] {
        let found = found_beside(
            move |asked, response| {
                if is_refused(asked, &response) { Response { status, ..response } } else { response }
            },
        );
        assert_eq!(found, [DEFAULT, SERVES, GONE], "{status}");
    }
    // What is not protected cannot be deleted either, which another probe shows.
    let stubborn = found_beside(|asked, response| match (asked.request.method.as_str(), response.status) {
        ("DELETE", 204) => Response { status: 403, ..response },
        _ => response,
    });
    assert_eq!(stubborn, [DEFAULT, GONE]);
}

#[test]
fn what_does_not_fit_the_other_default_stays_a_finding() {
    let wrong = |_: &Asked<'_>, response| {
        with_fields(response, |fields| {
            if fields["__os_version"] == json!("Windows 10 64bit") {
                fields.insert("__platform".to_owned(), json!("Debian"));
            }
        })
    };
    let report = with_default("otc", "__os_version", json!("Windows 10 64bit")).answering(wrong);
    let report = report.only(&["__os_version/defaults", "__os_version/derives_from"]).report();
    let entailed = vec!["response.__os_type.derived"];
    let platform = "response.__platform.derived";
    assert_eq!(found(&report), [("request.__os_version.default", entailed), (platform, vec![])]);
}
