//! Reads the OpenAPI part of a contract: operations, answers, links.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::clause::ClauseList;
use super::clause_id::{REQUEST, RESPONSE};
use super::form;
use super::parameters::{self, Values, with_values};
use super::query::check_fields;
use super::read_operation::{OperationNode, check_table, only_media_type, operation_nodes, read_operation};
use super::read_schema::{SchemaReader, named};
use super::{
    Assessment, Behaviour, Change, Contract, Creation, Effect, Envelope, FollowUpNodes, Inconclusive, Lifecycle,
    Misbehaviour, Operation, Relation, Schema, Security, Table, refusals, security, success,
};
use crate::document::{Errors, Fields, Node, SourceError, TO_DO, check_filled_in};

/// Reads the whole contract.
pub(super) fn contract(node: &Node, tables: HashMap<String, Arc<Table>>) -> Result<Contract, SourceError> {
    let mut fields = node.fields()?;
    // What else is wrong with a contract that was begun often follows from what is missing in it.
    let hint = || format!("what begins with `{TO_DO}` says what belongs in its place");
    check_filled_in(node).map_err(|error| error.with_hint(hint()))?;
    check_version(fields.required("openapi")?)?;
    let title = read_title(fields.required("info")?)?;
    let components = fields.required("components")?;
    let mut parts = components.fields()?;
    let schemas = parts.required("schemas")?.entries()?.map(|(_, name, node)| (name, node)).collect();
    let security_schemes = parts.optional("securitySchemes");
    parts.finish()?;
    let security = security::read(security_schemes, fields.optional("security"), components)?;
    let paths = fields.required("paths")?;
    parameters::read_remarks(fields.optional("servers"), "url")?;
    parameters::read_remarks(fields.optional("tags"), "name")?;
    let service_type = fields.optional("x-service-type").map(Node::words).transpose()?;
    fields.finish()?;

    let (nodes, parameters) = operation_nodes(paths)?;
    let (mut operations, mut errors) = (Vec::new(), Errors::default());
    for found in &nodes {
        operations.extend(errors.keep(read_operation(found)));
    }
    errors.finish()?;
    for (node, operation) in nodes.iter().zip(&operations) {
        check_table(node, operation, &tables)?;
    }
    let subject = only_creation(&operations, &nodes, paths)?;
    let reader =
        SchemaReader { tables: &tables, shared: schemas, depth: Cell::new(0), blur: None, answers: Vec::new() };
    let mut creation = read_creation(nodes[subject].node, subject, &operations, reader)?;
    fill_templates(&mut creation.response, &parameters);
    check_unauthorized(nodes[subject].node, &operations[subject], &security)?;
    check_fields(&nodes, &operations, &creation)?;
    let clauses = derive_clauses(&creation, &operations[subject], &security);
    let clauses = clauses.into_clauses();
    Ok(Contract { title, service_type, parameters, operations, creation, security, clauses, tables })
}

/// A text that is made of other fields may hold what stands in a path, too.
fn fill_templates(response: &mut Schema, parameters: &Values) {
    for relation in response.properties.values_mut().flat_map(|schema| &mut schema.relations) {
        if let Relation::Template(text) = relation {
            *text = with_values(text, parameters);
        }
    }
}

fn derive_clauses(creation: &Creation, subject: &Operation, security: &Security) -> ClauseList {
    let mut clauses = ClauseList::default();
    clauses.add_request(&creation.request, &creation.description, creation.is_body_required);
    clauses.add_security(security);
    clauses.add_statuses(&subject.answers, creation);
    clauses.add_response(&creation.response, &creation.media_type);
    clauses.add_behaviours(&creation.behaviours);
    clauses
}

fn check_version(node: &Node) -> Result<(), SourceError> {
    if node.text()?.starts_with("3.1.") { Ok(()) } else { Err(node.error("only OpenAPI 3.1 can be read")) }
}

fn read_title(node: &Node) -> Result<String, SourceError> {
    let mut fields = node.fields()?;
    let title = fields.required("title")?.words()?;
    fields.required("version")?.words()?;
    fields.optional("description").map(Node::words).transpose()?;
    fields.finish()?;
    Ok(title)
}

/// 401 is what comes without a good credential, where one is asked for.
fn check_unauthorized(node: &Node, subject: &Operation, security: &Security) -> Result<(), SourceError> {
    let responses = node.get("responses").unwrap_or(node);
    match subject.answers.get(&UNAUTHORIZED) {
        None if !security.is_open() => {
            let error = responses.error("a credential is asked for, and no answer says what comes without a good one");
            Err(error.with_hint("an answer '401' does"))
        }
        Some(answer) if security.is_open() && answer.assessment == Assessment::Always => {
            let at = responses.get("401").unwrap_or(responses);
            let error = at.error("nobody is asked for a credential, so that nothing leads to this answer");
            Err(error.with_hint("`security` names a scheme; or `x-not-assessed` says why the answer stands here"))
        }
        _ => Ok(()),
    }
}

/// The answer to a request without a good credential.
const UNAUTHORIZED: u16 = 401;

fn only_creation(operations: &[Operation], nodes: &[OperationNode<'_>], paths: &Node) -> Result<usize, SourceError> {
    let creations: Vec<_> = (0..operations.len()).filter(|index| operations[*index].effect == Effect::Create).collect();
    match creations[..] {
        [subject] if operations[subject].path.parameter_count() > 0 => {
            let error = nodes[subject].at.error("nothing fills the parameters of the path under test");
            Err(error.with_hint("`example` of a parameter is the value that it has"))
        }
        [subject] => Ok(subject),
        _ => Err(paths.error(format!("exactly one operation must have `x-effect: create`, {} have", creations.len()))),
    }
}

fn schema_of<'a>(content: &'a Node, reader: &SchemaReader<'a>, place: &str) -> Result<Schema, SourceError> {
    let (_, node) = only_media_type(content)?;
    reader.read(node.fields()?.required("schema")?, place)
}

fn read_creation<'a>(
    node: &'a Node,
    operation: usize,
    operations: &[Operation],
    reader: SchemaReader<'a>,
) -> Result<Creation, SourceError> {
    let mut fields = node.fields()?;
    for known in ["operationId", "summary", "x-effect", "tags"] {
        fields.optional(known);
    }
    let mut body = fields.required("requestBody")?.fields()?;
    let open_forms = form::read_all(body.optional("x-unspecified"))?;
    let answers = operations[operation].answers.keys().copied().collect();
    let reader = SchemaReader { blur: form::blur(&open_forms), answers, ..reader };
    // Both sides are told at once: what is wrong in one says nothing of the other.
    let mut errors = Errors::default();
    let request = errors.keep(schema_of(body.required("content")?, &reader, REQUEST));
    let is_body_required = body.optional("required").map(Node::boolean).transpose()?.unwrap_or(false);
    let description = body.required("description")?.words()?;
    let error_code = body.optional("x-error-code").map(Node::words).transpose()?;
    body.finish()?;

    let responses = fields.required("responses")?;
    let (successes, answer) = success::read(responses)?;
    let refused = refusals::general(responses, fields.optional("x-refused"), &reader.answers)?;
    let mut answer_fields = answer.fields()?;
    let content = answer_fields.required("content")?;
    let (media_type, _) = only_media_type(content)?;
    let response = errors.keep(schema_of(content, &reader, RESPONSE));
    let (request, response) = errors.finish_with(request.zip(response), node)?;
    check_relations(content, &request, &response)?;
    let links = answer_fields.required("links")?;
    let lifecycle = read_links(links, operations)?;
    success::check_id(links, &response, &lifecycle)?;
    let creation = Creation {
        operation,
        description,
        is_body_required,
        request,
        error_code,
        open_forms,
        created: successes[0],
        successes,
        refused,
        response,
        media_type: media_type.to_owned(),
        lifecycle,
        inconclusive: fields.optional("x-inconclusive").map(read_inconclusive).transpose()?.unwrap_or_default(),
        envelopes: match fields.optional("x-envelopes") {
            Some(node) => node.items()?.iter().map(Envelope::read).collect::<Result<_, _>>()?,
            None => Vec::new(),
        },
        behaviours: fields.optional("x-behaviours").map(read_behaviours).transpose()?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(creation)
}

fn read_links(node: &Node, operations: &[Operation]) -> Result<Lifecycle, SourceError> {
    let mut fields = node.fields()?;
    let read = read_link(fields.required("read")?, operations, |effect| matches!(effect, Effect::Read))?;
    let remove = read_link(fields.required("remove")?, operations, |effect| matches!(effect, Effect::Delete(_)))?;
    let release = fields.optional("release");
    let release = release.map(|node| read_release(node, operations)).transpose()?;
    fields.finish()?;
    Ok(Lifecycle {
        id: read.id,
        parameter: read.parameter,
        read: read.operation,
        release: release.map(|link| (link.operation, link.body.unwrap_or_default())),
        remove: remove.operation,
    })
}

/// The call that makes possible to remove what is protected, and what it is sent.
fn read_release(node: &Node, operations: &[Operation]) -> Result<Link, SourceError> {
    let link = read_link(node, operations, |effect| matches!(effect, Effect::Update))?;
    let (fits, wanted) = match operations[link.operation].change() {
        Change::Patch => (link.body.as_ref().is_some_and(Value::is_array), "a JSON Patch, a list of operations"),
        Change::Fields => (link.body.as_ref().is_some_and(Value::is_object), "an object of the fields to be changed"),
    };
    if fits {
        return Ok(link);
    }
    let at = node.get("requestBody").unwrap_or(node);
    Err(at.error(format!("the body of this call is {wanted}")).with_hint("its media type says which of both it takes"))
}

struct Link {
    operation: usize,
    parameter: String,
    id: String,
    body: Option<Value>,
}

fn read_link(node: &Node, operations: &[Operation], fits: fn(&Effect) -> bool) -> Result<Link, SourceError> {
    let mut fields = node.fields()?;
    let name = fields.required("operationId")?;
    let operation = operations
        .iter()
        .position(|operation| operation.id == name.text().unwrap_or_default() && fits(&operation.effect));
    let Some(operation) = operation else {
        let candidates =
            operations.iter().filter(|operation| fits(&operation.effect)).map(|operation| operation.id.as_str());
        return Err(name.error("no operation of this kind has this id").with_nearest(name.text()?, candidates));
    };
    if operations[operation].path.parameter_count() != 1 {
        return Err(name.error("the path of what a link names must have exactly one parameter"));
    }
    let parameters: Vec<_> = fields.required("parameters")?.entries()?.collect();
    let [(_, parameter, value)] = parameters[..] else {
        return Err(node.error("exactly one parameter can be honoured"));
    };
    let text = value.text()?;
    let id = text.strip_prefix("$response.body#").ok_or_else(|| {
        let error = value.error("expected $response.body# and a JSON pointer");
        error.with_hint("an id that stands in a header alone cannot be honoured")
    })?;
    let body = fields.optional("requestBody").map(Node::json);
    fields.finish()?;
    Ok(Link { operation, parameter: parameter.to_owned(), id: id.to_owned(), body })
}

fn read_inconclusive(node: &Node) -> Result<Inconclusive, SourceError> {
    let mut fields = node.fields()?;
    let statuses = |fields: &mut Fields<'_>, key| match fields.optional(key) {
        Some(node) => node.one_or_more()?.iter().map(Node::status).collect::<Result<Vec<_>, _>>(),
        None => Ok(Vec::new()),
    };
    let inconclusive = Inconclusive {
        any: statuses(&mut fields, "any")?,
        intermediary: statuses(&mut fields, "intermediary")?,
        authorized: statuses(&mut fields, "authorized")?,
        valid: statuses(&mut fields, "valid")?,
    };
    fields.finish()?;
    Ok(inconclusive)
}

fn read_behaviours(node: &Node) -> Result<Vec<Behaviour>, SourceError> {
    let mut behaviours: Vec<Behaviour> = Vec::new();
    for item in node.items()? {
        let mut fields = item.fields()?;
        let id = fields.required("id")?;
        let defects = fields.required("defects")?;
        let named_defect = |node: &Node| Ok((node.text()?.to_owned(), named(node, &Misbehaviour::ALL)?));
        let behaviour = Behaviour {
            id: id.words()?,
            text: fields.required("text")?.words()?,
            place: fields.required("place")?.words()?,
            defects: defects.one_or_more()?.iter().map(named_defect).collect::<Result<_, SourceError>>()?,
            follow_up: read_follow_ups(&mut fields)?,
            is_shown_by_removal: match fields.optional("shown-by") {
                Some(node) => named(node, &[("removal", true)])?,
                None => false,
            },
        };
        fields.finish()?;
        if behaviours.iter().any(|other| other.id == behaviour.id) {
            return Err(id.error(format!("the behaviour `{}` is listed twice", behaviour.id)));
        }
        behaviours.push(behaviour);
    }
    Ok(behaviours)
}

/// `after`, `when` and `then`, which belong together.
fn read_follow_ups(fields: &mut Fields<'_>) -> Result<Option<FollowUpNodes>, SourceError> {
    let (after, when) = (fields.optional("after"), fields.optional("when"));
    match (fields.optional("then"), after.or(when)) {
        (Some(then), _) => {
            let after = fields.required("after")?.clone();
            Ok(Some(FollowUpNodes { after, when: when.cloned(), then: then.clone() }))
        }
        (None, Some(node)) => Err(node.error("without `then` there is nothing that this could go with")),
        (None, None) => Ok(None),
    }
}

/// A relation names other fields; each must exist on its side.
fn check_relations(node: &Node, request: &Schema, response: &Schema) -> Result<(), SourceError> {
    if let Some(others) = &response.additional
        && !(others.rules.is_empty() && matches!(others.relations.as_slice(), [Relation::Echo(_)]))
    {
        return Err(node.error("of the other fields of an answer only `x-echo` can be honoured"));
    }
    for (name, property) in &response.properties {
        for relation in &property.relations {
            let (other, side) = match relation {
                Relation::Echo(_) => (name, request),
                Relation::Derived(derived) => (&derived.from, request),
                Relation::NotBefore(field) => (field, response),
                Relation::Template(_) | Relation::NearNow(_) | Relation::Unique | Relation::SameForCaller => continue,
            };
            if !side.properties.contains_key(other) {
                let keyword = relation.keyword();
                return Err(node.error(format!(
                    "x-{keyword} of `{name}` needs a field `{other}` in the {}, which has none",
                    side.place
                )));
            }
        }
    }
    Ok(())
}
