//! `check`: are the files of a suite right?

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Failure, load};
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::rehearsal;
use crate::report::counted;
use crate::suite::{self, SuiteError};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of a built-in suite, or a folder with a contract.yaml
    #[arg(value_name = "NAME|DIR", default_value = suite::DEFAULT)]
    suite: PathBuf,
}

pub(super) async fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = Arc::new(load(&arguments.suite, console)?);
    let errors = rehearsal::unshown(&suite).await.map_err(|error| Failure::WrongUse(error.to_string()))?;
    if !errors.is_empty() {
        return Err(SuiteError { errors }.into());
    }
    let probes: usize = suite.cases.iter().map(|case| case.probes.len()).sum();
    let known = match suite.baseline.iter().count() {
        0 => String::new(),
        count => format!("{}, ", counted(count, "known deviation")),
    };
    console.print(&format!(
        "{}: {}, {}, {}, {known}no error\n",
        suite.name,
        counted(suite.contract.clauses.len(), "clause"),
        counted(suite.cases.len(), "case"),
        counted(probes, "probe"),
    ));
    Ok(ExitCode::Holds)
}
