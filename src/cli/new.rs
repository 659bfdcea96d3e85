//! `new`, `from-curl` and `from-har`: the start of a case, from its name or from requests.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Failure, SuiteChoice};
use crate::case::{self, CaseFile, Recorded};
use crate::console::Console;
use crate::contract::Contract;
use crate::exit_code::ExitCode;
use crate::suite::Suite;

#[derive(Debug, Args)]
pub(super) struct New {
    /// Path of the case within the suite, without .yaml: a folder, and a name that begins with a verb, such as `rejects_`
    #[arg(value_name = "CASE-ID")]
    id: String,
    #[command(flatten)]
    suite: SuiteChoice,
}

#[derive(Debug, Args)]
pub(super) struct FromCurl {
    /// The command, as one argument; read from standard input where it is left out
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
    #[command(flatten)]
    suite: SuiteChoice,
}

#[derive(Debug, Args)]
pub(super) struct FromHar {
    /// The HAR, as a browser or a proxy saves it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    suite: SuiteChoice,
}

/// Writes a commented start of a case, which `check` refuses until what it leaves open is filled in.
pub(super) fn execute(arguments: &New, console: &Console) -> Result<ExitCode, Failure> {
    let contract = contract(&arguments.suite, console)?;
    let id = arguments.id.trim_end_matches(".yaml");
    let text = case::draft(&contract, id).map_err(|error| Failure::WrongUse(error.to_string()))?;
    deliver(&arguments.suite, &CaseFile { path: format!("{id}.yaml"), text }, console)
}

/// Turns a request into a case.
pub(super) fn from_curl(arguments: &FromCurl, console: &Console) -> Result<ExitCode, Failure> {
    let contract = contract(&arguments.suite, console)?;
    let mut command = arguments.command.clone().unwrap_or_default();
    if arguments.command.is_none() {
        let read = std::io::stdin().read_to_string(&mut command);
        read.map_err(|error| Failure::WrongUse(format!("cannot read the command: {error}")))?;
    }
    let made = case::from_curl(&contract, &command).map_err(|error| Failure::WrongUse(error.to_string()))?;
    if !made.left_out.is_empty() {
        console.note(&format!("left out: {}\n", made.left_out.join(", ")));
    }
    deliver(&arguments.suite, &made.file, console)
}

/// Turns each request of a HAR to the call under test into a case. What becomes none is named, with the reason.
pub(super) fn from_har(arguments: &FromHar, console: &Console) -> Result<ExitCode, Failure> {
    let contract = contract(&arguments.suite, console)?;
    let shown = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file);
    let text = text.map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
    let recorded = case::from_har(&contract, &text);
    let recorded = recorded.map_err(|error| Failure::WrongUse(format!("{shown}: {error}")))?;
    let (mut count, mut left_out) = (0, BTreeSet::new());
    for Recorded { number, call, made } in recorded {
        match made {
            Ok(made) => {
                left_out.extend(made.left_out);
                match put(&arguments.suite, &made.file, console)? {
                    Delivered::Done => {}
                    Delivered::Same(path) => {
                        console.note(&format!("entry {number}, {call}: {} is this case already\n", path.display()));
                    }
                    Delivered::Other(path) => {
                        console.note(&format!(
                            "entry {number}, {call}: {} exists already, and stays as it is\n",
                            path.display()
                        ));
                        continue;
                    }
                }
                count += 1;
            }
            Err(why) => console.note(&format!("entry {number}, {call}: {why}\n")),
        }
    }
    if count == 0 {
        return Err(Failure::WrongUse(format!("{shown}: no entry became a case")));
    }
    if !left_out.is_empty() {
        console.note(&format!("left out: {}\n", left_out.into_iter().collect::<Vec<_>>().join(", ")));
    }
    Ok(ExitCode::Holds)
}

fn is_built_in(choice: &SuiteChoice) -> bool {
    Suite::built_in_names().any(|name| choice.suite == Path::new(name))
}

/// The contract that the case is about. Other cases of a folder may be broken: what is begun here is so, too, until it is filled in.
fn contract(choice: &SuiteChoice, console: &Console) -> Result<Arc<Contract>, Failure> {
    if is_built_in(choice) || !choice.suite.is_dir() {
        return Ok(Arc::clone(&choice.load(console)?.contract));
    }
    Ok(Arc::new(Suite::contract_from_dir(&choice.suite)?))
}

/// What became of a case that was to be put into its folder.
enum Delivered {
    /// It is there, or shown.
    Done,
    /// It was there before, in this file.
    Same(PathBuf),
    /// Another one is there.
    Other(PathBuf),
}

/// Puts a case into the folder of its suite, and says where it is.
fn deliver(choice: &SuiteChoice, file: &CaseFile, console: &Console) -> Result<ExitCode, Failure> {
    match put(choice, file, console)? {
        Delivered::Done => {}
        Delivered::Same(path) => console.note(&format!("{} is this case already\n", path.display())),
        Delivered::Other(path) => {
            let hint = "it stays as it is: take another name, or move it away first";
            return Err(Failure::WrongUse(format!("{} exists already; {hint}", path.display())));
        }
    }
    Ok(ExitCode::Holds)
}

/// Writes a case where no file has its name; that of a built-in suite has no folder, so that it is shown.
fn put(choice: &SuiteChoice, file: &CaseFile, console: &Console) -> Result<Delivered, Failure> {
    if is_built_in(choice) {
        console.note(&format!("{}/{}:\n", choice.suite.display(), file.path));
        console.print(&file.text);
        return Ok(Delivered::Done);
    }
    let path = choice.suite.join(&file.path);
    match console.write_new(&choice.suite, Path::new(&file.path), &file.text) {
        Ok(()) => console.print(&format!("{}\n", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let is_same = std::fs::read_to_string(&path).is_ok_and(|text| says(&text).eq(says(&file.text)));
            return Ok(if is_same { Delivered::Same(path) } else { Delivered::Other(path) });
        }
        Err(error) => return Err(Failure::WrongUse(format!("{} cannot be written: {error}", path.display()))),
    }
    Ok(Delivered::Done)
}

/// The lines of a case without its comments, one of which tells where it comes from.
fn says(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}
