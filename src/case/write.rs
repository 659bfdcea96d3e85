//! A finding as a case file: committed, it is a regression test that means the same when the strategies change.

use serde_json::Value;

use crate::contract::Contract;
use crate::exchange::{Credential, Request};
use crate::judge::{Body, Kind, Mismatch, Refusals, classify};

/// A case file that is ready to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// Path within the suite.
    pub path: String,
    /// The YAML.
    pub text: String,
}

/// The case that shows what this request showed; `None` where no case can: the documentation leaves the request open, or its bytes are no text.
pub fn write(contract: &Contract, request: &Request, mismatch: &Mismatch, origin: &str) -> Option<CaseFile> {
    let body = Body::read(request);
    let found = classify(contract, request, &body);
    let created = contract.creation.created.to_string();
    let default = default_of(contract, &mismatch.clause);
    let (verb, clause, status) = match found.kind {
        Kind::Unspecified => return None,
        Kind::Unauthorized => ("requires", mismatch.clause.clone(), "401".to_owned()),
        Kind::Invalid => {
            let statuses = match &found.refusals {
                Refusals::OneOf(statuses) if statuses.len() == 1 => statuses[0].to_string(),
                Refusals::OneOf(statuses) => format!("{statuses:?}"),
                Refusals::AnyClientError => "[400, 413]".to_owned(),
            };
            ("rejects", found.violations.first()?.clause.clone(), statuses)
        }
        Kind::Valid if default.is_some() => ("defaults_to", mismatch.clause.clone(), created),
        Kind::Valid if mismatch.clause.starts_with("request.") => ("accepts", mismatch.clause.clone(), created),
        Kind::Valid => ("requires", mismatch.clause.clone(), created),
    };
    let bytes = request.body.as_deref().unwrap_or_default();
    let sent = sent(request, &body, bytes)?;
    let expected = default.map(|(name, value)| format!(", body: {{{name}: {value}}}")).unwrap_or_default();
    let name = format!("{}_{:04x}", slug(&clause), checksum(bytes));
    let title = format!("{} ({:04x})", title(verb, &clause), checksum(bytes));
    let text = format!(
        "# Found by {origin}.\ntitle: {}\nclauses: [{clause}]\nrequest: {sent}\nexpect: {{status: {status}{expected}}}\n",
        Value::from(title),
    );
    Some(CaseFile { path: format!("{}/{verb}_{name}.yaml", topic(&clause)), text })
}

fn sent(request: &Request, body: &Body, bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    // JSON is YAML, but for what YAML reads otherwise: what does not come back the same is sent as it was.
    let is_same_again =
        body.value.as_ref().is_some_and(|value| serde_json::to_vec(value).is_ok_and(|again| again == bytes));
    let mut parts = vec![if is_same_again { format!("body: {text}") } else { format!("raw: {}", Value::from(text)) }];
    if request.credential != Credential::Good {
        parts.push(format!("token: {}", request.credential.name()));
    }
    let media_type = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some((name, value)) = media_type.filter(|(_, value)| value != "application/json") {
        parts.push(format!("headers: {{{name}: {}}}", Value::from(value.as_str())));
    }
    Some(format!("{{{}}}", parts.join(", ")))
}

fn default_of(contract: &Contract, clause: &str) -> Option<(String, Value)> {
    let name = clause.strip_prefix("request.")?.strip_suffix(".default")?;
    let default = contract.creation.request.properties.get(name)?.default.clone()?;
    Some((name.to_owned(), default))
}

fn title(verb: &str, clause: &str) -> String {
    match verb {
        "rejects" => format!("what breaks {clause} is refused"),
        "accepts" => format!("what keeps {clause} is accepted"),
        _ => format!("the answer keeps {clause}"),
    }
}

fn topic(clause: &str) -> &str {
    let mut parts = clause.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("request" | "response"), Some(field), Some(_)) => field,
        (Some("request"), Some(_), None) => "body",
        (Some("security"), ..) => "token",
        _ => "response",
    }
}

fn slug(clause: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    clause.split('.').skip(1).collect::<Vec<_>>().join("_").chars().map(plain).collect()
}

/// Tells the files of one clause apart.
fn checksum(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(5381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(*byte));
    (sum ^ (sum >> 16)) & 0xFFFF
}
