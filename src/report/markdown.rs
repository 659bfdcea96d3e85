//! The report as Markdown, as GitHub shows it: the summary of a step, a comment, an issue.

use std::fmt::{self, Write};

use super::model::{ClauseVerdict, Exchange, Finding, Report, Verdict};
use super::{counted, refused_over};
use crate::untrusted::visible;

/// So many findings are told whole, and so many bytes of them: the summary of a step holds 1 MiB.
const MOST_FINDINGS: usize = 50;
const MOST_BYTES: usize = 500_000;

/// So many choices, and things that nobody documents, are told.
const MOST_LINES: usize = 100;

/// The report as Markdown.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_report(&mut text, report);
    text
}

/// A text in which nothing is a mark of Markdown or HTML, on one line.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '\n' => out.push(' '),
            '&' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '|' | '\\' | '~' | '#' | '$' | '"' => {
                out.push_str(&format!("&#{};", u32::from(letter)));
            }
            // A name after it would be told: a comment parts the two, and shows nothing.
            '@' => out.push_str("@<!-- -->"),
            letter => out.push(letter),
        }
    }
    out
}

/// A runner of GitHub takes some lines of its log for commands, and a report may be printed there: such a line begins with an escape.
fn without_commands(text: &str) -> String {
    let harmless = |line: &str| {
        let command = line.trim_start();
        let indent = &line[..line.len() - command.len()];
        match command.chars().next() {
            Some(sign @ (':' | '#')) if command.starts_with("::") || command.starts_with("##[") => {
                format!("{indent}\\u{:04x}{}", u32::from(sign), &command[1..])
            }
            _ => line.to_owned(),
        }
    };
    text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
}

/// A text as a block of its own, whatever stands in it.
fn block(out: &mut String, language: &str, text: &str) -> fmt::Result {
    let text = without_commands(&visible(text));
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(out, "{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn write_report(out: &mut String, report: &Report) -> fmt::Result {
    let sign = match report.verdict {
        Verdict::Holds => "✅",
        Verdict::Broken => "❌",
        Verdict::NotAssessed | Verdict::Incomplete | Verdict::LeftBehind => "⚠",
    };
    let stub = if report.target.is_stub { "the built-in stub, " } else { "" };
    writeln!(out, "# {sign} {}: {}\n", plain(&report.suite.title), report.verdict.text())?;
    if !report.cut_short.is_empty() {
        writeln!(out, "**Cut short:** {}\n", plain(&report.cut_short))?;
    }
    let suite = format!("{} {}", report.suite.name, report.suite.version);
    writeln!(
        out,
        "{stub}{}, held against {} by ims-conformance {}",
        plain(&report.target.endpoint),
        plain(&suite),
        report.program_version
    )?;
    let shard = if report.shard.is_empty() { String::new() } else { format!(", shard {}", report.shard) };
    writeln!(out, "on {}, in {:.1} s, seed {}{shard}.\n", report.date, report.seconds, report.seed)?;
    let probes = &report.probes;
    writeln!(out, "| probes | passed | failed | known | inconclusive | skipped | not sent |")?;
    writeln!(out, "|---:|---:|---:|---:|---:|---:|---:|")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        probes.planned, probes.passed, probes.failed, probes.known, probes.inconclusive, probes.skipped, probes.unsent
    )?;
    let assessed = report.clauses.iter().filter(|clause| clause.verdict != ClauseVerdict::NotAssessed).count();
    writeln!(out, "{assessed} of {} assessed.", counted(report.clauses.len(), "clause"))?;
    let resources = &report.resources;
    writeln!(
        out,
        "{} created, {} removed, {} left behind, {} perhaps.\n",
        resources.created,
        resources.removed,
        resources.left_behind.len(),
        resources.perhaps.len()
    )?;
    write_findings(out, report)?;
    write_rest(out, report)
}

fn write_findings(out: &mut String, report: &Report) -> fmt::Result {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    let (mut told, begin) = (0, out.len());
    for (_, finding) in report.worst_first().into_iter().take(MOST_FINDINGS) {
        if out.len() - begin > MOST_BYTES {
            break;
        }
        write_finding(out, finding)?;
        told += 1;
    }
    let untold = report.findings.len() - told + report.untold();
    if untold > 0 {
        writeln!(out, "{untold} more findings are not told here.\n")?;
    }
    Ok(())
}

fn write_finding(out: &mut String, finding: &Finding) -> fmt::Result {
    writeln!(out, "### {}\n", plain(&finding.clause))?;
    let way = plain(&refused_over(finding.is_refusal_of_valid, &finding.clause, &finding.cause));
    writeln!(out, "{}{way}. {}\n", plain(&finding.text), plain(&finding.source))?;
    if !finding.pointer.is_empty() {
        writeln!(out, "- at {}", plain(&finding.pointer))?;
    }
    writeln!(out, "- expected **{}**", plain(&finding.expected))?;
    writeln!(out, "- got **{}**", plain(&finding.got))?;
    writeln!(
        out,
        "- shown by {}, such as {}: {} ({}:{})\n",
        finding.share(),
        plain(&finding.probe),
        plain(&finding.title),
        plain(&finding.file),
        finding.line
    )?;
    writeln!(out, "<details><summary>exchanges, and how to repeat them</summary>\n")?;
    for exchange in &finding.exchanges {
        block(out, "http", &as_text(exchange))?;
    }
    block(out, "sh", &finding.command)?;
    block(out, "sh", &finding.curl.join("\n"))?;
    writeln!(out, "</details>\n")?;
    for entailed in &finding.entails {
        writeln!(out, "- entails {}: {}", plain(&entailed.clause), plain(&entailed.text))?;
    }
    writeln!(out)
}

/// A request and its answer as HTTP has them.
pub(super) fn as_text(exchange: &Exchange) -> String {
    let mut text = format!("{} {}\n", exchange.method, exchange.path);
    for header in &exchange.headers {
        text.push_str(&format!("{}: {}\n", header.name, header.value));
    }
    text.push_str(&format!("\n{}\n\n", exchange.body.text));
    let Some(answer) = &exchange.answer else { return format!("{text}no answer: {}\n", exchange.error) };
    text.push_str(&format!("HTTP/1.1 {}\n", answer.status));
    for header in &answer.headers {
        text.push_str(&format!("{}: {}\n", header.name, header.value));
    }
    format!("{text}\n{}\n", answer.body.text)
}

fn write_rest(out: &mut String, report: &Report) -> fmt::Result {
    for (name, causes) in
        [("Inconclusive", &report.inconclusive), ("Skipped", &report.skipped), ("Not sent", &report.unsent)]
    {
        let lines =
            causes.iter().map(|cause| format!("{} × {}, for example {}", cause.probes, cause.text, cause.example));
        write_list(out, name, lines)?;
    }
    let known = report
        .known
        .iter()
        .map(|known| format!("{} {}: {} ({} ×)", known.clause, known.cause, known.because, known.probes));
    write_list(out, "Known deviations", known)?;
    write_list(
        out,
        "No longer seen",
        report.stale.iter().map(|stale| format!("{} {}: {}", stale.clause, stale.cause, stale.because)),
    )?;
    let resources = &report.resources;
    let left = resources.left_behind.iter().map(|left| format!("{}, {}", left.id, left.origin));
    write_list(out, "Left behind", left)?;
    write_list(
        out,
        "Perhaps left behind",
        resources.perhaps.iter().map(|left| format!("{}, {}", left.id, left.origin)),
    )?;
    let missing = report.clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::NotAssessed);
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for clause in missing {
        match reasons.iter_mut().find(|(why, _)| *why == clause.why) {
            Some((_, clauses)) => clauses.push(&clause.id),
            None => reasons.push((&clause.why, vec![&clause.id])),
        }
    }
    write_list(out, "Not assessed", reasons.iter().map(|(why, clauses)| format!("{why}: {}", clauses.join(", "))))?;
    let choices = report
        .choices
        .iter()
        .map(|choice| format!("{}: {} ({} ×; {})", choice.title, choice.taken, choice.times, choice.because));
    write_list(out, "What the documentation leaves open, and what the target chose", choices)?;
    let drift = report.drift.iter().map(|drift| format!("{}: {} ({} ×)", drift.pointer, drift.text, drift.times));
    write_list(out, "What nobody documents", drift)?;
    let latency = report.latency.iter().map(|latency| format!("{}: {}", latency.call, latency.text()));
    write_list(out, "How long answers took", latency)?;
    let remarks = report.remarks.iter().cloned().chain(report.held_back.iter().map(|text| format!("not sent: {text}")));
    write_list(out, "Remarks", remarks)?;
    write_list(out, "Left out here", report.omitted.iter().map(|omitted| format!("{} {}", omitted.count, omitted.what)))
}

pub(super) fn write_list(out: &mut String, heading: &str, lines: impl Iterator<Item = String>) -> fmt::Result {
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<details><summary>{heading}: {}</summary>\n", lines.len())?;
    for line in lines.iter().take(MOST_LINES) {
        writeln!(out, "- {}", plain(line))?;
    }
    if lines.len() > MOST_LINES {
        writeln!(out, "- and {} more", lines.len() - MOST_LINES)?;
    }
    writeln!(out, "\n</details>\n")
}

#[cfg(test)]
mod tests {
    use super::{block, plain};

    #[test]
    fn what_a_server_says_is_no_markup_and_calls_nobody() {
        assert_eq!(plain("@everyone *x*\n<b>"), "@<!-- -->everyone &#42;x&#42; &#60;b&#62;");
    }

    #[test]
    fn no_line_of_a_block_is_a_command_to_a_runner_of_github() {
        let mut out = String::new();
        block(&mut out, "", "::error::x\n  ::set-output\n##[group]\nstd::io\n#x").unwrap();
        assert_eq!(out, "```\n\\u003a:error::x\n  \\u003a:set-output\n\\u0023#[group]\nstd::io\n#x\n```\n\n");
    }
}
