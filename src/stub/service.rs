//! What the stub answers, without HTTP: a function of the request and of what is kept.

mod change;
mod create;
mod door;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::defect::{Defect, Fault};
use super::list::{self, Refused};
use super::reply;
use crate::client::{Service, Token};
use crate::contract::{Contract, Effect, Listing, Operation, Security};
use crate::exchange::{Request, Response, TokenVariant, id_text};

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

    /// How often this was asked for, this time included. Only a fault comes at the second time, and nobody else keeps count.
    fn once_more(&self, times: &mut HashMap<String, usize>, id: &str) -> usize {
        if self.fault.is_none() {
            return 1;
        }
        let times = times.entry(id.to_owned()).or_default();
        *times += 1;
        *times
    }

    pub(super) fn id_of(&self, resource: &Map<String, Value>) -> Option<String> {
        let resource = Value::from(resource.clone());
        resource.pointer(&self.contract().creation.lifecycle.id).and_then(id_text)
    }

    fn read(&self, operation: &Operation, id: &str, resources: &mut Resources) -> Response {
        let times = self.once_more(&mut resources.reads, id);
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
            Effect::Table(listing) => match self.contract().tables.get(&listing.file) {
                Some(table) => reply::table(operation, listing, table),
                None => self.not_found(operation),
            },
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
