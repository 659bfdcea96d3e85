//! A whole run, with every record of it.

use std::sync::Arc;

use ims_conformance::client::Target;
use ims_conformance::plan::Plan;
use ims_conformance::results::{Question, Results};
use ims_conformance::run::{Event, Options, Record, Terms, run};
use ims_conformance::suite::Suite;

/// What a run did and what it amounts to.
pub(crate) struct Whole {
    /// The probes that were performed, in the order of the plan.
    pub(crate) records: Vec<Record>,
    pub(crate) results: Results,
}

/// One probe at a time, with no look before, and no smaller examples.
pub(crate) const PLAIN: Options =
    Options { concurrency: 1, looks_first: false, shrinks: false, terms: Terms::NONE, fail_fast: None };

/// Performs a run.
pub(crate) async fn whole(suite: &Arc<Suite>, plan: &Plan, target: &Arc<Target>, options: &Options) -> Whole {
    let mut records = Vec::new();
    let keep = |event: &Event, _: &_| {
        if let Event::Performed(record) = event {
            records.push(record.clone());
        }
    };
    let results = run(suite, plan, target, options, Question::default(), keep).await;
    let results = results.unwrap_or_else(|error| panic!("{error}"));
    records.sort_by_key(|record| record.place);
    Whole { records, results }
}
