//! `report`: renders later what was recorded of a run.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::reports::format;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::{Format, json};
use crate::suite::read_text;

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
    let shown = arguments.run.display();
    let text = read_text(&arguments.run).map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
    let report = json::read(&text).map_err(|error| Failure::WrongUse(format!("{shown}: {error}")))?;
    console.print(&arguments.format.render(&report).map_err(Failure::WrongUse)?);
    Ok(ExitCode::Holds)
}
