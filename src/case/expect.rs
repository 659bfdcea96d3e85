//! From the YAML below `expect` to what a step's answer is held to.

use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use super::answered::Answered;
use super::braces;
use super::rows::Row;
use crate::contract::{Contract, Effect, Relation, header_name, header_value, named};
use crate::document::{Errors, Node, SourceError};
use crate::exchange::query;
use crate::probe::{Expectation, HeaderRule, PollUntil};

/// What stands below `expect` of the step with this number, counted from 0, which has this method and this path.
pub(super) fn read(
    contract: &Contract,
    node: &Node,
    row: &Row,
    (method, path): (&str, &str),
    step: usize,
) -> Result<(Expectation, Option<PollUntil>), SourceError> {
    let index = contract.operation(method, path).map(|(index, _)| index);
    let effect = index.map(|index| &contract.operations[index].effect);
    let mut errors = Errors::default();
    let mut fields = node.fields().map_err(|error| match node.scalar() {
        Some(status) => error.with_hint(format!("write `{{status: {status}}}`")),
        None => error,
    })?;
    let statuses = errors.keep(fields.required("status").and_then(read_statuses)).unwrap_or_default();
    let answered = Answered::of(contract, (method, path), &statuses);
    let (line, _) = node.position();
    let mut expectation = Expectation { statuses, line: Some(line), ..Expectation::default() };
    if let Some(node) = fields.optional("body") {
        let read = |name: &str, value: &Node| read_alternatives(contract, name, value, row);
        let wanted = errors.keep(read_fields(&answered, node, read)).unwrap_or_default();
        for (name, mut values) in wanted {
            match values.len() {
                1 => expectation.body.extend(values.pop().map(|value| (name, value))),
                _ => expectation.any_of.push((name, values)),
            }
        }
    }
    if let Some(node) = fields.optional("any_of") {
        let read = |_: &str, values: &Node| values.one_or_more()?.iter().map(|value| read_value(value, row)).collect();
        expectation.any_of.extend(errors.keep(read_fields(&answered, node, read)).unwrap_or_default());
    }
    if let Some(node) = fields.optional("headers") {
        expectation.headers = errors.keep(read_headers(node, row)).unwrap_or_default();
    }
    if let Some(node) = fields.optional("same_as") {
        expectation.same_as = errors.keep(read_earlier(node, step));
    }
    if let Some(node) = fields.optional("listed") {
        let read = named(node, &[("none", true)]);
        expectation.lists_none = errors.keep(read).unwrap_or_default();
        errors.keep(check_query(contract, node, path, &answered));
    }
    if let Some(node) = fields.optional("otherwise") {
        let read = named(node, &[("inconclusive", true)]);
        expectation.is_other_status_inconclusive = errors.keep(read).unwrap_or_default();
    }
    let mut poll = None;
    if let Some(node) = fields.optional("within") {
        poll = errors.keep(read_poll(node, &expectation.statuses));
        if !matches!(effect, Some(Effect::Read | Effect::List(_))) {
            errors.keep::<()>(Err(node.error("only a call that reads is sent again")));
        }
    }
    errors.keep(fields.finish());
    errors.finish()?;
    Ok((expectation, poll))
}

fn read_statuses(node: &Node) -> Result<Vec<u16>, SourceError> {
    node.one_or_more()?.iter().map(Node::status).collect()
}

fn read_earlier(node: &Node, step: usize) -> Result<usize, SourceError> {
    let earlier = usize::try_from(node.count()?).unwrap_or(usize::MAX);
    if earlier == 0 || earlier > step {
        return Err(node.error("expected the number of an earlier step, counted from 1"));
    }
    Ok(earlier - 1)
}

/// What can stand in an expectation.
const NOT_FILLED_IN: &str =
    "a column of `rows` is; `same_as: 1` expects what step 1 answered; for the braces themselves write {{…}}";

/// A value that is expected: with the cells of the row, and nothing that only a run knows.
fn read_value(node: &Node, row: &Row) -> Result<Value, SourceError> {
    let value = row.fill(&node.json());
    if let Some(name) = braces::names(&value.to_string()).first() {
        let error = node.error(format!("`{{{name}}}` is not filled in here"));
        return Err(error.with_hint(row.hint_for(name).unwrap_or_else(|| NOT_FILLED_IN.to_owned())));
    }
    Ok(braces::literal_in_value(&value))
}

/// What is expected of headers: a text, or a pattern of one.
fn read_headers(node: &Node, row: &Row) -> Result<Vec<(String, HeaderRule)>, SourceError> {
    let (mut headers, mut errors) = (Vec::<(String, HeaderRule)>::new(), Errors::default());
    for (key, name, value) in node.entries()? {
        let Some(rule) = errors.keep(header_name(key, name).and_then(|()| read_header(value, row))) else { continue };
        let name = name.to_ascii_lowercase();
        if headers.iter().any(|(known, _)| *known == name) {
            errors.keep::<()>(Err(
                key.error("this header is named twice: upper and lower case are the same in its name")
            ));
        }
        headers.push((name, rule));
    }
    errors.finish()?;
    if headers.is_empty() { Err(node.error("an expectation that names no header checks nothing")) } else { Ok(headers) }
}

fn read_header(node: &Node, row: &Row) -> Result<HeaderRule, SourceError> {
    if let Ok(text) = node.text() {
        let text = row.fill_text(text);
        header_value(node, &text)?;
        return Ok(HeaderRule::Is(text));
    }
    let mut fields = node
        .fields()
        .map_err(|error| error.with_hint("a string, or {pattern: …} for a regular expression that is found in it"))?;
    let pattern = fields.required("pattern")?;
    fields.finish()?;
    let regex = Regex::new(pattern.text()?);
    regex.map(HeaderRule::Matches).map_err(|error| pattern.error(format!("the pattern does not compile: {error}")))
}

/// What is expected of each field: one value, or several.
fn read_fields(
    answered: &Answered<'_>,
    node: &Node,
    read: impl Fn(&str, &Node) -> Result<Vec<Value>, SourceError>,
) -> Result<Vec<(String, Vec<Value>)>, SourceError> {
    let (mut found, mut errors) = (Vec::new(), Errors::default());
    for (key, name, value) in node.entries()? {
        let Some(wanted) = errors.keep(read(name, value)) else { continue };
        errors.keep(answered.check_field(key, value, name, &wanted));
        found.push((name.to_owned(), wanted));
    }
    errors.finish()?;
    if found.is_empty() { Err(node.error("an expectation that names no field checks nothing")) } else { Ok(found) }
}

/// The values of which a field has one: a single one, or those of a cell `a|b` in the column from which the contract derives the field.
fn read_alternatives(contract: &Contract, name: &str, node: &Node, row: &Row) -> Result<Vec<Value>, SourceError> {
    let property = contract.creation.response.properties.get(name);
    let Some(Relation::Derived(derived)) = property.and_then(|property| property.relation("derived")) else {
        return Ok(vec![read_value(node, row)?]);
    };
    let is_of_table = row.table.as_ref() == Some(&derived.table.file);
    let text = format!("{{{}}}", derived.table.columns()[derived.column]);
    let value = read_value(node, row)?;
    match &value {
        Value::String(cell) if is_of_table && node.text().is_ok_and(|it| it == text) => {
            Ok(cell.split('|').map(Value::from).collect())
        }
        _ => Ok(vec![value]),
    }
}

/// The most seconds that one step may take.
const LONGEST_PATIENCE: u64 = 120;

fn read_poll(node: &Node, statuses: &[u16]) -> Result<PollUntil, SourceError> {
    Ok(PollUntil { statuses: statuses.to_vec(), within: read_seconds(node, "within")? })
}

/// The seconds that stand below this key.
pub(super) fn read_seconds(node: &Node, key: &str) -> Result<Duration, SourceError> {
    match node.count().map_err(|error| error.with_hint(format!("write a number of seconds: `{key}: 5`")))? {
        seconds @ 1..=LONGEST_PATIENCE => Ok(Duration::from_secs(seconds)),
        _ => Err(node.error(format!("expected 1 to {LONGEST_PATIENCE} seconds"))),
    }
}

/// What must not be listed is what only this run can have made.
fn check_query(contract: &Contract, node: &Node, path: &str, answered: &Answered<'_>) -> Result<(), SourceError> {
    if !answered.is_list() {
        return Err(node.error("only a call that lists can list nothing"));
    }
    let filters = query::of_path(path);
    if !filters.iter().any(|(_, value)| value.contains("{run}")) {
        let error = node.error("the query of the path has no `{run}`, so that others may have what it asks for");
        return Err(error.with_hint("give the name a `{run}`, and ask for `?name=…{run}`"));
    }
    let properties = &contract.creation.response.properties;
    match filters.iter().find(|(name, _)| !properties.contains_key(&**name)) {
        Some((name, _)) => {
            let error = node.error(format!("the query asks for `{name}`, which no item has"));
            Err(error.with_nearest(name, properties.keys().map(String::as_str)))
        }
        None => Ok(()),
    }
}
