//! `stub`: serves the contract to other programs.

use std::net::TcpListener;
use std::sync::Arc;

use clap::Args;

use super::{Console, Failure, load};
use crate::exit_code::ExitCode;
use crate::stub::Stub;
use crate::target::Token;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: String,
    /// Environment variable that holds the only good token
    #[arg(long, value_name = "NAME", default_value = "OS_TOKEN")]
    token_env: String,
    #[command(flatten)]
    suite: super::SuiteChoice,
}

/// The good token where none is given; it opens nothing but a stub.
const TOKEN: &str = "stub-token";

pub(super) async fn execute(arguments: Arguments, console: &mut dyn Console) -> Result<ExitCode, Failure> {
    let suite = load(&arguments.suite.suite)?;
    let given = std::env::var(&arguments.token_env).ok().and_then(|text| Token::new(&text));
    let how = if given.is_some() { format!("the one in ${}", arguments.token_env) } else { format!("`{TOKEN}`") };
    let token = given.or_else(|| Token::new(TOKEN)).ok_or_else(|| Failure::WrongUse("no token".to_owned()))?;
    let listener = TcpListener::bind(&arguments.listen)
        .map_err(|error| Failure::WrongUse(format!("cannot listen on {}: {error}", arguments.listen)))?;
    let stub = Stub::start(Arc::new(suite), token, listener).await;
    console.print(&format!("http://{}\n", stub.address()));
    console.note(&format!("the good token is {how}; Ctrl-C stops the stub\n"));
    // Without a signal handler the default one ends the process, which is right too.
    let _ = tokio::signal::ctrl_c().await;
    Ok(ExitCode::Holds)
}
