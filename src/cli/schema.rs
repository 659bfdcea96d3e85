//! `schema`: the JSON Schema of what the program writes.

use clap::{Args, ValueEnum};

use super::Failure;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::compare::Comparison;
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
    /// What `compare --as json` prints
    Comparison,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let schema = match arguments.what {
        What::Report => json::schema(),
        What::Comparison => json::schema_of::<Comparison>(),
    };
    let schema = schema.map_err(|error| Failure::WrongUse(error.to_string()))?;
    console.print(&schema);
    Ok(ExitCode::Holds)
}
