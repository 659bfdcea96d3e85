//! The calls that change or remove what is there.

use serde_json::{Map, Value};

use super::{Resources, StubService};
use crate::contract::{Change, Effect, Misbehaviour, Operation};
use crate::exchange::{Request, Response};
use crate::stub::defect::Fault;
use crate::stub::update::{self, Refusal};
use crate::stub::{reply, resource};

impl StubService {
    pub(super) fn update(
        &self,
        operation: &Operation,
        id: &str,
        request: &Request,
        resources: &mut Resources,
    ) -> Response {
        let Some(resource) = resources.kept.get_mut(id) else { return self.not_found(operation) };
        if let Some(media_type) = operation.media_type.as_deref().filter(|wanted| !update::declares(request, wanted)) {
            return reply::error(self.contract(), 415, &format!("the body must be declared as {media_type}"));
        }
        let body = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let kind = operation.change();
        let Some(mut changed) = body.and_then(|body| resource::changed(resource, kind, body)) else {
            let status = self.contract().creation.refused;
            let message = match kind {
                Change::Patch => "the body is not a JSON Patch that can be applied",
                Change::Fields => "the body is no object of the fields to be changed",
            };
            let message = message.to_owned();
            return self.refuse_change(operation, &Refusal { status, message });
        };
        if let Err(refusal) = update::settle(self.contract(), resource, &mut changed) {
            return self.refuse_change(operation, &refusal);
        }
        if !self.fault().misbehaves(Misbehaviour::ForgetsUpdates, resource) {
            resource.clone_from(&changed);
        }
        if self.fault().misbehaves(Misbehaviour::ChangesANeighbour, &changed)
            && let Some(neighbour) = resources.neighbour(id).and_then(|other| resources.kept.get_mut(&other))
        {
            Fault::change_a_value(self.contract(), neighbour);
        }
        reply::resource(200, &changed)
    }

    fn refuse_change(&self, operation: &Operation, refusal: &Refusal) -> Response {
        let code = self.contract().creation.error_code.as_deref();
        reply::refusal(self.contract(), operation, refusal.status, code, &refusal.message)
    }

    /// Changes one as the contract says, whatever is sent.
    pub(super) fn change(&self, operation: &Operation, parameters: &[String], resources: &mut Resources) -> Response {
        let kept = parameters.first().and_then(|id| resources.kept.get_mut(id));
        let (Some(resource), Some(last)) = (kept, parameters.last()) else { return self.not_found(operation) };
        let mut changed = resource.clone();
        if !resource::change(&mut changed, &operation.effect, last) {
            return self.not_found(operation);
        }
        // What the contract itself sets is as the contract has it.
        if let Effect::Set(_) = operation.effect {
            update::follow(self.contract(), resource, &mut changed);
        } else if let Err(refusal) = update::settle(self.contract(), resource, &mut changed) {
            return self.refuse_change(operation, &refusal);
        }
        *resource = changed;
        reply::first_of(operation)
    }

    pub(super) fn delete(
        &self,
        operation: &Operation,
        protected: &[(String, Value)],
        id: &str,
        resources: &mut Resources,
    ) -> Response {
        let times = self.once_more(&mut resources.removals, id);
        let Some(resource) = resources.kept.get(id) else {
            let fails = times > 1 && self.fault().misbehaves(Misbehaviour::FailsToDeleteAgain, &Map::new());
            return if fails { reply::bare(500) } else { self.not_found(operation) };
        };
        let is_delete_protected = protected.iter().any(|(field, value)| resource.get(field) == Some(value));
        let yields = self.fault().misbehaves(Misbehaviour::DeletesWhatIsProtected, resource)
            || (times > 1 && self.fault().misbehaves(Misbehaviour::DeletesWhatIsProtectedAtLast, resource));
        if is_delete_protected && !yields {
            return reply::refusal(self.contract(), operation, 403, None, "the state does not allow it");
        }
        if self.fault().misbehaves(Misbehaviour::RefusesToDelete, resource) {
            return reply::refusal(self.contract(), operation, 409, None, "it cannot be deleted");
        }
        let mut answer = reply::first_of(operation);
        if self.fault().misbehaves(Misbehaviour::DeletesWithAnotherStatus, resource) {
            answer.status = if answer.status == 200 { 202 } else { 200 };
        }
        let takes_another = self.fault().misbehaves(Misbehaviour::DeletesANeighbour, resource);
        if !self.fault().misbehaves(Misbehaviour::KeepsWhatIsDeleted, resource) {
            resources.kept.shift_remove(id);
            resources.open.remove(id);
        }
        if takes_another && let Some(neighbour) = resources.neighbour(id) {
            resources.kept.shift_remove(&neighbour);
        }
        answer
    }
}
