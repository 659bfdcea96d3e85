//! A faithful server behind a function that may answer for it, and what a run finds there.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ims_conformance::case::Case;
use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::document;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::plan::{Plan, Seed, Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use serde_json::Value;

pub(crate) fn suite() -> Suite {
    Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}"))
}

/// A faithful server behind a function that may answer for it. The function gets the resource as it was created, if the request is about one.
pub(crate) struct Faulty<F> {
    pub(crate) stub: StubService,
    pub(crate) created: Mutex<HashMap<String, Value>>,
    pub(crate) answer: F,
}

pub(crate) type Answer<'a> = &'a dyn Fn() -> Response;

impl<F: Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync> Service for Faulty<F> {
    fn answer(&self, request: &Request, token: Option<&str>) -> Response {
        let id = request.path.split('/').nth(3).unwrap_or_default();
        let known = self.created.lock().unwrap().get(id).cloned();
        let response = (self.answer)(request, known.as_ref(), &|| self.stub.answer(request, token));
        if let Some(resource) = response.json().filter(|_| request.method == "POST" && response.is_success()) {
            self.created.lock().unwrap().insert(resource["id"].as_str().unwrap().to_owned(), resource);
        }
        response
    }
}

/// Performs these phases against such a server, and shrinks what is found.
pub(crate) fn report(
    phases: &[Phase],
    answer: impl Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync + 'static,
) -> Results {
    let suite = Arc::new(suite());
    let plan = plan(&suite, &Selection { phases: phases.to_vec(), seed: Seed(1), ..Selection::default() }).unwrap();
    results(&suite, &plan, answer)
}

/// Performs a plan against such a server.
pub(crate) fn results(
    suite: &Arc<Suite>,
    plan: &Plan,
    answer: impl Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync + 'static,
) -> Results {
    let token = Token::random();
    let stub = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let target = Arc::new(Target::local(
        &suite.contract,
        Arc::new(Faulty { stub, created: Mutex::default(), answer }),
        Setup::new(Access::Token(token)),
    ));
    let options = Options { looks_first: false, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(suite, plan, &target, &options, Question::default(), |_, _| {})).unwrap()
}

pub(crate) fn bare(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        at: time::OffsetDateTime::now_utc(),
        took: std::time::Duration::ZERO,
    }
}

pub(crate) const IMAGES: &str = "/v2/images";

/// The answer to a list, without what is gone by its path; any other answer as it is.
pub(crate) fn listed_without(request: &Request, response: Response, is_gone: impl Fn(&str) -> bool) -> Response {
    if request.method != "GET" || request.path.split('?').next() != Some(IMAGES) {
        return response;
    }
    let mut list = response.json().unwrap();
    let images = list["images"].as_array_mut().unwrap();
    images.retain(|image| !is_gone(&format!("{IMAGES}/{}", image["id"].as_str().unwrap())));
    Response { body: list.to_string().into_bytes(), ..response }
}

/// The clauses that are accused, each with the bodies and methods of its example.
pub(crate) fn accused(report: &Results) -> Vec<(String, String)> {
    let sent = |request: &Request| match &request.body {
        Some(body) => format!("{} {}", request.method, String::from_utf8_lossy(body)),
        None => request.method.clone(),
    };
    let example = |requests: &[Request]| requests.iter().map(sent).collect::<Vec<_>>().join(", ");
    report.findings.iter().map(|finding| (finding.clause.to_string(), example(&finding.requests))).collect()
}

/// Reads the case that a finding wrote, which must send what the finding shows.
pub(crate) fn assert_is_a_case(report: &Results) {
    let suite = suite();
    for finding in &report.findings {
        let file = finding.case_file.as_ref().unwrap_or_else(|| panic!("{} wrote no case", finding.clause));
        let node = document::parse(&file.path, &file.text).unwrap_or_else(|error| panic!("{error}"));
        let case = Case::read(&suite.contract, file.path.strip_suffix(".yaml").unwrap(), &node)
            .unwrap_or_else(|error| panic!("{error}\n{}", file.text));
        assert_eq!(case.clauses, std::slice::from_ref(&finding.clause));
        let methods = |requests: &mut dyn Iterator<Item = &Request>| {
            requests.map(|request| (request.method.clone(), request.body.clone())).collect::<Vec<_>>()
        };
        let steps = &case.probes[0].script.steps;
        let written = methods(&mut steps.iter().map(|step| &step.request));
        assert!(written.starts_with(&methods(&mut finding.requests.iter())), "{}", file.text);
        assert!(case.title.chars().count() <= 90, "{}", case.title);
    }
}

pub(crate) fn kind(suite: &Suite, probe: &Probe) -> Kind {
    let request = &probe.script.steps[0].request;
    let body = Body::read(request);
    classify(&suite.contract, request, &body).kind
}

/// What cases with these words in their ids find.
pub(crate) fn found_by_cases(
    words: &str,
    answer: impl Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync + 'static,
) -> Results {
    let suite = Arc::new(suite());
    let selection = Selection { selectors: vec![words.to_owned()], phases: vec![Phase::Case], ..Selection::default() };
    results(&suite, &plan(&suite, &selection).unwrap(), answer)
}
