//! Does a whole run, from the first look at a target to the last request of the clean-up, and tells what happens as a stream of events.
//!
//! The order is that of [`run()`]: preflight, stock-taking, the probes, smaller examples, what was lost or left, the ledger. What the events amount to is
//! folded into [`Results`] meanwhile; nothing that was told is edited.

mod finish;
mod perform;
mod preflight;
mod record;
mod verify_deletion;

use std::sync::Arc;
use std::time::Instant;

pub(crate) use perform::{Performed, perform};
pub use preflight::{PreflightError, preflight};
pub use record::{End, Ending, Event, Found, Place, Record};

use crate::client::Target;
use crate::http::Route;
use crate::plan::Plan;
use crate::results::{Fold, Question, Results};
use crate::suite::Suite;

/// How a run goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many probes are under way at once.
    pub concurrency: usize,
    /// Whether it looks first whether the target answers at all, and does not begin where it does not.
    pub looks_first: bool,
    /// Whether smaller examples of what was found are tried.
    pub shrinks: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 1, looks_first: true, shrinks: true }
    }
}

/// Holds the target against the contract: performs the probes of the plan, tells every event as it comes, and answers what they amount to.
///
/// # Errors
///
/// Where the target does not answer, sends everybody elsewhere, does not take the token, or does not know the call; then nothing was created.
pub async fn run(
    suite: &Arc<Suite>,
    plan: &Plan,
    target: &Arc<Target>,
    options: &Options,
    question: Question,
    mut observe: impl FnMut(&Event, &Fold),
) -> Result<Results, PreflightError> {
    let begin = Instant::now();
    if let Err(error) = look(suite, target, options).await {
        if let Some(ledger) = target.ledger() {
            // Nothing was created; a file that cannot be removed does no harm.
            let _ = ledger.discard();
        }
        return Err(error);
    }
    let first_requests = target.request_count();
    let mut fold = Fold::new(suite, plan, question);
    let mut tell = |event: Event, fold: &mut Fold| {
        observe(&event, fold);
        fold.add(event, |id| target.was_there_before(id));
    };
    let ending = perform::all(suite, plan, target, options, &mut fold, &mut tell).await;
    if ending == Ending::Complete {
        verify_deletion::verify(&suite.contract, target, &mut fold, &mut tell).await;
        if options.shrinks {
            finish::shrink(suite, target, &mut fold, &mut tell).await;
        }
    }
    finish::reconcile(&suite.contract, plan, target, &mut fold, &mut tell).await;
    let ledger = finish::close_ledger(&suite.contract, target, &mut fold, &mut tell).await;
    let end = End {
        ending,
        endpoint: target.endpoint().to_string(),
        run_id: target.run_id().to_owned(),
        // What a run signs, a person repeats with a token.
        has_token: target.has_token() || target.signs(),
        route: target.route().cloned().unwrap_or(Route::USUAL),
        login: target.login_trouble(),
        requests: target.request_count(),
        first_requests,
        elapsed: begin.elapsed(),
        bounds: target.bounds(),
        ledger,
    };
    tell(Event::Ended(end.clone()), &mut fold);
    Ok(fold.finish(&end))
}

async fn look(suite: &Suite, target: &Target, options: &Options) -> Result<(), PreflightError> {
    if !options.looks_first {
        let _ = target.take_stock().await;
        return Ok(());
    }
    preflight(&suite.contract, target).await?;
    preflight::take_stock(target).await
}
