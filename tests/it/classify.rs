//! What kind of request a request is: valid, invalid by these rules, unspecified, or without a good credential.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::requests::{BODIES, INVALID, JSON, SUITE, UNAUTHORIZED, field_body, good, hold, sent};
use ims_conformance::contract::{Contract, Table};
use ims_conformance::document;
use ims_conformance::exchange::{Request, TokenVariant};
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::suite::Suite;
use serde_json::{Value, json};

/// `valid`, `unspecified`, `unauthorized`, or the rules that an invalid request breaks.
fn kind(request: &Request) -> String {
    let body = Body::read(request);
    let found = classify(&SUITE.contract, request, &body);
    match found.kind {
        Kind::Invalid => {
            let broken = found.violations.iter().map(|each| each.clause.as_str().replace("request.", ""));
            broken.collect::<Vec<_>>().join(",")
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

#[test]
fn each_body_is_of_its_kind() {
    hold(BODIES, |_, body| kind(&good(body)));
    hold(INVALID, |clause, value| kind(&good(field_body(clause, value))));
    for line in include_str!("../../cases/otc/os-versions.csv").lines().skip(1) {
        assert_eq!(kind(&good(json!({"__os_version": line.split(',').next()}).to_string())), "valid", "{line}");
    }
    let nested = |field: &str, depth: usize| format!(r#"{{"{field}":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let text = |text: &str| text.as_bytes().to_vec();
    for (expected, bodies) in [
        ("valid", vec![text("\t\r\n{ }\n")]),
        ("syntax", vec![text(" "), text("\u{a0}{}"), text("{\"name\":\"a\nb\"}")]),
        ("unspecified", vec![text("\u{feff}{}"), utf16("{}"), b"{\"x\":\"\xe4\"}".to_vec(), text(&nested("x", 5000))]),
        ("name.type", vec![text(&nested("name", 100))]),
        (
            "type",
            vec![
                text("\u{feff}[]"),
                text(r#"[{"a":1,"a":2}]"#),
                text(r#""\ud800""#),
                text(&format!("{}{}", "[".repeat(5000), "]".repeat(5000))),
            ],
        ),
    ] {
        for body in bodies {
            assert_eq!(kind(&good(&body)), expected, "{:.80}", String::from_utf8_lossy(&body));
        }
    }
    assert_eq!([kind(&Request { body: None, ..good("") }), kind(&good(""))], ["required", "required"]);
}

#[test]
fn a_contract_says_which_statuses_refuse_what() {
    let suite = Suite::from_dir(Path::new("tests/suites/refuses_422")).unwrap_or_else(|error| panic!("{error}"));
    let refusals = |body: &str| {
        let request = good(body);
        let body = Body::read(&request);
        classify(&suite.contract, &request, &body).refusals.text()
    };
    for (body, expected) in [
        ("{", "400 or 422"),
        ("[]", "422"),
        ("{}", "422"),
        (r#"{"subject":""}"#, "422"),
        (r#"{"subject":"a","urgency":9}"#, "422"),
    ] {
        assert_eq!(refusals(body), expected, "{body}");
    }
}

#[test]
fn lengths_count_characters() {
    let text = |piece: &str, times| Value::from(piece.repeat(times));
    let tag = |key, value| json!([format!("{}={}", "k".repeat(key), "v".repeat(value))]);
    for (expected, field, values) in [
        ("valid", "name", vec![text("a", 128)]),
        ("unspecified", "name", vec![text("a", 129), text("a", 255), text("😀", 128), text("😀", 255)]),
        ("name.maxLength", "name", vec![text("a", 256), text("😀", 256), text("e\u{301}", 128), text("x", 70_000)]),
        ("valid", "tags", vec![tag(36, 43), tag(1, 0)]),
        ("unspecified", "tags", vec![tag(37, 1), tag(1, 44), tag(0, 1), tag(100, 154), json!([text("😀", 255)])]),
        ("tags.items.maxLength", "tags", vec![tag(100, 155), json!([text("😀", 256)])]),
    ] {
        for value in values {
            assert_eq!(kind(&good(json!({field: value}).to_string())), expected, "{value:.80}");
        }
    }
    let escaped = |times| kind(&good(format!(r#"{{"name":"{}"}}"#, r"\ud83d\ude00".repeat(times))));
    assert_eq!([escaped(255), escaped(256)], ["unspecified", "name.maxLength"]);
}

#[test]
fn another_content_type_is_open() {
    let table = "valid application/json
unspecified Application/JSON | application/json; charset=utf-8 | application/json; v=2 | application/json; Charset=\"UTF-8\"
unspecified application/json;profile=latin1 | application/json; charset=iso-8859-1 | application/json; v=2; charset=utf-16";
    hold(table, |_, media_type| kind(&sent(b"{}", Some(media_type), TokenVariant::Good)));
    // A parameter may be refused for itself; what no reading allows is refused with it.
    assert_eq!(
        kind(&sent(br#"{"min_disk":0}"#, Some("application/json; charset=utf-8"), TokenVariant::Good)),
        "min_disk.minimum"
    );
    let others = ["text/plain", "application/xml", "text/json", "application/x-www-form-urlencoded", "", "*/*"];
    for media_type in others.map(Some).into_iter().chain([None]) {
        assert_eq!(kind(&sent(b"{}", media_type, TokenVariant::Good)), "unspecified", "{media_type:?}");
        assert_eq!(kind(&sent(b"", media_type, TokenVariant::Good)), "required", "{media_type:?}");
        // What is no object as JSON may be one in what it is declared as.
        assert_eq!(kind(&sent(b"[]", media_type, TokenVariant::Good)), "unspecified", "{media_type:?}");
    }
}

#[test]
fn a_credential_that_is_not_good_decides_alone() {
    for (name, credential) in TokenVariant::ALL.into_iter().filter(|(_, each)| *each != TokenVariant::Good) {
        for body in UNAUTHORIZED {
            assert_eq!(kind(&sent(body.as_bytes(), JSON, credential)), "unauthorized", "{name} {body}");
        }
    }
}

#[test]
fn what_json_leaves_open_does_not_hide_what_no_reading_allows() {
    hold(r#"syntax {"name":"\ud800" | {"x":1e400,}"#, |_, body| kind(&good(body)));
    // Where readers differ about a body, what it seems to break proves nothing: when in doubt, unspecified.
    let table = r#"unspecified {"min_disk":0,"x":1,"x":2} | {"min_disk":0,"name":"\ud800"} | {"min_disk":1e400}"#;
    hold(table, |_, body| kind(&good(body)));
    assert_eq!(kind(&good("\u{feff}{\"min_disk\":0}")), "unspecified");
}

/// The contract with other text in one place.
fn contract_with(change: impl Fn(&str) -> String) -> Contract {
    let text = std::fs::read_to_string("cases/otc/contract.yaml").unwrap().replace("\r\n", "\n");
    let changed = change(&text);
    assert_ne!(text, changed);
    let table = Table::read("os-versions.csv", include_str!("../../cases/otc/os-versions.csv")).unwrap();
    let tables = HashMap::from([("os-versions.csv".to_owned(), Arc::new(table))]);
    Contract::read(&document::parse("contract.yaml", &changed).unwrap(), tables).unwrap()
}

#[test]
fn what_a_contract_says_nothing_of_is_open() {
    let silent = contract_with(|text| {
        let (before, rest) = text.split_once("        x-unspecified:\n          - form: ").unwrap();
        format!("{before}      responses:{}", rest.split_once("      responses:").unwrap().1)
    });
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00".to_vec();
    let utf16 = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let nested = |opening: &str| format!("{opening}{}{}}}", "[".repeat(20_000), "]".repeat(20_000)).into_bytes();
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000)).into_bytes();
    let texts =
        [r#"{"x":1,"x":2}"#, "\u{feff}{}", r#"{"name":"\ud800"}"#, r#"{"x":1e999}"#, r#"{"min_disk":40.0000001}"#];
    let bodies = texts.map(|text| text.as_bytes().to_vec()).into_iter().chain([gzip, utf16, nested(r#"{"x":"#), large]);
    for request in bodies.map(good).chain([sent(b"{}", Some("application/xml"), TokenVariant::Good)]) {
        let body = Body::read(&request);
        let found = classify(&silent, &request, &body);
        assert_eq!(found.kind, Kind::Unspecified, "{:.80}", String::from_utf8_lossy(request.body.as_deref().unwrap()));
        assert!(!found.open.is_empty());
    }
    let plain = good("{}");
    assert_eq!(classify(&silent, &plain, &Body::read(&plain)).kind, Kind::Valid);
}

#[test]
fn a_body_that_need_not_be_there_may_be_empty() {
    let contract = contract_with(|text| {
        text.replacen("requestBody:\n        required: true", "requestBody:\n        required: false", 1)
    });
    let request = good("");
    let body = Body::read(&request);
    assert_eq!(classify(&contract, &request, &body).kind, Kind::Valid);
}

#[test]
fn a_number_too_large_for_a_machine_is_open_for_its_size_and_not_for_how_it_is_written() {
    for (number, title) in [
        ("1048577", "a memory size over 1048576 MB"),
        ("18446744073709551615", "a memory size over 1048576 MB"),
        ("18446744073709551616", "a memory size over 1048576 MB"),
        ("340282366920938463463374607431768211456", "a memory size over 1048576 MB"),
        ("1024.0", "a memory size written with a fraction or an exponent"),
        ("1e3", "a memory size written with a fraction or an exponent"),
    ] {
        let request = good(field_body("min_ram", number));
        let body = Body::read(&request);
        let titles: Vec<_> = classify(&SUITE.contract, &request, &body).open.iter().map(|open| open.title).collect();
        assert_eq!(titles, [title], "{number}");
    }
}
