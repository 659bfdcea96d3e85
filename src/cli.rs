//! The command line: what can be said, and what each word does.

mod check;
mod list;
mod run;
mod stub;
mod wishes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::exit_code::ExitCode;
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
  1  at least one clause is broken
  2  bad arguments, a bad file, or nothing selected
  3  the target could not be assessed: unreachable, not authenticated, or a probe stayed inconclusive
  4  the run was interrupted
  5  something that the run created is still there";

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold an endpoint against the contract; without --endpoint, the built-in stub
    Run(run::Arguments),
    /// List what a run would do, or the clauses of the contract
    List(list::Arguments),
    /// Check the files of a suite; sends nothing
    Check(check::Arguments),
    /// Serve the contract to other programs
    Stub(stub::Arguments),
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
}

impl Failure {
    /// The exit code for it.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::WrongUse(_) | Self::Suite(_) => ExitCode::WrongUse,
            Self::NotAssessed(_) => ExitCode::NotAssessed,
        }
    }
}

/// What the program prints as it goes; only `main.rs` knows where to.
pub trait Console {
    /// A part of the result.
    fn print(&mut self, text: &str);
    /// Something beside the result: progress, a warning.
    fn note(&mut self, text: &str);
    /// Whether notes reach a person who watches.
    fn is_watched(&self) -> bool;
}

impl Cli {
    /// Does what the arguments say.
    pub async fn execute(self, console: &mut dyn Console) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Run(arguments) => run::execute(arguments, console).await,
            Command::List(arguments) => list::execute(&arguments, console),
            Command::Check(arguments) => check::execute(&arguments, console),
            Command::Stub(arguments) => stub::execute(arguments, console).await,
        }
    }
}

impl SuiteChoice {
    fn load(&self) -> Result<Arc<Suite>, Failure> {
        Ok(Arc::new(load(&self.suite)?))
    }
}

/// A built-in suite by its name, or one from disk by its path.
fn load(choice: &Path) -> Result<Suite, Failure> {
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
