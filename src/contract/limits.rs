//! Refuses limits that no value can keep, or that no request can reach: a rule that nothing can try is none.

use serde_json::Number;

use super::{Rule, Schema, Unambiguous};
use crate::document::{Node, SourceError};

/// The longest text that is made, in characters.
const LONGEST_TEXT: u64 = 1_000_000;

/// The most items that an array is made of.
const MOST_ITEMS: u64 = 10_000;

/// Each lower limit with the upper one that it must not exceed.
const PAIRS: [(&str, &str); 3] = [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")];

/// Holds the limits of a schema against each other, and those of what is unambiguous in it too.
pub(super) fn check(node: &Node, schema: &Schema) -> Result<(), SourceError> {
    let unambiguous = match &schema.unambiguous {
        Unambiguous::Within(unambiguous) => Some(unambiguous.as_ref()),
        Unambiguous::All | Unambiguous::Nothing => None,
    };
    for (low, high) in PAIRS {
        let of = |keyword| [Some(schema), unambiguous].into_iter().flatten().filter_map(move |part| part.rule(keyword));
        let least = of(low).filter_map(limit).max_by(f64::total_cmp);
        let most = of(high).filter_map(limit).min_by(f64::total_cmp);
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            let inner = node.get("x-unambiguous").unwrap_or(node);
            let at = node.get(high).or_else(|| inner.get(high)).or_else(|| node.get(low)).unwrap_or(node);
            return Err(at.error(format!("no value keeps both `{low}` and `{high}` here")));
        }
    }
    Ok(())
}

/// Refuses a limit of a request that is farther off than what is sent.
pub(super) fn check_reach(node: &Node, schema: &Schema) -> Result<(), SourceError> {
    for rule in &schema.rules {
        let (limit, most, what) = match rule {
            Rule::MinLength(limit) | Rule::MaxLength(limit) => (*limit, LONGEST_TEXT, "characters"),
            Rule::MinItems(limit) | Rule::MaxItems(limit) => (*limit, MOST_ITEMS, "items"),
            _ => continue,
        };
        if limit > most {
            let at = node.get(rule.keyword()).unwrap_or(node);
            let error = at.error(format!("nothing can show this limit: no more than {most} {what} are sent"));
            return Err(error.with_hint("leave it out, or say it in the description"));
        }
    }
    Ok(())
}

fn limit(rule: &Rule) -> Option<f64> {
    match rule {
        Rule::Minimum(limit) | Rule::Maximum(limit) => limit.as_f64(),
        Rule::MinLength(limit) | Rule::MaxLength(limit) | Rule::MinItems(limit) | Rule::MaxItems(limit) => {
            Number::from(*limit).as_f64()
        }
        _ => None,
    }
}
