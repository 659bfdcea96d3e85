//! The report for `JUnit`, as CI systems read it: one test case for each clause, so that a case has the same name in every run, whatever the seed, and a CI can tell since when it fails.
//!
//! A broken clause is a *failure*. What only says that something went wrong on the way is an *error* of the last suite, which is about the run itself. What
//! was not assessed, or is known, is *skipped*, with the reason.
//!
//! The schema of Jenkins' xUnit plugin, by which most readers go, has properties of a suite and none of a test case. What is said of a case therefore stands
//! in its output, a line each, as `[[PROPERTY|name=value]]`, which is how tools write it that cannot do otherwise; and a failure tells it in its text, as
//! GitLab and GitHub show nothing else.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::model::{Clause, ClauseVerdict, Finding, LEFT_OUT, Report};
use crate::untrusted::visible;

/// So many characters of one finding are told, in which the requests and the commands may be cut.
const LONGEST: usize = 16_000;

/// The report as the XML that CI systems read.
pub fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut out = quick_junit::Report::new(&*shown(&format!("{} at {}", report.suite.title, report.target.endpoint)));
    out.set_time(Duration::try_from_secs_f64(report.seconds).unwrap_or_default());
    let mut suites: Vec<TestSuite> = Vec::new();
    for clause in &report.clauses {
        let area = clause.id.split('.').next().unwrap_or_default();
        if suites.last().is_none_or(|suite| suite.name.as_str() != area) {
            suites.push(suite(report, area));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(clause_case(report, clause, area));
        }
    }
    out.add_test_suites(suites.into_iter().filter(|suite| !suite.test_cases.is_empty()));
    out.add_test_suite(run_suite(report));
    let skipped = format!(" skipped=\"{}\"", out.skipped);
    // The first one is that of all suites together, which the schema does not know; a quotation mark in a name before it is escaped.
    Ok(out.to_string()?.replacen(&skipped, "", 1))
}

/// A suite, with what holds for each of its cases.
fn suite(report: &Report, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(name);
    for (name, value) in [
        ("endpoint", &report.target.endpoint),
        ("suite", &format!("{} {}", report.suite.name, report.suite.version)),
        ("program", &report.program_version),
        ("date", &report.date),
        ("seed", &report.seed),
    ] {
        suite.add_property(Property::new(name, &*shown(value)));
    }
    suite
}

/// The text without what no XML holds, or no reader should get.
fn shown(text: &str) -> String {
    visible(text).into_owned()
}

fn case(name: &str, area: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("ims-conformance.{area}"));
    case
}

fn not_well(kind: NonSuccessKind, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(shown(message));
    status.set_description(shown(text));
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(shown(message));
    status
}

fn clause_case(report: &Report, clause: &Clause, area: &str) -> TestCase {
    let status = match clause.verdict {
        ClauseVerdict::Broken => failure(report, &clause.id),
        ClauseVerdict::NotAssessed => skipped(&format!("not assessed: {}", clause.why)),
        ClauseVerdict::Known => {
            let known = report.known.iter().filter(|known| known.clause == clause.id);
            let known: Vec<_> = known.map(|known| known.because.as_str()).collect();
            skipped(&format!("known: {}", known.join("; ")))
        }
        ClauseVerdict::Entailed => skipped("broken only where another finding entails it"),
        ClauseVerdict::Holds => TestCaseStatus::success(),
    };
    let mut case = case(&clause.id, area, status);
    let place = format!("{}:{}", clause.file, clause.line);
    let properties = [
        ("clause", &clause.text),
        ("source", &clause.source),
        ("place", &place),
        ("probes", &clause.probes.to_string()),
        ("seed", &report.seed),
    ];
    let line = |(name, value): (&str, &String)| format!("[[PROPERTY|{name}={}]]\n", shown(value).replace('\n', " "));
    case.set_system_out(properties.map(line).concat());
    case
}

/// What is broken of a clause, each finding in turn.
fn failure(report: &Report, clause: &str) -> TestCaseStatus {
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.clause == clause).collect();
    let left_out = report.omitted.iter().find(|omitted| omitted.what.strip_prefix(LEFT_OUT) == Some(clause));
    let left_out = left_out.map_or(0, |omitted| omitted.count);
    let message = match findings.first() {
        Some(first) => format!("{}: {}", first.share(), first.difference()),
        None => format!("{left_out} findings, which this report leaves out"),
    };
    let mut text: Vec<_> = findings.iter().map(|finding| finding_text(finding)).collect();
    if left_out > 0 {
        text.push(format!("{left_out} more findings of this clause are left out"));
    }
    not_well(NonSuccessKind::Failure, &message, &text.join("\n\n"))
}

fn finding_text(finding: &Finding) -> String {
    let mut text = format!("{}\n{}\n", finding.text, finding.source);
    if !finding.pointer.is_empty() {
        text.push_str(&format!("at        {}\n", finding.pointer));
    }
    text.push_str(&format!("expected  {}\ngot       {}\n", finding.expected, finding.got));
    text.push_str(&format!("shown by  {}, such as {}\n", finding.share(), finding.probe));
    text.push_str(&format!("file      {}:{}\nrepeat    {}\n", finding.file, finding.line, finding.command));
    for line in &finding.curl {
        text.push_str(&format!("          {line}\n"));
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// What is said of the run itself, and of no clause.
fn run_suite(report: &Report) -> TestSuite {
    let mut suite = suite(report, "run");
    for omitted in &report.omitted {
        suite.add_property(Property::new(format!("left out: {}", shown(&omitted.what)), &*omitted.count.to_string()));
    }
    let is_known = |clause: &str| report.clauses.iter().any(|known| known.id == clause);
    let mut others: Vec<_> = report.findings.iter().map(|finding| finding.clause.as_str()).collect();
    others.retain(|clause| !is_known(clause));
    others.dedup();
    suite.add_test_cases(others.into_iter().map(|clause| case(clause, "run", failure(report, clause))));
    let error = |text: &str| not_well(NonSuccessKind::Error, text, text);
    let complete = if report.is_complete { TestCaseStatus::success() } else { error(&report.cut_short) };
    suite.add_test_case(case("the run is complete", "run", complete));
    let left: Vec<_> =
        report.resources.left_behind.iter().map(|left| format!("{}, {}", left.id, left.origin)).collect();
    let unknown = (!report.resources.unknown.is_empty()).then(|| format!("not known: {}", report.resources.unknown));
    let left: Vec<_> = left.into_iter().chain(unknown).collect();
    let clean = if left.is_empty() { TestCaseStatus::success() } else { error(&left.join("\n")) };
    suite.add_test_case(case("nothing is left behind", "run", clean));
    for cause in &report.inconclusive {
        let text = format!("{} probes were inconclusive: {}; for example {}", cause.probes, cause.text, cause.example);
        suite.add_test_case(case(&format!("inconclusive: {}", shown(&cause.text)), "run", error(&text)));
    }
    for stale in &report.stale {
        let text = format!("no longer seen: {}", stale.because);
        let status = if report.is_strict { not_well(NonSuccessKind::Failure, &text, &text) } else { skipped(&text) };
        suite.add_test_case(case(
            &format!("known deviation of {} {}", stale.clause, shown(&stale.cause)),
            "run",
            status,
        ));
    }
    suite
}
