//! The program: reads arguments, prints, and says with its exit code how it went.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use ims_conformance::cli::Cli;
use ims_conformance::console::{Console, Sink};

/// Standard output and standard error; colours reach a terminal only.
struct Terminal;

impl Sink for Terminal {
    fn print(&self, text: &str) {
        // A reader that has gone away, as `head` does, is no reason to fail.
        let _ = anstream::stdout().write_all(text.as_bytes());
    }

    fn note(&self, text: &str) {
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    fn is_watched(&self) -> bool {
        std::io::stderr().is_terminal()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let console = Console::new(Arc::new(Terminal));
    console.take_panics();
    let cli = match Cli::read(std::env::args_os(), &console) {
        Ok(cli) => cli,
        Err(code) => return code.into(),
    };
    match cli.execute(&console).await {
        Ok(code) => code.into(),
        Err(failure) => {
            console.note(&format!("{failure}\n"));
            failure.exit_code().into()
        }
    }
}
