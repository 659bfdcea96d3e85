//! The call under test: what a request deserves, and what comes of it.

use serde_json::{Map, Value};

use super::{Resources, StubService};
use crate::contract::Misbehaviour;
use crate::exchange::{Request, Response};
use crate::judge::{Body, Classification, Kind, classify};
use crate::stub::defect::Fault;
use crate::stub::{reply, resource};

impl StubService {
    pub(super) fn create(&self, request: &Request, resources: &mut Resources) -> Response {
        let body = Body::read(request);
        let found = classify(self.contract(), request, &body);
        let is_object = body.value.as_ref().is_some_and(Value::is_object);
        let given = body.value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        if found.kind == Kind::Valid {
            resources.asked += 1;
            if let Some(status) = self.fault().denies(&given, resources.asked) {
                return reply::refusal(self.contract(), self.contract().subject(), status, None, "it is not allowed");
            }
        }
        let is_accepted = match found.kind {
            Kind::Valid => !self.fault().refuses(&given),
            // What only some readers take is read as JSON here, and must keep every rule then.
            Kind::Unspecified => is_object && found.violations.is_empty(),
            Kind::Invalid | Kind::Unauthorized => self.fault().lets_pass(&found, request, &given),
        };
        resources.created += usize::from(is_accepted);
        if found.kind == Kind::Valid && is_accepted && self.fault().fails(resources.created, resources.kept.len()) {
            return reply::bare(500);
        }
        let created = resource::create(self.contract(), &given);
        if is_accepted || self.fault().misbehaves(Misbehaviour::CreatesWhatItRefuses, &created) {
            self.keep(&created, resources);
        }
        if self.fault().confuses(&created, resources.kept.len().saturating_sub(1)) {
            self.confuse(&created, resources);
        }
        if !is_accepted {
            return self.refuse(&found);
        }
        if found.kind == Kind::Unspecified {
            resources.open.extend(self.id_of(&created));
        }
        let mut shown = self.fault().twisted(created.clone(), &given, resources.created);
        for (name, _) in resource::others(self.contract(), &given) {
            self.fault().twist_other(&mut shown, name, resources.created);
        }
        if self.id_of(&shown) != self.id_of(&created) {
            // A server with another idea of ids has it everywhere.
            resource::fill_templates(self.contract(), &mut shown);
            self.keep(&shown, resources);
        }
        self.fault().wrapped(reply::resource(self.fault().created_status(self.contract().creation.created), &shown))
    }

    pub(super) fn keep(&self, resource: &Map<String, Value>, resources: &mut Resources) {
        if let Some(id) = self.id_of(resource) {
            resources.kept.insert(id, resource.clone());
        }
    }

    /// Gives what was created last the values of another one.
    fn confuse(&self, created: &Map<String, Value>, resources: &mut Resources) {
        let Some(id) = self.id_of(created) else { return };
        let neighbour = resources.neighbour(&id).and_then(|other| resources.kept.get(&other).cloned());
        if let Some((neighbour, resource)) = neighbour.zip(resources.kept.get_mut(&id)) {
            Fault::take_values(self.contract(), resource, &neighbour);
        }
    }

    fn refuse(&self, found: &Classification<'_>) -> Response {
        let (subject, status) =
            (self.contract().subject(), self.fault().refusal_status(self.contract().creation.refused, found));
        let (code, message) = match found.violations.first() {
            Some(violation) => (violation.error_code.as_deref(), format!("the request breaks {}", violation.clause)),
            None => (self.contract().creation.error_code.as_deref(), "the request cannot be accepted".to_owned()),
        };
        reply::refusal(self.contract(), subject, status, code, &message)
    }
}
