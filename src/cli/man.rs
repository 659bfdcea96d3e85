//! `man`: a page for each command, made of the same words as `--help`.

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Failure};
use crate::console::Console;
use crate::exit_code::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder, which is made where there is none: `~/.local/share/man/man1`
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let dir = &arguments.dir;
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    written.map_err(|error| Failure::WrongUse(format!("cannot write into {}: {error}", dir.display())))?;
    console.note(&format!("read it with `man -l {}`\n", dir.join("ims-conformance.1").display()));
    Ok(ExitCode::Holds)
}
