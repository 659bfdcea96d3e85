//! What is read of a schema, word by word, and what of it cannot be honoured.

use regex::Regex;

use crate::contract::{Schema, Table};
use crate::document::{Node, SourceError};

/// The one of several named things that a text names.
pub(crate) fn named<T: Copy>(node: &Node, all: &[(&'static str, T)]) -> Result<T, SourceError> {
    let text = node.text()?;
    all.iter().find(|(name, _)| *name == text).map(|(_, thing)| *thing).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        node.error(format!("`{text}` is not known here")).with_hint(format!("known here: {}", names.join(", ")))
    })
}

pub(super) fn column(table: &Table, node: &Node) -> Result<usize, SourceError> {
    let name = node.text()?;
    table.column(name).ok_or_else(|| {
        let error = node.error(format!("{} has no column `{name}`", table.file));
        error.with_nearest(name, table.columns().iter().map(String::as_str))
    })
}

pub(super) fn pattern(node: &Node) -> Result<Regex, SourceError> {
    Regex::new(node.text()?).map_err(|error| node.error(format!("the pattern does not compile: {error}")))
}

pub(super) fn must_be_true(node: &Node) -> Result<(), SourceError> {
    if node.boolean()? { Ok(()) } else { Err(node.error("only `true` can stand here; leave the key out otherwise")) }
}

/// Keywords of OpenAPI that are not read, and what says the same.
const UNREAD: [(&str, &str); 10] = [
    ("nullable", "null is a type: `type: [string, 'null']`"),
    ("anyOf", "one schema says it all: a list of types, or `x-unspecified` for what is left open"),
    ("oneOf", "one schema says it all: a list of types, or `x-unspecified` for what is left open"),
    ("allOf", "write the keywords of all of them into one schema"),
    ("not", "say what is allowed: `enum`, `pattern` or limits"),
    ("example", "`examples` is a list: `examples: [1]`"),
    ("title", "`description` says what it is"),
    ("writeOnly", "leave it out: a field that no answer has stands in the request alone"),
    ("deprecated", "leave it out, or say it in `description`"),
    ("discriminator", "one schema says it all"),
];

/// A keyword that is not read is told with what to write instead, as far as that is known.
pub(super) fn check_unread(node: &Node) -> Result<(), SourceError> {
    let found = UNREAD.iter().find_map(|(keyword, instead)| Some((node.get(keyword)?, keyword, *instead)));
    found.map_or(Ok(()), |(at, keyword, instead)| {
        Err(at.error(format!("`{keyword}` cannot be honoured")).with_hint(instead))
    })
}

/// What a field has where nobody gives it keeps the field's own rules: the stub answers with it.
pub(super) fn check_default(node: &Node, schema: &Schema) -> Result<(), SourceError> {
    let Some(default) = schema.default.as_ref().filter(|default| !default.is_null()) else { return Ok(()) };
    match schema.examine(default).broken.first() {
        Some(broken) => {
            let at = node.get("default").unwrap_or(node);
            Err(at.error(format!("the default {default} breaks `{}`", broken.keyword)))
        }
        None => Ok(()),
    }
}

/// Examples must be good ones: the stub answers with them.
pub(super) fn check_examples(node: &Node, schema: &Schema) -> Result<(), SourceError> {
    match schema.examples.iter().find(|example| !schema.allows(example)) {
        Some(example) => Err(node.error(format!("the example {example} breaks this schema"))),
        None => Ok(()),
    }
}
