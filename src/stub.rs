//! A server that keeps the contract, made from the contract: the target of a run without an endpoint.
//!
//! It knows no field. What a request deserves it learns from [`classify`], what an answer holds from the contract's response.

mod reply;
mod resource;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use serde_json::{Map, Value};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use crate::contract::{Contract, Effect, Operation};
use crate::exchange::{Credential, Request};
use crate::judge::{Body, Classification, Kind, classify};
use crate::suite::Suite;
use crate::target::Token;

/// A running stub; it stops when it is dropped.
#[derive(Debug)]
pub struct Stub {
    server: MockServer,
}

impl Stub {
    /// Serves the contract on `listener`. Only `token` is a good token.
    pub async fn start(suite: Arc<Suite>, token: Token, listener: TcpListener) -> Self {
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        let responder = Responder { suite, token, resources: Mutex::default() };
        Mock::given(any()).respond_with(responder).mount(&server).await;
        Self { server }
    }

    /// Where the stub listens.
    pub fn address(&self) -> SocketAddr {
        *self.server.address()
    }
}

/// The resources that the stub keeps, by id.
type Resources = IndexMap<String, Map<String, Value>>;

struct Responder {
    suite: Arc<Suite>,
    token: Token,
    resources: Mutex<Resources>,
}

impl Respond for Responder {
    fn respond(&self, wire: &wiremock::Request) -> ResponseTemplate {
        let request = self.request_of(wire);
        let Some((index, parameters)) = self.contract().operation(&request.method, wire.url.path()) else {
            return reply::unknown_call(&request);
        };
        let operation = &self.contract().operations[index];
        if request.credential != Credential::Good {
            return reply::refusal(self.contract(), operation, 401, None, "the token is not good");
        }
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        let id = parameters.first().copied().unwrap_or_default();
        match operation.effect {
            Effect::Create => self.create(&request, &mut resources),
            Effect::List => reply::list(operation, &matching(&resources, wire)),
            Effect::Read => {
                resources.get(id).map_or_else(|| self.not_found(operation), |resource| reply::resource(200, resource))
            }
            Effect::Update => self.update(operation, id, &request, &mut resources),
            Effect::Delete => self.delete(operation, id, &mut resources),
            Effect::None if resources.contains_key(id) => reply::first_of(operation),
            Effect::None => self.not_found(operation),
        }
    }
}

impl Responder {
    fn contract(&self) -> &Contract {
        &self.suite.contract
    }

    /// The request as the judge sees it; the token is compared here and goes no further.
    fn request_of(&self, wire: &wiremock::Request) -> Request {
        let shown = wire.headers.get(&self.contract().token.header).map(|value| value.to_str().unwrap_or_default());
        let credential = match shown {
            Some(text) if self.token.is(text) => Credential::Good,
            Some(_) => Credential::Wrong,
            None => Credential::Absent,
        };
        let headers = wire
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        Request {
            method: wire.method.to_string(),
            path: wire.url.path().to_owned(),
            headers: headers.filter(|(name, _)| !name.eq_ignore_ascii_case(&self.contract().token.header)).collect(),
            body: Some(wire.body.clone()),
            credential,
        }
    }

    fn create(&self, request: &Request, resources: &mut Resources) -> ResponseTemplate {
        let body = Body::read(request);
        let classification = classify(self.contract(), request, &body);
        match (classification.kind, &body.value) {
            (Kind::Valid | Kind::Unspecified, Some(Value::Object(given))) => {
                let resource = resource::create(self.contract(), given);
                let reply = reply::resource(self.contract().creation.created, &resource);
                if let Some(id) = Value::from(resource.clone())
                    .pointer(&self.contract().creation.lifecycle.id)
                    .and_then(Value::as_str)
                {
                    resources.insert(id.to_owned(), resource);
                }
                reply
            }
            _ => self.refuse(&classification),
        }
    }

    fn refuse(&self, classification: &Classification<'_>) -> ResponseTemplate {
        match classification.violations.first() {
            Some(violation) => {
                let message = format!("the request breaks {}", violation.clause);
                reply::refusal(
                    self.contract(),
                    self.contract().subject(),
                    400,
                    violation.error_code.as_deref(),
                    &message,
                )
            }
            None => reply::refusal(
                self.contract(),
                self.contract().subject(),
                400,
                self.contract().creation.error_code.as_deref(),
                "the body cannot be read",
            ),
        }
    }

    fn update(
        &self,
        operation: &Operation,
        id: &str,
        request: &Request,
        resources: &mut Resources,
    ) -> ResponseTemplate {
        let Some(resource) = resources.get_mut(id) else { return self.not_found(operation) };
        let patch: Option<Vec<Value>> = request.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
        match patch.and_then(|patch| resource::patched(resource, &patch)) {
            Some(changed) => {
                *resource = changed;
                reply::resource(200, resource)
            }
            None => reply::refusal(
                self.contract(),
                operation,
                400,
                self.contract().creation.error_code.as_deref(),
                "the patch cannot be applied",
            ),
        }
    }

    fn delete(&self, operation: &Operation, id: &str, resources: &mut Resources) -> ResponseTemplate {
        let Some(resource) = resources.get(id) else { return self.not_found(operation) };
        if operation.refused_when.iter().any(|(field, value)| resource.get(field) == Some(value)) {
            return reply::refusal(self.contract(), operation, 403, None, "the state does not allow it");
        }
        resources.shift_remove(id);
        reply::first_of(operation)
    }

    fn not_found(&self, operation: &Operation) -> ResponseTemplate {
        reply::refusal(self.contract(), operation, 404, None, "there is no such resource")
    }
}

/// The resources whose fields have the values that the query names.
fn matching<'a>(resources: &'a Resources, wire: &wiremock::Request) -> Vec<&'a Map<String, Value>> {
    let is_match = |resource: &Map<String, Value>| {
        wire.url.query_pairs().all(|(name, value)| resource.get(&*name).is_some_and(|field| field == &*value))
    };
    resources.values().filter(|resource| is_match(resource)).collect()
}
