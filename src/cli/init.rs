//! `init`: the start of a suite, from a public OpenAPI document.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::console::Console;
use crate::document::parse;
use crate::exit_code::ExitCode;
use crate::openapi::begin;
use crate::report::counted;
use crate::suite::SuiteError;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The OpenAPI document, 3.0 or 3.1, as YAML or JSON
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The call under test, by its operationId, or as `POST /path`; may be left out where only one call creates something
    #[arg(long, value_name = "ID")]
    operation: Option<String>,
    /// The folder of the new suite, which is empty or not there yet
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// Writes a contract and the first cases, which `check` refuses until what they leave open is filled in.
pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let Some(from) = &arguments.from else {
        let hint = "without one, `ims-conformance schema contract` and `new` help to write a suite by hand";
        return Err(Failure::WrongUse(format!("--from FILE names the OpenAPI document to start from; {hint}")));
    };
    is_free(&arguments.dir)?;
    let shown = from.display().to_string();
    let text = std::fs::read_to_string(from);
    let text = text.map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
    let origin = from.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let begun = parse(&shown, text.trim_start_matches('\u{feff}'))
        .and_then(|document| begin(&document, arguments.operation.as_deref(), &origin));
    let begun = begun.map_err(SuiteError::from)?;
    for (name, text) in &begun.files {
        let path = arguments.dir.join(name);
        let written = console.write_new(&arguments.dir, Path::new(name), text);
        written.map_err(|error| Failure::WrongUse(format!("{} cannot be written: {error}", path.display())))?;
        console.print(&format!("{}\n", path.display()));
    }
    for note in &begun.notes {
        console.note(&format!("note: {note}\n"));
    }
    let dir = arguments.dir.display();
    console.print(&match begun.to_dos {
        0 => format!("nothing is left to be filled in; `ims-conformance check {dir}` says whether all fits together\n"),
        count => {
            format!("{} left to be filled in; `ims-conformance check {dir}` shows where\n", counted(count, "TODO"))
        }
    });
    Ok(ExitCode::Holds)
}

/// Refuses a folder in which something stands already: nothing is ever overwritten.
fn is_free(dir: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    match std::fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::WrongUse(format!("{shown} is not empty, and stays as it is: take another folder"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::WrongUse(format!("{shown} cannot be the folder of a suite: {error}"))),
    }
}
