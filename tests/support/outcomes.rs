//! Outcomes made by hand, and the report of a run that had them.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ims_conformance::client::Cleanup;
use ims_conformance::exchange::{Exchange, Response};
use ims_conformance::judge::judge;
use ims_conformance::plan::{Seed, Selection, plan};
use ims_conformance::probe::Probe;
use ims_conformance::report::{Context, Report};
use ims_conformance::run::{Ending, Outcome, Run, Verdict};
use ims_conformance::suite::Suite;

pub(crate) static SUITE: LazyLock<Arc<Suite>> =
    LazyLock::new(|| Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}"))));

pub(crate) static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(|| plan(&SUITE, &Selection::default()).unwrap());

pub(crate) fn probe(id: &str) -> Arc<Probe> {
    let found = PROBES.iter().find(|probe| probe.id == id);
    Arc::new(found.unwrap_or_else(|| panic!("no probe {id}")).clone())
}

/// A probe and the status with which its first request is answered.
pub(crate) fn answered(id: &str, status: u16) -> Outcome {
    answered_with(id, status, "{\"error\": \"no\"}")
}

pub(crate) fn answered_with(id: &str, status: u16, body: &str) -> Outcome {
    let probe = probe(id);
    let response = Response {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
        at: time::OffsetDateTime::UNIX_EPOCH,
    };
    let exchanges = vec![Exchange { request: probe.script.steps[0].request.clone(), outcome: Ok(response) }];
    let judgement = judge(&SUITE.contract, &probe, &exchanges);
    let verdict = match (&judgement.mismatches[..], &judgement.inconclusive) {
        ([], None) => Verdict::Pass,
        ([], Some(_)) => Verdict::Inconclusive,
        _ => Verdict::Fail,
    };
    Outcome { probe, verdict, judgement, exchanges, cleanup: Cleanup::default() }
}

pub(crate) fn done(outcomes: Vec<Outcome>) -> Run {
    let planned = outcomes.len();
    let elapsed = Duration::from_millis(1234);
    let (unsent, requests, first_requests) = (Vec::new(), 7, 2);
    Run { outcomes, unsent, planned, requests, first_requests, elapsed, ending: Ending::Complete }
}

pub(crate) fn context() -> Context<'static> {
    Context { endpoint: "https://ims.example.com/", has_token: true, seed: Seed(1), ..Context::default() }
}

pub(crate) fn report(outcomes: Vec<Outcome>) -> Report {
    Report::new(&SUITE.contract, &done(outcomes), &context())
}

pub(crate) fn clauses(report: &Report) -> Vec<(&str, usize)> {
    report.findings.iter().map(|finding| (finding.clause.as_str(), finding.count)).collect()
}

/// A probe of which the body was another one.
pub(crate) fn refused(id: &str, body: &str) -> Outcome {
    let mut outcome = answered(id, 400);
    outcome.exchanges[0].request.body = Some(body.as_bytes().to_vec());
    outcome
}
