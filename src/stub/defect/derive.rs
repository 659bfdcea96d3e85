//! Walks the contract and lists, for each clause, the ways to break it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Defect;
use super::flaw::{Condition, Flaw, Manner};
use super::twist::{Twist, perturbed};
use crate::contract::{Behaviour, Certain, Contract, Derived, Relation, Rule, Schema, TokenHeader, Type};
use crate::exchange::Credential;

/// Every defect that the contract can express, in the order of its clauses.
pub fn defects(contract: &Contract) -> Vec<Defect> {
    let mut list = List::default();
    list.of_body(contract);
    for (name, schema) in &contract.creation.request.properties {
        list.of_request_field(name, schema);
    }
    if let Some(others) = &contract.creation.request.additional {
        for rule in &others.rules {
            list.of_request_rule(others, rule);
        }
    }
    list.of_pairs(contract);
    list.of_token();
    list.of_statuses(contract);
    list.of_answer();
    for (name, schema) in &contract.creation.response.properties {
        list.of_response_field(contract, name, schema);
    }
    list.of_others(&contract.creation.response);
    for behaviour in &contract.creation.behaviours {
        list.of_behaviour(contract, behaviour);
    }
    // A status that the documentation does not mention makes no clause.
    list.0.retain(|defect| contract.clauses.contains_key(&defect.clause) || !defect.clause.starts_with("status."));
    list.0
}

#[derive(Default)]
struct List(Vec<Defect>);

impl List {
    fn add(&mut self, clause: &str, way: &str, text: &str, flaw: Flaw) -> &mut Defect {
        let name = format!("{clause}:{way}");
        self.0.push(Defect { name, clause: clause.to_owned(), text: text.to_owned(), follows: Vec::new(), flaw });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn pass(&mut self, clause: &str, way: &str, manner: Manner) {
        self.add(
            clause,
            way,
            "a request that breaks the clause is accepted",
            Flaw::Passes { clause: clause.to_owned(), manner },
        );
    }

    fn of_body(&mut self, contract: &Contract) {
        let request = &contract.creation.request;
        if contract.creation.is_body_required {
            self.pass(&format!("{}.required", request.place), "takes-nothing", Manner::Anything);
        }
        let syntax = format!("{}.syntax", request.place);
        self.pass(&syntax, "takes-anything", Manner::Anything);
        for (way, part) in [
            ("takes-comments", "/"),
            ("takes-trailing-commas", ",}"),
            ("takes-single-quotes", "'"),
            ("takes-nan", "NaN"),
            ("takes-more-behind", "}{"),
        ] {
            self.pass(&syntax, way, Manner::Contains(part));
        }
        let kind = format!("{}.type", request.place);
        for (way, letters) in [
            ("takes-arrays", "["),
            ("takes-texts", "\""),
            ("takes-numbers", "-0123456789"),
            ("takes-booleans", "tf"),
            ("takes-null", "n"),
        ] {
            self.pass(&kind, way, Manner::BeginsWith(letters));
        }
    }

    fn of_request_field(&mut self, name: &str, schema: &Schema) {
        let place = &schema.place;
        if let Some(default) = &schema.default {
            let others = [("other", perturbed(Some(default))), ("null", Value::Null)];
            for (way, value) in others.into_iter().filter(|(_, value)| value != default) {
                let when = vec![Condition::Absent(name.to_owned())];
                let flaw = Flaw::Twisted { field: name.to_owned(), twist: Twist::Set(value), when, every: 1 };
                let defect = self.add(&format!("{place}.default"), way, "what is left out gets another default", flaw);
                // Where the body leaves open what was given, a null has the wrong type and no more can be said.
                defect.follows.push(format!("response.{name}.type"));
            }
        }
        if schema.can_be_given() {
            let needed = Flaw::Refuses(vec![Condition::Absent(name.to_owned())]);
            self.add(&format!("{place}.optional"), "needed", "a request without the field is refused", needed);
        }
        for rule in &schema.rules {
            self.of_request_rule(schema, rule);
        }
        let last = schema.rules.last().map_or("type", Rule::keyword);
        for value in certain_values(schema) {
            let flaw = Flaw::Refuses(vec![Condition::OneOf(name.to_owned(), vec![value.clone()])]);
            self.add(&format!("{place}.{last}"), &format!("refuses-{value}"), "a good value is refused", flaw);
        }
        if let Some(item) = &schema.items {
            for rule in &item.rules {
                self.of_request_rule(item, rule);
            }
        }
    }

    fn of_request_rule(&mut self, schema: &Schema, rule: &Rule) {
        let clause = format!("{}.{}", schema.place, rule.keyword());
        match rule {
            Rule::Type(types) => {
                let others = Type::ALL.iter().filter(|(_, kind)| !types.contains(kind) && *kind != Type::Null);
                for (name, kind) in
                    others.filter(|(_, kind)| !(types.contains(&Type::Number) && *kind == Type::Integer))
                {
                    self.pass(&clause, &format!("takes-{name}"), Manner::OfType(*kind));
                }
            }
            Rule::Enum(_) | Rule::Table(..) => {
                let values = listed(rule);
                self.pass(&clause, "takes-anything", Manner::Anything);
                self.pass(&clause, "takes-other-case", Manner::OtherCase(values.clone()));
                self.pass(&clause, "takes-outer-spaces", Manner::OuterSpace(values.clone()));
                self.pass(&clause, "takes-prefixes", Manner::Prefix(values));
            }
            Rule::Minimum(limit) | Rule::Maximum(limit) => {
                let step = if matches!(rule, Rule::Minimum(_)) { -1 } else { 1 };
                self.pass(&clause, "no-limit", Manner::Anything);
                self.pass(&clause, "off-by-one", Manner::Equals(limit.as_i64().unwrap_or_default() + step));
            }
            Rule::MinLength(limit) => {
                self.pass(&clause, "no-limit", Manner::Anything);
                self.pass(&clause, "off-by-one", Manner::OfLength(limit.saturating_sub(1)));
            }
            Rule::MaxLength(limit) => {
                self.pass(&clause, "no-limit", Manner::Anything);
                self.pass(&clause, "off-by-one", Manner::OfLength(limit + 1));
            }
            _ => self.pass(&clause, "takes-anything", Manner::Anything),
        }
    }

    /// Faults that need two fields together: nothing that tries one at a time can see them.
    fn of_pairs(&mut self, contract: &Contract) {
        let clause = format!("status.{}", contract.creation.created);
        let all = contract.creation.request.properties.iter();
        let properties: Vec<_> = all.filter(|(_, schema)| schema.can_be_given()).collect();
        for (index, (one, _)) in properties.iter().enumerate() {
            for (other, _) in &properties[index + 1..] {
                let both = vec![Condition::Given((*one).clone()), Condition::Given((*other).clone())];
                self.add(
                    &clause,
                    &format!("refuses-{one}-with-{other}"),
                    "two fields together are refused",
                    Flaw::Refuses(both),
                );
            }
        }
        let echoed = |name: &str| {
            contract.creation.response.properties.get(name).is_some_and(|schema| schema.relation("echo").is_some())
        };
        for window in properties.windows(2) {
            let ((one, _), (other, _)) = (window[0], window[1]);
            if echoed(one) {
                let when = vec![Condition::Given(one.clone()), Condition::Given(other.clone())];
                let flaw = Flaw::Twisted { field: one.clone(), twist: Twist::Perturb, when, every: 1 };
                let clause = format!("response.{one}.echo");
                let way = format!("lost-with-{other}");
                let defect = self.add(&clause, &way, "a value is lost when another field is given", flaw);
                // A null that was given is lost too, and what comes instead is neither it nor the default.
                defect.follows.push(format!("request.{one}.default"));
            }
        }
    }

    fn of_token(&mut self) {
        for (name, credential) in Credential::ALL.into_iter().filter(|(_, credential)| *credential != Credential::Good)
        {
            let flaw = Flaw::Opens(credential);
            let way = format!("takes-{name}");
            let defect = self.add(TokenHeader::CLAUSE, &way, "a credential that is not good is taken", flaw);
            // Behind the open door a bad body is refused for what it is.
            defect.follows.push("status.401".to_owned());
        }
    }

    fn of_statuses(&mut self, contract: &Contract) {
        let created = format!("status.{}", contract.creation.created);
        for status in [200, 202] {
            self.add(&created, &status.to_string(), "success has another status", Flaw::Created(status));
        }
        for status in [404, 422, 500] {
            self.add(
                "status.400",
                &status.to_string(),
                "a bad request has another status",
                Flaw::Refused { clause: None, status },
            );
        }
        let kind = Some(format!("{}.type", contract.creation.request.place));
        self.add(
            "status.400",
            "500-for-no-object",
            "a body that is no object ends in an error",
            Flaw::Refused { clause: kind, status: 500 },
        );
        for status in [400, 403, 404] {
            self.add(
                "status.401",
                &status.to_string(),
                "a bad credential has another status",
                Flaw::Unauthorized(status),
            );
        }
        for status in [400, 500] {
            self.add("status.404", &status.to_string(), "an unknown id has another status", Flaw::Unknown(status));
        }
    }

    fn of_answer(&mut self) {
        for (way, media_type) in
            [("html", Some("text/html")), ("text", Some("text/plain; charset=utf-8")), ("none", None)]
        {
            self.add(
                "response.media-type",
                way,
                "the answer says that it is something else",
                Flaw::MediaType(media_type),
            );
        }
        for (way, body) in [("array", "[]"), ("text", "created"), ("nothing", ""), ("cut", "{\"id\": \"4ca4")] {
            self.add("response.type", way, "the answer is no object", Flaw::Body(body));
        }
    }

    fn of_response_field(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        let place = &schema.place;
        let twisted = |twist, when, every| Flaw::Twisted { field: name.to_owned(), twist, when, every };
        if contract.creation.response.required.iter().any(|required| required == name) {
            let clause = format!("{place}.required");
            self.add(&clause, "missing", "the field is missing", twisted(Twist::Remove, Vec::new(), 1));
            let text = "the field is missing in every seventh answer";
            self.add(&clause, "now-and-then", text, twisted(Twist::Remove, Vec::new(), 7));
        }
        for rule in &schema.rules {
            let Some((way, twist)) = breaking(schema, rule) else { continue };
            // What is given comes back: only where nothing was given, the field's own rules are all that can break.
            let is_given_back = schema.relation("echo").is_some() && rule.keyword() != "type";
            let when = if is_given_back { vec![Condition::Absent(name.to_owned())] } else { Vec::new() };
            let clause = format!("{place}.{}", rule.keyword());
            self.add(&clause, &way, "the field has a wrong value", twisted(twist, when, 1));
        }
        if let Some(items) = &schema.items {
            let wrong = twisted(Twist::Set(json!([7])), Vec::new(), 1);
            self.add(&format!("{}.type", items.place), "[7]", "an item has a wrong type", wrong);
        }
        for relation in &schema.relations {
            self.of_relation(name, schema, relation);
        }
    }

    /// A promise broken for everything; and, where more than its own cases shows it, for what has some values only.
    fn of_behaviour(&mut self, contract: &Contract, behaviour: &Behaviour) {
        let clause = format!("behaviour.{}", behaviour.id);
        let mut whens = vec![(String::new(), Vec::new())];
        if behaviour.is_shown_by_removal {
            // What is deleted has been released before.
            let held = &contract.operations[contract.creation.lifecycle.remove].refused_when;
            let is_free =
                |when: &Vec<Condition>| !when.iter().any(|each| held.iter().any(|(field, _)| each.field() == field));
            whens.extend(rare_states(contract).into_iter().filter(|(_, when)| is_free(when)));
        } else if behaviour.sequel.is_some() {
            whens.extend(rare_states(contract));
        }
        for (way, misbehaviour) in &behaviour.defects {
            for (state, when) in &whens {
                let flaw = Flaw::Misbehaves { way: *misbehaviour, when: when.clone() };
                let defect = self.add(&clause, &format!("{way}{state}"), "a promise of the prose is broken", flaw);
                // Promises about reading and deleting rest on each other.
                defect.follows.push("behaviour.".to_owned());
            }
        }
    }

    fn of_others(&mut self, response: &Schema) {
        if response.echo_of_others().is_some() {
            let clause = format!("{}.additionalProperties.echo", response.place);
            for (way, twist) in [("missing", Twist::Remove), ("other", Twist::Perturb)] {
                self.add(&clause, way, "a field that is not listed does not come back", Flaw::TwistedOthers(twist));
            }
        }
    }

    fn of_relation(&mut self, name: &str, schema: &Schema, relation: &Relation) {
        let clause = format!("{}.{}", schema.place, relation.keyword());
        for Way { name: way, text, twist, when } in ways(name, schema, relation) {
            let flaw = Flaw::Twisted { field: name.to_owned(), twist, when, every: 1 };
            let defect = self.add(&clause, &way, text, flaw);
            match relation {
                // What is given may be null, which may stand for the default.
                Relation::Echo(_) => defect.follows.push(format!("request.{name}.default")),
                // Two that share what tells them apart share their fate; and what changes is not read back as it was answered.
                Relation::Unique | Relation::SameForCaller => defect.follows.push("behaviour.".to_owned()),
                _ => {}
            }
        }
    }
}

/// One way to break a relation.
struct Way {
    name: String,
    text: &'static str,
    twist: Twist,
    when: Vec<Condition>,
}

fn way(name: &str, text: &'static str, twist: Twist, when: Vec<Condition>) -> Way {
    Way { name: name.to_owned(), text, twist, when }
}

fn ways(name: &str, schema: &Schema, relation: &Relation) -> Vec<Way> {
    match relation {
        Relation::Echo(_) => {
            vec![way("other", "another value comes back", Twist::Perturb, vec![Condition::Given(name.to_owned())])]
        }
        Relation::Derived(derived) => ways_to_derive(derived),
        Relation::Template(_) => vec![way("other", "the text has another form", Twist::Perturb, Vec::new())],
        Relation::NotBefore(_) => {
            vec![way("a-minute-before", "the time is a minute too early", Twist::SecondsFromNow(-60), Vec::new())]
        }
        Relation::NearNow(_) => {
            // Of two times the later one goes wrong to the later side, so that only this clause breaks.
            let side = if schema.relation("not-before").is_some() { 1 } else { -1 };
            let hours = [("two-hours-off", 2), ("a-day-off", 24)];
            let off = |(name, hours): (&str, i64)| {
                way(name, "the time is not now", Twist::SecondsFromNow(side * hours * 3600), Vec::new())
            };
            hours.map(off).into()
        }
        Relation::Unique => {
            let fixed = Value::from(uuid::Uuid::nil().to_string());
            vec![way("always-the-same", "every answer has the same value", Twist::Set(fixed), Vec::new())]
        }
        Relation::SameForCaller => {
            vec![way("changing", "every answer has another value", Twist::Counted, Vec::new())]
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
        way("other", "the value does not follow", Twist::Perturb, Vec::new()),
        way("other-by-default", "the default has another value", Twist::Perturb, vec![Condition::Absent(from.clone())]),
    ];
    let cells: BTreeSet<_> = table.cells(derived.column).collect();
    for cell in cells {
        let when = rows(&|_, row| row[derived.column] == cell);
        found.push(way(&format!("other-for-{cell}"), "the value does not follow for some rows", Twist::Perturb, when));
    }
    for index in [0, table.rows().len() / 2, table.rows().len() - 1] {
        let when = rows(&|each, _| each == index);
        let name = format!("other-for-row-{}", index + 1);
        found.push(way(&name, "the value does not follow for one row", Twist::Perturb, when));
    }
    found
}

/// States that few resources have: one value of a field that has several, and two such values together.
fn rare_states(contract: &Contract) -> Vec<(String, Vec<Condition>)> {
    let one_of = |(name, schema): (&String, &Schema)| {
        let values = certain_values(schema);
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

/// Values that every reading allows, where the rules themselves name them.
fn certain_values(schema: &Schema) -> Vec<Value> {
    let certain = match &schema.certain {
        Certain::Within(certain) => certain.rules.as_slice(),
        Certain::All | Certain::Nothing => &[],
    };
    let mut values: Vec<Value> = Vec::new();
    for rule in schema.rules.iter().chain(certain) {
        match rule {
            Rule::Type(types) if types.contains(&Type::Boolean) => values.extend([json!(true), json!(false)]),
            Rule::Enum(listed) => values.extend(listed.iter().cloned()),
            Rule::Table(table, column) => {
                values.extend([0, table.rows().len() - 1].map(|row| Value::from(table.rows()[row][*column].as_str())));
            }
            Rule::Minimum(limit) | Rule::Maximum(limit) => values.push(Value::Number(limit.clone())),
            _ => {}
        }
    }
    let is_certain = |value: &Value| {
        let found = schema.examine(value);
        found.broken.is_empty() && found.open.is_empty()
    };
    values.into_iter().filter(is_certain).collect()
}

fn listed(rule: &Rule) -> Vec<Value> {
    match rule {
        Rule::Enum(values) => values.clone(),
        Rule::Table(table, column) => table.cells(*column).map(Value::from).collect(),
        _ => Vec::new(),
    }
}

/// A change of the field that breaks this rule of the schema, and no other, with its name.
fn breaking(schema: &Schema, rule: &Rule) -> Option<(String, Twist)> {
    let limits = schema.rules.iter().filter_map(|rule| match rule {
        Rule::Minimum(limit) | Rule::Maximum(limit) => limit.as_i64(),
        _ => None,
    });
    let near = limits.flat_map(|limit| [json!(limit - 1), json!(limit + 1)]);
    let texts = ["other", "", "yesterday 12:00Z", "7"].map(Value::from);
    let plain = texts.into_iter().chain([json!(7), json!(true), json!([]), json!({})]);
    let breaks =
        |value: &Value| matches!(schema.examine(value).broken.as_slice(), [broken] if broken.keyword == rule.keyword());
    let value = plain.chain(near).find(breaks);
    match value {
        // Each answer with a value of its own, or that clause would break too.
        Some(Value::String(_)) if schema.relation("unique").is_some() => Some(("other".to_owned(), Twist::Counted)),
        Some(_) if schema.rule("format").is_some() && rule.keyword() == "pattern" => {
            Some(("local-time".to_owned(), Twist::LocalTime))
        }
        Some(value) => Some((value.to_string(), Twist::Set(value))),
        None => None,
    }
}
