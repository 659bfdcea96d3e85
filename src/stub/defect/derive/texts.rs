//! Ways to take a text for something else, in every field that takes any text.

use serde_json::Value;

use super::List;
use crate::contract::{Contract, Relation, Schema, Type};
use crate::stub::defect::condition::Condition;
use crate::stub::defect::fault::Fault;
use crate::stub::defect::misreading::Misreading;
use crate::stub::defect::mutation::Mutation;

impl List {
    /// A text that is a key of a table is taken for the field that the table is about, where that is left out.
    pub(super) fn of_keys_elsewhere(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        for (field, answer) in &contract.creation.response.properties {
            let Some(Relation::Derived(derived)) = answer.relation("derived") else { continue };
            let keys: Vec<_> =
                derived.table.cells(0).map(Value::from).filter(|key| schema.is_unambiguous(key)).collect();
            let is_needed = contract.creation.request.required.contains(&derived.from);
            if is_needed || keys.is_empty() || *name == derived.from {
                continue;
            }
            let when = vec![Condition::Absent(derived.from.clone()), Condition::OneOf(name.to_owned(), keys)];
            let fault = Fault::Mutated { field: field.clone(), mutation: Mutation::Perturb, when, every: 1 };
            let text = "the value follows from another field, where its own is left out";
            self.add(&answer.clause("derived"), &format!("follows-{name}"), text, fault);
        }
    }

    pub(super) fn of_texts(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        let items = schema.items.as_deref();
        let is_free = |schema: &Schema| {
            let is_listed = ["enum", "const", "table", "format"].iter().any(|keyword| schema.rule(keyword).is_some());
            schema.is(Type::String) && schema.can_be_given() && !is_listed
        };
        let is_listed_in_part = super::request::unambiguous_values(schema).iter().any(Value::is_string);
        let answer = contract.creation.response.properties.get(name);
        let echo = answer.filter(|answer| answer.relation("echo").is_some()).map(|answer| answer.clause("echo"));
        let takes_any = is_free(schema) || items.is_some_and(is_free);
        let Some(echo) = echo.filter(|_| takes_any && !is_listed_in_part && schema.can_be_given()) else { return };
        // What no reading allows shows nothing of it.
        let can_be_shown = |misreading: &Misreading| {
            let sample = misreading.sample();
            let forms = [sample.clone(), format!("{sample}=a"), format!("a={sample}")];
            let forms = &forms[..if items.is_some() { 3 } else { 1 }];
            // Of what only some readings allow, not every sign is tried at every place.
            let may_be_open = !matches!(misreading, Misreading::SignAtEnd(_) | Misreading::SignWithin(_));
            forms.iter().any(|text| {
                let value = Value::from(text.as_str());
                let found = items.unwrap_or(schema).examine(&value);
                found.broken.is_empty() && (may_be_open || found.open.is_empty())
            })
        };
        for (way, misreading) in Misreading::ALL.into_iter().filter(|(_, misreading)| can_be_shown(misreading)) {
            let fault = Fault::Misreads { field: name.to_owned(), misreading };
            let text = "a text comes back as what it is taken for";
            self.add(&echo, &format!("misreads-{way}"), text, fault);
        }
        // What is in every body is in those of other faults, too, and a refusal says less of it.
        if items.is_none() && !contract.creation.request.required.iter().any(|each| each == name) {
            let is_plain = |misreading: &Misreading| misreading.is_of_plain_texts() && can_be_shown(misreading);
            for (way, misreading) in Misreading::ALL.into_iter().filter(|(_, misreading)| is_plain(misreading)) {
                let when = vec![Condition::Misread(name.to_owned(), misreading)];
                self.refuse(contract, &[name], &format!("suspects-{name}-{way}"), when);
            }
        }
    }
}
