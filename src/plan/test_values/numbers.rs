//! Numbers worth trying.

use std::collections::BTreeSet;

use super::{TestValue, all_rules};
use crate::contract::{Rule, Schema};

/// Both sides of every limit, the edges of what machines count with, and other ways to write a number.
pub(super) fn numbers(schema: &Schema) -> Vec<TestValue> {
    let limits = all_rules(schema).filter_map(|rule| match rule {
        Rule::Minimum(limit) | Rule::Maximum(limit) | Rule::ExclusiveMinimum(limit) | Rule::ExclusiveMaximum(limit) => {
            limit.as_i64().map(i128::from)
        }
        _ => None,
    });
    let limits: BTreeSet<i128> = limits.collect();
    let edges = [16, 31, 32, 53, 63, 64].map(|bits| 1_i128 << bits);
    let mut whole: BTreeSet<i128> = limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]).collect();
    whole.extend(edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1, -edge]));
    whole.extend([-1, 0, 1]);
    let multiples = units(schema).flat_map(|unit| multiples(unit, &limits));
    whole.extend(multiples.collect::<Vec<_>>());
    if units(schema).next().is_some() {
        // Readers that round cannot tell whether one of these is a multiple, and this program is one of them.
        whole.retain(|number| is_read_exactly(*number));
    }
    let mut found: Vec<_> = whole.into_iter().map(|number| TestValue::new(number.to_string())).collect();
    let inside: Vec<i128> = limits.iter().copied().filter(|limit| *limit > 0).collect();
    let inside = if inside.is_empty() { vec![10] } else { inside };
    found.extend(
        ["-0", "0.5", "-0.5", "1e2", "1E+2", "1e-2", "1e400", "-1.0", "-5e2", "100.00000000000001"].map(TestValue::new),
    );
    // A difference that every reader keeps, and that one who forgives what was computed does not see.
    found.extend(["7.01", "7.0005", "6.9995"].map(TestValue::new));
    for unit in
        all_rules(schema).filter_map(|rule| if let Rule::MultipleOf(unit) = rule { unit.as_f64() } else { None })
    {
        let parts = [0.5, 1.0, 1.5, 2.0, 3.0].map(|count| count * unit);
        found.extend(parts.iter().filter(|part| part.fract() != 0.0).map(|part| TestValue::new(part.to_string())));
    }
    for number in inside {
        // Beyond the limit in the spelling of what is no whole number.
        let beyond = [format!("1e{}", number.to_string().len()), format!("{}.0", number * 2)];
        found.extend(beyond.map(TestValue::new));
        // What rounds to an allowed number is none.
        let near = [format!("{number}.0000001"), format!("{}.9999999", number - 1)];
        found.extend([format!("{number}.0"), format!("{number}.5"), format!("\"{number}\"")].map(TestValue::new));
        found.extend(near.map(TestValue::new));
    }
    found
}

/// The whole numbers of which a value must be a multiple.
fn units(schema: &Schema) -> impl Iterator<Item = i128> {
    all_rules(schema).filter_map(|rule| match rule {
        Rule::MultipleOf(unit) => unit.as_i64().map(i128::from),
        _ => None,
    })
}

/// Whether a reader of JSON keeps all digits of a whole number.
fn is_read_exactly(number: i128) -> bool {
    let read: serde_json::Number = serde_json::from_str(&number.to_string()).unwrap_or_else(|_| 0.into());
    !read.is_f64() || read.as_f64().is_some_and(|value| format!("{value:.0}") == number.to_string())
}

/// The first multiples of a unit and those at each limit, and what is one beside them.
fn multiples(unit: i128, limits: &BTreeSet<i128>) -> Vec<i128> {
    let at = limits.iter().map(|limit| limit.div_euclid(unit)).chain([1]);
    let counts = at.flat_map(|count| [count - 1, count, count + 1]);
    counts.flat_map(|count| [count * unit - 1, count * unit, count * unit + 1]).collect()
}

/// The numbers that machines count with, and those beside them: the powers of two and of ten.
pub(in crate::plan) fn sizes() -> Vec<String> {
    let twos = (0..63).flat_map(|exponent| [-1, 0, 1].map(|step| (1_i64 << exponent) + step));
    let tens = (0..18).map(|exponent| 10_i64.pow(exponent));
    let all: BTreeSet<i64> = twos.chain(tens).collect();
    all.into_iter().map(|number| number.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_read_exactly, numbers};
    use crate::contract::{Rule, Schema, Type};

    #[test]
    fn a_multiple_is_sent_only_where_every_digit_is_read() {
        for (number, is_exact) in [(u128::from(u64::MAX), true), (1 << 64, true), ((1 << 64) + 1, false)] {
            assert_eq!(is_read_exactly(number.try_into().unwrap()), is_exact, "{number}");
        }
        let sends = |rules: Vec<Rule>| {
            let mut schema = Schema::default();
            schema.rules = rules;
            let found = numbers(&schema);
            found.iter().any(|value| value.json == "18446744073709551617")
        };
        assert!(sends(vec![Rule::Type(vec![Type::Integer])]));
        assert!(!sends(vec![Rule::Type(vec![Type::Integer]), Rule::MultipleOf(2.into())]));
    }
}
