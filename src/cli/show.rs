//! `show`: what a probe sends and expects, without sending it.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::selection::{Generation, SelectionArguments, case_of, searched};
use super::{Failure, SuiteChoice};
use crate::console::Console;
use crate::contract::Contract;
use crate::document::nearest;
use crate::exit_code::ExitCode;
use crate::judge::{Body, Kind, classify};
use crate::probe::{Expectation, Probe, Step, whole_id};
use crate::suite::Suite;
use crate::untrusted::Untrusted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The id of a probe, as `list` and a report name it
    #[arg(value_name = "PROBE")]
    probe: String,
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    suite: SuiteChoice,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    let plan = SelectionArguments::all(arguments.generation).plan(&suite)?;
    // A finding names a probe whose body was made smaller by the one that it comes from.
    let wanted = case_of(&suite, whole_id(&arguments.probe));
    let wanted = wanted.as_str();
    // A case that is skipped has no part in a plan, and can be looked at all the same.
    let of_cases = || suite.cases.iter().flat_map(|case| &case.probes).find(|probe| probe.id == wanted).cloned();
    let Some(probe) = plan.iter().find(|probe| probe.id == wanted).or_else(of_cases) else {
        let ids: Vec<_> = plan.iter().map(|probe| probe.id).collect();
        let begins: Vec<_> = ids.iter().filter(|id| id.contains(wanted)).take(5).map(String::as_str).collect();
        let hint = match (begins.as_slice(), nearest(wanted, ids.iter().map(String::as_str))) {
            ([], Some(near)) => format!("did you mean `{near}`?"),
            ([], None) => "`list` shows all".to_owned(),
            (some, _) => format!("its text stands in {}", some.join(", ")),
        };
        return Err(Failure::WrongUse(format!("there is no probe `{wanted}`; {hint}{}", searched(&suite))));
    };
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_probe(&mut text, &suite, &probe);
    console.print(&text);
    Ok(ExitCode::Holds)
}

fn write_probe(out: &mut String, suite: &Arc<Suite>, probe: &Probe) -> fmt::Result {
    writeln!(out, "{}  (phase {})\n{}", probe.id, probe.phase.name(), probe.title)?;
    let case = suite.cases.iter().find(|case| case.probes.iter().any(|each| each.id == probe.id));
    if let Some(description) = case.and_then(|case| case.description.as_ref()) {
        writeln!(out, "{}", description.trim_end())?;
    }
    if let Some(reason) = case.and_then(|case| case.skip.as_ref()) {
        writeln!(out, "skipped: {reason}")?;
    }
    for clause in probe.clauses.iter().filter_map(|id| suite.contract.clauses.get(id)) {
        writeln!(out, "\nabout    {}\n         {}\n         {}", clause.id, clause.text, clause.source)?;
    }
    for (index, step) in probe.script.steps.iter().enumerate() {
        write_step(out, &suite.contract, index, step)?;
        let mut lines = probe.expectations.get(index).map(expected).unwrap_or_default();
        if lines.is_empty() {
            lines.push(deserves(&suite.contract, step));
        } else {
            lines.push("and whatever the contract says of the answer".to_owned());
        }
        for (index, line) in lines.iter().enumerate() {
            writeln!(out, "{}{line}", if index == 0 { "expects  " } else { "         " })?;
        }
    }
    Ok(())
}

fn write_step(out: &mut String, contract: &Contract, index: usize, step: &Step) -> fmt::Result {
    let request = &step.request;
    writeln!(out, "\nstep {}   {} {}", index + 1, request.method, Untrusted::from(request.path.as_str()))?;
    if !step.pause.is_zero() {
        writeln!(out, "         {} s later", step.pause.as_secs())?;
    }
    for (name, value) in &request.headers {
        writeln!(out, "         {name}: {}", Untrusted::from(value.as_str()))?;
    }
    for scheme in contract.security.schemes.iter().take(1) {
        writeln!(out, "         {}: {}", scheme.carrier.text(), request.credential.name())?;
    }
    if let Some(body) = request.body.as_deref().filter(|body| !body.is_empty()) {
        writeln!(out, "         {}", Untrusted::from(String::from_utf8_lossy(body)))?;
    }
    for (name, pointer) in &step.captures {
        writeln!(out, "keeps    {{{name}}}, which is what the answer has at {pointer}")?;
    }
    if let Some(poll) = &step.poll {
        writeln!(out, "waits    up to {} s for its status", Duration::as_secs(&poll.within))?;
    }
    Ok(())
}

/// What a step itself expects, line by line.
fn expected(expectation: &Expectation) -> Vec<String> {
    let mut lines = Vec::new();
    if !expectation.statuses.is_empty() {
        lines.push(expectation.statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "));
    }
    let text = |value: &Value| Untrusted::from(value.to_string()).to_string();
    lines.extend(expectation.body.iter().map(|(name, value)| format!("{name} is {}", text(value))));
    lines.extend(expectation.any_of.iter().map(|(name, values)| {
        let values: Vec<_> = values.iter().map(text).collect();
        format!("{name} is one of {}", values.join(", "))
    }));
    lines.extend(expectation.headers.iter().map(|(name, rule)| format!("header {name} is {rule}")));
    lines.extend(expectation.same_as.map(|step| format!("the documented fields are those of step {}", step + 1)));
    lines.extend(expectation.lists_none.then(|| "nothing of this run in the list".to_owned()));
    lines.extend(expectation.is_other_status_inconclusive.then(|| "another status says nothing".to_owned()));
    lines
}

/// What the contract says of an answer to a request of which nobody expects anything of its own.
fn deserves(contract: &Contract, step: &Step) -> String {
    let body = Body::read(&step.request);
    let found = classify(contract, &step.request, &body);
    let created = contract.creation.success_text();
    let violation = found.violations.first();
    let broken = violation.map(|violation| violation.clause.to_string()).unwrap_or_default();
    match found.kind {
        Kind::Valid => format!("{created}, and an answer as the contract has it"),
        Kind::Invalid => format!("a refusal, as it breaks {broken}"),
        Kind::Unauthorized => format!("a refusal of the credential, as {broken} has it"),
        Kind::Unspecified => {
            let open = found.open.first().map_or_else(|| "it".to_owned(), |open| open.title.to_owned());
            format!("nothing: {open} is left open, and both answers conform")
        }
    }
}
