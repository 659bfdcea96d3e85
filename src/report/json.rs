//! The report as JSON: what is recorded of a run, to be rendered or compared later, and its schema.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::model::{Report, Verdict};
use crate::probe::{SURVEY, whole_id};
use crate::untrusted::visible;

/// The report as JSON. What orders a terminal about, or cannot be seen, is escaped, which changes nothing for a reader of JSON.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(visible(&text).into_owned())
}

/// A report that was recorded.
///
/// # Errors
///
/// Where it is no report, or one of another version, in words.
pub fn read(text: &str) -> Result<Report, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    match value.get("format").and_then(serde_json::Value::as_str) {
        Some(super::model::FORMAT) => {
            let report: Report = serde_json::from_value(value).map_err(|error| format!("no whole report: {error}"))?;
            contradiction(&report)
                .map_or(Ok(report), |why| Err(format!("it contradicts itself: {why}; was it changed?")))
        }
        Some(other) => Err(format!("the format is `{other:.40}`, and this program reads `{}`", super::model::FORMAT)),
        None => Err("not what `run --report json=FILE` writes".to_owned()),
    }
}

/// What no run can come to: whoever changed a verdict by hand should not be believed by a page made of it.
fn contradiction(report: &Report) -> Option<String> {
    let Report { verdict, exit_code, probes, findings, omitted, .. } = report;
    let ended = probes.passed + probes.failed + probes.known + probes.inconclusive + probes.skipped + probes.unsent;
    // What the look before the run has shown is one more than was planned; of several shards each has such a look.
    let looks = report.each_probe.iter().filter(|probe| whole_id(&probe.id) == SURVEY).count().max(1);
    let has_findings = !findings.is_empty() || !omitted.is_empty();
    if !verdict.has_code(*exit_code) {
        Some(format!("the verdict is `{}`, and the exit code {exit_code}", verdict.text()))
    } else if *verdict == Verdict::Holds && (probes.failed > 0 || !findings.is_empty()) {
        Some("it holds, and something failed".to_owned())
    } else if (probes.failed > 0 || *verdict == Verdict::Broken) && !has_findings && report.stale.is_empty() {
        Some("something failed, and nothing was found".to_owned())
    } else if ended > probes.planned.saturating_add(looks) {
        Some(format!("{ended} probes ended, and {} were planned", probes.planned))
    } else {
        None
    }
}

/// The JSON Schema of what [`render`] writes.
pub fn schema() -> Result<String, serde_json::Error> {
    schema_of::<Report>()
}

/// The JSON Schema of what this type is written as.
pub fn schema_of<T: JsonSchema>() -> Result<String, serde_json::Error> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}
