//! The model as the text of a contract.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answers::DocumentedResponse;
use super::body::Body;
use super::field::{Field, Line};
use super::model::Model;
use super::other::{Other, links};
use super::paths::Path;
use super::words::to_do;
use super::yaml;

/// The text of a file that grows line by line.
#[derive(Default)]
struct Text(String);

impl Text {
    fn key(&mut self, indent: usize, key: &str) {
        self.0.push_str(&format!("{}{}:\n", " ".repeat(indent), yaml::line(key)));
    }

    fn line(&mut self, indent: usize, key: &str, value: &Value) {
        self.0.push_str(&format!("{}{}: {}\n", " ".repeat(indent), yaml::line(key), yaml::line_value(value)));
    }

    fn lines(&mut self, indent: usize, lines: &[Line]) {
        for (key, value) in lines {
            self.line(indent, key, value);
        }
    }

    fn item(&mut self, indent: usize, value: &Value) {
        self.0.push_str(&format!("{}- {}\n", " ".repeat(indent), yaml::value(value)));
    }

    fn comments(&mut self, indent: usize, comments: &[String]) {
        for comment in comments {
            self.0.push_str(&yaml::comment(indent, comment));
        }
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}

/// The whole contract.
pub(super) fn contract(model: &Model<'_>, origin: &str) -> String {
    let mut text = Text::default();
    let method = model.method.to_uppercase();
    let begun = format!("The contract of {method} {}, begun from {origin}.", model.path.text);
    let to_do = "What begins with TODO: is still to be filled in. Comments say what a contract cannot say, or nobody knows yet.";
    text.comments(0, &[begun, to_do.to_owned()]);
    text.comments(0, &model.head);
    text.0.push_str("openapi: 3.1.0\n");
    text.line(0, "info", &Value::Object(model.info.iter().cloned().collect()));
    text.gap();
    add_security(&mut text, model);
    add_paths(&mut text, model);
    text.gap();
    add_components(&mut text, model);
    text.0
}

fn add_security(text: &mut Text, model: &Model<'_>) {
    let security = &model.security;
    text.comments(0, &security.comments);
    if security.schemes.is_empty() && security.is_asked_for {
        text.line(
            0,
            "security",
            &to_do("a scheme that a contract can have: apiKey, or http with bearer or basic").into(),
        );
    } else if !security.schemes.is_empty() {
        text.key(0, "security");
        security.schemes.iter().for_each(|scheme| text.item(2, &json!({ scheme.name.as_str(): [] })));
    } else {
        return;
    }
    text.gap();
}

fn add_paths(text: &mut Text, model: &Model<'_>) {
    text.key(0, "paths");
    let mut paths = vec![&model.path];
    for other in model.others.iter() {
        if paths.iter().all(|path| path.text != other.path.text) {
            paths.push(&other.path);
        }
    }
    let mut methods = BTreeSet::new();
    for path in paths {
        text.key(2, &path.text);
        add_parameters(text, path);
        if *path.text == model.path.text {
            methods.insert((path.text.as_str(), model.method));
            add_subject(text, model);
        }
        for other in model.others.iter().filter(|other| other.path.text == path.text) {
            if methods.insert((path.text.as_str(), other.method.as_str())) {
                add_other(text, other);
            }
        }
    }
}

fn add_parameters(text: &mut Text, path: &Path) {
    if path.parameters.is_empty() {
        return;
    }
    text.key(4, "parameters");
    for parameter in &path.parameters {
        let mut value =
            json!({"name": parameter.name, "in": "path", "required": true, "schema": {"type": parameter.kind}});
        if let (Some(example), Some(fields)) = (&parameter.example, value.as_object_mut()) {
            fields.insert("example".to_owned(), example.as_str().into());
        }
        text.item(6, &value);
    }
}

fn add_subject(text: &mut Text, model: &Model<'_>) {
    text.key(4, model.method);
    text.line(6, "operationId", &model.id.as_str().into());
    text.line(6, "summary", &model.summary.as_str().into());
    text.line(6, "x-effect", &"create".into());
    if let Some(status) = model.answers.refused {
        text.line(6, "x-refused", &status.into());
    }
    text.comments(6, &model.notes);
    text.key(6, "requestBody");
    text.line(8, "required", &model.is_body_required.into());
    text.line(8, "description", &model.request_description.as_str().into());
    text.key(8, "content");
    text.key(10, model.request_type);
    text.line(12, "schema", &reference(&model.request));
    text.comments(6, &model.answers.comments);
    text.key(6, "responses");
    for (index, answer) in model.answers.all.iter().enumerate() {
        add_answer(text, model, answer, index == 0);
    }
    add_behaviour(text, model);
}

fn add_answer(text: &mut Text, model: &Model<'_>, answer: &DocumentedResponse, is_first: bool) {
    text.key(8, &answer.status.to_string());
    text.lines(10, &answer.lines);
    if !answer.has_body {
        return;
    }
    text.key(10, "content");
    text.key(12, model.response_type);
    text.line(14, "schema", &reference(&model.response));
    if is_first {
        text.key(10, "links");
        for (name, link) in links(&model.others, model.id_field.as_deref()).as_object().into_iter().flatten() {
            text.line(12, name, link);
        }
    }
}

/// The one promise that the calls make together.
fn add_behaviour(text: &mut Text, model: &Model<'_>) {
    let read = &model.others.read;
    let place = if read.is_known {
        format!("{}, GET {}", read.id, read.path.text)
    } else {
        to_do("where the documentation says it")
    };
    let comment = "What the prose promises beyond fields: `x-behaviours` in CONTRACT.md. This is the least of it.";
    text.comments(6, &[comment.to_owned()]);
    text.key(6, "x-behaviours");
    text.0.push_str(&format!("        - id: {BEHAVIOUR}\n"));
    text.line(10, "text", &"what was created can be read".into());
    text.line(10, "place", &place.into());
    text.line(10, "defects", &json!(["reads-nothing-back"]));
}

/// The id of that promise.
pub(super) const BEHAVIOUR: &str = "created-can-be-read";

fn add_other(text: &mut Text, other: &Other) {
    text.key(4, &other.method);
    text.line(6, "operationId", &other.id.as_str().into());
    text.lines(6, &other.lines);
    text.key(6, "responses");
    for (status, words) in &other.answers {
        text.line(8, &status.to_string(), &json!({ "description": words }));
    }
}

fn add_components(text: &mut Text, model: &Model<'_>) {
    text.key(0, "components");
    if !model.security.schemes.is_empty() {
        text.key(2, "securitySchemes");
    }
    for scheme in &model.security.schemes {
        text.comments(4, &scheme.comments);
        text.key(4, &scheme.name);
        text.lines(6, &scheme.lines);
    }
    text.key(2, "schemas");
    add_body(text, &model.request, model.answers.refused.map(|_| json!({"syntax": [400]})));
    add_body(text, &model.response, None);
}

fn add_body(text: &mut Text, body: &Body, refused: Option<Value>) {
    text.comments(4, &body.comments);
    text.key(4, &body.name);
    text.line(6, "type", &"object".into());
    text.line(6, "description", &body.description.as_str().into());
    if body.is_closed {
        text.line(6, "additionalProperties", &false.into());
    }
    if let Some(refused) = refused {
        text.line(6, "x-refused", &refused);
    }
    let required: Vec<_> = body.fields.iter().filter(|field| field.is_required).map(|field| &field.name).collect();
    if !required.is_empty() {
        text.line(6, "required", &json!(required));
    }
    if body.fields.is_empty() {
        text.line(6, "properties", &json!({}));
        return;
    }
    text.key(6, "properties");
    body.fields.iter().for_each(|field| add_field(text, field));
}

fn add_field(text: &mut Text, field: &Field) {
    text.comments(8, &field.comments);
    text.key(8, &field.name);
    text.lines(10, &field.lines);
}

fn reference(body: &Body) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", body.name)})
}
