//! All that a document says of one call, and of what it creates.

use serde_json::{Map, Value};

use super::answers::{Answers, json};
use super::body::{self, Body};
use super::calls::{self, Call};
use super::document::Document;
use super::field::{Line, Side};
use super::other::{self, All};
use super::paths::{Path, Paths, is_in, name_of, parameters};
use super::sample;
use super::security::Security;
use super::words::{first_sentence, shortened, to_do};
use crate::document::{Node, SourceError};

/// A suite before it is text.
pub(super) struct Model<'a> {
    /// Name and version of the API.
    pub(super) info: Vec<Line>,
    /// What stands at the head of the file.
    pub(super) head: Vec<String>,
    /// The id of the call under test.
    pub(super) id: String,
    /// Its method, in small letters.
    pub(super) method: &'a str,
    /// Its path.
    pub(super) path: Path,
    /// What it does.
    pub(super) summary: String,
    /// What the document says of the body as a whole.
    pub(super) request_description: String,
    /// Whether there must be a body.
    pub(super) is_body_required: bool,
    /// The media type of the body.
    pub(super) request_type: &'a str,
    /// The body.
    pub(super) request: Body,
    /// What the document gives as an example of it.
    pub(super) example: Option<Map<String, Value>>,
    /// The media type of the answer.
    pub(super) response_type: &'a str,
    /// The answer.
    pub(super) response: Body,
    /// The field of the answer that has the id.
    pub(super) id_field: Option<String>,
    /// The answers.
    pub(super) answers: Answers<'a>,
    /// The other calls.
    pub(super) others: All,
    /// Who may call.
    pub(super) security: Security,
    /// What an author should know at once.
    pub(super) notes: Vec<String>,
}

impl<'a> Model<'a> {
    /// Looks for all of it.
    pub(super) fn read(document: &Document<'a>, subject: &Call<'a>) -> Result<Self, SourceError> {
        let security = Security::of(document, subject);
        let answers = Answers::read(document, subject.node, !security.is_asked_for)?;
        let (body, content, schema) = request(document, subject)?;
        let mut request = Body::read(document, schema, Side::Request, "Request")?;
        let schema =
            answers.content.and_then(|content| document.get(content.node, "schema").and(content.node.get("schema")));
        let mut response = match schema {
            Some(schema) => Body::read(document, schema, Side::Response, "Answer")?,
            None => Body::unknown(),
        };
        if response.name == request.name {
            response.name.push_str("Answer");
        }
        let found = calls::others(document, subject, Some(answers.success));
        let id_field = body::id_field(&response, found.id);
        body::add_echoes(&request, &mut response, id_field.as_deref());
        if let Some(name) = &id_field {
            body::complete_id(&mut response, name);
        }
        body::show_defaults(&mut request, &mut response);
        let has_mark = body::add_mark(&mut request, &mut response);
        body::complete_answer(&request, &mut response, id_field.as_deref());
        let mut notes = notes(document, subject, &security);
        let mut paths = Paths::default();
        let path = paths.of(document, subject, false)?;
        let others = All::read(document, &mut paths, &found, &path)?;
        if !has_mark {
            notes.push(
                "no field has a mark: it takes a free text that comes back, as `x-mark` in CONTRACT.md says".to_owned(),
            );
        }
        let named = answers.content.map(|content| content.media_type);
        let words = document.get(body, "description");
        Ok(Self {
            info: info(document),
            head: head(document),
            id: subject.id(),
            method: subject.method,
            path,
            summary: other::summary(subject),
            request_description: first_sentence(words).unwrap_or_else(|| request.description.clone()),
            is_body_required: body.get("required").is_some_and(|node| node.boolean().unwrap_or(false)),
            request_type: content.media_type,
            example: example(document, content.node),
            request,
            response_type: named.unwrap_or("application/json"),
            response,
            id_field,
            answers,
            others,
            security,
            notes,
        })
    }
}

/// The body of the call under test, its JSON and the schema of that.
fn request<'a>(
    document: &Document<'a>,
    subject: &Call<'a>,
) -> Result<(&'a Node, super::answers::Content<'a>, &'a Node), SourceError> {
    let Some(body) = subject.node.get("requestBody") else {
        return Err(subject.node.error("a call without a body cannot be described"));
    };
    let body = document.resolve(body)?;
    let Some(content) = json(document, body) else {
        let at = body.get("content").unwrap_or(body);
        return Err(at.error("a call that takes no JSON cannot be described"));
    };
    match content.node.get("schema") {
        Some(schema) => Ok((body, content, schema)),
        None => Err(content.node.error("the document has no schema of this body")),
    }
}

/// The example of the body that the document gives, if it is an object.
fn example<'a>(document: &Document<'a>, content: &'a Node) -> Option<Map<String, Value>> {
    let schema = document.get(content, "schema");
    let of = |node: &'a Node| sample::examples(document, node.get("example"), node.get("examples")).into_iter().next();
    match of(content).or_else(|| of(schema?))? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

fn info(document: &Document<'_>) -> Vec<Line> {
    const LONGEST: usize = 120;
    let of = |key: &str, what: &str| {
        let found = document.get(document.root, "info").and_then(|info| document.get(info, key)?.scalar());
        let found = found.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let found = found.filter(|text| !text.is_empty());
        (key.to_owned(), Value::from(found.map_or_else(|| to_do(what), |text| shortened(&text, LONGEST))))
    };
    vec![of("title", "the name of the API"), of("version", "the version of the API")]
}

/// Where the document says that its paths begin.
fn head(document: &Document<'_>) -> Vec<String> {
    let url = document.items(document.root, "servers").first().and_then(|server| server.get("url")?.text().ok());
    let path =
        |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/').map(|(_, path)| path.len());
    match url {
        Some(url) if path(url).is_some_and(|length| length > 0) => {
            vec![format!("The paths begin behind {url}: `--endpoint` names all of that.")]
        }
        _ => Vec::new(),
    }
}

/// What cannot be said at all, or only in another way.
fn notes<'a>(document: &Document<'a>, subject: &Call<'a>, security: &Security) -> Vec<String> {
    let mut notes = Vec::new();
    let is_required =
        |node: &&'a Node| document.get(node, "required").is_some_and(|node| node.boolean().unwrap_or(false));
    for place in ["query", "header", "cookie"] {
        let all = parameters(document, subject).filter(|node| is_in(document, node, place)).filter(is_required);
        let names: Vec<_> = all.filter_map(|node| name_of(document, node)).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            notes.push(format!("the call needs what a contract cannot say, in its {place}: {names}"));
        }
    }
    notes.extend(security.comments.iter().cloned());
    for scheme in &security.schemes {
        notes.extend(scheme.comments.iter().map(|comment| format!("the scheme {}: {comment}", scheme.name)));
    }
    notes
}
