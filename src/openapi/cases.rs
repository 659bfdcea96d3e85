//! The first cases of a suite that was begun: a request that is taken, and what it created read back.

use serde_json::{Map, Value};

use super::model::Model;
use super::text::BEHAVIOUR;
use super::words::to_do;
use super::yaml;

/// The cases, each with its path within the suite.
pub(super) fn begun(model: &Model<'_>) -> Vec<(String, String)> {
    let (body, is_example) = body(model);
    let body = yaml::value(&Value::Object(body));
    let name = if is_example { "the_example" } else { "what_is_required" };
    let title = if is_example { "the example of the documentation is accepted" } else { "what is required is enough" };
    let created = model.answers.created;
    let accepts =
        format!("title: {title}\nclauses: [request.type]\nrequest:\n  body: {body}\nexpect:\n  status: {created}\n");
    vec![
        (format!("body/accepts_{name}.yaml"), accepts),
        ("behaviour/keeps_what_was_created.yaml".to_owned(), keeps(model, &body)),
    ]
}

fn keeps(model: &Model<'_>, body: &str) -> String {
    let read = &model.others.read;
    let is_taken = read.path.parameters.iter().any(|parameter| parameter.name == "id" && parameter.example.is_some());
    let name = if is_taken { "created" } else { "id" };
    // A name of a case has small letters only.
    let of_read = read.path.parameters.last().map_or("id", |parameter| parameter.name.as_str());
    let path = read.path.text.replace(&format!("{{{of_read}}}"), &format!("{{{name}}}"));
    let pointer = model.id_field.as_ref().map_or_else(|| to_do("a pointer to the id"), |name| format!("/{name}"));
    let statuses: Vec<_> = read.answers.iter().map(|(status, _)| *status).filter(|status| *status < 300).collect();
    let status = if statuses.is_empty() { vec![200] } else { statuses };
    let step = |method: &str, path: &str| format!("  - {}: {}\n", method.to_uppercase(), yaml::line(path));
    let mut text = format!("title: what was created can be read\nclauses: [behaviour.{BEHAVIOUR}]\nsteps:\n");
    text.push_str(&step(model.method, &model.path.text));
    text.push_str(&format!("    body: {body}\n    expect: {{status: {}}}\n", model.answers.created));
    text.push_str(&format!("    capture: {{{name}: {}}}\n", yaml::value(&pointer.into())));
    text.push_str(&step(&read.method, &path));
    text.push_str("    # `same_as: 1` beside the status also holds this answer against that of the first step.\n");
    text.push_str(&format!("    expect: {{status: {}}}\n", yaml::value(&status.into())));
    text
}

/// What is sent: the document's example as far as the contract allows it, and otherwise what there must be; and whether it is the example.
fn body(model: &Model<'_>) -> (Map<String, Value>, bool) {
    let (mut body, mut is_example) = (Map::new(), false);
    for field in &model.request.fields {
        let given = model.example.as_ref().and_then(|example| example.get(&field.name));
        let given = given.filter(|value| field.is_good(value));
        is_example |= given.is_some();
        let needed = || field.is_required.then(|| sample(field));
        if let Some(value) = given.cloned().or_else(needed) {
            body.insert(field.name.clone(), value);
        }
    }
    (body, is_example)
}

fn sample(field: &super::field::Field) -> Value {
    let found = field.sample.clone().filter(|value| field.is_good(value));
    found.unwrap_or_else(|| to_do("a good value").into())
}
