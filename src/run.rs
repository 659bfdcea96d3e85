//! The loop: sends each probe's script, has the answers judged, and removes at once what they created.

mod reconcile;
mod verify_deletion;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::client::{Cleanup, Denied, Leftover, Spent, Target, created_id};
use crate::contract::Contract;
use crate::exchange::{Exchange, Request, SendError, TokenVariant};
use crate::judge::{Judgement, RunInvariants, judge};
use crate::plan;
use crate::probe::Probe;
use crate::snapshot;
use crate::suite::Suite;
use crate::untrusted::Untrusted;

pub use reconcile::{drop_removed, reconcile};

/// What a run may do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many probes are under way at once.
    pub concurrency: usize,
    /// Whether what nobody documents makes a probe fail.
    pub is_strict: bool,
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
    /// Something went wrong on the way; nothing is known.
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

/// A probe that was to be sent, and was not.
#[derive(Clone, Debug)]
pub struct Unsent {
    /// The probe.
    pub probe: Arc<Probe>,
    /// The budget that it alone may exceed; `None` where the run ended before it was its turn.
    pub beyond: Option<Spent>,
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
    /// The others, in the order of the plan.
    pub unsent: Vec<Unsent>,
    /// How many probes the plan had.
    pub planned: usize,
    /// How many requests were sent, those of the clean-up included.
    pub requests: u64,
    /// How many of them were sent before the first probe, to see who answers and what is there.
    pub first_requests: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PreflightError {
    /// The target does not answer.
    #[error("{endpoint}{way} does not answer: {trouble}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What is on the way there.
        way: String,
        /// Why.
        trouble: SendError,
    },
    /// The target sends everybody elsewhere. That is not followed: the token would go to where nobody sent it.
    #[error("{endpoint} answers {status}, a redirect{}; redirects are not followed, name the right address", to(.location))]
    Redirected {
        /// Where.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// Where it leads, if it says so.
        location: Untrusted,
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

fn to(location: &Untrusted) -> String {
    if location.is_empty() { String::new() } else { format!(" to {location:.300}") }
}

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
pub async fn preflight(suite: &Suite, target: &Target) -> Result<(), PreflightError> {
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
        Err(trouble) => Err(PreflightError::Unreachable { endpoint, way: target.way(), trouble }),
        Ok(response) if response.status == 401 => {
            let has_credential = target.usual_credential() == TokenVariant::Good;
            let clock = response.clock_ahead().map(time::Duration::whole_minutes);
            let clock = clock.filter(|minutes| target.signs() && minutes.abs() >= LONGEST_SIGNATURE);
            Err(PreflightError::NotAuthenticated { endpoint, has_credential, clock })
        }
        Ok(response) if (300..400).contains(&response.status) => {
            let location = response.header("location").unwrap_or_default().into();
            Err(PreflightError::Redirected { endpoint, status: response.status, location })
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
    let first_requests = look_around(target).await;
    let mut waiting = probes.into_iter().map(Arc::new).enumerate();
    let mut under_way = JoinSet::new();
    let (mut invariants, mut inconclusive, mut ending) = (RunInvariants::default(), 0, Ending::Complete);
    let (mut outcomes, mut unsent) = (Vec::with_capacity(planned), Vec::new());
    // A probe gives its slot back when only a service that forgets late holds it up.
    let slots = Arc::new(Semaphore::new(options.concurrency));
    loop {
        let slot = async {
            let is_over = ending != Ending::Complete || waiting.len() == 0;
            if is_over { None } else { Arc::clone(&slots).acquire_owned().await.ok() }
        };
        let joined = tokio::select! {
            biased;
            Some(slot) = slot => {
                match target.halted() {
                    Some(halted) => ending = halted.into(),
                    None => if let Some((index, probe)) = waiting.next() {
                        let (suite, target) = (Arc::clone(suite), Arc::clone(target));
                        under_way.spawn(async move { (index, perform_in(&suite, probe, &target, Some(slot)).await) });
                    },
                }
                continue;
            }
            joined = under_way.join_next() => joined,
        };
        let Some(joined) = joined else { break };
        let (index, (performed, _slot)) = joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let mut outcome = match performed {
            Ok(outcome) => outcome,
            Err((probe, why)) => {
                let beyond = if let Denied::TooLarge(spent) = why { Some(spent) } else { None };
                if beyond.is_none() && ending == Ending::Complete {
                    ending = why.into();
                }
                unsent.push((index, Unsent { probe, beyond }));
                continue;
            }
        };
        invariants.add(&suite.contract, &mut outcome.judgement, |id| target.was_there_before(id));
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
    unsent.extend(waiting.map(|(index, probe)| (index, Unsent { probe, beyond: None })));
    let (mut outcomes, unsent) = (in_order(outcomes), in_order(unsent));
    if ending == Ending::Complete {
        verify_deletion::verify(&suite.contract, target, &mut outcomes).await;
    }
    let requests = target.request_count();
    Run { outcomes, unsent, planned, requests, first_requests, elapsed: begin.elapsed(), ending }
}

/// Sees what is there, if nobody has yet; how many requests were sent until then.
async fn look_around(target: &Target) -> u64 {
    // Whether it is known what was there is seen by every probe that needs it.
    let _ = target.take_stock().await;
    target.request_count()
}

/// Performs one probe in a slot, and hands on the slot unless it was given back early; the probe and why where it was not sent.
async fn perform_in(
    suite: &Suite,
    probe: Arc<Probe>,
    target: &Target,
    mut slot: Option<OwnedSemaphorePermit>,
) -> (Result<Outcome, (Arc<Probe>, Denied)>, Option<OwnedSemaphorePermit>) {
    let performed = perform(suite, Arc::clone(&probe), target, &mut slot).await;
    (performed.map_err(|why| (probe, why)), slot)
}

fn in_order<T>(mut items: Vec<(usize, T)>) -> Vec<T> {
    items.sort_by_key(|(index, _)| *index);
    items.into_iter().map(|(_, item)| item).collect()
}

/// Performs one probe: sends it, judges it, and removes what it created; why it was not sent where the budget does not allow it, or somebody stopped the run
/// before it was its turn. The slot is given back early where all that is left is to wait.
pub(crate) async fn perform(
    suite: &Suite,
    probe: Arc<Probe>,
    target: &Target,
    slot: &mut Option<OwnedSemaphorePermit>,
) -> Result<Outcome, Denied> {
    if let Some(why) = reason_to_skip(suite, &probe, target) {
        return Ok(Outcome::skipped(probe, why.to_owned()));
    }
    let _admission = target.admit(&probe.script).await?;
    // What was found out while it waited for its turn counts, too.
    if let Some(why) = reason_to_skip(suite, &probe, target) {
        return Ok(Outcome::skipped(probe, why.to_owned()));
    }
    let mut exchanges = target.perform(&probe.script).await;
    let mut judgement = judge(&suite.contract, &probe, &exchanges);
    snapshot::add_drift(suite, &probe, &exchanges, &mut judgement);
    let cleanup = target.clean_and(&exchanges, || drop(slot.take())).await;
    reduce(&suite.contract, &probe, &mut exchanges);
    Ok(Outcome { probe, verdict: Verdict::Inconclusive, judgement, exchanges, cleanup })
}

/// Cuts the answers to what the report, and the end of the run, ask of them.
fn reduce(contract: &Contract, probe: &Probe, exchanges: &mut [Exchange]) {
    for (step, exchange) in exchanges.iter_mut().enumerate() {
        let id = created_id(contract, exchange).map(|id| (contract.creation.lifecycle.id.as_str(), Value::from(id)));
        let captures = probe.script.steps.get(step).map(|step| step.captures.as_slice()).unwrap_or_default();
        let held = &contract.operations[contract.creation.lifecycle.remove].refused_when;
        let held: Vec<_> = held.iter().map(|(name, _)| format!("/{name}")).collect();
        let pointers: Vec<_> =
            held.iter().map(String::as_str).chain(captures.iter().map(|(_, pointer)| pointer.as_str())).collect();
        if let Ok(response) = &mut exchange.outcome {
            response.reduce(&pointers, id);
        }
    }
}

/// Why a probe is not sent, if so.
fn reason_to_skip(suite: &Suite, probe: &Probe, target: &Target) -> Option<&'static str> {
    let (contract, steps) = (&suite.contract, &probe.script.steps);
    let needs_token = steps.iter().any(|step| step.request.credential.needs_token());
    if needs_token && !target.has_token() {
        return Some("it needs a token");
    }
    let mut creations = steps.iter().map(|step| &step.request).filter(|request| request.may_create(contract));
    if target.removes_nothing() && creations.clone().next().is_some() {
        return Some("it may create something, and what was created before could not be removed");
    }
    if target.protection_cannot_be_lifted() && probe.script.asks_for_delete_protection(contract) {
        return Some("it creates what must be released before it can be removed, and that was refused before");
    }
    let is_meant_to_create = probe.violation.is_none();
    let is_unmarked = |request: &Request| request.mark(contract, plan::RUN).is_none();
    if is_meant_to_create && !target.can_prove_without_mark() && creations.any(is_unmarked) {
        return Some("without a list nothing would prove that what it creates is this run's");
    }
    None
}

impl From<Denied> for Ending {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Spent(spent) | Denied::TooLarge(spent) => Self::Spent(spent),
            Denied::Stopped => Self::Interrupted,
        }
    }
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
            .filter_map(|left| if let Leftover::Id(id) = left { Some(id.raw().to_owned()) } else { None })
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
