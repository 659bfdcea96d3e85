//! `report`: renders later what was recorded of a run, or of all shards of one.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::compare::read;
use super::reports::format;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::Format;
use crate::report::model::Report;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `run --report json=FILE` wrote; several are those of all shards of one run
    #[arg(value_name = "RUN.json", required = true)]
    runs: Vec<PathBuf>,
    /// In which format: json, junit, markdown, html, sarif, har, ndjson
    #[arg(long = "as", value_name = "FORMAT", value_parser = format)]
    format: Format,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let mut reports = arguments.runs.iter().map(|run| read(run)).collect::<Result<Vec<_>, _>>()?;
    let report = match (reports.len(), reports.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            reports.extend(last);
            Report::merged(reports).map_err(|error| {
                let wrong = error.number().and_then(|number| arguments.runs.get(number - 1));
                let place = wrong.map(|path| format!("{}: ", path.display())).unwrap_or_default();
                Failure::WrongUse(format!("{place}{error}"))
            })?
        }
    };
    console.print(&arguments.format.render(&report).map_err(Failure::WrongUse)?);
    Ok(ExitCode::Holds)
}
