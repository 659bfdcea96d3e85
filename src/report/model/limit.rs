//! How much of everything a report holds. A server can make up reasons, fields and ids without end; a file that nobody can open helps nobody.

use serde::Serialize;

use super::{Omitted, Report};

/// So many of each are named, and so many bytes of them.
const MOST: usize = 500;
const MOST_BYTES: usize = 100_000;

/// So many bytes of what each probe came to are told.
const MOST_BYTES_OF_PROBES: usize = 1_500_000;

/// Cuts each list to what a file should hold, and counts the rest. So many probes were not told one by one before.
pub(super) fn fit(report: &mut Report, further_probes: usize) {
    let omitted = &mut report.omitted;
    keep(&mut report.known, "known deviations", omitted);
    keep(&mut report.stale, "stale deviations", omitted);
    keep(&mut report.inconclusive, "causes of inconclusive probes", omitted);
    keep(&mut report.skipped, "causes of skipped probes", omitted);
    keep(&mut report.unsent, "causes of probes that were not sent", omitted);
    keep(&mut report.choices, "choices", omitted);
    keep(&mut report.drift, "things that nobody documents", omitted);
    keep(&mut report.resources.left_behind, "things left behind", omitted);
    keep(&mut report.resources.perhaps, "things perhaps left behind", omitted);
    let kept = fitting(&report.each_probe, MOST_BYTES_OF_PROBES);
    omit(omitted, "probes, each by itself", report.each_probe.len() - kept + further_probes);
    report.each_probe.truncate(kept);
}

fn keep<T: Serialize>(list: &mut Vec<T>, what: &str, omitted: &mut Vec<Omitted>) {
    let kept = fitting(&list[..list.len().min(MOST)], MOST_BYTES);
    omit(omitted, what, list.len() - kept);
    list.truncate(kept);
}

/// How many of them, from the first one on, have no more bytes together.
fn fitting<T: Serialize>(list: &[T], most_bytes: usize) -> usize {
    let mut bytes = 0;
    let fits = |item: &&T| {
        bytes += serde_json::to_string(item).map_or(0, |text| text.len());
        bytes <= most_bytes
    };
    list.iter().take_while(fits).count()
}

fn omit(omitted: &mut Vec<Omitted>, what: &str, count: usize) {
    if count > 0 {
        omitted.push(Omitted { what: what.to_owned(), count });
    }
}
