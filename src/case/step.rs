//! From the YAML of a step to its request, what it expects and what it captures.

use std::time::Duration;

use super::answered::Answered;
use super::braces;
use super::expect;
use super::rows::Row;
use crate::contract::{Contract, header_name, header_value, with_values};
use crate::document::{Errors, Fields, Node, SourceError, nearest};
use crate::exchange::{Request, TokenVariant, query};
use crate::probe::{Expectation, PollUntil, Step};

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The only step of a case with `request` and `expect`.
pub(super) fn read_single(
    contract: &Contract,
    node: &Node,
    expect: &Node,
    row: &Row,
) -> Result<(Step, Expectation), SourceError> {
    let subject = contract.subject();
    let mut errors = Errors::default();
    let mut fields = node.fields()?;
    let parts = Parts::of(&mut fields);
    errors.keep(fields.finish());
    let read = parts.request(contract, &subject.method, subject.path.as_str(), row, &mut Captured::default());
    let request = errors.keep(read);
    let call = (subject.method.as_str(), subject.path.as_str());
    let expected = errors.keep(expect::read(contract, expect, row, call, 0));
    let step = |(request, (expectation, poll)): (Request, (Expectation, Option<PollUntil>))| {
        (Step { poll, ..Step::new(request) }, expectation)
    };
    errors.finish_with(request.zip(expected).map(step), node)
}

/// The names that earlier steps captured, and whether a later one used them.
#[derive(Default)]
pub(super) struct Captured<'a> {
    names: Vec<(&'a Node, &'a str, bool)>,
}

/// What a name in braces can be.
const MEANINGS: &str = "it can be a column of `rows`, what an earlier step captured, or {run}";

impl<'a> Captured<'a> {
    /// A name that a step before the first one captures; `node` is where an error about it stands.
    pub(super) fn of(node: &'a Node, name: &'a str) -> Self {
        Self { names: vec![(node, name, false)] }
    }

    /// Every `{name}` of a text must stand for something; `literal` says how braces are written that do not.
    fn check(&mut self, node: &Node, text: &str, row: &Row, literal: &str) -> Result<(), SourceError> {
        for name in braces::names(text) {
            match self.names.iter_mut().find(|(_, known, _)| *known == name) {
                Some((_, _, is_used)) => *is_used = true,
                None if name == "run" => {}
                None => {
                    let error = node.error(format!("`{{{name}}}` stands for nothing here"));
                    let known = self.names.iter().map(|(_, name, _)| *name).chain(["run"]);
                    let near = nearest(name, known).map(|near| format!("did you mean `{{{near}}}`?"));
                    let hint = near.or_else(|| row.hint_for(name));
                    return Err(error.with_hint(
                        hint.unwrap_or_else(|| format!("{MEANINGS}; for the braces themselves write {literal}")),
                    ));
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, node: &'a Node, answer: Option<&Answered<'_>>) -> Result<Vec<(String, String)>, SourceError> {
        let (mut captures, mut errors) = (Vec::new(), Errors::default());
        let entries = node.entries().map_err(|error| error.with_hint("write `capture: {id: /id}`"))?;
        for (key, name, pointer) in entries {
            self.names.push((key, name, false));
            captures.extend(errors.keep(read_pointer(pointer, answer)).map(|pointer| (name.to_owned(), pointer)));
        }
        errors.finish()?;
        Ok(captures)
    }
}

fn read_pointer(node: &Node, answer: Option<&Answered<'_>>) -> Result<String, SourceError> {
    let pointer = node.words()?;
    if !pointer.starts_with('/') {
        let error = node.error("expected a JSON pointer into the answer, which begins with `/`");
        return Err(error.with_hint(format!("did you mean `/{pointer}`?")));
    }
    if let Some(answer) = answer {
        answer.check_pointer(node, &pointer)?;
    }
    Ok(pointer)
}

/// The steps of a list; `before` is how many stand before its first one, and `known` what those captured.
pub(super) fn read_steps<'a>(
    contract: &Contract,
    node: &'a Node,
    row: &Row,
    mut known: Captured<'a>,
    before: usize,
) -> Result<Vec<(Step, Expectation)>, SourceError> {
    let (mut steps, mut errors) = (Vec::new(), Errors::default());
    for (index, item) in node.items()?.iter().enumerate() {
        steps.extend(errors.keep(read_step(contract, item, row, &mut known, before + index)));
    }
    errors.finish()?;
    if steps.is_empty() {
        return Err(node.error("a case has at least one step"));
    }
    match known.names.iter().find(|(_, _, is_used)| !is_used) {
        Some((key, name, _)) => Err(key.error(format!("no later step uses `{{{name}}}`"))),
        None => Ok(steps),
    }
}

fn read_step<'a>(
    contract: &Contract,
    node: &'a Node,
    row: &Row,
    known: &mut Captured<'a>,
    index: usize,
) -> Result<(Step, Expectation), SourceError> {
    let mut errors = Errors::default();
    let mut fields = node.fields()?;
    let call = errors.keep(fields.one_of(METHODS));
    let parts = Parts::of(&mut fields);
    let expect = errors.keep(fields.required("expect"));
    let [capture, wait] = ["capture", "wait"].map(|key| fields.optional(key));
    errors.keep(fields.finish());
    let target =
        call.and_then(|(method, path)| Some((method, errors.keep(read_path(contract, method, path, row, known))?)));
    let call = target.as_ref().map(|(method, path)| (*method, path.as_str()));
    let request = call.and_then(|(method, path)| errors.keep(parts.request(contract, method, path, row, known)));
    let expected = call.zip(expect);
    let expected = expected.and_then(|(call, node)| errors.keep(expect::read(contract, node, row, call, index)));
    let answered = call.zip(expected.as_ref());
    let answered = answered.map(|(call, (expected, _))| Answered::of(contract, call, &expected.statuses));
    let captures = capture.map_or(Some(Vec::new()), |node| errors.keep(known.read(node, answered.as_ref())));
    let pause = wait.map_or(Some(Duration::ZERO), |node| errors.keep(expect::read_seconds(node, "wait")));
    let whole = request.zip(captures).zip(pause).zip(expected);
    let step =
        |(((request, captures), pause), (expectation, poll))| (Step { request, captures, pause, poll }, expectation);
    errors.finish_with(whole.map(step), node)
}

fn read_path(
    contract: &Contract,
    method: &str,
    node: &Node,
    row: &Row,
    known: &mut Captured<'_>,
) -> Result<String, SourceError> {
    let path = row.fill_text(&with_values(node.text()?, &contract.parameters));
    known.check(node, &path, row, "%7B and %7D")?;
    match contract.operation(method, &path) {
        Some(_) if query::of_path(&path).iter().any(|(name, _)| contract.security.is_carried_by_parameter(name)) => {
            Err(node.error("the token is no part of a path").with_hint("use `token: absent`, `empty`, `wrong` …"))
        }
        Some(_) => Ok(path),
        None => Err(node
            .error(format!("the contract describes no {method} of this path"))
            .with_hint(calls(contract, method, &path))),
    }
}

/// Which call may be meant: the one of this method with the nearest path, else one of another method, else any.
fn calls(contract: &Contract, method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let templates = contract.operations.iter().map(|operation| (operation.method.as_str(), operation.path.as_str()));
    let (same, others): (Vec<_>, Vec<_>) = templates.partition(|(each, _)| *each == method);
    let near = |calls: &[(&str, &str)]| {
        let paths: Vec<_> = calls.iter().map(|(_, template)| with_segments(template, path)).collect();
        let near = nearest(path, paths.iter().map(String::as_str))?;
        let (method, template) = calls[paths.iter().position(|each| each == near)?];
        Some(format!("did you mean `{method}: {template}`?"))
    };
    near(&same).or_else(|| near(&others)).unwrap_or_else(|| {
        let all: Vec<_> = same.iter().chain(&others).map(|(method, path)| format!("{method} {path}")).collect();
        format!("it describes {}", all.join(", "))
    })
}

/// A template with what a path has in place of its names.
fn with_segments(template: &str, path: &str) -> String {
    let mut given = path.split('/');
    let segments = template.split('/').map(|segment| {
        let given = given.next();
        if segment.starts_with('{') { given.unwrap_or(segment) } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The parts of a request, as they stand in the file.
struct Parts<'a> {
    body: Option<&'a Node>,
    raw: Option<&'a Node>,
    headers: Option<&'a Node>,
    token: Option<&'a Node>,
}

impl<'a> Parts<'a> {
    fn of(fields: &mut Fields<'a>) -> Self {
        let [body, raw, headers, token] = ["body", "raw", "headers", "token"].map(|key| fields.optional(key));
        Self { body, raw, headers, token }
    }

    fn request(
        &self,
        contract: &Contract,
        method: &str,
        path: &str,
        row: &Row,
        captured: &mut Captured<'_>,
    ) -> Result<Request, SourceError> {
        let mut errors = Errors::default();
        let body = errors.keep(self.body(row, captured)).flatten();
        let mut headers = errors.keep(self.headers(contract, row)).unwrap_or_default();
        let credential = errors.keep(self.credential(contract, row)).unwrap_or_default();
        errors.finish()?;
        let has_content_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if body.is_some() && !has_content_type {
            let called = contract.operation(method, path).map(|(index, _)| &contract.operations[index]);
            let media_type = called.and_then(|operation| operation.media_type.clone());
            let media_type = media_type.or_else(|| contract.subject().media_type.clone()).unwrap_or_default();
            headers.push(("Content-Type".to_owned(), media_type));
        }
        Ok(Request { method: method.to_owned(), path: path.to_owned(), headers, body, credential })
    }

    fn body(&self, row: &Row, captured: &mut Captured<'_>) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(match (self.body, self.raw) {
            (Some(_), Some(raw)) => return Err(raw.error("only one of `body` and `raw` can stand here")),
            (Some(node), None) => {
                let text = row.fill(&node.json()).to_string();
                captured.check(node, &text, row, "{{…}}")?;
                Some(braces::literal_in_json(&text).into_bytes())
            }
            (None, Some(node)) => Some(row.fill_text(node.text()?).into_bytes()),
            (None, None) => None,
        })
    }

    fn headers(&self, contract: &Contract, row: &Row) -> Result<Vec<(String, String)>, SourceError> {
        let (mut headers, mut errors) = (Vec::new(), Errors::default());
        let Some(node) = self.headers else { return Ok(headers) };
        for (key, name, value) in node.entries()? {
            headers.extend(errors.keep(read_header(contract, key, name, value, row)));
        }
        errors.finish()?;
        Ok(headers)
    }

    fn credential(&self, contract: &Contract, row: &Row) -> Result<TokenVariant, SourceError> {
        let Some(node) = self.token else { return Ok(TokenVariant::Good) };
        if contract.security.is_open() {
            return Err(node.error("the contract asks nobody for a token").with_hint("leave the key out"));
        }
        let text = row.fill_text(node.text()?);
        let found = TokenVariant::ALL.iter().find(|(name, _)| *name == text);
        if found.is_some_and(|(_, credential)| !credential.fits(&contract.security)) {
            let error = node.error(format!("`{text}` is where the contract has the token itself"));
            return Err(error.with_hint("`good`, `absent`, `empty`, `wrong` … are shown there"));
        }
        let names = || TokenVariant::ALL.map(|(name, _)| name).join(", ");
        found.map(|(_, credential)| *credential).ok_or_else(|| {
            node.error(format!("`{text}` is no kind of token")).with_hint(format!("known here: {}", names()))
        })
    }
}

fn read_header(
    contract: &Contract,
    key: &Node,
    name: &str,
    value: &Node,
    row: &Row,
) -> Result<(String, String), SourceError> {
    if contract.security.is_carried_by_header(name) {
        let error = key.error("the token is no header of a case");
        return Err(error.with_hint("use `token: absent`, `empty`, `wrong` …"));
    }
    let text = row.fill_text(value.text()?);
    header_name(key, name)?;
    header_value(value, &text)?;
    Ok((name.to_owned(), text))
}
