//! The draft of a list of known deviations, from the findings of a run: all that can be known without asking anybody. Why each is known somebody must say.

use crate::baseline::{UNFILLED, causes};
use crate::contract::{Assessment, ClauseId, Contract};
use crate::results::Finding;
use crate::untrusted::Untrusted;

/// The list as YAML; `None` where there is nothing that one could hold. `origin` says what was run, where and when.
pub fn draft(contract: &Contract, origin: &str, findings: &[Finding]) -> Option<String> {
    let mut entries: Vec<(&ClauseId, Option<&str>, String)> = Vec::new();
    for finding in findings.iter().filter(|finding| can_be_known(contract, &finding.clause)) {
        let is_possible = causes(contract, &finding.clause).contains(&finding.cause);
        let cause = is_possible.then_some(finding.cause.as_str());
        let is_listed = |(clause, known, _): &(&ClauseId, Option<&str>, String)| {
            **clause == finding.clause && (known.is_none() || *known == cause)
        };
        if entries.iter().any(is_listed) {
            continue;
        }
        if cause.is_none() {
            // An entry without a cause covers each, and may not stand beside another one.
            entries.retain(|(clause, _, _)| **clause != finding.clause);
        }
        entries.push((&finding.clause, cause, seen(finding)));
    }
    let text: String = entries.iter().map(|(clause, cause, seen)| entry(clause, *cause, seen)).collect();
    (!text.is_empty()).then(|| format!("{}{text}", head(origin)))
}

fn head(origin: &str) -> String {
    format!(
        "# Deviations of a run of {}.\n# Say of each why it is known, or take it out: a list is refused as long as a reason is to be filled in.\n",
        on_one_line(origin)
    )
}

fn can_be_known(contract: &Contract, clause: &ClauseId) -> bool {
    let known = contract.clauses.get(clause);
    known.is_some_and(|known| !matches!(known.assessment, Assessment::Never(_)))
}

fn entry(clause: &ClauseId, way: Option<&str>, seen: &str) -> String {
    let way = way.map(|way| format!("  cause: {}\n", serde_json::Value::from(way))).unwrap_or_default();
    format!(
        "- clause: {clause}\n{way}  # {seen}\n  because: {UNFILLED}\n  # link: https://…\n  # until: 2027-01-31, the last day on which it fails nothing\n"
    )
}

/// What was found, as a comment of one line.
fn seen(finding: &Finding) -> String {
    let mismatch = &finding.mismatch;
    on_one_line(&format!("{}: expected {:.120}, got {:.120}", finding.text, mismatch.expected, mismatch.got))
}

/// A text that cannot end the comment that it stands in.
fn on_one_line(text: &str) -> String {
    Untrusted::from(text).to_string()
}
