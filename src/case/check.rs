//! Holds a case against its verb and against the contract: what it says it shows, it must show.

use serde_json::Value;

use super::{Case, Verb, answerable};
use crate::contract::{ClauseId, Contract, Subject, same};
use crate::document::{Errors, Node, SourceError, nearest};
use crate::exchange::Request;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, Probe, Step};

/// Refuses a case that does not contain what its file name says.
pub(super) fn case(contract: &Contract, case: &Case, node: &Node) -> Result<(), SourceError> {
    for probe in &case.probes {
        let first = First::of(contract, case, probe);
        let verb = is_specified(contract, probe).and_then(|()| first.keeps_its_verb());
        let complaints = match verb {
            Ok(()) => answerable::complaints(contract, probe),
            Err(complaint) => vec![complaint],
        };
        let row = probe.id.strip_prefix(case.id.as_str()).filter(|row| !row.is_empty());
        let mut errors = Errors::default();
        for Complaint { at, message, hint } in complaints {
            let message = row.map_or_else(|| message.clone(), |row| format!("{message} (row {row})"));
            errors.keep::<()>(Err(at.find(node).unwrap_or(node).error(message).with_hint(hint)));
        }
        // What is wrong in one row is most often wrong in all of them.
        errors.finish()?;
    }
    Ok(())
}

/// Where in a case something is wrong; steps are counted from 0.
pub(super) enum At {
    Clauses,
    Request(usize),
    Expect(usize),
    Status(usize),
    /// What is expected of this field.
    Field(usize, String),
    /// What the body of the request has at this pointer.
    Value(usize, String),
}

impl At {
    fn find<'a>(&self, case: &'a Node) -> Option<&'a Node> {
        let step = |step: usize| case.get("steps").map_or(Some(case), |steps| steps.items().ok()?.get(step));
        match self {
            Self::Clauses => case.get("clauses"),
            Self::Request(index) => case.get("request").or_else(|| step(*index)),
            Self::Expect(index) => step(*index)?.get("expect"),
            Self::Status(index) => step(*index)?.get("expect")?.get("status"),
            Self::Value(index, pointer) => {
                let request = case.get("request").or_else(|| step(*index))?;
                let body = request.get("body").or_else(|| request.get("raw"))?;
                let name = pointer.split('/').nth(1).unwrap_or_default();
                Some(body.get(name).unwrap_or(body))
            }
            Self::Field(index, name) => {
                let expect = step(*index)?.get("expect")?;
                ["body", "any_of"].iter().find_map(|key| expect.get(key)?.get(name))
            }
        }
    }
}

/// What is wrong with a case, and what would be right.
pub(super) struct Complaint {
    pub(super) at: At,
    pub(super) message: String,
    pub(super) hint: String,
}

/// `Ok` where the condition holds, else the complaint.
pub(super) fn demand(
    holds: bool,
    at: At,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Result<(), Complaint> {
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
                let creation = &self.contract.creation;
                let message = format!("a case that begins with accepts_ expects {}", creation.success_text());
                let statuses = &self.expectation.statuses;
                demand(
                    !statuses.is_empty() && statuses.iter().all(|status| creation.succeeds_with(*status)),
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
                self.derived_fields(),
            ),
            Verb::Echoes => self.echoes(),
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
            return match unknown_field(self.contract, &self.body) {
                Some((name, near)) => demand(
                    false,
                    At::Request(0),
                    format!("{message}: the request has no field `{name}`"),
                    format!("did you mean `{near}`?"),
                ),
                None => demand(false, At::Request(0), message, "a valid request wants accepts_"),
            };
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

    fn echoes(&self) -> Result<(), Complaint> {
        let comes_back = |(name, value): &(String, Value)| self.given(name).is_some_and(|given| same(given, value));
        let hint = match self.expectation.body.iter().find_map(|(name, value)| Some((name, self.given(name)?, value))) {
            Some((name, given, value)) => format!("`{name}` is sent as {given} and expected as {value}"),
            None => match self.expectation.body.first() {
                Some((name, _)) => format!("`{name}` is expected and not sent; send it, too"),
                None => "name in expect.body a field that the request gives".to_owned(),
            },
        };
        let message = "a case that begins with echoes_ expects a value that it sends";
        demand(self.expectation.body.iter().any(comes_back), At::Expect(0), message, hint)
    }

    /// Which fields a case that begins with derives_ can expect.
    fn derived_fields(&self) -> String {
        let properties = &self.contract.creation.response.properties;
        let derived: Vec<_> =
            properties.keys().filter(|name| self.is_derived(name)).map(|name| format!("`{name}`")).collect();
        if derived.is_empty() {
            "no field of this contract is derived; another verb is wanted".to_owned()
        } else {
            format!("name one of {} in expect.body", derived.join(", "))
        }
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
pub(super) fn in_some_run(request: &Request) -> Request {
    request.filled(&[("run".to_owned(), "0123456789ab".to_owned())])
}

/// The requests of a probe to the call under test, with the numbers of their steps.
pub(super) fn requests_under_test(contract: &Contract, probe: &Probe) -> impl Iterator<Item = (usize, Request)> {
    let subject = contract.subject();
    let requests = probe.script.steps.iter().map(|step| in_some_run(&step.request)).enumerate();
    requests.filter(|(_, request)| request.method == subject.method && subject.path.matches(&request.path).is_some())
}

/// A field of the body that the contract does not know, and the one that is most likely meant.
pub(super) fn unknown_field<'a>(contract: &'a Contract, body: &'a Body) -> Option<(&'a str, &'a str)> {
    let known = &contract.creation.request.properties;
    let mut given = body.value.as_ref()?.as_object()?.keys().filter(|name| !known.contains_key(*name));
    given.find_map(|name| Some((name.as_str(), nearest(name, known.keys().map(String::as_str))?)))
}

/// Whether a step expects neither answer to its creation alone, and others follow.
fn allows_both(contract: &Contract, probe: &Probe, index: usize) -> bool {
    let allows = |is_so: &dyn Fn(u16) -> bool| probe.expectations[index].statuses.iter().any(|status| is_so(*status));
    let is_followed = index + 1 < probe.expectations.len();
    is_followed
        && allows(&|status| contract.creation.succeeds_with(status))
        && allows(&|status| (400..500).contains(&status))
}

/// No case may depend on what the documentation leaves open, whatever its verb; what was accepted may still be looked at.
fn is_specified(contract: &Contract, probe: &Probe) -> Result<(), Complaint> {
    for (index, request) in requests_under_test(contract, probe) {
        let body = Body::read(&request);
        let found = classify(contract, &request, &body);
        if found.kind == Kind::Unspecified && !allows_both(contract, probe, index) {
            let open = found.open.first().map_or("", |open| open.title);
            let message = format!("the documentation leaves this request open: {open}");
            return match unknown_field(contract, &body) {
                Some((name, near)) => {
                    demand(false, At::Request(index), message, format!("`{name}` is no field; did you mean `{near}`?"))
                }
                None => demand(
                    false,
                    At::Request(index),
                    message,
                    format!(
                        "both answers conform, so no case can expect one of them; where another step goes on with what is created, both can be allowed: `[{}, {}]`",
                        contract.creation.created, contract.creation.refused
                    ),
                ),
            };
        }
    }
    Ok(())
}
