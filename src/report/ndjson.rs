//! A run as lines of JSON, told as it goes: one for its beginning, one for each probe, and at its end one for each finding and one with all counts.

use serde::Serialize;
use serde_json::{Value, json};

use super::model::{ProbeResult, Report};
use crate::plan::{Plan, Skipped};
use crate::probe::Phase;
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
    /// A probe that is not in the plan has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
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

    /// The first lines: what is to come, and what the authors of its cases skip, which no event is about.
    pub fn begin_plan(&self, endpoint: &str, suite: &str, plan: &Plan) -> String {
        let skipped = || plan.excluded().iter().filter_map(|excluded| excluded.skipped.as_ref());
        let planned = plan.len() + skipped().map(|each| each.probes.len()).sum::<usize>();
        let lines = skipped().flat_map(|Skipped { reason, probes }| {
            probes
                .iter()
                .map(move |probe| line(&not_performed(None, probe, Phase::Case, "skipped", Some(reason.clone()))))
        });
        [self.begin(endpoint, suite, planned)].into_iter().chain(lines).collect()
    }

    /// The first line.
    fn begin(&self, endpoint: &str, suite: &str, planned: usize) -> String {
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
                not_performed(Some(*place), &probe.id, probe.phase, "skipped", Some((*why).to_owned()))
            }
            // Where the turn of none came any more, the last line counts them.
            Event::Unsent { place, probe, beyond: Some(spent) } => {
                let why = Some(format!("it alone may exceed {spent}"));
                not_performed(Some(*place), &probe.id, probe.phase, "unsent", why)
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
            place: Some(record.place),
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

fn not_performed<'a>(
    place: Option<Place>,
    probe: &'a str,
    phase: Phase,
    verdict: &'static str,
    why: Option<String>,
) -> Line<'a> {
    let (statuses, broken) = (Vec::new(), Vec::new());
    Line { event: "probe", place, probe, phase: phase.name(), verdict, statuses, broken, why }
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
