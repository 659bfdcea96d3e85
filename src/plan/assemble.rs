//! Assembles requests for the call under test from JSON text, and probes from requests.
//!
//! What a contract requires is in every generated body, with a value that every reading allows, so that each probe breaks its own rule and no other.

use super::test_values::usual;
use crate::contract::{ClauseId, Contract};
use crate::exchange::{Request, TokenVariant};
use crate::judge::{Body, Kind, classify};
use crate::probe::{Phase, Probe, Script, Step, Violation};

/// A field's name and its value as JSON text.
pub(crate) type FieldText = (String, String);

/// An object of these fields, in this order.
pub(crate) fn object(fields: &[FieldText]) -> Vec<u8> {
    let fields: Vec<_> =
        fields.iter().map(|(name, json)| format!("{}:{json}", serde_json::Value::from(name.as_str()))).collect();
    format!("{{{}}}", fields.join(",")).into_bytes()
}

/// The fields that every body must have, each with a value that every reading allows.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    needed: Vec<FieldText>,
}

impl Base {
    /// What the contract requires, in its order.
    pub(crate) fn of(contract: &Contract) -> Self {
        let request = &contract.creation.request;
        let required = request.properties.iter().filter(|(name, _)| request.required.contains(name));
        Self { needed: required.filter_map(|(name, schema)| Some((name.clone(), usual(schema)?))).collect() }
    }

    /// The fields alone.
    pub(crate) fn fields(&self) -> &[FieldText] {
        &self.needed
    }

    /// These fields behind those that are needed beside them.
    pub(crate) fn with(&self, fields: &[FieldText]) -> Vec<FieldText> {
        let is_given = |name: &String| fields.iter().any(|(each, _)| each == name);
        let missing = self.needed.iter().filter(|(name, _)| !is_given(name));
        missing.chain(fields).cloned().collect()
    }
}

/// A request of the call under test with this body.
pub(crate) fn request(contract: &Contract, body: Vec<u8>) -> Request {
    let subject = contract.subject();
    let media_type = subject.media_type.clone().unwrap_or_default();
    Request {
        method: subject.method.clone(),
        path: subject.path.as_str().to_owned(),
        headers: vec![("Content-Type".to_owned(), media_type)],
        body: Some(body),
        credential: TokenVariant::Good,
    }
}

/// A request that every reading allows: what is required, and the mark with the number 0 where the contract has one.
pub(crate) fn plain_request(contract: &Contract) -> Request {
    let mark = contract.marks().next().map(|(name, mark)| (name.to_owned(), mark.value(&mark.text(0)).to_string()));
    request(contract, object(&Base::of(contract).with(mark.as_slice())))
}

/// A probe of one request. What it is about follows from what kind of request it is.
pub(crate) fn probe(contract: &Contract, phase: Phase, id: String, about: Option<ClauseId>, request: Request) -> Probe {
    let body = Body::read(&request);
    let found = classify(contract, &request, &body);
    let violation =
        found.violations.first().filter(|_| matches!(found.kind, Kind::Invalid | Kind::Unauthorized)).cloned();
    let (title, clauses) = match (&violation, found.kind) {
        (Some(violation), _) => {
            (format!("a request that breaks {} is refused", violation.clause), vec![violation.clause.clone()])
        }
        (None, Kind::Unspecified) => {
            let open = found.open.first().map_or("a request that is left open", |open| open.title);
            (format!("{open} is accepted or refused, and the choice is recorded"), Vec::new())
        }
        (None, _) => ("a valid request is accepted and answered rightly".to_owned(), about.into_iter().collect()),
    };
    single(phase, id, title, clauses, violation, request)
}

/// What a body breaks that holds this value and what is needed, if it is one thing and no reading allows it.
pub(crate) fn only_violation(contract: &Contract, base: &Base, name: &str, json: &str) -> Option<Violation> {
    let request = request(contract, object(&base.with(&[(name.to_owned(), json.to_owned())])));
    let body = Body::read(&request);
    let found = classify(contract, &request, &body);
    match &found.violations[..] {
        [violation] if found.kind == Kind::Invalid => Some(violation.clone()),
        _ => None,
    }
}

fn single(
    phase: Phase,
    id: String,
    title: String,
    clauses: Vec<ClauseId>,
    violation: Option<Violation>,
    request: Request,
) -> Probe {
    let script = Script { steps: vec![Step::new(request)] };
    Probe { id, phase, title, clauses, violation, script, expectations: Vec::new() }
}
