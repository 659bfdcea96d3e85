//! The command line: what can be said, and what each word does.

mod budget;
mod check;
mod compare;
mod completions;
mod doctor;
mod export;
mod init;
mod interruptions;
mod list;
mod login;
mod man;
mod named;
mod new;
mod report;
mod reports;
mod run;
mod schema;
mod selection;
mod show;
mod stub;
mod sweep;
mod tables;
mod target;
mod terms;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};

use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::secret::password_in;
use crate::suite::{self, Suite, SuiteError};

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  every probe that ran holds
  1  at least one clause is broken; of `check --defects`: the probes miss a defect
  2  bad arguments, a bad file, nothing selected, or a result that could not be written
  3  the target could not be assessed: unreachable, not authenticated, or a probe stayed inconclusive
  4  the run was interrupted, or a budget was spent
  5  something that the run created is still there";

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold an endpoint against the contract; where nothing names one, the built-in stub
    Run(run::Arguments),
    /// List what a run would do, or the clauses of the contract
    List(list::Arguments),
    /// Print what a probe sends and expects
    Show(show::Arguments),
    /// Check the files of a suite; sends nothing
    Check(check::Arguments),
    /// Begin a suite from a public OpenAPI document: the contract and the first cases
    Init(init::Arguments),
    /// Write a commented start of a case; into the folder of the suite, where --suite names one
    New(new::New),
    /// Turn a command of curl into a case, without what lets its sender in
    FromCurl(new::FromCurl),
    /// Turn the requests of a HAR into cases, without what lets their sender in
    FromHar(new::FromHar),
    /// Print a table of the contract, or the contract as plain OpenAPI, for other programs
    Export(export::Arguments),
    /// Hold a table of the suite, such as the list of operating systems, against what an endpoint tells
    Tables(tables::Arguments),
    /// Examine a target before a run: the way there, who we are, clock, quota, leftovers
    Doctor(doctor::Arguments),
    /// Remove what runs have left behind, as their ledgers know it
    Sweep(sweep::Arguments),
    /// Serve the contract to other programs
    Stub(stub::Arguments),
    /// Render what was recorded of a run in another format
    Report(report::Arguments),
    /// Tell what differs between two recorded runs
    Compare(compare::Arguments),
    /// Print the JSON Schema of what the program writes, or reads
    Schema(schema::Arguments),
    /// Print the completions for a shell
    Completions(completions::Arguments),
    /// Write a page for `man` of each command
    Man(man::Arguments),
}

impl Command {
    /// Whether it talks to other programs, so that what they say is shown.
    fn talks(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Tables(_) | Self::Doctor(_) | Self::Sweep(_) | Self::Stub(_))
    }
}

/// The error without a value in which a password may stand: one with the signs of a URL that has one, or one where none is taken.
fn discreet(mut error: clap::Error) -> clap::Error {
    let may_hold_one = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => {
            let is_unwanted = error.kind() == ErrorKind::TooManyValues;
            let is_header = matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(name)) if name.starts_with("--header"));
            is_header || is_unwanted || value.contains(['@', '?', '#']) || password_in(value).is_some()
        }
        _ => false,
    };
    if may_hold_one {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// Which suite a command works on.
#[derive(Debug, Args)]
struct SuiteChoice {
    /// Name of a built-in suite, or a folder with a contract.yaml
    #[arg(long, value_name = "NAME|DIR", default_value = suite::DEFAULT)]
    suite: PathBuf,
}

/// Why a command ended before its work began.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command was used wrongly.
    #[error("{0}")]
    WrongUse(String),
    /// A file is wrong.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The target could not be assessed at all.
    #[error("{0}")]
    NotAssessed(String),
    /// The target could not be assessed, and something that was created to find that out is still there.
    #[error("{0}")]
    LeftBehind(String),
}

impl Failure {
    /// The exit code for it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::WrongUse(_) | Self::Suite(_) => ExitCode::WrongUse,
            Self::NotAssessed(_) => ExitCode::NotAssessed,
            Self::LeftBehind(_) => ExitCode::LeftBehind,
        }
    }
}

impl Cli {
    /// Reads the arguments, the first of which is the program. Where they only ask for help, or are wrong, that is shown, and the exit code is all.
    pub fn read(arguments: impl IntoIterator<Item = OsString>, console: &Console) -> Result<Self, ExitCode> {
        // Somebody may have written into an argument what belongs into a variable.
        login::register_variables(console.secrets());
        let arguments: Vec<_> = arguments.into_iter().collect();
        login::register_addresses(arguments.iter().filter_map(|argument| argument.to_str()), console.secrets());
        Self::try_parse_from(arguments).map_err(|error| {
            let is_wrong = error.use_stderr();
            let text = discreet(error).render().ansi().to_string();
            if is_wrong {
                console.note(&text);
                return ExitCode::WrongUse;
            }
            console.print(&text);
            ExitCode::Holds
        })
    }

    /// Does what the arguments say.
    pub async fn execute(self, console: &Console) -> Result<ExitCode, Failure> {
        if !self.command.talks() {
            console.keep_calm();
        }
        match self.command {
            Command::Run(arguments) => run::execute(arguments, console).await,
            Command::List(arguments) => list::execute(&arguments, console),
            Command::Show(arguments) => show::execute(&arguments, console),
            Command::Check(arguments) => check::execute(&arguments, console).await,
            Command::Init(arguments) => init::execute(&arguments, console),
            Command::New(arguments) => new::execute(&arguments, console),
            Command::FromCurl(arguments) => new::from_curl(&arguments, console),
            Command::FromHar(arguments) => new::from_har(&arguments, console),
            Command::Export(arguments) => export::execute(&arguments, console),
            Command::Tables(arguments) => tables::execute(arguments, console).await,
            Command::Doctor(arguments) => doctor::execute(arguments, console).await,
            Command::Sweep(arguments) => sweep::execute(arguments, console).await,
            Command::Stub(arguments) => stub::execute(arguments, console).await,
            Command::Report(arguments) => report::execute(&arguments, console),
            Command::Compare(arguments) => compare::execute(&arguments, console),
            Command::Schema(arguments) => schema::execute(&arguments, console),
            Command::Completions(arguments) => Ok(completions::execute(&arguments, console)),
            Command::Man(arguments) => man::execute(&arguments, console),
        }
    }
}

impl SuiteChoice {
    /// What names the suite wherever the program is started: its name, or the whole path of its folder.
    fn name(&self, suite: &Suite) -> String {
        match self.suite.canonicalize() {
            // As `load` does: a folder that happens to have the name of a built-in suite is not meant.
            Ok(path) if !Suite::built_in_names().any(|name| self.suite == Path::new(name)) => {
                path.display().to_string()
            }
            _ => suite.name.clone(),
        }
    }

    fn load(&self, console: &Console) -> Result<Arc<Suite>, Failure> {
        Ok(Arc::new(load(&self.suite, console)?))
    }
}

/// A built-in suite by its name, or one from disk by its path. What it says is no secret.
fn load(choice: &Path, console: &Console) -> Result<Suite, Failure> {
    let suite = find(choice)?;
    console.secrets().learn(&suite.texts);
    Ok(suite)
}

fn find(choice: &Path) -> Result<Suite, Failure> {
    let built_in = choice.to_str().filter(|_| choice.components().count() == 1).and_then(Suite::built_in);
    match built_in {
        Some(suite) => Ok(suite?),
        None if choice.is_dir() => Ok(Suite::from_dir(choice)?),
        None => {
            let names: Vec<_> = Suite::built_in_names().collect();
            let choice = choice.display();
            Err(Failure::WrongUse(format!(
                "`{choice}` is neither a built-in suite ({}) nor a folder",
                names.join(", ")
            )))
        }
    }
}
