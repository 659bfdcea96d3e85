//! `run`: holds an endpoint, or the stub, against the contract.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::budget::{BudgetArguments, Decision, Locality, Marks};
use super::named::Named;
use super::selection::SelectionArguments;
use super::target::TargetArguments;
use super::watch::Watch;
use super::{Failure, SuiteChoice};
use crate::baseline::Baseline;
use crate::client::{Access, Appeared, Leftover, Setup, Target, Token, Unlisted};
use crate::console::Console;
use crate::document;
use crate::exit_code::ExitCode;
use crate::judge::Mismatch;
use crate::ledger::{self, Ledger, Record};
use crate::plan::{Seed, plan};
use crate::probe::Probe;
use crate::report::{Context, Report, apply_baseline, terminal};
use crate::run::{Ending, Options, Outcome, Run, Verdict, drop_removed, preflight, reconcile, run};
use crate::secret::Secrets;
use crate::shrink::shrink;
use crate::stub::{Stub, StubService};
use crate::suite::{Suite, read_text};
use crate::sweep::{SweepReport, sweep};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    suite: SuiteChoice,
    /// File with deviations that are known of the endpoint, beside those of the suite
    #[arg(long, alias = "known", value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Fail on what nobody documents, and on known deviations that are stale, too
    #[arg(long)]
    strict: bool,
    /// Folder in which every finding is saved as a case file
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Show every clause that was not assessed
    #[arg(long, short)]
    verbose: bool,
    /// Send bodies as they are, without the mark that proves what they create to be this run's
    #[arg(long)]
    no_mark: bool,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    budget: BudgetArguments,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    let selection = arguments.selection.selection();
    let baseline = arguments.baseline(&suite)?;
    let probes = plan(&suite, &selection).map_err(|error| Failure::WrongUse(error.to_string()))?;
    let (target, locality, _stub) = arguments.connect(&suite, console).await?;
    let Decision { probes, excluded, jobs, .. } = arguments.prepare(&suite, locality, probes)?;
    let begin = Instant::now();
    let (mut watch, progress) = Watch::new(console, probes.len());
    let target = target.with_progress(progress);
    preflight(&suite, &target).await.map_err(|error| Failure::NotAssessed(error.to_string()))?;
    let target = Arc::new(arguments.with_ledger(&suite, target, locality, console.secrets())?);
    stop_on_ctrl_c(console, &target);
    take_stock(&target).await?;
    let options = Options { concurrency: jobs, is_strict: arguments.strict };
    let mut done = perform(&suite, probes, &target, &options, &baseline, &mut watch).await;
    let end = End::of(&suite, &target, &baseline, selection.seed, &mut done).await;
    drop(watch);
    done.elapsed = begin.elapsed();
    apply_baseline(&suite.contract, &baseline, arguments.strict, &mut done.outcomes, &end.shrunk);
    let login = target.login_trouble();
    let context = Context {
        endpoint: &target.endpoint().to_string(),
        is_stub: locality == Locality::Stub,
        login: login.as_deref(),
        // What a run signs, a person repeats with a token.
        has_token: target.has_token() || target.signs(),
        route: target.route(),
        seed: selection.seed,
        baseline: Some((&baseline, &selection)),
        is_strict: arguments.strict,
        appeared: &end.appeared,
        shrunk: &end.shrunk,
        excluded: &excluded,
        unlisted: end.unlisted,
        bounds: target.bounds(),
        ledger: end.ledger.as_deref(),
    };
    let report = Report::new(&suite.contract, &done, &context);
    console.print(&terminal::render(&report, arguments.verbose));
    if let Some(dir) = &arguments.save {
        save(&report, dir, console)?;
    }
    Ok(ExitCode::of(&report))
}

impl Arguments {
    /// What is known of the endpoint: the suite's list and the operator's. The stub keeps the contract, so that nothing is known of it.
    fn baseline(&self, suite: &Suite) -> Result<Baseline, Failure> {
        match (self.target.named()? != Named::Stub, &self.baseline) {
            (false, None) => Ok(Baseline::default()),
            (false, Some(_)) => Err(Failure::WrongUse(
                "known deviations need an endpoint; without --endpoint the target is the built-in stub, which has none"
                    .to_owned(),
            )),
            (true, None) => Ok(suite.baseline.clone()),
            (true, Some(file)) => {
                let shown = file.display().to_string();
                let text =
                    read_text(file).map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
                let mut baseline = suite.baseline.clone();
                let added = document::parse(&shown, &text).and_then(|node| baseline.add(&suite.contract, &node));
                added.map(|()| baseline).map_err(|error| Failure::Suite(error.into()))
            }
        }
    }

    /// Holds back what a careful run does not send, and marks the rest.
    fn prepare(&self, suite: &Suite, locality: Locality, probes: Vec<Probe>) -> Result<Decision, Failure> {
        let marks = if self.no_mark { Marks::LeftOut } else { Marks::Added };
        let decision = self.budget.decide(&suite.contract, locality, self.selection.names_phases(), marks, probes);
        if decision.probes.is_empty() {
            let excluded: Vec<_> = decision.excluded.iter().map(|held| held.text.as_str()).collect();
            let excluded = excluded.join(", ");
            return Err(Failure::WrongUse(format!("nothing is left to send without {excluded}")));
        }
        Ok(decision)
    }

    /// The endpoint that was named, or a stub that lives as long as what is returned beside it.
    async fn connect(
        &self,
        suite: &Arc<Suite>,
        console: &Console,
    ) -> Result<(Target, Locality, Option<Stub>), Failure> {
        if self.target.named()? != Named::Stub {
            let connected = self.target.connect(suite, |locality| self.budget.limits(locality), console).await?;
            return Ok((connected.target, connected.locality, None));
        }
        let wrong_use = |error: &dyn std::fmt::Display| Failure::WrongUse(error.to_string());
        let token = Token::random();
        let service = StubService::new(Arc::clone(suite), token.clone(), None);
        let stub = Stub::start(service, "127.0.0.1:0").await.map_err(|error| wrong_use(&error))?;
        let endpoint = format!("http://{}", stub.address()).parse().map_err(|error| wrong_use(&error))?;
        let setup = Setup {
            limits: self.budget.limits(Locality::Stub),
            secrets: console.secrets().clone(),
            transport: self.target.transport()?,
            ..Setup::new(Access::Token(token))
        };
        let target = Target::new(suite, endpoint, setup).map_err(|error| wrong_use(&error))?;
        Ok((target, Locality::Stub, Some(stub)))
    }

    /// What the stub holds ends with the program; everything else needs a ledger.
    fn with_ledger(
        &self,
        suite: &Suite,
        target: Target,
        locality: Locality,
        secrets: &Secrets,
    ) -> Result<Target, Failure> {
        if locality == Locality::Stub {
            return Ok(target);
        }
        let folder = self.target.ledgers()?;
        let endpoint = target.endpoint().to_string();
        let first = Record::run(target.run_id(), &self.suite.name(suite), &endpoint, target.project(), target.grace());
        let ledger = Ledger::begin(&folder, first, secrets).map_err(|error| {
            Failure::WrongUse(format!(
                "no ledger can be kept in {}: {error}; --ledger names another folder",
                folder.display()
            ))
        })?;
        Ok(target.with_ledger(ledger))
    }
}

async fn perform(
    suite: &Arc<Suite>,
    probes: Vec<Probe>,
    target: &Arc<Target>,
    options: &Options,
    baseline: &Baseline,
    watch: &mut Watch,
) -> Run {
    run(suite, probes, target, options, |outcome| {
        let is_known =
            |mismatch: &Mismatch| mismatch.origin.is_some() || baseline.covers(&mismatch.clause, &mismatch.cause);
        let mismatches = &outcome.judgement.mismatches;
        let is_news = mismatches.is_empty() || !mismatches.iter().all(is_known);
        watch.advance(outcome.verdict == Verdict::Fail && is_news);
    })
    .await
}

/// Takes stock before anything is created; an error where the endpoint does not know the call at all. Where it is refused otherwise, what is created must prove
/// itself to be the run's.
async fn take_stock(target: &Target) -> Result<(), Failure> {
    let Err(Unlisted::Status(status @ (300..400 | 404 | 405 | 410 | 501))) = target.take_stock().await else {
        return Ok(());
    };
    if let Some(ledger) = target.ledger() {
        // Nothing was created; a file that cannot be removed does no harm.
        let _ = ledger.discard();
    }
    let endpoint = target.endpoint();
    Err(Failure::NotAssessed(format!(
        "{endpoint} answers {status} to a call that the contract knows; is the path right?"
    )))
}

/// What happens after the last probe: examples become smaller, stock is taken, the ledger is settled.
struct End {
    shrunk: Vec<Outcome>,
    appeared: Vec<Appeared>,
    /// Why it is not known what is there, where that is so.
    unlisted: Option<Unlisted>,
    /// The ledger, where something is left that it is needed for.
    ledger: Option<String>,
}

impl End {
    async fn of(suite: &Suite, target: &Target, baseline: &Baseline, seed: Seed, done: &mut Run) -> Self {
        let mut shrunk = match done.ending {
            Ending::Complete => shrink(suite, target, baseline, seed, done).await,
            _ => Vec::new(),
        };
        target.settle().await;
        let (mut appeared, unlisted) = match target.take_last_stock().await {
            Ok(appeared) => {
                reconcile(&suite.contract, target, done, &mut shrunk, &appeared);
                (appeared, None)
            }
            Err(Unlisted::NoCall) => (Vec::new(), None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let (ledger, mut gone) = settle_ledger(suite, target).await;
        for found in &mut appeared {
            found.is_removed |= gone.contains(&found.id);
            gone.extend(found.is_removed.then(|| found.id.clone()));
        }
        drop_removed(done, &mut shrunk, &gone);
        done.requests = target.request_count();
        let leftovers = done.outcomes.iter().chain(&shrunk).flat_map(|outcome| &outcome.cleanup.leftovers);
        let is_left = leftovers.clone().any(Leftover::is_proven);
        let is_done = ledger == LedgerEnd::Clean && unlisted.is_none() && !is_left;
        let ledger = target.ledger().filter(|ledger| !(is_done && ledger.discard().is_ok()));
        let ledger = ledger.map(|ledger| ledger.path().display().to_string());
        Self { shrunk, appeared, unlisted, ledger }
    }
}

/// Whether a ledger is still needed, as far as it says so itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LedgerEnd {
    Clean,
    Needed,
}

/// Removes what the ledger still knows of. Whether it is needed any longer, and the ids that are gone now.
async fn settle_ledger(suite: &Suite, target: &Target) -> (LedgerEnd, Vec<String>) {
    let Some(ledger) = target.ledger() else { return (LedgerEnd::Clean, Vec::new()) };
    let swept = match ledger::read(ledger.path()) {
        Ok(read) if read.state.is_settled() => SweepReport::default(),
        Ok(read) => sweep(&suite.contract, target, ledger, &read.state, false).await,
        Err(_) => return (LedgerEnd::Needed, Vec::new()),
    };
    let end = if swept.is_clean() { LedgerEnd::Clean } else { LedgerEnd::Needed };
    (end, [swept.removed, swept.gone].concat())
}

/// Writes the case files of the findings; a file that is there already is left alone.
fn save(report: &Report, dir: &Path, console: &Console) -> Result<(), Failure> {
    for file in report.findings.iter().filter_map(|finding| finding.case_file.as_ref()) {
        let path = dir.join(&file.path);
        if path.exists() {
            console.note(&format!("{} is there already\n", path.display()));
            continue;
        }
        console
            .write_new(dir, Path::new(&file.path), &file.text)
            .map_err(|error| Failure::WrongUse(format!("cannot write {}: {error}", path.display())))?;
        console.note(&format!("saved {}\n", path.display()));
    }
    Ok(())
}

/// The first Ctrl-C stops the run, and so does whoever ends the process politely; the second one ends the process at once. When this returns, both are heard.
fn stop_on_ctrl_c(console: &Console, target: &Target) {
    let (stop, console) = (target.stop().clone(), console.clone());
    let ledger = target.ledger().map(|ledger| ledger.path().display().to_string());
    // Where they cannot be heard, the process ends as the system has it, and the ledger knows what is left.
    let Ok(mut interruptions) = Interruptions::listen() else { return };
    tokio::spawn(async move {
        interruptions.next().await;
        stop.throw();
        console.note("stopping: what was created is removed; Ctrl-C again stops at once\n");
        interruptions.next().await;
        if let Some(ledger) = ledger {
            console.note(&format!("stopped; what is left is in {ledger}, and `sweep` removes it\n"));
        }
        std::process::exit(i32::from(ExitCode::Incomplete as u8));
    });
}

/// Ctrl-C, the signal with which CI and `timeout` end a process, and that of a terminal that is closed.
#[cfg(unix)]
struct Interruptions([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Interruptions {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Interruptions;

#[cfg(not(unix))]
impl Interruptions {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
