//! `stub`: serves the contract to other programs.

use clap::Args;

use super::{Failure, load};
use crate::client::Token;
use crate::console::Console;
use crate::document::nearest;
use crate::exit_code::ExitCode;
use crate::secret::STUB_TOKEN;
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
    /// List the defects instead of serving
    #[arg(long)]
    list_defects: bool,
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
    let given = std::env::var(&arguments.token_env).ok().and_then(|text| Token::new(&text));
    let how = if given.is_some() { format!("the one in ${}", arguments.token_env) } else { format!("`{STUB_TOKEN}`") };
    let token = given.or_else(|| Token::new(STUB_TOKEN)).ok_or_else(|| Failure::WrongUse("no token".to_owned()))?;
    let service = StubService::new(suite.contract, token, defect);
    let stub = Stub::start(service, &arguments.listen)
        .await
        .map_err(|error| Failure::WrongUse(format!("cannot listen on {}: {error}", arguments.listen)))?;
    console.print(&format!("http://{}\n", stub.address()));
    if console.loss().is_some() {
        // Nobody would know where it is.
        return Ok(ExitCode::WrongUse);
    }
    console.note(&format!("the good token is {how}; Ctrl-C stops the stub\n"));
    // Without a signal handler the default one ends the process, which is right too.
    let _ = tokio::signal::ctrl_c().await;
    Ok(ExitCode::Holds)
}

fn find<'a>(known: &'a [Defect], name: &str) -> Result<&'a Defect, Failure> {
    known.iter().find(|defect| defect.name == name).ok_or_else(|| {
        let near = nearest(name, known.iter().map(|defect| defect.name.as_str()));
        let hint = near.map_or_else(|| "--list-defects shows all".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::WrongUse(format!("there is no defect `{name}`; {hint}"))
    })
}
