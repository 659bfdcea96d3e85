//! A run as lines of JSON, told as it goes: one for its beginning, one for each probe, and at its end one for each finding and one with all counts.

use serde::Serialize;
use serde_json::{Value, json};

use super::model::{ProbeResult, Report};
use crate::run::{Event, Place, Record};
use crate::secret::Secrets;
use crate::untrusted::visible;

/// After so many bytes of reasons a probe is told with its verdict only.
const MOST_BYTES: usize = 3_000_000;

/// Makes the lines of a run.
#[derive(Debug)]
pub struct Lines {
    secrets: Secrets,
    bytes: usize,
}

/// What is told of a probe.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    place: Place,
    probe: &'a str,
    phase: &'static str,
    verdict: &'static str,
    statuses: Vec<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl Lines {
    /// For a run whose secrets are these.
    pub fn new(secrets: &Secrets) -> Self {
        Self { secrets: secrets.clone(), bytes: 0 }
    }

    /// The first line.
    pub fn begin(&self, endpoint: &str, suite: &str, planned: usize) -> String {
        let endpoint = self.secrets.redact_text(endpoint);
        line(
            &json!({"event": "begin", "format": "ims-conformance-events/1", "target": endpoint, "suite": suite, "planned": planned}),
        )
    }

    /// The line of what happened, if there is one.
    pub fn of(&mut self, event: &Event) -> Option<String> {
        let told = match event {
            Event::Performed(record) => self.performed("probe", record),
            Event::Shrunk(record) => self.performed("smaller", record),
            Event::Skipped { place, probe, why } => {
                let (phase, why) = (probe.phase.name(), Some((*why).to_owned()));
                Line {
                    event: "probe",
                    place: *place,
                    probe: &probe.id,
                    phase,
                    verdict: "skipped",
                    statuses: Vec::new(),
                    broken: Vec::new(),
                    why,
                }
            }
            Event::Unsent { place, probe, beyond } => {
                let why = beyond.map(|spent| format!("it alone may exceed {spent}"));
                let phase = probe.phase.name();
                Line {
                    event: "probe",
                    place: *place,
                    probe: &probe.id,
                    phase,
                    verdict: "unsent",
                    statuses: Vec::new(),
                    broken: Vec::new(),
                    why,
                }
            }
            _ => return None,
        };
        let text = line(&told);
        self.bytes += if told.broken.is_empty() { 0 } else { text.len() };
        Some(text)
    }

    fn performed<'a>(&self, event: &'static str, record: &'a Record) -> Line<'a> {
        let judgement = &record.judgement;
        let clean = |text: String| self.secrets.redact_text(&text);
        let is_brief = self.bytes > MOST_BYTES;
        let broken = judgement.mismatches.iter().filter(|_| !is_brief).map(|mismatch| {
            json!({
                "clause": mismatch.clause.to_string(),
                "pointer": clean(mismatch.pointer.to_string()),
                "expected": clean(mismatch.expected.to_string()),
                "got": clean(mismatch.got.to_string()),
            })
        });
        let verdict = match (judgement.mismatches.is_empty(), &judgement.inconclusive) {
            (false, _) => "failed",
            (true, Some(_)) => "inconclusive",
            (true, None) => "passed",
        };
        Line {
            event,
            place: record.place,
            probe: &record.probe.id,
            phase: record.probe.phase.name(),
            verdict,
            statuses: record.exchanges.iter().filter_map(|exchange| Some(exchange.response()?.status)).collect(),
            broken: broken.collect(),
            why: judgement.inconclusive.clone().map(clean),
        }
    }

    /// The last lines.
    pub fn end(report: &Report) -> String {
        let findings = report.findings.iter().map(|finding| line(&json!({"event": "finding", "finding": finding})));
        let end = json!({
            "event": "end",
            "verdict": report.verdict,
            "exit_code": report.exit_code,
            "is_complete": report.is_complete,
            "cut_short": report.cut_short,
            "probes": report.probes,
            "requests": report.requests,
            "seconds": report.seconds,
            "seed": report.seed,
            "date": report.date,
            "omitted": report.omitted,
        });
        findings.chain([line(&end)]).collect()
    }

    /// All lines of a run that is over: of each probe what is recorded, which are neither its place in the run nor each status.
    pub fn all(report: &Report) -> String {
        let begin = Self::new(&Secrets::default());
        let first = begin.begin(&report.target.endpoint, &report.suite.name, report.probes.planned);
        let probes = report.each_probe.iter().map(recorded);
        [first].into_iter().chain(probes).chain([Self::end(report)]).collect()
    }
}

fn recorded(probe: &ProbeResult) -> String {
    let mut told = json!({
        "event": "probe",
        "probe": probe.id,
        "phase": probe.phase,
        "verdict": probe.verdict,
        "took_ms": probe.took_ms,
    });
    if !probe.broken.is_empty() {
        told["broken"] = probe.broken.iter().map(|clause| json!({"clause": clause})).collect();
    }
    if !probe.why.is_empty() {
        told["why"] = json!(probe.why);
    }
    line(&told)
}

fn line(value: &impl Serialize) -> String {
    // What is told has texts for keys, and numbers that JSON has.
    let text = serde_json::to_string(value).unwrap_or_default();
    format!("{}\n", visible(&text))
}
