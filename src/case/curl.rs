//! From a request that somebody sent to a case: a command of curl, or the entries of a HAR, without what lets their sender in.

mod har;
mod options;
mod words;

use super::check::unknown_field;
use super::write::{CaseFile, write_about};
use crate::contract::{ClauseId, Contract};
use crate::exchange::{Request, TokenVariant};
use crate::judge::{Body, Kind, classify};
pub use har::{NoHar, Recorded, from_har};
use options::{says_nothing, takes_a_value};
use words::words;

/// A case, and what of the command is not in it.
#[derive(Debug)]
pub struct FromCurl {
    /// The case file.
    pub file: CaseFile,
    /// What was left out, by name alone: headers, cookies, a user.
    pub left_out: Vec<String>,
}

/// Why a command becomes no case.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoCase {
    /// A quote has no end.
    #[error("a quote of the command has no end")]
    Unquoted,
    /// Another program, or nothing.
    #[error("the command does not begin with curl")]
    NoCurl,
    /// An option without the value that it takes.
    #[error("{0} of curl takes a value, and has none")]
    NoValue(String),
    /// The body is not in the command.
    #[error("{0} takes the body from elsewhere; put its text in place of that, as in --data-raw '…'")]
    Elsewhere(String),
    /// An option that may say anything of the request.
    #[error("{0} of curl is not known here; take it out where it says nothing of the request")]
    UnknownOption(String),
    /// A call that the contract does not describe.
    #[error("the contract has no such call")]
    UnknownCall,
    /// Not the call under test.
    #[error(
        "a case by itself is about {0}, and this is another call; `new behaviour/keeps_…` begins one of several steps"
    )]
    OtherCall(String),
    /// The body holds what looks like a secret.
    #[error("the body has `{0}`, which looks like a secret; take it out first")]
    Secret(String),
    /// No case can expect an answer.
    #[error("the documentation leaves this request open ({0}), so that no case can expect one answer{1}")]
    Open(String, String),
    /// Another request, by its number, makes the same case.
    #[error("it asks the same as entry {0}")]
    Known(usize),
    /// The bytes are no text.
    #[error("no file can hold this body")]
    NoText,
}

/// Words in the names of fields whose values are secrets.
const SECRETS: [&str; 6] = ["password", "passwd", "secret", "token", "credential", "apikey"];

/// What a command says.
#[derive(Default)]
struct Said {
    method: Option<String>,
    urls: Vec<String>,
    media_type: Option<String>,
    data: Vec<String>,
    left_out: Vec<String>,
    /// What lets the sender in.
    secrets: Vec<String>,
}

/// The case of a command. Of its headers only the type of the body is kept; whatever lets the sender in is left out.
pub fn from_curl(contract: &Contract, command: &str) -> Result<FromCurl, NoCase> {
    let (words, further) = words(command).ok_or(NoCase::Unquoted)?;
    let mut said = Said::read(&words)?;
    said.left_out.extend(further.map(|sign| format!("what comes after {sign}")));
    case_of(contract, said, "From a command of curl")
}

/// The case of a request; `origin` says in a comment where it comes from.
fn case_of(contract: &Contract, said: Said, origin: &str) -> Result<FromCurl, NoCase> {
    let subject = contract.subject();
    let has_body = !said.data.is_empty();
    let method = said.method.as_deref().unwrap_or(if has_body { "POST" } else { "GET" });
    let is_subject = said.urls.iter().any(|url| path_of(url).ends_with(subject.path.as_str()));
    if method != subject.method || !is_subject {
        if !said.urls.iter().any(|url| is_call(contract, method, path_of(url))) {
            return Err(NoCase::UnknownCall);
        }
        return Err(NoCase::OtherCall(format!("{} {}", subject.method, subject.path.as_str())));
    }
    let body = without_blanks(&said.data.join("&"));
    if let Some(name) = secret_field(&body).or_else(|| said.secret_in(&body)) {
        return Err(NoCase::Secret(name));
    }
    let media_type = said.media_type.clone().unwrap_or_else(|| "application/x-www-form-urlencoded".to_owned());
    let headers = if has_body { vec![("Content-Type".to_owned(), media_type)] } else { Vec::new() };
    let request = Request {
        method: method.to_owned(),
        path: subject.path.as_str().to_owned(),
        headers,
        body: has_body.then(|| body.into_bytes()),
        credential: TokenVariant::Good,
    };
    let read = Body::read(&request);
    let found = classify(contract, &request, &read);
    if found.kind == Kind::Unspecified {
        let open = found.open.first().map_or("", |open| open.title);
        let hint = match unknown_field(contract, &read) {
            _ if said.media_type.is_none() && has_body => {
                "; curl sends --data as a form, so add -H 'Content-Type: application/json'".to_owned()
            }
            Some((name, near)) => format!("; `{name}` is no field, did you mean `{near}`?"),
            None => String::new(),
        };
        return Err(NoCase::Open(open.to_owned(), hint));
    }
    let about = clause_about(contract, &read).ok_or(NoCase::NoText)?;
    let file = write_about(contract, &request, &about, origin).ok_or(NoCase::NoText)?;
    let Said { urls, mut left_out, .. } = said;
    left_out.extend(urls.iter().flat_map(|url| query_of(url)));
    Ok(FromCurl { file, left_out })
}

/// Whether the contract describes this call, wherever on its host the service is.
fn is_call(contract: &Contract, method: &str, path: &str) -> bool {
    let tails = path.match_indices('/').map(|(at, _)| &path[at..]);
    tails.into_iter().any(|tail| contract.operation(method, tail).is_some())
}

/// The names of what a query gives, as in `?limit`. The values may be secrets.
fn query_of(url: &str) -> impl Iterator<Item = String> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let query = query.split('#').next().unwrap_or_default();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).map(|name| format!("?{name}"))
}

/// What a valid request shows: a rule of the first field that it gives, or of the body.
fn clause_about(contract: &Contract, body: &Body) -> Option<ClauseId> {
    let given = body.value.as_ref().and_then(|value| value.as_object());
    let of_request = || contract.clauses.keys().filter(|clause| clause.is_of_request());
    let is_of_type = |clause: &&ClauseId| clause.as_str().rsplit('.').next() == Some("type");
    let of_fields = given
        .into_iter()
        .flatten()
        .flat_map(|(name, _)| of_request().filter(|clause| clause.is_of_request_field(name)));
    let of_field = of_fields.clone().find(is_of_type).or_else(|| of_fields.clone().next());
    of_field.or_else(|| of_request().next()).cloned()
}

/// A body of JSON as its shortest form, where that says the same; another one as it is.
fn without_blanks(body: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let is_kept = |letter: &char| {
        let is_blank = !is_text && " \t\r\n".contains(*letter);
        is_text ^= *letter == '"' && !is_escaped;
        is_escaped = is_text && *letter == '\\' && !is_escaped;
        !is_blank
    };
    let shortest: String = body.chars().filter(is_kept).collect();
    let again = serde_json::from_str::<serde_json::Value>(body).map(|value| value.to_string());
    if again.is_ok_and(|again| again == shortest) { shortest } else { body.to_owned() }
}

fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// The name of a field that looks as if its value were a secret, in whatever kind of text.
fn secret_field(body: &str) -> Option<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    let mut names = body.match_indices([':', '=']).map(|(at, _)| {
        let name = body[..at].trim_end().trim_end_matches(['"', '\'']);
        name.rsplit(|letter: char| !is_part(letter)).next().unwrap_or_default()
    });
    names
        .find(|name| {
            let plain: String = name.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
            SECRETS.iter().any(|secret| plain.contains(secret))
        })
        .map(str::to_owned)
}

impl Said {
    fn read(words: &[String]) -> Result<Self, NoCase> {
        let mut said = Self::default();
        let mut rest = words.iter().map(String::as_str).skip_while(|word| *word == "$");
        if rest.next().is_none_or(|program| program.rsplit('/').next() != Some("curl")) {
            return Err(NoCase::NoCurl);
        }
        while let Some(word) = rest.next() {
            if let Some((name, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
                said.option(name, &mut || Some(value.to_owned()))?;
            } else if word.starts_with("--") {
                said.option(word, &mut || rest.next().map(str::to_owned))?;
            } else if word.starts_with('-') && word.len() > 1 {
                said.letters(&word[1..], &mut || rest.next().map(str::to_owned))?;
            } else {
                said.urls.push(word.to_owned());
            }
        }
        Ok(said)
    }

    /// Options of one letter each, the last of which may have its value behind it.
    fn letters(&mut self, letters: &str, next: &mut dyn FnMut() -> Option<String>) -> Result<(), NoCase> {
        for (at, letter) in letters.char_indices() {
            let behind = &letters[at + letter.len_utf8()..];
            let mut took = false;
            let mut value = || {
                took = true;
                if behind.is_empty() { next() } else { Some(behind.to_owned()) }
            };
            self.option(&format!("-{letter}"), &mut value)?;
            if took {
                break;
            }
        }
        Ok(())
    }

    fn option(&mut self, name: &str, value: &mut dyn FnMut() -> Option<String>) -> Result<(), NoCase> {
        let mut value = || value().ok_or_else(|| NoCase::NoValue(name.to_owned()));
        match name {
            "-X" | "--request" => self.method = Some(value()?),
            "--url" => self.urls.push(value()?),
            "-H" | "--header" => self.header(&value()?),
            "-d" | "--data" | "--data-ascii" | "--data-binary" | "--json" => {
                let data = value()?;
                if data.starts_with('@') {
                    return Err(NoCase::Elsewhere(name.to_owned()));
                }
                if name == "--json" {
                    self.media_type.get_or_insert_with(|| "application/json".to_owned());
                }
                self.data.push(data);
            }
            "--data-raw" => self.data.push(value()?),
            "-F" | "--form" | "-T" | "--upload-file" | "--data-urlencode" | "-K" | "--config" => {
                return Err(NoCase::Elsewhere(name.to_owned()));
            }
            "-u" | "--user" | "-b" | "--cookie" | "--oauth2-bearer" | "-U" | "--proxy-user" | "--pass" => {
                self.leave_out(name, &value()?);
            }
            _ if takes_a_value(name) => drop(value()?),
            _ if says_nothing(name) => {}
            _ => return Err(NoCase::UnknownOption(name.to_owned())),
        }
        Ok(())
    }

    fn header(&mut self, header: &str) {
        let (name, value) = header.split_once(':').unwrap_or((header.trim_end_matches(';'), ""));
        if name.trim().eq_ignore_ascii_case("content-type") {
            self.media_type = Some(value.trim().to_owned());
        } else {
            self.leave_out(name.trim(), value);
        }
    }

    fn leave_out(&mut self, name: &str, value: &str) {
        // A shorter text is part of ordinary words.
        const SHORTEST: usize = 8;
        self.left_out.push(name.to_owned());
        let parts = value.split([' ', ';', '=', ':', ',']).filter(|part| part.len() >= SHORTEST);
        self.secrets.extend(parts.map(str::to_owned));
    }

    /// What stands for a part of a header that the body repeats.
    fn secret_in(&self, body: &str) -> Option<String> {
        let is_told = self.secrets.iter().any(|secret| body.contains(secret.as_str()));
        is_told.then(|| "what a header of the command says".to_owned())
    }
}
