//! What the stub answers, without HTTP: a function of the request and of what is kept.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::defect::{Defect, Fault};
use super::list::{self, Refused};
use super::update::Refusal;
use super::{reply, resource, update};
use crate::client::{Service, Token};
use crate::contract::{Change, Contract, Effect, Listing, Misbehaviour, Operation, Security};
use crate::exchange::{Request, Response, TokenVariant, id_text};
use crate::judge::{Body, Classification, Kind, classify};

/// The stub's state and rules.
#[derive(Debug)]
pub struct StubService {
    pub(super) contract: Arc<Contract>,
    token: Token,
    fault: Option<Fault>,
    pub(super) resources: Mutex<Resources>,
    /// What is there from the beginning.
    pub(super) seeds: IndexMap<String, Map<String, Value>>,
}

/// The resources that the stub keeps, by id.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub kept: IndexMap<String, Map<String, Value>>,
    /// Those of which the documentation leaves open whether they are created.
    open: HashSet<String>,
    /// How often each was read.
    reads: HashMap<String, usize>,
    /// How often each was to be removed.
    removals: HashMap<String, usize>,
    /// How many valid requests there were so far.
    pub asked: usize,
    /// How many requests were accepted so far.
    pub created: usize,
}

impl Resources {
    /// These, and nothing that was done to them.
    pub(super) fn of(kept: IndexMap<String, Map<String, Value>>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// The id of the oldest other one.
    fn neighbour(&self, id: &str) -> Option<String> {
        self.kept.keys().find(|other| *other != id).cloned()
    }
}

/// How often this was asked for, this time included.
fn once_more(times: &mut HashMap<String, usize>, id: &str) -> usize {
    let times = times.entry(id.to_owned()).or_default();
    *times += 1;
    *times
}

impl StubService {
    /// A stub for which only `token` is good; with a defect it breaks that clause.
    pub fn new(contract: Arc<Contract>, token: Token, defect: Option<&Defect>) -> Self {
        let fault = defect.map(|defect| defect.fault.clone());
        Self { contract, token, fault, resources: Mutex::default(), seeds: IndexMap::new() }
    }

    /// The security schemes of its contract.
    pub(super) fn security(&self) -> &Security {
        &self.contract().security
    }

    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn fault(&self) -> &Fault {
        self.fault.as_ref().unwrap_or(&Fault::NONE)
    }

    fn credential(&self, request: &Request, shown: Option<&str>) -> TokenVariant {
        match shown {
            _ if self.security().is_open() => TokenVariant::Good,
            Some(text) if self.token.is(text) => TokenVariant::Good,
            Some(text) if self.fault().opens_to(|credential| self.token.shown_is(credential, text)) => {
                TokenVariant::Good
            }
            None if self.fault().opens_to(|credential| self.is_shown_otherwise(credential, request)) => {
                TokenVariant::Good
            }
            Some(_) => TokenVariant::Wrong,
            None => TokenVariant::Absent,
        }
    }

    /// Whether a request that shows no token has this in place of it.
    fn is_shown_otherwise(&self, credential: TokenVariant, request: &Request) -> bool {
        match credential {
            TokenVariant::Elsewhere(place) => {
                let carriers = place.carriers(self.security().schemes.first());
                let good = || self.token.shown_as(TokenVariant::Good);
                let shown = place.text().map_or_else(good, str::to_owned);
                let is_it = |name: &str, text: &str| {
                    let mut carriers = carriers.iter().filter_map(|carrier| carrier.header().zip(Some(carrier)));
                    carriers.any(|(header, carrier)| {
                        header.eq_ignore_ascii_case(name) && text == carrier.header_value(&shown)
                    })
                };
                request.headers.iter().any(|(name, text)| is_it(name, text))
            }
            credential => credential == TokenVariant::Absent,
        }
    }

    fn create(&self, request: &Request, resources: &mut Resources) -> Response {
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

    fn keep(&self, resource: &Map<String, Value>, resources: &mut Resources) {
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

    pub(super) fn id_of(&self, resource: &Map<String, Value>) -> Option<String> {
        let resource = Value::from(resource.clone());
        resource.pointer(&self.contract().creation.lifecycle.id).and_then(id_text)
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

    fn read(&self, operation: &Operation, id: &str, resources: &mut Resources) -> Response {
        let times = once_more(&mut resources.reads, id);
        match resources.kept.get(id) {
            Some(resource) => {
                match self.fault().read_back(self.contract(), resource, times, resources.open.contains(id)) {
                    Some(shown) => reply::resource(200, &shown),
                    None => self.not_found(operation),
                }
            }
            None => match self.fault().unknown_status() {
                Some(status) => reply::bare(status),
                None => self.not_found(operation),
            },
        }
    }

    fn list(&self, operation: &Operation, listing: &Listing, request: &Request, resources: &Resources) -> Response {
        match list::page(self.contract(), listing, &request.path, resources.kept.iter()) {
            Ok(page) => reply::list(listing, operation.path.as_str(), &page),
            Err(Refused(name)) => {
                let code = self.contract().creation.error_code.as_deref();
                let message = format!("the parameter {name} cannot have this value");
                reply::refusal(self.contract(), operation, self.contract().creation.refused, code, &message)
            }
        }
    }

    fn update(&self, operation: &Operation, id: &str, request: &Request, resources: &mut Resources) -> Response {
        let Some(resource) = resources.kept.get_mut(id) else { return self.not_found(operation) };
        if let Some(media_type) = operation.media_type.as_deref().filter(|wanted| !update::declares(request, wanted)) {
            return reply::error(self.contract(), 415, &format!("the body must be declared as {media_type}"));
        }
        let body = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        let kind = operation.change();
        let Some(mut changed) = body.and_then(|body| resource::changed(resource, kind, body)) else {
            let status = self.contract().creation.refused;
            let message = match kind {
                Change::Patch => "the body is no JSON Patch that can be applied",
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
    fn change(&self, operation: &Operation, parameters: &[String], resources: &mut Resources) -> Response {
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

    fn delete(
        &self,
        operation: &Operation,
        protected: &[(String, Value)],
        id: &str,
        resources: &mut Resources,
    ) -> Response {
        let times = once_more(&mut resources.removals, id);
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
        }
        if takes_another && let Some(neighbour) = resources.neighbour(id) {
            resources.kept.shift_remove(&neighbour);
        }
        answer
    }

    fn turn_away(
        &self,
        operation: &Operation,
        id: Option<&str>,
        request: &Request,
        resources: &mut Resources,
    ) -> Response {
        if operation.effect == Effect::Create {
            let body = Body::read(request);
            let given = body.value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            let created = resource::create(self.contract(), &given);
            if self.fault().misbehaves(Misbehaviour::CreatesForAnybody, &created) {
                self.keep(&created, resources);
            }
        }
        if let (Effect::Delete(_), Some(id)) = (&operation.effect, id)
            && self.fault().misbehaves(Misbehaviour::DeletesForAnybody, &Map::new())
        {
            resources.kept.shift_remove(id);
        }
        let status = self.fault().unauthorized_status();
        reply::refusal(self.contract(), operation, status, None, "the token is not good")
    }

    fn not_found(&self, operation: &Operation) -> Response {
        reply::refusal(self.contract(), operation, 404, None, "there is no such resource")
    }
}

impl Service for StubService {
    fn answer(&self, request: &Request, token: Option<&str>) -> Response {
        let mut response = self.respond(request, token);
        response.headers.push(("date".to_owned(), httpdate::fmt_http_date(SystemTime::now())));
        response
    }
}

impl StubService {
    fn respond(&self, request: &Request, token: Option<&str>) -> Response {
        let path = request.path.split('?').next().unwrap_or_default();
        let Some((index, parameters)) = self.contract().operation(&request.method, path) else {
            return reply::unknown_call(self.contract(), &request.method, path);
        };
        // What a path holds is escaped once, whatever it is.
        let decoded = parameters.into_iter().map(|parameter| percent_decode_str(parameter).decode_utf8_lossy());
        let parameters: Vec<_> = decoded.map(Cow::into_owned).collect();
        let operation = &self.contract().operations[index];
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if operation.effect == Effect::Fixed {
            return reply::example(operation);
        }
        if self.credential(request, token) != TokenVariant::Good {
            return self.turn_away(operation, parameters.first().map(String::as_str), request, &mut resources);
        }
        let id = parameters.first().map(String::as_str).unwrap_or_default();
        let request = &Request { credential: TokenVariant::Good, ..request.clone() };
        match &operation.effect {
            Effect::Create => self.create(request, &mut resources),
            Effect::List(listing) => self.list(operation, listing, request, &resources),
            Effect::Read => self.read(operation, id, &mut resources),
            Effect::Update => self.update(operation, id, request, &mut resources),
            Effect::Delete(protected) => self.delete(operation, protected, id, &mut resources),
            Effect::Set(_) | Effect::AddItem(_) | Effect::RemoveItem(_) => {
                self.change(operation, &parameters, &mut resources)
            }
            Effect::Quota(quota) => reply::quota(operation, quota, resources.kept.len()),
            Effect::Fixed => reply::example(operation),
            Effect::None => match resources.kept.get(id) {
                Some(resource) => self.fault().file(resource).unwrap_or_else(|| reply::first_of(operation)),
                None => self.not_found(operation),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::StubService;
    use crate::client::{Service, Token};
    use crate::exchange::{Request, TokenVariant};
    use crate::suite::{DEFAULT, Suite};

    #[test]
    fn a_call_that_the_contract_does_not_describe_is_refused_in_the_form_of_its_errors() {
        let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
        let stub = StubService::new(Arc::clone(&suite.contract), Token::new("a-good-token").unwrap(), None);
        for (method, path, status, allow) in [
            ("GET", "/v1", 404, None),
            ("POST", "/v2/image", 404, None),
            ("GET", "/v2/images/1/files", 404, None),
            ("PUT", "/v2/images", 405, Some("GET, POST")),
            ("HEAD", "/v2/images/1?a=b", 405, Some("DELETE, GET, PATCH")),
            ("OPTIONS", "/v2/images/1/tags/a", 405, Some("DELETE, PUT")),
        ] {
            let request = Request {
                method: method.to_owned(),
                path: path.to_owned(),
                headers: Vec::new(),
                body: None,
                credential: TokenVariant::Good,
            };
            let answer = stub.answer(&request, Some("a-good-token"));
            assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {path}");
            let message = answer.json().unwrap()["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.contains(&format!("describes no {method} /")), "{message}");
        }
    }
}
