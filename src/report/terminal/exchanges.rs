//! What a probe sent and what came, as it happens: for whoever wants to see everything.

use std::fmt::Write;

use super::{FAINT, GREEN, RED, YELLOW};
use crate::exchange::Exchange;
use crate::run::Event;
use crate::untrusted::Untrusted;

/// So many characters of a request or an answer are shown.
const LONGEST: usize = 1000;

/// What there is to show of an event: of a probe that was performed what it came to, and its exchanges, a line for each request and each answer. The secrets are
/// still in it.
pub fn exchanges(event: &Event) -> Option<String> {
    let (Event::Performed(record) | Event::Shrunk(record)) = event else { return None };
    let judgement = &record.judgement;
    let (style, verdict) = match (judgement.mismatches.is_empty(), &judgement.inconclusive) {
        (false, _) => (RED, "failed"),
        (true, Some(_)) => (YELLOW, "inconclusive"),
        (true, None) => (GREEN, "passed"),
    };
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{style}{verdict}{style:#} {}", record.probe.id);
    for exchange in &record.exchanges {
        let _ = write_exchange(&mut text, exchange);
    }
    Some(text)
}

fn write_exchange(out: &mut String, exchange: &Exchange) -> std::fmt::Result {
    let request = &exchange.request;
    let line = |first: String, headers: &[(String, String)], body: &[u8]| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let parts = [first, headers.join(", "), String::from_utf8_lossy(body).into_owned()];
        Untrusted::from(parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("  "))
    };
    let first = format!("{} {} (token: {})", request.method, request.path, request.credential.name());
    let sent = line(first, &request.headers, request.body.as_deref().unwrap_or_default());
    writeln!(out, "  {FAINT}>{FAINT:#} {sent:.LONGEST$}")?;
    match &exchange.outcome {
        Ok(answer) => {
            let came = line(answer.status.to_string(), &answer.headers, &answer.body);
            writeln!(out, "  {FAINT}<{FAINT:#} {came:.LONGEST$}")
        }
        Err(error) => writeln!(out, "  {FAINT}<{FAINT:#} no answer: {error}"),
    }
}
