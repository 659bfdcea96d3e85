//! What the contract says of the answer to a step: whether a field that is expected, or captured, can be in it.

use serde_json::Value;

use crate::contract::{Contract, Rule, Schema, Type, list};
use crate::document::{Node, SourceError};

/// What the answer of a step holds.
pub(super) struct Answered<'a> {
    contract: &'a Contract,
    holds: Holds<'a>,
}

#[derive(Clone, Copy)]
enum Holds<'a> {
    /// What was created.
    Resource,
    /// An error, where success would tell what was created.
    Refusal(u16),
    /// Everything, in this field: things of others too.
    List(&'a str),
    /// What the contract does not describe.
    Other,
}

impl<'a> Answered<'a> {
    /// The answer of the call with this method and this path, which has one of these statuses.
    pub(super) fn of(contract: &'a Contract, (method, path): (&str, &str), statuses: &[u16]) -> Self {
        let holds = contract.operation(method, path).map_or(Holds::Other, |(index, _)| {
            if let Some(listing) = contract.operations[index].listing() {
                return Holds::List(&listing.items);
            }
            let refused = statuses.iter().find(|status| **status >= 400);
            match refused.filter(|_| statuses.iter().all(|status| *status >= 400)) {
                _ if !tells_resource(contract, index, statuses) => Holds::Other,
                Some(status) => Holds::Refusal(*status),
                None => Holds::Resource,
            }
        });
        Self { contract, holds }
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.holds, Holds::List(_))
    }

    /// An expectation must name a documented field, and a value that the field can have.
    pub(super) fn check_field(
        &self,
        key: &Node,
        value: &Node,
        name: &str,
        wanted: &[Value],
    ) -> Result<(), SourceError> {
        match self.holds {
            Holds::Resource => {}
            Holds::Refusal(status) => {
                let error = key.error(format!("an answer with {status} has no field of what was created"));
                return Err(error.with_hint("leave it out; what an error says of itself, no case can expect"));
            }
            Holds::List(items) if items.strip_prefix('/') == Some(name) => {
                let error = key.error("a list may hold things of others too, so that no case can expect one list");
                return Err(error.with_hint("`listed: none` says that nothing is there that the query asks for"));
            }
            Holds::List(_) | Holds::Other => return Ok(()),
        }
        let schema = self.field(name).map_err(|near| hinted(key.error(no_field(name)), near))?;
        match wanted.iter().find(|wanted| !schema.examine(wanted).broken.is_empty()) {
            Some(wrong) => {
                let rules: Vec<_> = schema.rules.iter().map(Rule::text).collect();
                let message = format!("`{name}` can never be {}", list(std::slice::from_ref(wrong)));
                let is_cell = wrong.is_string() && !schema.is(Type::String) && value.text().is_ok_and(is_in_braces);
                let cell =
                    if is_cell { "; a cell of a table is a string, one of a list of `rows` has its type" } else { "" };
                Err(value.error(message).with_hint(format!("in an answer, {name} {}{cell}", rules.join(" and "))))
            }
            None => Ok(()),
        }
    }

    /// What is captured must be there, and a text or a whole number. What is inside a list or an object, the contract need not say.
    pub(super) fn check_pointer(&self, node: &Node, pointer: &str) -> Result<(), SourceError> {
        let Holds::Resource = self.holds else { return Ok(()) };
        let mut segments = pointer.trim_start_matches('/').split('/');
        let name = segments.next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let schema = self
            .field(&name)
            .map_err(|near| hinted(node.error(no_field(&name)), near.map(|near| format!("/{near}"))))?;
        let is_inside = segments.next().is_some();
        let can_be = |types: &[Type]| schema.rule("type").is_none() || types.iter().any(|each| schema.is(*each));
        if is_inside && !can_be(&[Type::Array, Type::Object]) {
            let error = node.error(format!("`{name}` has nothing inside"));
            return Err(error.with_hint(format!("did you mean `/{name}`?")));
        }
        if !is_inside && !can_be(&[Type::String, Type::Integer, Type::Number]) {
            let error = node.error(format!("`{name}` is neither a string nor an integer"));
            return Err(error.with_hint("only these can stand in a path or a body, as an id does"));
        }
        Ok(())
    }

    /// The schema of a field of what was created, or the name that is most likely meant.
    fn field(&self, name: &str) -> Result<&'a Schema, Option<String>> {
        let properties = &self.contract.creation.response.properties;
        let near = || crate::document::nearest(name, properties.keys().map(String::as_str)).map(str::to_owned);
        properties.get(name).ok_or_else(near)
    }
}

fn is_in_braces(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}')
}

fn no_field(name: &str) -> String {
    format!("the contract's answer has no field `{name}`")
}

fn hinted(error: SourceError, near: Option<String>) -> SourceError {
    match near {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// Whether the success of this call tells what was created: that of the creation and of the read does, and another one with the same schema.
fn tells_resource(contract: &Contract, index: usize, statuses: &[u16]) -> bool {
    let creation = &contract.creation;
    if index == creation.operation || index == creation.lifecycle.read {
        return true;
    }
    let own = contract.subject().answers.get(&creation.created).and_then(|answer| answer.schema.as_ref());
    let answers = &contract.operations[index].answers;
    let mut expected = statuses.iter().filter_map(|status| answers.get(status)?.schema.as_ref());
    own.is_some_and(|own| expected.any(|schema| schema == own))
}
