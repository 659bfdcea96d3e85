//! A test case for each probe.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{case, finding_text, not_well, shown, skipped, suite};
use crate::probe::whole_id;
use crate::report::model::{Clause, Finding, ProbeResult, ProbeVerdict, Report};

/// So many bytes of what is broken are told; a probe behind them says which clauses, and no more.
const MOST_BYTES: usize = 2_000_000;

/// The probes of a report, and what is needed to tell of them.
pub(super) struct Probes<'a> {
    report: &'a Report,
    clauses: HashMap<&'a str, &'a Clause>,
    findings: HashMap<&'a str, Vec<&'a Finding>>,
    bytes: Cell<usize>,
}

impl<'a> Probes<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let clauses = report.clauses.iter().map(|clause| (clause.id.as_str(), clause)).collect();
        let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in &report.findings {
            findings.entry(&finding.clause).or_default().push(finding);
        }
        Self { report, clauses, findings, bytes: Cell::new(0) }
    }

    /// A suite for each phase, in the order of the plan.
    pub(super) fn suites(&self) -> Vec<TestSuite> {
        let mut suites: Vec<TestSuite> = Vec::new();
        for probe in &self.report.each_probe {
            let index = suites.iter().position(|suite| suite.name.as_str() == probe.phase).unwrap_or_else(|| {
                suites.push(suite(self.report, &probe.phase));
                suites.len() - 1
            });
            suites[index].add_test_case(self.test_case(probe));
        }
        suites
    }

    fn test_case(&self, probe: &ProbeResult) -> TestCase {
        let status = match probe.verdict {
            ProbeVerdict::Passed => TestCaseStatus::success(),
            ProbeVerdict::Failed => self.failure(probe),
            ProbeVerdict::Known => skipped(&format!("known: {}", self.reasons(probe))),
            ProbeVerdict::Inconclusive => not_well(NonSuccessKind::Error, &probe.why, &probe.why),
            ProbeVerdict::Skipped => skipped(&probe.why),
            ProbeVerdict::Unsent => skipped(&format!("not sent: {}", probe.why)),
        };
        let mut case = case(&shown(&probe.id), &probe.phase, status);
        case.set_time(Duration::try_from_secs_f64(probe.took_ms / 1000.0).unwrap_or_default());
        let properties = self.properties(probe);
        if !properties.is_empty() {
            case.set_system_out(properties);
        }
        case
    }

    /// The findings that a probe shows: of each clause those whose example it is, or the first one.
    fn shown_by(&self, probe: &ProbeResult) -> Vec<&'a Finding> {
        let of = |clause: &String| {
            let findings = self.findings.get(clause.as_str()).map(Vec::as_slice).unwrap_or_default();
            let own: Vec<_> = findings.iter().copied().filter(|finding| is_example(finding, probe)).collect();
            if own.is_empty() { findings.first().copied().into_iter().collect() } else { own }
        };
        probe.broken.iter().flat_map(of).collect()
    }

    fn failure(&self, probe: &ProbeResult) -> TestCaseStatus {
        let findings = self.shown_by(probe);
        let told = |finding: &&Finding| {
            if is_example(finding, probe) {
                return finding_text(finding);
            }
            let Finding { clause, text, .. } = finding;
            format!("{clause}: {text}\nits smallest example is {}\n", finding.probe)
        };
        let difference = findings.first().filter(|finding| is_example(finding, probe));
        let difference = difference.map(|finding| format!(": {}", finding.difference())).unwrap_or_default();
        let message = format!("{}{difference}", probe.broken.join(", "));
        let text =
            if self.has_room() { findings.iter().map(told).collect::<Vec<_>>().join("\n") } else { String::new() };
        self.tell(&text);
        not_well(NonSuccessKind::Failure, &message, if text.is_empty() { &message } else { &text })
    }

    fn has_room(&self) -> bool {
        self.bytes.get() < MOST_BYTES
    }

    fn tell(&self, text: &str) {
        self.bytes.set(self.bytes.get() + text.len());
    }

    /// Why what the probe shows is known.
    fn reasons(&self, probe: &ProbeResult) -> String {
        let known = self.report.known.iter().filter(|known| probe.broken.contains(&known.clause));
        known.map(|known| known.because.as_str()).collect::<Vec<_>>().join("; ")
    }

    /// What is said of the clauses that the probe shows to be broken: each in words, where the documentation and the contract have it; and the seed.
    fn properties(&self, probe: &ProbeResult) -> String {
        let mut lines = String::new();
        let mut line = |name: &str, value: &str| {
            lines.push_str(&format!("[[PROPERTY|{name}={}]]\n", shown(value).replace('\n', " ")));
        };
        for clause in probe.broken.iter().filter(|_| self.has_room()) {
            line("clause", clause);
            if let Some(clause) = self.clauses.get(clause.as_str()) {
                line("text", &clause.text);
                line("source", &clause.source);
                line("place", &format!("{}:{}", clause.file, clause.line));
            }
        }
        if !lines.is_empty() {
            lines.push_str(&format!("[[PROPERTY|seed={}]]\n", self.report.seed));
        }
        self.tell(&lines);
        lines
    }
}

/// Whether this probe is the example by which the finding is told, or the one of which that is a smaller form.
pub(super) fn is_example(finding: &Finding, probe: &ProbeResult) -> bool {
    whole_id(&finding.probe) == probe.id
}
