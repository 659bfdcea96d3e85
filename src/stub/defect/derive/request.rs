//! Ways to break the clauses of a request: what should be refused is taken, what should be taken is refused.

use serde_json::{Value, json};

use super::List;
use crate::contract::{ClauseId, Contract, Rule, Schema, Type, Unambiguous};
use crate::stub::defect::condition::Condition;
use crate::stub::defect::fault::Fault;
use crate::stub::defect::leniency::Leniency;
use crate::stub::defect::mutation::{Mutation, mutated};

impl List {
    pub(super) fn of_body(&mut self, contract: &Contract) {
        let request = &contract.creation.request;
        if contract.creation.is_body_required {
            self.pass(&request.clause("required"), "takes-nothing", Leniency::Anything);
        }
        let syntax = request.clause("syntax");
        self.pass(&syntax, "takes-anything", Leniency::Anything);
        for (way, part) in [
            ("takes-comments", "/"),
            ("takes-trailing-commas", ",}"),
            ("takes-single-quotes", "'"),
            ("takes-nan", "NaN"),
            ("takes-more-behind", "}{"),
        ] {
            self.pass(&syntax, way, Leniency::Contains(part));
        }
        let kind = request.clause("type");
        for (way, letters) in [
            ("takes-arrays", "["),
            ("takes-texts", "\""),
            ("takes-numbers", "-0123456789"),
            ("takes-booleans", "tf"),
            ("takes-null", "n"),
        ] {
            self.pass(&kind, way, Leniency::BeginsWith(letters));
        }
    }

    pub(super) fn of_request_field(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        if let Some(default) = &schema.default {
            let others = [("other", mutated(Some(default))), ("null", Value::Null)];
            for (way, value) in others.into_iter().filter(|(_, value)| value != default) {
                let when = vec![Condition::Absent(name.to_owned())];
                let fault = Fault::Mutated { field: name.to_owned(), mutation: Mutation::Set(value), when, every: 1 };
                let defect = self.add(&schema.clause("default"), way, "what is left out gets another default", fault);
                // Where the body leaves open what was given, a null has the wrong type and no more can be said.
                defect.follows.push(ClauseId::of_response(name, "type").to_string());
            }
        }
        let is_required = contract.creation.request.required.iter().any(|each| each == name);
        let answer = contract.creation.response.properties.get(name);
        if !is_required
            && can_be_respelled(contract, name, schema)
            && answer.is_some_and(|answer| answer.relation("echo").is_some())
        {
            let text = "the field is read under other spellings of its name, too";
            self.add(&schema.clause("default"), "respelled", text, Fault::Respells(name.to_owned()));
            let others = contract.creation.request.additional.as_deref();
            if others.is_none_or(|others| others.allows(&json!({ name: "a" }))) {
                let text = "the field is read from an object beside it, too";
                self.add(&schema.clause("default"), "unwrapped", text, Fault::Unwraps(name.to_owned()));
            }
        }
        if is_required {
            self.pass(&schema.clause("required"), "takes-nothing", Leniency::Anything);
        } else if schema.can_be_given() {
            let needed = Fault::Refuses(vec![Condition::Absent(name.to_owned())]);
            self.add(&schema.clause("optional"), "needed", "a request without the field is refused", needed);
        }
        for rule in &schema.rules {
            self.of_request_rule(schema, rule);
        }
        if let Some(value) = unambiguous_values(schema).last().filter(|_| !is_required) {
            self.of_denials(contract, name, schema, value);
        }
        for value in unambiguous_values(schema) {
            let when = vec![Condition::OneOf(name.to_owned(), vec![value.clone()])];
            match schema.clause_naming(&value) {
                Some(clause) => {
                    self.add(&clause, &format!("refuses-{value}"), "a good value is refused", Fault::Refuses(when));
                }
                None => {
                    self.refuse(contract, &[name], &format!("refuses-{name}-{value}"), when);
                }
            }
        }
        if schema.can_be_given() {
            self.of_lower_limits(contract, name, schema);
        }
        if let Some(item) = &schema.items {
            for rule in &item.rules {
                self.of_request_rule(item, rule);
            }
        }
    }

    /// A good value is refused as if the caller had no right to it, or had used up what it may use.
    fn of_denials(&mut self, contract: &Contract, name: &str, schema: &Schema, value: &Value) {
        for status in [403, 413] {
            let fault =
                Fault::Denies { status, when: vec![Condition::OneOf(name.to_owned(), vec![value.clone()])], every: 1 };
            let created = ClauseId::status(contract.creation.created);
            let named = schema.clause_naming(value);
            let over = if named.is_some() { String::new() } else { format!("/{name}") };
            let way = format!("denies-{name}-{value}-with-{status}");
            let text = "a good value is refused as if a right were lacking";
            self.add(&named.unwrap_or(created), &way, text, fault).cause = over;
        }
    }

    /// A service that allows less than what the contract promises, or nothing.
    fn of_lower_limits(&mut self, contract: &Contract, name: &str, schema: &Schema) {
        // What carries a mark there may be refused for its sake, whatever it is about.
        let marked = schema.mark.is_some().then(|| ClauseId::status(contract.creation.created).to_string());
        // What every reading allows is tried to its end.
        let limit = unambiguous_rules(schema).chain(&schema.rules).find_map(|rule| Some((rule, halved(rule)?)));
        if let Some((whole, half)) = limit {
            let when = vec![Condition::Breaks(name.to_owned(), half)];
            let is_own = schema.rules.iter().any(|rule| rule.text() == whole.text());
            let defect = if is_own {
                let text = "good values beyond half of the limit are refused";
                self.add(&schema.clause(whole.keyword()), "limit-halved", text, Fault::Refuses(when))
            } else {
                self.refuse(contract, &[name], &format!("halves-{name}"), when)
            };
            defect.follows.extend(marked.clone());
            if contract.creation.request.required.iter().any(|each| each == name) {
                return; // every good request is refused then, and nothing tells why
            }
            let when = vec![Condition::Given(name.to_owned())];
            self.refuse(contract, &[name], &format!("refuses-every-{name}"), when).follows.extend(marked);
        }
    }

    pub(super) fn of_request_rule(&mut self, schema: &Schema, rule: &Rule) {
        let clause = schema.clause(rule.keyword());
        match rule {
            Rule::Type(types) => {
                let others = Type::ALL.iter().filter(|(_, kind)| !types.contains(kind) && *kind != Type::Null);
                for (name, kind) in
                    others.filter(|(_, kind)| !(types.contains(&Type::Number) && *kind == Type::Integer))
                {
                    self.pass(&clause, &format!("takes-{name}"), Leniency::OfType(*kind));
                }
                if types.contains(&Type::Integer) && !types.contains(&Type::Number) {
                    self.pass(&clause, "takes-near-integers", Leniency::NearInteger);
                }
            }
            Rule::Enum(_) | Rule::Table(..) => {
                let values = listed(rule);
                self.pass(&clause, "takes-anything", Leniency::Anything);
                self.pass(&clause, "takes-other-case", Leniency::OtherCase(values.clone()));
                self.pass(&clause, "takes-outer-spaces", Leniency::OuterSpace(values.clone()));
                self.pass(&clause, "takes-prefixes", Leniency::Prefix(values));
            }
            Rule::Minimum(limit) | Rule::Maximum(limit) => {
                let step = if matches!(rule, Rule::Minimum(_)) { -1 } else { 1 };
                self.pass(&clause, "no-limit", Leniency::Anything);
                self.pass(&clause, "no-limit-for-floats", Leniency::Float);
                self.pass(
                    &clause,
                    "off-by-one",
                    Leniency::Equals(limit.as_i64().unwrap_or_default().saturating_add(step)),
                );
            }
            Rule::ExclusiveMinimum(limit) | Rule::ExclusiveMaximum(limit) => {
                self.pass(&clause, "no-limit", Leniency::Anything);
                if let Some(limit) = limit.as_i64() {
                    self.pass(&clause, "takes-the-limit", Leniency::Equals(limit));
                }
            }
            Rule::MinLength(limit) => {
                self.pass(&clause, "no-limit", Leniency::Anything);
                self.pass(&clause, "off-by-one", Leniency::OfLength(limit.saturating_sub(1)));
            }
            Rule::MaxLength(limit) => {
                self.pass(&clause, "no-limit", Leniency::Anything);
                self.pass(&clause, "off-by-one", Leniency::OfLength(limit.saturating_add(1)));
                // A count in one byte, or in two, begins again at nothing.
                for (way, size) in [("counted-in-a-byte", 0x100), ("counted-in-two-bytes", 0x1_0000)] {
                    if *limit < size {
                        self.pass(&clause, way, Leniency::OfLength(size + 1));
                    }
                }
            }
            _ => self.pass(&clause, "takes-anything", Leniency::Anything),
        }
    }

    /// Faults that need two fields together: nothing that tries one at a time can see them.
    pub(super) fn of_pairs(&mut self, contract: &Contract) {
        let all = contract.creation.request.properties.iter();
        // Whatever goes wrong with a field that is always there goes wrong always.
        let is_required = |name: &String| contract.creation.request.required.contains(name);
        let properties: Vec<_> = all.filter(|(name, schema)| schema.can_be_given() && !is_required(name)).collect();
        for (index, (one, _)) in properties.iter().enumerate() {
            for (other, _) in &properties[index + 1..] {
                let both = vec![Condition::Given((*one).clone()), Condition::Given((*other).clone())];
                self.refuse(contract, &[one, other], &format!("refuses-{one}-with-{other}"), both);
            }
        }
        let echo_of = |name: &str| {
            let schema = contract.creation.response.properties.get(name)?;
            schema.relation("echo").map(|echo| schema.clause(echo.keyword()))
        };
        for window in properties.windows(2) {
            let ((one, schema), (other, _)) = (window[0], window[1]);
            if let Some(rule) = schema.rules.last() {
                let clause = schema.clause(rule.keyword());
                let when = vec![Condition::Given(other.clone())];
                let fault = Fault::Passes { clause: clause.clone(), leniency: Leniency::Anything, when };
                let text = "a value is not checked when another field is given";
                self.add(&clause, &format!("unchecked-with-{other}"), text, fault);
            }
            if let Some(clause) = echo_of(one) {
                let when = vec![Condition::Given(one.clone()), Condition::Given(other.clone())];
                let fault = Fault::Mutated { field: one.clone(), mutation: Mutation::Perturb, when, every: 1 };
                let way = format!("lost-with-{other}");
                let defect = self.add(&clause, &way, "a value is lost when another field is given", fault);
                // A null that was given is lost too, and what comes instead is neither it nor the default.
                defect.follows.push(schema.clause("default").to_string());
            }
        }
    }
}

/// Whether a service that takes other names for the field's own is seen doing so: by a value that the field does not have by itself, that the contract allows
/// under another name, and that holds nothing back from being removed.
fn can_be_respelled(contract: &Contract, name: &str, schema: &Schema) -> bool {
    let others = contract.creation.request.additional.as_deref();
    let is_seen = |value: Value| {
        let is_held = contract.protected_states().contains(&(name.to_owned(), value.clone()));
        let is_taken = others.is_none_or(|others| others.examine(&value).broken.is_empty());
        !is_held && is_taken && schema.default.as_ref() != Some(&value) && schema.is_unambiguous(&value)
    };
    schema.default.is_some() && unambiguous_values(schema).into_iter().chain([json!("a")]).any(is_seen)
}

/// Values that every reading allows, where the rules themselves name them.
pub(super) fn unambiguous_values(schema: &Schema) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for rule in schema.rules.iter().chain(unambiguous_rules(schema)) {
        match rule {
            Rule::Type(types) if types.contains(&Type::Boolean) => values.extend([json!(true), json!(false)]),
            Rule::Enum(listed) => values.extend(listed.iter().cloned()),
            Rule::Table(table, column) => {
                values.extend([0, table.rows().len() - 1].map(|row| Value::from(table.rows()[row][*column].as_str())));
            }
            Rule::Minimum(limit) | Rule::Maximum(limit) => values.push(Value::Number(limit.clone())),
            Rule::ExclusiveMinimum(limit) => values.extend(limit.as_i64().map(|limit| json!(limit.saturating_add(1)))),
            Rule::ExclusiveMaximum(limit) => values.extend(limit.as_i64().map(|limit| json!(limit.saturating_sub(1)))),
            _ => {}
        }
    }
    values.into_iter().filter(|value| schema.is_unambiguous(value)).collect()
}

fn unambiguous_rules(schema: &Schema) -> impl Iterator<Item = &Rule> {
    match &schema.unambiguous {
        Unambiguous::Within(unambiguous) => unambiguous.rules.iter(),
        Unambiguous::All | Unambiguous::Nothing => [].iter(),
    }
}

/// An upper limit that allows half of what this one allows.
fn halved(rule: &Rule) -> Option<Rule> {
    Some(match rule {
        Rule::Maximum(limit) => Rule::Maximum((limit.as_i64()? / 2).into()),
        Rule::ExclusiveMaximum(limit) => Rule::ExclusiveMaximum((limit.as_i64()? / 2).into()),
        Rule::MaxLength(limit) => Rule::MaxLength(limit / 2),
        Rule::MaxItems(limit) => Rule::MaxItems(limit / 2),
        _ => return None,
    })
}

fn listed(rule: &Rule) -> Vec<Value> {
    match rule {
        Rule::Enum(values) => values.clone(),
        Rule::Table(table, column) => table.cells(*column).map(Value::from).collect(),
        _ => Vec::new(),
    }
}
