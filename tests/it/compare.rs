//! Two recorded runs beside each other.

use std::fs;

use crate::outcomes::answered;
use crate::program::{Served, outcome};
use ims_conformance::client::Limits;
use ims_conformance::exit_code::ExitCode;
use ims_conformance::judge::{Drift, ObservedBehaviour};
use ims_conformance::report::compare::{Comparison, Format, Outcome};
use ims_conformance::report::json;
use ims_conformance::report::model::{About, ClauseVerdict, Deviation, Omitted, Report};
use ims_conformance::run::Record;
use ims_conformance::secret::Secrets;
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

fn recorded(records: Vec<Record>) -> Report {
    let about =
        About { date: OffsetDateTime::UNIX_EPOCH, limits: Limits::CAREFUL, repeat: "ims-conformance run".to_owned() };
    Report::of(&crate::outcomes::report(records), &about, &Secrets::default())
}

/// A run that found `min_disk` to be too large, and one that did not.
fn broken() -> Report {
    recorded(vec![answered("min_disk/rejects_above_1024[just_above]", 201)])
}

fn fine() -> Report {
    recorded(vec![answered("min_disk/rejects_above_1024[just_above]", 400)])
}

fn compared(first: &Report, second: &Report) -> Comparison {
    Comparison::of(first, second).unwrap()
}

fn clauses(notes: &[ims_conformance::report::compare::Note]) -> Vec<&str> {
    notes.iter().map(|note| note.clause.as_str()).collect()
}

const MAXIMUM: &str = "request.min_disk.maximum";

#[test]
fn a_finding_is_new_or_gone_or_in_both() {
    let worse = compared(&fine(), &broken());
    assert_eq!((clauses(&worse.new), clauses(&worse.gone), worse.same), (vec![MAXIMUM], vec![], 0));
    assert_eq!((worse.outcome, worse.exit_code(false)), (Outcome::Worse, ExitCode::Broken));
    let better = compared(&broken(), &fine());
    assert_eq!((clauses(&better.new), clauses(&better.gone), better.same), (vec![], vec![MAXIMUM], 0));
    assert_eq!((better.outcome, better.exit_code(true)), (Outcome::Better, ExitCode::Holds));
    let same = compared(&broken(), &broken());
    assert_eq!((same.outcome, same.same, same.exit_code(true)), (Outcome::Same, 1, ExitCode::Holds));
}

#[test]
fn what_the_other_run_did_not_look_for_is_not_gone() {
    let reasons = |change: &dyn Fn(&mut Report)| {
        let mut second = fine();
        change(&mut second);
        let compared = compared(&broken(), &second);
        assert_eq!((compared.gone.len(), compared.outcome), (0, Outcome::Unsettled), "{compared:?}");
        assert_eq!(compared.exit_code(false), ExitCode::NotAssessed);
        compared.unsettled.into_iter().map(|unsettled| unsettled.why).collect::<Vec<_>>()
    };
    let set = |report: &mut Report, verdict| {
        let clause = report.clauses.iter_mut().find(|clause| clause.id == MAXIMUM).unwrap();
        (clause.verdict, clause.why) = (verdict, "nobody asked".to_owned());
    };
    assert_eq!(reasons(&|report| set(report, ClauseVerdict::NotAssessed)), ["nobody asked"]);
    assert!(reasons(&|report| set(report, ClauseVerdict::Entailed))[0].contains("another finding entails it"));
    let cut = |report: &mut Report| {
        (report.is_complete, report.cut_short) = (false, "somebody stopped the run".to_owned());
    };
    assert_eq!(reasons(&cut), ["it was cut short: somebody stopped the run"]);
    let omit = |report: &mut Report| report.omitted.push(Omitted { what: format!("findings of {MAXIMUM}"), count: 1 });
    assert_eq!(reasons(&omit), ["its report leaves out findings of the clause"]);
}

#[test]
fn what_became_known_is_neither_gone_nor_new() {
    let mut known = broken();
    known.findings.clear();
    let deviation = Deviation { clause: MAXIMUM.to_owned(), cause: String::new(), because: "v7".into(), probes: 1 };
    known.known.push(deviation);
    for (first, second) in [(&broken(), &known), (&known, &broken())] {
        let comparison = compared(first, second);
        assert_eq!((comparison.outcome, comparison.same), (Outcome::Same, 1));
        let told = comparison
            .caveats
            .iter()
            .filter(|caveat| caveat.contains("known deviations of the ") && caveat.contains(MAXIMUM));
        assert_eq!(told.count(), 1, "{:?}", comparison.caveats);
    }
}

#[test]
fn choices_and_drift_differ_and_fail_only_whoever_is_strict() {
    let choosing = |taken: &str, field: &str| {
        let mut record = answered("min_disk/rejects_above_1024[just_above]", 400);
        let (title, because) = ("an empty name".to_owned(), "nobody says".to_owned());
        record.judgement.choices = vec![ObservedBehaviour { title, because, taken: taken.into() }];
        record.judgement.drift = vec![Drift { pointer: field.into(), text: "a field".into() }];
        recorded(vec![record])
    };
    let compared = compared(&choosing("accepted", "/a"), &choosing("refused with 400", "/b"));
    let [choice] = compared.choices.as_slice() else { panic!("{compared:?}") };
    assert_eq!((choice.first[0].as_str(), choice.second[0].as_str()), ("accepted", "refused with 400"));
    assert_eq!((compared.new_drift[0].as_str(), compared.gone_drift[0].as_str()), ("/b: a field", "/a: a field"));
    assert_eq!((compared.exit_code(false), compared.exit_code(true)), (ExitCode::Holds, ExitCode::Broken));
    assert!(self::compared(&fine(), &choosing("accepted", "/a")).choices.is_empty(), "only one run saw it");
}

#[test]
fn clauses_that_only_one_run_assessed_are_told_and_what_makes_runs_differ_too() {
    let other = recorded(vec![answered("min_ram/rejects_negative[just_below]", 400)]);
    let compared = compared(&fine(), &Report { seed: "7".into(), ..other });
    assert!(compared.only_first.iter().any(|missing| missing.clause == MAXIMUM && !missing.why.is_empty()));
    assert!(compared.only_second.iter().any(|missing| missing.clause == "request.min_ram.minimum"));
    assert_eq!(compared.outcome, Outcome::Unsettled);
    assert_eq!(compared.caveats, ["the seeds differ: 1 and 7"]);
    let text = compared.render(Format::Text).unwrap();
    assert_eq!(text.matches("no probe of this run is about it").count(), 2, "one line for each run: {text}");
}

#[test]
fn every_format_tells_the_same() {
    let compared = compared(&broken(), &fine());
    for (name, format) in Format::ALL {
        let text = compared.render(format).unwrap();
        for part in [&compared.gone[0].expected, "better", "https://ims.example.com/"] {
            let part = if name == "markdown" { part.replace('_', "&#95;") } else { part.to_owned() };
            assert!(text.contains(&part), "{name}: {part}: {text}");
        }
    }
    let schema = json::schema_of::<Comparison>().unwrap();
    let checked_in = fs::read_to_string("src/report/compare/schema-1.json").unwrap();
    assert!(schema == checked_in, "`schema comparison > src/report/compare/schema-1.json` writes it anew");
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let value: Value = serde_json::from_str(&compared.render(Format::Json).unwrap()).unwrap();
    assert!(validator.is_valid(&value), "{value}");
}

#[test]
fn what_a_server_wrote_stays_text_on_the_page() {
    let mut hostile = broken();
    hostile.findings[0].got = "<script>alert(1)</script> \u{202e}".to_owned();
    let page = compared(&fine(), &hostile).render(Format::Html).unwrap();
    assert!(!page.contains("<script") && page.contains("&#60;script&#62;"), "{page}");
    assert!(!page.contains('\u{202e}'), "{page}");
}

#[test]
fn two_runs_of_the_program_are_compared_with_exit_codes_of_their_own() {
    let folder = TempDir::new().unwrap();
    let run = |name: &str, defect: &[&str]| {
        let file = folder.path().join(name).display().to_string();
        let (code, text) = Served::start_with("otc", defect).run(&["min_disk/", "--report", &format!("json={file}")]);
        assert!(code < 2, "{text}");
        file
    };
    let (fine, broken) =
        (run("fine.json", &[]), run("broken.json", &["--defect", "request.min_disk.maximum:no-limit"]));
    let (code, text) = outcome(&["compare", &fine, &broken]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NEW  request.min_disk.maximum") && text.contains("\nworse: 1 finding new, "), "{text}");
    assert_eq!(outcome(&["compare", &broken, &fine]).0, 0);
    let other = folder.path().join("other.json").display().to_string();
    let (code, _) = outcome(&["run", "--suite", "glance", "name/", "--report", &format!("json={other}")]);
    assert_eq!(code, 0);
    let (code, text) = outcome(&["compare", &fine, &other]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the runs are of different suites, otc and glance"), "{text}");
    assert_eq!(outcome(&["compare", &fine, "/no/such/file"]).0, 2);
}
