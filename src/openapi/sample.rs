//! Values that a schema of the document allows: its own examples, or what its rules say.

use serde_json::{Map, Value};

use super::document::Document;
use super::field::{Field, Side};
use super::flat::Flat;
use crate::document::Node;

/// Objects in objects: no sample is deeper.
const DEEPEST: usize = 6;

/// The values under `example` and `examples`, which is a list in a schema and a mapping elsewhere.
pub(super) fn examples<'a>(
    document: &Document<'a>,
    example: Option<&'a Node>,
    examples: Option<&'a Node>,
) -> Vec<Value> {
    let mut values: Vec<_> = example.map(Node::json).into_iter().collect();
    let Some(examples) = examples else { return values };
    if examples.is_list() {
        values.extend(examples.items().unwrap_or_default().iter().map(Node::json));
    } else {
        let named = examples.entries().into_iter().flatten();
        let resolved = named.filter_map(|(_, _, node)| document.get(node, "value"));
        values.extend(resolved.map(Node::json));
    }
    values
}

/// A value that this schema allows, put together of what its fields and items allow, with no more in it than there must be; nothing where none is known.
pub(super) fn of_parts<'a>(document: &Document<'a>, node: &'a Node) -> Option<Value> {
    parts(document, &Flat::of(document, node), 0)
}

/// A value that this schema allows: an example of the document, or one that is made.
fn of<'a>(document: &Document<'a>, node: &'a Node, depth: usize) -> Option<Value> {
    let flat = Flat::of(document, node);
    let example = examples(document, flat.get("example"), flat.get("examples")).into_iter().next();
    example.filter(|example| !example.is_null()).or_else(|| match parts(document, &flat, depth) {
        None if !flat.has_fields() && flat.get("items").is_none() => {
            Field::read(document, node, "x", Side::Response, "").sample
        }
        made => made,
    })
}

fn parts<'a>(document: &Document<'a>, flat: &Flat<'a>, depth: usize) -> Option<Value> {
    if depth == DEEPEST {
        return None;
    }
    if flat.has_fields() || flat.types.contains(&"object") {
        return object(document, flat, depth);
    }
    let items = flat.get("items")?;
    let least = flat.get("minItems").and_then(|least| least.count().ok()).unwrap_or(1);
    let item = of(document, items, depth + 1)?;
    Some(Value::from(vec![item; usize::try_from(least.clamp(1, 3)).unwrap_or(1)]))
}

fn object<'a>(document: &Document<'a>, flat: &Flat<'a>, depth: usize) -> Option<Value> {
    let mut fields = Map::new();
    for name in &flat.required {
        let node = flat.fields.get(name)?;
        if !Flat::of(document, node).is("readOnly") {
            fields.insert((*name).to_owned(), of(document, node, depth + 1)?);
        }
    }
    Some(Value::Object(fields))
}
