//! The report for `JUnit`, as CI systems read it: a suite for each phase with a test case for each probe, so that a case has the name by which this program
//! sends it again; one for the clauses that were not assessed; and one for the run itself.
//!
//! A broken clause is a *failure*. What only says that something went wrong on the way is an *error*. What was not assessed, or is known, is *skipped*, with
//! the reason. A finding is told whole where its smallest example stands; the other probes that show it name that one.
//!
//! The schema of Jenkins' xUnit plugin, by which most readers go, has properties of a suite and none of a test case. What is said of a case therefore stands
//! in its output, a line each, as `[[PROPERTY|name=value]]`, which is how tools write it that cannot do otherwise; and a failure tells it in its text, as
//! GitLab and GitHub show nothing else.

mod probes;

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::counted;
use super::model::{ClauseVerdict, Finding, LEFT_OUT, Report};
use crate::untrusted::visible;
use probes::{Probes, is_example};

/// So many characters of one finding are told, in which the requests and the commands may be cut.
const LONGEST: usize = 16_000;

/// The report as the XML that CI systems read.
pub fn render(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut out = quick_junit::Report::new(&*shown(&format!("{} at {}", report.suite.title, report.target.endpoint)));
    out.set_time(Duration::try_from_secs_f64(report.seconds).unwrap_or_default());
    let probes = Probes::of(report);
    let suites = probes.suites().into_iter().chain([clauses_suite(report), findings_suite(report), run_suite(report)]);
    out.add_test_suites(suites.filter(|suite| !suite.test_cases.is_empty()));
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

/// The clauses that were not assessed.
fn clauses_suite(report: &Report) -> TestSuite {
    let mut suite = suite(report, "clauses");
    let missing = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::NotAssessed);
    suite.add_test_cases(missing.map(|clause| {
        let status = skipped(&format!("not assessed: {}", clause.why));
        case(&clause.id, "clauses", status)
    }));
    suite
}

/// The findings whose examples are none of the probes that are told: what more is broken than a report holds.
fn findings_suite(report: &Report) -> TestSuite {
    let mut suite = suite(report, "findings");
    let is_told = |finding: &&Finding| report.each_probe.iter().any(|probe| is_example(finding, probe));
    let others = report.findings.iter().filter(|finding| !is_told(finding)).map(|finding| finding.clause.as_str());
    let omitted = report.omitted.iter().filter_map(|omitted| omitted.what.strip_prefix(LEFT_OUT));
    let mut clauses: Vec<_> = others.chain(omitted).collect();
    clauses.sort_unstable();
    clauses.dedup();
    suite.add_test_cases(clauses.into_iter().map(|clause| {
        let own = |finding: &&Finding| finding.clause == clause && !is_told(finding);
        case(clause, "findings", failure(report, clause, &report.findings.iter().filter(own).collect::<Vec<_>>()))
    }));
    suite
}

/// What more is broken of a clause: each of these findings in turn, and how many are left out.
fn failure(report: &Report, clause: &str, findings: &[&Finding]) -> TestCaseStatus {
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
    text.push_str(&format!("          {}\n", finding.title));
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
    let error = |text: &str| not_well(NonSuccessKind::Error, text, text);
    let complete = if report.is_complete { TestCaseStatus::success() } else { error(&report.cut_short) };
    suite.add_test_case(case("the run is complete", "run", complete));
    let left: Vec<_> =
        report.resources.left_behind.iter().map(|left| format!("{}, {}", left.id, left.origin)).collect();
    let unknown = (!report.resources.unknown.is_empty()).then(|| format!("not known: {}", report.resources.unknown));
    let left: Vec<_> = left.into_iter().chain(unknown).collect();
    let clean = if left.is_empty() { TestCaseStatus::success() } else { error(&left.join("\n")) };
    suite.add_test_case(case("nothing is left behind", "run", clean));
    let is_told = |cause: &str| report.each_probe.iter().any(|probe| probe.why == cause);
    for cause in report.inconclusive.iter().filter(|cause| !is_told(&cause.text)) {
        let text =
            format!("{} inconclusive: {}; for example {}", counted(cause.probes, "probe"), cause.text, cause.example);
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
