//! Known deviations: what the baseline excuses, what it does not, and what becomes of deviations that are stale.

use std::path::Path;
use std::sync::Arc;

use crate::outcomes::{answered, broken, end, performed, results};
use ims_conformance::baseline::Baseline;
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::contract::ClauseId;
use ims_conformance::document;
use ims_conformance::exit_code::ExitCode;
use ims_conformance::judge::{Drift, Judgement, Mismatch, Origin};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::probe::Phase;
use ims_conformance::report::terminal;
use ims_conformance::results::{Fold, Question, Results};
use ims_conformance::run::{Event, Options, run};
use ims_conformance::stub::StubService;
use ims_conformance::stub::defect::defects;
use ims_conformance::suite::Suite;

fn suite() -> Arc<Suite> {
    Arc::new(Suite::from_dir(Path::new("cases/otc")).unwrap_or_else(|error| panic!("{error}")))
}

/// The report of a run against a stub with this defect, and how many attempts were spent on smaller examples.
fn reported(defect: &str, list: &str, selection: &Selection, is_strict: bool) -> (Results, usize) {
    let suite = suite();
    let mut known = Baseline::default();
    known.add(&suite.contract, &document::parse("baseline.yaml", list).unwrap()).unwrap();
    let all = defects(&suite.contract);
    let defect = all.iter().find(|each| each.name == defect);
    let token = Token::random();
    let service = StubService::new(Arc::clone(&suite.contract), token.clone(), defect);
    let setup = Setup::new(Access::Token(token));
    let target = Arc::new(Target::local(&suite.contract, Arc::new(service), setup));
    let options = Options { looks_first: false, ..Options::default() };
    let question = Question { is_strict, baseline: known, ..Question::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut attempts = 0;
    let count = |event: &Event, _: &Fold| attempts += usize::from(matches!(event, Event::Shrunk(_)));
    let plan = plan(&suite, selection).unwrap();
    let results = runtime.block_on(run(&suite, &plan, &target, &options, question, count)).unwrap();
    (results, attempts)
}

const DEFECT: &str = "request.min_disk.maximum:no-limit";
const LIST: &str = "- {clause: request.min_disk.maximum, because: 'https://bugs.example.com/7'}\n";

#[test]
fn a_known_deviation_fails_nothing_and_is_told_with_its_reason() {
    let (report, attempts) = reported(DEFECT, LIST, &Selection::default(), true);
    let text = terminal::render(&report, terminal::Detail::Usual);
    assert_eq!(ExitCode::of(&report), ExitCode::Holds, "{text}");
    assert_eq!((report.findings.len(), report.failed, attempts), (0, 0, 0), "{text}");
    assert_eq!(report.deviations[0].1, report.known, "{text}");
    assert!(report.known > 1 && text.contains(&format!(", {} known, ", report.known)), "{text}");
    assert!(text.contains("request.min_disk.maximum: https://bugs.example.com/7"), "{text}");
}

#[test]
fn a_run_of_which_everything_is_known_holds() {
    let selection = Selection { selectors: vec!["min_disk/rejects_above_1024".to_owned()], ..Selection::default() };
    let (report, _) = reported(DEFECT, LIST, &selection, false);
    assert_eq!(
        (report.passed, report.known),
        (0, report.planned),
        "{}",
        terminal::render(&report, terminal::Detail::Usual)
    );
    assert_eq!(ExitCode::of(&report), ExitCode::Holds);
}

#[test]
fn what_only_follows_from_what_is_known_fails_nothing() {
    let suite = suite();
    let mut baseline = Baseline::default();
    baseline.add(&suite.contract, &document::parse("baseline.yaml", LIST).unwrap()).unwrap();
    let verdict = |origin: Option<Origin>| {
        let mut record = answered("min_disk/rejects_above_1024[just_above]", 201);
        record.judgement = Judgement::default();
        record.judgement.mismatches = vec![broken("request.min_disk.maximum")];
        record.judgement.mismatches.push(Mismatch { origin, ..broken("behaviour.deleted-image-is-gone") });
        let question = Question { baseline: baseline.clone(), ..Question::default() };
        let results = results(1, performed(vec![record]), question, &end());
        (results.known, results.failed)
    };
    let origin = Origin { clause: ClauseId::parse("request.min_disk.maximum").unwrap(), cause: String::new() };
    assert_eq!(verdict(Some(origin)), KNOWN);
    assert_eq!(verdict(None), FAILED);
}

/// One probe that is known, and none that fails; and the other way round.
const KNOWN: (usize, usize) = (1, 0);
const FAILED: (usize, usize) = (0, 1);

#[test]
fn a_strict_run_does_not_excuse_what_nobody_documents() {
    let suite = suite();
    let mut known = Baseline::default();
    known.add(&suite.contract, &document::parse("baseline.yaml", LIST).unwrap()).unwrap();
    let verdict = |is_strict: bool, drift: &[Drift]| {
        let mut record = answered("min_disk/rejects_above_1024[just_above]", 201);
        record.judgement = Judgement::default();
        record.judgement.drift = drift.to_vec();
        record.judgement.mismatches = vec![broken("request.min_disk.maximum")];
        let question = Question { is_strict, baseline: known.clone(), ..Question::default() };
        let results = results(1, performed(vec![record]), question, &end());
        (results.known, results.failed)
    };
    let drift = [Drift { pointer: "/more".into(), text: "a field that nobody documents".into() }];
    assert_eq!(verdict(false, &[]), KNOWN);
    assert_eq!(verdict(false, &drift), KNOWN);
    assert_eq!(verdict(true, &[]), KNOWN);
    assert_eq!(verdict(true, &drift), FAILED);
}

#[test]
fn another_clause_still_fails() {
    let (report, _) = reported("request.min_disk.minimum:no-limit", LIST, &Selection::default(), false);
    assert_eq!(ExitCode::of(&report), ExitCode::Broken);
    assert_eq!(report.findings[0].clause, "request.min_disk.minimum");
}

#[test]
fn a_cause_excuses_only_itself() {
    let list = |cause: &str| format!("- {{clause: status.400, cause: {cause}, because: v1}}\n");
    let (report, _) = reported("status.400:500-for-no-object", &list("request.type"), &Selection::default(), false);
    assert_eq!((ExitCode::of(&report), report.findings.len()), (ExitCode::Holds, 0));
    let (report, _) = reported("status.400:500-for-no-object", &list("request.syntax"), &Selection::default(), false);
    assert_eq!(ExitCode::of(&report), ExitCode::Broken);
    assert_eq!(report.findings[0].cause, "request.type");
}

#[test]
fn a_refusal_that_only_the_whole_run_explains_is_known_too() {
    let list = "- {clause: request.disk_format.enum, because: v1}\n";
    let (report, _) = reported("request.disk_format.enum:refuses-\"qcow2\"", list, &Selection::default(), false);
    assert_eq!(
        (ExitCode::of(&report), report.failed),
        (ExitCode::Holds, 0),
        "{}",
        terminal::render(&report, terminal::Detail::Usual)
    );
}

#[test]
fn what_is_gone_is_told_and_fails_a_strict_run() {
    let (report, _) = reported("none", LIST, &Selection::default(), false);
    let text = terminal::render(&report, terminal::Detail::Usual);
    assert_eq!((ExitCode::of(&report), report.stale.len()), (ExitCode::Holds, 1), "{text}");
    assert!(text.contains("no longer seen; take them out of the list\n  request.min_disk.maximum"), "{text}");
    let (report, _) = reported("none", LIST, &Selection::default(), true);
    assert_eq!(ExitCode::of(&report), ExitCode::Broken);
}

#[test]
fn what_was_known_until_yesterday_fails_again_and_what_is_known_until_today_does_not() {
    let day = |text: &str| time::Date::parse(text, &time::format_description::well_known::Iso8601::DATE).unwrap();
    let list =
        "- {clause: request.min_disk.maximum, because: v1, link: 'https://bugs.example.com/7', until: 2026-05-31}\n";
    let told = |today: &str| {
        let mut baseline = Baseline::default();
        baseline.add(&suite().contract, &document::parse("baseline.yaml", list).unwrap()).unwrap();
        baseline.expire(day(today));
        let question = Question { baseline, ..Question::default() };
        let report = results(1, performed(vec![answered("boundary/min_disk/1025", 201)]), question, &end());
        (ExitCode::of(&report), terminal::render(&report, terminal::Detail::Usual))
    };
    let reason = "request.min_disk.maximum: v1 (https://bugs.example.com/7, until 2026-05-31)";
    let (code, text) = told("2026-05-31");
    assert_eq!(code, ExitCode::Holds, "{text}");
    assert!(text.contains(&format!("they fail nothing\n  {reason}")), "{text}");
    let (code, text) = told("2026-06-01");
    assert_eq!(code, ExitCode::Broken, "{text}");
    assert!(text.contains(&format!("fails again\n  {reason}\n")), "{text}");
}

#[test]
fn what_a_run_did_not_provoke_is_not_gone() {
    let stale = |list: &str, selection: Selection| reported("none", list, &selection, true).0.stale.len();
    let about = |selector: &str| Selection { selectors: vec![selector.to_owned()], ..Selection::default() };
    assert_eq!(stale(LIST, about("request.min_disk")), 1);
    assert_eq!(stale(LIST, about("min_disk/accepts_the_whole")), 0, "other probes might show it");
    assert_eq!(stale(LIST, about("request.name")), 0, "nothing was about it");
    assert_eq!(
        stale(LIST, Selection { phases: vec![Phase::Case], ..Selection::default() }),
        0,
        "other phases might show it"
    );
    let list = "- {clause: status.400, cause: a byte order mark before the body, because: v1}\n";
    assert_eq!(stale(list, Selection::default()), 1);
    assert_eq!(stale(list, about("status.400")), 0, "no case has a byte order mark");
}
