//! The program: reads arguments, prints, and says with its exit code how it went.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use ims_conformance::cli::Cli;
use ims_conformance::console::{Console, Sink};

/// Standard output and standard error; colours reach a terminal only.
struct Terminal;

impl Sink for Terminal {
    fn print(&self, text: &str) -> io::Result<()> {
        let mut output = anstream::stdout();
        output.write_all(text.as_bytes())?;
        output.flush()
    }

    fn note(&self, text: &str) {
        // There is no other place to say that this one is gone.
        let _ = anstream::stderr().write_all(text.as_bytes());
    }

    fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    fn columns(&self) -> Option<usize> {
        let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(width.0.into())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let console = Console::new(Arc::new(Terminal));
    console.take_panics();
    let code = match Cli::read(std::env::args_os(), &console) {
        Ok(cli) => cli.execute(&console).await.unwrap_or_else(|failure| {
            console.note(&format!("{failure}\n"));
            failure.exit_code()
        }),
        Err(code) => code,
    };
    code.unless_lost(&console).into()
}
