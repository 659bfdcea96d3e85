//! The loop: sends each probe's script, has the answers judged, and removes at once what they created.

mod aftermath;
mod removal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::exchange::{Credential, Exchange, Request, Trouble};
use crate::judge::{Census, Judgement, judge};
use crate::probe::Probe;
use crate::snapshot;
use crate::suite::Suite;
use crate::target::{Cleanup, Denied, Leftover, Spent, Target};

pub use aftermath::{settle, take_back};

/// What a run may do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many probes are under way at once.
    pub concurrency: usize,
    /// Whether what nobody documents makes a probe fail.
    pub is_strict: bool,
    /// Set from outside to end the run early; what was created is still removed.
    pub stop: Arc<AtomicBool>,
}

/// What a probe came to. Only `Fail` speaks about the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every clause that it assessed holds.
    Pass,
    /// A clause is broken.
    Fail,
    /// A clause is broken, and nothing is that is not known of the target.
    Known,
    /// Trouble on the way; nothing is known.
    Inconclusive,
    /// It was not sent.
    Skipped,
}

/// One probe and what it came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The probe.
    pub probe: Arc<Probe>,
    /// What it came to.
    pub verdict: Verdict,
    /// What it showed.
    pub judgement: Judgement,
    /// What was sent and what came; kept for probes that did not pass, or left something behind.
    pub exchanges: Vec<Exchange>,
    /// What became of the resources that it created.
    pub cleanup: Cleanup,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every probe was performed.
    Complete,
    /// Somebody stopped it.
    Interrupted,
    /// A budget was spent.
    Spent(Spent),
    /// Too many probes in a row were inconclusive.
    TargetLost,
}

/// What a run did.
#[derive(Debug)]
pub struct Run {
    /// The probes in the order of the plan, as far as they were performed.
    pub outcomes: Vec<Outcome>,
    /// How many probes the plan had.
    pub planned: usize,
    /// How many requests were sent, those of the clean-up included.
    pub requests: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unassessable {
    /// The target does not answer.
    #[error("{endpoint} does not answer: {trouble}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// Why.
        trouble: Trouble,
    },
    /// The target does not take the token.
    #[error("{endpoint} answers 401 to {}{}", if *.has_credential { "the credential; it may be wrong or expired" } else { "a request without a token; give one" }, clock_hint(*.clock))]
    NotAuthenticated {
        /// Where.
        endpoint: String,
        /// Whether a credential was given.
        has_credential: bool,
        /// How many minutes this machine's clock is ahead of the target's, if that matters.
        clock: Option<i64>,
    },
}

/// Minutes for which a signature is good.
const LONGEST_SIGNATURE: i64 = 15;

fn clock_hint(minutes: Option<i64>) -> String {
    match minutes {
        Some(minutes) => format!(
            "; this machine's clock is {} minutes {} its own, and a signature is good for {LONGEST_SIGNATURE}",
            minutes.abs(),
            if minutes > 0 { "ahead of" } else { "behind" }
        ),
        None => String::new(),
    }
}

/// After so many inconclusive probes in a row, the rest would only cost time and requests.
const MOST_INCONCLUSIVE: usize = 8;

/// Asks the target for something that does not exist: does it answer at all, and does it take the token?
pub async fn reach(suite: &Suite, target: &Target) -> Result<(), Unassessable> {
    let read = &suite.contract.operations[suite.contract.creation.lifecycle.read];
    let request = Request {
        method: read.method.clone(),
        path: read.path.fill(&uuid::Uuid::new_v4().to_string()),
        headers: Vec::new(),
        body: None,
        credential: target.usual_credential(),
    };
    let endpoint = target.endpoint().to_string();
    match target.send(request).await.outcome {
        Err(trouble) => Err(Unassessable::Unreachable { endpoint, trouble }),
        Ok(response) if response.status == 401 => {
            let has_credential = target.usual_credential() == Credential::Good;
            let clock = response.clock_ahead().map(time::Duration::whole_minutes);
            let clock = clock.filter(|minutes| target.signs() && minutes.abs() >= LONGEST_SIGNATURE);
            Err(Unassessable::NotAuthenticated { endpoint, has_credential, clock })
        }
        Ok(_) => Ok(()),
    }
}

/// Performs the probes and tells each outcome as it comes.
pub async fn run(
    suite: &Arc<Suite>,
    probes: Vec<Probe>,
    target: &Arc<Target>,
    options: &Options,
    mut tell: impl FnMut(&Outcome),
) -> Run {
    let (begin, planned) = (Instant::now(), probes.len());
    let mut waiting = probes.into_iter().map(Arc::new).enumerate();
    let mut under_way = JoinSet::new();
    let (mut census, mut inconclusive, mut ending) = (Census::default(), 0, Ending::Complete);
    let mut outcomes = Vec::with_capacity(planned);
    loop {
        while under_way.len() < options.concurrency && ending == Ending::Complete {
            if options.stop.load(Ordering::Relaxed) {
                ending = Ending::Interrupted;
            } else if let Some((index, probe)) = waiting.next() {
                let (suite, target, stop) = (Arc::clone(suite), Arc::clone(target), Arc::clone(&options.stop));
                under_way.spawn(async move { (index, perform(&suite, probe, &target, &stop).await) });
            } else {
                break;
            }
        }
        let Some(joined) = under_way.join_next().await else { break };
        let (index, performed) = joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let mut outcome = match performed {
            Ok(outcome) => outcome,
            Err(why) => {
                if ending == Ending::Complete {
                    ending = why;
                }
                continue;
            }
        };
        census.add(&mut outcome.judgement);
        outcome.verdict = verdict(&outcome, options.is_strict);
        if outcome.verdict == Verdict::Pass && outcome.cleanup.leftovers.is_empty() && !outcome.was_refused() {
            outcome.exchanges.clear();
        }
        inconclusive = if outcome.verdict == Verdict::Inconclusive { inconclusive + 1 } else { 0 };
        if inconclusive == MOST_INCONCLUSIVE && ending == Ending::Complete {
            ending = Ending::TargetLost;
        }
        tell(&outcome);
        outcomes.push((index, outcome));
    }
    outcomes.sort_by_key(|(index, _)| *index);
    let mut outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    if ending == Ending::Complete {
        removal::hold(&suite.contract, target, &mut outcomes).await;
    }
    Run { outcomes, planned, requests: target.request_count(), elapsed: begin.elapsed(), ending }
}

/// Performs one probe: sends it, judges it, and removes what it created; how the run ends where the budget does not allow it, or somebody stopped the run
/// before it was its turn.
pub(crate) async fn perform(
    suite: &Suite,
    probe: Arc<Probe>,
    target: &Target,
    stop: &AtomicBool,
) -> Result<Outcome, Ending> {
    let needs_token = probe.script.steps.iter().any(|step| step.request.credential.needs_token());
    if needs_token && !target.has_token() {
        return Ok(Outcome::skipped(probe, "it needs a token".to_owned()));
    }
    if target.holds_for_good() && probe.script.asks_to_hold(&suite.contract) {
        let why = "it creates what must be released before it can be removed, and that was refused before";
        return Ok(Outcome::skipped(probe, why.to_owned()));
    }
    let _admission = match target.admit(&probe.script).await {
        Ok(admission) => admission,
        Err(Denied::Spent(spent)) => return Err(Ending::Spent(spent)),
        Err(Denied::TooLarge(spent)) => return Ok(Outcome::skipped(probe, format!("alone it may exceed {spent}"))),
    };
    if stop.load(Ordering::Relaxed) {
        return Err(Ending::Interrupted);
    }
    let exchanges = target.perform(&probe.script).await;
    let mut judgement = judge(&suite.contract, &probe, &exchanges);
    snapshot::add_drift(suite, &probe, &exchanges, &mut judgement);
    let cleanup = target.clean(&exchanges).await;
    Ok(Outcome { probe, verdict: Verdict::Inconclusive, judgement, exchanges, cleanup })
}

fn verdict(outcome: &Outcome, is_strict: bool) -> Verdict {
    let judgement = &outcome.judgement;
    if outcome.verdict == Verdict::Skipped {
        Verdict::Skipped
    } else if !judgement.mismatches.is_empty() || (is_strict && !judgement.drift.is_empty()) {
        Verdict::Fail
    } else if judgement.inconclusive.is_some() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

impl Outcome {
    fn skipped(probe: Arc<Probe>, why: String) -> Self {
        let judgement = Judgement { inconclusive: Some(why), ..Judgement::default() };
        Self { probe, verdict: Verdict::Skipped, judgement, exchanges: Vec::new(), cleanup: Cleanup::default() }
    }

    /// The ids that the target gave out to it and that could not be removed.
    fn left_ids(&self) -> impl Iterator<Item = String> {
        self.cleanup
            .leftovers
            .iter()
            .filter_map(|left| if let Leftover::Id(id) = left { Some(id.clone()) } else { None })
    }

    /// Whether what a request created is not known.
    pub fn is_lost(&self) -> bool {
        self.cleanup.leftovers.contains(&Leftover::Unknown)
    }

    /// Whether an answer was no success, so that something may still turn up that it should not have created.
    fn was_refused(&self) -> bool {
        self.exchanges.iter().filter_map(Exchange::response).any(|response| !response.is_success())
    }
}
