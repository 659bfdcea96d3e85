//! What opens a stub, and how that is said: a token that somebody gave is not shown, only its variable is.

use serde_json::json;

use super::super::Failure;
use super::super::login::not_set;
use super::Print;
use crate::client::Token;
use crate::console::Console;
use crate::contract::Security;
use crate::secret::{Kind, Secret};
use crate::stub::{Stub, usual_token};

/// The variable that is looked at where none is named.
const USUAL_VARIABLE: &str = "OS_TOKEN";

/// What opens a stub.
pub(super) enum Good {
    /// Whatever is shown, or nothing.
    Anything,
    /// This text, which is no secret.
    Text(String),
    /// What this variable holds.
    Variable(String),
}

/// The good token of a stub, and how it is told.
pub(super) fn find(named: Option<&str>, security: &Security, console: &Console) -> Result<(String, Good), Failure> {
    let usual = usual_token(security);
    publish(&usual, console);
    let name = named.unwrap_or(USUAL_VARIABLE);
    // A contract without a security scheme asks nobody, whatever a shell happens to have set.
    if security.is_open() && named.is_none() {
        return Ok((usual, Good::Anything));
    }
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    let (text, good) = match (value, named) {
        (None, Some(name)) => return Err(Failure::WrongUse(not_set(name))),
        (None, None) => (usual.clone(), Good::Text(usual)),
        (Some(value), _) => {
            let text = value.into_string().ok().filter(|text| Token::new(text).is_some());
            let no_token =
                || Failure::WrongUse(format!("${name} is no token: a token is one word of ASCII characters"));
            let text = text.ok_or_else(no_token)?;
            let is_usual = text.trim() == usual;
            (text, if is_usual { Good::Text(usual) } else { Good::Variable(name.to_owned()) })
        }
    };
    if matches!(good, Good::Variable(_)) {
        // It may open more than this stub.
        console.secrets().add(&Secret::new(Kind::Token, text.trim()));
    }
    Ok((text, if security.is_open() { Good::Anything } else { good }))
}

/// Has the usual token shown as it is, also where a variable holds it: every reader of the documentation knows it.
fn publish(usual: &str, console: &Console) {
    console.secrets().learn(usual);
    if std::env::var(USUAL_VARIABLE).is_ok_and(|text| text.trim() == usual) {
        // Nobody needs to be warned of that.
        console.keep_calm();
    }
}

/// Says where the stub is and what opens it.
pub(super) fn announce(stub: &Stub, good: &Good, print: Print, console: &Console) {
    let address = stub.url();
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
