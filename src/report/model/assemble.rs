//! From results to the plain data of a report.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    Band, Budgets, Cause, Choice, Clause, ClauseVerdict, Deviation, Drift, FORMAT, Finding, Latency, Left, Phase,
    ProbeResult, Probes, Report, Resources, Suite, Target, examples, limit, redact,
};
use crate::client::{Bounds, Leftover, Limits};
use crate::exit_code::ExitCode;
use crate::results::{self, Results};
use crate::run::Ending;
use crate::secret::Secrets;

/// What a report says beside the results.
#[derive(Clone, Debug)]
pub struct About {
    /// When the run ended.
    pub date: OffsetDateTime,
    /// What the run was allowed to cost.
    pub limits: Limits,
    /// The command of this program that does the run again; the id of a probe is put behind it.
    pub repeat: String,
}

impl About {
    /// When the run ended, to the second, as RFC 3339 has it, in UTC.
    pub fn when(&self) -> String {
        rfc3339(self.date.replace_nanosecond(0).unwrap_or(self.date))
    }
}

impl Report {
    /// What the results amount to, without any secret, and with no more of everything than a file should hold.
    pub fn of(results: &Results, about: &About, secrets: &Secrets) -> Self {
        let (findings, omitted) = examples::findings(results, &about.repeat);
        let code = ExitCode::of(results);
        let mut report = Self {
            format: FORMAT.to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            target: Target { endpoint: results.endpoint.clone(), is_stub: results.is_stub },
            suite: suite(results),
            date: about.when(),
            seconds: (results.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            seed: results.seed.to_string(),
            shard: results.shard.map(|(shard, _)| shard.to_string()).unwrap_or_default(),
            plan: results.shard.map(|(_, plan)| format!("{plan:016x}")).unwrap_or_default(),
            verdict: code.into(),
            exit_code: code as u8,
            is_complete: results.ending == Ending::Complete && results.unsent.is_empty(),
            cut_short: cut_short(results),
            is_strict: results.is_strict,
            probes: probes(results),
            each_probe: results.probes.iter().map(ProbeResult::from).collect(),
            clauses: clauses(results),
            findings,
            known: results.deviations.iter().map(|(deviation, count)| known(deviation, *count)).collect(),
            stale: results.stale.iter().map(|deviation| known(deviation, 0)).collect(),
            inconclusive: causes(&results.inconclusive),
            skipped: causes(&results.skipped),
            unsent: causes(&results.unsent),
            held_back: results.excluded.iter().map(|excluded| excluded.text.clone()).collect(),
            choices: choices(results),
            drift: drift(results),
            resources: resources(results),
            requests: results.requests,
            latency: results.latency.iter().map(Latency::from).collect(),
            budgets: budgets(results, &about.limits),
            remarks: remarks(results),
            omitted,
        };
        limit::fit(&mut report, results.further_probes);
        redact::redact(&mut report, secrets);
        report
    }

    /// The report of a run that did not begin, for this reason.
    pub fn not_begun(results: &Results, about: &About, why: &str, secrets: &Secrets) -> Self {
        let mut report = Self::of(results, about, secrets);
        report.cut_short = format!("the run did not begin: {}", secrets.redact_text(why));
        report.is_complete = false;
        report.probes.unsent = report.probes.planned.saturating_sub(report.probes.skipped);
        report
    }
}

pub(in crate::report) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

fn suite(results: &Results) -> Suite {
    let results::SuiteName { name, version, .. } = results.suite.clone();
    Suite { name, version, title: results.title.clone() }
}

fn cut_short(results: &Results) -> String {
    match results.ending {
        Ending::Complete if results.unsent.is_empty() => String::new(),
        Ending::Complete => "a budget was too small for some probes".to_owned(),
        Ending::Interrupted => "somebody stopped the run".to_owned(),
        Ending::Spent(spent) => format!("{spent} allowed no more"),
        Ending::FailedFast => "as many probes failed as --fail-fast allows".to_owned(),
        Ending::TargetLost => "too many probes in a row were inconclusive".to_owned(),
    }
}

fn probes(results: &Results) -> Probes {
    let sum = |causes: &[results::Cause]| causes.iter().map(|cause| cause.count).sum();
    let phase = |(phase, count): &(crate::probe::Phase, usize)| Phase { name: phase.name().to_owned(), probes: *count };
    Probes {
        planned: results.planned,
        passed: results.passed,
        failed: results.failed,
        known: results.known,
        inconclusive: sum(&results.inconclusive),
        skipped: sum(&results.skipped),
        unsent: sum(&results.unsent),
        phases: results.phases.iter().map(phase).collect(),
    }
}

/// Every clause of the contract, in its order, and what the run says of it.
pub(in crate::report) fn clauses(results: &Results) -> Vec<Clause> {
    let broken: HashSet<String> = results.findings.iter().map(|finding| finding.clause.to_string()).collect();
    let entailed = results.findings.iter().flat_map(|finding| &finding.consequences);
    let entailed: HashSet<String> = entailed.map(|consequence| consequence.clause.to_string()).collect();
    let known: HashSet<String> = results.deviations.iter().map(|(known, _)| known.clause.to_string()).collect();
    let missing = results.not_assessed.iter().map(|(clause, why)| (clause.to_string(), why.as_str()));
    let missing: HashMap<String, &str> = missing.collect();
    let verdict = |id: &str| match id {
        id if broken.contains(id) => ClauseVerdict::Broken,
        id if known.contains(id) => ClauseVerdict::Known,
        id if missing.contains_key(id) => ClauseVerdict::NotAssessed,
        id if entailed.contains(id) => ClauseVerdict::Entailed,
        _ => ClauseVerdict::Holds,
    };
    let clause = |row: &results::ClauseRow| {
        let id = row.clause.to_string();
        let verdict = verdict(&id);
        let why = missing.get(&id).filter(|_| verdict == ClauseVerdict::NotAssessed).copied().unwrap_or_default();
        let (text, source, file) = (row.text.clone(), row.source.clone(), row.file.clone());
        Clause { id, text, source, file, line: row.line, verdict, probes: row.probes, why: why.to_owned() }
    };
    results.coverage.iter().map(clause).collect()
}

fn known(deviation: &crate::baseline::Deviation, probes: usize) -> Deviation {
    Deviation {
        clause: deviation.clause.to_string(),
        cause: deviation.cause.clone().unwrap_or_default(),
        because: deviation.reason(),
        probes,
    }
}

fn causes(causes: &[results::Cause]) -> Vec<Cause> {
    let cause = |cause: &results::Cause| Cause {
        text: cause.text.clone(),
        probes: cause.count,
        example: cause.example.clone(),
    };
    causes.iter().map(cause).collect()
}

fn choices(results: &Results) -> Vec<Choice> {
    let choices = results.choices.iter().map(|(choice, times)| Choice {
        title: choice.title.clone(),
        because: choice.because.clone(),
        taken: choice.taken.to_string(),
        times: *times,
    });
    choices.collect()
}

fn drift(results: &Results) -> Vec<Drift> {
    let drift = results.drift.iter().map(|(drift, times)| Drift {
        pointer: drift.pointer.to_string(),
        text: drift.text.to_string(),
        times: *times,
    });
    drift.collect()
}

fn resources(results: &Results) -> Resources {
    let (proven, perhaps): (Vec<_>, Vec<_>) = results.leftovers.iter().partition(|(_, leftover)| leftover.is_proven());
    Resources {
        created: results.created,
        removed: results.removed,
        staying: results.staying,
        left_behind: proven.into_iter().map(left).collect(),
        perhaps: perhaps.into_iter().map(left).collect(),
        unknown: results.unlisted.map(|why| why.to_string()).unwrap_or_default(),
        ledger: results.ledger.clone().unwrap_or_default(),
    }
}

fn left((probe, leftover): &(String, Leftover)) -> Left {
    let of = |what: &str| {
        if probe.is_empty() { format!("{what} a request that was refused") } else { format!("{what} {probe}") }
    };
    let (id, origin) = match leftover {
        Leftover::Id(id) => (id.to_string(), of("created by")),
        Leftover::Listed(id) => (id.to_string(), "the list goes on showing it, although no read finds it".to_owned()),
        Leftover::Unnamed => ("something without an id".to_owned(), of("created by")),
        Leftover::Guessed(id) => (id.to_string(), of("appeared during the run; perhaps created without an id by")),
        Leftover::GivenTwice(id) => {
            (id.to_string(), of("given twice, so that nothing more was sent to it; created by"))
        }
        Leftover::Appeared(id) => (id.to_string(), "appeared during the run".to_owned()),
        Leftover::Foreign(id) => (id.to_string(), of("was there before the run, and was given out as new to")),
        Leftover::ShownOtherwise(id) => {
            (id.to_string(), of("a read shows something that this run did not create; it was given out as new to"))
        }
        Leftover::Unknown => ("perhaps something".to_owned(), of("the answer was lost to")),
    };
    Left { id, origin }
}

fn budgets(results: &Results, limits: &Limits) -> Budgets {
    Budgets {
        requests: limits.requests,
        created: limits.created,
        alive: limits.alive,
        seconds: limits.time.map(|time| time.as_secs_f64()),
        rate: limits.rate,
        are_hard: results.bounds == Bounds::Hard,
    }
}

impl From<&results::Latency> for Latency {
    fn from(latency: &results::Latency) -> Self {
        let band =
            |(limit, answers): &(Option<Duration>, usize)| Band { below_ms: limit.map(in_ms), answers: *answers };
        Self {
            call: latency.call.clone(),
            answers: latency.answers,
            median_ms: in_ms(latency.median),
            p95_ms: in_ms(latency.most),
            longest_ms: in_ms(latency.longest),
            bands: latency.bands.iter().map(band).collect(),
        }
    }
}

impl From<&results::ProbeResult> for ProbeResult {
    fn from(result: &results::ProbeResult) -> Self {
        Self {
            id: result.id.clone(),
            phase: result.phase.name().to_owned(),
            verdict: result.verdict,
            took_ms: in_ms(result.took),
            broken: result.broken.iter().map(ToString::to_string).collect(),
            why: result.why.clone(),
        }
    }
}

/// A duration in milliseconds, to the hundredth.
pub(super) fn in_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

fn remarks(results: &Results) -> Vec<String> {
    let login = results.login.iter();
    let login = login.map(|error| format!("the token ended, and the identity service gave no new one: {error}"));
    let calls = results.calls.iter();
    let calls = calls.map(|(call, availability)| format!("not used: {call}: {availability}"));
    let expired = results.expired.iter();
    let expired =
        expired.map(|known| format!("no longer known, and fails again: {}: {}", known.clause, known.reason()));
    login.chain(calls).chain(expired).collect()
}

impl Report {
    /// The findings with their places in the report, those first that most probes show: where few are named, they are.
    pub fn worst_first(&self) -> Vec<(usize, &Finding)> {
        let mut findings: Vec<_> = self.findings.iter().enumerate().collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.shown_by));
        findings
    }
}

impl Finding {
    /// What would conform and what came, and where in the answer.
    pub fn difference(&self) -> String {
        let Self { pointer, expected, got, .. } = self;
        let at = if pointer.is_empty() { String::new() } else { format!("at {pointer} ") };
        format!("{at}expected {expected}, got {got}")
    }

    /// How many probes show it, of how many that assessed the clause.
    pub fn share(&self) -> String {
        share_of(self.shown_by, self.assessed_by, self.is_intermittent)
    }
}

/// So many probes of so many, in words.
pub(in crate::report) fn share_of(shown_by: usize, assessed_by: usize, is_intermittent: bool) -> String {
    let way = if is_intermittent { ", intermittent" } else { "" };
    let noun = if assessed_by == 1 { "probe" } else { "probes" };
    format!("{shown_by} of {assessed_by} {noun}{way}")
}
