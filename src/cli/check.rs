//! `check`: are the files of a suite right?

use std::path::PathBuf;

use clap::Args;

use super::{Failure, load};
use crate::console::Console;
use crate::exit_code::ExitCode;
use crate::report::counted;
use crate::suite;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of a built-in suite, or a folder with a contract.yaml
    #[arg(value_name = "NAME|DIR", default_value = suite::DEFAULT)]
    suite: PathBuf,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = load(&arguments.suite, console)?;
    let probes: usize = suite.cases.iter().map(|case| case.probes.len()).sum();
    let known = match suite.known.iter().count() {
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
