//! Holds a case against its verb and against the contract: what it says it shows, it must show.

use serde_json::Value;

use super::{Case, Verb};
use crate::contract::{ClauseId, Contract, Subject, same};
use crate::document::{Node, SourceError};
use crate::exchange::Request;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, Probe, Step};

/// Refuses a case that does not contain what its file name says.
pub(super) fn case(contract: &Contract, case: &Case, node: &Node) -> Result<(), SourceError> {
    for probe in &case.probes {
        let first = First::of(contract, case, probe);
        if let Err(Complaint { at, message, hint }) =
            first.keeps_its_verb().and_then(|()| is_unambiguous(contract, probe))
        {
            let row = probe.id.strip_prefix(case.id.as_str()).filter(|row| !row.is_empty());
            let message = row.map_or_else(|| message.clone(), |row| format!("{message} (row {row})"));
            return Err(at.find(node).unwrap_or(node).error(message).with_hint(hint));
        }
    }
    Ok(())
}

/// Where in a case something is wrong; steps are counted from 0.
#[derive(Clone, Copy)]
enum At {
    Clauses,
    Request(usize),
    Expect(usize),
    Status(usize),
}

impl At {
    fn find(self, case: &Node) -> Option<&Node> {
        let step = |step: usize| case.get("steps").map_or(Some(case), |steps| steps.items().ok()?.get(step));
        match self {
            Self::Clauses => case.get("clauses"),
            Self::Request(index) => case.get("request").or_else(|| step(index)),
            Self::Expect(index) => step(index)?.get("expect"),
            Self::Status(index) => step(index)?.get("expect")?.get("status"),
        }
    }
}

/// What is wrong with a case, and what would be right.
struct Complaint {
    at: At,
    message: String,
    hint: String,
}

/// `Ok` where the condition holds, else the complaint.
fn demand(holds: bool, at: At, message: impl Into<String>, hint: impl Into<String>) -> Result<(), Complaint> {
    if holds { Ok(()) } else { Err(Complaint { at, message: message.into(), hint: hint.into() }) }
}

/// The first step of a probe, which the verb speaks of.
struct First<'a> {
    contract: &'a Contract,
    case: &'a Case,
    step: &'a Step,
    expectation: &'a Expectation,
    body: Body,
}

impl<'a> First<'a> {
    fn of(contract: &'a Contract, case: &'a Case, probe: &'a Probe) -> Self {
        let step = &probe.script.steps[0];
        let body = Body::read(&in_some_run(&step.request));
        Self { contract, case, step, expectation: &probe.expectations[0], body }
    }

    fn keeps_its_verb(&self) -> Result<(), Complaint> {
        match self.case.verb {
            Verb::Accepts => {
                let created = self.contract.creation.created;
                let message = format!("a case that begins with accepts_ expects {created}");
                demand(
                    self.expectation.statuses == [created],
                    At::Status(0),
                    message,
                    "another status wants another verb",
                )
            }
            Verb::Rejects => self.rejects(),
            Verb::DefaultsTo => self.defaults(),
            Verb::Derives => demand(
                self.expected_names().any(|name| self.is_derived(name)),
                At::Expect(0),
                "a case that begins with derives_ expects a derived field",
                "name one in expect.body",
            ),
            Verb::Echoes => demand(
                self.expectation
                    .body
                    .iter()
                    .any(|(name, value)| self.given(name).is_some_and(|given| same(given, value))),
                At::Expect(0),
                "a case that begins with echoes_ expects a value that it sends",
                "name the field in expect.body",
            ),
            Verb::Requires => demand(
                self.shows_only(|subject| matches!(subject, Subject::Response | Subject::Status(_) | Subject::Token)),
                At::Clauses,
                "a case that begins with requires_ names clauses of the answer, the status or the token",
                "a rule of the request wants another verb",
            ),
            Verb::Keeps => demand(
                self.shows_only(|subject| matches!(subject, Subject::Behaviour | Subject::Status(_))),
                At::Clauses,
                "a case that begins with keeps_ names clauses of a behaviour",
                "a rule of a field wants another verb",
            ),
        }
    }

    fn rejects(&self) -> Result<(), Complaint> {
        let found = classify(self.contract, &self.step.request, &self.body);
        let is_refused = matches!(found.kind, Kind::Invalid | Kind::Unauthorized);
        let Some(violation) = found.violations.first().filter(|_| is_refused) else {
            let message = "a case that begins with rejects_ sends an invalid request, and this one is not";
            return demand(false, At::Request(0), message, "a valid request wants accepts_");
        };
        let message = format!("this request breaks {}, which the case does not name", violation.clause);
        demand(self.case.clauses.contains(&violation.clause), At::Clauses, message, "name the clause that is broken")?;
        let wrong = self.expectation.statuses.iter().find(|status| !found.refusals.allow(**status));
        let message = format!("{} is no right refusal here", wrong.copied().unwrap_or_default());
        demand(wrong.is_none(), At::Status(0), message, format!("the contract says {}", found.refusals.text()))?;
        let missing = found.refusals.listed().iter().find(|status| !self.expectation.statuses.contains(status));
        let message = format!("{} is a right refusal here, too", missing.copied().unwrap_or_default());
        demand(missing.is_none(), At::Status(0), message, format!("the contract says {}", found.refusals.text()))
    }

    fn defaults(&self) -> Result<(), Complaint> {
        let fields: Vec<_> = self.case.clauses.iter().filter_map(ClauseId::defaulted_field).collect();
        demand(
            !fields.is_empty(),
            At::Clauses,
            "a case that begins with defaults_to_ names a clause request.….default",
            "add it",
        )?;
        let shown = |name: &str| self.given(name).is_none() && self.expected_names().any(|each| each == name);
        let wrong = fields.into_iter().find(|name| !shown(name));
        let message = format!("the request must leave `{}` out, and `expect` must name it", wrong.unwrap_or_default());
        demand(wrong.is_none(), At::Expect(0), message, "only so is the default seen")
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.body.value.as_ref()?.get(name)
    }

    fn expected_names(&self) -> impl Iterator<Item = &str> {
        let exact = self.expectation.body.iter().map(|(name, _)| name.as_str());
        exact.chain(self.expectation.any_of.iter().map(|(name, _)| name.as_str()))
    }

    fn is_derived(&self, name: &str) -> bool {
        let property = self.contract.creation.response.properties.get(name);
        property.is_some_and(|schema| schema.relation("derived").is_some())
    }

    fn shows_only(&self, is_right: fn(Subject) -> bool) -> bool {
        self.case.clauses.iter().all(|clause| is_right(clause.subject()))
    }
}

/// The request as a run sends it, with a text of its own.
fn in_some_run(request: &Request) -> Request {
    request.filled(&[("run".to_owned(), "0123456789ab".to_owned())])
}

/// No case may depend on what the documentation leaves open, and none may expect success for what must be refused.
fn is_unambiguous(contract: &Contract, probe: &Probe) -> Result<(), Complaint> {
    let subject = contract.subject();
    for (index, (step, expectation)) in probe.script.steps.iter().zip(&probe.expectations).enumerate() {
        let request = in_some_run(&step.request);
        if request.method != subject.method || subject.path.matches(&request.path).is_none() {
            continue;
        }
        let body = Body::read(&request);
        let found = classify(contract, &request, &body);
        let expects_success = expectation.statuses.contains(&contract.creation.created);
        match found.kind {
            Kind::Unspecified => {
                let open = found.open.first().map_or("", |open| open.title);
                let message = format!("the documentation leaves this request open: {open}");
                demand(false, At::Request(index), message, "both answers conform, so no case can expect one of them")?;
            }
            Kind::Valid => {
                let message = "this request is valid, so it can expect nothing but success";
                demand(expects_success, At::Status(index), message, "expect the status of success")?;
            }
            Kind::Invalid | Kind::Unauthorized => {
                let clause = found.violations.first().map_or("", |violation| violation.clause.as_str());
                let message = format!("this request breaks {clause}, so it cannot expect success");
                demand(!expects_success, At::Status(index), message, "expect the refusal, or mend the request")?;
            }
        }
    }
    Ok(())
}
