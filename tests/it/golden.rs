//! One file that holds every kind of verdict and finding in every format, as a person reviews it. `INSTA_UPDATE=always cargo test --test it golden::` writes it anew.

use std::collections::BTreeSet;

use crate::every_kind::{about, every_kind, every_kind_of_result, without_one_finding};
use ims_conformance::report::Format;
use ims_conformance::report::compare::{self, Comparison};
use ims_conformance::report::github;
use ims_conformance::report::model::{ClauseVerdict, Report};
use ims_conformance::report::terminal::{self, Detail};

#[test]
fn every_kind_in_every_format_is_as_it_was_reviewed() {
    let (results, report) = (every_kind_of_result(), every_kind());
    let mut parts = Vec::new();
    for (name, detail) in
        [("terminal", Detail::Usual), ("terminal -v", Detail::Verbose), ("terminal -q", Detail::Quiet)]
    {
        let text = terminal::render_run(&results, &about(), detail);
        parts.push((name.to_owned(), anstream::adapter::strip_str(&text).to_string()));
    }
    for (name, format) in Format::ALL {
        parts.push((name.to_owned(), without_style(&format.render(&report).unwrap())));
    }
    parts.push(("annotations".to_owned(), github::annotations(&report)));
    let comparison = Comparison::of(&without_one_finding(), &report).unwrap();
    for (name, format) in compare::Format::ALL {
        let text = comparison.render(format).unwrap();
        parts.push((format!("compare {name}"), without_style(&anstream::adapter::strip_str(&text).to_string())));
    }
    let parts: Vec<_> = parts.iter().map(|(name, text)| format!("===== {name} =====\n{text}\n")).collect();
    let golden = parts.concat().replace(env!("CARGO_PKG_VERSION"), "[version]");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("every_kind", golden);
    });
}

/// A page without what makes it look well and work: that stands in one place, and is looked at in a browser.
fn without_style(text: &str) -> String {
    let mut out = text.to_owned();
    for name in ["style", "script"] {
        let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
        if let (Some(from), Some(to)) = (out.find(&begin), out.find(&end)) {
            out.replace_range(from + begin.len()..to, "…");
        }
    }
    out
}

/// That nothing is missing from what is reviewed.
#[test]
fn every_kind_has_every_verdict_and_something_in_every_list() {
    let report = every_kind();
    let verdicts: BTreeSet<ClauseVerdict> = report.clauses.iter().map(|clause| clause.verdict).collect();
    assert_eq!(verdicts.len(), 5, "{verdicts:?}");
    let Report { findings, known, stale, inconclusive, skipped, unsent, held_back, .. } = &report;
    let Report { choices, drift, resources, remarks, omitted, latency, .. } = &report;
    let lists = [
        findings.len(),
        known.len(),
        stale.len(),
        inconclusive.len(),
        skipped.len(),
        unsent.len(),
        held_back.len(),
        choices.len(),
        drift.len(),
        resources.left_behind.len(),
        resources.perhaps.len(),
        remarks.len(),
        omitted.len(),
        latency.len(),
    ];
    assert!(!lists.contains(&0), "{lists:?}");
    assert!(!resources.unknown.is_empty() && !resources.ledger.is_empty() && !report.cut_short.is_empty());
    // What is broken in the status, and in a field; a valid request that is refused; an answer that never came; what entails something; what two steps show.
    assert!(findings.iter().any(|finding| finding.pointer.is_empty() && !finding.is_refusal_of_valid));
    assert!(findings.iter().any(|finding| !finding.pointer.is_empty() && !finding.entails.is_empty()));
    assert!(findings.iter().any(|finding| finding.is_refusal_of_valid));
    assert!(findings.iter().any(|finding| finding.exchanges.iter().any(|exchange| exchange.answer.is_none())));
    assert!(findings.iter().any(|finding| finding.exchanges.len() > 1));
    assert!(findings.iter().any(|finding| finding.shown_by > 1));
    assert!(findings.iter().any(|finding| finding.is_intermittent));
}
