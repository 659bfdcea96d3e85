//! `compare`: what differs between two recorded runs.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::compare::{Comparison, Format};
use crate::report::json;
use crate::report::model::Report;
use crate::suite::read_text;

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// What `run --report json=FILE` wrote of the run that the other one is held against: another region, or before an upgrade
    #[arg(value_name = "FIRST.json")]
    first: PathBuf,
    /// And of the other one
    #[arg(value_name = "SECOND.json")]
    second: PathBuf,
    /// In which format: text, json, markdown, html
    #[arg(long = "as", value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: Format,
    /// Also exit with 1 where a choice differs, or what nobody documents
    #[arg(long)]
    strict: bool,
}

const EXIT_CODES: &str = "Exit codes:
  0  no finding is new, and the second run looked for all that the first one did
  1  a finding is new; with --strict also a choice, or what nobody documents
  2  bad arguments, a bad file, or runs of different suites
  3  no finding is new as far as it can be told, as the second run did not look for all that the first one did";

/// The format with this name.
fn format(name: &str) -> Result<Format, String> {
    let found = Format::ALL.iter().find(|(each, _)| *each == name);
    let names = || Format::ALL.map(|(name, _)| name).join(", ");
    found.map(|(_, format)| *format).ok_or_else(|| format!("no format is called `{name}`; there are {}", names()))
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let (first, second) = (read(&arguments.first)?, read(&arguments.second)?);
    let comparison = Comparison::of(&first, &second).map_err(Failure::WrongUse)?;
    console.print(&comparison.render(arguments.format).map_err(Failure::WrongUse)?);
    // Its 3 says something of the runs, and nothing was said.
    Ok(if console.loss().is_some() { ExitCode::WrongUse } else { comparison.exit_code(arguments.strict) })
}

/// A run as it was recorded.
pub(super) fn read(path: &Path) -> Result<Report, Failure> {
    let shown = path.display();
    let text = read_text(path).map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
    json::read(&text).map_err(|error| Failure::WrongUse(format!("{shown}: {error}")))
}
