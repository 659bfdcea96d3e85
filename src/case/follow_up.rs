//! What shows a promise on more than its own cases: the steps that a contract writes beside a behaviour, to go on with whatever was created.

use serde_json::Value;

use super::rows::Row;
use super::step::{Captured, read_steps};
use crate::contract::{Behaviour, ClauseId, Contract, FollowUpNodes, named};
use crate::document::{Node, SourceError};
use crate::probe::{FollowUp, Phase};

/// The follow-ups of a contract, in the order of its behaviours.
pub fn follow_ups(contract: &Contract) -> Result<Vec<FollowUp>, SourceError> {
    let with_nodes = contract.creation.behaviours.iter().filter_map(|each| Some((each, each.follow_up.as_ref()?)));
    with_nodes.map(|(behaviour, nodes)| read(contract, behaviour, nodes)).collect()
}

fn read(contract: &Contract, behaviour: &Behaviour, nodes: &FollowUpNodes) -> Result<FollowUp, SourceError> {
    let generated: Vec<_> = Phase::ALL.into_iter().filter(|(_, phase)| *phase != Phase::Case).collect();
    let clause = ClauseId::behaviour(&behaviour.id);
    let known = Captured::of(&nodes.then, &contract.creation.lifecycle.parameter);
    let mut steps = read_steps(contract, &nodes.then, &Row::default(), known, 1)?;
    for ((step, expectation), node) in steps.iter_mut().zip(nodes.then.items()?) {
        let operation = contract.operation(&step.request.method, &step.request.path);
        if operation.is_some_and(|(index, _)| index == contract.creation.operation) {
            return Err(node.error("what follows a creation creates nothing itself"));
        }
        if !step.captures.is_empty() {
            return Err(node.error("what follows a creation captures nothing; the links of its answer name the id"));
        }
        expectation.clause = Some(clause.clone());
    }
    Ok(FollowUp {
        clause,
        phases: nodes.after.one_or_more()?.iter().map(|node| named(node, &generated)).collect::<Result<_, _>>()?,
        when: nodes.when.as_ref().map(|node| read_condition(contract, node)).transpose()?.unwrap_or_default(),
        steps,
    })
}

/// Fields of the request with a value that some valid request gives.
fn read_condition(contract: &Contract, node: &Node) -> Result<Vec<(String, Value)>, SourceError> {
    let properties = &contract.creation.request.properties;
    let mut wanted = Vec::new();
    for (key, name, value) in node.entries()? {
        let Some(schema) = properties.get(name) else {
            let error = key.error(format!("the request has no field `{name}`"));
            return Err(error.with_nearest(name, properties.keys().map(String::as_str)));
        };
        let json = value.json();
        let found = schema.examine(&json);
        if !found.broken.is_empty() || !found.open.is_empty() {
            return Err(value.error(format!("no valid request gives {json} for {name}")));
        }
        wanted.push((name.to_owned(), json));
    }
    if wanted.is_empty() { Err(node.error("a condition that names no field says nothing")) } else { Ok(wanted) }
}
