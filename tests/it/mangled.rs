//! What comes back of what the documentation leaves open: a service may refuse it, and what it takes it has to give back.

use crate::judge::{answer_to, created, judged, read, reply, verdict, with};
use crate::requests::good;
use serde_json::json;

#[test]
fn what_stands_for_bytes_that_were_not_read_is_not_what_was_sent() {
    let sent = b"{\"name\":\"a\xE9\"}";
    let named = |name: &str| {
        let answer = with(&answer_to(&json!({})), &json!({ "name": name }));
        verdict(&judged(good(sent), Ok(reply(201, Some("application/json"), answer.to_string()))))
    };
    assert_eq!(named("a\u{e9}"), "fine", "some service reads Latin-1");
    for mangled in ["a\u{fffd}", "a", "a?", ""] {
        assert_eq!(named(mangled), "response.name.echo", "{mangled}");
    }
}

#[test]
fn half_a_pair_that_was_not_kept_is_not_what_was_sent() {
    let verdict_of = |sent: &str, field: &str, came: &str| {
        let answer = with(&answer_to(&json!({})), &json!({ field: read(came) }));
        verdict(&judged(good(sent.as_bytes()), Ok(reply(201, Some("application/json"), answer.to_string()))))
    };
    let name = |came: &str| verdict_of(r#"{"name":"a\ud800b"}"#, "name", came);
    assert_eq!([r#""a?b""#, r#""ab""#].map(name), ["response.name.echo"; 2]);
    assert_eq!(name("\"a\u{fffd}b\""), "fine", "to most readers it is the same");
    let tags = |came: &str| verdict_of(r#"{"tags":["k=\udc00"]}"#, "tags", came);
    assert_eq!([r#"["k=?"]"#, r#"["k="]"#].map(tags), ["response.tags.echo"; 2]);
}

#[test]
fn a_field_that_only_answers_have_keeps_its_rules_whatever_a_request_gives_for_it() {
    let came = |field: &str, given: &str, came: &str| {
        let request = json!({ field: given });
        verdict(&created(&request, &with(&answer_to(&json!({})), &json!({ field: came }))))
    };
    assert_eq!(came("status", "active", "queued"), "fine");
    assert_eq!(came("status", "active", "active"), "response.status.const");
    assert_eq!(came("__os_bit", "32", "32"), "response.__os_bit.derived");
    assert_eq!(came("x_unheard_of", "text", "text"), "fine");
}
