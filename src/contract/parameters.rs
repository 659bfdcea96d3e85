//! `parameters` of OpenAPI: what the names in braces stand for in a path. One with an `example` has that value in every request; the one that is left is the id.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read_schema::named;
use super::wire;
use crate::document::{Node, SourceError};

/// The values of the parameters that have one, by name; the same everywhere in a contract.
pub(super) type Values = BTreeMap<String, String>;

/// The path of an item with the values of its parameters, which become known.
pub(super) fn fill(at: &Node, path: &str, list: Option<&Node>, values: &mut Values) -> Result<String, SourceError> {
    let (mut declared, mut filled) = (Vec::new(), path.to_owned());
    for node in list.map_or(Ok(&[][..]), Node::items)? {
        let (name, value) = read(node, path)?;
        let placeholder = format!("{{{name}}}");
        if let Some(value) = value {
            let known = values.entry(name.clone()).or_insert_with(|| value.clone());
            if *known != value {
                let error = node.error(format!("`{name}` has the value `{known}` elsewhere"));
                return Err(error.with_hint("a parameter is the same in all paths"));
            }
            filled = filled.replace(&placeholder, &value);
        }
        declared.push(placeholder);
    }
    let is_missing = |segment: &&str| segment.starts_with('{') && !declared.iter().any(|each| each == segment);
    match path.split('/').find(is_missing).filter(|_| list.is_some()) {
        Some(name) => {
            Err(at.error(format!("no parameter of this path is {name}")).with_hint("`parameters` says what it is"))
        }
        None => wire::path(at, &filled).map(|()| filled),
    }
}

/// The name of a parameter, and the value that it always has.
fn read(node: &Node, path: &str) -> Result<(String, Option<String>), SourceError> {
    let mut fields = node.fields()?;
    let key = fields.required("name")?;
    let name = key.words()?;
    let place = fields.required("in")?;
    if place.text()? != "path" {
        let error = place.error("a path has no parameters but those in it");
        return Err(error.with_hint("`parameters` of a call that lists say what its query can ask for"));
    }
    if !path.split('/').any(|segment| segment == format!("{{{name}}}")) {
        return Err(key.error(format!("the path has no {{{name}}}")));
    }
    let required = fields.required("required")?;
    if !required.boolean()? {
        return Err(required.error("a parameter of a path is always required"));
    }
    fields.optional("description").map(Node::words).transpose()?;
    let mut schema = fields.required("schema")?.fields()?;
    named(schema.required("type")?, &[("string", ()), ("integer", ())])?;
    schema.optional("format").map(Node::words).transpose()?;
    schema.optional("description").map(Node::words).transpose()?;
    schema.finish()?;
    let value = match fields.optional("example") {
        Some(node) => Some(match node.json() {
            Value::Number(number) => number.to_string(),
            _ => node.text()?.to_owned(),
        }),
        None => None,
    };
    fields.finish()?;
    Ok((name, value))
}

/// A text with the values in the place of the names.
pub(crate) fn with_values(text: &str, values: &Values) -> String {
    let fill = |text: String, (name, value): (&String, &String)| text.replace(&format!("{{{name}}}"), value);
    values.iter().fold(text.to_owned(), fill)
}

/// `servers` and `tags`, which say nothing that a run could keep to: a run goes where it is told to go.
pub(super) fn read_remarks(node: Option<&Node>, key: &'static str) -> Result<(), SourceError> {
    for item in node.map_or(Ok(&[][..]), Node::items)? {
        let mut fields = item.fields()?;
        fields.required(key)?.words()?;
        fields.optional("description").map(Node::words).transpose()?;
        fields.finish()?;
    }
    Ok(())
}
