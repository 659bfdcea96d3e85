//! How fast bodies are made and exchanges are judged, beside two well-known jobs in the same run: parsing the same bodies with `serde_json`, and validating
//! them with the `jsonschema` crate. Run it with `cargo bench`; the ratios mean more than the times.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ims_conformance::document;
use ims_conformance::exchange::{Exchange, Response};
use ims_conformance::judge::{Body, classify, judge};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::suite::Suite;

/// The median of several rounds, per item.
fn measure(name: &str, items: usize, mut round: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            round();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    let each = times[times.len() / 2] / u32::try_from(items).unwrap();
    println!("{name:<44} {:>9.2} µs each, {:>9.0} per second", each.as_secs_f64() * 1e6, 1.0 / each.as_secs_f64());
    each
}

fn exchange(probe: &Probe, body: &[u8]) -> Exchange {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let response = Response { status: 201, headers, body: body.to_vec(), at: time::OffsetDateTime::now_utc() };
    Exchange { request: probe.script.steps[0].request.clone(), outcome: Ok(response) }
}

fn main() {
    let suite = Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap());
    let contract = &suite.contract;
    let text = std::fs::read_to_string("cases/otc/contract.yaml").unwrap();
    let document = document::parse("contract.yaml", &text).unwrap().json();
    let validator = jsonschema::draft202012::new(&document["components"]["schemas"]["ImageRequest"]).unwrap();

    let selection = Selection { phases: vec![Phase::Random], examples: 200, ..Selection::default() };
    let probes: Vec<_> = plan(&suite, &selection).unwrap().iter().collect();
    let bodies: Vec<&[u8]> =
        probes.iter().map(|probe| probe.script.steps[0].request.body.as_deref().unwrap()).collect();
    let answer = include_bytes!("answer.json");
    let exchanges: Vec<_> = probes.iter().map(|probe| exchange(probe, answer)).collect();
    println!(
        "{} random bodies, {} bytes on average\n",
        bodies.len(),
        bodies.iter().map(|body| body.len()).sum::<usize>() / bodies.len()
    );

    let count = bodies.len();
    let parsing = measure("serde_json: parse a body", count, || {
        for body in &bodies {
            let _ = black_box(serde_json::from_slice::<serde_json::Value>(body));
        }
    });
    let validating = measure("jsonschema: parse and validate a body", count, || {
        for body in &bodies {
            let value = serde_json::from_slice::<serde_json::Value>(body).unwrap();
            black_box(validator.is_valid(&value));
        }
    });
    let classifying = measure("classify a request", count, || {
        for probe in &probes {
            let request = &probe.script.steps[0].request;
            let body = Body::read(request);
            black_box(classify(contract, request, &body).kind);
        }
    });
    let judging = measure("judge an exchange, request and answer", count, || {
        for (probe, exchange) in probes.iter().zip(&exchanges) {
            black_box(judge(contract, probe, std::slice::from_ref(exchange)));
        }
    });
    let making = measure("make a random probe", count, || drop(black_box(plan(&suite, &selection).unwrap())));

    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    println!("\nclassify : jsonschema  {:.2}", ratio(classifying, validating));
    println!("judge    : jsonschema  {:.2}", ratio(judging, validating));
    println!("make     : parse       {:.2}", ratio(making, parsing));
}
