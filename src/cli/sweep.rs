//! `sweep`: removes what runs have left behind, as their ledgers know it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::target::TargetArguments;
use super::watch::lines;
use super::{Failure, load};
use crate::client::Limits;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::ledger::{self, Intent, Ledger, LedgerError, LedgerFile};
use crate::run::preflight;
use crate::suite::Suite;
use crate::sweep::{SweepReport, sweep};
use crate::untrusted::Untrusted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ledgers; none means all in the folder
    #[arg(value_name = "LEDGER")]
    ledgers: Vec<PathBuf>,
    #[command(flatten)]
    target: TargetArguments,
    /// Act on this ledger although it is not provably one that a run of yours wrote
    #[arg(long, value_name = "LEDGER")]
    trust: Vec<PathBuf>,
    /// Folder of a suite that ledgers are of, as the run named it; those of the built-in suites need none
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// Show what the ledgers say, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove, too, what nothing proves to be a run's own, where exactly one thing looks as if a lost request had created it
    #[arg(long)]
    likely: bool,
}

/// What became of one ledger, from good to bad.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SweepOutcome {
    SweepReport,
    NotAssessed,
    Left,
    Unreadable,
}

impl SweepOutcome {
    fn exit_code(self) -> ExitCode {
        match self {
            Self::SweepReport => ExitCode::Holds,
            Self::NotAssessed => ExitCode::NotAssessed,
            Self::Left => ExitCode::LeftBehind,
            Self::Unreadable => ExitCode::WrongUse,
        }
    }
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let paths = arguments.paths()?;
    if paths.is_empty() {
        console.print(&format!("no ledger in {}: nothing is left\n", arguments.target.ledgers()?.display()));
        return Ok(ExitCode::Holds);
    }
    let mut worst = SweepOutcome::SweepReport;
    for path in paths {
        let fate = match ledger::read(&path) {
            Ok(found) if arguments.dry_run => {
                console.print(&contents(&found));
                SweepOutcome::SweepReport
            }
            Ok(_) => arguments.settle(&path, console).await?,
            Err(damaged) => arguments.told(&damaged, console),
        };
        worst = worst.max(fate);
    }
    Ok(worst.exit_code())
}

impl Arguments {
    fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        if !self.ledgers.is_empty() || !self.trust.is_empty() {
            return Ok([self.ledgers.as_slice(), &self.trust].concat());
        }
        let folder = self.target.ledgers()?;
        ledger::find(&folder).map_err(|error| Failure::WrongUse(format!("cannot read {}: {error}", folder.display())))
    }

    /// Sweeps one ledger. What is wrong with it is told, and keeps no other from being swept; an error concerns all of them.
    async fn settle(&self, path: &Path, console: &Console) -> Result<SweepOutcome, Failure> {
        let unusable = |error| LedgerError::Unreadable { path: path.display().to_string(), error };
        let ledger = match Ledger::resume(path) {
            Ok(Some(ledger)) => ledger.keeping(console.secrets()),
            Ok(None) => {
                console.print(&format!("{}: its run is still under way\n", path.display()));
                return Ok(SweepOutcome::NotAssessed);
            }
            Err(error) => return Ok(self.told(&unusable(error), console)),
        };
        // What the file says now: its run may have ended between the first look and the lock.
        let fate = match ledger::read(path) {
            Ok(found) => match self.doubt(&found) {
                None => self.sweep(&found, &ledger, console).await?,
                Some(doubt) => {
                    console.print(&format!("{}: nothing is done, as {doubt}\n", path.display()));
                    console.print(&contents(&found));
                    console.print(&format!("  if it is to be acted on all the same: --trust {}\n", path.display()));
                    SweepOutcome::NotAssessed
                }
            },
            Err(damaged) => self.told(&damaged, console),
        };
        match fate {
            SweepOutcome::SweepReport => {
                Ok(ledger.discard().map_or_else(|error| self.told(&unusable(error), console), |()| fate))
            }
            _ => Ok(fate),
        }
    }

    /// Why a ledger is only shown, if so. What it says decides what is removed, and by which paths.
    fn doubt(&self, found: &LedgerFile) -> Option<String> {
        if self.trust.contains(&found.path) {
            return None;
        }
        if let Some(doubt) = found.doubt {
            return Some(doubt.to_string());
        }
        let suite = &found.state.suite;
        let is_named = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| folder == Path::new(suite));
        let is_known = Suite::built_in_names().any(|name| name == suite) || self.suite.as_ref().is_some_and(is_named);
        (!is_known).then(|| format!("it is of the suite {}, which is not built in; --suite names it", shown(suite)))
    }

    /// Tells what is wrong with a ledger. One that was found in the folder and is gone by now is one whose run has ended well.
    fn told(&self, damaged: &LedgerError, console: &Console) -> SweepOutcome {
        match damaged {
            LedgerError::Unreadable { error, .. } if error.kind() == ErrorKind::NotFound && self.ledgers.is_empty() => {
                SweepOutcome::SweepReport
            }
            _ => {
                console.note(&format!("{damaged}\n"));
                SweepOutcome::Unreadable
            }
        }
    }

    async fn sweep(&self, found: &LedgerFile, ledger: &Ledger, console: &Console) -> Result<SweepOutcome, Failure> {
        let name = found.path.display();
        let suite: Arc<Suite> = match load(Path::new(&found.state.suite), console) {
            Ok(suite) => Arc::new(suite),
            Err(failure) => {
                console.note(&format!("{name}: {failure}\n"));
                return Ok(SweepOutcome::Unreadable);
            }
        };
        let target = self.target.connect(&suite, |_| Limits::default(), console).await?.target;
        let target = target.with_progress(lines(console));
        if target.endpoint().to_string() != found.state.endpoint {
            console.print(&format!("{name}: not of this target but of {}\n", shown(&found.state.endpoint)));
            return Ok(SweepOutcome::NotAssessed);
        }
        if let (Some(theirs), Some(ours)) = (&found.state.project, target.project())
            && theirs != ours
        {
            console.print(&format!("{name}: not of this project but of {}\n", shown(theirs)));
            return Ok(SweepOutcome::NotAssessed);
        }
        preflight(&suite.contract, &target).await.map_err(|error| Failure::NotAssessed(error.to_string()))?;
        if let Some(end) = found.state.settles_at() {
            let seconds = (end - OffsetDateTime::now_utc()).whole_seconds().max(0) + 1;
            console.note(&format!("{name}: its last request may still create something for {seconds} s\n"));
        }
        let target = target.resuming(ledger.clone(), &found.state);
        let swept = sweep(&suite.contract, &target, ledger, &found.state, self.likely).await;
        console.print(&told(&found.path, &swept));
        Ok(match &swept {
            SweepReport { is_elsewhere: true, .. } => SweepOutcome::NotAssessed,
            swept if swept.is_clean() => SweepOutcome::SweepReport,
            swept if !swept.has_leftovers() && swept.unknown.is_empty() => SweepOutcome::NotAssessed,
            _ => SweepOutcome::Left,
        })
    }
}

/// What a ledger says, for somebody who wants to know before anything is sent.
fn contents(found: &LedgerFile) -> String {
    let state = &found.state;
    let mut text = format!(
        "{}: run {} of {} at {}\n",
        found.path.display(),
        shown(&state.run),
        shown(&state.suite),
        shown(&state.endpoint)
    );
    for id in state.alive.iter().map(|id| shown(id)) {
        text.push_str(&format!("  {id}  created and not known to be removed\n"));
    }
    for intent in &state.open {
        let body = intent.body.as_deref().map_or_else(|| "a body that was not kept".to_owned(), shown);
        text.push_str(&format!("  request {} of {}: what it did is not known: {body}\n", intent.number, intent.at));
    }
    if let Some(doubt) = found.doubt {
        text.push_str(&format!("  {doubt}\n"));
    }
    if state.is_settled() {
        text.push_str("  nothing is known to be left\n");
    }
    text
}

/// What a ledger or a target says, as it may be shown.
fn shown(text: &str) -> String {
    format!("{:.LONGEST$}", Untrusted::from(text))
}

/// So many characters of an id or a body are shown.
const LONGEST: usize = 200;

/// Each thing that may be the run's own once, with the requests that may have created it.
fn by_id(likely: &[(Intent, Vec<String>)]) -> BTreeMap<&str, Vec<&Intent>> {
    let mut found: BTreeMap<&str, Vec<&Intent>> = BTreeMap::new();
    for (intent, id) in likely.iter().flat_map(|(intent, ids)| ids.iter().map(move |id| (intent, id))) {
        found.entry(id).or_default().push(intent);
    }
    found
}

fn told(path: &Path, swept: &SweepReport) -> String {
    if swept.is_elsewhere {
        return format!(
            "{}: nothing of what was there before the run is there now; is it the same project? Nothing was removed; --likely takes it for the same\n",
            path.display()
        );
    }
    let counts = format!("{} removed, {} were gone already", swept.removed.len(), swept.gone.len());
    let mut text = format!("{}: {counts}, {} left\n", path.display(), swept.left.len() + swept.listed.len());
    for id in swept.listed.iter().map(|id| shown(id)) {
        text.push_str(&format!("  {id}  the list goes on showing it, although no read finds it\n"));
    }
    for id in swept.left.iter().map(|id| shown(id)) {
        text.push_str(&format!("  {id}  cannot be removed\n"));
    }
    for id in swept.foreign.iter().map(|id| shown(id)) {
        text.push_str(&format!("  {id}  not touched: it was there before the run\n"));
    }
    for (id, intents) in by_id(&swept.likely) {
        let more = if intents.len() > 1 { format!(" or {} others", intents.len() - 1) } else { String::new() };
        let body = intents[0].body.as_deref().map_or_else(|| "a body that was not kept".to_owned(), shown);
        let first = intents[0].number;
        let id = shown(id);
        text.push_str(&format!("  {id}  not touched: nothing proves that it is the run's own; request {first}{more} may have created it: {body}\n"));
    }
    if swept.likely.iter().any(|(_, ids)| ids.len() == 1) {
        text.push_str("  look at them; --likely removes those of which there is one for a request\n");
    }
    for intent in &swept.unknown {
        text.push_str(&format!("  what request {} did is not known\n", intent.number));
    }
    if let Some(why) = swept.unlisted {
        text.push_str(&format!("  what else is left is not known: {why}; the ledger stays\n"));
    }
    if let Some(end) = swept.again_at.and_then(|end| end.format(&Rfc3339).ok()) {
        text.push_str(&format!("  a request may still create something until {end}; call it again then\n"));
    }
    text
}
