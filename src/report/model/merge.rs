//! The reports of all shards of a run as one.
//!
//! Counts are added, what several shards found is one finding, and the verdict is the gravest: that of the whole run. They ran side by side, so that it took as
//! long as the longest of them. What only the whole of a run tells, that ids differ from shard to shard or that a known deviation is seen nowhere, no merged
//! report tells.

mod add;

use std::collections::BTreeSet;
use std::str::FromStr;

use add::unite;

use super::{Report, examples, limit};
use crate::plan::Shard;
use crate::probe;

/// Why reports are not those of the shards of one run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One is of a whole run, or of several shards.
    #[error("not the report of a shard: `run --shard K/N` writes those")]
    NoShard(usize),
    /// They are shards of another number of shards, or something else that makes a run differs.
    #[error("of another run than the first report: the {what} differ, `{first:.80}` and `{other:.80}`")]
    Differs {
        /// Which one, from 1.
        number: usize,
        /// What differs.
        what: &'static str,
        /// What the first one has.
        first: String,
        /// What this one has.
        other: String,
    },
    /// One of the shards is there twice.
    #[error("shard {0} is there twice")]
    Twice(Shard),
    /// Some of the shards are not there.
    #[error("of {count} shards {} missing", missing(numbers))]
    Missing {
        /// Which ones.
        numbers: Vec<u16>,
        /// Of how many.
        count: u16,
    },
}

fn missing(numbers: &[u16]) -> String {
    const MOST: usize = 20;
    let shown: Vec<_> = numbers.iter().take(MOST).map(u16::to_string).collect();
    let more = if numbers.len() > MOST { format!(" and {} more", numbers.len() - MOST) } else { String::new() };
    format!("{}{more} {}", shown.join(", "), if numbers.len() == 1 { "is" } else { "are" })
}

impl MergeError {
    /// Which report is the wrong one, from 1, where it is one.
    pub fn number(&self) -> Option<usize> {
        match self {
            Self::NoShard(number) | Self::Differs { number, .. } => Some(*number),
            Self::Twice(_) | Self::Missing { .. } => None,
        }
    }
}

impl Report {
    /// One report of these, which are those of all shards of a run, in any order.
    ///
    /// # Errors
    ///
    /// Where they are not all shards of one run, each once.
    pub fn merged(reports: Vec<Self>) -> Result<Self, MergeError> {
        let mut shards = check(&reports)?.into_iter().zip(reports).collect::<Vec<_>>();
        shards.sort_by_key(|(shard, _)| shard.number());
        let mut reports = shards.into_iter().map(|(shard, report)| named(report, shard));
        let Some(mut whole) = reports.next() else { return Err(MergeError::Missing { numbers: vec![1], count: 1 }) };
        reports.for_each(|other| whole.add(other));
        (whole.shard, whole.plan) = (String::new(), String::new());
        whole.finish();
        Ok(whole)
    }

    /// Brings what was added into the order of a run, and cuts it to what a file should hold.
    fn finish(&mut self) {
        let place = |name: &str| probe::Phase::ALL.iter().position(|(each, _)| *each == name);
        self.each_probe.sort_by_key(|result| place(&result.phase));
        self.probes.phases.sort_by_key(|phase| place(&phase.name));
        let clauses: Vec<_> = self.clauses.iter().map(|clause| clause.id.clone()).collect();
        self.findings.sort_by_key(|finding| clauses.iter().position(|clause| *clause == finding.clause));
        for finding in &mut self.findings {
            let row = self.clauses.iter().find(|clause| clause.id == finding.clause);
            finding.assessed_by = row.map_or(0, |clause| clause.probes).max(finding.shown_by);
        }
        examples::fit(&mut self.findings, &mut self.omitted);
        let before = std::mem::take(&mut self.omitted);
        limit::fit(self, 0);
        unite(&mut self.omitted, before, |omitted| omitted.what.clone(), |more, other| more.count += other.count);
    }
}

/// The shards of which these are the reports, if they are all of one run.
fn check(reports: &[Report]) -> Result<Vec<Shard>, MergeError> {
    let shards = reports.iter().enumerate().map(|(index, report)| {
        let shard = Shard::from_str(&report.shard).map_err(|_| MergeError::NoShard(index + 1))?;
        let (first, other) = (made_by(&reports[0]), made_by(report));
        match first.into_iter().zip(other).find(|((_, first), (_, other))| first != other) {
            Some(((what, first), (_, other))) => Err(MergeError::Differs { number: index + 1, what, first, other }),
            None => Ok(shard),
        }
    });
    let shards = shards.collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(shard) = shards.iter().find(|shard| !seen.insert(shard.number())) {
        return Err(MergeError::Twice(*shard));
    }
    let count = shards.first().map_or(1, |shard| shard.count());
    let numbers: Vec<_> = (1..=count).filter(|number| !seen.contains(number)).collect();
    if numbers.is_empty() { Ok(shards) } else { Err(MergeError::Missing { numbers, count }) }
}

/// What the shards of one run have in common. Each may have a stub of its own.
fn made_by(report: &Report) -> [(&'static str, String); 8] {
    let of = report.shard.split('/').nth(1).unwrap_or_default();
    let endpoint = if report.target.is_stub { "the built-in stub" } else { &report.target.endpoint };
    [
        ("numbers of shards", of.to_owned()),
        ("targets", endpoint.to_owned()),
        ("suites", format!("{} {}", report.suite.name, report.suite.version)),
        ("versions of the program", report.program_version.clone()),
        ("seeds", report.seed.clone()),
        ("planned probes", report.plan.clone()),
        ("rules of --strict", report.is_strict.to_string()),
        ("clauses", report.clauses.iter().map(|clause| clause.id.as_str()).collect::<Vec<_>>().join(" ")),
    ]
}

/// The report with the name of its shard where a reader of the whole would ask.
fn named(mut report: Report, shard: Shard) -> Report {
    let texts = report.held_back.iter_mut().chain([&mut report.cut_short, &mut report.resources.unknown]);
    texts.filter(|text| !text.is_empty()).for_each(|text| *text = format!("shard {shard}: {text}"));
    report
}
