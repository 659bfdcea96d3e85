//! `report`: renders later what was recorded of a run.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::compare::read;
use super::reports::format;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::Format;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `run --report json=FILE` wrote
    #[arg(value_name = "RUN.json")]
    run: PathBuf,
    /// In which format: json, junit, markdown, html, sarif, har, ndjson
    #[arg(long = "as", value_name = "FORMAT", value_parser = format)]
    format: Format,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let report = read(&arguments.run)?;
    console.print(&arguments.format.render(&report).map_err(Failure::WrongUse)?);
    Ok(ExitCode::Holds)
}
