//! The pair phase: a covering array, in which every two (or three) values of different fields stand together in some valid body, so that a fault that
//! needs them both is found without trying the product of all.
//!
//! The array is built greedily: a body begins with a combination that none has yet, and each further field takes the value that covers the most. Nothing
//! is left to chance. A field that is added changes the array, as it must: its values have to meet all others.
//!
//! What is broken meets all others, too: see [`broken`].

mod broken;

use std::collections::HashSet;

use super::assemble::{FieldText, object, probe, request};
use super::test_values::{listed, spread, valid_values};
use crate::contract::{Contract, Relation, Rule, Schema, Type};
use crate::exchange::Request;
use crate::probe::{Phase, Probe};

/// A field and the values that it takes; `None` leaves it out, where it may be.
struct Factor {
    name: String,
    levels: Vec<Option<String>>,
}

/// The most values that a field without a list takes.
const MOST_LEVELS: usize = 7;

/// The most values that a field with a list takes, or different outcomes of a table.
const MOST_LISTED: usize = 40;

/// The probes of the pair phase. `strength` is how many values stand together, 2 or 3.
pub(super) fn probes(contract: &Contract, strength: usize) -> Vec<Probe> {
    let factors = factors(contract);
    let requests = rows(contract, &factors, strength);
    let width = requests.len().to_string().len();
    let name = |index: usize| format!("pairs/{:0width$}", index + 1);
    let valid = requests.into_iter().enumerate();
    let valid = valid.map(|(index, request)| probe(contract, Phase::Pairs, name(index), None, request));
    valid.chain(broken::probes(contract, &factors)).collect()
}

/// The valid requests of the pair phase.
pub(super) fn valid(contract: &Contract, strength: usize) -> Vec<Request> {
    rows(contract, &factors(contract), strength)
}

fn rows(contract: &Contract, factors: &[Factor], strength: usize) -> Vec<Request> {
    let rows = cover(&factors.iter().map(|factor| factor.levels.len()).collect::<Vec<_>>(), strength);
    rows.iter().map(|row| request(contract, object(&fields(factors, row)))).collect()
}

fn fields(factors: &[Factor], row: &[usize]) -> Vec<FieldText> {
    let chosen = factors
        .iter()
        .zip(row)
        .filter_map(|(factor, level)| Some((factor.name.clone(), factor.levels.get(*level)?.clone()?)));
    chosen.collect()
}

/// How many pairs of values of different fields there are.
fn pair_count(factors: &[Factor]) -> usize {
    let all: usize = factors.iter().map(|factor| factor.levels.len()).sum();
    let same: usize = factors.iter().map(|factor| factor.levels.len().pow(2)).sum();
    (all.pow(2) - same) / 2
}

/// The fields with their values; fewer values where there are very many fields.
fn factors(contract: &Contract) -> Vec<Factor> {
    let factor = |(name, schema): (&String, &Schema)| {
        let values = representatives(contract, name, schema);
        let absent = (!contract.creation.request.required.contains(name)).then_some(None);
        Factor { name: name.clone(), levels: absent.into_iter().chain(values.into_iter().map(Some)).collect() }
    };
    let factors = contract.creation.request.properties.iter().map(factor);
    let mut factors: Vec<_> = factors.filter(|factor| !factor.levels.is_empty()).collect();
    let mut most = MOST_LISTED;
    while most > 2 && pair_count(&factors) > MOST_PAIRS {
        most -= 1;
        for factor in &mut factors {
            factor.levels = spread(&factor.levels, most);
        }
    }
    factors
}

/// Values that stand for the rest: the first row of a table for each different outcome, else evenly chosen ones, the first and the last among them.
fn representatives(contract: &Contract, name: &str, schema: &Schema) -> Vec<String> {
    if let Some(Rule::Table(table, column)) = schema.rule("table") {
        let derived: Vec<usize> = derived_columns(contract, name);
        let mut seen = HashSet::new();
        let outcome = |row: &&Vec<String>| derived.iter().map(|column| row[*column].clone()).collect::<Vec<_>>();
        let rows = table.rows().iter().filter(|row| seen.insert(outcome(row)));
        let values: Vec<_> = rows.map(|row| serde_json::Value::from(row[*column].as_str()).to_string()).collect();
        return spread(&values, MOST_LISTED);
    }
    let values: Vec<_> =
        valid_values(schema).into_iter().map(|test_value| test_value.json).filter(|json| json.len() < 1000).collect();
    let mut picked = spread(&values, if listed(schema).is_some() { MOST_LISTED } else { MOST_LEVELS });
    // Among numbers with a fraction the limits may stand in the middle.
    let is_limit = |json: &String| {
        let value = serde_json::from_str(json).unwrap_or_default();
        schema.limit_near(&value).is_some_and(|(_, distance)| distance == 0.0)
    };
    let is_missing = |json: &&String| schema.is(Type::Number) && is_limit(json) && !picked.contains(json);
    let limits: Vec<_> = values.iter().filter(is_missing).cloned().collect();
    picked.extend(limits);
    picked
}

/// The columns of tables from which answers derive values for this field.
fn derived_columns(contract: &Contract, name: &str) -> Vec<usize> {
    let relations = contract.creation.response.properties.values().flat_map(|schema| &schema.relations);
    relations
        .filter_map(|relation| match relation {
            Relation::Derived(derived) if derived.from == name => Some(derived.column),
            _ => None,
        })
        .collect()
}

/// The most pairs of values that are brought together.
const MOST_PAIRS: usize = 100_000;

/// A combination of levels: (factor, level) pairs in the order of the factors.
type Combination = Vec<(usize, usize)>;

/// Rows of levels in which every combination of `strength` levels of different factors occurs.
fn cover(levels: &[usize], strength: usize) -> Vec<Vec<usize>> {
    let all = combinations(levels, strength);
    let mut uncovered: HashSet<Combination> = all.iter().cloned().collect();
    let mut rows = Vec::new();
    for seed in &all {
        if !uncovered.contains(seed) {
            continue;
        }
        let mut row: Vec<Option<usize>> = vec![None; levels.len()];
        for (factor, level) in seed {
            row[*factor] = Some(*level);
        }
        for factor in 0..levels.len() {
            if row[factor].is_none() {
                // Of equally good levels the one that depends on the row, so that no level is worn out.
                let shift = rows.len();
                let best = (0..levels[factor])
                    .map(|level| (level + shift) % levels[factor])
                    .max_by_key(|level| gain(&row, factor, *level, strength, &uncovered));
                row[factor] = best;
            }
        }
        let row: Vec<usize> = row.into_iter().map(Option::unwrap_or_default).collect();
        for chosen in subsets(levels.len(), strength) {
            uncovered.remove(&chosen.iter().map(|factor| (*factor, row[*factor])).collect::<Combination>());
        }
        rows.push(row);
    }
    rows
}

/// How many uncovered combinations this level completes together with what the row has already.
fn gain(
    row: &[Option<usize>],
    factor: usize,
    level: usize,
    strength: usize,
    uncovered: &HashSet<Combination>,
) -> usize {
    let chosen: Vec<_> = row.iter().enumerate().filter_map(|(factor, level)| Some((factor, (*level)?))).collect();
    let partners = subsets(chosen.len(), strength - 1);
    let completes = |partners: &Vec<usize>| {
        let mut combination: Combination = partners.iter().map(|index| chosen[*index]).collect();
        combination.push((factor, level));
        combination.sort_unstable();
        uncovered.contains(&combination)
    };
    partners.iter().filter(|partners| completes(partners)).count()
}

fn combinations(levels: &[usize], strength: usize) -> Vec<Combination> {
    let mut all = Vec::new();
    for chosen in subsets(levels.len(), strength) {
        let mut partial: Vec<Combination> = vec![Vec::new()];
        for factor in chosen {
            let extend = |combination: &Combination| {
                (0..levels[factor])
                    .map(|level| [combination.as_slice(), &[(factor, level)]].concat())
                    .collect::<Vec<_>>()
            };
            partial = partial.iter().flat_map(extend).collect();
        }
        all.extend(partial);
    }
    all
}

/// The subsets of 0..count with this many members, each in order.
fn subsets(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let with_last =
        |last: usize| subsets(last, size - 1).into_iter().map(move |subset| [subset.as_slice(), &[last]].concat());
    (0..count).flat_map(with_last).collect()
}

#[cfg(test)]
mod tests {
    use super::{combinations, cover};

    #[test]
    fn every_combination_occurs_and_far_fewer_rows_than_the_product_are_needed() {
        let levels = [20, 2, 7, 3, 5, 7];
        for strength in [2, 3] {
            let rows = cover(&levels, strength);
            for combination in combinations(&levels, strength) {
                let occurs = rows.iter().any(|row| combination.iter().all(|(factor, level)| row[*factor] == *level));
                assert!(occurs, "{combination:?}");
            }
            let lower_bound = if strength == 2 { 20 * 7 } else { 20 * 7 * 7 };
            assert!(rows.len() < lower_bound * 3 / 2, "{} rows of strength {strength}", rows.len());
        }
    }

    #[test]
    fn the_array_is_the_same_every_time() {
        assert_eq!(cover(&[4, 3, 2], 2), cover(&[4, 3, 2], 2));
    }
}
