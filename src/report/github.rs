//! What GitHub shows beside the lines of a pull request: an annotation for each finding, at the case that shows it.

use super::model::{Finding, Report};
use crate::untrusted::visible;

/// A step may have so many; further ones are dropped in silence.
const MOST: usize = 10;

/// The commands that a job prints to have its findings shown.
pub fn annotations(report: &Report) -> String {
    let told = if report.findings.len() + report.untold() > MOST { MOST - 1 } else { MOST };
    let mut text: String =
        report.worst_first().into_iter().take(told).map(|(_, finding)| annotation(finding)).collect();
    let more = report.findings.len().saturating_sub(told) + report.untold();
    if more > 0 {
        text.push_str(&format!(
            "::error title=further findings::{more} more findings; the summary of the step has them\n"
        ));
    }
    if !report.is_complete {
        text.push_str(&format!("::warning title=incomplete::{}\n", data(&report.cut_short)));
    }
    text
}

fn annotation(finding: &Finding) -> String {
    let message = format!("{}\n{}; {}\n{}", finding.text, finding.difference(), finding.share(), finding.command);
    format!(
        "::error file={},line={},title={}::{}\n",
        property(&finding.file),
        finding.line,
        property(&finding.clause),
        data(&message)
    )
}

/// A text that ends no command and begins none.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
