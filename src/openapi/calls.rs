//! The calls of a document: which one is meant, and which others deal with what it creates.

use super::document::Document;
use super::words::plain;
use crate::document::{Node, SourceError, nearest};

/// A call, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// Its path, as it stands in the document.
    pub(super) path: &'a str,
    /// The key that is its path.
    pub(super) at: &'a Node,
    /// What stands at the path.
    pub(super) item: &'a Node,
    /// Its method, in small letters.
    pub(super) method: &'a str,
    /// What the document says of it.
    pub(super) node: &'a Node,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// So many calls are named in an error.
const MOST_NAMED: usize = 20;

impl<'a> Call<'a> {
    /// Its `operationId`, if it has one.
    pub(super) fn given_id(&self) -> Option<&'a str> {
        self.node.get("operationId")?.text().ok().filter(|id| !id.trim().is_empty())
    }

    /// Its `operationId`, or one that is made of method and path.
    pub(super) fn id(&self) -> String {
        self.given_id().map_or_else(|| plain(&format!("{}_{}", self.method, self.path)), str::to_owned)
    }

    /// Its method and path.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    fn named(&self) -> String {
        self.given_id().map_or_else(|| self.shown(), |id| format!("{}, {id}", self.shown()))
    }
}

/// Every call of the document.
pub(super) fn all<'a>(document: &Document<'a>) -> Vec<Call<'a>> {
    let mut calls = Vec::new();
    let paths = document.root.get("paths").and_then(|paths| paths.entries().ok()).into_iter().flatten();
    for (at, path, item) in paths {
        let Ok(item) = document.resolve(item) else { continue };
        for (_, method, node) in item.entries().into_iter().flatten().filter(|(_, key, _)| METHODS.contains(key)) {
            calls.push(Call { path, at, item, method, node });
        }
    }
    calls
}

/// The call under test: the one that is named; or the only one that creates something, as far as the document tells.
pub(super) fn subject<'a>(document: &Document<'a>, wanted: Option<&str>) -> Result<Call<'a>, SourceError> {
    let paths = document.root.get("paths").ok_or_else(|| document.root.error("the key `paths` is missing here"))?;
    let calls = all(document);
    if calls.is_empty() {
        return Err(paths.error("there is no call here"));
    }
    match wanted {
        Some(wanted) => named(&calls, wanted).ok_or_else(|| unknown(paths, &calls, wanted)),
        None => only(document, paths, &calls),
    }
}

/// The call with this id, or with this method and path.
fn named<'a>(calls: &[Call<'a>], wanted: &str) -> Option<Call<'a>> {
    let by_path = wanted.split_once(char::is_whitespace).map(|(method, path)| (method.to_lowercase(), path.trim()));
    let is_it = |call: &&Call<'_>| {
        let is_at = |(method, path): &(String, &str)| method == call.method && *path == call.path;
        call.given_id() == Some(wanted) || by_path.as_ref().is_some_and(is_at)
    };
    calls.iter().find(is_it).copied()
}

fn unknown(paths: &Node, calls: &[Call<'_>], wanted: &str) -> SourceError {
    let error = paths.error(format!("no call here has the operationId `{wanted}`"));
    let ids: Vec<_> = calls.iter().map(|call| call.given_id().map_or_else(|| call.shown(), str::to_owned)).collect();
    match nearest(wanted, ids.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(listed("there are", calls)),
    }
}

fn only<'a>(document: &Document<'a>, paths: &Node, calls: &[Call<'a>]) -> Result<Call<'a>, SourceError> {
    let creating: Vec<_> = calls.iter().copied().filter(|call| may_create(document, call)).collect();
    match creating[..] {
        [only] => Ok(only),
        [] => {
            let error = paths.error("no call here is a POST whose success has a body");
            Err(error.with_hint(listed("`--operation` names the call under test; there are", calls)))
        }
        _ => {
            let error = paths.error(format!("{} calls here may create something", creating.len()));
            Err(error.with_hint(listed("`--operation` names the call under test; there are", &creating)))
        }
    }
}

fn listed(words: &str, calls: &[Call<'_>]) -> String {
    let mut text = format!("{words}:");
    for call in calls.iter().take(MOST_NAMED) {
        text.push_str(&format!("\n  {}", call.named()));
    }
    if calls.len() > MOST_NAMED {
        text.push_str(&format!("\n  and {} more", calls.len() - MOST_NAMED));
    }
    text
}

fn may_create(document: &Document<'_>, call: &Call<'_>) -> bool {
    let mut successes = document.entries(call.node, "responses").filter(|(_, status, _)| status.starts_with('2'));
    call.method == "post" && successes.any(|(_, _, answer)| document.get(answer, "content").is_some())
}

/// The calls that deal with what the call under test creates.
pub(super) struct Others<'a> {
    /// The one that reads it.
    pub(super) read: Option<Call<'a>>,
    /// The one that removes it.
    pub(super) delete: Option<Call<'a>>,
    /// The one that changes it.
    pub(super) update: Option<Call<'a>>,
    /// The one that lists all.
    pub(super) list: Option<Call<'a>>,
    /// Where the answer has the id, as the document's own links say it.
    pub(super) id: Option<&'a str>,
}

/// Finds them by the links of the answer, or by their paths.
pub(super) fn others<'a>(document: &Document<'a>, subject: &Call<'a>, success: Option<&'a Node>) -> Others<'a> {
    let calls = all(document);
    let collection = subject.path.trim_end_matches('/');
    let is_one = |call: &&Call<'_>| {
        let rest = call.path.trim_end_matches('/').strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
        rest.is_some_and(is_parameter)
    };
    let of_one = |method: &str| calls.iter().filter(is_one).find(|call| call.method == method).copied();
    let mut others = Others {
        read: of_one("get"),
        delete: of_one("delete"),
        update: of_one("patch").or_else(|| of_one("put")),
        list: calls.iter().find(|call| call.method == "get" && call.path.trim_end_matches('/') == collection).copied(),
        id: None,
    };
    for (_, _, link) in success.into_iter().flat_map(|answer| document.entries(answer, "links")) {
        let name = document.get(link, "operationId").and_then(|name| name.text().ok());
        let Some(call) = calls.iter().find(|call| name.is_some() && call.given_id() == name) else { continue };
        let ids: Vec<_> = document.entries(link, "parameters").filter_map(|(_, _, value)| value.text().ok()).collect();
        let [id] = ids[..] else { continue };
        let Some(pointer) = id.strip_prefix("$response.body#/") else { continue };
        let place = match call.method {
            "get" => &mut others.read,
            "delete" => &mut others.delete,
            _ => continue,
        };
        *place = Some(*call);
        others.id = Some(pointer);
    }
    others
}

/// Whether a segment of a path is a name in braces, and nothing else.
pub(super) fn is_parameter(segment: &str) -> bool {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['{', '}', '/']))
}
