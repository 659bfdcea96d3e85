//! How fast bodies are made and exchanges are judged, beside two well-known jobs in the same run: parsing the same bodies with `serde_json`, and validating
//! them with the `jsonschema` crate. Run it with `cargo bench`; the ratios mean more than the times.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::document;
use ims_conformance::exchange::{Exchange, Response};
use ims_conformance::judge::{Body, classify, judge};
use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Fold, Question};
use ims_conformance::run::{Event, Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use jsonschema::Validator;

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

/// What a conforming service answers to these probes.
fn conforming(suite: &Arc<Suite>, probes: &[Probe]) -> Vec<Exchange> {
    let token = Token::random();
    let service = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let options = Options { looks_first: false, shrinks: false, ..Options::default() };
    let mut exchanges = Vec::new();
    let see = |event: &Event, _: &Fold| {
        if let Event::Performed(record) = event {
            exchanges.push(record.exchanges[0].clone());
        }
    };
    let plan = Plan::of(suite, probes.to_vec());
    let results = runtime.block_on(run(suite, &plan, &target, &options, Question::default(), see)).unwrap();
    assert_eq!(results.passed, probes.len());
    exchanges
}

/// An exchange has two bodies, and its judge holds both against their schemas before it holds them against each other.
fn validate_both(exchanges: &[Exchange], validators: [&Validator; 2]) -> Duration {
    let bodies_of = |exchange: &Exchange| {
        let sent = exchange.request.body.clone().unwrap_or_default();
        [sent, exchange.response().unwrap().body.clone()]
    };
    let both: Vec<_> = exchanges.iter().map(bodies_of).collect();
    measure("jsonschema: the same for both of an exchange", both.len(), || {
        for (validator, body) in both.iter().flat_map(|bodies| validators.into_iter().zip(bodies)) {
            let value = serde_json::from_slice::<serde_json::Value>(body).unwrap();
            black_box(validator.is_valid(&value));
        }
    })
}

fn exchange(probe: &Probe, body: &[u8]) -> Exchange {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let response = Response {
        status: 201,
        headers,
        body: body.to_vec(),
        at: time::OffsetDateTime::now_utc(),
        took: Duration::ZERO,
    };
    Exchange { request: probe.script.steps[0].request.clone(), outcome: Ok(response) }
}

fn main() {
    let suite = Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap());
    let contract = &suite.contract;
    let text = std::fs::read_to_string("cases/otc/contract.yaml").unwrap();
    let document = document::parse("contract.yaml", &text).unwrap().json();
    let [validator, of_answers] = ["ImageRequest", "Image"]
        .map(|name| jsonschema::draft202012::new(&document["components"]["schemas"][name]).unwrap());

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
    let answers = conforming(&suite, &probes);
    let validating_both = validate_both(&answers, [&validator, &of_answers]);
    let judging = measure("judge an exchange that conforms", count, || {
        for (probe, exchange) in probes.iter().zip(&answers) {
            black_box(judge(contract, probe, std::slice::from_ref(exchange)));
        }
    });
    let accusing = measure("judge an exchange of which most is wrong", count, || {
        for (probe, exchange) in probes.iter().zip(&exchanges) {
            black_box(judge(contract, probe, std::slice::from_ref(exchange)));
        }
    });
    let making = measure("make a random probe", count, || drop(black_box(plan(&suite, &selection).unwrap())));

    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    println!("\nclassify : jsonschema  {:.2}", ratio(classifying, validating));
    println!("judge    : jsonschema  {:.2}", ratio(judging, validating));
    println!("judge    : of both     {:.2}", ratio(judging, validating_both));
    println!("accuse   : jsonschema  {:.2}", ratio(accusing, validating));
    println!("make     : parse       {:.2}", ratio(making, parsing));
}
