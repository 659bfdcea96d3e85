//! `completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use crate::console::Console;
use crate::exit_code::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// For which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> ExitCode {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    console.print(&String::from_utf8_lossy(&script));
    ExitCode::Holds
}
