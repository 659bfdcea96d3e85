//! Reads the calls of a contract: what each does, and how it answers.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::parameters::{self, Values};
use super::query::read_parameters;
use super::read_schema::named;
use super::{
    Assessment, DocumentedResponse, Effect, Listing, Operation, PathTemplate, Quota, Table, TableListing, wire,
};
use crate::document::{Fields, Node, SourceError};

/// What says what the names in braces stand for.
const PARAMETERS: &str = "parameters";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Where a call stands.
pub(super) struct OperationNode<'a> {
    pub at: &'a Node,
    pub path: String,
    pub method: &'a str,
    pub node: &'a Node,
}

pub(super) fn operation_nodes(paths: &Node) -> Result<(Vec<OperationNode<'_>>, Values), SourceError> {
    let (mut found, mut values) = (Vec::new(), Values::new());
    for (at, path, item) in paths.entries()? {
        wire::path(at, path)?;
        let own = item.get(PARAMETERS);
        for (key, method, node) in item.entries()?.filter(|(_, key, _)| *key != PARAMETERS) {
            if !METHODS.contains(&method) {
                return Err(key
                    .error(format!("unknown method `{method}`"))
                    .with_hint(format!("known here: {PARAMETERS}, {}", METHODS.join(", "))));
            }
            let path = parameters::fill(at, path, own, &mut values)?;
            found.push(OperationNode { at, path, method, node });
        }
    }
    Ok((found, values))
}

/// Reads the keywords that a call has for what it does.
type ReadEffect = fn(&mut Fields<'_>) -> Result<Effect, SourceError>;

const EFFECTS: [(&str, ReadEffect); 12] = [
    ("create", |_| Ok(Effect::Create)),
    ("read", |_| Ok(Effect::Read)),
    ("list", |fields| read_listing(fields).map(Effect::List)),
    ("update", |_| Ok(Effect::Update)),
    ("delete", |fields| read_protected_states(fields).map(Effect::Delete)),
    ("table", |fields| read_table_listing(fields).map(Effect::Table)),
    ("quota", |fields| read_quota(fields).map(Effect::Quota)),
    ("set", |fields| read_set(fields).map(Effect::Set)),
    ("add-item", |fields| read_field(fields).map(Effect::AddItem)),
    ("remove-item", |fields| read_field(fields).map(Effect::RemoveItem)),
    ("fixed", |_| Ok(Effect::Fixed)),
    ("none", |_| Ok(Effect::None)),
];

/// Reads one call.
pub(super) fn read_operation(found: &OperationNode<'_>) -> Result<Operation, SourceError> {
    let mut fields = found.node.fields()?;
    let effects = || EFFECTS.map(|(name, _)| name).join(", ");
    let effect = fields.required("x-effect");
    let effect =
        effect.map_err(|error| error.with_hint(format!("`x-effect` says what the call does: {}", effects())))?;
    let read_effect = named(effect, &EFFECTS)?;
    let id = fields.required("operationId")?.words()?;
    fields.required("summary")?.words()?;
    for tag in fields.optional("tags").map_or(Ok(&[][..]), Node::items)? {
        tag.words()?;
    }
    let answers = read_answers(fields.required("responses")?)?;
    let media_type =
        fields.optional("requestBody").map(|node| media_type_of(node).map(|(name, _)| name.to_owned())).transpose()?;
    let effect = read_effect(&mut fields)?;
    if effect == Effect::Fixed {
        check_open(fields.required("security")?)?;
    }
    if effect != Effect::Create {
        fields.finish()?; // what else the call under test has is read, and checked, as the creation
    }
    let (method, path) = (found.method.to_ascii_uppercase(), PathTemplate::new(&found.path));
    let operation = Operation { id, method, path, effect, media_type, answers };
    check_example(&operation, found.node)?;
    Ok(operation)
}

fn read_listing(fields: &mut Fields<'_>) -> Result<Listing, SourceError> {
    let items = fields.required("x-items")?;
    let items = pointer(items, "`x-items: ''` where the answer is the list itself, `x-items: /things` otherwise")?;
    let next = fields.optional("x-next");
    if let Some(node) = next.filter(|_| items.is_empty()) {
        return Err(node.error("an answer that is the list itself has no field for the next page"));
    }
    Ok(Listing {
        items,
        next: next.map(|node| pointer(node, "a field: `x-next: /next`")).transpose()?,
        queries: fields.optional("x-queries").map_or_else(|| Ok(vec![String::new()]), read_queries)?,
        parameters: fields.optional("parameters").map(read_parameters).transpose()?,
    })
}

/// A JSON pointer.
fn pointer(node: &Node, hint: &str) -> Result<String, SourceError> {
    let text = node.text()?;
    let is_pointer = text.is_empty() || (text.starts_with('/') && text.len() > 1);
    is_pointer.then(|| text.to_owned()).ok_or_else(|| node.error("expected a JSON pointer").with_hint(hint))
}

fn read_protected_states(fields: &mut Fields<'_>) -> Result<Vec<(String, Value)>, SourceError> {
    let Some(node) = fields.optional("x-refused-when") else { return Ok(Vec::new()) };
    Ok(node.entries()?.map(|(_, name, value)| (name.to_owned(), value.json())).collect())
}

fn read_set(fields: &mut Fields<'_>) -> Result<Vec<(String, Value)>, SourceError> {
    Ok(fields.required("x-set")?.entries()?.map(|(_, name, value)| (name.to_owned(), value.json())).collect())
}

fn read_field(fields: &mut Fields<'_>) -> Result<String, SourceError> {
    fields.required("x-field")?.words()
}

/// A call that tells the same to anybody asks for no token.
fn check_open(security: &Node) -> Result<(), SourceError> {
    if security.items()?.is_empty() {
        return Ok(());
    }
    Err(security.error("what is told to anybody takes no token").with_hint("write `security: []`"))
}

/// And it has something to tell.
fn check_example(operation: &Operation, node: &Node) -> Result<(), SourceError> {
    let first = operation.answers.values().next();
    let is_told = operation.effect != Effect::Fixed || first.is_some_and(|answer| answer.example.is_some());
    if is_told { Ok(()) } else { Err(node.error("the first answer of this call has no example to tell")) }
}

fn read_quota(fields: &mut Fields<'_>) -> Result<Quota, SourceError> {
    Ok(Quota { limit: fields.required("x-limit")?.words()?, used: fields.required("x-used")?.words()? })
}

fn read_table_listing(fields: &mut Fields<'_>) -> Result<TableListing, SourceError> {
    let columns = fields.required("x-columns")?.entries()?;
    let columns =
        columns.map(|(_, name, node)| Ok((name.to_owned(), pointer(node, "a field of a row: `name: /name`")?)));
    Ok(TableListing {
        columns: columns.collect::<Result<_, SourceError>>()?,
        file: fields.required("x-rows-of")?.words()?,
        rows: pointer(fields.required("x-rows")?, "a pointer, with `*` for each item of an array: `/rows/*`")?,
    })
}

/// A call that tells the rows of a table knows it, and tells what each row has for its key.
pub(super) fn check_table(
    found: &OperationNode<'_>,
    operation: &Operation,
    tables: &HashMap<String, Arc<Table>>,
) -> Result<(), SourceError> {
    let Effect::Table(listing) = &operation.effect else { return Ok(()) };
    let place = |key: &str| found.node.get(key).unwrap_or(found.node);
    let table = tables.get(&listing.file).ok_or_else(|| {
        let error = place("x-rows-of").error(format!("the suite has no table {}", listing.file));
        error.with_nearest(&listing.file, tables.keys().map(String::as_str))
    })?;
    let columns = place("x-columns");
    for (key, name, _) in columns.entries()? {
        if table.column(name).is_none() {
            let error = key.error(format!("{} has no column `{name}`", table.file));
            return Err(error.with_nearest(name, table.columns().iter().map(String::as_str)));
        }
    }
    let first = &table.columns()[0];
    if listing.columns.iter().all(|(name, _)| name != first) {
        return Err(columns.error(format!("`{first}` is missing, which tells the rows of {} apart", table.file)));
    }
    Ok(())
}

/// Queries, of which the empty one asks for what is listed unasked.
fn read_queries(node: &Node) -> Result<Vec<String>, SourceError> {
    let mut queries: Vec<String> = Vec::new();
    for item in node.items()? {
        let query = item.text()?;
        let is_pair = |part: &str| part.split_once('=').is_some_and(|(name, _)| !name.is_empty());
        if !query.is_empty() && !query.split('&').all(is_pair) {
            return Err(item.error("expected a query, such as `hidden=true`, or an empty string"));
        }
        if queries.iter().any(|each| each == query) {
            return Err(item.error(format!("`{query}` is asked for twice")));
        }
        queries.push(query.to_owned());
    }
    if queries.is_empty() { Err(node.error("expected at least one query")) } else { Ok(queries) }
}

fn read_answers(node: &Node) -> Result<IndexMap<u16, DocumentedResponse>, SourceError> {
    let mut answers = IndexMap::new();
    for (key, text, node) in node.entries()? {
        let status = text.parse().ok().filter(|status| (200..600).contains(status));
        let status = status.ok_or_else(|| key.error("expected an HTTP status from 200 to 599, such as '201'"))?;
        let mut fields = node.fields()?;
        let description = fields.required("description")?.words()?;
        let content = fields.optional("content");
        let media_type = content.map(|node| only_media_type(node).map(|(name, _)| name.to_owned())).transpose()?;
        let example = content.map(read_example).transpose()?.flatten();
        let schema = content.and_then(schema_name);
        let assessment = match fields.optional("x-not-assessed") {
            Some(reason) => Assessment::Never(reason.words()?),
            None => Assessment::Always,
        };
        let open_because = fields.optional("x-unspecified").map(Node::words).transpose()?;
        fields.optional("links");
        fields.finish()?;
        answers
            .insert(status, DocumentedResponse { description, example, media_type, schema, assessment, open_because });
    }
    Ok(answers)
}

fn read_example(content: &Node) -> Result<Option<Value>, SourceError> {
    let (_, node) = only_media_type(content)?;
    let mut fields = node.fields()?;
    let example = fields.optional("example").map(Node::json);
    fields.optional("schema");
    fields.finish()?;
    Ok(example)
}

/// To which schema an answer refers.
fn schema_name(content: &Node) -> Option<String> {
    let (_, node) = only_media_type(content).ok()?;
    node.get("schema")?.get("$ref")?.text().ok().map(str::to_owned)
}

pub(super) fn media_type_of(body: &Node) -> Result<(&str, &Node), SourceError> {
    only_media_type(body.fields()?.required("content")?)
}

pub(super) fn only_media_type(content: &Node) -> Result<(&str, &Node), SourceError> {
    let entries: Vec<_> = content.entries()?.collect();
    match entries[..] {
        [(key, name, node)] => wire::header_value(key, name).map(|()| (name, node)),
        _ => Err(content.error("exactly one media type can be honoured")),
    }
}
