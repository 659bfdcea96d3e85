//! How much of everything a report holds. A server can make up reasons, fields and ids without end; a file that nobody can open helps nobody.

use serde::Serialize;

use super::{Omitted, Report};

/// So many of each are named, and so many bytes of them.
const MOST: usize = 500;
const MOST_BYTES: usize = 100_000;

/// Cuts each list to what a file should hold, and counts the rest.
pub(super) fn fit(report: &mut Report) {
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
}

fn keep<T: Serialize>(list: &mut Vec<T>, what: &str, omitted: &mut Vec<Omitted>) {
    let mut bytes = 0;
    let fits = |item: &&T| {
        bytes += serde_json::to_string(item).map_or(0, |text| text.len());
        bytes <= MOST_BYTES
    };
    let kept = list.iter().take(MOST).take_while(fits).count();
    if kept < list.len() {
        omitted.push(Omitted { what: what.to_owned(), count: list.len() - kept });
        list.truncate(kept);
    }
}
