//! The bodies of the call under test, and the field of the answer that has the id.

use serde_json::{Value, json};

use super::document::Document;
use super::field::{Field, Side};
use super::flat::Flat;
use super::words::{first_sentence, plain, shortened, to_do};
use super::yaml;
use crate::contract::Type;
use crate::document::{Node, SourceError};

/// The body of a request or an answer.
pub(super) struct Body {
    /// The name of its schema.
    pub(super) name: String,
    /// What it is.
    pub(super) description: String,
    /// What a contract cannot say of it.
    pub(super) comments: Vec<String>,
    /// Whether it takes no other fields.
    pub(super) is_closed: bool,
    /// Its fields.
    pub(super) fields: Vec<Field>,
}

impl Body {
    /// Reads the body with this schema, which has this name where the document gives it none.
    pub(super) fn read<'a>(
        document: &Document<'a>,
        node: &'a Node,
        side: Side,
        name: &str,
    ) -> Result<Self, SourceError> {
        let flat = Flat::of(document, node);
        if let Some(error) = flat.errors.first() {
            return Err(error.clone());
        }
        is_readable(node, &flat)?;
        if side == Side::Response {
            is_no_wrapper(document, node, &flat)?;
        }
        let whole = if side == Side::Request { "The body" } else { "The answer" };
        let source = flat.name.map_or_else(|| whole.to_owned(), |name| format!("Schema {}", plain(name)));
        let name = flat.name.map(plain).filter(|name| !name.is_empty()).unwrap_or_else(|| name.to_owned());
        let mut body = Self {
            name,
            description: first_sentence(flat.get("description")).unwrap_or_else(|| format!("{source}.")),
            comments: flat.left_out.iter().map(|what| format!("left out, as it cannot be said: {what}")).collect(),
            is_closed: side == Side::Request && flat.get("additionalProperties").is_some_and(is_false),
            fields: Vec::new(),
        };
        body.add_fields(document, &flat, side, &source);
        Ok(body)
    }

    /// A body of which the document says nothing.
    pub(super) fn unknown() -> Self {
        let comment =
            "the document tells no body of this answer; a call whose success has none cannot be described yet";
        let mut body = Self {
            name: "Answer".to_owned(),
            description: "The answer.".to_owned(),
            comments: vec![comment.to_owned()],
            is_closed: false,
            fields: Vec::new(),
        };
        let line = |key: &str, what: &str| (key.to_owned(), Value::from(to_do(what)));
        let lines = vec![line("description", "what the id is"), line("type", "string or integer")];
        body.fields.push(Field {
            name: "id".to_owned(),
            comments: Vec::new(),
            lines,
            schema: crate::contract::Schema::default(),
            is_required: true,
            sample: None,
            because: None,
            has_objects: false,
        });
        body
    }

    /// The field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn add_fields<'a>(&mut self, document: &Document<'a>, flat: &Flat<'a>, side: Side, source: &str) {
        let mut others = Vec::new();
        for (name, node) in &flat.fields {
            let of_field = Flat::of(document, node);
            let is_of_others = if side == Side::Request { of_field.is("readOnly") } else { of_field.is("writeOnly") };
            if is_of_others {
                others.push(*name);
                continue;
            }
            let mut field = Field::read(document, node, name, side, source);
            field.is_required = flat.required.contains(name);
            self.fields.push(field);
        }
        let missing: Vec<_> = flat.required.iter().filter(|name| !flat.fields.contains_key(**name)).copied().collect();
        if !missing.is_empty() {
            self.comments.push(format!("required, and described nowhere: {}", missing.join(", ")));
        }
        if !others.is_empty() {
            let whose = if side == Side::Request { "only answers have them" } else { "only requests have them" };
            self.comments.push(format!("left out, as {whose}: {}", others.join(", ")));
        }
    }
}

fn is_false(node: &Node) -> bool {
    node.boolean().is_ok_and(|value| !value)
}

/// A body is an object whose fields are known.
fn is_readable(node: &Node, flat: &Flat<'_>) -> Result<(), SourceError> {
    if !flat.types.is_empty() && !flat.types.contains(&"object") {
        return Err(node.error("a body that is no object cannot be described"));
    }
    if flat.fields.is_empty() && !flat.left_out.is_empty() {
        let error = node.error("a body that is one of several schemas cannot be described");
        return Err(error.with_hint("a copy of the document in which one of them stands alone can be read"));
    }
    Ok(())
}

/// The id must stand at the top of an answer.
fn is_no_wrapper<'a>(document: &Document<'a>, node: &'a Node, flat: &Flat<'a>) -> Result<(), SourceError> {
    let mut fields = flat.fields.iter();
    let (Some((name, field)), None) = (fields.next(), fields.next()) else { return Ok(()) };
    if Flat::of(document, field).fields.is_empty() {
        return Ok(());
    }
    let error = node.error(format!("an answer within a wrapper, `{name}`, cannot be described yet"));
    Err(error.with_hint("the fields of the answer, and the id among them, must stand at its top"))
}

/// The name of the field of the answer that has the id, where the document leaves no doubt.
pub(super) fn id_field(response: &Body, linked: Option<&str>) -> Option<String> {
    let is_one = |field: &&Field| {
        let is_begun = field.lines.iter().all(|(keyword, _)| keyword != "type");
        is_begun || field.schema.is(Type::String) || field.schema.is(Type::Integer)
    };
    let named = |name: &str| response.field(name).filter(is_one);
    if let Some(field) = linked.and_then(named).or_else(|| named("id")) {
        return Some(field.name.clone());
    }
    let ends = |field: &&Field| field.name.to_lowercase().ends_with("id") && is_one(field);
    let candidates: Vec<_> = response.fields.iter().filter(ends).collect();
    let required: Vec<_> = candidates.iter().filter(|field| field.is_required).collect();
    match (&required[..], &candidates[..]) {
        ([only], _) => Some(only.name.clone()),
        ([], [only]) => Some(only.name.clone()),
        _ => None,
    }
}

impl Field {
    /// Makes it one that is always answered, and says why where the document does not.
    fn must_be_there(&mut self, why: &str) {
        if !self.is_required {
            self.is_required = true;
            self.comments.push(format!("the document does not say that it is always there; {why}"));
        }
    }
}

/// Makes the field of the id one that a contract takes: always there, and of a form that a stub can make.
pub(super) fn complete_id(response: &mut Body, name: &str) {
    let Some(field) = response.fields.iter_mut().find(|field| field.name == name) else { return };
    field.must_be_there("an id must be");
    field.lines.push(("x-unique".to_owned(), json!(true)));
    if field.schema.id(1, uuid::Uuid::nil()).is_some() {
        return;
    }
    let digits =
        |value: &Value| value.as_str().is_some_and(|text| text.contains(|letter: char| letter.is_ascii_digit()));
    let known = field.sample.clone().filter(digits).filter(|sample| field.schema.allows(sample));
    let what = || to_do("an id that the rules above allow, of which the digits can be others").into();
    field.lines.push(("examples".to_owned(), json!([known.unwrap_or_else(what)])));
}

/// Asks of what has the same name on both sides whether it comes back. OpenAPI does not say it.
pub(super) fn add_echoes(request: &Body, response: &mut Body, id: Option<&str>) {
    let mut has_some = false;
    for field in response.fields.iter_mut().filter(|field| Some(field.name.as_str()) != id) {
        let Some(given) = request.field(&field.name) else { continue };
        let of =
            |field: &Field| field.lines.iter().find(|(keyword, _)| keyword == "type").map(|(_, kind)| kind.clone());
        let is_object = field.schema.is(Type::Object) || field.has_objects || given.has_objects;
        // What becomes of null where there is a default is not said.
        let is_open = given.has("default") && given.schema.allows(&Value::Null);
        if !is_object && !is_open && of(field).is_some() && of(field) == of(given) {
            has_some = true;
            field.lines.push(("x-echo".to_owned(), json!({})));
        }
    }
    if has_some {
        let comment = "`x-echo` is a guess from the names: the document does not say what comes back unchanged";
        response.comments.push(comment.to_owned());
    }
}

/// Takes out the defaults that no answer shows, and has the others always answered.
pub(super) fn show_defaults(request: &mut Body, response: &mut Body) {
    for field in request.fields.iter_mut().filter(|field| field.has("default")) {
        let answered = response.fields.iter_mut().find(|other| other.name == field.name && other.has("x-echo"));
        if let Some(answered) = answered {
            answered.must_be_there("what shows the default must be");
            continue;
        }
        let default = field.lines.iter().position(|(keyword, _)| keyword == "default");
        if let Some((_, value)) = default.map(|index| field.lines.remove(index)) {
            let shown = shortened(&yaml::value(&value), 80);
            field.comments.push(format!("left out: default: {shown} (no answer is known to show it)"));
        }
    }
}

/// Gives the stub what it needs to answer as the contract says.
pub(super) fn complete_answer(request: &Body, response: &mut Body, id: Option<&str>) {
    let comes_back = |field: &Field| {
        let is_given = request.field(&field.name).is_some_and(|field| field.is_required);
        is_given && field.has("x-echo")
    };
    let others = response.fields.iter_mut().filter(|field| field.is_required && Some(field.name.as_str()) != id);
    others.filter(|field| !comes_back(field)).for_each(Field::complete_answer);
}

/// What a mark looks like.
const MARK: &str = "test-{run}";

/// Names of fields that are there to say something to people.
const OF_PEOPLE: &str = "name title label subject text description comment note notes remark message";

/// Gives a field of the request a mark: one that the answer shows, so that it proves whose a thing is. Whether there is such a field.
pub(super) fn add_mark(request: &mut Body, response: &mut Body) -> bool {
    let comes_back = |field: &Field| response.field(&field.name).is_some_and(|field| field.has("x-echo"));
    let is_for_people = |field: &Field| OF_PEOPLE.split(' ').any(|name| field.name.to_lowercase().ends_with(name));
    // A text of another format, such as an address, is free only as far as a contract can say.
    let is_free = |field: &Field| !field.comments.iter().any(|comment| comment.contains("format"));
    let may = |field: &Field| comes_back(field) && field.takes_a_mark(MARK) && !field.is_begun() && is_free(field);
    let fitting = request.fields.iter_mut().filter(|field| may(field)).rev();
    let Some(field) = fitting.max_by_key(|field| is_for_people(field)) else { return false };
    field.lines.push(("x-mark".to_owned(), MARK.into()));
    let answered = response.fields.iter_mut().find(|other| other.name == field.name);
    if let Some(answered) = answered {
        answered.must_be_there("what proves whose a thing is must be");
    }
    true
}
