//! Where in a contract's file a clause is made, so that what is wrong with the clause can be shown there.

use super::{ClauseId, Subject};
use crate::document::Node;

/// The keyword that makes this clause; what stands around it, where the keyword itself is not found.
pub(crate) fn locate<'a>(contract: &'a Node, clause: &ClauseId) -> &'a Node {
    let rest = clause.after_side().unwrap_or_default();
    let Some(creation) = creation(contract) else { return contract };
    match clause.subject() {
        Subject::Request => schema_of(creation.get("requestBody")).map(|schema| within(contract, schema, rest)),
        Subject::Response => schema_of(success(creation)).map(|schema| within(contract, schema, rest)),
        Subject::Status(_) => creation.get("responses").map(|answers| answers.get(rest).unwrap_or(answers)),
        Subject::Behaviour => creation.get("x-behaviours").map(|list| behaviour(list, rest)),
        Subject::Token | Subject::Drift => contract.get("security"),
    }
    .unwrap_or(creation)
}

/// The operation under test.
fn creation(contract: &Node) -> Option<&Node> {
    let operations = contract.get("paths")?.entries().ok()?.filter_map(|(_, _, path)| path.entries().ok());
    operations.flatten().map(|(_, _, operation)| operation).find(|operation| is_creation(operation))
}

fn is_creation(operation: &Node) -> bool {
    operation.get("x-effect").is_some_and(|effect| effect.text().is_ok_and(|effect| effect == "create"))
}

fn success(creation: &Node) -> Option<&Node> {
    creation.get("responses")?.entries().ok()?.find(|(_, status, _)| status.starts_with('2')).map(|(_, _, node)| node)
}

fn schema_of(node: Option<&Node>) -> Option<&Node> {
    node?.get("content")?.entries().ok()?.next()?.2.get("schema")
}

fn behaviour<'a>(list: &'a Node, id: &str) -> &'a Node {
    let is_it = |item: &&Node| item.get("id").is_some_and(|each| each.text().is_ok_and(|text| text == id));
    list.items().ok().and_then(|items| items.iter().find(is_it)).unwrap_or(list)
}

/// What the rest of a clause's id names in a schema.
fn within<'a>(contract: &'a Node, schema: &'a Node, rest: &str) -> &'a Node {
    let schema = resolved(contract, schema);
    let keyword = schema.get(rest).or_else(|| schema.get(&format!("x-{rest}")));
    let nested = ["items", "additionalProperties"].into_iter().find_map(|part| {
        let rest = rest.strip_prefix(part)?.strip_prefix('.')?;
        Some(within(contract, schema.get(part)?, rest))
    });
    let property = || {
        let mut entries = schema.get("properties")?.entries().ok()?;
        entries.find_map(|(_, name, node)| {
            let rest = rest.strip_prefix(name)?;
            rest.strip_prefix('.').or(rest.is_empty().then_some("")).map(|rest| within(contract, node, rest))
        })
    };
    keyword.or(nested).or_else(property).unwrap_or(schema)
}

fn resolved<'a>(contract: &'a Node, schema: &'a Node) -> &'a Node {
    let target = || {
        let name = schema.get("$ref")?.text().ok()?.strip_prefix("#/components/schemas/")?;
        contract.get("components")?.get("schemas")?.get(name)
    };
    target().unwrap_or(schema)
}
