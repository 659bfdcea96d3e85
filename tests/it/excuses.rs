//! What excuses the refusal of a valid request, and what does not: rights, quotas and tokens of others' making are nobody's fault, a value that is refused while
//! others pass is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::contract::Contract;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::judge::{Body, Kind, classify};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::Phase;
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;

/// A faithful server, and what may answer in its place: it sees the body and kind of a creation, how many there were before, and how many images there are.
struct Excused<F> {
    contract: Arc<Contract>,
    stub: StubService,
    token: Token,
    asked: AtomicUsize,
    alive: Mutex<usize>,
    refuse: F,
}

struct Asked<'a> {
    body: &'a str,
    is_valid: bool,
    number: usize,
    alive: usize,
}

impl<F: Fn(&Asked<'_>) -> Option<Response> + Send + Sync> Service for Excused<F> {
    fn answer(&self, request: &Request, token: Option<&str>) -> Response {
        let mut alive = self.alive.lock().unwrap();
        // Whoever is not let in is told that first.
        if request.method == "POST" && token.is_some_and(|token| self.token.is(token)) {
            let body = request.body.clone().unwrap_or_default();
            let is_valid = classify(&self.contract, request, &Body::read(request)).kind == Kind::Valid;
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let asked = Asked { body: &String::from_utf8_lossy(&body), is_valid, number, alive: *alive };
            if let Some(refusal) = (self.refuse)(&asked) {
                return refusal;
            }
        }
        let response = self.stub.answer(request, token);
        match request.method.as_str() {
            "POST" if response.is_success() => *alive += 1,
            "DELETE" if response.is_success() => *alive = alive.saturating_sub(1),
            _ => {}
        }
        response
    }
}

fn report(
    phases: &[Phase],
    concurrency: usize,
    refuse: impl Fn(&Asked<'_>) -> Option<Response> + Send + Sync + 'static,
) -> Results {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let token = Token::random();
    let stub = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
    let contract = Arc::clone(&suite.contract);
    let service =
        Excused { contract, stub, token: token.clone(), asked: AtomicUsize::new(0), alive: Mutex::new(0), refuse };
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let plan = plan(&suite, &Selection { phases: phases.to_vec(), ..Selection::default() }).unwrap().marked();
    let options = Options { concurrency, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(&suite, &plan, &target, &options, Question::default(), |_, _| {})).unwrap()
}

fn refusal(status: u16, body: &str) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Response {
        status,
        headers,
        body: body.as_bytes().to_vec(),
        at: time::OffsetDateTime::now_utc(),
        took: std::time::Duration::ZERO,
    }
}

fn forbidden() -> Response {
    refusal(403, r#"{"error":{"code":"IMG.0001","message":"it is not allowed"}}"#)
}

#[track_caller]
fn acquitted(report: &Results) {
    let found: Vec<_> = report.findings.iter().map(|found| (&found.clause, &found.cause, &found.mismatch)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

fn causes(report: &Results) -> Vec<(&str, &str)> {
    report.findings.iter().map(|found| (found.clause.as_str(), found.cause.as_str())).collect()
}

#[test]
fn a_quota_that_is_used_up_now_and_then_accuses_nobody() {
    acquitted(&report(&[Phase::Case, Phase::Pairs], 8, |asked| (asked.alive >= 3).then(forbidden)));
    // Somebody else uses it up for a while, again and again.
    acquitted(&report(&[Phase::Pairs], 1, |asked| {
        (asked.is_valid && asked.number % 97 < 5).then(forbidden).filter(|_| asked.number < 400)
    }));
}

#[test]
fn a_right_or_a_token_that_is_lost_for_good_accuses_nobody() {
    acquitted(&report(&[Phase::Case], 1, |asked| (asked.is_valid && asked.number > 200).then(forbidden)));
    acquitted(&report(&[Phase::Case], 8, |asked| (asked.is_valid && asked.number > 200).then(|| refusal(401, "{}"))));
    // A token that is not yet known everywhere.
    acquitted(&report(&[Phase::Case], 1, |asked| {
        (asked.is_valid && matches!(asked.number, 20 | 21 | 25)).then(|| refusal(401, "{}"))
    }));
}

/// What stands before the service, and how it refuses.
const OTHERS: [(&str, &str); 3] = [
    ("a gateway", r#"{"error_code":"APIGW.0106","error_msg":"blocked","request_id":"1"}"#),
    ("the identity service", r#"{"error":{"code":403,"title":"Forbidden","message":"no"}}"#),
    ("a page for people", "<html><body>blocked</body></html>"),
];

#[test]
fn a_value_that_something_before_the_service_refuses_each_time_is_a_finding_that_says_who() {
    for (who, body) in OTHERS {
        let found = report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
            asked.body.contains(r#""disk_format":"qcow2""#).then(|| refusal(403, body))
        });
        assert_eq!(causes(&found), [("request.disk_format.enum", "")], "{who}");
        let got = found.findings[0].mismatch.got.raw();
        assert!(got.starts_with(&format!("{who} answered 403")), "{got}");
    }
}

#[test]
fn a_page_that_comes_over_a_value_each_time_is_a_finding_whatever_its_status() {
    let (who, page) = OTHERS[2];
    for status in [404, 500] {
        let found = report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
            asked.body.contains(r#""disk_format":"qcow2""#).then(|| refusal(status, page))
        });
        // An error is no refusal of a value, so that no rule is to blame.
        let clause = if status == 404 { "request.disk_format.enum" } else { "status.201" };
        assert_eq!(causes(&found).iter().map(|(clause, _)| *clause).collect::<Vec<_>>(), [clause], "{status}");
        let got = found.findings[0].mismatch.got.raw();
        assert!(got.starts_with(&format!("{who} answered {status}")), "{got}");
        acquitted(&report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
            (asked.is_valid && asked.number % 97 < 5).then(|| refusal(status, page))
        }));
    }
}

#[test]
fn a_size_that_a_gateway_refuses_accuses_no_value() {
    let too_large = "<html><head><title>413 Request Entity Too Large</title></head></html>";
    for most in [4096, 16_384, 61_440] {
        let found =
            report(&[Phase::Boundary], 1, move |asked| (asked.body.len() > most).then(|| refusal(413, too_large)));
        assert_eq!(causes(&found), [("status.201", "")], "{most}");
        let got = found.findings[0].mismatch.got.raw();
        assert!(got.starts_with("a page for people answered 413"), "{got}");
        assert!(found.inconclusive.is_empty(), "{most}: {:?}", found.inconclusive);
    }
    // Now and then it is something else.
    acquitted(&report(&[Phase::Boundary], 1, move |asked| {
        (asked.body.len() > 4096 && asked.number % 2 == 0).then(|| refusal(413, too_large))
    }));
}

#[test]
fn what_something_before_the_service_refuses_now_and_then_accuses_nobody() {
    for (_, body) in OTHERS {
        acquitted(&report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
            (asked.is_valid && asked.number % 97 < 5).then(|| refusal(403, body))
        }));
    }
    // A quota may be one of sizes.
    let quota = r#"{"error":{"code":"IMG.0051","message":"the quota of disks is used up"}}"#;
    acquitted(&report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
        asked.body.contains(r#""min_disk":1024"#).then(|| refusal(413, quota))
    }));
}

#[test]
fn a_broken_request_alone_that_is_refused_for_a_lack_of_rights_is_a_finding() {
    let found = report(&[Phase::Case], 8, |asked| (!asked.is_valid).then(forbidden));
    assert!(causes(&found).iter().any(|(clause, _)| *clause == "status.400"), "{:?}", causes(&found));
}

#[test]
fn a_value_that_is_refused_while_others_pass_is_a_finding() {
    for status in [403, 413] {
        let found = report(&[Phase::Boundary, Phase::Pairs], 1, move |asked| {
            let is_it = asked.is_valid && asked.body.contains(r#""disk_format":"vhd""#);
            is_it.then(|| Response { status, ..forbidden() })
        });
        assert_eq!(causes(&found), [("request.disk_format.enum", "")]);
        let found = report(&[Phase::Pairs], 1, move |asked| {
            let is_it =
                asked.is_valid && asked.body.contains(r#""protected":true"#) && asked.body.contains(r#""min_ram""#);
            is_it.then(|| Response { status, ..forbidden() })
        });
        assert_eq!(causes(&found), [("status.201", "/protected with /min_ram")]);
    }
}

#[test]
fn a_good_token_that_is_refused_again_and_again_is_a_finding_that_says_how_often() {
    let found =
        report(&[Phase::Case], 8, |asked| (asked.is_valid && asked.number % 40 == 7).then(|| refusal(401, "{}")));
    assert_eq!(causes(&found), [("status.201", "now and then")]);
    let got = found.findings[0].mismatch.got.raw();
    assert!(got.starts_with("intermittent, ") && got.contains(" of "), "{got}");
}
