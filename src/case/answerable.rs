//! What a case expects must be something that a server which keeps the contract can answer. Only what the contract is certain of is refused here.

use serde_json::Value;

use super::braces;
use super::check::{At, Complaint, demand, in_some_run, requests_under_test};
use crate::contract::{Contract, Rule, list};
use crate::document::{has_leading_zero, nearest};
use crate::exchange::Request;
use crate::judge::{Body, Classification, Kind, classify, contradiction};
use crate::probe::{Expectation, Probe, Violation};

/// What of a case accuses every server, or each that keeps the contract; that of all its steps at once.
pub(super) fn complaints(contract: &Contract, probe: &Probe) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (index, request) in requests_under_test(contract, probe) {
        let body = Body::read(&request);
        let classified = classify(contract, &request, &body);
        let expectation = &probe.expectations[index];
        found.extend(can_be_answered(contract, &classified, index, &expectation.statuses).err());
        if classified.kind == Kind::Valid && is_whole(&request) {
            found.extend(can_have_fields(contract, &request, index, expectation).err());
        }
    }
    found.extend(others_succeed_as_documented(contract, probe).err());
    found
}

/// No case may expect success for what must be refused, nor a refusal of what must be accepted, nor another refusal than those that are right.
fn can_be_answered(
    contract: &Contract,
    found: &Classification<'_>,
    index: usize,
    expected: &[u16],
) -> Result<(), Complaint> {
    let expects_success = expected.iter().any(|status| contract.creation.succeeds_with(*status));
    match found.kind {
        Kind::Unspecified => Ok(()),
        Kind::Valid => {
            let message = "this request is valid, so it can expect nothing but success";
            demand(expects_success, At::Status(index), message, "expect the status of success")
        }
        Kind::Invalid | Kind::Unauthorized => {
            refuses_no_success(contract, found, index, expects_success)?;
            let is_right = expected.iter().any(|status| found.refusals.allow(*status));
            let hint = format!("the contract says {}", found.refusals.text());
            demand(is_right, At::Status(index), format!("{} is no right refusal here", list_of(expected)), hint)
        }
    }
}

/// A case that expects success points at the value that forbids it.
fn refuses_no_success(
    contract: &Contract,
    found: &Classification<'_>,
    index: usize,
    expects_success: bool,
) -> Result<(), Complaint> {
    let violation = found.violations.first();
    let clause = violation.map_or("", |violation| violation.clause.as_str());
    let message = format!("this request breaks {clause}, so it cannot expect success");
    let value = violation.filter(|violation| !violation.pointer.is_empty());
    let at = value.map_or(At::Status(index), |violation| At::Value(index, violation.pointer.clone()));
    let meant = violation.and_then(|violation| meant(contract, violation));
    demand(!expects_success, at, message, meant.unwrap_or_else(|| "expect the refusal, or mend the request".to_owned()))
}

/// What was most likely meant by a value that breaks a rule.
fn meant(contract: &Contract, violation: &Violation) -> Option<String> {
    let Some(Value::String(text)) = &violation.value else { return None };
    if has_leading_zero(text) {
        return Some(format!("YAML reads {text} as a string, as a number has no leading zero"));
    }
    let name = violation.pointer.strip_prefix('/')?;
    let rules = &contract.creation.request.properties.get(name)?.rules;
    let near = rules.iter().find_map(|rule| match rule {
        Rule::Table(table, column) => nearest(text, table.rows().iter().map(|row| row[*column].as_str())),
        Rule::Enum(values) => nearest(text, values.iter().filter_map(Value::as_str)),
        _ => None,
    })?;
    Some(format!("did you mean `{near}`?"))
}

/// Whether all of a request is known before a run, and nothing in it is what an earlier step captures.
fn is_whole(request: &Request) -> bool {
    let body = request.body.as_deref().unwrap_or_default();
    braces::names(&String::from_utf8_lossy(body)).is_empty()
}

/// What the request, or a default, says of a field, the answer must say too.
fn can_have_fields(
    contract: &Contract,
    request: &Request,
    index: usize,
    expectation: &Expectation,
) -> Result<(), Complaint> {
    let exact = expectation.body.iter().map(|(name, value)| (name, std::slice::from_ref(value)));
    let several = expectation.any_of.iter().map(|(name, values)| (name, values.as_slice()));
    for (name, wanted) in exact.chain(several) {
        let contradicted = |value: &Value| contradiction(contract, request, name, value);
        // One of several is enough.
        let told: Option<Vec<_>> = wanted.iter().map(contradicted).collect();
        let Some(right) = told.and_then(|told| told.into_iter().next()) else { continue };
        let message = format!("`{name}` is never {} after this request", list(wanted));
        let at = At::Field(index, name.clone());
        return Err(Complaint { at, message, hint: format!("the contract says {right}") });
    }
    Ok(())
}

/// Of the other calls the contract is certain how they succeed; how they refuse, it need not say.
fn others_succeed_as_documented(contract: &Contract, probe: &Probe) -> Result<(), Complaint> {
    let is_success = |status: &u16| (200..300).contains(status);
    for (index, (step, expectation)) in probe.script.steps.iter().zip(&probe.expectations).enumerate() {
        let request = in_some_run(&step.request);
        let operation = contract.operation(&request.method, &request.path).map(|(index, _)| index);
        let Some(operation) = operation.filter(|index| *index != contract.creation.operation) else { continue };
        let answers = &contract.operations[operation].answers;
        let right: Vec<_> = answers.keys().filter(|status| is_success(status)).map(u16::to_string).collect();
        let expected = &expectation.statuses;
        let is_wrong = |status: &u16| is_success(status) && !answers.contains_key(status);
        let message = format!("the contract knows no answer {} of this call", list_of(expected));
        let can_come = right.is_empty() || expected.is_empty() || !expected.iter().all(is_wrong);
        demand(can_come, At::Status(index), message, format!("it succeeds with {}", right.join(" or ")))?;
    }
    Ok(())
}

fn list_of(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}
