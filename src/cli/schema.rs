//! `schema`: the JSON Schema of what the program writes.

use clap::{Args, ValueEnum};

use super::Failure;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::json;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What is described
    #[arg(value_name = "WHAT", value_enum)]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// What `run --report json=FILE` writes
    Report,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let What::Report = arguments.what;
    let schema = json::schema().map_err(|error| Failure::WrongUse(error.to_string()))?;
    console.print(&schema);
    Ok(ExitCode::Holds)
}
