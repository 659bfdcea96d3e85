//! Paths and what stands in braces in them: all but the last of one thing's path has an example.

use std::collections::BTreeMap;

use super::calls::{Call, is_parameter};
use super::document::Document;
use super::words::{plain, to_do};
use crate::document::{Node, SourceError};

/// A path as a contract has it, with what its parameters are.
#[derive(Clone)]
pub(super) struct Path {
    /// The path, with names that a contract takes.
    pub(super) text: String,
    /// Its parameters, in their order.
    pub(super) parameters: Vec<Parameter>,
}

/// What a name in braces stands for.
#[derive(Clone)]
pub(super) struct Parameter {
    /// The name.
    pub(super) name: String,
    /// `string` or `integer`.
    pub(super) kind: &'static str,
    /// The value that it always has, or what is still to be filled in; nothing where it is the id.
    pub(super) example: Option<String>,
}

/// The paths of one suite: a name has the same value in all of them.
#[derive(Default)]
pub(super) struct Paths {
    values: BTreeMap<String, String>,
}

impl Paths {
    /// The path of a call; `has_id` where its last parameter is the id.
    pub(super) fn of<'a>(
        &mut self,
        document: &Document<'a>,
        call: &Call<'a>,
        has_id: bool,
    ) -> Result<Path, SourceError> {
        let names: Vec<_> = call.path.split('/').filter(|segment| is_parameter(segment)).collect();
        let segments: Vec<_> = call.path.split('/').map(segment).collect();
        let (mut parameters, last) = (Vec::new(), names.len().saturating_sub(1));
        for (index, name) in names.iter().enumerate() {
            let given = name.trim_matches(['{', '}']);
            let node = declared(document, call, given);
            let is_whole = node.and_then(|node| document.get(document.get(node, "schema")?, "type"));
            let kind = if is_whole.is_some_and(|kind| kind.text().is_ok_and(|kind| kind == "integer")) {
                "integer"
            } else {
                "string"
            };
            let name = plain(given);
            let example = (!has_id || index < last).then(|| self.value(document, node, &name));
            parameters.push(Parameter { name, kind, example });
        }
        let text = segments.join("/");
        let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/{}".contains(letter);
        let has_own = names.len() == text.matches('{').count() && !text.contains("{}");
        if !text.starts_with('/') || !text.chars().all(is_sign) || !has_own {
            let error = call.at.error("a contract cannot have this path");
            return Err(error.with_hint("a segment is fixed, or a name in braces and nothing else"));
        }
        Ok(Path { text, parameters })
    }

    /// The path of one thing, where the document has none.
    pub(super) fn below(collection: &Path) -> Path {
        let mut path = collection.clone();
        path.text = format!("{}/{{id}}", path.text.trim_end_matches('/'));
        path.parameters.push(Parameter { name: "id".to_owned(), kind: "string", example: None });
        path
    }

    fn value<'a>(&mut self, document: &Document<'a>, node: Option<&'a Node>, name: &str) -> String {
        let found = || node.and_then(|node| example(document, node)).filter(|value| fits_a_path(value));
        let made = || found().unwrap_or_else(|| to_do(&format!("the value of {name} in every request")));
        self.values.entry(name.to_owned()).or_insert_with(made).clone()
    }
}

/// A segment whose name is one that a contract takes.
fn segment(segment: &str) -> String {
    if is_parameter(segment) { format!("{{{}}}", plain(segment)) } else { segment.to_owned() }
}

fn fits_a_path(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._~".contains(letter))
}

/// What the document says of a parameter of a path: the call's own word comes before that of the path.
fn declared<'a>(document: &Document<'a>, call: &Call<'a>, name: &str) -> Option<&'a Node> {
    parameters(document, call).find(|node| is_in(document, node, "path") && name_of(document, node) == Some(name))
}

/// The parameters of a call and of its path.
pub(super) fn parameters<'a>(document: &Document<'a>, call: &Call<'a>) -> impl Iterator<Item = &'a Node> {
    let own = document.items(call.node, "parameters").iter().chain(document.items(call.item, "parameters"));
    own.filter_map(|node| document.resolve(node).ok()).collect::<Vec<_>>().into_iter()
}

/// The name of a parameter.
pub(super) fn name_of<'a>(document: &Document<'a>, node: &'a Node) -> Option<&'a str> {
    document.get(node, "name")?.text().ok()
}

/// Whether a parameter stands there: in the path, the query, a header or a cookie.
pub(super) fn is_in<'a>(document: &Document<'a>, node: &'a Node, place: &str) -> bool {
    document.get(node, "in").is_some_and(|node| node.text().is_ok_and(|text| text == place))
}

fn example<'a>(document: &Document<'a>, node: &'a Node) -> Option<String> {
    let schema = document.get(node, "schema");
    let of = |node: &'a Node| {
        let values = super::sample::examples(document, node.get("example"), node.get("examples"));
        values.into_iter().next()
    };
    let found = of(node).or_else(|| of(schema?)).or_else(|| Some(schema?.get("default")?.json()));
    let found = found.or_else(|| Some(schema?.get("enum")?.items().ok()?.first()?.json()))?;
    match found {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
