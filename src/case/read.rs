//! From the YAML of a case to its probes.

use super::rows::{self, Row};
use super::{Case, Verb, expect};
use crate::contract::{ClauseId, Contract, header_name, header_value};
use crate::document::{Fields, Node, SourceError, nearest};
use crate::exchange::{Request, TokenVariant};
use crate::probe::{Expectation, Phase, Probe, Script, Step};

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Reads a case without holding it against its verb.
pub(super) fn case(contract: &Contract, id: &str, node: &Node) -> Result<Case, SourceError> {
    let Some(verb) = Verb::of(id) else {
        let words: Vec<_> = Verb::ALL.iter().map(|(word, _)| format!("{word}_")).collect();
        return Err(node
            .error("the file name begins with no known verb")
            .with_hint(format!("known verbs: {}", words.join(", "))));
    };
    let mut fields = node.fields()?;
    let title = fields.required("title")?.words()?;
    let clauses = read_clauses(contract, fields.required("clauses")?)?;
    let rows_node = fields.optional("rows");
    let rows = rows::read(contract, rows_node)?;
    let source = fields.one_of(&["request", "steps"])?;
    let expect = if source.0 == "request" { Some(fields.required("expect")?) } else { None };
    fields.finish()?;

    let mut probes = Vec::new();
    for row in &rows {
        let steps = match (source, expect) {
            ((_, request), Some(expect)) => vec![single_step(contract, request, expect, row)?],
            ((_, steps), None) => read_steps(contract, steps, row, Captured::default(), 0)?,
        };
        let id = row.name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{id}[{name}]"));
        let (steps, expectations) = steps.into_iter().unzip();
        probes.push(Probe {
            id,
            phase: Phase::Case,
            title: title.clone(),
            clauses: clauses.clone(),
            violation: None,
            script: Script { steps },
            expectations,
        });
    }
    check_columns_are_used(rows_node, &rows, node)?;
    Ok(Case { id: id.to_owned(), title, clauses, verb, probes })
}

fn read_clauses(contract: &Contract, node: &Node) -> Result<Vec<ClauseId>, SourceError> {
    let mut clauses: Vec<ClauseId> = Vec::new();
    for item in node.items()? {
        let id = item.text()?;
        let Some(clause) = contract.clauses.get(id) else {
            let error = item.error(format!("the contract has no clause `{id}`"));
            return Err(error.with_nearest(id, contract.clauses.keys().map(ClauseId::as_str)));
        };
        if clauses.contains(&clause.id) {
            return Err(item.error(format!("`{id}` is named twice")));
        }
        clauses.push(clause.id.clone());
    }
    if clauses.is_empty() { Err(node.error("a case names at least one clause")) } else { Ok(clauses) }
}

fn single_step(
    contract: &Contract,
    request: &Node,
    expect: &Node,
    row: &Row,
) -> Result<(Step, Expectation), SourceError> {
    let subject = contract.subject();
    let mut fields = request.fields()?;
    let request =
        read_request(contract, &mut fields, &subject.method, subject.path.as_str(), row, &mut Captured::default())?;
    fields.finish()?;
    let (expectation, patience) = expect::read(contract, expect, row, &request, 0)?;
    Ok((Step { request, captures: Vec::new(), patience }, expectation))
}

/// The names that earlier steps captured, and whether a later one used them.
#[derive(Default)]
pub(super) struct Captured<'a> {
    names: Vec<(&'a Node, &'a str, bool)>,
}

impl<'a> Captured<'a> {
    /// A name that a step before the first one captures; `node` is where an error about it stands.
    pub(super) fn of(node: &'a Node, name: &'a str) -> Self {
        Self { names: vec![(node, name, false)] }
    }

    /// Every `{name}` of a text must stand for something.
    fn check(&mut self, node: &Node, text: &str) -> Result<(), SourceError> {
        for name in placeholders(text) {
            match self.names.iter_mut().find(|(_, known, _)| *known == name) {
                Some((_, _, is_used)) => *is_used = true,
                None if name == "run" => {}
                None => {
                    let error = node.error(format!("`{{{name}}}` stands for nothing here"));
                    let known = self.names.iter().map(|(_, name, _)| *name).chain(["run"]);
                    return Err(match nearest(name, known) {
                        Some(near) => error.with_hint(format!("did you mean `{{{near}}}`?")),
                        None => {
                            error.with_hint("it can be a column of `rows`, what an earlier step captured, or {run}")
                        }
                    });
                }
            }
        }
        Ok(())
    }
}

/// The steps of a list; `before` is how many stand before its first one, and `known` what those captured.
pub(super) fn read_steps<'a>(
    contract: &Contract,
    node: &'a Node,
    row: &Row,
    mut known: Captured<'a>,
    before: usize,
) -> Result<Vec<(Step, Expectation)>, SourceError> {
    let mut steps = Vec::new();
    for (index, item) in node.items()?.iter().enumerate() {
        let mut fields = item.fields()?;
        let (method, path) = fields.one_of(METHODS)?;
        let target = row.fill_text(path.text()?);
        known.check(path, &target)?;
        if contract.operation(method, &target).is_none() {
            return Err(path.error(format!("the contract describes no {method} of this path")));
        }
        let request = read_request(contract, &mut fields, method, &target, row, &mut known)?;
        let expect = fields.required("expect")?;
        let (expectation, patience) = expect::read(contract, expect, row, &request, before + index)?;
        let mut captures = Vec::new();
        if let Some(node) = fields.optional("capture") {
            for (key, name, pointer) in node.entries()? {
                known.names.push((key, name, false));
                captures.push((name.to_owned(), pointer.words()?));
            }
        }
        fields.finish()?;
        steps.push((Step { request, captures, patience }, expectation));
    }
    if steps.is_empty() {
        return Err(node.error("a case has at least one step"));
    }
    match known.names.iter().find(|(_, _, is_used)| !is_used) {
        Some((key, name, _)) => Err(key.error(format!("no later step uses `{{{name}}}`"))),
        None => Ok(steps),
    }
}

fn read_request(
    contract: &Contract,
    fields: &mut Fields<'_>,
    method: &str,
    path: &str,
    row: &Row,
    captured: &mut Captured<'_>,
) -> Result<Request, SourceError> {
    let body = match (fields.optional("body"), fields.optional("raw")) {
        (Some(_), Some(raw)) => return Err(raw.error("only one of `body` and `raw` can stand here")),
        (Some(node), None) => {
            let text = row.fill(&node.json()).to_string();
            captured.check(node, &text)?;
            Some(text.into_bytes())
        }
        (None, Some(node)) => Some(row.fill_text(node.text()?).into_bytes()),
        (None, None) => None,
    };
    let mut headers = Vec::new();
    if let Some(node) = fields.optional("headers") {
        for (key, name, value) in node.entries()? {
            if name.eq_ignore_ascii_case(&contract.token.header) {
                return Err(key
                    .error("the token is no header of a case")
                    .with_hint("use `token: absent`, `empty`, `wrong` …"));
            }
            let text = row.fill_text(value.text()?);
            header_name(key, name)?;
            header_value(value, &text)?;
            headers.push((name.to_owned(), text));
        }
    }
    let has_content_type = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if body.is_some() && !has_content_type {
        let media_type = contract.subject().media_type.clone().unwrap_or_default();
        headers.push(("Content-Type".to_owned(), media_type));
    }
    let credential = match fields.optional("token") {
        Some(node) => {
            let text = row.fill_text(node.text()?);
            let found = TokenVariant::ALL.iter().find(|(name, _)| *name == text);
            let names = || TokenVariant::ALL.map(|(name, _)| name).join(", ");
            found.map(|(_, credential)| *credential).ok_or_else(|| {
                node.error(format!("`{text}` is no kind of token")).with_hint(format!("known here: {}", names()))
            })?
        }
        None => TokenVariant::Good,
    };
    Ok(Request { method: method.to_owned(), path: path.to_owned(), headers, body, credential })
}

fn check_columns_are_used(node: Option<&Node>, rows: &[Row], case: &Node) -> Result<(), SourceError> {
    let Some(node) = node.filter(|node| node.is_list()) else { return Ok(()) };
    let text = case.json().to_string();
    match rows[0].cells.keys().find(|column| !text.contains(&format!("{{{column}}}"))) {
        Some(column) => Err(node.error(format!("nothing uses the column `{column}`"))),
        None => Ok(()),
    }
}

/// The names in braces: `{id}`. Braces around anything else are left alone, as JSON is full of them.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).filter(|name| {
        !name.is_empty()
            && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    })
}
