//! Refuses limits that no value can keep, or that no request can reach: a rule that nothing can try is none.

use serde_json::Number;

use super::{Rule, Schema, Unambiguous};
use crate::document::{Node, SourceError};

/// The longest text that is made, in characters.
const LONGEST_TEXT: u64 = 1_000_000;

/// The most items that an array is made of.
const MOST_ITEMS: u64 = 10_000;

/// Each lower limit with the upper one that it must not exceed.
const PAIRS: [(&str, &str); 6] = [
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("exclusiveMinimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
];

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
        let is_open = low.starts_with("exclusive") || high.starts_with("exclusive");
        if least.zip(most).is_some_and(|(least, most)| least > most || is_open && least >= most) {
            let inner = node.get("x-unambiguous").unwrap_or(node);
            let at = node.get(high).or_else(|| inner.get(high)).or_else(|| node.get(low)).unwrap_or(node);
            return Err(at.error(format!("no value keeps both `{low}` and `{high}` here")));
        }
    }
    check_unit(node, schema)
}

/// A unit of which some number that keeps the limits is a multiple.
fn check_unit(node: &Node, schema: &Schema) -> Result<(), SourceError> {
    let Some(Rule::MultipleOf(unit)) = schema.rule("multipleOf") else { return Ok(()) };
    let at = node.get("multipleOf").unwrap_or(node);
    let unit = unit.as_f64().filter(|unit| *unit > 0.0);
    let Some(unit) = unit else { return Err(at.error("only what is more than 0 has multiples")) };
    let bounds = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"];
    let near = bounds.iter().filter_map(|keyword| limit(schema.rule(keyword)?)).chain([0.0]).flat_map(|limit| {
        let count = (limit / unit).round();
        [-1.0, 0.0, 1.0].map(|step| (count + step) * unit)
    });
    let mut numbers = near.filter_map(|number| {
        let is_whole = number.fract() == 0.0;
        if is_whole { format!("{number:.0}").parse::<i64>().ok().map(Number::from) } else { Number::from_f64(number) }
    });
    if numbers.any(|number| schema.allows(&number.into())) {
        return Ok(());
    }
    Err(at.error("no multiple keeps the other rules here"))
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
        Rule::Minimum(limit) | Rule::Maximum(limit) | Rule::ExclusiveMinimum(limit) | Rule::ExclusiveMaximum(limit) => {
            limit.as_f64()
        }
        Rule::MinLength(limit) | Rule::MaxLength(limit) | Rule::MinItems(limit) | Rule::MaxItems(limit) => {
            Number::from(*limit).as_f64()
        }
        _ => None,
    }
}
