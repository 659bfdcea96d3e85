//! What a generated probe goes on with after its creation, and what the clean-up shows: seen on servers whose faults depend on what they were given.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use ims_conformance::case::{Case, write_steps};
use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::contract::ClauseId;
use ims_conformance::document;
use ims_conformance::exchange::{Request, Response, TokenVariant};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::judge::{Body, Kind, Mismatch, classify};
use ims_conformance::plan::{Plan, Seed, Selection, plan};
use ims_conformance::probe::{Expectation, Phase, Probe, Step};
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{Ending, Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use serde_json::{Value, json};
use tokio::time::Instant;

fn suite() -> Suite {
    Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}"))
}

/// A faithful server behind a function that may answer for it. The function gets the resource as it was created, if the request is about one.
struct Faulty<F> {
    stub: StubService,
    created: Mutex<HashMap<String, Value>>,
    answer: F,
}

type Answer<'a> = &'a dyn Fn() -> Response;

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
fn report(
    phases: &[Phase],
    answer: impl Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync + 'static,
) -> Results {
    let suite = Arc::new(suite());
    let plan = plan(&suite, &Selection { phases: phases.to_vec(), seed: Seed(1), ..Selection::default() }).unwrap();
    results(&suite, &plan, answer)
}

/// Performs a plan against such a server.
fn results(
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

fn bare(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        at: time::OffsetDateTime::now_utc(),
        took: std::time::Duration::ZERO,
    }
}

const IMAGES: &str = "/v2/images";

/// The answer to a list, without what is gone by its path; any other answer as it is.
fn listed_without(request: &Request, response: Response, is_gone: impl Fn(&str) -> bool) -> Response {
    if request.method != "GET" || request.path.split('?').next() != Some(IMAGES) {
        return response;
    }
    let mut list = response.json().unwrap();
    let images = list["images"].as_array_mut().unwrap();
    images.retain(|image| !is_gone(&format!("{IMAGES}/{}", image["id"].as_str().unwrap())));
    Response { body: list.to_string().into_bytes(), ..response }
}

/// The clauses that are accused, each with the bodies and methods of its example.
fn accused(report: &Results) -> Vec<(String, String)> {
    let sent = |request: &Request| match &request.body {
        Some(body) => format!("{} {}", request.method, String::from_utf8_lossy(body)),
        None => request.method.clone(),
    };
    let example = |requests: &[Request]| requests.iter().map(sent).collect::<Vec<_>>().join(", ");
    report.findings.iter().map(|finding| (finding.clause.to_string(), example(&finding.requests))).collect()
}

/// Reads the case that a finding wrote, which must send what the finding shows.
fn assert_is_a_case(report: &Results) {
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

fn kind(suite: &Suite, probe: &Probe) -> Kind {
    let request = &probe.script.steps[0].request;
    let body = Body::read(request);
    classify(&suite.contract, request, &body).kind
}

#[test]
fn every_generated_creation_that_may_succeed_is_read_and_only_a_held_one_is_deleted() {
    let suite = Arc::new(suite());
    let phases = vec![Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random];
    let mut held = 0;
    for probe in plan(&suite, &Selection { phases, ..Selection::default() }).unwrap().iter() {
        let methods: Vec<_> = probe.script.steps[1..].iter().map(|step| step.request.method.as_str()).collect();
        let kind = kind(&suite, &probe);
        if kind != Kind::Valid {
            let is_huge = probe.script.steps[0].request.body.as_ref().is_some_and(|body| body.len() > 65_536);
            let is_read = kind == Kind::Unspecified && !is_huge;
            assert_eq!(methods, if is_read { vec!["GET"] } else { vec![] }, "{}", probe.id);
            continue;
        }
        let body: Value = serde_json::from_slice(probe.script.steps[0].request.body.as_deref().unwrap()).unwrap();
        let is_delete_protected = body.get("protected") == Some(&json!(true));
        held += usize::from(is_delete_protected);
        let expected = match (probe.phase, is_delete_protected) {
            (Phase::Pairs, true) => ["GET", "GET", "DELETE", "GET", "PATCH", "DELETE"].as_slice(),
            (Phase::Pairs, false) => &["GET", "GET"],
            (_, true) => &["GET", "DELETE", "GET"],
            (_, false) => &["GET"],
        };
        assert_eq!(methods, expected, "{}", probe.id);
        assert_eq!(probe.expectations.len(), probe.script.steps.len());
    }
    assert!(held > 80, "{held}");
}

#[test]
fn one_that_deletes_what_is_held_only_for_one_format() {
    let gone: Mutex<HashSet<String>> = Mutex::default();
    let found = report(&[Phase::Pairs, Phase::Random], move |request, known, faithful| {
        let is_weak = known.is_some_and(|known| known["disk_format"] == "qcow2" && known["protected"] == true);
        if request.method == "DELETE" && is_weak {
            gone.lock().unwrap().insert(request.path.clone());
            return bare(204);
        }
        let gone = gone.lock().unwrap();
        if gone.contains(&request.path) {
            return bare(404);
        }
        listed_without(request, faithful(), |path| gone.contains(path))
    });
    let body = r#"{"protected":true,"disk_format":"qcow2"}"#;
    let expected = ("behaviour.protected-image-stays".to_owned(), format!("POST {body}, DELETE, GET"));
    assert_eq!(accused(&found), [expected]);
    let mismatch = &found.findings[0].mismatch;
    assert_eq!((mismatch.expected.raw(), mismatch.got.raw()), ("200", "404"));
    assert!(found.leftovers.is_empty());
}

#[test]
fn one_that_reads_a_wrong_value_back_for_one_row_of_the_table() {
    let found = report(&[Phase::Boundary], |request, known, faithful| {
        let mut response = faithful();
        let row = "CentOS 6.9 64bit";
        if request.method == "GET" && known.is_some_and(|known| known["__os_version"] == row) {
            let mut resource = response.json().unwrap_or_default();
            resource["__os_bit"] = json!("32");
            response.body = resource.to_string().into_bytes();
        }
        response
    });
    let body = r#"{"__os_version":"CentOS 6.9 64bit"}"#;
    assert_eq!(accused(&found), [("behaviour.metadata-persists".to_owned(), format!("POST {body}, GET"))]);
    let mismatch = &found.findings[0].mismatch;
    assert_eq!((mismatch.pointer.raw(), mismatch.got.raw()), ("/__os_bit", "\"32\""));
    assert_is_a_case(&found);
}

#[test]
fn one_that_reads_other_signs_back_in_a_name_that_is_left_open() {
    let found = report(&[Phase::Texts], |request, known, faithful| {
        let mut response = faithful();
        if let Some(name) = known.and_then(|known| known["name"].as_str()).filter(|_| request.method == "GET") {
            let mut resource = response.json().unwrap_or_default();
            resource["name"] = name.replace(|sign: char| !sign.is_ascii(), "?").into();
            response.body = resource.to_string().into_bytes();
        }
        response
    });
    let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.metadata-persists");
    assert!(example.starts_with(r#"POST {"name":"#) && example.ends_with("}, GET"), "{example}");
    let mismatch = &found.findings[0].mismatch;
    assert_eq!(mismatch.pointer.raw(), "/name");
    assert!(mismatch.got.raw().contains('?'), "{}", mismatch.got.raw());
    assert_is_a_case(&found);

    // A service may refuse what that case sends, and breaks nothing.
    let file = found.findings[0].case_file.as_ref().unwrap();
    let suite = Arc::new(suite());
    let node = document::parse(&file.path, &file.text).unwrap();
    let case = Case::read(&suite.contract, file.path.strip_suffix(".yaml").unwrap(), &node).unwrap();
    assert_eq!(kind(&suite, &case.probes[0]), Kind::Unspecified, "{}", file.text);
    let refused = results(&suite, &Plan::of(&suite, case.probes), refuse_what_is_open);
    assert_eq!((refused.passed, refused.failed, refused.inconclusive), (1, 0, vec![]), "{}", file.text);
}

/// A server that takes nothing that the documentation leaves open.
fn refuse_what_is_open(request: &Request, _: Option<&Value>, faithful: Answer<'_>) -> Response {
    static SUITE: LazyLock<Suite> = LazyLock::new(suite);
    let is_open = || classify(&SUITE.contract, request, &Body::read(request)).kind == Kind::Unspecified;
    if request.method == "POST" && is_open() { bare(400) } else { faithful() }
}

#[test]
fn one_that_refuses_all_that_is_left_open_breaks_nothing_and_leaves_nothing_in_doubt() {
    let found = report(&[Phase::Boundary, Phase::Texts], refuse_what_is_open);
    assert_eq!(accused(&found), []);
    assert_eq!((found.failed, &found.inconclusive), (0, &vec![]));
    assert_eq!(ExitCode::of(&found), ExitCode::Holds);
}

#[test]
fn one_that_keeps_what_it_has_released_in_one_format() {
    let found = report(&[Phase::Pairs], |request, known, answer| {
        let is_kept = known.is_some_and(|resource| resource["protected"] == true && resource["disk_format"] == "vhd");
        if request.method == "DELETE" && is_kept { bare(403) } else { answer() }
    });
    let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.unprotected-image-goes");
    // No smaller one was tried: each would have stayed behind.
    assert!(example.ends_with(r#", PATCH [{"op":"replace","path":"/protected","value":false}], DELETE"#), "{example}");
    assert_eq!(found.leftovers.len(), 3);
    assert_is_a_case(&found);
}

#[test]
fn one_that_has_bytes_for_what_is_held_in_one_format() {
    let found = report(&[Phase::Pairs], |request, known, faithful| {
        let is_odd = known.is_some_and(|known| known["disk_format"] == "vhd" && known["protected"] == true);
        if request.path.ends_with("/file") && is_odd { bare(200) } else { faithful() }
    });
    let body = r#"{"protected":true,"disk_format":"vhd"}"#;
    assert_eq!(accused(&found), [("behaviour.no-file-yet".to_owned(), format!("POST {body}, GET"))]);
    assert_is_a_case(&found);
}

#[test]
fn one_that_keeps_what_it_says_it_deleted_is_accused_once_and_what_is_left_is_named() {
    let found = report(&[Phase::Pairs], |request, known, faithful| {
        let stays = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        if request.method == "DELETE" && stays { bare(204) } else { faithful() }
    });
    let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", found.findings) };
    assert_eq!(clause, "behaviour.deleted-image-is-gone");
    assert!(example.starts_with("POST {") && example.ends_with("}, DELETE, GET"), "{example}");
    assert_eq!(found.findings[0].mismatch.got, "200, even 30 seconds later");
    assert!(!found.leftovers.is_empty() && found.findings[0].case_file.is_none());
    assert_eq!(ExitCode::of(&found), ExitCode::Broken);
}

#[test]
fn one_that_deletes_some_time_later_is_accused_of_nothing() {
    let since: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = report(&[Phase::Pairs], move |request, known, faithful| {
        let is_slow = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        if request.method == "DELETE" && is_slow {
            let mut since = since.lock().unwrap();
            let begin = *since.entry(request.path.clone()).or_insert_with(Instant::now);
            return if begin.elapsed().as_secs() >= 20 { faithful() } else { bare(204) };
        }
        let since = since.lock().unwrap();
        let is_gone = |path: &str| since.get(path).is_some_and(|begin| begin.elapsed().as_secs() >= 20);
        if is_gone(&request.path) { bare(404) } else { listed_without(request, faithful(), is_gone) }
    });
    assert_eq!(accused(&found), []);
    assert_eq!(ExitCode::of(&found), ExitCode::Holds);
}

/// What cases with these words in their ids find.
fn found_by_cases(
    words: &str,
    answer: impl Fn(&Request, Option<&Value>, Answer<'_>) -> Response + Send + Sync + 'static,
) -> Results {
    let suite = Arc::new(suite());
    let selection = Selection { selectors: vec![words.to_owned()], phases: vec![Phase::Case], ..Selection::default() };
    results(&suite, &plan(&suite, &selection).unwrap(), answer)
}

#[test]
fn one_that_loses_or_changes_an_image_some_seconds_later() {
    for (is_lost, expected) in [(true, ("200", "404")), (false, ("\"queued\", as before", "\"active\""))] {
        let created: Mutex<HashMap<String, Instant>> = Mutex::default();
        let found = found_by_cases("seconds_later", move |request, _, faithful| {
            let mut response = faithful();
            let mut created = created.lock().unwrap();
            if let Some(image) = response.json().filter(|_| request.method == "POST") {
                created.insert(format!("{IMAGES}/{}", image["id"].as_str().unwrap()), Instant::now());
            }
            let is_late = |begin: &Instant| begin.elapsed().as_secs() >= 2 && request.method == "GET";
            match created.get(&request.path).filter(|begin| is_late(begin) && response.is_success()) {
                Some(_) if is_lost => bare(404),
                Some(_) => {
                    let text = String::from_utf8(response.body).unwrap();
                    response.body = text.replace("\"queued\"", "\"active\"").into_bytes();
                    response
                }
                None => response,
            }
        });
        assert_eq!(accused(&found).len(), 1, "{:?}", accused(&found));
        let finding = &found.findings[0];
        assert_eq!(finding.clause, "behaviour.metadata-persists");
        assert_eq!((finding.mismatch.expected.raw(), finding.mismatch.got.raw()), expected);
    }
}

#[test]
fn one_that_brings_back_what_it_deleted_some_time_later() {
    let deleted: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = found_by_cases("seconds_later", move |request, _, faithful| {
        let mut deleted = deleted.lock().unwrap();
        if request.method == "DELETE" && !deleted.contains_key(&request.path) {
            deleted.insert(request.path.clone(), Instant::now());
            return bare(204);
        }
        let is_gone = |path: &str| deleted.get(path).is_some_and(|begin| begin.elapsed().as_secs() < 1);
        if is_gone(&request.path) { bare(404) } else { listed_without(request, faithful(), is_gone) }
    });
    let [(clause, _)] = &accused(&found)[..] else { panic!("{:?}", accused(&found)) };
    assert_eq!(clause, "behaviour.deleted-image-is-gone");
}

#[test]
fn one_that_refuses_to_delete_what_has_one_format_is_accused_of_it() {
    for status in [409, 404] {
        let found = report(&[Phase::Pairs], move |request, known, faithful| {
            let is_busy = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
            if request.method == "DELETE" && is_busy { bare(status) } else { faithful() }
        });
        let [(clause, example)] = &accused(&found)[..] else { panic!("{:?}", found.findings) };
        assert_eq!(clause, "behaviour.deleted-image-is-gone");
        assert!(example.starts_with("POST {") && example.ends_with("}, DELETE, GET"), "{example}");
        let mismatch = &found.findings[0].mismatch;
        assert_eq!(mismatch.expected, "204 for a removal, and nothing afterwards");
        let got = format!("{status} for the removal; it is found with 200, even 30 seconds later");
        assert_eq!(mismatch.got, got.as_str());
        assert!(!found.leftovers.is_empty());
        assert_eq!(ExitCode::of(&found), ExitCode::Broken);
    }
}

#[test]
fn one_whose_removals_find_some_things_late_is_accused_of_nothing() {
    let since: Mutex<HashMap<String, Instant>> = Mutex::default();
    let found = report(&[Phase::Pairs], move |request, known, faithful| {
        let is_slow = known.is_some_and(|known| known["disk_format"] == "raw" && known["protected"] == false);
        let mut since = since.lock().unwrap();
        let is_early = |begin: &mut Instant| begin.elapsed().as_secs() < 20;
        let is_missing = request.method == "DELETE"
            && is_slow
            && is_early(since.entry(request.path.clone()).or_insert_with(Instant::now));
        if is_missing { bare(404) } else { faithful() }
    });
    assert_eq!(accused(&found), []);
}

#[test]
fn one_that_releases_nothing_is_left_with_few_of_what_it_holds() {
    for (is_patch_refused, status) in [(true, 403), (false, 400)] {
        let found = report(&[Phase::Case, Phase::Pairs], move |request, known, answer| match request.method.as_str() {
            "PATCH" if is_patch_refused => bare(status),
            "DELETE" if known.is_some_and(|resource| resource["protected"] == true) => bare(status),
            _ => answer(),
        });
        assert_eq!((found.created - found.removed, found.leftovers.len()), (3, 3));
        assert_eq!(found.findings.len(), 1, "{:?}", accused(&found));
        assert_eq!(found.findings[0].clause, "behaviour.unprotected-image-goes");
        assert!(found.skipped[0].count > 100, "{:?}", found.skipped);
        assert_eq!(ExitCode::of(&found), ExitCode::Broken);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_some_of_what_it_said_it_deleted_is_waited_for_less_and_less() {
    let (suite, token) = (suite(), Token::random());
    let stub = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let answer = |request: &Request, known: Option<&Value>, answer: Answer<'_>| {
        let is_kept = request.method == "DELETE" && known.is_some_and(|resource| resource["name"] == "kept");
        if is_kept { bare(204) } else { answer() }
    };
    let service = Arc::new(Faulty { stub, created: Mutex::default(), answer });
    let target = Target::local(&suite.contract, service, Setup::new(Access::Token(token)));
    let mut took = Vec::new();
    for name in ["kept", "gone"].repeat(6) {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(json!({ "name": name }).to_string().into_bytes()),
            credential: TokenVariant::Good,
        };
        let begin = Instant::now();
        let creation = target.send(request).await;
        assert_eq!(target.clean(&[creation]).await.removed, usize::from(name == "gone"));
        if name == "kept" {
            took.push(begin.elapsed().as_secs());
        }
    }
    assert!(took[..4].iter().all(|seconds| *seconds > 25) && took[4..].iter().all(|seconds| *seconds < 5), "{took:?}");
}

#[test]
fn one_whose_quota_is_used_up_ends_the_run_and_breaks_no_promise() {
    let found =
        report(&[Phase::Pairs], |request, _, faithful| if request.method == "POST" { bare(403) } else { faithful() });
    assert_eq!((accused(&found), found.ending), (vec![], Ending::TargetLost));
    assert_eq!(found.inconclusive.len(), 1, "{:?}", found.inconclusive);
    assert_eq!(ExitCode::of(&found), ExitCode::NotAssessed);
}

#[test]
fn a_case_that_is_saved_says_all_that_its_steps_expect() {
    let (suite, clause) = (suite(), "behaviour.refused-request-creates-nothing");
    let text = format!(
        "title: a\nclauses: [{clause}]\nsteps:\n  - POST: /v2/images\n    body: {{name: 'a-{{run}}'}}\n    expect: {{status: [201]}}\n    \
         capture: {{id: /id}}\n  - GET: /v2/images/{{id}}\n    expect: {{status: [200], body: {{\"min_disk\":0}}, any_of: {{\"min_ram\":[0]}}, same_as: 1}}\n  \
         - GET: /v2/images?name=a-{{run}}\n    expect: {{status: [200], body: {{\"first\":\"/v2/images\"}}, listed: none, otherwise: inconclusive, within: 30}}\n"
    );
    let read = |text: &str| {
        let node = document::parse("behaviour/keeps_it.yaml", text).unwrap_or_else(|error| panic!("{error}"));
        Case::read(&suite.contract, "behaviour/keeps_it", &node).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut probe = read(&text).probes.remove(0);
    for expectation in &mut probe.expectations {
        expectation.clause = ClauseId::parse(clause);
    }
    let mismatch = Mismatch {
        clause: ClauseId::parse(clause).unwrap(),
        cause: String::new(),
        pointer: String::new().into(),
        expected: String::new().into(),
        got: String::new().into(),
        step: 2,
        origin: None,
    };
    let saved = write_steps(&suite.contract, &probe, &mismatch, "a test").unwrap();
    let again = read(&saved.text).probes.remove(0);
    let said = |probe: &Probe| {
        let whole = |(step, expectation): (&Step, &Expectation)| {
            format!("{step:?} {:?}", Expectation { clause: None, line: None, ..expectation.clone() })
        };
        probe.script.steps.iter().zip(&probe.expectations).map(whole).collect::<Vec<_>>()
    };
    assert_eq!(said(&again), said(&probe), "{}", saved.text);
}
