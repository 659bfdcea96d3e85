//! `schema`: the JSON Schema of what the program writes, and of what people write for it.

use clap::{Args, ValueEnum};

use super::Failure;
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::compare::Comparison;
use crate::report::json;
use crate::suite::{BASELINE_SCHEMA, CASE_SCHEMA, CONTRACT_SCHEMA};

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
    /// A case file
    Case,
    /// The contract of a suite, `contract.yaml`
    Contract,
    /// A list of known deviations, such as `baseline.yaml`
    Baseline,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let schema = match arguments.what {
        What::Report => json::schema(),
        What::Comparison => json::schema_of::<Comparison>(),
        What::Case => Ok(CASE_SCHEMA.to_owned()),
        What::Contract => Ok(CONTRACT_SCHEMA.to_owned()),
        What::Baseline => Ok(BASELINE_SCHEMA.to_owned()),
    };
    let schema = schema.map_err(|error| Failure::WrongUse(error.to_string()))?;
    console.print(&schema);
    Ok(ExitCode::Holds)
}
