//! What a run's outcomes become: counts, causes, findings, and the text of a terminal.

use std::sync::Arc;

use crate::outcomes::{
    PROBES, SUITE, answered, answered_with, broken, clauses, end, leaving, performed, probe, refused, report,
    report_with, results,
};
use crate::whole::{PLAIN, whole};
use ims_conformance::baseline::Baseline;
use ims_conformance::client::{Access, Appeared, Cleanup, Leftover, Setup, Spent, Target, Token};
use ims_conformance::contract::{Assessment, Carrier, ClauseId, Scheme};
use ims_conformance::document;
use ims_conformance::exchange::{Elsewhere, Exchange, Request, TokenVariant};
use ims_conformance::exit_code::ExitCode;
use ims_conformance::http::Route;
use ims_conformance::judge::{Drift, Judgement, Mismatch};
use ims_conformance::plan::Plan;
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::report::curl::Caller;
use ims_conformance::report::terminal::{self, Detail};
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{End, Ending, Event, Found, Record};
use ims_conformance::stub::StubService;

#[test]
fn a_faithful_server_shows_every_clause_that_a_run_can_show() {
    let token = Token::random();
    let service = StubService::new(Arc::clone(&SUITE.contract), token.clone(), None);
    let target = Arc::new(Target::local(&SUITE.contract, Arc::new(service), Setup::new(Access::Token(token))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let report = runtime.block_on(whole(&SUITE, &Plan::of(&SUITE, PROBES.clone()), &target, &PLAIN)).results;
    let rest = SUITE.contract.clauses.values().filter(|clause| clause.assessment != Assessment::Always);
    // What an answer need not have, and in the stub's has not, and what a run cannot provoke.
    let is_shown = |id: &str| !report.not_assessed.iter().any(|(clause, _)| clause == id);
    let missed: Vec<_> =
        report.not_assessed.iter().filter(|(id, _)| !rest.clone().any(|clause| clause.id == *id)).collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(rest.clone().all(|clause| !is_shown(clause.id.as_str())));
    assert_eq!(report.assessed, report.clauses - rest.count());
    let counts: Vec<_> = report.phases.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(counts, Phase::ALL.map(|(_, phase)| phase));
    assert_eq!(report.phases.iter().map(|(_, count)| count).sum::<usize>(), report.planned);
    assert_eq!((report.passed, report.failed), (report.planned, 0));
    assert_eq!((report.created, report.findings.len(), report.drift.len()), (report.removed, 0, 0));
}

fn skipped(place: usize) -> Event {
    Event::Skipped { place, probe: probe("token/requires_no_character_more"), why: "it needs a token" }
}

#[test]
fn only_phases_that_were_performed_are_counted_and_each_cause_is_told_once() {
    let mut events = performed(vec![
        answered("pairs/001", 503),
        answered("pairs/002", 503),
        answered("pairs/003", 504),
        answered("min_disk/rejects_0", 400),
    ]);
    events.push(skipped(4));
    let report = results(5, events, Question::default(), &end());
    assert_eq!(report.phases, [(Phase::Case, 2), (Phase::Pairs, 3)]);
    let causes: Vec<_> = report.inconclusive.iter().map(|cause| (cause.text.as_str(), cause.count)).collect();
    assert_eq!(causes, [("the answer was 503", 2), ("the answer was 504", 1)]);
    assert_eq!(report.inconclusive[0].example, "pairs/001");
    assert_eq!((report.skipped.len(), report.passed, report.failed), (1, 1, 0));
    let reason =
        |id: &str| report.not_assessed.iter().find(|(clause, _)| clause == id).map(|(_, reason)| reason.as_str());
    assert_eq!(reason("request.min_disk.minimum"), None);
    assert_eq!(reason("security.token"), Some("its probes were skipped: it needs a token"));
    assert_eq!(reason("request.name.type"), Some("no probe of this run is about it"));
    assert_eq!(reason("status.500"), Some("it takes a broken service"));
    assert_eq!(reason("response.checksum.type"), Some("no answer had the field"));
}

#[test]
fn of_thousands_of_failures_each_is_counted_and_few_are_kept() {
    let refused = || (0..5000).map(|_| answered("boundary/min_disk/1024", 400));
    let other = answered_with("boundary/min_disk/1025", 201, r#"{"id":"7f3a"}"#);
    let report = report(refused().chain([other]).collect());
    assert_eq!((report.failed, report.passed, report.planned), (5001, 0, 5001));
    let counts: Vec<_> = report.findings.iter().map(|found| (found.clause.as_str(), found.count)).collect();
    assert!(counts.contains(&("request.min_disk.maximum", 5001)), "{counts:?}");
    let mut baseline = Baseline::default();
    let list = "- {clause: request.min_disk.maximum, because: a reason}\n";
    baseline.add(&SUITE.contract, &document::parse("baseline.yaml", list).unwrap()).unwrap();
    let question = Question { baseline, ..Question::default() };
    let known = results(5000, performed(refused().collect()), question, &end());
    assert_eq!((known.failed, known.known, known.deviations[0].1, known.findings.len()), (0, 5000, 5000, 0));
}

#[test]
fn every_failure_beyond_those_that_are_kept_has_its_finding() {
    // What is refused alone before blames one field; what is refused alone after it would blame others, and what failed meanwhile nobody.
    let bodies =
        (0..4000).map(|number| refused("random/min_disk/valid/0001", &format!(r#"{{"min_ram":{number},"name":"a"}}"#)));
    let alone = [r#"{"min_ram":7}"#, r#"{"name":"a"}"#].map(|body| refused("boundary/min_disk/1", body));
    let all = report(bodies.chain(alone).collect());
    assert_eq!((all.failed, all.findings.iter().map(|found| found.count).sum::<usize>()), (4002, 4002));
}

#[test]
fn a_failure_that_was_counted_and_turns_out_to_be_another_is_counted_once() {
    let refused = || answered("boundary/min_disk/1024", 400);
    let mut events = performed((0..4000).map(|_| refused()).collect());
    // Two things of one refused request, whose mark a later look at the list shows.
    let appeared = |id: &str| Found {
        appeared: Appeared {
            id: id.to_owned(),
            mark: Some("conformance-0123456789ab-3501".to_owned()),
            is_removed: true,
        },
        origin: Some((3500, refused().probe)),
    };
    events.push(Event::Stock(Ok(vec![appeared("7f3a"), appeared("7f3b")])));
    let report = results(4000, events, Question::default(), &end());
    assert_eq!((report.failed, report.passed), (4000, 0));
    assert_eq!((report.created, report.removed), (2, 2));
    let created = report.findings.iter().filter(|found| found.clause == "behaviour.refused-request-creates-nothing");
    assert_eq!(created.map(|found| found.count).sum::<usize>(), 1);
}

#[test]
fn what_nobody_documents_fails_a_strict_run_also_where_all_that_is_kept_is_known() {
    let mut baseline = Baseline::default();
    let list = "- {clause: request.min_disk.maximum, because: a reason}\n";
    baseline.add(&SUITE.contract, &document::parse("baseline.yaml", list).unwrap()).unwrap();
    let known = (0..4000).map(|_| answered("boundary/min_disk/1024", 400));
    let mut drifting = answered("min_disk/rejects_0", 400);
    drifting.judgement.drift = vec![Drift { pointer: "/a".into(), text: "more".into() }];
    let records = known.chain([drifting.clone(), drifting]).collect();
    let report =
        results(4002, performed(records), Question { is_strict: true, baseline, ..Question::default() }, &end());
    assert_eq!((report.known, report.failed), (4000, 2));
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.cause.as_str(), finding.count)).collect();
    assert_eq!(found, [("/a", 2)]);
}

#[test]
fn what_told_nothing_and_is_accused_later_counts_once() {
    let mut open = answered("boundary/min_disk/1025", 400);
    open.exchanges[0].request.body = Some(br#"{"name":"conformance-0123456789ab-1","min_disk":1025}"#.to_vec());
    open.judgement = Judgement::default();
    open.judgement.inconclusive = Some("the answer to a later step was lost".to_owned());
    let appeared =
        Appeared { id: "7f3a".to_owned(), mark: Some("conformance-0123456789ab-1".to_owned()), is_removed: true };
    let mut events = performed(vec![open.clone()]);
    events.push(Event::Stock(Ok(vec![Found { appeared, origin: Some((0, open.probe.clone())) }])));
    let report = results(1, events, Question::default(), &end());
    assert_eq!((report.failed, report.passed, report.inconclusive.len()), (1, 0, 0));
}

#[test]
fn of_equal_examples_the_one_of_fewer_requests_is_shown() {
    let id = "behaviour/keeps_the_defaults";
    let wrong = |step: usize| {
        let mut outcome = answered(id, 201);
        outcome.exchanges.push(outcome.exchanges[0].clone());
        outcome.exchanges[1].request.body = None;
        outcome.judgement.mismatches = vec![Mismatch { step, ..broken("behaviour.metadata-persists") }];
        outcome
    };
    for outcomes in [vec![wrong(0), wrong(1)], vec![wrong(1), wrong(0)]] {
        let found = report(outcomes);
        assert_eq!((found.findings[0].mismatch.step, found.findings[0].requests.len()), (0, 1));
    }
}

#[test]
fn a_saved_case_is_about_the_clause_that_is_blamed() {
    // The judge says no more than that a valid request is accepted.
    let example = [refused("random/min_disk/valid/0001", r#"{"min_disk":600}"#)];
    assert_eq!(example[0].judgement.mismatches[0].clause, "status.201");
    let found = report_with(vec![refused("boundary/min_disk/1024", r#"{"min_disk":1024}"#)], &example);
    assert_eq!(clauses(&found), [("request.min_disk.maximum", 1)]);
    let file = found.findings[0].case_file.as_ref().unwrap();
    assert!(file.path.starts_with("min_disk/accepts_"), "{}", file.path);
    assert!(file.text.contains("\nclauses: [request.min_disk.maximum]\n"), "{}", file.text);
    let case = report(vec![answered("min_disk/accepts_its_absence", 400)]);
    assert!(case.findings[0].case_file.is_none(), "a case is one already");
    let smaller = |body: &str| {
        let mut record = answered("min_disk/rejects_above_1024[just_above]", 201);
        record.exchanges[0].request.body = Some(body.as_bytes().to_vec());
        record.probe = Arc::new(Probe { id: format!("{} shrunk", record.probe.id), ..record.probe.as_ref().clone() });
        report_with(vec![answered("min_disk/rejects_above_1024[just_above]", 201)], &[record])
    };
    let same = smaller(r#"{"min_disk":1025}"#);
    assert!(same.findings[0].case_file.is_none(), "its own case sends that");
    let text = anstream::adapter::strip_str(&terminal::render(&same, Detail::Usual)).to_string();
    let line = text.lines().find(|line| line.starts_with("       case      ")).unwrap();
    assert!(line.contains("cases/otc/min_disk/rejects_above_1024.yaml:") && !line.ends_with(":1"), "{line}");
    let other = smaller(r#"{"min_disk":2000}"#);
    assert!(
        !anstream::adapter::strip_str(&terminal::render(&other, Detail::Usual)).to_string().contains("       case ")
    );
}

#[test]
fn an_example_has_the_creation_and_the_steps_about_its_clause() {
    let clause_of = |probe: &Probe, step: usize| probe.expectations[step].clause.clone();
    let is_fit = |probe: &&Probe| {
        let last = probe.expectations.len() - 1;
        // Steps about another clause, and then several about the last one.
        last > 2
            && clause_of(probe, 1) != clause_of(probe, last)
            && clause_of(probe, last - 1) == clause_of(probe, last)
    };
    let generated = PROBES.iter().filter(|probe| probe.phase == Phase::Pairs && probe.expectations.len() > 1);
    let id = &generated.clone().find(is_fit).unwrap().id;
    let steps = probe(id).script.steps.len();
    let shown = |step: usize| {
        let mut outcome = answered(id, 201);
        let answer = outcome.exchanges[0].outcome.clone();
        let exchange = |number: usize| Exchange {
            request: Request { path: format!("/{number}"), ..outcome.probe.script.steps[number].request.clone() },
            outcome: answer.clone(),
        };
        outcome.exchanges = (0..steps).map(exchange).collect();
        outcome.judgement.mismatches = vec![Mismatch {
            clause: clause_of(&outcome.probe, step).unwrap(),
            cause: String::new(),
            pointer: String::new().into(),
            expected: String::new().into(),
            got: String::new().into(),
            step,
            origin: None,
        }];
        let found = report(vec![outcome]);
        found.findings[0].requests.iter().map(|request| request.path.clone()).collect::<Vec<_>>()
    };
    let path = |step: usize| format!("/{step}");
    let first = (1..steps).find(|step| clause_of(&probe(id), *step) == clause_of(&probe(id), steps - 1)).unwrap();
    assert_eq!(shown(steps - 1), std::iter::once(0).chain(first..steps).map(path).collect::<Vec<_>>());
    assert_eq!(shown(first), [path(0), path(first)]);
}

/// An outcome of each kind, made by hand, so that every part of the text is there.
fn variety() -> Results {
    let left = leaving(answered("min_disk/rejects_0", 400));
    let mut field = answered("min_disk/accepts_its_absence", 400);
    field.judgement.mismatches = vec![Mismatch {
        clause: ClauseId::parse("response.id.format").unwrap(),
        cause: "/id".to_owned(),
        pointer: "/id".into(),
        expected: "a value that is a UUID".into(),
        got: "\"1\"".into(),
        step: 0,
        origin: None,
    }];
    let records = vec![
        left,
        field,
        answered("boundary/min_disk/1025", 201),
        answered("min_disk/rejects_above_1024[just_above]", 201),
        answered("pairs/001", 503),
    ];
    let appeared = |id: &str, mark: Option<&str>| {
        let appeared = Appeared { id: id.to_owned(), mark: mark.map(str::to_owned), is_removed: false };
        Found { appeared, origin: None }
    };
    let unsent = |place: usize, id: &str, beyond: Option<Spent>| Event::Unsent { place, probe: probe(id), beyond };
    let mut events = performed(records);
    events.push(skipped(5));
    events.push(unsent(6, "pairs/002", None));
    events.push(unsent(7, "pairs/003", None));
    events.push(unsent(8, "pairs/004", Some(Spent::Created)));
    events.push(Event::Stock(Ok(vec![appeared("7f3a", Some("conformance-1")), appeared("9b1c", None)])));
    results(9, events, Question::default(), &End { ending: Ending::Interrupted, ..end() })
}

#[test]
fn the_text_of_a_terminal_shows_every_part() {
    let report = variety();
    let text = |detail| anstream::adapter::strip_str(&terminal::render(&report, detail)).to_string();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("terminal", text(Detail::Usual));
    });
    let verbose = terminal::render(&report, Detail::Verbose);
    let verbose = anstream::adapter::strip_str(&verbose).to_string();
    let shown = [
        "not assessed     0  response.owner.minLength\n",
        "broken           2  request.min_disk.maximum\n",
        "an empty name: accepted  2 ×, nobody says\n",
        "/os_hidden: a field that nobody documents  1 ×\n",
        "request: {body: {\"min_disk\":1025}}\n",
    ];
    for part in shown {
        assert!(verbose.contains(part) && !text(Detail::Usual).contains(part), "{part}: {verbose}");
    }
    let is_red = |text: &str| text.split(" failed").next().is_some_and(|before| before.contains("\u{1b}[31m3"));
    let last =
        |report: &Results| terminal::render(report, Detail::Usual).lines().rev().nth(3).unwrap_or_default().to_owned();
    assert!(is_red(&last(&report)), "{:?}", last(&report));
    let fine = self::report(vec![answered("min_disk/rejects_0", 400)]);
    let text = terminal::render(&fine, Detail::Usual);
    assert!(text.contains("1 passed\u{1b}[0m, 0 failed, "), "{text:?}");
    let ended = results(0, Vec::new(), Question::default(), &End { ending: Ending::TargetLost, ..end() });
    let text = terminal::render(&ended, Detail::Usual);
    assert!(text.contains("ended early"), "{text}");
    for word in ["FAIL", "inconclusive\n", "skipped\n", "choices", "drift", "left behind\n"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_run_of_which_all_is_well_is_told_in_some_twenty_lines_of_80_columns_or_in_none() {
    let fine = report(vec![answered("min_disk/rejects_0", 400)]);
    let text = anstream::adapter::strip_str(&terminal::render(&fine, Detail::Usual)).to_string();
    assert!(text.lines().count() <= 22, "{text}");
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(long, [""; 0]);
    for part in ["\nholds\n", "suite otc v2, ims-conformance ", "request ", "1/6", "; seed 1\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(terminal::render(&fine, Detail::Quiet), "");
    let broken = terminal::render(&report(vec![answered("min_disk/rejects_0", 201)]), Detail::Quiet);
    assert!(broken.contains("FAIL") && broken.contains("0 passed") && !broken.contains("assessed"), "{broken}");
}

#[test]
fn what_differs_is_in_colour_and_what_does_not_is_not() {
    let mut outcome = answered("min_disk/accepts_its_absence", 400);
    outcome.judgement.mismatches = vec![Mismatch {
        expected: "a value from 0 to 7".into(),
        got: "a value from 0 to 9".into(),
        ..broken("response.id.format")
    }];
    let text = terminal::render(&report(vec![outcome]), Detail::Usual);
    assert!(text.contains("a value from 0 to \u{1b}[1m\u{1b}[32m7\u{1b}[0m\n"), "{text:?}");
    assert!(text.contains("a value from 0 to \u{1b}[1m\u{1b}[31m9\u{1b}[0m\n"), "{text:?}");
}

#[test]
fn a_thousand_findings_stay_readable_and_the_worst_come_first() {
    let clauses: Vec<_> = SUITE.contract.clauses.keys().filter(|id| id.is_of_request()).take(25).collect();
    let record = |number: usize| {
        let mut outcome = answered("min_disk/rejects_0", 201);
        let (clause, way) = (clauses[number % clauses.len()].clone(), format!("{}", number / clauses.len()));
        let got = if number < 40 { "201" } else { "500" };
        outcome.judgement.mismatches =
            vec![Mismatch { clause, cause: way, got: got.into(), expected: "400".into(), ..broken("status.400") }];
        outcome
    };
    let worst = (0..7).map(|_| record(999));
    let found = report((0..1000).map(record).chain(worst).collect());
    assert_eq!(found.findings.len(), 1000);
    let text = terminal::render(&found, Detail::Usual);
    let lines: Vec<_> = anstream::adapter::strip_str(&text).to_string().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("FAIL ") && lines[0].contains("(8 of "), "{}", lines[0]);
    assert!(lines.len() < 500, "{} lines", lines.len());
    let alike: Vec<_> = lines.iter().filter(|line| line.contains(" like it, such as got ")).collect();
    assert_eq!(alike, ["957 like it, such as got 500", "37 like it, such as got 201"]);
    assert!(text.contains("and 794 more findings, which a report lists"), "{text}");
}

#[test]
fn a_strict_run_makes_one_finding_of_each_field_that_nobody_documents() {
    let drifting = |id: &str, pointers: &[&str]| {
        let mut outcome = answered(id, 400);
        let drift = |pointer: &&str| Drift { pointer: (*pointer).into(), text: "more".into() };
        outcome.judgement.drift = pointers.iter().map(drift).collect();
        outcome
    };
    let report = |is_strict| {
        let records = vec![
            drifting("min_disk/rejects_0", &["/a", "/b"]),
            drifting("min_disk/rejects_above_1024[just_above]", &["/a"]),
        ];
        results(2, performed(records), Question { is_strict, ..Question::default() }, &end())
    };
    let strict = report(true);
    let found: Vec<_> =
        strict.findings.iter().map(|finding| (finding.cause.as_str(), finding.count, finding.requests.len())).collect();
    assert_eq!(found, [("/a", 2, 1), ("/b", 1, 1)]);
    assert!(report(false).findings.is_empty());
}

#[test]
fn what_was_there_before_the_run_is_not_removed_by_what_repeats_a_finding() {
    let lines = |leftovers: Vec<Leftover>| {
        let mut outcome = answered_with("boundary/min_disk/1025", 201, r#"{"id":"7f3a"}"#);
        outcome.cleanup.leftovers = leftovers;
        let report = report(vec![outcome]);
        let (endpoint, scheme) = (report.endpoint.as_str(), report.scheme.as_ref());
        let caller = Caller { endpoint, scheme, has_token: true, route: &report.route };
        report.findings[0].repeat.lines(|request, names| caller.command_with(request, names)).join("\n")
    };
    assert!(lines(Vec::new()).contains("-X DELETE \"https://ims.example.com/v2/images/${created:?}\""));
    let foreign = lines(vec![Leftover::Foreign("7f3a".into())]);
    assert!(!foreign.contains("DELETE") && foreign.contains("\n# nothing is removed: "), "{foreign}");
}

#[test]
fn what_the_end_of_a_run_asked_is_repeated_about_what_the_lines_create() {
    let mut outcome = answered_with("min_disk/accepts_its_absence", 201, r#"{"id":"7f3a"}"#);
    let created = outcome.exchanges[0].clone();
    for method in ["DELETE", "GET"] {
        let request = Request {
            method: method.to_owned(),
            path: "/v2/images/7f3a".to_owned(),
            headers: Vec::new(),
            body: None,
            credential: TokenVariant::Good,
        };
        outcome.exchanges.push(Exchange { request, ..created.clone() });
    }
    outcome.judgement.mismatches = vec![Mismatch { step: 2, ..broken("behaviour.deleted-image-is-gone") }];
    let report = report(vec![outcome]);
    let (endpoint, scheme) = (report.endpoint.as_str(), report.scheme.as_ref());
    let caller = Caller { endpoint, scheme, has_token: true, route: &report.route };
    let lines = report.findings[0].repeat.lines(|request, names| caller.command_with(request, names));
    assert!(!lines.iter().any(|line| line.contains("7f3a")), "{lines:?}");
    let about_it = lines.iter().filter(|line| line.contains("/v2/images/${created:?}")).count();
    assert_eq!((lines.len(), about_it), (5, 3), "{lines:?}");
}

#[test]
fn a_command_that_would_bury_the_report_is_not_shown() {
    let text = |numbers: usize| {
        let body: String = (0..numbers).map(|number| number.to_string()).collect();
        let mut outcome = refused("boundary/min_disk/1024", "{}");
        outcome.exchanges[0].request.body = Some(body.into_bytes());
        terminal::render(&report(vec![outcome]), Detail::Usual)
    };
    assert!(text(30_000).contains("printf '01234"));
    assert!(text(50_000).contains("repeat    (a command of "));
}

#[test]
fn a_command_shows_each_credential() {
    let command = |credential, has_token| {
        let (endpoint, header) =
            ("https://ims.example.com/", Scheme::carried_by(Carrier::Header("X-Auth-Token".to_owned())));
        let scheme = Some(&header);
        let caller = Caller { endpoint, scheme, has_token, route: &Route::USUAL };
        let request = Request {
            method: "GET".to_owned(),
            path: "/v2/images".to_owned(),
            headers: Vec::new(),
            body: None,
            credential,
        };
        let text = caller.command(&request);
        text.trim_start_matches("curl -sS -i -X GET 'https://ims.example.com/v2/images'").to_owned()
    };
    for (credential, expected) in [
        (TokenVariant::Good, " -H \"X-Auth-Token: $OS_TOKEN\""),
        (TokenVariant::Absent, ""),
        (TokenVariant::Empty, " -H 'X-Auth-Token;'"),
        (TokenVariant::Wrong, " -H 'X-Auth-Token: this-was-never-a-token'"),
        (TokenVariant::Appended, " -H \"X-Auth-Token: ${OS_TOKEN}x\""),
        (TokenVariant::Prepended, " -H \"X-Auth-Token: x$OS_TOKEN\""),
        (TokenVariant::Shortened, " -H \"X-Auth-Token: ${OS_TOKEN%?}\""),
        (TokenVariant::OtherFirst, " -H \"X-Auth-Token: $(printf %s \"$OS_TOKEN\" | sed 's/^x/y/;t;s/^./x/')\""),
        (TokenVariant::OtherLast, " -H \"X-Auth-Token: $(printf %s \"$OS_TOKEN\" | sed 's/x$/y/;t;s/.$/x/')\""),
        (
            TokenVariant::OtherMiddle,
            " -H \"X-Auth-Token: $(printf %s \"$OS_TOKEN\" | perl -pe '$i = int(length() / 2); substr($_, $i, 1) = substr($_, $i, 1) eq \"x\" ? \"y\" : \"x\"')\"",
        ),
        (TokenVariant::Spaced, " -H \"X-Auth-Token: ${OS_TOKEN:0:${#OS_TOKEN}/2} ${OS_TOKEN:${#OS_TOKEN}/2}\""),
        (TokenVariant::InQuotes, " -H \"X-Auth-Token: \\\"$OS_TOKEN\\\"\""),
        (TokenVariant::Elsewhere(Elsewhere::Forwarded), " -H 'X-Forwarded-For: 127.0.0.1'"),
        (TokenVariant::FirstCharDropped, " -H \"X-Auth-Token: ${OS_TOKEN#?}\""),
    ] {
        assert_eq!(command(credential, true), expected);
    }
    assert_eq!(command(TokenVariant::Good, false), "");
}

#[test]
fn the_exit_code_says_the_worst() {
    let pass = || answered("min_disk/rejects_0", 400);
    let with = |leftover: Leftover| {
        let cleanup = Cleanup { created: 1, leftovers: vec![leftover], ..Cleanup::default() };
        Record { cleanup, ..pass() }
    };
    let broken = || answered("min_disk/rejects_0", 201);
    let lost = || answered("pairs/001", 503);
    let unambiguous = || with(Leftover::Id("7".into()));
    let table = [
        (vec![pass()], Ending::Complete, ExitCode::Holds),
        (vec![pass(), with(Leftover::Appeared("7".into()))], Ending::Complete, ExitCode::Holds),
        (vec![pass(), lost()], Ending::Complete, ExitCode::NotAssessed),
        (vec![pass()], Ending::TargetLost, ExitCode::NotAssessed),
        (vec![], Ending::Complete, ExitCode::NotAssessed),
        (vec![pass(), lost()], Ending::Interrupted, ExitCode::Incomplete),
        (vec![pass()], Ending::Spent(Spent::Created), ExitCode::Incomplete),
        (vec![unambiguous(), lost()], Ending::Interrupted, ExitCode::LeftBehind),
        (vec![unambiguous(), broken()], Ending::Interrupted, ExitCode::Broken),
    ];
    let mut events = performed(vec![pass()]);
    events.push(Event::Unsent { place: 1, probe: probe("pairs/002"), beyond: Some(Spent::Created) });
    assert_eq!(ExitCode::of(&results(2, events, Question::default(), &end())), ExitCode::Incomplete);
    for (index, (records, ending, expected)) in table.into_iter().enumerate() {
        let (planned, end) = (records.len(), End { ending, ..end() });
        let results = results(planned, performed(records), Question::default(), &end);
        assert_eq!(ExitCode::of(&results), expected, "row {index}");
    }
}
