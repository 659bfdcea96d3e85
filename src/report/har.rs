//! The exchanges that show findings as a HAR 1.2 archive, for the viewers that people have, under a page for each finding. A token is not in it, and what it
//! was made from is said beside the request.

use serde::Serialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::model::{Exchange, Finding, Header, Report, rfc3339};
use crate::untrusted::visible;

/// What came, as HAR has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: usize,
    mime_type: &'a str,
    text: &'a str,
}

/// The exchanges of all findings as HAR.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let findings = report.findings.iter().enumerate();
    let pages: Vec<_> = findings.clone().map(|(index, finding)| page(report, index, finding)).collect();
    let exchanges =
        findings.flat_map(|(index, finding)| finding.exchanges.iter().map(move |each| (index, finding, each)));
    let entries: Vec<_> = exchanges.map(|(index, finding, exchange)| entry(report, index, finding, exchange)).collect();
    let mut comment = format!("{} at {}: {}", report.suite.title, report.target.endpoint, report.verdict.text());
    if !report.cut_short.is_empty() {
        comment.push_str(&format!("; {}", report.cut_short));
    }
    for omitted in &report.omitted {
        comment.push_str(&format!("; left out: {} {}", omitted.count, omitted.what));
    }
    let creator = json!({"name": "ims-conformance", "version": report.program_version});
    let log =
        json!({"log": {"version": "1.2", "creator": creator, "pages": pages, "entries": entries, "comment": comment}});
    let mut text = serde_json::to_string_pretty(&log)?;
    text.push('\n');
    Ok(visible(&text).into_owned())
}

/// A finding, as what a viewer puts its exchanges under.
fn page(report: &Report, index: usize, finding: &Finding) -> Value {
    json!({
        "startedDateTime": finding.exchanges.first().map_or_else(|| report.date.clone(), |exchange| began(report, exchange)),
        "id": page_id(index),
        "title": format!("{}: {}", finding.clause, finding.text),
        "pageTimings": {},
    })
}

fn page_id(index: usize) -> String {
    format!("finding-{index}")
}

/// When the request was sent: so long before its answer was there.
fn began(report: &Report, exchange: &Exchange) -> String {
    let Some(answer) = &exchange.answer else { return report.date.clone() };
    let at = OffsetDateTime::parse(&answer.at, &Rfc3339).ok();
    let began = at.and_then(|at| at.checked_sub(Duration::seconds_f64(answer.took_ms / 1e3)));
    began.map_or_else(|| answer.at.clone(), rfc3339)
}

/// How many milliseconds the answer took.
fn took(exchange: &Exchange) -> f64 {
    exchange.answer.as_ref().map_or(0.0, |answer| answer.took_ms)
}

fn entry(report: &Report, index: usize, finding: &Finding, exchange: &Exchange) -> Value {
    json!({
        "pageref": page_id(index),
        "startedDateTime": began(report, exchange),
        "time": took(exchange),
        "request": request(report, exchange),
        "response": response(exchange),
        "cache": {},
        // All three are required, and were measured together.
        "timings": {"send": 0, "wait": took(exchange), "receive": 0, "comment": "all of it is told as `wait`"},
        "comment": format!(
            "{}, {}: {}; the token was {}",
            finding.clause,
            finding.share(),
            finding.difference(),
            exchange.credential,
        ),
    })
}

fn request(report: &Report, exchange: &Exchange) -> Value {
    let (_, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
    let query = url::form_urlencoded::parse(query.as_bytes());
    let query: Vec<_> = query.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut request = json!({
        "method": exchange.method,
        "url": as_uri(&format!("{}{}", report.target.endpoint.trim_end_matches('/'), exchange.path)),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&exchange.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": exchange.body.bytes,
    });
    if !exchange.body.text.is_empty() {
        request["postData"] = json!({"mimeType": media_type(&exchange.headers), "text": exchange.body.text});
    }
    request
}

/// The address with an escape for each byte that no address holds: a probe may send such a one on purpose, and a viewer that reads addresses would reject the
/// whole file.
fn as_uri(address: &str) -> String {
    let bytes = address.as_bytes();
    let is_escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let shown = bytes.iter().enumerate().map(|(at, byte)| match byte {
        b'%' if is_escape(at) => "%".to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    shown.collect()
}

fn response(exchange: &Exchange) -> Value {
    let (status, all, body) = match &exchange.answer {
        Some(answer) => (answer.status, answer.headers.as_slice(), answer.body.clone()),
        None => (0, [].as_slice(), super::model::Body::default()),
    };
    json!({
        "status": status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(all),
        "content": Content { size: body.bytes, mime_type: media_type(all), text: &body.text },
        "redirectURL": header(all, "location"),
        "headersSize": -1,
        "bodySize": body.bytes,
        "comment": exchange.error,
    })
}

fn headers(headers: &[Header]) -> Vec<Value> {
    headers.iter().map(|Header { name, value }| json!({"name": name, "value": value})).collect()
}

fn header<'a>(headers: &'a [Header], name: &str) -> &'a str {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|header| header.value.as_str()).unwrap_or_default()
}

fn media_type(headers: &[Header]) -> &str {
    Some(header(headers, "content-type")).filter(|text| !text.is_empty()).unwrap_or("application/octet-stream")
}
