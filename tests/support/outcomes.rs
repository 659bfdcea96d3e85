//! Records made by hand, and what a run amounts to that had them.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ims_conformance::client::{Bounds, Cleanup, Leftover};
use ims_conformance::contract::{Carrier, ClauseId, Scheme};
use ims_conformance::exchange::{Exchange, Response};
use ims_conformance::http::Route;
use ims_conformance::judge::{Drift, Mismatch, ObservedBehaviour, judge};
use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::Probe;
use ims_conformance::results::{Fold, Question, Results};
use ims_conformance::run::{End, Ending, Event, Record};
use ims_conformance::suite::Suite;

pub(crate) static SUITE: LazyLock<Arc<Suite>> =
    LazyLock::new(|| Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}"))));

pub(crate) static PROBES: LazyLock<Vec<Probe>> =
    LazyLock::new(|| plan(&SUITE, &Selection::default()).unwrap().iter().collect());

pub(crate) fn probe(id: &str) -> Arc<Probe> {
    let found = PROBES.iter().find(|probe| probe.id == id);
    Arc::new(found.unwrap_or_else(|| panic!("no probe {id}")).clone())
}

/// A probe and the status with which its first request is answered.
pub(crate) fn answered(id: &str, status: u16) -> Record {
    answered_with(id, status, "{\"error\": \"no\"}")
}

pub(crate) fn answered_with(id: &str, status: u16, body: &str) -> Record {
    let probe = probe(id);
    let response = Response {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        took: Duration::ZERO,
    };
    let exchanges = vec![Exchange { request: probe.script.steps[0].request.clone(), outcome: Ok(response) }];
    let judgement = judge(&SUITE.contract, &probe, &exchanges);
    Record { place: 0, probe, judgement, exchanges, cleanup: Cleanup::default() }
}

/// The end of a run that nothing cut short.
pub(crate) fn end() -> End {
    End {
        scheme: Some(Scheme::carried_by(Carrier::Header("X-Auth-Token".to_owned()))),
        ending: Ending::Complete,
        endpoint: "https://ims.example.com/".to_owned(),
        run_id: "0123456789ab".to_owned(),
        has_token: true,
        route: Route::USUAL,
        login: None,
        requests: 7,
        first_requests: 2,
        elapsed: Duration::from_millis(1234),
        bounds: Bounds::default(),
        ledger: None,
    }
}

/// These records as events, each at the next place of the plan.
pub(crate) fn performed(records: Vec<Record>) -> Vec<Event> {
    let at = |(place, record)| Event::Performed(Record { place, ..record });
    records.into_iter().enumerate().map(at).collect()
}

/// What a run amounts to whose plan had so many probes and in which this happened.
pub(crate) fn results(planned: usize, events: Vec<Event>, question: Question, end: &End) -> Results {
    let planned_at = |place: usize| match events.get(place) {
        Some(Event::Performed(Record { probe, .. }) | Event::Skipped { probe, .. } | Event::Unsent { probe, .. }) => {
            probe.as_ref().clone()
        }
        _ => PROBES[place].clone(),
    };
    let plan = Plan::of(&SUITE, (0..planned).map(planned_at).collect());
    let mut fold = Fold::new(&SUITE, &plan, question);
    for event in events {
        fold.add(event, |_| false);
    }
    fold.finish(end)
}

pub(crate) fn report(records: Vec<Record>) -> Results {
    let planned = records.len();
    results(planned, performed(records), Question::default(), &end())
}

/// The same, with smaller examples.
pub(crate) fn report_with(records: Vec<Record>, shrunk: &[Record]) -> Results {
    let planned = records.len();
    let shrunk = shrunk.iter().cloned().map(Event::Shrunk);
    let events = performed(records).into_iter().chain(shrunk).collect();
    results(planned, events, Question::default(), &end())
}

pub(crate) fn clauses(results: &Results) -> Vec<(&str, usize)> {
    results.findings.iter().map(|finding| (finding.clause.as_str(), finding.count)).collect()
}

/// The same, each with what tells it apart from others of its clause.
pub(crate) fn causes(results: &Results) -> Vec<(&str, &str, usize)> {
    results.findings.iter().map(|finding| (finding.clause.as_str(), finding.cause.as_str(), finding.count)).collect()
}

/// A clause that the first answer breaks.
pub(crate) fn broken(clause: &str) -> Mismatch {
    Mismatch {
        clause: ClauseId::parse(clause).unwrap(),
        cause: String::new(),
        pointer: String::new().into(),
        expected: String::new().into(),
        got: String::new().into(),
        step: 0,
        origin: None,
    }
}

/// A probe of which the body was another one.
pub(crate) fn refused(id: &str, body: &str) -> Record {
    let mut record = answered(id, 400);
    record.exchanges[0].request.body = Some(body.as_bytes().to_vec());
    record
}

/// The same, after which something is left, was chosen, and drifts.
pub(crate) fn leaving(mut record: Record) -> Record {
    record.cleanup = Cleanup { created: 3, removed: 1, ..Cleanup::default() };
    record.cleanup.leftovers =
        vec![Leftover::Id("7f3a".into()), Leftover::Unnamed, Leftover::Unknown, Leftover::Foreign("4d2e".into())];
    let choice = |taken: &str| ObservedBehaviour {
        title: "an empty name".to_owned(),
        because: "nobody says".to_owned(),
        taken: taken.into(),
    };
    record.judgement.choices = vec![choice("accepted"), choice("accepted"), choice("refused with 400")];
    record.judgement.drift = vec![Drift { pointer: "/os_hidden".into(), text: "a field that nobody documents".into() }];
    record
}
