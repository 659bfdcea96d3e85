//! `tables`: holds a table of the suite against what an endpoint tells.

use std::path::Path;

use clap::Args;

use super::target::TargetArguments;
use super::{Failure, SuiteChoice, export};
use crate::client::Limits;
use crate::console::Console;
use crate::contract::Table;
use crate::exit_code::ExitCode;
use crate::suite::Suite;
use crate::tables::{Changed, Differences, check};
use crate::untrusted::Untrusted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Hold this table, such as `os-versions`, against what the endpoint tells
    #[arg(long, value_name = "NAME", required = true)]
    check: String,
    /// Write what the endpoint tells into the table, for a review; the suite must be a folder
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    suite: SuiteChoice,
    #[command(flatten)]
    target: TargetArguments,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    let table = export::find(&suite, &arguments.check)?;
    let folder = arguments.suite.suite.as_path();
    if arguments.write && Suite::built_in_names().any(|name| folder == Path::new(name)) {
        let text =
            format!("--write needs a suite in a folder: --suite DIR; {} is inside the program", folder.display());
        return Err(Failure::WrongUse(text));
    }
    let connected = arguments.target.connect(&suite, |_| Limits::default(), console).await?;
    let found = check(&suite.contract, &connected.target, table).await;
    let found = found.map_err(|error| Failure::NotAssessed(error.to_string()))?;
    console.print(&text(table, &found));
    if !arguments.write || found.is_none() {
        return Ok(if found.is_none() { ExitCode::Holds } else { ExitCode::Broken });
    }
    let path = folder.join(&table.file);
    let csv = found.applied_to(table).csv().map_err(|error| Failure::WrongUse(error.to_string()))?;
    // What cannot be read again would be of no use to anybody.
    Table::read(&table.file, &csv).map_err(|error| Failure::NotAssessed(error.to_string()))?;
    let written = std::fs::write(&path, csv);
    written.map_err(|error| Failure::WrongUse(format!("cannot write {}: {error}", path.display())))?;
    console.print(&format!("{} is written; rows that only it has stay\n", path.display()));
    Ok(ExitCode::Holds)
}

fn text(table: &Table, found: &Differences) -> String {
    let mut text = format!("{}: {} rows here, {} there\n", table.file, table.rows().len(), found.told);
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title} ({}):\n", lines.len()));
            let shown = lines.iter().map(|line| format!("  {}\n", Untrusted::from(line.as_str())));
            text.extend(shown);
        }
    };
    list("only there", found.only_there.iter().map(|row| row.join(", ")).collect());
    list("only here", found.only_here.clone());
    let changed =
        |Changed { key, column, here, there }: &Changed| format!("{key}: {column} is {here} here, {there} there");
    list("different", found.changed.iter().map(changed).collect());
    if found.is_none() {
        text.push_str("no difference\n");
    }
    text
}
