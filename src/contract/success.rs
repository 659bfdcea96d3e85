//! What the answers of the call under test say of a request: that it succeeded, and the id of what was created.

use serde_json::Value;

use super::{Creation, Lifecycle, Rule, Schema, Type};
use crate::document::{Node, SourceError};

/// No service has given out so many ids yet.
const UNHEARD_OF: u64 = 4_000_000_000_000_000;

impl Creation {
    /// Whether an answer with this status says that something was created, as the contract has it.
    pub fn succeeds_with(&self, status: u16) -> bool {
        self.successes.contains(&status)
    }

    /// The statuses of success in words.
    pub fn success_text(&self) -> String {
        self.successes.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
    }

    /// The field of the answer that has the id.
    pub fn id_field(&self) -> &str {
        self.lifecycle.id.trim_start_matches('/')
    }

    /// An id that the contract allows, and that was never given out.
    pub fn unheard_of_id(&self) -> String {
        let unique = uuid::Uuid::new_v4();
        let schema = self.response.properties.get(self.id_field());
        let made = schema.and_then(|schema| schema.id(UNHEARD_OF + unique.as_u64_pair().0 % UNHEARD_OF, unique));
        match made {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            _ => unique.to_string(),
        }
    }
}

impl Schema {
    /// An id that this schema allows: one of the common forms, or an example with other digits. For a stub, and for what nobody has.
    pub fn id(&self, number: u64, unique: uuid::Uuid) -> Option<Value> {
        let most = self.rules.iter().find_map(|rule| match rule {
            Rule::Maximum(limit) => limit.as_u64(),
            _ => None,
        });
        let whole = most.map_or(number, |most| number.min(most));
        let of_examples = self.examples.iter().filter_map(Value::as_str).map(|example| renumbered(example, number));
        let texts =
            [unique.to_string(), unique.simple().to_string(), number.to_string()].into_iter().chain(of_examples);
        let mut forms = texts.map(Value::from).chain([Value::from(whole)]);
        forms.find(|form| self.allows(form))
    }
}

/// An example with the last digits of the number in the place of its own.
fn renumbered(example: &str, number: u64) -> String {
    let places = example.chars().filter(char::is_ascii_digit).count();
    let digits = format!("{number:0places$}");
    let mut digits = digits[digits.len() - places..].chars();
    let next = |letter: char| if letter.is_ascii_digit() { digits.next().unwrap_or(letter) } else { letter };
    example.chars().map(next).collect()
}

/// The statuses of success, and the answer of the first one, which all others share.
pub(super) fn read(responses: &Node) -> Result<(Vec<u16>, &Node), SourceError> {
    let (mut statuses, mut first) = (Vec::new(), None::<&Node>);
    for (key, text, node) in responses.entries()? {
        let Some(status) = text.parse().ok().filter(|status: &u16| (200..300).contains(status)) else { continue };
        let content = |node: &Node| node.get("content").map(Node::json);
        match first {
            _ if content(node).is_none() => {
                let error = key.error("an answer of success without a body cannot be honoured");
                return Err(error.with_hint("what a run holds against the contract, and the id, stand in `content`"));
            }
            Some(first) if content(first) != content(node) => {
                let error = key.error("answers of success with different bodies cannot be honoured");
                return Err(error.with_hint("each has the `content` of the first one"));
            }
            Some(_) => {}
            None => first = Some(node),
        }
        statuses.push(status);
    }
    match first {
        Some(node) => Ok((statuses, node)),
        None => Err(responses.error("a status of success, 200 to 299, is missing here")),
    }
}

/// The id must always be there, and of a form that a stub can make and a path can hold.
pub(super) fn check_id(links: &Node, response: &Schema, lifecycle: &Lifecycle) -> Result<(), SourceError> {
    let pointer = &lifecycle.id;
    let name = pointer.trim_start_matches('/');
    let Some(schema) = response.properties.get(name).filter(|_| response.required.iter().any(|each| each == name))
    else {
        let error = links.error(format!("the id at `{pointer}` is no field that is always in the answer"));
        return Err(error.with_hint("`properties` has it, and `required` names it"));
    };
    if schema.rule("type").is_some() && !schema.is(Type::String) && !schema.is(Type::Integer) {
        return Err(links.error("an id is a string or an integer").with_hint(format!("`type` of `{name}` says which")));
    }
    if schema.id(1, uuid::Uuid::nil()).is_some() {
        return Ok(());
    }
    let error = links.error(format!("nobody knows how an id looks that the rules of `{name}` allow"));
    Err(error.with_hint("`examples` of it has one, of which the digits can be others: `[img-0001]`"))
}

#[cfg(test)]
mod tests {
    use super::renumbered;

    #[test]
    fn an_example_is_told_from_others_by_its_digits() {
        assert_eq!(renumbered("img-0001-a", 23), "img-0023-a");
        assert_eq!(renumbered("n7", 123), "n3");
        assert_eq!(renumbered("plain", 7), "plain");
    }
}
