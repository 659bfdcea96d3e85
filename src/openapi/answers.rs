//! The documented answers of a call.

use super::document::Document;
use super::field::Line;
use super::words::{first_sentence, to_do};
use crate::document::{Node, SourceError};

/// An answer.
pub(super) struct DocumentedResponse {
    /// Its status.
    pub(super) status: u16,
    /// What stands beside it.
    pub(super) lines: Vec<Line>,
    /// Whether it has the body of success.
    pub(super) has_body: bool,
}

/// A body, and in which form it is sent.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    /// The media type.
    pub(super) media_type: &'a str,
    /// What stands there.
    pub(super) node: &'a Node,
}

/// The body that is JSON, where there is one.
pub(super) fn json<'a>(document: &Document<'a>, node: &'a Node) -> Option<Content<'a>> {
    let is_json = |name: &str| {
        let name = name.split(';').next().unwrap_or_default().trim().to_lowercase();
        let is_sendable = name.chars().all(|letter| letter.is_ascii_graphic());
        is_sendable && (name == "application/json" || name.ends_with("+json") || name == "*/*")
    };
    let found = document.entries(node, "content").find(|(_, name, _)| is_json(name));
    let (_, media_type, node) = found?;
    let media_type = if media_type.contains('*') { "application/json" } else { media_type };
    Some(Content { media_type, node: document.resolve(node).ok()? })
}

/// The answers of a call that have a status, with their descriptions.
pub(super) fn described<'a>(document: &Document<'a>, call: &'a Node) -> Vec<(u16, &'a Node, String)> {
    let answers = document.entries(call, "responses").filter_map(|(_, status, node)| {
        let status = status.parse().ok().filter(|status| (200..600).contains(status))?;
        let words = document.get(node, "description").and_then(|node| first_sentence(Some(node)));
        Some((status, node, words.unwrap_or_else(|| format!("The answer {status}."))))
    });
    let mut answers: Vec<_> =
        answers.filter_map(|(status, node, words)| Some((status, document.resolve(node).ok()?, words))).collect();
    answers.sort_by_key(|(status, _, _)| *status);
    answers.dedup_by_key(|(status, _, _)| *status);
    answers
}

/// What the call under test answers.
pub(super) struct Answers<'a> {
    /// Each of them, in the order of their statuses.
    pub(super) all: Vec<DocumentedResponse>,
    /// What is left out.
    pub(super) comments: Vec<String>,
    /// The status of success.
    pub(super) created: u16,
    /// What the document says of success.
    pub(super) success: &'a Node,
    /// The body of success, if the document tells one.
    pub(super) content: Option<Content<'a>>,
    /// The status that refuses, where it must be named.
    pub(super) refused: Option<u16>,
}

impl<'a> Answers<'a> {
    /// Reads the answers of the call at this place; `is_open` where nobody is asked for a credential.
    pub(super) fn read(document: &Document<'a>, call: &'a Node, is_open: bool) -> Result<Self, SourceError> {
        let described = described(document, call);
        let successes: Vec<_> = described.iter().filter(|(status, _, _)| *status < 300).collect();
        let schema = |node: &'a Node| json(document, node).and_then(|content| document.get(content.node, "schema"));
        let with_body = successes.iter().find(|(_, node, _)| schema(node).is_some());
        let Some((created, success, _)) = with_body.or(successes.first()) else {
            let at = call.get("responses").unwrap_or(call);
            let error = at.error("a status of success, 200 to 299, is missing here");
            return Err(error.with_hint("`default` and `2XX` name none; a copy of the document that does can be read"));
        };
        let (created, success) = (*created, *success);
        if [204, 205].contains(&created) {
            let error = success.error("success without a body cannot be described");
            return Err(error.with_hint("what a run holds against the contract, and the id, stand in a body"));
        }
        let has_same_body = |node: &'a Node| schema(node).map(Node::json) == schema(success).map(Node::json);
        let mut answers = Self {
            all: Vec::new(),
            comments: Vec::new(),
            created,
            success,
            content: json(document, success),
            refused: None,
        };
        for (status, node, words) in &described {
            let is_success = *status < 300;
            if is_success && *status != created && (schema(success).is_none() || !has_same_body(node)) {
                answers.comments.push(format!("left out: {status}, whose body is not that of {created}"));
                continue;
            }
            let lines = vec![("description".to_owned(), words.as_str().into())];
            answers.all.push(DocumentedResponse { status: *status, lines, has_body: is_success });
        }
        // The one with the links stands first.
        answers.all.sort_by_key(|answer| (answer.status != created, answer.status));
        answers.note_others(document, call);
        answers.choose_refusal();
        answers.choose_unauthorized(is_open);
        answers.excuse();
        Ok(answers)
    }

    fn note_others(&mut self, document: &Document<'a>, call: &'a Node) {
        let is_status = |text: &str| text.parse::<u16>().is_ok_and(|status| (200..600).contains(&status));
        let others: Vec<_> =
            document.entries(call, "responses").map(|(_, text, _)| text).filter(|text| !is_status(text)).collect();
        if !others.is_empty() {
            self.comments.push(format!("left out, as a contract names each status: {}", others.join(", ")));
        }
    }

    fn has(&self, status: u16) -> bool {
        self.all.iter().any(|answer| answer.status == status)
    }

    /// What refuses a wrong body: 422 where both are described, as 400 then most often is for what is not JSON.
    fn choose_refusal(&mut self) {
        if !self.has(400) && !self.has(422) {
            let what = "how the documentation says that a wrong body is refused; with another status, name it here and in `x-refused` of the call";
            self.add(400, vec![("description".to_owned(), to_do(what).into())]);
        }
        if self.has(400) && self.has(422) {
            self.refused = Some(422);
            self.comments.push("both 400 and 422 are described; which of them refuses what is a guess".to_owned());
            self.explain(400, "where a body is not JSON 422 says so as well");
        }
    }

    fn choose_unauthorized(&mut self, is_open: bool) {
        if is_open {
            self.explain(401, "nobody is asked for a credential");
        } else if !self.has(401) {
            let what = "how the documentation says that a request without a good token is refused";
            self.add(401, vec![("description".to_owned(), to_do(what).into())]);
        }
    }

    fn add(&mut self, status: u16, lines: Vec<Line>) {
        self.all.push(DocumentedResponse { status, lines, has_body: false });
        self.all.sort_by_key(|answer| (!answer.has_body, answer.status != self.created, answer.status));
    }

    fn explain(&mut self, status: u16, why: &str) {
        if let Some(answer) = self.all.iter_mut().find(|answer| answer.status == status) {
            answer.lines.push(("x-not-assessed".to_owned(), why.into()));
        }
    }

    /// Says of what no run can provoke why it cannot.
    fn excuse(&mut self) {
        let is_assessed = |answer: &DocumentedResponse| answer.has_body || [400, 401, 422].contains(&answer.status);
        let others: Vec<_> =
            self.all.iter().filter(|answer| !is_assessed(answer)).map(|answer| answer.status).collect();
        for status in others {
            self.explain(status, why_not(status));
        }
    }
}

fn why_not(status: u16) -> &'static str {
    match status {
        403 => "it takes a credential without rights",
        404 => "it takes something beside the call that does not exist",
        409 => "it takes something that is there already",
        413 => "it takes a body that is too large",
        429 => "it takes more requests than a run sends",
        500..=599 => "it takes a broken service",
        _ => "nothing that a run sends is known to lead there",
    }
}
