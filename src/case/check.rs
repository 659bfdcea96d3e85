//! Holds a case against its verb and against the contract: what it says it shows, it must show.

use serde_json::Value;

use super::{Case, Verb};
use crate::contract::{Contract, same};
use crate::document::{Node, SourceError};
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, Probe, Step};

/// Refuses a case that does not contain what its file name says.
pub(super) fn case(contract: &Contract, case: &Case, node: &Node) -> Result<(), SourceError> {
    for probe in &case.probes {
        let complaint = verb_complaint(contract, case, probe).or_else(|| kind_complaint(contract, probe));
        if let Some((message, hint)) = complaint {
            let row = probe.id.strip_prefix(case.id.as_str()).filter(|row| !row.is_empty());
            let message = row.map_or_else(|| message.clone(), |row| format!("{message} (row {row})"));
            return Err(node.error(message).with_hint(hint));
        }
    }
    Ok(())
}

type Complaint = (String, String);

fn complain(message: impl Into<String>, hint: impl Into<String>) -> Option<Complaint> {
    Some((message.into(), hint.into()))
}

fn verb_complaint(contract: &Contract, case: &Case, probe: &Probe) -> Option<Complaint> {
    let (first, expectation) = (&probe.script.steps[0], &probe.expectations[0]);
    let shows =
        |prefixes: &[&str]| case.clauses.iter().all(|clause| prefixes.iter().any(|prefix| clause.starts_with(prefix)));
    let body = Body::read(&first.request);
    let field = |name: &str| body.value.as_ref().and_then(|value| value.get(name));
    let names = |name: &str| {
        expectation
            .body
            .iter()
            .map(|(each, _)| each)
            .chain(expectation.any_of.iter().map(|(each, _)| each))
            .any(|each| each == name)
    };
    match case.verb {
        Verb::Accepts => (expectation.statuses != [contract.creation.created]).then(|| expected_status(contract)),
        Verb::Rejects => rejects_complaint(contract, case, first, expectation),
        Verb::DefaultsTo => {
            let defaults =
                case.clauses.iter().filter_map(|clause| clause.strip_prefix("request.")?.strip_suffix(".default"));
            let fields: Vec<_> = defaults.collect();
            if fields.is_empty() {
                return complain(
                    "a case that begins with defaults_to_ names a clause request.….default",
                    "add the clause",
                );
            }
            let wrong = fields.iter().find(|name| field(name).is_some() || !names(name));
            wrong.and_then(|name| {
                complain(
                    format!("the request must leave `{name}` out, and `expect` must name it"),
                    "only so is the default seen",
                )
            })
        }
        Verb::Derives => {
            let derived = |name: &str| {
                contract
                    .creation
                    .response
                    .properties
                    .get(name)
                    .is_some_and(|schema| schema.relation("derived").is_some())
            };
            let is_shown = expectation.body.iter().any(|(name, _)| derived(name))
                || expectation.any_of.iter().any(|(name, _)| derived(name));
            (!is_shown).then(|| {
                (
                    "a case that begins with derives_ expects a derived field".to_owned(),
                    "name one in expect.body".to_owned(),
                )
            })
        }
        Verb::Echoes => {
            let is_shown =
                expectation.body.iter().any(|(name, value)| field(name).is_some_and(|given| same(given, value)));
            (!is_shown).then(|| {
                (
                    "a case that begins with echoes_ expects a value that it sends".to_owned(),
                    "name the field in expect.body".to_owned(),
                )
            })
        }
        Verb::Requires => (!shows(&["response.", "status.", "security."])).then(|| {
            (
                "a case that begins with requires_ names clauses of the answer, the status or the token".to_owned(),
                "a rule of the request wants another verb".to_owned(),
            )
        }),
        Verb::Keeps => (!shows(&["behaviour.", "status."])).then(|| {
            (
                "a case that begins with keeps_ names clauses of a behaviour".to_owned(),
                "a rule of a field wants another verb".to_owned(),
            )
        }),
    }
}

fn expected_status(contract: &Contract) -> Complaint {
    (
        format!("a case that begins with accepts_ expects {}", contract.creation.created),
        "another status wants another verb".to_owned(),
    )
}

fn rejects_complaint(contract: &Contract, case: &Case, step: &Step, expectation: &Expectation) -> Option<Complaint> {
    let body = Body::read(&step.request);
    let found = classify(contract, &step.request, &body);
    let Some(violation) = found.violations.first().filter(|_| matches!(found.kind, Kind::Invalid | Kind::Unauthorized))
    else {
        return complain(
            "a case that begins with rejects_ sends an invalid request, and this one is not",
            "a valid request wants accepts_",
        );
    };
    if !case.clauses.contains(&violation.clause) {
        return complain(
            format!("this request breaks {}, which the case does not name", violation.clause),
            "name the clause that is broken",
        );
    }
    let wrong = expectation.statuses.iter().find(|status| !found.refusals.allow(**status));
    wrong.and_then(|status| {
        complain(
            format!("{status} is no right refusal here: the contract says {}", found.refusals.text()),
            "expect what the contract says",
        )
    })
}

/// No case may depend on what the documentation leaves open, and none may expect success for what must be refused.
fn kind_complaint(contract: &Contract, probe: &Probe) -> Option<Complaint> {
    let subject = contract.subject();
    probe.script.steps.iter().zip(&probe.expectations).find_map(|(step, expectation)| {
        let request = &step.request;
        if request.method != subject.method || subject.path.matches(&request.path).is_none() {
            return None;
        }
        let body = Body::read(request);
        let found = classify(contract, request, &body);
        let expects_success = expectation.statuses.contains(&contract.creation.created);
        match found.kind {
            Kind::Unspecified => complain(
                format!(
                    "the documentation leaves this request open: {}",
                    found.open.first().map_or("", |open| open.title)
                ),
                "both answers conform, so no case can expect one of them",
            ),
            Kind::Valid if !expects_success => {
                complain("this request is valid, so it can expect nothing but success", "expect the status of success")
            }
            Kind::Invalid | Kind::Unauthorized if expects_success => {
                let clause = found.violations.first().map_or("", |violation| violation.clause.as_str());
                complain(
                    format!("this request breaks {clause}, so it cannot expect success"),
                    "expect the refusal, or mend the request",
                )
            }
            Kind::Valid | Kind::Invalid | Kind::Unauthorized => {
                let unseen = expectation.body.iter().find(|(_, value)| *value == Value::Null && !expects_success);
                unseen.and_then(|(name, _)| {
                    complain(format!("`{name}` of a refusal is not documented"), "expect the status only")
                })
            }
        }
    })
}
