//! A finding as a case file: committed, it is a regression test that means the same when the strategies change.

use serde_json::{Value, json};

use super::braces::placeholders;
use super::check::in_some_run;
use super::read::LONGEST_TITLE;
use crate::contract::{ClauseId, Contract, Subject};
use crate::exchange::{Request, TokenVariant};
use crate::judge::{Body, Kind, Mismatch, Refusals, classify};
use crate::probe::{Expectation, HeaderRule, Probe, Step};

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
    write_about(contract, request, &mismatch.clause, &format!("Found by {origin}"))
}

/// The case of this request that is about this clause, where the request breaks none; `comment` says where it comes from. `None` where no case can be.
pub(super) fn write_about(contract: &Contract, request: &Request, about: &ClauseId, comment: &str) -> Option<CaseFile> {
    // An example that shows the fault without its mark has lost it by now.
    let marked = request.body.as_deref().and_then(|body| contract.with_open_mark(body));
    let request = Request { body: request.body.as_deref().map(|body| contract.without_mark(body)), ..request.clone() };
    let body = Body::read(&request);
    let found = classify(contract, &request, &body);
    let created = contract.creation.created.to_string();
    let default = default_of(contract, about);
    let (verb, clause, status) = match found.kind {
        Kind::Unspecified => return None,
        Kind::Unauthorized => ("requires", about.clone(), "401".to_owned()),
        Kind::Invalid => {
            let statuses = match &found.refusals {
                Refusals::OneOf(statuses) if statuses.len() == 1 => statuses[0].to_string(),
                Refusals::OneOf(statuses) => format!("{statuses:?}"),
                Refusals::AnyClientError => format!("[{}, 413]", contract.creation.refused),
            };
            ("rejects", found.violations.first()?.clause.clone(), statuses)
        }
        Kind::Valid if default.is_some() => ("defaults_to", about.clone(), created),
        Kind::Valid if about.is_of_request() => ("accepts", about.clone(), created),
        Kind::Valid => ("requires", about.clone(), created),
    };
    let request = without_names(Request { body: marked.or(request.body), ..request });
    let bytes = request.body.as_deref().unwrap_or_default();
    let sent = sent(&request, &Body::read(&request), bytes)?.join(", ");
    let expected = default.map(|(name, value)| format!(", body: {{{name}: {value}}}")).unwrap_or_default();
    let name = format!("{}_{:04x}", slug(&clause), checksum(bytes));
    let title = title(contract, verb, &clause, bytes);
    let text = format!(
        "# {comment}.\ntitle: {}\nclauses: [{clause}]\nrequest: {{{sent}}}\nexpect: {{status: {status}{expected}}}\n",
        Value::from(title),
    );
    Some(CaseFile { path: format!("{}/{verb}_{name}.yaml", topic(&clause)), text: printable(&text) })
}

/// The case that shows what the follow-up of a probe showed: the creation, and the steps about this clause; `None` where no case can.
pub fn write_steps(contract: &Contract, probe: &Probe, mismatch: &Mismatch, origin: &str) -> Option<CaseFile> {
    let clause = &mismatch.clause;
    let creation = &probe.script.steps[0].request;
    let is_about = |index: &usize| probe.expectations[*index].clause.as_ref() == Some(clause);
    let kept: Vec<usize> = (0..probe.expectations.len()).filter(|index| *index == 0 || is_about(index)).collect();
    if !kept.contains(&mismatch.step) || mismatch.step == 0 {
        return None;
    }
    let bytes = creation.body.as_deref().unwrap_or_default();
    let is_open = {
        let request = in_some_run(creation);
        classify(contract, &request, &Body::read(&request)).kind == Kind::Unspecified
    };
    let (created, refused) = (contract.creation.created, contract.creation.refused);
    let title = Value::from(title(contract, "keeps", clause, bytes));
    let mut text = format!("# Found by {origin}.\ntitle: {title}\nclauses: [{clause}]\nsteps:\n");
    for index in &kept {
        let step = match index {
            0 => &Step { request: without_names(creation.clone()), ..probe.script.steps[0].clone() },
            _ => &probe.script.steps[*index],
        };
        text.push_str(&format!("  - {}: {}\n", step.request.method, step.request.path));
        if let Some(bytes) = &step.request.body {
            for part in sent(&step.request, &Body::read(&step.request), bytes)? {
                text.push_str(&format!("    {part}\n"));
            }
        }
        if !step.pause.is_zero() {
            text.push_str(&format!("    wait: {}\n", step.pause.as_secs()));
        }
        let expected = match index {
            0 if is_open => format!("status: [{created}, {refused}], otherwise: inconclusive"),
            0 => format!("status: {created}"),
            _ => expected(step, &probe.expectations[*index], &kept),
        };
        text.push_str(&format!("    expect: {{{expected}}}\n"));
        for (name, pointer) in &step.captures {
            text.push_str(&format!("    capture: {{{name}: {pointer}}}\n"));
        }
    }
    let name = format!("{}_{:04x}", slug(clause), checksum(bytes));
    Some(CaseFile { path: format!("{}/keeps_{name}.yaml", topic(clause)), text: printable(&text) })
}

/// A text of a case in which what YAML takes for no character, or for the end of a line, is escaped as its double-quoted texts have it: nothing of the kind stands
/// anywhere else.
fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            format!("\\u{:04x}", u32::from(letter))
        }
        letter => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

/// What a step expects, with the numbers that the kept steps have in the file.
fn expected(step: &Step, expectation: &Expectation, kept: &[usize]) -> String {
    let mut parts = vec![format!("status: {:?}", expectation.statuses)];
    let object = |fields: Vec<(String, Value)>| Value::Object(fields.into_iter().collect());
    if !expectation.body.is_empty() {
        parts.push(format!("body: {}", object(expectation.body.clone())));
    }
    if !expectation.any_of.is_empty() {
        let lists = expectation.any_of.iter().map(|(name, values)| (name.clone(), Value::from(values.clone())));
        parts.push(format!("any_of: {}", object(lists.collect())));
    }
    let earlier = expectation.same_as.and_then(|step| kept.iter().position(|each| *each == step));
    parts.extend(earlier.map(|position| format!("same_as: {}", position + 1)));
    if !expectation.headers.is_empty() {
        let value = |rule: &HeaderRule| match rule {
            HeaderRule::Is(text) => Value::from(text.as_str()),
            HeaderRule::Matches(pattern) => json!({ "pattern": pattern.as_str() }),
        };
        let headers = expectation.headers.iter().map(|(name, rule)| (name.clone(), value(rule))).collect();
        parts.push(format!("headers: {}", object(headers)));
    }
    if expectation.lists_none {
        parts.push("listed: none".to_owned());
    }
    if expectation.is_other_status_inconclusive {
        parts.push("otherwise: inconclusive".to_owned());
    }
    parts.extend(step.poll.iter().map(|poll| format!("within: {}", poll.within.as_secs())));
    parts.join(", ")
}

/// A body in which no text looks like a name in braces that a case would fill in, but for that of the run.
fn without_names(request: Request) -> Request {
    let text = request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
    let escape = |text: String, name: &str| text.replace(&format!("{{{name}}}"), &format!("\\u007b{name}}}"));
    let escaped =
        text.map(|text| placeholders(text).filter(|name| *name != "run").fold(text.to_owned(), escape).into_bytes());
    Request { body: escaped.or(request.body), ..request }
}

/// What a case says of a request, key by key.
fn sent(request: &Request, body: &Body, bytes: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    // JSON is YAML, but for what YAML reads otherwise: what does not come back the same is sent as it was.
    let is_as_typed =
        |value: &Value| depth(value) <= DEEPEST && serde_json::to_vec(value).is_ok_and(|again| again == bytes);
    let is_same_again = body.value.as_ref().is_some_and(is_as_typed);
    let mut parts = vec![if is_same_again { format!("body: {text}") } else { format!("raw: {}", Value::from(text)) }];
    if request.credential != TokenVariant::Good {
        parts.push(format!("token: {}", request.credential.name()));
    }
    // A case sends a body with a media type, always.
    let (name, value) = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"))?;
    if value != "application/json" {
        parts.push(format!("headers: {{{name}: {}}}", Value::from(value.as_str())));
    }
    Some(parts)
}

/// A body deeper than this is sent as it was: the reader of YAML has a limit, and a person has one, too.
const DEEPEST: usize = 20;

/// How many levels of arrays and objects a value has.
fn depth(value: &Value) -> usize {
    let deepest = |values: &mut dyn Iterator<Item = &Value>| 1 + values.map(depth).max().unwrap_or_default();
    match value {
        Value::Array(items) => deepest(&mut items.iter()),
        Value::Object(fields) => deepest(&mut fields.values()),
        _ => 0,
    }
}

fn default_of(contract: &Contract, clause: &ClauseId) -> Option<(String, Value)> {
    let name = clause.defaulted_field()?;
    let default = contract.creation.request.properties.get(name)?.default.clone()?;
    Some((name.to_owned(), default))
}

/// What a case shows, in words: the clause's own, where they fit a line.
fn title(contract: &Contract, verb: &str, clause: &ClauseId, bytes: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = contract.clauses.get(clause).map(|clause| clause.text.as_str());
    let title = match (verb, text.filter(|text| text.chars().count() <= LONGEST)) {
        ("rejects", _) => format!("a request that breaks {clause} is refused"),
        ("accepts", _) => format!("a request that keeps {clause} is accepted"),
        (_, Some(text)) => text.to_owned(),
        (_, None) => format!("{clause} holds"),
    };
    // Clauses of other contracts may have long names.
    let room = LONGEST_TITLE - " (0000)".len();
    let title =
        if title.chars().count() > room { title.chars().take(room - 1).chain(['…']).collect() } else { title };
    format!("{title} ({:04x})", checksum(bytes))
}

/// The folder of a case: what its clause is about, in letters that are no part of a path.
fn topic(clause: &ClauseId) -> String {
    let field = clause.after_side().and_then(|rest| rest.split_once('.')).map(|(field, _)| field);
    plain(match (clause.subject(), field) {
        (Subject::Request | Subject::Response, Some(field)) => field,
        (Subject::Request, None) => "body",
        (Subject::Token, _) => "token",
        (Subject::Behaviour, _) => "behaviour",
        (Subject::Response | Subject::Status(_) | Subject::Drift, _) => "response",
    })
}

fn slug(clause: &ClauseId) -> String {
    plain(clause.after_side().unwrap_or_default())
}

/// A text as the name of a file, not longer than a disk takes it.
fn plain(text: &str) -> String {
    const LONGEST: usize = 100;
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    text.chars().take(LONGEST).map(plain).collect()
}

/// Tells the files of one clause apart.
fn checksum(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(5381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(*byte));
    (sum ^ (sum >> 16)) & 0xFFFF
}
