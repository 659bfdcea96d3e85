//! What a defective server does differently, asked by the stub at each point where it could.

use serde_json::{Map, Value};

use super::condition::Condition;
use super::leniency::Leniency;
use super::misreading::Misreading;
use super::mutation::{Mutation, mutated};
use crate::contract::{ClauseId, Contract, Misbehaviour, Relation};
use crate::exchange::{Request, Response, TokenVariant};
use crate::judge::Classification;
use crate::stub::reply;

/// So many others are there only where several are created at once: no probe needs as many.
const SEVERAL: usize = 4;

/// A difference from the faithful stub.
#[derive(Clone, Debug)]
pub(in crate::stub) enum Fault {
    /// There is none.
    None,
    /// Requests that break this clause are accepted, if it is lenient about them and all these conditions hold.
    Passes { clause: ClauseId, leniency: Leniency, when: Vec<Condition> },
    /// Valid requests are refused where all these conditions hold.
    Refuses(Vec<Condition>),
    /// Valid requests are refused with this status where all these conditions hold, each so-and-so-manieth of them.
    Denies { status: u16, when: Vec<Condition>, every: usize },
    /// Each so-and-so-manieth valid request ends in an error inside the service.
    Fails { every: usize },
    /// A valid request ends in an error inside the service while several others are there.
    FailsAtOnce,
    /// This credential is taken for a good one.
    Opens(TokenVariant),
    /// Success has this status.
    Created(u16),
    /// A refusal has this status, if the request breaks this clause; `None` is any.
    Refused { clause: Option<ClauseId>, status: u16 },
    /// A request without a good credential is answered with this status.
    Unauthorized(u16),
    /// What is unknown is answered with this status.
    Unknown(u16),
    /// A field of the answer is changed where all these conditions hold, in each so-and-so-manieth answer.
    Mutated { field: String, mutation: Mutation, when: Vec<Condition>, every: usize },
    /// A text, or the texts of an array, come back as what somebody takes them for.
    Misreads { field: String, misreading: Misreading },
    /// The field is read under names that are spelled otherwise, too.
    Respells(String),
    /// The field is read from an object under another name, too.
    Unwraps(String),
    /// A field that only answers have is taken over from a request that gives it as a text.
    TakesOver(String),
    /// Every field of the answer that the contract does not list is changed.
    MutatedOthers(Mutation),
    /// The answer declares this media type, or none.
    MediaType(Option<&'static str>),
    /// The answer has this body.
    Body(&'static str),
    /// A promise of the prose is broken for what all these conditions hold of.
    Misbehaves { way: Misbehaviour, when: Vec<Condition> },
}

impl Fault {
    pub(in crate::stub) const NONE: Self = Self::None;

    pub(in crate::stub) fn opens_to(&self, is_shown: impl Fn(TokenVariant) -> bool) -> bool {
        matches!(self, Self::Opens(credential) if is_shown(*credential))
    }

    pub(in crate::stub) fn refuses(&self, given: &Map<String, Value>) -> bool {
        matches!(self, Self::Refuses(conditions) if conditions.iter().all(|condition| condition.holds(given)))
    }

    /// With which status the valid request with this number is refused, if it is.
    pub(in crate::stub) fn denies(&self, given: &Map<String, Value>, number: usize) -> Option<u16> {
        match self {
            Self::Denies { status, when, every } => {
                let is_meant = number.is_multiple_of(*every) && when.iter().all(|condition| condition.holds(given));
                is_meant.then_some(*status)
            }
            _ => None,
        }
    }

    pub(in crate::stub) fn lets_pass(
        &self,
        found: &Classification<'_>,
        request: &Request,
        given: &Map<String, Value>,
    ) -> bool {
        let Self::Passes { clause, leniency, when } = self else { return false };
        when.iter().all(|condition| condition.holds(given))
            && found
                .violations
                .iter()
                .all(|violation| violation.clause == *clause && leniency.covers(violation.value.as_ref(), request))
    }

    /// Whether the valid request with this number, beside so many others, ends in an error.
    pub(in crate::stub) fn fails(&self, number: usize, beside: usize) -> bool {
        match self {
            Self::Fails { every } => number.is_multiple_of(*every),
            Self::FailsAtOnce => beside >= SEVERAL,
            _ => false,
        }
    }

    pub(in crate::stub) fn created_status(&self, usual: u16) -> u16 {
        if let Self::Created(status) = self { *status } else { usual }
    }

    pub(in crate::stub) fn refusal_status(&self, usual: u16, found: &Classification<'_>) -> u16 {
        match self {
            Self::Refused { clause: None, status } => *status,
            Self::Refused { clause: Some(clause), status }
                if found.violations.iter().any(|violation| violation.clause == *clause) =>
            {
                *status
            }
            _ => usual,
        }
    }

    pub(in crate::stub) fn unauthorized_status(&self) -> u16 {
        if let Self::Unauthorized(status) = self { *status } else { 401 }
    }

    /// What an id that was never given out is answered with, if not with 404.
    pub(in crate::stub) fn unknown_status(&self) -> Option<u16> {
        match self {
            Self::Unknown(status) => Some(*status),
            Self::Misbehaves { way: Misbehaviour::FindsUnknownIds, .. } => Some(200),
            _ => None,
        }
    }

    pub(in crate::stub) fn twisted(
        &self,
        mut resource: Map<String, Value>,
        given: &Map<String, Value>,
        number: usize,
    ) -> Map<String, Value> {
        if let Self::Mutated { field, mutation, when, every } = self
            && number.is_multiple_of(*every)
            && when.iter().all(|condition| condition.holds(given))
        {
            mutation.apply(&mut resource, field, number);
        }
        if let Self::Misreads { field, misreading } = self
            && let Some(changed) = given.get(field).and_then(|value| misreading.of_value(value))
        {
            resource.insert(field.clone(), changed);
        }
        if let Self::Respells(field) = self
            && !given.contains_key(field)
            && let Some((_, value)) = given.iter().find(|(name, _)| is_respelled(name, field))
        {
            resource.insert(field.clone(), value.clone());
        }
        if let Self::Unwraps(field) = self
            && !given.contains_key(field)
            && let Some(value) = given.values().find_map(|inner| inner.as_object()?.get(field))
        {
            resource.insert(field.clone(), value.clone());
        }
        if let Self::TakesOver(field) = self
            && let Some(value @ Value::String(_)) = given.get(field)
        {
            resource.insert(field.clone(), value.clone());
        }
        resource
    }

    pub(in crate::stub) fn twist_other(&self, resource: &mut Map<String, Value>, name: &str, number: usize) {
        if let Self::MutatedOthers(mutation) = self {
            mutation.apply(resource, name, number);
        }
    }

    pub(in crate::stub) fn wrapped(&self, answer: Response) -> Response {
        match self {
            Self::MediaType(Some(media_type)) => reply::with_body(answer.status, media_type, answer.body),
            Self::MediaType(None) => Response { headers: Vec::new(), ..answer },
            Self::Body(text) => Response { body: text.as_bytes().to_vec(), ..answer },
            _ => answer,
        }
    }

    /// What a read shows of a resource, and `is_open` says whether the documentation leaves open that it was created; `None` where it finds nothing.
    pub(in crate::stub) fn read_back(
        &self,
        contract: &Contract,
        resource: &Map<String, Value>,
        times: usize,
        is_open: bool,
    ) -> Option<Map<String, Value>> {
        let field = first_echo(contract, resource);
        let mut shown = resource.clone();
        if self.misbehaves(Misbehaviour::ReadsNothingBack, resource) {
            return None;
        }
        if self.misbehaves(Misbehaviour::LosesAField, resource) {
            shown.shift_remove(&field);
        }
        let is_later = times > 2 && self.misbehaves(Misbehaviour::ChangesAValueLater, resource);
        let is_open = is_open && self.misbehaves(Misbehaviour::ChangesWhatIsOpen, resource);
        if is_later || is_open || self.misbehaves(Misbehaviour::ChangesAValue, resource) {
            Self::change_a_value(contract, &mut shown);
        }
        Some(shown)
    }

    /// Gives the first field that comes back from a request another value.
    pub(in crate::stub) fn change_a_value(contract: &Contract, resource: &mut Map<String, Value>) {
        let field = first_echo(contract, resource);
        let changed = mutated(resource.get(&field));
        resource.insert(field, changed);
    }

    /// Whether what is created beside so many others is taken for one of them.
    pub(in crate::stub) fn confuses(&self, created: &Map<String, Value>, beside: usize) -> bool {
        beside >= SEVERAL && self.misbehaves(Misbehaviour::ConfusesWhatComesAtOnce, created)
    }

    /// Gives each field that comes back from a request the value that another resource has there.
    pub(in crate::stub) fn take_values(
        contract: &Contract,
        resource: &mut Map<String, Value>,
        of: &Map<String, Value>,
    ) {
        for (name, value) in resource.iter_mut().filter(|(name, _)| comes_back(contract, name)) {
            *value = of.get(name).cloned().unwrap_or_default();
        }
    }

    pub(in crate::stub) fn file(&self, resource: &Map<String, Value>) -> Option<Response> {
        self.misbehaves(Misbehaviour::HasAFile, resource)
            .then(|| reply::with_body(200, "application/octet-stream", b"bytes".to_vec()))
    }

    pub(in crate::stub) fn misbehaves(&self, wanted: Misbehaviour, resource: &Map<String, Value>) -> bool {
        matches!(self, Self::Misbehaves { way, when }
            if *way == wanted && when.iter().all(|condition| condition.holds(resource)))
    }
}

/// Whether two names differ in nothing but the case of letters, hyphens and underscores.
fn is_respelled(name: &str, other: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|sign| !"_-".contains(*sign)).collect::<String>().to_lowercase();
    letters(name) == letters(other)
}

/// The first field of a resource that comes back from a request.
fn first_echo(contract: &Contract, resource: &Map<String, Value>) -> String {
    resource.keys().find(|name| comes_back(contract, name)).cloned().unwrap_or_default()
}

/// Whether a field of a resource comes back from the request.
fn comes_back(contract: &Contract, name: &str) -> bool {
    let schema = contract.creation.response.properties.get(name);
    matches!(schema.and_then(|schema| schema.relation("echo")), Some(Relation::Echo(_)))
}
