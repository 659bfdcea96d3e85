//! One function that says what kind of request a request is; cases, random bodies and the stub all go by it.

use super::body::{Body, BodyError};
use crate::contract::{Broken, ClauseId, Contract, Creation, Findings, Form, UnspecifiedAt};
use crate::exchange::{Request, TokenVariant};
use crate::probe::Violation;

/// What kind of request a request is, and what a conforming answer to it may be.
#[derive(Debug)]
pub struct Classification<'a> {
    /// The kind.
    pub kind: Kind,
    /// Rules that the request breaks.
    pub violations: Vec<Violation>,
    /// What the documentation leaves open about it.
    pub open: Vec<Unspecified<'a>>,
    /// The statuses that may refuse it.
    pub refusals: Refusals,
}

/// The kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every reading of the documentation allows it: it must be accepted.
    Valid,
    /// No reading allows it: it must be refused.
    Invalid,
    /// Readings differ: both conform, and the choice is recorded.
    Unspecified,
    /// The credential is not good: it must be refused, whatever the body.
    Unauthorized,
}

/// Something about a request that the documentation leaves open.
#[derive(Clone, Copy, Debug)]
pub struct Unspecified<'a> {
    /// What it is.
    pub title: &'a str,
    /// Why it is open.
    pub because: &'a str,
    /// What is unspecified about the value, where it is about a value and not of the bytes.
    pub value: Option<UnspecifiedAt<'a>>,
}

/// The statuses that may refuse a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// Any client error.
    AnyClientError,
    /// One of these.
    OneOf(Vec<u16>),
}

impl Refusals {
    /// Whether this status is a right refusal.
    pub fn allow(&self, status: u16) -> bool {
        match self {
            Self::AnyClientError => (400..500).contains(&status),
            Self::OneOf(statuses) => statuses.contains(&status),
        }
    }

    /// The statuses, where they are few enough to be named.
    pub fn listed(&self) -> &[u16] {
        match self {
            Self::AnyClientError => &[],
            Self::OneOf(statuses) => statuses,
        }
    }

    /// Allows these, too.
    fn add<'s>(&mut self, more: impl Iterator<Item = &'s u16>) {
        if let Self::OneOf(statuses) = self {
            statuses.extend(more);
            statuses.sort_unstable();
            statuses.dedup();
        }
    }

    /// The statuses in words.
    pub fn text(&self) -> String {
        match self {
            Self::AnyClientError => "a client error (4xx)".to_owned(),
            Self::OneOf(statuses) => statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// Says what kind of request this is. `body` is the request's own, read once and kept by the caller.
pub fn classify<'a>(contract: &'a Contract, request: &Request, body: &'a Body) -> Classification<'a> {
    let mut found = Classification {
        kind: Kind::Valid,
        violations: Vec::new(),
        open: Vec::new(),
        refusals: Refusals::OneOf(vec![contract.creation.refused]),
    };
    if request.credential != TokenVariant::Good {
        found.kind = Kind::Unauthorized;
        found.violations.push(violation_of_body(ClauseId::token(), None));
        // What stands in front of a service may look there too, and refuse in its own way.
        let is_elsewhere = matches!(request.credential, TokenVariant::Elsewhere(_));
        found.refusals = if is_elsewhere { Refusals::AnyClientError } else { Refusals::OneOf(vec![401]) };
        return found;
    }
    let creation = &contract.creation;
    found.open = body
        .forms
        .iter()
        .filter_map(|form| contract.open_form(*form))
        .map(|open| Unspecified { title: &open.title, because: &open.because, value: None })
        .collect();
    if !found.open.is_empty() {
        found.refusals = Refusals::AnyClientError;
    }
    match (&body.fault, &body.value) {
        (Some(BodyError::Empty), _) if creation.is_body_required => found.add_whole_body(creation, "required"),
        (Some(BodyError::Malformed(_)), _) => found.add_whole_body(creation, "syntax"),
        (None, _) if !body.may_be_object => found.add_whole_body(creation, "type"),
        (None, Some(value)) => found.add_findings(creation, creation.request.examine(value)),
        (Some(BodyError::Empty), _) | (None, None) => {}
    }
    // A body that readers may take for another one proves nothing by what it seems to break; one that is only large or deep, or declared at length, does.
    let is_other_media_type = body.forms.contains(&Form::MediaType);
    let is_plain = |form: &Form| matches!(form, Form::HugeBody | Form::DeepNesting | Form::MediaTypeParameter);
    let is_certain = !is_other_media_type && (body.forms.iter().all(is_plain) || !body.may_be_object);
    found.kind = match (found.violations.is_empty(), found.open.is_empty()) {
        (false, _) if is_certain => Kind::Invalid,
        (true, true) => Kind::Valid,
        _ => Kind::Unspecified,
    };
    found
}

impl<'a> Classification<'a> {
    /// That the body as a whole breaks this rule.
    fn add_whole_body(&mut self, creation: &Creation, keyword: &str) {
        self.refusals.add(creation.refusals_of_body(keyword));
        self.violations.push(violation_of_body(creation.request.clause(keyword), creation.error_code.clone()));
    }

    fn add_findings(&mut self, creation: &Creation, findings: Findings<'a>) {
        for broken in &findings.broken {
            self.refusals.add(creation.refusals_of(broken));
        }
        self.violations.extend(findings.broken.iter().map(violation_of_value));
        if !findings.open.is_empty() {
            self.refusals = Refusals::AnyClientError;
        }
        let open = findings.open.into_iter();
        self.open.extend(open.map(|open| Unspecified {
            title: &open.unspecified.title,
            because: &open.unspecified.because,
            value: Some(open),
        }));
    }
}

fn violation_of_body(clause: ClauseId, error_code: Option<String>) -> Violation {
    Violation { clause, pointer: String::new(), value: None, error_code }
}

fn violation_of_value(broken: &Broken<'_>) -> Violation {
    Violation {
        clause: broken.clause(),
        pointer: broken.at.pointer(),
        value: broken.value.cloned(),
        error_code: broken.schema.error_code.clone(),
    }
}
