//! The report as SARIF 2.1.0, for tools that show results at a line of a file: the rules are clauses, a result is a finding, and it stands in the case that shows
//! it, or where the contract makes the clause.
//!
//! It is written by hand, and a test holds it against the schema of OASIS: `serde-sarif` makes its types when it is built, by `schemafy`, for which a second
//! `syn` would be compiled, and most of what it offers is for reading what other tools write.

use serde::Serialize;
use serde_json::{Value, json};

use super::counted;
use super::model::{Deviation, Finding, Report};
use crate::untrusted::visible;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as SARIF.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut rules: Vec<Value> = Vec::new();
    let mut results: Vec<Found<'_>> = Vec::new();
    for finding in &report.findings {
        let index = rule(&mut rules, report, &finding.clause, &finding.text, &finding.source);
        results.push(result(finding, index));
    }
    for known in &report.known {
        let index = rule(&mut rules, report, &known.clause, "", "");
        results.push(suppressed(report, known, index));
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ims-conformance",
                "semanticVersion": report.program_version,
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": report.is_complete,
                "exitCode": report.exit_code,
                "exitCodeDescription": exit_text(report),
                "endTimeUtc": report.date,
                "toolExecutionNotifications": notifications(report),
            }],
            "properties": {
                "target": report.target.endpoint,
                "suite": format!("{} {}", report.suite.name, report.suite.version),
                "seed": report.seed,
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(visible(&text).into_owned())
}

/// What is no result of a clause, and no reader should miss.
fn notifications(report: &Report) -> Vec<Value> {
    let left = report.resources.left_behind.iter().map(|left| format!("left behind: {}", left.id));
    let warnings = [
        (report.probes.inconclusive, "inconclusive"),
        (report.probes.skipped, "skipped"),
        (report.probes.unsent, "not sent"),
    ];
    let warnings = warnings
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, text)| format!("{} {text}", counted(count, "probe")));
    let omitted = report.omitted.iter().map(|omitted| format!("left out: {} {}", omitted.count, omitted.what));
    let warning = |text: String| json!({"level": "warning", "message": {"text": text}});
    left.chain(warnings).chain(omitted).map(warning).collect()
}

fn exit_text(report: &Report) -> String {
    match report.cut_short.as_str() {
        "" => report.verdict.text().to_owned(),
        why => format!("{}: {why}", report.verdict.text()),
    }
}

/// The place of a clause among the rules; it is added where it is none yet.
fn rule(rules: &mut Vec<Value>, report: &Report, clause: &str, text: &str, source: &str) -> usize {
    if let Some(index) = rules.iter().position(|rule| rule["id"] == clause) {
        return index;
    }
    let known = report.clauses.iter().find(|known| known.id == clause);
    let (text, source) = known.map_or((text, source), |known| (known.text.as_str(), known.source.as_str()));
    rules.push(json!({"id": clause, "shortDescription": {"text": text}, "fullDescription": {"text": source}}));
    rules.len() - 1
}

/// A result, as SARIF has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrence_count: Option<usize>,
    #[serde(skip_serializing_if = "Value::is_null")]
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    suppressions: Value,
}

fn result(finding: &Finding, index: usize) -> Found<'_> {
    let message = format!(
        "{}: {}. Sent: {}. Shown by {}. Repeat: {}",
        finding.text,
        finding.difference(),
        sent(finding),
        finding.share(),
        finding.command,
    );
    Found {
        rule_id: &finding.clause,
        rule_index: index,
        level: "error",
        message: json!({"text": message}),
        locations: [location(&finding.file, finding.line)],
        occurrence_count: Some(finding.shown_by),
        partial_fingerprints: json!({"clauseAndCause/v1": format!("{} {:.300}", finding.clause, finding.cause)}),
        suppressions: Value::Null,
    }
}

/// The requests that show it, each on as little room as it takes.
fn sent(finding: &Finding) -> String {
    let each = finding.exchanges.iter().map(|sent| format!("{} {} {:.300}", sent.method, sent.path, sent.body.text));
    each.map(|text| text.trim_end().to_owned()).collect::<Vec<_>>().join("; ")
}

fn suppressed<'a>(report: &Report, known: &'a Deviation, index: usize) -> Found<'a> {
    let clause = report.clauses.iter().find(|clause| clause.id == known.clause);
    // What is of no clause stands where the contract begins: GitHub takes no result without a file.
    let clause = clause.or(report.clauses.first());
    let (file, line) = clause.map_or(("", 1), |clause| (clause.file.as_str(), clause.line));
    Found {
        rule_id: &known.clause,
        rule_index: index,
        level: "error",
        message: json!({"text": format!("known: {}", known.because)}),
        locations: [location(file, line)],
        occurrence_count: None,
        partial_fingerprints: Value::Null,
        suppressions: json!([{"kind": "external", "justification": known.because}]),
    }
}

fn location(file: &str, line: usize) -> Value {
    let uri: String = url::form_urlencoded::byte_serialize(file.as_bytes()).collect();
    let uri = uri.replace("%2F", "/").replace('+', "%20");
    json!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line.max(1)}}})
}
