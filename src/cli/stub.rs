//! `stub`: serves the contract to other programs.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::interruptions::Interruptions;
use super::{Failure, load};
use crate::client::Token;
use crate::console::Console;
use crate::contract::{Carrier, Security};
use crate::document::nearest;
use crate::exit_code::ExitCode;
use crate::secret::{Kind, STUB_TOKEN, Secret};
use crate::stub::defect::defects;
use crate::stub::{Defect, Stub, StubService};

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
    /// Break one clause on purpose, in this way
    #[arg(long, value_name = "NAME")]
    defect: Option<String>,
    /// How to say that the stub is ready: where it is, and what opens it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    print: Print,
    /// Tell of each request on standard error, in one line: when, what, and the status of the answer
    #[arg(long)]
    log: bool,
    /// List the defects instead of serving
    #[arg(long)]
    list_defects: bool,
}

/// How the stub says that it is ready.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Print {
    /// For a person
    Text,
    /// For a program: one line, with `address`, `token`, and `token_env`, which names the variable of a token that was given
    Json,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = load(&arguments.suite.suite, console)?;
    let known = defects(&suite.contract);
    if arguments.list_defects {
        for defect in &known {
            console.print(&format!("{}  {}\n", defect.name, defect.text));
        }
        return Ok(ExitCode::Holds);
    }
    let defect = match &arguments.defect {
        Some(name) => Some(find(&known, name)?),
        None => None,
    };
    let usual = usual_token(&suite.contract.security);
    let is_open = suite.contract.security.is_open();
    let (token, given) = token(&arguments.token_env, &usual, console)?;
    let service = StubService::new(suite.contract, token, defect);
    // Before anybody knows that there is a stub to be stopped.
    let interruptions = Interruptions::listen();
    let log = console.clone();
    let started = if arguments.log {
        Stub::start_logged(service, &arguments.listen, move |answered| log.note(&format!("{answered}\n"))).await
    } else {
        Stub::start(service, &arguments.listen).await
    };
    let stub = started.map_err(|error| Failure::WrongUse(format!("cannot listen on {}: {error}", arguments.listen)))?;
    let good = if is_open { Good::Anything } else { given.as_deref().map_or(Good::Text(&usual), Good::Variable) };
    announce(&stub, good, arguments.print, console);
    if console.loss().is_some() {
        // Nobody would know where it is.
        return Ok(ExitCode::WrongUse);
    }
    // Without a signal handler the default one ends the process, which is right too.
    let Ok(mut interruptions) = interruptions else { return std::future::pending().await };
    interruptions.next().await;
    tokio::select! {
        () = stub.stop() => {}
        // Whoever asks twice does not want to wait.
        () = interruptions.next() => {}
    }
    Ok(ExitCode::Holds)
}

/// The good token, and the variable that gave it, if one did.
fn token(variable: &str, usual: &str, console: &Console) -> Result<(Token, Option<String>), Failure> {
    let text = std::env::var(variable).ok();
    if let Some((token, text)) = text.and_then(|text| Some((Token::new(&text)?, text))) {
        // It may open more than this stub.
        console.secrets().add(&Secret::new(Kind::Token, text.trim()));
        return Ok((token, Some(variable.to_owned())));
    }
    let token = Token::new(usual).ok_or_else(|| Failure::WrongUse("no token".to_owned()))?;
    Ok((token, None))
}

/// What opens the stub.
#[derive(Clone, Copy)]
enum Good<'a> {
    /// Whatever is shown, or nothing.
    Anything,
    /// This text.
    Text(&'a str),
    /// What this variable holds.
    Variable(&'a str),
}

/// Says where the stub is and what opens it. A token that was given is not shown: its variable is.
fn announce(stub: &Stub, good: Good<'_>, print: Print, console: &Console) {
    let address = format!("http://{}", stub.address());
    match print {
        Print::Text => {
            console.print(&format!("{address}\n"));
            let how = match good {
                Good::Anything => "nobody needs a token".to_owned(),
                Good::Text(text) => format!("the good token is `{text}`"),
                Good::Variable(name) => format!("the good token is the one in ${name}"),
            };
            console.note(&format!("{how}; Ctrl-C stops the stub\n"));
        }
        Print::Json => {
            let (token, variable) = match good {
                Good::Anything => (None, None),
                Good::Text(text) => (Some(text), None),
                Good::Variable(name) => (None, Some(name)),
            };
            let ready = json!({"address": address, "token": token, "token_env": variable});
            console.print(&format!("{ready}\n"));
        }
    }
}

/// The only good token where none is given; a user and a password where one is asked for.
fn usual_token(security: &Security) -> String {
    let is_basic = security.schemes.iter().any(|scheme| scheme.carrier == Carrier::Basic);
    if is_basic { format!("stub:{STUB_TOKEN}") } else { STUB_TOKEN.to_owned() }
}

fn find<'a>(known: &'a [Defect], name: &str) -> Result<&'a Defect, Failure> {
    known.iter().find(|defect| defect.name == name).ok_or_else(|| {
        let near = nearest(name, known.iter().map(|defect| defect.name.as_str()));
        let hint = near.map_or_else(|| "--list-defects shows all".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::WrongUse(format!("there is no defect `{name}`; {hint}"))
    })
}
