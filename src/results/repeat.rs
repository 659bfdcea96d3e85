//! The requests of a finding as lines of bash that do it all again: each answer gives the later lines what they need, and what was created goes again.
//!
//! Whoever pastes them has no ledger and no list of what was there before, so an id counts only where an answer says success and has as many ids as the
//! answer of the run had; without it, nothing that needs it is sent. An error that names something else must not get that removed.
//!
//! What shows only where several requests are under way at once is sent by several shells side by side, each of which removes what its own answer names.
//!
//! They need bash, curl, grep and awk, and `$OS_TOKEN`.

mod capture;

use std::time::Duration;

use capture::{Capture, capture};

use super::Outcome;
use crate::client::{Leftover, request_to};
use crate::contract::{Contract, Effect};
use crate::exchange::{Exchange, Request, Response};
use crate::judge::{Body, Kind, classify};
use crate::probe::Phase;

/// Everything that shows a finding again.
#[derive(Clone, Debug)]
pub struct Repeat {
    steps: Vec<Step>,
    /// Whether a request holds a text that no other run has.
    needs_run: bool,
    /// Makes possible that what was created is removed, and removes it.
    removal: Vec<Request>,
    /// Why nothing is removed, though something was created.
    warning: Option<&'static str>,
    /// Whether they are to be sent several times at once.
    is_at_once: bool,
    /// The names of captured values, each with the variable of the shell that holds it.
    variables: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Step {
    /// `{name}` stands for a variable in it.
    request: Request,
    /// Whether it does; otherwise the request is as it was sent, whatever stands in it.
    is_template: bool,
    captures: Vec<Capture>,
    /// How long the run waited before it.
    pause: Duration,
    /// For how long the run asked again.
    within: Option<Duration>,
}

/// A command that prints a text as no other run has it: 12 hexadecimal digits, as those of a run.
const RUN: &str = "run=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \\n')";

impl Repeat {
    /// What repeats these steps of a probe, counted from 0.
    pub(super) fn of(contract: &Contract, outcome: &Outcome, steps: &[usize]) -> Self {
        let run = ("run".to_owned(), "run".to_owned());
        let mut repeat = Self {
            steps: Vec::new(),
            needs_run: false,
            removal: Vec::new(),
            warning: None,
            // One that was tried with nothing else under way has another id.
            is_at_once: outcome.probe.is_of_overlap(),
            variables: vec![run],
        };
        let mut created = Vec::new();
        for index in steps {
            let exchange = &outcome.exchanges[*index];
            let (step, id) = repeat.step(contract, outcome, *index, exchange);
            created.extend(id);
            repeat.steps.push(step);
        }
        if let [only] = repeat.steps.as_mut_slice() {
            // Nothing else of this run refers to it, so that it may be sent as it was, to the byte.
            only.request = outcome.exchanges[steps[0]].request.clone();
            only.is_template = false;
        }
        repeat.needs_run = repeat.steps.iter().any(|step| step.is_template && has_name(&step.request, "run"));
        let is_foreign = |left: &Leftover| {
            matches!(left, Leftover::Foreign(_) | Leftover::ShownOtherwise(_) | Leftover::GivenTwice(_))
        };
        if outcome.cleanup.leftovers.iter().any(is_foreign) {
            repeat.warning = Some("nothing is removed: the answer gave an id of something else");
        } else {
            let is_delete_protected =
                is_delete_protected(contract, steps.iter().map(|index| &outcome.exchanges[*index]));
            // What was created last may be made of the others.
            repeat.removal =
                created.iter().rev().flat_map(|variable| removal(contract, variable, is_delete_protected)).collect();
        }
        repeat.forget_unneeded();
        repeat
    }

    /// Drops the variables that no request names.
    fn forget_unneeded(&mut self) {
        let templates = self.steps.iter().filter(|step| step.is_template).map(|step| &step.request);
        let requests: Vec<_> = templates.chain(&self.removal).cloned().collect();
        for step in &mut self.steps {
            step.captures.retain(|capture| requests.iter().any(|request| has_name(request, &capture.variable)));
        }
    }

    /// A step, and the variable with the id of what it created.
    fn step(
        &mut self,
        contract: &Contract,
        outcome: &Outcome,
        index: usize,
        exchange: &Exchange,
    ) -> (Step, Option<String>) {
        let sent = &exchange.request;
        let scripted = outcome.probe.script.steps.get(index).filter(|scripted| is_of(sent, &scripted.request));
        let Some(scripted) = scripted else {
            // What the end of the run has added is about what an earlier step created.
            let request = self.named(sent);
            let (is_template, captures, pause) = (request != *sent, Vec::new(), Duration::ZERO);
            return (Step { request, is_template, captures, pause, within: None }, None);
        };
        let is_template = self.variables.iter().any(|(name, _)| has_name(&scripted.request, name));
        let request = if is_template { renamed(&scripted.request, &self.variables) } else { sent.clone() };
        let is_created = exchange.response().is_some_and(Response::is_success);
        let may_be_created = sent.may_create(contract) && (is_created || is_wrongly_refused(contract, exchange));
        let mut captures = Vec::new();
        let mut id = None;
        for (name, pointer) in &scripted.captures {
            let variable = identifier(name);
            if may_be_created && *pointer == contract.creation.lifecycle.id {
                id = Some(variable.clone());
            }
            self.variables.push((name.clone(), variable.clone()));
            captures.push(capture(variable, pointer, exchange.response()));
        }
        if id.is_none() && may_be_created {
            let number = index + 1;
            let variable = if index == 0 { "created".to_owned() } else { format!("created_{number}") };
            self.variables.push((variable.clone(), variable.clone()));
            captures.push(capture(variable.clone(), &contract.creation.lifecycle.id, exchange.response()));
            id = Some(variable);
        }
        if !is_created {
            // The next answer may be a success, whose shape nobody has seen.
            for capture in &mut captures {
                capture.wait_for_success(contract);
            }
        }
        let within = scripted.poll.as_ref().map(|poll| poll.within);
        (Step { request, is_template, captures, pause: scripted.pause, within }, id)
    }

    /// The request with a variable for each segment of its path that an earlier answer gave.
    fn named(&self, request: &Request) -> Request {
        let given = self.steps.iter().flat_map(|step| &step.captures).collect::<Vec<_>>();
        let named = |part: &str| {
            let capture = given.iter().find(|capture| !part.is_empty() && capture.value == part);
            capture.map_or_else(|| part.to_owned(), |capture| format!("{{{}}}", capture.variable))
        };
        let path = request.path.split('/').map(named).collect::<Vec<_>>().join("/");
        Request { path, ..request.clone() }
    }

    /// The lines, to be pasted together. `command` makes a line of a request, in which each of these names stands for a variable of the shell.
    pub fn lines(&self, command: impl Fn(&Request, &[&str]) -> String) -> Vec<String> {
        let names: Vec<&str> = self.variables.iter().map(|(_, variable)| variable.as_str()).collect();
        let mut lines: Vec<_> = self.needs_run.then(|| RUN.to_owned()).into_iter().collect();
        let is_alone = self.steps.len() + self.removal.len() == 1;
        for step in &self.steps {
            if !step.pause.is_zero() {
                lines.push(format!("sleep {}", step.pause.as_secs()));
            }
            let names = if step.is_template { names.as_slice() } else { &[] };
            let line = self.unless_unknown(&step.request, names) + &command(&step.request, names);
            let poll = step.within.map(|within| format!("  # until it is so, for {} s", within.as_secs()));
            let poll = poll.unwrap_or_default();
            if step.captures.is_empty() {
                let end = if is_alone { "" } else { END };
                lines.push(format!("{line}{end}{poll}"));
                continue;
            }
            lines.push(format!("answer=$({line}); echo \"$answer\"{poll}"));
            lines.extend(step.captures.iter().map(Capture::line));
        }
        lines.extend(
            self.removal.iter().map(|request| self.unless_unknown(request, &names) + &command(request, &names) + END),
        );
        lines.extend(self.warning.map(|warning| format!("# {warning}")));
        if self.is_at_once { side_by_side(lines) } else { lines }
    }

    /// What stands before a request, so that it is not sent where an answer did not give the id in its path.
    fn unless_unknown(&self, request: &Request, names: &[&str]) -> String {
        let captured = self.steps.iter().flat_map(|step| &step.captures).map(|capture| &capture.variable);
        let needed = captured
            .filter(|variable| names.contains(&variable.as_str()) && request.path.contains(&format!("{{{variable}}}")));
        needed.fold(String::new(), |before, variable| before + &format!("[ -z \"${variable}\" ] || "))
    }
}

/// The lines as what several shells do at once: what one of them captures is its own.
fn side_by_side(lines: Vec<String>) -> Vec<String> {
    let numbers: Vec<_> = (1..=Phase::Overlap.at_once(1)).map(|number| number.to_string()).collect();
    let first = "once() {  # the run sent other bodies beside it".to_owned();
    let last = format!("}}; for number in {}; do once & done; wait", numbers.join(" "));
    [first].into_iter().chain(lines).chain([last]).collect()
}

/// Ends what an answer without a line end leaves open.
const END: &str = "; echo";

/// A name that the shell takes for one of a variable, and has no use for itself.
fn identifier(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let is_taken = matches!(name.as_str(), "answer" | "run") || name.starts_with(|first: char| first.is_ascii_digit());
    if is_taken { format!("the_{name}") } else { name }
}

fn has_name(request: &Request, name: &str) -> bool {
    let placeholder = format!("{{{name}}}");
    let body = request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
    request.path.contains(&placeholder) || body.is_some_and(|body| body.contains(&placeholder))
}

/// Whether a request is what a scripted one became when it was sent.
fn is_of(sent: &Request, scripted: &Request) -> bool {
    let mut parts = sent.path.split('/').zip(scripted.path.split('/'));
    sent.method == scripted.method && parts.all(|(sent, scripted)| sent == scripted || scripted.contains('{'))
}

/// The request with the names of variables for the names of what was captured.
fn renamed(request: &Request, variables: &[(String, String)]) -> Request {
    let mut renamed = request.clone();
    for (name, variable) in variables.iter().filter(|(name, variable)| name != variable) {
        let (before, after) = (format!("{{{name}}}"), format!("{{{variable}}}"));
        renamed.path = renamed.path.replace(&before, &after);
        let body = renamed.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        if let Some(body) = body.map(|body| body.replace(&before, &after)) {
            renamed.body = Some(body.into_bytes());
        }
    }
    renamed
}

/// Whether something of what was created may have to be released before it can be removed.
fn is_delete_protected<'a>(contract: &Contract, mut exchanges: impl Iterator<Item = &'a Exchange>) -> bool {
    let held = contract.protected_states();
    let updates = |request: &Request| contract.effect(&request.method, &request.path) == Some(&Effect::Update);
    exchanges.any(|exchange| {
        let answer = exchange.response().and_then(Response::json);
        let says_so =
            held.iter().any(|(field, value)| answer.as_ref().and_then(|answer| answer.get(field)) == Some(value));
        let asks = exchange.request.body.as_deref().is_some_and(|body| contract.asks_for_delete_protection(body));
        says_so || asks || updates(&exchange.request)
    })
}

/// Whether a request was refused that may be taken when it is sent again.
fn is_wrongly_refused(contract: &Contract, exchange: &Exchange) -> bool {
    let body = Body::read(&exchange.request);
    let is_invalid = matches!(classify(contract, &exchange.request, &body).kind, Kind::Invalid | Kind::Unauthorized);
    exchange.response().is_none_or(|answer| answer.status >= 500 || !is_invalid)
}

/// The requests that remove what has the id in this variable.
fn removal(contract: &Contract, variable: &str, is_delete_protected: bool) -> Vec<Request> {
    let lifecycle = &contract.creation.lifecycle;
    let about = |operation: usize, body| {
        let mut request = request_to(&contract.operations[operation], variable, body);
        request.path = contract.operations[operation].path.fill(&format!("{{{variable}}}"));
        request
    };
    let release = lifecycle.release.as_ref().filter(|_| is_delete_protected);
    let release = release.map(|(operation, body)| about(*operation, Some(body)));
    release.into_iter().chain([about(lifecycle.remove, None)]).collect()
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn a_name_that_the_shell_needs_or_does_not_take_becomes_another_one() {
        let table = [("id", "id"), ("first-id", "first_id"), ("PATH", "path"), ("2nd", "the_2nd"), ("run", "the_run")];
        for (name, expected) in table {
            assert_eq!(identifier(name), expected);
        }
    }
}
