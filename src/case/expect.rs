//! From the YAML below `expect` to what a step's answer is held to.

use std::time::Duration;

use serde_json::Value;

use super::rows::Row;
use crate::contract::{Contract, Effect, list, named};
use crate::document::{Node, SourceError};
use crate::exchange::{Request, query};
use crate::probe::{Expectation, PollUntil};

/// What stands below `expect` of the step with this number, counted from 0, which sends this request.
pub(super) fn read(
    contract: &Contract,
    node: &Node,
    row: &Row,
    request: &Request,
    step: usize,
) -> Result<(Expectation, Option<PollUntil>), SourceError> {
    let index = contract.operation(&request.method, &request.path).map(|(index, _)| index);
    let effect = index.map(|index| &contract.operations[index].effect);
    let holds = Holds::of(contract, index);
    let mut fields = node.fields()?;
    let statuses = fields.required("status")?.one_or_more()?.iter().map(Node::status).collect::<Result<_, _>>()?;
    let mut expectation = Expectation { statuses, ..Expectation::default() };
    if let Some(node) = fields.optional("body") {
        for (key, name, value) in node.entries()? {
            let wanted = row.fill(&value.json());
            check_field(contract, key, value, name, std::slice::from_ref(&wanted), holds)?;
            expectation.body.push((name.to_owned(), wanted));
        }
        check_some(node, &expectation.body)?;
    }
    if let Some(node) = fields.optional("any_of") {
        for (key, name, values) in node.entries()? {
            let wanted: Vec<Value> = values.one_or_more()?.iter().map(|value| row.fill(&value.json())).collect();
            check_field(contract, key, values, name, &wanted, holds)?;
            expectation.any_of.push((name.to_owned(), wanted));
        }
        check_some(node, &expectation.any_of)?;
    }
    if let Some(node) = fields.optional("same_as") {
        let earlier = usize::try_from(node.count()?).unwrap_or(usize::MAX);
        if earlier == 0 || earlier > step {
            return Err(node.error("expected the number of an earlier step, counted from 1"));
        }
        expectation.same_as = Some(earlier - 1);
    }
    if let Some(node) = fields.optional("listed") {
        expectation.lists_none = named(node, &[("none", true)])?;
        check_query(contract, node, request, holds)?;
    }
    if let Some(node) = fields.optional("otherwise") {
        expectation.is_other_status_inconclusive = named(node, &[("inconclusive", true)])?;
    }
    let patience = fields.optional("within").map(|node| read_patience(node, &expectation.statuses)).transpose()?;
    if patience.is_some() && !matches!(effect, Some(Effect::Read | Effect::List(_))) {
        return Err(node.error("only a call that reads is sent again"));
    }
    fields.finish()?;
    Ok((expectation, patience))
}

fn check_some<T>(node: &Node, fields: &[T]) -> Result<(), SourceError> {
    if fields.is_empty() { Err(node.error("an expectation that names no field checks nothing")) } else { Ok(()) }
}

/// The most seconds that one step may take.
const LONGEST_PATIENCE: u64 = 120;

fn read_patience(node: &Node, statuses: &[u16]) -> Result<PollUntil, SourceError> {
    match node.count()? {
        seconds @ 1..=LONGEST_PATIENCE => {
            Ok(PollUntil { statuses: statuses.to_vec(), within: Duration::from_secs(seconds) })
        }
        _ => Err(node.error(format!("expected 1 to {LONGEST_PATIENCE} seconds"))),
    }
}

/// What the answer of a call holds.
#[derive(Clone, Copy)]
enum Holds<'a> {
    /// What was created.
    Resource,
    /// Everything, in this field: things of others too.
    List(&'a str),
    /// What the contract does not describe.
    Other,
}

impl<'a> Holds<'a> {
    fn of(contract: &'a Contract, operation: Option<usize>) -> Self {
        let is = |other: usize| operation == Some(other);
        if is(contract.creation.operation) || is(contract.creation.lifecycle.read) {
            return Self::Resource;
        }
        let listing = operation.and_then(|index| contract.operations[index].listing());
        listing.map_or(Self::Other, |listing| Self::List(&listing.items))
    }
}

/// What must not be listed is what only this run can have made.
fn check_query(contract: &Contract, node: &Node, request: &Request, holds: Holds<'_>) -> Result<(), SourceError> {
    if !matches!(holds, Holds::List(_)) {
        return Err(node.error("only a call that lists can list nothing"));
    }
    let filters = query::of_path(&request.path);
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

/// An expectation must name a documented field, and a value that the field can have.
fn check_field(
    contract: &Contract,
    key: &Node,
    value: &Node,
    name: &str,
    wanted: &[Value],
    holds: Holds<'_>,
) -> Result<(), SourceError> {
    match holds {
        Holds::Resource => {}
        Holds::List(items) if items.strip_prefix('/') == Some(name) => {
            let error = key.error("a list may hold things of others too, so that no case can expect one list");
            return Err(error.with_hint("`listed: none` says that nothing is there that the query asks for"));
        }
        Holds::List(_) | Holds::Other => return Ok(()),
    }
    let properties = &contract.creation.response.properties;
    let Some(schema) = properties.get(name) else {
        let error = key.error(format!("the contract's answer has no field `{name}`"));
        return Err(error.with_nearest(name, properties.keys().map(String::as_str)));
    };
    match wanted.iter().find(|wanted| !schema.examine(wanted).broken.is_empty()) {
        Some(wrong) => {
            let rules: Vec<_> = schema.rules.iter().map(crate::contract::Rule::text).collect();
            let message = format!("`{name}` can never be {}", list(std::slice::from_ref(wrong)));
            Err(value.error(message).with_hint(format!("in an answer, {name} {}", rules.join(" and "))))
        }
        None => Ok(()),
    }
}
