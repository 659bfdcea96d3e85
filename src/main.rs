//! The program: reads arguments, prints, and says with its exit code how it went.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use ims_conformance::cli::{Cli, Console};

/// Standard output and standard error; colours reach a terminal only.
struct Terminal;

impl Console for Terminal {
    fn print(&mut self, text: &str) {
        // A reader that has gone away, as `head` does, is no reason to fail.
        let _ = anstream::stdout().write_all(text.as_bytes());
    }

    fn note(&mut self, text: &str) {
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    fn is_watched(&self) -> bool {
        std::io::stderr().is_terminal()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().execute(&mut Terminal).await {
        Ok(code) => code.into(),
        Err(failure) => {
            Terminal.note(&format!("{failure}\n"));
            failure.exit_code().into()
        }
    }
}
