//! Takes the secrets out of a report: out of each text before it is rendered, so that no format has to, and none can be broken by it.
//!
//! Each field of what holds a text of somebody else is named here, so that none can be added and forgotten.

use super::{
    Answer, Body, Cause, Choice, Clause, Deviation, Drift, Entailed, Exchange, Finding, Header, Left, Omitted,
    ProbeResult, Report, Resources, Suite, Target,
};
use crate::secret::Secrets;

/// Takes every secret out of every text that anybody but this program has chosen a part of.
pub(super) fn redact(report: &mut Report, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let Report {
        target: Target { endpoint, is_stub: _ },
        suite: Suite { name, version, title },
        cut_short,
        each_probe,
        clauses,
        findings,
        known,
        stale,
        inconclusive,
        skipped,
        unsent,
        held_back,
        choices,
        drift,
        resources,
        remarks,
        omitted,
        // The program's own.
        format: _,
        program_version: _,
        date: _,
        seconds: _,
        seed: _,
        shard: _,
        plan: _,
        verdict: _,
        exit_code: _,
        is_complete: _,
        is_strict: _,
        probes: _,
        requests: _,
        budgets: _,
        // The calls of the contract, and numbers.
        latency: _,
    } = report;
    [endpoint, name, version, title, cut_short].into_iter().for_each(clean);
    remarks.iter_mut().chain(held_back).for_each(clean);
    for ProbeResult { id, why, broken, phase: _, verdict: _, took_ms: _ } in each_probe {
        [id, why].into_iter().chain(broken).for_each(clean);
    }
    for clause in clauses {
        redact_clause(clause, secrets);
    }
    for Deviation { clause, cause, because, probes: _ } in known.iter_mut().chain(stale) {
        [clause, cause, because].into_iter().for_each(clean);
    }
    for Cause { text, example, probes: _ } in inconclusive.iter_mut().chain(skipped).chain(unsent) {
        [text, example].into_iter().for_each(clean);
    }
    for Choice { title, because, taken, times: _ } in choices {
        [title, because, taken].into_iter().for_each(clean);
    }
    for Drift { pointer, text, times: _ } in drift {
        [pointer, text].into_iter().for_each(clean);
    }
    omitted.iter_mut().map(|Omitted { what, count: _ }| what).for_each(clean);
    redact_resources(resources, secrets);
    for finding in findings {
        redact_finding(finding, secrets);
    }
}

fn redact_clause(clause: &mut Clause, secrets: &Secrets) {
    let Clause { id, text, source, file, line: _, verdict: _, probes: _, why } = clause;
    for text in [id, text, source, file, why] {
        *text = secrets.redact_text(text);
    }
}

fn redact_resources(resources: &mut Resources, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let Resources { created: _, removed: _, staying: _, left_behind, perhaps, unknown, ledger } = resources;
    for Left { id, origin } in left_behind.iter_mut().chain(perhaps) {
        [id, origin].into_iter().for_each(clean);
    }
    [unknown, ledger].into_iter().for_each(clean);
}

fn redact_finding(finding: &mut Finding, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let Finding {
        clause,
        cause,
        text,
        source,
        shown_by: _,
        assessed_by: _,
        is_intermittent: _,
        pointer,
        expected,
        got,
        probe,
        title,
        file,
        line: _,
        is_refusal_of_valid: _,
        exchanges,
        command,
        curl,
        entails,
    } = finding;
    let texts = [clause, cause, text, source, pointer, expected, got, probe, title, file, command];
    texts.into_iter().chain(curl).for_each(clean);
    for Entailed { clause, text, probes: _ } in entails {
        [clause, text].into_iter().for_each(clean);
    }
    for exchange in exchanges {
        redact_exchange(exchange, secrets);
    }
}

/// Takes every secret out of a request and what came of it.
pub(in crate::report) fn redact_exchange(exchange: &mut Exchange, secrets: &Secrets) {
    let clean = |text: &mut String| *text = secrets.redact_text(text);
    let header = |Header { name, value }: &mut Header| [name, value].into_iter().for_each(clean);
    // What it showed as its token is a word of this program.
    let Exchange { method, path, headers, credential: _, body: Body { text, bytes: _ }, answer, error } = exchange;
    [method, path, text, error].into_iter().for_each(clean);
    headers.iter_mut().for_each(header);
    if let Some(Answer { status: _, headers, body: Body { text, bytes: _ }, at: _, took_ms: _ }) = answer {
        headers.iter_mut().for_each(header);
        clean(text);
    }
}
