//! How a caller proves who they are, as far as a contract can say it: one text that is shown with each request.

use serde_json::{Value, json};

use super::calls::Call;
use super::document::Document;
use super::field::Line;
use super::words::first_sentence;
use crate::document::Node;

/// A scheme, by its name in the document.
pub(super) struct Scheme {
    /// Its name.
    pub(super) name: String,
    /// What a contract cannot say of it.
    pub(super) comments: Vec<String>,
    /// Its keywords.
    pub(super) lines: Vec<Line>,
}

/// What a call asks its callers for.
#[derive(Default)]
pub(super) struct Security {
    /// The schemes, of which one is enough.
    pub(super) schemes: Vec<Scheme>,
    /// What a contract cannot say.
    pub(super) comments: Vec<String>,
    /// Whether something is asked for.
    pub(super) is_asked_for: bool,
}

impl Security {
    /// What this call asks for.
    pub(super) fn of<'a>(document: &Document<'a>, call: &Call<'a>) -> Self {
        let list = call.node.get("security").or_else(|| document.root.get("security"));
        let mut security = Self::default();
        for requirement in list.and_then(|list| list.items().ok()).unwrap_or_default() {
            let names: Vec<_> =
                requirement.entries().into_iter().flatten().map(|(_, name, scopes)| (name, scopes)).collect();
            match names[..] {
                [(name, scopes)] => security.add(document, name, scopes),
                [] => security.comments.push("left out: that a credential may be left out, too".to_owned()),
                _ => {
                    security.is_asked_for = true;
                    let names: Vec<_> = names.iter().map(|(name, _)| *name).collect();
                    security.comments.push(format!("left out: schemes that are needed together: {}", names.join(", ")));
                }
            }
        }
        security
    }

    fn add<'a>(&mut self, document: &Document<'a>, name: &'a str, scopes: &'a Node) {
        self.is_asked_for = true;
        if self.schemes.iter().any(|scheme| scheme.name == name) {
            return;
        }
        let schemes = document.root.get("components").and_then(|node| document.get(node, "securitySchemes"));
        let Some(node) = schemes.and_then(|schemes| document.get(schemes, name)) else {
            self.comments.push(format!("left out: the scheme {name}, which the document does not describe"));
            return;
        };
        match keywords(document, node) {
            Ok((lines, mut comments)) => {
                if scopes.items().is_ok_and(|scopes| !scopes.is_empty()) {
                    comments.push("the document asks for scopes, too; the token must have them".to_owned());
                }
                self.schemes.push(Scheme { name: name.to_owned(), comments, lines });
            }
            Err(what) => self.comments.push(format!("left out: the scheme {name}, {what}")),
        }
        if let Some(scheme) = self.schemes.last_mut().filter(|scheme| scheme.name == name) {
            let words = first_sentence(node.get("description")).unwrap_or_else(|| format!("Security scheme {name}."));
            scheme.lines.push(("description".to_owned(), words.into()));
        }
    }
}

/// The keywords of a scheme, and what is to be said of them; or what it is, where a contract has none for it.
fn keywords<'a>(document: &Document<'a>, node: &'a Node) -> Result<(Vec<Line>, Vec<String>), String> {
    let text = |key| document.get(node, key).and_then(|node| node.text().ok()).unwrap_or_default();
    let lines = |pairs: Value| match pairs {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    };
    match (text("type"), text("scheme").to_lowercase().as_str()) {
        ("apiKey", _) => Ok((lines(json!({"type": "apiKey", "in": text("in"), "name": text("name")})), Vec::new())),
        ("http", scheme @ ("bearer" | "basic")) => Ok((lines(json!({"type": "http", "scheme": scheme})), Vec::new())),
        ("http", scheme) => Err(format!("which is http with {scheme}")),
        (kind @ ("oauth2" | "openIdConnect"), _) => {
            let comment = format!("{kind} in the document; what comes of the login is a token");
            Ok((lines(json!({"type": "http", "scheme": "bearer"})), vec![comment]))
        }
        (kind, _) => Err(format!("which is of the type {kind}")),
    }
}
