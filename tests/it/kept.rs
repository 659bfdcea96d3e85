//! What a run keeps of the answers of its probes: thousands of failures, each with an answer of a megabyte, must fit into the memory of a small machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{Server, TOKEN, suite};
use crate::whole::{PLAIN, Whole, whole};
use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::exchange::{Exchange, Request, Response};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::Phase;
use ims_conformance::run::{Options, Record};
use serde_json::{Value, json};

/// No probe keeps more, in bytes: a few answers of 8 kB each, and the texts of what is wrong with them.
const MOST_KEPT: usize = 64 * 1024;

/// The cases of one field against a server whose answers to a creation are spoilt, and the ids of what is left there.
async fn performed(spoil: impl Fn(&Request, Response) -> Response + Send + Sync + 'static) -> (Whole, Vec<String>) {
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        Some(if request.method == "POST" { spoil(request, answer) } else { answer })
    });
    let suite = suite();
    let setup = Setup::new(Access::Token(Token::new(TOKEN).unwrap()));
    let target = Arc::new(Target::local(&suite.contract, Arc::clone(&server) as Arc<dyn Service>, setup));
    let selection =
        Selection { selectors: vec!["min_disk/".to_owned()], phases: vec![Phase::Case], ..Selection::default() };
    let plan = plan(&suite, &selection).unwrap();
    let done = whole(&suite, &plan, &target, &Options { concurrency: 4, ..PLAIN }).await;
    (done, server.ids())
}

fn kept_by(record: &Record) -> usize {
    let answers = record.exchanges.iter().filter_map(Exchange::response).map(|response| {
        let headers = response.headers.iter().map(|(name, value)| name.len() + value.len());
        response.body.len() + headers.sum::<usize>()
    });
    let wrong = record.judgement.mismatches.iter().map(|mismatch| {
        let texts = [&mismatch.pointer, &mismatch.expected, &mismatch.got].map(|text| text.raw().len());
        mismatch.cause.len() + texts.iter().sum::<usize>()
    });
    let drift = record.judgement.drift.iter().map(|drift| drift.pointer.raw().len() + drift.text.raw().len());
    answers.sum::<usize>() + wrong.sum::<usize>() + drift.sum::<usize>()
}

fn assert_little_is_kept((done, left): &(Whole, Vec<String>)) {
    assert_eq!(*left, [""; 0], "what has a long answer is removed like anything else");
    let failed = done.records.iter().filter(|record| !record.judgement.mismatches.is_empty()).count();
    assert!(failed > 5, "{failed}");
    for record in &done.records {
        let kept = kept_by(record);
        assert!(kept <= MOST_KEPT, "{}: {kept} bytes", record.probe.id);
    }
}

fn large() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}{}", COUNT.fetch_add(1, Ordering::Relaxed), "x".repeat(900_000))
}

/// The answer with this body for its own, where it is a success.
fn with_fields(mut response: Response, fields: &[(&str, Value)]) -> Response {
    if let Some(Value::Object(mut answer)) = response.json().filter(|_| response.is_success()) {
        answer.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        response.body = Value::from(answer).to_string().into_bytes();
    }
    response
}

#[tokio::test]
async fn of_a_long_answer_only_what_a_report_needs_is_kept() {
    // `min_disk` is wrong, so that each creation fails.
    assert_little_is_kept(&performed(|_, answer| with_fields(answer, &[("min_disk", json!(large()))])).await);
    assert_little_is_kept(
        &performed(|_, answer| with_fields(answer, &[("min_disk", json!(-1)), (&large(), json!(1))])).await,
    );
}

#[tokio::test]
async fn of_long_headers_only_what_a_report_needs_is_kept() {
    let spoil = |_: &Request, mut answer: Response| {
        answer.headers.push(("x-long".to_owned(), large()));
        with_fields(answer, &[("min_disk", json!(-1))])
    };
    assert_little_is_kept(&performed(spoil).await);
}

#[tokio::test]
async fn of_a_long_refusal_only_what_a_report_needs_is_kept() {
    let (done, _) = performed(|_, answer| Response { body: large().into_bytes(), ..answer }).await;
    for record in &done.records {
        assert!(kept_by(record) <= MOST_KEPT, "{}: {} bytes", record.probe.id, kept_by(record));
    }
}
