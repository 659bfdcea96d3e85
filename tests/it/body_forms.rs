//! Forms of a body that a contract need not speak of: whoever takes them and whoever refuses them conforms.

use std::path::Path;

use crate::conforming::ConformingVariant;
use ims_conformance::contract::ClauseId;
use ims_conformance::exchange::{Request, Response, TokenVariant};
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::probe::{Expectation, Phase, Probe, Script, Step};
use ims_conformance::suite::Suite;
use tempfile::TempDir;

/// A form: its name, the headers that it adds or has in place of the usual one, and the body.
struct Sent {
    name: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Every form of a body that says what `good` says, or what an object with a further field says.
fn forms(good: &str) -> Vec<Sent> {
    let more = |value: &str| format!("{},\"x\":{value}}}", &good[..good.len() - 1]).replace("{,", "{").into_bytes();
    let units = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let letters =
        |text: &str, bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|each| bytes(u32::from(each))).collect();
    let marked = format!("\u{feff}{good}");
    let nested = |depth: usize| more(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let plain = |name, body| Sent { name, headers: vec![JSON], body };
    let declared = |name, headers: &[(&'static str, &'static str)]| Sent {
        name,
        headers: headers.to_vec(),
        body: good.as_bytes().to_vec(),
    };
    vec![
        Sent {
            name: "gzip that says so",
            headers: vec![JSON, ("Content-Encoding", "gzip")],
            body: gzip(good.as_bytes()),
        },
        plain("gzip that does not say so", gzip(good.as_bytes())),
        declared("plain text that says it is gzip", &[JSON, ("content-encoding", "identity, GZIP")]),
        plain("UTF-16, big end first", units(good, u16::to_be_bytes)),
        plain("UTF-16, little end first", units(good, u16::to_le_bytes)),
        plain("UTF-16 with its mark, big end first", units(&marked, u16::to_be_bytes)),
        plain("UTF-16 with its mark, little end first", units(&marked, u16::to_le_bytes)),
        plain("UTF-32, big end first", letters(good, u32::to_be_bytes)),
        plain("UTF-32, little end first", letters(good, u32::to_le_bytes)),
        plain("UTF-32 with its mark, big end first", letters(&marked, u32::to_be_bytes)),
        plain("UTF-32 with its mark, little end first", letters(&marked, u32::to_le_bytes)),
        plain("a byte order mark", marked.clone().into_bytes()),
        plain("Latin-1", [&more("\"")[..good.len() + 5], b"\xe4\"}"].concat()),
        plain("66 levels", nested(65)),
        plain("20 000 levels", nested(20_000)),
        plain("a key twice", more("1,\"x\":2")),
        plain("a key twice in an inner object", more("{\"y\":1,\"y\":2}")),
        plain("half of a surrogate pair", more("\"\\ud800\"")),
        plain("a number beyond a double", more("1e999")),
        plain("more than 64 KiB", [" ".repeat(65_537).as_bytes(), good.as_bytes()].concat()),
        declared("no media type", &[]),
        declared("another media type", &[("Content-Type", "text/plain")]),
        declared("two media types", &[JSON, ("Content-Type", "text/plain")]),
        declared("another charset", &[("Content-Type", "application/json; charset=utf-16")]),
        declared("a parameter", &[("Content-Type", "application/json; charset=utf-8")]),
    ]
}

/// The bytes as gzip, stored and not made smaller, which needs no library.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let size = u16::try_from(bytes.len()).unwrap();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    let sum = crc(bytes).to_le_bytes();
    [&head[..], &size.to_le_bytes(), &(!size).to_le_bytes(), bytes, &sum, &u32::from(size).to_le_bytes()].concat()
}

/// The check sum of gzip.
fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

/// The small suite of the tests, whose contract speaks of no form.
fn silent() -> Suite {
    let from = Path::new("tests/suites/required");
    let text = std::fs::read_to_string(from.join("contract.yaml")).unwrap();
    let listed = |line: &&str| !line.trim_start().starts_with("- {form: ");
    let text: String = text.split_inclusive('\n').filter(listed).collect();
    let text = text.replacen("        x-unspecified:\n      responses:", "      responses:", 1);
    assert!(!text.contains("form:"), "{text}");
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("silent");
    std::fs::create_dir_all(dir.join("thing")).unwrap();
    std::fs::write(dir.join("contract.yaml"), text).unwrap();
    std::fs::copy(from.join("thing/accepts_a_name.yaml"), dir.join("thing/accepts_a_name.yaml")).unwrap();
    Suite::from_dir(&dir).unwrap()
}

fn probe(suite: &Suite, sent: &Sent) -> Probe {
    let subject = suite.contract.subject();
    let headers = sent.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = Request {
        method: subject.method.clone(),
        path: subject.path.as_str().to_owned(),
        headers,
        body: Some(sent.body.clone()),
        credential: TokenVariant::Good,
    };
    Probe {
        id: sent.name.to_owned(),
        phase: Phase::Boundary,
        title: sent.name.to_owned(),
        clauses: vec![ClauseId::status(201)],
        violation: None,
        script: Script { steps: vec![Step::new(request)] },
        expectations: vec![Expectation::default()],
    }
}

/// The forms that this suite leaves open: a deep value of a field that is to be a text is wrong for that.
fn open_forms(suite: &Suite, good: &str) -> Vec<Sent> {
    let others = suite.contract.creation.request.additional.as_ref();
    let takes_texts_only = others.is_some_and(|others| others.rule("type").is_some());
    forms(good).into_iter().filter(|sent| !(takes_texts_only && sent.name == "66 levels")).collect()
}

fn suites() -> [(Suite, &'static str); 3] {
    let built_in = |name| Suite::built_in(name).unwrap().unwrap();
    [(built_in("otc"), "{}"), (built_in("glance"), "{}"), (silent(), r#"{"name":"ab"}"#)]
}

#[test]
fn whoever_takes_them_or_refuses_them_is_accused_of_nothing() {
    for status in [201, 400, 413, 415, 422] {
        for (suite, good) in suites() {
            let probes: Vec<_> = open_forms(&suite, good).iter().map(|sent| probe(&suite, sent)).collect();
            let count = probes.len();
            let as_plain = move |request: &Request| {
                let headers = vec![(JSON.0.to_owned(), JSON.1.to_owned())];
                let body = Some(good.as_bytes().to_vec());
                if request.method == "POST" { Request { headers, body, ..request.clone() } } else { request.clone() }
            };
            let variant =
                ConformingVariant::of_suite(suite).asked(probes).hearing(as_plain).answering(move |asked, response| {
                    match status {
                        201 => response,
                        _ if asked.is_creation => {
                            Response { status, headers: Vec::new(), body: Vec::new(), ..response }
                        }
                        _ => response,
                    }
                });
            let report = variant.acquit();
            assert_eq!(report.passed, count, "{status} {}", report.title);
        }
    }
}

#[test]
fn each_of_them_is_left_open() {
    for (suite, good) in suites() {
        for sent in open_forms(&suite, good) {
            let request = probe(&suite, &sent).script.steps[0].request.clone();
            let body = Body::read(&request);
            let found = classify(&suite.contract, &request, &body);
            assert_eq!(found.kind, Kind::Unspecified, "{}: {}", suite.name, sent.name);
        }
    }
}

#[test]
fn a_coding_that_is_none_says_nothing() {
    let (suite, good) = (silent(), r#"{"name":"ab"}"#);
    for coding in ["identity", "Identity, identity", ""] {
        let sent = Sent { name: "plain", headers: vec![JSON, ("Content-Encoding", coding)], body: good.into() };
        let request = probe(&suite, &sent).script.steps[0].request.clone();
        let body = Body::read(&request);
        assert_eq!(classify(&suite.contract, &request, &body).kind, Kind::Valid, "{coding}");
    }
}
