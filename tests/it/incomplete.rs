//! What a run says that did not do everything it was to do: what was not sent, and why.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::server::{IMAGES, Server, TOKEN, bare, outcome, suite};
use crate::whole::{PLAIN, Whole, whole};
use ims_conformance::client::{Access, Limits, Service, Setup, Spent, Target, Token};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::Probe;
use ims_conformance::report::terminal;
use ims_conformance::results::Results;
use ims_conformance::run::Ending;
use ims_conformance::suite::Suite;
use serde_json::json;
use tempfile::TempDir;

static SUITE: LazyLock<Arc<Suite>> = LazyLock::new(suite);

fn probes(text: &str) -> Vec<Probe> {
    plan(&SUITE, &Selection::default()).unwrap().iter().filter(|probe| probe.id.contains(text)).collect()
}

/// A run of these probes within these limits, one at a time; stopped before it begins, if so.
fn performed(server: &Arc<Server>, access: Access, probes: Vec<Probe>, limits: Limits, is_stopped: bool) -> Whole {
    let service: Arc<dyn Service> = Arc::clone(server) as _;
    let setup = Setup { limits, retries: 0, ..Setup::new(access) };
    let target = Arc::new(Target::local(&SUITE.contract, service, setup));
    if is_stopped {
        target.stop().throw();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(whole(&SUITE, &Plan::of(&SUITE, probes), &target, &PLAIN))
}

fn token() -> Access {
    Access::Token(Token::new(TOKEN).unwrap())
}

/// Why the clause was not assessed; nothing where it was.
fn reason<'a>(report: &'a Results, clause: &str) -> Option<&'a str> {
    report.not_assessed.iter().find(|(id, _)| id == clause).map(|(_, reason)| reason.as_str())
}

#[test]
fn a_clause_whose_probes_were_not_sent_says_so_and_why() {
    let limits = Limits { requests: Some(60), ..Limits::default() };
    let all = probes("");
    let Whole { records, results: report } = performed(&Server::faithful(), token(), all.clone(), limits, false);
    assert_eq!(records.len() + report.unsent.iter().map(|cause| cause.count).sum::<usize>(), report.planned);
    let sent: Vec<_> = records.iter().flat_map(|record| &record.probe.clauses).collect();
    let why = "its probes were not sent: --max-requests allowed no more";
    let clauses =
        all[records.len()..].iter().flat_map(|unsent| &unsent.clauses).filter(|clause| !sent.contains(clause));
    let (mut told, mut rules) = (0, 0);
    for clause in clauses {
        assert!(
            !clause.is_of_request() || reason(&report, clause.as_str()).is_some(),
            "{clause}: nobody tried to break it"
        );
        rules += usize::from(clause.is_of_request());
        if let Some(reason) = reason(&report, clause.as_str()) {
            assert_eq!(reason, why, "{clause}");
            told += 1;
        }
    }
    assert!(told > 100 && rules > 50, "{told} {rules}");
    assert!(!report.not_assessed.iter().any(|(_, reason)| reason.contains("no probe of this run")));
}

#[test]
fn a_run_that_ends_while_its_last_probe_waits_says_so() {
    let limits = Limits { time: Some(Duration::from_secs(1)), ..Limits::default() };
    let waits = probes("keeps_the_image_seconds_later");
    let Whole { results: report, .. } = performed(&Server::faithful(), token(), waits, limits, false);
    assert_eq!((report.ending, ExitCode::of(&report)), (Ending::Spent(Spent::Time), ExitCode::Incomplete));
    assert_eq!(report.leftovers, []);
}

/// A server that creates nothing, as it is busy.
fn busy() -> Arc<Server> {
    Server::with(|server, request, token| {
        Some(if request.method == "POST" { bare(503) } else { server.pass(request, token) })
    })
}

#[test]
fn each_way_to_end_a_run_is_told_apart() {
    let clause = "request.min_ram.minimum";
    let told = |server: &Arc<Server>, limits: Limits, is_stopped: bool| {
        let report = performed(server, token(), probes("min_ram/"), limits, is_stopped).results;
        let last = terminal::render(&report, terminal::Detail::Usual).lines().last().unwrap_or_default().to_owned();
        (reason(&report, clause).unwrap_or_default().to_owned(), anstream::adapter::strip_str(&last).to_string())
    };
    let (faithful, unlimited) = (Server::faithful(), Limits::default());
    let (why, end) = told(&faithful, unlimited, true);
    assert_eq!(why, "its probes were not sent: the run was stopped before");
    assert_eq!(end, "interrupted: no probe was sent");
    let (why, end) = told(&faithful, Limits { time: Some(Duration::ZERO), ..unlimited }, false);
    assert_eq!(why, "its probes were not sent: --time-limit allowed no more");
    assert_eq!(end, "incomplete: --time-limit allows no more; no probe was sent");
    let (why, end) = told(&faithful, Limits { created: Some(0), ..unlimited }, false);
    assert_eq!(why, "its probes were not sent: each alone may exceed --max-created");
    assert_eq!(end, "incomplete: no probe was sent: each alone may exceed --max-created");
    let (why, end) = told(&busy(), unlimited, false);
    assert!(why.starts_with("its probes were not sent: too many probes in a row were inconclusive"), "{why}");
    assert!(end.starts_with("ended early: too many inconclusive probes in a row: the answer was 503; "), "{end}");
    assert!(end.ends_with("; the rest was not sent"), "{end}");
}

#[test]
fn what_was_skipped_or_came_to_nothing_says_why() {
    let done =
        performed(&Server::faithful(), Access::Open, probes("token/requires_no_character"), Limits::default(), false);
    assert_eq!(reason(&done.results, "security.token"), Some("its probes were skipped: it needs a token"));
    let done = performed(&busy(), token(), probes("min_ram/rejects"), Limits::default(), false);
    let shown = done.results;
    let inconclusive =
        shown.not_assessed.iter().filter(|(_, why)| why == "its probes were inconclusive: the answer was 503");
    assert!(inconclusive.count() > 0, "{:?}", shown.not_assessed);
}

#[test]
fn what_was_left_out_says_what_adds_it() {
    let selectors = ["min_ram/", "request.name.type"].map(str::to_owned).to_vec();
    let plan = plan(&SUITE, &Selection { selectors, ..Selection::default() }).unwrap();
    let is_about = |probe: &Probe| probe.clauses.iter().any(|clause| clause == "request.name.type");
    let count = plan.iter().filter(is_about).count();
    let plan = plan.without("of the name; --phase all adds them", |_, probe| {
        probe.clauses.iter().any(|clause| clause == "request.name.type")
    });
    let target = Arc::new(Target::local(&SUITE.contract, Server::faithful(), Setup::new(token())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let report = runtime.block_on(whole(&SUITE, &plan, &target, &PLAIN)).results;
    let held = format!("its probes were not sent: {count} probes of the name; --phase all adds them");
    assert_eq!(reason(&report, "request.name.type"), Some(held.as_str()));
    assert_eq!(reason(&report, "request.visibility.type"), Some("no probe of this run is about it"));
}

#[test]
fn a_budget_that_allows_nothing_makes_no_good_run() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let (code, text) = outcome("run", &server.listen(), &["--max-created", "0", "min_ram/"], folder.path());
    assert_eq!((code, server.count("POST")), (4, 0), "{text}");
    assert!(text.contains("phases: none; ") && text.contains(" not sent of "), "{text}");
    assert!(text.contains("incomplete: no probe was sent: each alone may exceed --max-created"), "{text}");
}

/// A server whose list has so many pages.
fn paged(pages: usize) -> Arc<Server> {
    Server::with(move |server, request, token| {
        let mut answer = server.pass(request, token);
        let page = request.path.split_once("marker=").map_or("0", |(_, page)| page);
        let next = page.parse::<usize>().unwrap() + 1;
        if request.method == "GET" && request.path.starts_with(IMAGES) && answer.status == 200 && next < pages {
            answer.body = json!({"images": [], "next": format!("{IMAGES}?marker={next}")}).to_string().into_bytes();
        }
        Some(answer)
    })
}

#[test]
fn a_list_that_spends_the_budget_is_named() {
    let folder = TempDir::new().unwrap();
    let (code, text) = outcome("run", &paged(30).listen(), &["--max-requests", "70", "min_ram/"], folder.path());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("incomplete: --max-requests allows no more; no probe was sent: 3"), "{text}");
    assert!(text.contains("requests went to see who answers and what is there, and as many are kept"), "{text}");
}

#[test]
fn the_time_of_a_run_is_that_of_all_its_requests() {
    let folder = TempDir::new().unwrap();
    let (_, text) = outcome("run", &paged(20).listen(), &["--rate", "40", "min_ram/accepts"], folder.path());
    let line = text.lines().find(|line| line.contains(" requests in ")).unwrap();
    let numbers: Vec<f64> = line.split([' ', ';']).filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[0] > 50.0 && numbers[1] >= 0.95 * (numbers[0] - 1.0) / 40.0, "{line}");
}
