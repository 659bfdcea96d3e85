//! Ways to break the clauses of an answer: its shape, its values, and what they must be to the request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::List;
use crate::contract::{Broken, ClauseId, Contract, Derived, Relation, Rule, Schema, Type};
use crate::stub::defect::condition::Condition;
use crate::stub::defect::fault::Fault;
use crate::stub::defect::mutation::Mutation;

impl List {
    pub(super) fn of_response_field(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        let twisted = |mutation, when, every| Fault::Mutated { field: name.to_owned(), mutation, when, every };
        let is_required = contract.creation.response.required.iter().any(|required| required == name);
        if is_required {
            let clause = schema.clause("required");
            self.add(&clause, "missing", "the field is missing", twisted(Mutation::Remove, Vec::new(), 1));
            let text = "the field is missing in every seventh answer";
            self.add(&clause, "now-and-then", text, twisted(Mutation::Remove, Vec::new(), 7));
        }
        for rule in &schema.rules {
            let Some((way, mutation)) = breaking(schema, rule) else { continue };
            // What is given comes back: only where nothing was given, the field's own rules are all that can break.
            let is_given_back = schema.relation("echo").is_some() && rule.keyword() != "type";
            let when = if is_given_back { vec![Condition::Absent(name.to_owned())] } else { Vec::new() };
            let clause = schema.clause(rule.keyword());
            self.add(&clause, &way, "the field has a wrong value", twisted(mutation, when, 1));
        }
        // A field that may be missing may be null as well.
        if is_required && schema.rule("type").is_some_and(|rule| !rule.holds(&Value::Null)) {
            let null = twisted(Mutation::Set(Value::Null), Vec::new(), 1);
            let defect = self.add(&schema.clause("type"), "null", "the field is null", null);
            // A null where nothing was given lacks the default.
            defect.follows.push(ClauseId::of_request(name, "default").to_string());
        }
        if let Some(items) = &schema.items {
            let wrong = twisted(Mutation::Set(json!([7])), Vec::new(), 1);
            self.add(&items.clause("type"), "[7]", "an item has a wrong type", wrong);
        }
        for relation in &schema.relations {
            self.of_relation(name, schema, relation);
        }
        self.of_taking_over(contract, name, schema);
    }

    /// A field that only answers have is taken over from a request that gives it, where the answer then shows that it is.
    fn of_taking_over(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        let is_open = contract.creation.request.additional.as_ref().is_some_and(|others| !others.can_be_given());
        let is_listed = contract.creation.request.properties.contains_key(name);
        let is_needed = contract.creation.response.required.iter().any(|required| required == name);
        let text = json!("text");
        if !is_open || is_listed || !is_needed || !schema.is(Type::String) || name == contract.creation.id_field() {
            return;
        }
        let broken = schema.examine(&text).broken.first().map(Broken::clause);
        // A text that is no time is not held against the clock.
        let says_more = |relation: &&Relation| {
            matches!(relation, Relation::Derived(_) | Relation::Template(_) | Relation::SameForCaller)
        };
        let relation = schema.relations.iter().find(says_more);
        let related = relation.map(|relation| schema.clause(relation.keyword()));
        if let Some(clause) = related.or(broken) {
            let what = "a field that only answers have is taken over from the request";
            self.add(&clause, "taken-over", what, Fault::TakesOver(name.to_owned()));
        }
    }

    pub(super) fn of_others(&mut self, response: &Schema) {
        if response.echo_of_others().is_some() {
            let clause = response.clause_of_others("echo");
            for (way, mutation) in [("missing", Mutation::Remove), ("other", Mutation::Perturb)] {
                self.add(&clause, way, "a field that is not listed does not come back", Fault::MutatedOthers(mutation));
            }
        }
    }

    pub(super) fn of_relation(&mut self, name: &str, schema: &Schema, relation: &Relation) {
        let clause = schema.clause(relation.keyword());
        for Way { name: way, text, mutation, when, every } in ways(name, schema, relation) {
            let fault = Fault::Mutated { field: name.to_owned(), mutation, when, every };
            let defect = self.add(&clause, &way, text, fault);
            match relation {
                // What is given may be null, which may stand for the default.
                Relation::Echo(_) => defect.follows.push(ClauseId::of_request(name, "default").to_string()),
                // Two that share what tells them apart share their fate; and what changes is not read back as it was answered.
                Relation::Unique | Relation::SameForCaller => defect.follows.push("behaviour.".to_owned()),
                _ => {}
            }
        }
    }
}

/// A number that a stub gives to everything, in the place of ids.
const FIXED: u64 = 7;

/// One way to break a relation.
struct Way {
    name: String,
    text: &'static str,
    mutation: Mutation,
    when: Vec<Condition>,
    every: usize,
}

fn way(name: &str, text: &'static str, mutation: Mutation, when: Vec<Condition>) -> Way {
    Way { name: name.to_owned(), text, mutation, when, every: 1 }
}

fn ways(name: &str, schema: &Schema, relation: &Relation) -> Vec<Way> {
    match relation {
        Relation::Echo(_) => {
            vec![way("other", "another value comes back", Mutation::Perturb, vec![Condition::Given(name.to_owned())])]
        }
        Relation::Derived(derived) => ways_to_derive(derived),
        Relation::Template(_) => vec![way("other", "the text has another form", Mutation::Perturb, Vec::new())],
        Relation::NotBefore(_) => {
            vec![way("a-minute-before", "the time is a minute too early", Mutation::SecondsFromNow(-60), Vec::new())]
        }
        Relation::NearNow(_) => {
            // Of two times the later one goes wrong to the later side, so that only this clause breaks.
            let side = if schema.relation("not-before").is_some() { 1 } else { -1 };
            let hours = [("two-hours-off", 2), ("a-day-off", 24)];
            let off = |(name, hours): (&str, i64)| {
                way(name, "the time is not now", Mutation::SecondsFromNow(side * hours * 3600), Vec::new())
            };
            hours.map(off).into()
        }
        Relation::Unique => {
            let nil = Value::from(uuid::Uuid::nil().to_string());
            // A number stays one, and a text of another form one of that.
            let fixed = if schema.allows(&nil) { nil } else { schema.id(FIXED, uuid::Uuid::nil()).unwrap_or(nil) };
            let same = |name, text, every| Way { every, ..way(name, text, Mutation::Set(fixed.clone()), Vec::new()) };
            vec![
                same("always-the-same", "every answer has the same value", 1),
                same("now-and-then", "every seventh answer has the same value", 7),
            ]
        }
        Relation::SameForCaller => {
            vec![way("changing", "every answer has another value", Mutation::Counted, Vec::new())]
        }
    }
}

/// Wrong for all, for the default, for all rows with the same outcome, for single rows.
fn ways_to_derive(derived: &Derived) -> Vec<Way> {
    let (from, table) = (&derived.from, &derived.table);
    let rows = |wanted: &dyn Fn(usize, &[String]) -> bool| {
        let rows = table.rows().iter().enumerate().filter(|(index, row)| wanted(*index, row));
        vec![Condition::OneOf(from.clone(), rows.map(|(_, row)| Value::from(row[0].as_str())).collect())]
    };
    let mut found = vec![
        way("other", "the value does not follow", Mutation::Perturb, Vec::new()),
        way(
            "other-by-default",
            "the default has another value",
            Mutation::Perturb,
            vec![Condition::Absent(from.clone())],
        ),
    ];
    let cells: BTreeSet<_> = table.cells(derived.column).collect();
    for cell in cells {
        let when = rows(&|_, row| row[derived.column] == cell);
        found.push(way(
            &format!("other-for-{cell}"),
            "the value does not follow for some rows",
            Mutation::Perturb,
            when,
        ));
    }
    for index in [0, table.rows().len() / 2, table.rows().len() - 1] {
        let when = rows(&|each, _| each == index);
        let name = format!("other-for-row-{}", index + 1);
        found.push(way(&name, "the value does not follow for one row", Mutation::Perturb, when));
    }
    found
}

/// A change of the field that breaks this rule of the schema, and no other, with its name.
fn breaking(schema: &Schema, rule: &Rule) -> Option<(String, Mutation)> {
    let limits = schema.rules.iter().filter_map(|rule| match rule {
        Rule::Minimum(limit)
        | Rule::Maximum(limit)
        | Rule::ExclusiveMinimum(limit)
        | Rule::ExclusiveMaximum(limit)
        | Rule::MultipleOf(limit) => limit.as_i64(),
        _ => None,
    });
    let near = limits.flat_map(|limit| [json!(limit - 1), json!(limit), json!(limit + 1)]);
    let texts = ["other", "", "yesterday 12:00Z", "7"].map(Value::from);
    let plain = texts.into_iter().chain([json!(7), json!(true), json!([]), json!({})]);
    let breaks =
        |value: &Value| matches!(schema.examine(value).broken.as_slice(), [broken] if broken.keyword == rule.keyword());
    let value = plain.chain(near).find(breaks);
    match value {
        // Each answer with a value of its own, or that clause would break too.
        Some(Value::String(_)) if schema.relation("unique").is_some() => Some(("other".to_owned(), Mutation::Counted)),
        Some(_) if schema.rule("format").is_some() && rule.keyword() == "pattern" => {
            Some(("local-time".to_owned(), Mutation::LocalTime))
        }
        Some(value) => Some((value.to_string(), Mutation::Set(value))),
        None => None,
    }
}
