//! Findings with their examples, until there are so many that nobody reads them.

use std::collections::HashMap;

use super::assemble::{in_ms, rfc3339};
use super::{Answer, Body, Entailed, Exchange, Finding, Header, Omitted, Report};
use crate::exchange::{Request, Response, SendError};
use crate::probe::{Phase, SURVEY, whole_id};
use crate::report::curl::{Caller, quoted};
use crate::results::{self, ClauseRow, Results};

/// So many bytes of findings are told whole; the others are counted. No format needs more than four times of it.
const MOST_BYTES: usize = 800_000;

/// So many bytes of a body are shown, and so many of a command.
const LONGEST: usize = 8 * 1024;

/// What [`Omitted::what`] says of findings, before the clause.
pub(in crate::report) const LEFT_OUT: &str = "findings of ";

impl Report {
    /// How many findings did not fit.
    pub fn untold(&self) -> usize {
        let findings = self.omitted.iter().filter(|omitted| omitted.what.starts_with(LEFT_OUT));
        findings.map(|omitted| omitted.count).sum()
    }
}

/// The findings of a run, and how many of which clause did not fit.
pub(super) fn findings(results: &Results, repeat: &str) -> (Vec<Finding>, Vec<Omitted>) {
    let rows: HashMap<String, &ClauseRow> = results.coverage.iter().map(|row| (row.clause.to_string(), row)).collect();
    let (mut told, mut omitted, mut bytes) = (Vec::new(), Vec::new(), 0);
    for finding in &results.findings {
        if bytes < MOST_BYTES {
            let whole = whole(results, finding, &rows, repeat);
            bytes += length(&whole);
            told.push(whole);
        } else {
            leave_out(&mut omitted, &finding.clause.to_string());
        }
    }
    (told, omitted)
}

/// Leaves out those that do not fit, and counts them.
pub(super) fn fit(findings: &mut Vec<Finding>, omitted: &mut Vec<Omitted>) {
    let mut bytes = 0;
    findings.retain(|finding| {
        let fits = bytes < MOST_BYTES;
        bytes += length(finding);
        if !fits {
            leave_out(omitted, &finding.clause);
        }
        fits
    });
}

fn length(finding: &Finding) -> usize {
    serde_json::to_string(finding).map_or(0, |text| text.len())
}

fn leave_out(omitted: &mut Vec<Omitted>, clause: &str) {
    let what = format!("{LEFT_OUT}{clause}");
    match omitted.iter_mut().find(|more| more.what == what) {
        Some(more) => more.count += 1,
        None => omitted.push(Omitted { what, count: 1 }),
    }
}

fn whole(results: &Results, finding: &results::Finding, rows: &HashMap<String, &ClauseRow>, repeat: &str) -> Finding {
    let clause = finding.clause.to_string();
    let row = rows.get(&clause);
    let of_contract = || row.map_or_else(|| (results.suite.folder.clone(), 1), |row| (row.file.clone(), row.line));
    let (file, line) = finding.case(&results.suite).unwrap_or_else(of_contract);
    let exchanges = finding.requests.iter().zip(&finding.answers);
    Finding {
        cause: finding.cause.clone(),
        text: finding.text.clone(),
        source: finding.source.clone(),
        shown_by: finding.count,
        assessed_by: row.map_or(0, |row| row.probes).max(finding.count),
        is_intermittent: finding.is_intermittent,
        pointer: finding.mismatch.pointer.to_string(),
        expected: finding.mismatch.expected.to_string(),
        got: finding.mismatch.got.to_string(),
        probe: finding.probe.id.clone(),
        title: finding.probe.title.clone(),
        file,
        line,
        is_refusal_of_valid: finding.is_refusal_of_valid,
        exchanges: exchanges.map(|(request, answer)| exchange(request, answer)).collect(),
        command: command(repeat, finding),
        curl: curl(results, finding),
        entails: finding.consequences.iter().map(entailed).collect(),
        clause,
    }
}

/// How this program shows it again.
pub(in crate::report) fn command(repeat: &str, finding: &results::Finding) -> String {
    if finding.is_of_overlap() {
        // One alone does not show it.
        return format!("{repeat} --phase {}", finding.probe.phase.name());
    }
    if whole_id(&finding.probe.id) == SURVEY {
        // Every run begins with it.
        return format!("{repeat} --phase {}", Phase::Case.name());
    }
    let id = quoted(whole_id(&finding.probe.id));
    format!("{repeat} --phase {} {id}", finding.probe.phase.name())
}

fn curl(results: &Results, finding: &results::Finding) -> Vec<String> {
    let (endpoint, scheme) = (results.endpoint.as_str(), results.scheme.as_ref());
    let caller = Caller { endpoint, scheme, has_token: results.has_token, route: &results.route };
    let lines = finding.repeat.lines(|request, names| caller.command_with(request, names));
    match lines.iter().map(String::len).find(|length| *length > LONGEST) {
        Some(long) => vec![format!("# a command of {long} characters is too long to be shown")],
        None => lines,
    }
}

fn entailed(consequence: &results::Consequence) -> Entailed {
    Entailed { clause: consequence.clause.to_string(), text: consequence.text.clone(), probes: consequence.count }
}

fn exchange(request: &Request, answer: &Result<Response, SendError>) -> Exchange {
    Exchange {
        method: request.method.clone(),
        path: cut(request.path.clone()),
        headers: headers(&request.headers),
        credential: request.credential.name().to_owned(),
        body: body(request.body.as_deref().unwrap_or_default()),
        answer: answer.as_ref().ok().map(|answer| Answer {
            status: answer.status,
            headers: headers(&answer.headers),
            body: body(&answer.body),
            at: rfc3339(answer.at),
            took_ms: in_ms(answer.took),
        }),
        error: answer.as_ref().err().map(ToString::to_string).unwrap_or_default(),
    }
}

fn headers(headers: &[(String, String)]) -> Vec<Header> {
    headers.iter().map(|(name, value)| Header { name: name.clone(), value: cut(value.clone()) }).collect()
}

fn body(bytes: &[u8]) -> Body {
    Body { text: cut(String::from_utf8_lossy(bytes).into_owned()), bytes: bytes.len() }
}

/// The beginning of a text that is too long; the mark at its end tells that, also to what takes out secrets.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}
