//! The calls that deal with what the call under test creates, as a contract has them.

use serde_json::{Value, json};

use super::answers::{self, described};
use super::calls::{Call, Others};
use super::document::Document;
use super::field::Line;
use super::flat::Flat;
use super::paths::{Path, Paths};
use super::words::{first_sentence, to_do};
use crate::document::{Node, SourceError};

/// A call that a contract has beside the one under test.
pub(super) struct Other {
    /// Its `operationId`.
    pub(super) id: String,
    /// Its path.
    pub(super) path: Path,
    /// Its method, in small letters.
    pub(super) method: String,
    /// Its keywords, but for the answers.
    pub(super) lines: Vec<Line>,
    /// Its answers, each with its description.
    pub(super) answers: Vec<(u16, String)>,
    /// Whether the document has it.
    pub(super) is_known: bool,
}

/// The calls that a contract needs, and those that are there.
pub(super) struct All {
    /// The one that reads.
    pub(super) read: Other,
    /// The one that removes.
    pub(super) delete: Other,
    /// Those that list and change.
    pub(super) more: Vec<Other>,
}

impl All {
    /// Reads them; what the document does not have is begun.
    pub(super) fn read<'a>(
        document: &Document<'a>,
        paths: &mut Paths,
        found: &Others<'a>,
        collection: &Path,
    ) -> Result<Self, SourceError> {
        let mut one = |call: Option<Call<'a>>, effect: &'static str, method: &'static str| match call {
            Some(call) => Other::read(document, paths, &call, effect),
            None => Ok(Other::begun(collection, effect, method)),
        };
        let mut read = one(found.read, "read", "get")?;
        let mut delete = one(found.delete, "delete", "delete")?;
        // What is begun goes to where the other one is.
        if !delete.is_known && read.is_known {
            delete.path = read.path.clone();
        } else if !read.is_known && delete.is_known {
            read.path = delete.path.clone();
        }
        let mut more = Vec::new();
        if let Some(call) = found.list {
            more.push(Other::list(document, paths, &call)?);
        } else {
            // A list proves what is new, whatever a request holds.
            more.push(Other::begun(collection, "list", "get"));
        }
        let changing = found.update.and_then(|call| Some((call, media_type(document, &call)?)));
        if let Some((call, media_type)) = changing {
            let mut update = Other::read(document, paths, &call, "update")?;
            update.lines.push(("requestBody".to_owned(), json!({"content": {media_type: {}}})));
            more.push(update);
        }
        Ok(Self { read, delete, more })
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Other> {
        [&self.read, &self.delete].into_iter().chain(&self.more)
    }
}

/// The media type of what a call is sent, where it is JSON.
fn media_type<'a>(document: &Document<'a>, call: &Call<'a>) -> Option<&'a str> {
    Some(answers::json(document, document.get(call.node, "requestBody")?)?.media_type)
}

/// What is asked for where nobody knows what a list looks like.
const ITEMS: &str = "where the answer has the list: '' where it is the list itself, /things for its field";

impl Other {
    fn read<'a>(
        document: &Document<'a>,
        paths: &mut Paths,
        call: &Call<'a>,
        effect: &str,
    ) -> Result<Self, SourceError> {
        let path = paths.of(document, call, effect != "list")?;
        let summary = summary(call);
        let mut answers: Vec<_> =
            described(document, call.node).into_iter().map(|(status, _, words)| (status, words)).collect();
        if !answers.iter().any(|(status, _)| *status < 300) {
            let what = "the document describes no success of this call; what it is, and with which status";
            answers.insert(0, (if effect == "delete" { 204 } else { 200 }, to_do(what)));
        }
        let lines = vec![("summary".to_owned(), summary.into()), ("x-effect".to_owned(), effect.into())];
        Ok(Self { id: call.id(), path, method: call.method.to_owned(), lines, answers, is_known: true })
    }

    /// A call that the document does not have.
    fn begun(collection: &Path, effect: &str, method: &str) -> Self {
        let (what, success) = match effect {
            "read" => ("reads what was created", (200, "It is there.")),
            "list" => ("lists what was created", (200, "All of them.")),
            _ => ("removes what was created", (204, "It is gone.")),
        };
        let path = if effect == "list" { collection.clone() } else { Paths::below(collection) };
        let summary =
            to_do(&format!("the document has no call that {what}; say what it is, with its path and its answers"));
        let mut lines = vec![("summary".to_owned(), summary.into()), ("x-effect".to_owned(), effect.into())];
        let mut answers = vec![(success.0, success.1.to_owned())];
        if effect == "list" {
            lines.push(("x-items".to_owned(), to_do(ITEMS).into()));
        } else {
            answers.push((404, "There is none.".to_owned()));
        }
        Self { id: format!("{effect}Created"), path, method: method.to_owned(), lines, answers, is_known: false }
    }

    fn list<'a>(document: &Document<'a>, paths: &mut Paths, call: &Call<'a>) -> Result<Self, SourceError> {
        let mut list = Self::read(document, paths, call, "list")?;
        let items = list_items(document, call.node);
        list.lines.push(("x-items".to_owned(), items.unwrap_or_else(|| to_do(ITEMS)).into()));
        Ok(list)
    }
}

/// What a call does, in a few words.
pub(super) fn summary(call: &Call<'_>) -> String {
    let words = ["summary", "description"].into_iter().find_map(|key| first_sentence(call.node.get(key)));
    words.unwrap_or_else(|| call.shown())
}

/// Where the answer of a call has a list, where there is one only.
fn list_items<'a>(document: &Document<'a>, call: &'a Node) -> Option<String> {
    let (_, answer, _) = described(document, call).into_iter().find(|(status, _, _)| *status < 300)?;
    let content = answers::json(document, answer)?;
    let flat = Flat::of(document, document.get(content.node, "schema")?);
    if flat.types.contains(&"array") || (flat.types.is_empty() && flat.get("items").is_some()) {
        return Some(String::new());
    }
    let is_list = |node: &&'a Node| Flat::of(document, node).types.contains(&"array");
    let lists: Vec<_> = flat.fields.iter().filter(|(_, node)| is_list(node)).map(|(name, _)| *name).collect();
    match lists[..] {
        [only] => Some(format!("/{}", only.replace('~', "~0").replace('/', "~1"))),
        _ => None,
    }
}

/// The links of the answer: where the id goes.
pub(super) fn links(all: &All, id: Option<&str>) -> Value {
    let what = "$response.body#/ and the name of the field that has the id, which is always there";
    let pointer = id.map_or_else(|| to_do(what), |id| format!("$response.body#/{id}"));
    let link = |other: &Other| {
        let parameter = other.path.parameters.last().map_or("id", |parameter| parameter.name.as_str());
        json!({"operationId": other.id, "parameters": {parameter: pointer}})
    };
    json!({"read": link(&all.read), "remove": link(&all.delete)})
}
