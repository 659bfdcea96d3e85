//! The loop: sends each probe's script, has the answers judged, and removes at once what they created.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::exchange::{Credential, Exchange, Request, Trouble};
use crate::judge::{Census, Judgement, judge};
use crate::probe::Probe;
use crate::snapshot;
use crate::suite::Suite;
use crate::target::{Cleanup, Target};

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
    /// What was sent and what came; kept for probes that did not pass.
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
    /// Too many probes in a row got no answer.
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
    #[error("{endpoint} answers 401 to {}", if *.has_token { "the token; it may be wrong or expired" } else { "a request without a token; give one" })]
    NotAuthenticated {
        /// Where.
        endpoint: String,
        /// Whether a token was given.
        has_token: bool,
    },
}

/// After so many probes in a row without an answer, the rest would only wait.
const MOST_UNANSWERED: usize = 8;

/// Asks the target for something that does not exist: does it answer at all, and does it take the token?
pub async fn reach(suite: &Suite, target: &Target) -> Result<(), Unassessable> {
    let read = &suite.contract.operations[suite.contract.creation.lifecycle.read];
    let request = Request {
        method: read.method.clone(),
        path: read.path.fill(&uuid::Uuid::new_v4().to_string()),
        headers: Vec::new(),
        body: None,
        credential: if target.has_token() { Credential::Good } else { Credential::Absent },
    };
    let endpoint = target.endpoint().to_string();
    match target.send(request).await.outcome {
        Err(trouble) => Err(Unassessable::Unreachable { endpoint, trouble }),
        Ok(response) if response.status == 401 => {
            Err(Unassessable::NotAuthenticated { endpoint, has_token: target.has_token() })
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
    let (mut census, mut unanswered, mut ending) = (Census::default(), 0, Ending::Complete);
    let mut outcomes = Vec::with_capacity(planned);
    loop {
        while under_way.len() < options.concurrency && ending == Ending::Complete {
            if options.stop.load(Ordering::Relaxed) {
                ending = Ending::Interrupted;
            } else if let Some((index, probe)) = waiting.next() {
                let (suite, target) = (Arc::clone(suite), Arc::clone(target));
                under_way.spawn(async move { (index, perform(&suite, probe, &target).await) });
            } else {
                break;
            }
        }
        let Some(joined) = under_way.join_next().await else { break };
        let (index, mut outcome) = joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        census.add(&mut outcome.judgement);
        outcome.verdict = verdict(&outcome, options.is_strict);
        if outcome.verdict == Verdict::Pass {
            outcome.exchanges.clear();
        }
        unanswered = if outcome.is_unanswered() { unanswered + 1 } else { 0 };
        if unanswered == MOST_UNANSWERED && ending == Ending::Complete {
            ending = Ending::TargetLost;
        }
        tell(&outcome);
        outcomes.push((index, outcome));
    }
    outcomes.sort_by_key(|(index, _)| *index);
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    Run { outcomes, planned, requests: target.request_count(), elapsed: begin.elapsed(), ending }
}

/// Performs one probe: sends it, judges it, and removes what it created.
pub(crate) async fn perform(suite: &Suite, probe: Arc<Probe>, target: &Target) -> Outcome {
    let contract = &suite.contract;
    let needs_token = probe.script.steps.iter().any(|step| step.request.credential.needs_token());
    if needs_token && !target.has_token() {
        let judgement = Judgement { inconclusive: Some("it needs a token".to_owned()), ..Judgement::default() };
        return Outcome {
            probe,
            verdict: Verdict::Skipped,
            judgement,
            exchanges: Vec::new(),
            cleanup: Cleanup::default(),
        };
    }
    let exchanges = target.perform(&probe.script).await;
    let mut judgement = judge(contract, &probe, &exchanges);
    snapshot::add_drift(suite, &probe, &exchanges, &mut judgement);
    let cleanup = target.clean(contract, &exchanges).await;
    Outcome { probe, verdict: Verdict::Inconclusive, judgement, exchanges, cleanup }
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
    fn is_unanswered(&self) -> bool {
        self.verdict == Verdict::Inconclusive && self.exchanges.last().is_some_and(|exchange| exchange.outcome.is_err())
    }
}
