//! `check`: are the files of a suite right?

use std::path::PathBuf;

use clap::Args;

use super::{Console, Failure, load};
use crate::exit_code::ExitCode;
use crate::suite;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of a built-in suite, or a folder with a contract.yaml
    #[arg(value_name = "NAME|DIR", default_value = suite::DEFAULT)]
    suite: PathBuf,
}

pub(super) fn execute(arguments: &Arguments, console: &mut dyn Console) -> Result<ExitCode, Failure> {
    let suite = load(&arguments.suite)?;
    let probes: usize = suite.cases.iter().map(|case| case.probes.len()).sum();
    console.print(&format!(
        "{}: {} clauses, {} cases, {probes} probes, no error\n",
        suite.name,
        suite.contract.clauses.len(),
        suite.cases.len()
    ));
    Ok(ExitCode::Holds)
}
