//! `export`: what a suite knows, for programs that know nothing of suites.

use clap::{Args, Subcommand, ValueEnum};

use super::{Failure, SuiteChoice};
use crate::console::Console;
use crate::contract::Table;
use crate::document::nearest;
use crate::exit_code::ExitCode;
use crate::suite::{Suite, export};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A table of the contract, such as `os-versions`
    Table {
        /// Its file, with or without `.csv`
        #[arg(value_name = "NAME")]
        name: String,
        /// How it is written
        #[arg(long, value_enum, default_value = "csv")]
        format: Format,
        #[command(flatten)]
        suite: SuiteChoice,
    },
    /// The contract without the keywords of this program, as JSON. A table that a field must be in becomes a list of its values
    Openapi {
        #[command(flatten)]
        suite: SuiteChoice,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// An object for each row
    Json,
    /// As it stands in the suite
    Csv,
    /// A table of GitHub
    Markdown,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let text = match &arguments.what {
        What::Table { name, format, suite } => {
            let suite = suite.load(console)?;
            let table = find(&suite, name)?;
            match format {
                Format::Json => export::table_as_json(table),
                Format::Csv => table.csv().map_err(|error| Failure::WrongUse(error.to_string()))?,
                Format::Markdown => export::table_as_markdown(table),
            }
        }
        What::Openapi { suite } => format!("{:#}\n", export::openapi(&*suite.load(console)?)),
    };
    console.print(&text);
    Ok(ExitCode::Holds)
}

/// A table of a suite by its name.
pub(super) fn find<'a>(suite: &'a Suite, name: &str) -> Result<&'a Table, Failure> {
    let file = format!("{}.csv", name.trim_end_matches(".csv"));
    suite.contract.tables.get(&file).map(AsRef::as_ref).ok_or_else(|| {
        let mut files: Vec<_> = suite.contract.tables.keys().map(String::as_str).collect();
        files.sort_unstable();
        let hint = match (nearest(&file, files.iter().copied()), files.as_slice()) {
            (Some(near), _) => format!("did you mean `{}`?", near.trim_end_matches(".csv")),
            (None, []) => "it has none".to_owned(),
            (None, files) => format!("it has {}", files.join(", ")),
        };
        Failure::WrongUse(format!("the suite {} has no table `{name}`; {hint}", suite.name))
    })
}
