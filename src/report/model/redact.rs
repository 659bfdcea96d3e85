//! Takes the secrets out of a report: out of each text before it is rendered, so that no format has to, and none can be broken by it.

use super::{Body, Exchange, Header, Report};
use crate::secret::Secrets;

/// Takes every secret out of every text that anybody but this program has chosen a part of.
pub(super) fn redact(report: &mut Report, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let Report { target, suite, findings, known, stale, choices, drift, resources, remarks, cut_short, .. } = report;
    [&mut target.endpoint, &mut suite.name, &mut suite.version, &mut suite.title, cut_short]
        .into_iter()
        .for_each(clean);
    remarks.iter_mut().chain(&mut report.held_back).for_each(clean);
    for clause in &mut report.clauses {
        [&mut clause.text, &mut clause.source, &mut clause.file, &mut clause.why].into_iter().for_each(clean);
    }
    for deviation in known.iter_mut().chain(stale) {
        [&mut deviation.cause, &mut deviation.because].into_iter().for_each(clean);
    }
    for cause in report.inconclusive.iter_mut().chain(&mut report.skipped).chain(&mut report.unsent) {
        [&mut cause.text, &mut cause.example].into_iter().for_each(clean);
    }
    for choice in choices {
        [&mut choice.title, &mut choice.because, &mut choice.taken].into_iter().for_each(clean);
    }
    for drift in drift {
        [&mut drift.pointer, &mut drift.text].into_iter().for_each(clean);
    }
    for left in resources.left_behind.iter_mut().chain(&mut resources.perhaps) {
        [&mut left.id, &mut left.origin].into_iter().for_each(clean);
    }
    [&mut resources.unknown, &mut resources.ledger].into_iter().for_each(clean);
    for finding in findings {
        let texts = [&mut finding.cause, &mut finding.text, &mut finding.source, &mut finding.pointer];
        texts.into_iter().for_each(clean);
        let texts = [&mut finding.expected, &mut finding.got, &mut finding.probe, &mut finding.title];
        texts.into_iter().for_each(clean);
        [&mut finding.file, &mut finding.command].into_iter().chain(&mut finding.curl).for_each(clean);
        finding.exchanges.iter_mut().for_each(|exchange| redact_exchange(exchange, secrets));
    }
}

/// Takes every secret out of a request and what came of it.
pub(in crate::report) fn redact_exchange(exchange: &mut Exchange, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let header = |Header { name, value }: &mut Header| [name, value].into_iter().for_each(clean);
    let body = |Body { text, .. }: &mut Body| clean(text);
    clean(&mut exchange.path);
    clean(&mut exchange.trouble);
    exchange.headers.iter_mut().for_each(header);
    body(&mut exchange.body);
    if let Some(answer) = &mut exchange.answer {
        answer.headers.iter_mut().for_each(header);
        body(&mut answer.body);
    }
}
