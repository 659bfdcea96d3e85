//! Ways to break the promises of the prose.

use super::List;
use super::request::unambiguous_values;
use crate::contract::{Behaviour, ClauseId, Contract, Misbehaviour, Schema, Type};
use crate::stub::defect::condition::Condition;
use crate::stub::defect::fault::Fault;
use crate::stub::defect::misreading::Misreading;

impl List {
    /// A promise broken for everything; and, where more than its own cases shows it, for what has some values only.
    pub(super) fn of_behaviour(&mut self, contract: &Contract, behaviour: &Behaviour) {
        let clause = ClauseId::behaviour(&behaviour.id);
        let mut whens = vec![(String::new(), Vec::new())];
        if behaviour.is_shown_by_removal {
            // What is deleted has been released before.
            let held = contract.protected_states();
            let is_free =
                |when: &Vec<Condition>| !when.iter().any(|each| held.iter().any(|(field, _)| each.field() == field));
            whens.extend(rare_states(contract).into_iter().filter(|(_, when)| is_free(when)));
            whens.extend(rare_texts(contract));
        } else if behaviour.follow_up.is_some() {
            whens.extend(rare_states(contract));
        }
        for (way, misbehaviour) in &behaviour.defects {
            let is_plain = misbehaviour.is_of_the_answer_only();
            // A call that nobody may use is lacking, and nobody is accused of that.
            let first = usize::from(*misbehaviour == Misbehaviour::RefusesToDelete);
            let last = if misbehaviour.takes_more_than_values() { 1 } else { whens.len() };
            for (state, when) in whens.iter().take(last).skip(first) {
                let fault = Fault::Misbehaves { way: *misbehaviour, when: when.clone() };
                let defect = self.add(&clause, &format!("{way}{state}"), "a promise of the prose is broken", fault);
                if !is_plain {
                    // Promises about reading and deleting rest on each other.
                    defect.follows.push("behaviour.".to_owned());
                }
            }
        }
    }
}

/// Texts that few resources have, and that look like something else, in each field that takes any.
fn rare_texts(contract: &Contract) -> Vec<(String, Vec<Condition>)> {
    let takes_any = |(_, schema): &(&String, &Schema)| {
        let is_listed = unambiguous_values(schema).iter().any(serde_json::Value::is_string);
        let has_digits = ["0", "0001", "00000001"].iter().any(|text| schema.allows(&(*text).into()));
        schema.is(Type::String) && schema.can_be_given() && !is_listed && has_digits
    };
    let state = |(name, _): (&String, &Schema)| {
        (format!("-for-{name}-of-digits"), vec![Condition::Misread(name.clone(), Misreading::LeadingZeros)])
    };
    contract.creation.request.properties.iter().filter(takes_any).map(state).collect()
}

/// States that few resources have: one value of a field that has several, and two such values together.
fn rare_states(contract: &Contract) -> Vec<(String, Vec<Condition>)> {
    let one_of = |(name, schema): (&String, &Schema)| {
        let values = unambiguous_values(schema);
        let is_listed = values.len() > 1 && schema.rule("minimum").is_none();
        // The last value of a list is no default; the first row of a table stands for others in the pair phase.
        let value = if schema.rule("enum").is_some() { values.last() } else { values.first() };
        value.filter(|_| is_listed).map(|value| Condition::OneOf(name.clone(), vec![value.clone()]))
    };
    let singles: Vec<_> = contract.creation.request.properties.iter().filter_map(one_of).collect();
    let name = |condition: &Condition| match condition {
        Condition::OneOf(field, values) => format!("-{field}-{}", values[0]),
        other => format!("-{}", other.field()),
    };
    let mut states: Vec<_> = singles.iter().map(|one| (format!("-for{}", name(one)), vec![one.clone()])).collect();
    for pair in singles.windows(2) {
        states.push((format!("-for{}-and{}", name(&pair[0]), name(&pair[1])), pair.to_vec()));
    }
    states
}
