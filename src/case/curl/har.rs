//! From a HAR, as browsers and proxies record it, to a case for each request to the call under test.

use serde_json::Value;

use super::{FromCurl, NoCase, Said, case_of, path_of};
use crate::contract::Contract;

/// What became of one entry of a HAR.
#[derive(Debug)]
pub struct Recorded {
    /// Its number, from 1.
    pub number: usize,
    /// Method and path; nothing of the query, which may hold a secret.
    pub call: String,
    /// The case, or why there is none.
    pub made: Result<FromCurl, NoCase>,
}

/// Why a file is not a HAR.
#[derive(Debug, thiserror::Error)]
pub enum NoHar {
    /// It is not JSON. What stands there is not told: it may be a secret.
    #[error("this is not JSON, line {0}, column {1}")]
    NoJson(usize, usize),
    /// It is other JSON.
    #[error("this is not a HAR: it has no list at log.entries")]
    NoEntries,
}

/// What becomes of each entry, in the order of the file. Two entries that ask the same are one case.
pub fn from_har(contract: &Contract, text: &str) -> Result<Vec<Recorded>, NoHar> {
    // Some programs begin a file with a byte order mark.
    let har: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| NoHar::NoJson(error.line(), error.column()))?;
    let entries = har.pointer("/log/entries").and_then(Value::as_array).ok_or(NoHar::NoEntries)?;
    let mut recorded = Vec::<Recorded>::new();
    for (index, entry) in entries.iter().enumerate() {
        let request = &entry["request"];
        let said = said(request);
        let call = format!("{} {}", text_at(request, "/method"), path_of(text_at(request, "/url")));
        let number = index + 1;
        let made = said.and_then(|said| case_of(contract, said, &format!("From entry {number} of a HAR")));
        let path = |made: &Result<FromCurl, NoCase>| made.as_ref().ok().map(|made| made.file.path.clone());
        let earlier = path(&made).and_then(|it| recorded.iter().find(|each| path(&each.made).as_ref() == Some(&it)));
        let made = earlier.map_or(made, |earlier| Err(NoCase::Known(earlier.number)));
        recorded.push(Recorded { number, call, made });
    }
    Ok(recorded)
}

fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn said(request: &Value) -> Result<Said, NoCase> {
    let mut said = Said { method: Some(text_at(request, "/method").to_ascii_uppercase()), ..Said::default() };
    said.urls.push(text_at(request, "/url").to_owned());
    let headers = request["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
    for header in headers.iter().filter(|header| !is_of_connection(text_at(header, "/name"))) {
        said.header(&format!("{}: {}", text_at(header, "/name"), text_at(header, "/value")));
    }
    for cookie in request["cookies"].as_array().into_iter().flatten() {
        said.leave_out("cookie", text_at(cookie, "/value"));
    }
    let posted = &request["postData"];
    if said.media_type.is_none() && posted["mimeType"].is_string() {
        said.media_type = Some(text_at(posted, "/mimeType").to_owned());
    }
    match (posted["text"].as_str(), posted["params"].as_array().is_some_and(|params| !params.is_empty())) {
        // Some programs keep bytes that are no text like this.
        (Some(_), _) if posted["encoding"].is_string() => return Err(NoCase::NoText),
        (Some(text), _) if !text.is_empty() => said.data.push(text.to_owned()),
        (_, true) => return Err(NoCase::Elsewhere("postData.params".to_owned())),
        _ => {}
    }
    Ok(said)
}

/// Whether a header is of HTTP/2, or says only how the bytes travel; nobody misses it in a case.
fn is_of_connection(name: &str) -> bool {
    let names = ["host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "accept-language"];
    name.starts_with(':') || names.iter().any(|each| name.eq_ignore_ascii_case(each))
}
