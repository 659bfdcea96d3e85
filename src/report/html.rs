//! The report as one page that needs nothing else: no network, no framework, on a screen, a phone or paper.
//!
//! The page itself is `html/page.html`, in which every text is escaped. Here is what it has to know beyond the [`Report`]: which clause stands where in
//! the matrix, and which line of an answer the finding is about.

mod plot;

use std::collections::BTreeSet;

use askama::Template;

use self::plot::Plot;
use super::markdown::as_text;
use super::matrix::{Area, areas};
use super::model::{Clause, ClauseVerdict, Exchange, Finding, Report};
use crate::untrusted::visible;

/// So many findings are named at once below the verdict, so that nobody has to look for them.
const FIRST: usize = 10;

/// So many characters of what was expected and came are told of each.
const SHORT: usize = 240;

/// The page.
#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    areas: Vec<Area<'a>>,
    findings: Vec<Section<'a>>,
    /// How many clauses came to what.
    counts: Vec<(ClauseVerdict, usize)>,
    /// How long answers took, a plot for each call.
    plots: Vec<Plot<'a>>,
    /// Not assessed, each reason once.
    missing: Vec<(&'a str, Vec<&'a str>)>,
}

/// One finding, with what stands side by side.
struct Section<'a> {
    finding: &'a Finding,
    anchor: String,
    pairs: Vec<Pair>,
}

/// A request, and the lines of its answer, those marked that the finding is about.
struct Pair {
    request: String,
    answer: Vec<(bool, String)>,
}

/// The report as a page.
///
/// # Errors
///
/// Where the template cannot be filled, which no text of a report can cause.
pub fn render(report: &Report) -> Result<String, askama::Error> {
    let verdicts = [
        ClauseVerdict::Broken,
        ClauseVerdict::Known,
        ClauseVerdict::Entailed,
        ClauseVerdict::Holds,
        ClauseVerdict::NotAssessed,
    ];
    let count = |verdict| report.clauses.iter().filter(|clause| clause.verdict == verdict).count();
    let page = Page {
        report,
        areas: areas(&report.clauses),
        findings: report.findings.iter().enumerate().map(|(index, finding)| section(report, index, finding)).collect(),
        counts: verdicts.into_iter().map(|verdict| (verdict, count(verdict))).collect(),
        plots: report.latency.iter().map(Plot::of).collect(),
        missing: missing(report),
    };
    page.render().map(|text| visible(&text).into_owned())
}

impl ClauseVerdict {
    /// What stands for it beside its colour.
    fn sign(self) -> &'static str {
        match self {
            Self::Broken => "✗",
            Self::Known => "≈",
            Self::Entailed => "↳",
            Self::Holds => "✓",
            Self::NotAssessed => "·",
        }
    }

    /// Its name in the style sheet.
    fn class(self) -> String {
        self.text().replace(' ', "-")
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    let begin: String = text.chars().take(SHORT).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}

/// Where a clause leads to: its first finding, or its own line.
fn target(report: &Report, clause: &Clause) -> String {
    match report.findings.iter().position(|finding| finding.clause == clause.id) {
        Some(index) => format!("#finding-{index}"),
        None => format!("#clause-{}", clause.id),
    }
}

fn section<'a>(report: &Report, index: usize, finding: &'a Finding) -> Section<'a> {
    let last = finding.exchanges.len().saturating_sub(1);
    let pair = |(step, exchange): (usize, &Exchange)| pair(report, finding, exchange, step == last);
    Section {
        finding,
        anchor: format!("finding-{index}"),
        pairs: finding.exchanges.iter().enumerate().map(pair).collect(),
    }
}

/// A request beside its answer; JSON is told line by line, so that the line that is wrong can be marked.
fn pair(report: &Report, finding: &Finding, exchange: &Exchange, is_wrong: bool) -> Pair {
    let mut request = exchange.clone();
    request.answer = None;
    request.error = String::new();
    request.body.text = pretty(&request.body.text);
    let request = as_text(&request).trim_end().trim_end_matches("no answer:").trim_end().to_owned();
    let request = format!("{request}\n\n(token: {}; to {})", exchange.credential, report.target.endpoint);
    let Some(answer) = &exchange.answer else {
        return Pair { request, answer: vec![(is_wrong, format!("no answer: {}", exchange.error))] };
    };
    let is_whole = finding.pointer.is_empty();
    let mut lines = vec![(is_wrong && is_whole, format!("HTTP/1.1 {}", answer.status))];
    lines.extend(answer.headers.iter().map(|header| (false, format!("{}: {}", header.name, header.value))));
    lines.push((false, String::new()));
    let key = finding.pointer.split('/').nth(1).map(|key| format!("  {}:", serde_json::Value::from(key)));
    let mut is_marked = false;
    for line in pretty(&answer.body.text).lines() {
        // A value of several lines is marked to its end.
        let begins_field = line.starts_with("  \"") || line.starts_with('}');
        let begins_it = key.as_ref().is_some_and(|key| line.starts_with(key));
        is_marked = begins_it || (is_marked && !begins_field);
        lines.push((is_wrong && is_marked, line.to_owned()));
    }
    Pair { request, answer: lines }
}

/// JSON with a line for each value; another text as it is, and so is JSON that would not say the same afterwards, as it repeats a key or writes a number in
/// another way.
fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text).ok();
    let dense = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    let same = value.filter(|value| dense(&value.to_string()) == dense(text));
    same.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}

fn missing(report: &Report) -> Vec<(&str, Vec<&str>)> {
    let missing = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::NotAssessed);
    let reasons: BTreeSet<&str> = missing.clone().map(|clause| clause.why.as_str()).collect();
    let of = |why: &str| missing.clone().filter(|clause| clause.why == why).map(|clause| clause.id.as_str()).collect();
    reasons.into_iter().map(|why| (why, of(why))).collect()
}
