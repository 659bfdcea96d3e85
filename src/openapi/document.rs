//! A public OpenAPI document: which version it is, and where its references lead. It is a stranger's, so that nothing in it is taken for granted.

use std::cell::Cell;

use percent_encoding::percent_decode_str;

use crate::document::{Node, SourceError};

/// No chain of references is longer, but one that leads back to itself.
const LONGEST_CHAIN: usize = 32;

/// So many schemas are looked at; a document that needs more multiplies what it holds.
const MOST_SCHEMAS: usize = 20_000;

/// The document, and how much was looked at so far.
pub(super) struct Document<'a> {
    /// All of it.
    pub(super) root: &'a Node,
    looked_at: Cell<usize>,
}

impl<'a> Document<'a> {
    /// Takes a document of OpenAPI 3.
    pub(super) fn new(root: &'a Node) -> Result<Self, SourceError> {
        let at = |key| root.get(key);
        match at("openapi").map(|node| (node, node.scalar().unwrap_or_default())) {
            Some((_, version)) if version.starts_with("3.0") || version.starts_with("3.1") => {
                Ok(Self { root, looked_at: Cell::new(0) })
            }
            Some((node, _)) => Err(node.error("only OpenAPI 3.0 and 3.1 can be read")),
            None => Err(Self::refused(root)),
        }
    }

    /// What is said of another document.
    fn refused(root: &Node) -> SourceError {
        if let Some(node) = root.get("swagger") {
            let error = node.error("this is a document of Swagger, before OpenAPI");
            return error.with_hint("a converter makes OpenAPI 3 of it");
        }
        let error = root.error("this is not an OpenAPI document");
        error.with_hint("one has `openapi: 3.0.…` or `openapi: 3.1.…`, `info` and `paths`")
    }

    /// Whether one more schema may be looked at.
    pub(super) fn may_look(&self) -> bool {
        self.looked_at.set(self.looked_at.get() + 1);
        self.looked_at.get() <= MOST_SCHEMAS
    }

    /// What a node stands for: itself, or what it refers to in the end.
    pub(super) fn resolve(&self, node: &'a Node) -> Result<&'a Node, SourceError> {
        let mut found = node;
        for _ in 0..LONGEST_CHAIN {
            match found.get("$ref") {
                Some(reference) => found = self.target(reference)?,
                None => return Ok(found),
            }
        }
        Err(node.error("this reference leads back to itself"))
    }

    /// Where one reference leads.
    pub(super) fn target(&self, reference: &'a Node) -> Result<&'a Node, SourceError> {
        let text = reference.text()?;
        let Some(pointer) = text.strip_prefix("#/") else {
            let error = reference.error("only references within the file can be followed");
            return Err(error.with_hint("what bundles a document puts all of it into one file"));
        };
        let mut found = self.root;
        for part in pointer.split('/').map(unescaped) {
            let by_number = || found.items().ok()?.get(part.parse::<usize>().ok()?);
            found = found
                .get(&part)
                .or_else(by_number)
                .ok_or_else(|| reference.error(format!("nothing stands at `{text}`")))?;
        }
        Ok(found)
    }

    /// What stands at a key, whatever references lead there; nothing where one leads nowhere.
    pub(super) fn get(&self, node: &'a Node, key: &str) -> Option<&'a Node> {
        self.resolve(self.resolve(node).ok()?.get(key)?).ok()
    }

    /// The items at a key; none where there is no list.
    pub(super) fn items(&self, node: &'a Node, key: &str) -> &'a [Node] {
        self.get(node, key).and_then(|list| list.items().ok()).unwrap_or_default()
    }

    /// The keys and values at a key; none where there is no mapping.
    pub(super) fn entries(&self, node: &'a Node, key: &str) -> impl Iterator<Item = (&'a Node, &'a str, &'a Node)> {
        self.get(node, key).and_then(|map| map.entries().ok()).into_iter().flatten()
    }
}

/// A part of a JSON pointer in the fragment of a URL.
fn unescaped(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn a_part_of_a_pointer_is_a_name() {
        for (part, name) in [("Note", "Note"), ("~1v1~1%7Bid%7D", "/v1/{id}"), ("100%", "100%"), ("a~01", "a~1")] {
            assert_eq!(unescaped(part), name);
        }
    }
}
