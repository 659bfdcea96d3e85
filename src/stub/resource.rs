//! Makes the resource that a good request creates, field by field from the contract's response.

use std::sync::atomic::{AtomicU64, Ordering};

use json_patch::Patch;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::contract::{Change, Contract, Effect, Relation, Rule, Schema, Type};
use crate::judge::fill;

/// The resource that a request for `given` creates. It has the required fields, and what comes back as it was given.
pub(super) fn create(contract: &Contract, given: &Map<String, Value>) -> Map<String, Value> {
    let response = &contract.creation.response;
    let mut resource = Map::new();
    for (name, schema) in response.properties.iter().filter(|(name, _)| response.required.contains(name)) {
        resource.insert(name.clone(), field(contract, name, schema, given));
    }
    resource.extend(others(contract, given).map(|(name, value)| (name.clone(), value.clone())));
    fill_templates(contract, &mut resource);
    resource
}

/// What a request gives beside the fields that the contract lists, where the contract says that it comes back.
pub(super) fn others<'a>(
    contract: &'a Contract,
    given: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let come_back = contract.creation.response.echo_of_others().is_some();
    given.iter().filter(move |(name, _)| come_back && !contract.creation.lists(name))
}

/// Fills in the fields that are made of others.
pub(super) fn fill_templates(contract: &Contract, resource: &mut Map<String, Value>) {
    for (name, schema) in &contract.creation.response.properties {
        if let Some(Relation::Template(template)) = schema.relation("template")
            && let Some(text) = fill(template, resource)
        {
            resource.insert(name.clone(), Value::from(text));
        }
    }
}

fn field(contract: &Contract, name: &str, schema: &Schema, given: &Map<String, Value>) -> Value {
    if name == contract.creation.id_field() {
        return new_id(schema);
    }
    let related = schema.relations.iter().find_map(|relation| match relation {
        Relation::Echo(_) => asked_for(contract, name, given),
        Relation::Derived(derived) => {
            let source = asked_for(contract, &derived.from, given)?;
            derived.expected(&source).and_then(|values| values.first().cloned())
        }
        Relation::NearNow(_) | Relation::NotBefore(_) => Some(now()),
        Relation::Unique => Some(Value::from(uuid::Uuid::new_v4().to_string())),
        Relation::Template(_) | Relation::SameForCaller => None,
    });
    related.unwrap_or_else(|| usual(schema))
}

/// An id that no other resource of the process has.
fn new_id(schema: &Schema) -> Value {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    let unique = uuid::Uuid::new_v4();
    let number = GIVEN.fetch_add(1, Ordering::Relaxed) + 1;
    schema.id(number, unique).unwrap_or_else(|| Value::from(unique.to_string()))
}

/// What a request asks for in a field: the value, or the default where it gives none or null.
fn asked_for(contract: &Contract, name: &str, given: &Map<String, Value>) -> Option<Value> {
    let default = contract.creation.request.properties.get(name).and_then(|schema| schema.default.clone());
    given.get(name).filter(|value| !value.is_null()).cloned().or(default)
}

/// A value that keeps the field's own rules.
fn usual(schema: &Schema) -> Value {
    let of_rule = schema.rules.iter().find_map(|rule| match rule {
        Rule::Const(value) => Some(value.clone()),
        Rule::Enum(values) => values.first().cloned(),
        _ => None,
    });
    schema.examples.first().cloned().or(of_rule).unwrap_or_else(|| match schema.rule("type") {
        Some(Rule::Type(types)) => empty(types[0]),
        _ => Value::Null,
    })
}

fn empty(kind: Type) -> Value {
    match kind {
        Type::Null => Value::Null,
        Type::Boolean => Value::Bool(false),
        Type::Integer | Type::Number => json!(0),
        Type::String => json!(""),
        Type::Array => json!([]),
        Type::Object => json!({}),
    }
}

/// This moment, to the second.
pub(super) fn now() -> Value {
    let now = OffsetDateTime::now_utc();
    Value::from(now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default())
}

/// Changes a resource as a call does that needs no body; whether there was something to change.
pub(super) fn change(resource: &mut Map<String, Value>, effect: &Effect, item: &str) -> bool {
    match effect {
        Effect::Set(fields) => resource.extend(fields.iter().cloned()),
        Effect::AddItem(field) => {
            let items = resource.entry(field.as_str()).or_insert_with(|| json!([])).as_array_mut();
            if let Some(items) = items.filter(|items| !items.iter().any(|each| each == item)) {
                items.push(Value::from(item));
            }
        }
        Effect::RemoveItem(field) => {
            let items = resource.get_mut(field).and_then(Value::as_array_mut);
            let place = items.as_ref().and_then(|items| items.iter().position(|each| each == item));
            return items.zip(place).map(|(items, place)| items.remove(place)).is_some();
        }
        _ => return false,
    }
    true
}

/// The resource after a change that a body asks for; `None` where it cannot be made, or leaves no object.
pub(super) fn changed(resource: &Map<String, Value>, kind: Change, body: Value) -> Option<Map<String, Value>> {
    let mut changed = Value::Object(resource.clone());
    match kind {
        Change::Patch => {
            let patch: Patch = serde_json::from_value(body).ok()?;
            json_patch::patch(&mut changed, &patch).ok()?;
        }
        Change::Fields => json_patch::merge(&mut changed, &Value::Object(body.as_object()?.clone())),
    }
    if let Value::Object(changed) = changed { Some(changed) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Change, changed};

    #[test]
    fn a_patch_adds_replaces_and_removes_as_rfc_6902_has_it_or_does_nothing() {
        let table = [
            (json!([{"op": "add", "path": "/new", "value": 1}]), Some(json!({"a": "x", "l": [1], "new": 1}))),
            (json!([{"op": "add", "path": "/a", "value": 1}]), Some(json!({"a": 1, "l": [1]}))),
            (json!([{"op": "add", "path": "/l/-", "value": 2}]), Some(json!({"a": "x", "l": [1, 2]}))),
            (json!([{"op": "replace", "path": "/a", "value": null}]), Some(json!({"a": null, "l": [1]}))),
            (json!([{"op": "remove", "path": "/a"}]), Some(json!({"l": [1]}))),
            (json!([{"op": "test", "path": "/a", "value": "x"}]), Some(json!({"a": "x", "l": [1]}))),
            (json!([{"op": "test", "path": "/a", "value": "y"}]), None),
            (json!([{"op": "replace", "path": "/new", "value": 1}]), None),
            (json!([{"op": "remove", "path": "/new"}]), None),
            (json!([{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"}]), None),
            (json!([{"op": "replace", "path": "", "value": 1}]), None),
        ];
        let resource = json!({"a": "x", "l": [1]});
        for (patch, expected) in table {
            let changed = changed(resource.as_object().unwrap(), Change::Patch, patch.clone());
            assert_eq!(changed.map(serde_json::Value::Object), expected, "{patch}");
        }
    }

    #[test]
    fn fields_replace_and_null_removes_as_rfc_7386_has_it() {
        let resource = json!({"a": "x", "l": [1]});
        for (body, expected) in [
            (json!({"a": "y"}), Some(json!({"a": "y", "l": [1]}))),
            (json!({"l": []}), Some(json!({"a": "x", "l": []}))),
            (json!({"a": null, "b": 1}), Some(json!({"l": [1], "b": 1}))),
            (json!([{"op": "remove", "path": "/a"}]), None),
            (json!("a"), None),
        ] {
            let changed = changed(resource.as_object().unwrap(), Change::Fields, body.clone());
            assert_eq!(changed.map(serde_json::Value::Object), expected, "{body}");
        }
    }
}
