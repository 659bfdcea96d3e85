//! Each rule of a field broken beside each value of each other field: a check that is made only where something else is left out is none.
//!
//! One body for each value of the field that has the most of them; the values of the others take turns, so that all of them occur.

use indexmap::IndexMap;

use super::Factor;
use crate::contract::{ClauseId, Contract, Schema};
use crate::plan::assemble::{Base, FieldText, object, only_violation, probe, request};
use crate::plan::test_values::test_values;
use crate::probe::{Phase, Probe};

/// Longer values are left to the boundary phase.
const LONGEST_VALUE: usize = 2000;

/// The probes for every field whose rules can be broken.
pub(super) fn probes(contract: &Contract, factors: &[Factor]) -> Vec<Probe> {
    let (base, properties) = (Base::of(contract), &contract.creation.request.properties);
    // Whatever a field says that only answers have, it is the same fault.
    let with_rules = properties.iter().filter(|(_, schema)| schema.rule("readOnly").is_none());
    with_rules.flat_map(|(name, schema)| of_field(contract, &base, factors, name, schema)).collect()
}

fn of_field(contract: &Contract, base: &Base, factors: &[Factor], name: &str, schema: &Schema) -> Vec<Probe> {
    let others = || factors.iter().filter(|factor| factor.name != name);
    let count = others().map(|factor| factor.given().count()).max().unwrap_or_default();
    let width = count.to_string().len();
    let mut found = Vec::new();
    for (clause, values) in faults(contract, base, name, schema) {
        for row in 0..count {
            let fault = std::iter::once((name.to_owned(), values[row % values.len()].clone()));
            let fields: Vec<FieldText> = others().filter_map(|factor| factor.turn(row)).chain(fault).collect();
            let id = format!("pairs/{clause}/{:0width$}", row + 1);
            found.push(probe(contract, Phase::Pairs, id, None, request(contract, object(&fields))));
        }
    }
    found
}

/// The values that break one rule of this field and nothing else, by the clause that they break.
fn faults(contract: &Contract, base: &Base, name: &str, schema: &Schema) -> IndexMap<ClauseId, Vec<String>> {
    let mut faults: IndexMap<ClauseId, Vec<String>> = IndexMap::new();
    for json in
        test_values(schema).into_iter().map(|test_value| test_value.json).filter(|json| json.len() < LONGEST_VALUE)
    {
        if let Some(violation) = only_violation(contract, base, name, &json) {
            faults.entry(violation.clause).or_default().push(json);
        }
    }
    faults
}

impl Factor {
    /// The values, without leaving the field out.
    fn given(&self) -> impl Iterator<Item = &String> + Clone {
        self.levels.iter().flatten()
    }

    /// The field with the value whose turn it is in this row.
    fn turn(&self, row: usize) -> Option<FieldText> {
        Some((self.name.clone(), self.given().cycle().nth(row)?.clone()))
    }
}
