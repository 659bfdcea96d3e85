//! A schema: JSON Schema's keywords, and the unspecified where a rule is left open.

use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value;

use super::{ClauseId, Echo, Mark, Relation, Rule, Type};

/// What one value may be. Its clauses begin with [`Schema::place`].
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Where the schema stands: `request.tags.items`. Empty for a schema that makes no clauses.
    pub place: String,
    /// The ids of its clauses by keyword, once they are made.
    pub(super) clauses: Vec<(&'static str, ClauseId)>,
    /// What the value is for, and where in the documentation that stands.
    pub description: String,
    /// What the value must hold, the type first.
    pub rules: Vec<Rule>,
    /// What the value owes to others; only in a response.
    pub relations: Vec<Relation>,
    /// What each item of an array must be.
    pub items: Option<Box<Schema>>,
    /// What the fields of an object must be.
    pub properties: IndexMap<String, Schema>,
    /// What the other fields of an object must be.
    pub additional: Option<Box<Schema>>,
    /// Fields of an object that must be there.
    pub required: Vec<String>,
    /// What a field is when it is left out.
    pub default: Option<Value>,
    /// Good values, for the stub.
    pub examples: Vec<Value>,
    /// The values that every reading of the documentation allows.
    pub unambiguous: Unambiguous,
    /// The values that only some readings allow.
    pub unspecified: Vec<UnspecifiedValues>,
    /// The statuses that may refuse a value which breaks a rule, by the rule's keyword, beside that of a bad request.
    pub refused: Vec<(String, Vec<u16>)>,
    /// The code with which the service names the error.
    pub error_code: Option<String>,
    /// Whether the value may differ when it is read again.
    pub may_change: bool,
    /// What the field can hold to tell whose the resource is.
    pub mark: Option<Mark>,
    /// The unspecified values of numbers that not every reader can tell from an allowed one; only in a request.
    pub blur: Option<Arc<UnspecifiedValues>>,
}

/// Which of the allowed values no reading of the documentation forbids.
#[derive(Clone, Debug, Default)]
pub enum Unambiguous {
    /// All that the schema allows, but for unspecified values.
    #[default]
    All,
    /// Only those that this schema allows too.
    Within(Box<Schema>),
    /// None.
    Nothing,
}

/// Values that the documentation leaves open: accepting and refusing them conforms.
#[derive(Clone, Debug)]
pub struct UnspecifiedValues {
    /// What the values are, for the report.
    pub title: String,
    /// The values, wherever the schema stands on them; `None` is all that is allowed and not unambiguous.
    pub schema: Option<Schema>,
    /// Why they are open.
    pub because: String,
    /// How an accepted value may come back other than unchanged.
    pub returns: Vec<Returns>,
    /// Some of the values, worth trying.
    pub examples: Vec<Value>,
}

/// How an accepted value that the documentation leaves open may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// As the default.
    Default,
    /// Without the spaces around it.
    Trimmed,
    /// As a set.
    Merged,
}

impl Returns {
    /// Every way, with its name in a contract.
    pub const ALL: [(&'static str, Self); 3] =
        [("default", Self::Default), ("trimmed", Self::Trimmed), ("merged", Self::Merged)];
}

/// What holding a value against a schema found.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Rules that the value breaks.
    pub broken: Vec<Broken<'a>>,
    /// Zones that the value or a part of it lies in.
    pub open: Vec<UnspecifiedAt<'a>>,
}

/// A rule that a value breaks.
#[derive(Clone, Copy, Debug)]
pub struct Broken<'a> {
    /// The schema that holds the rule.
    pub schema: &'a Schema,
    /// The keyword of the rule, or `required`.
    pub keyword: &'static str,
    /// The rule, where it is one of a value.
    pub rule: Option<&'a Rule>,
    /// The value that breaks it.
    pub value: Option<&'a Value>,
    /// JSON pointer to the value, built only when somebody asks.
    pub at: At<'a>,
}

/// Unspecified values, one of which stands in a body.
#[derive(Clone, Copy, Debug)]
pub struct UnspecifiedAt<'a> {
    /// The schema that holds the unspecified values.
    pub schema: &'a Schema,
    /// The unspecified values.
    pub unspecified: &'a UnspecifiedValues,
    /// Where the value stands.
    pub at: At<'a>,
}

/// Where in a body a value stands; an object's field, and an item in it, is as deep as contracts go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At<'a> {
    /// The field of the body.
    pub field: Option<&'a str>,
    /// The item of the field's array.
    pub item: Option<usize>,
}

impl At<'_> {
    /// The JSON pointer.
    pub fn pointer(&self) -> String {
        let field =
            self.field.map(|field| format!("/{}", field.replace('~', "~0").replace('/', "~1"))).unwrap_or_default();
        self.item.map_or(field.clone(), |item| format!("{field}/{item}"))
    }
}

impl Broken<'_> {
    /// The id of the clause that the rule is.
    pub fn clause(&self) -> ClauseId {
        self.schema.clause(self.keyword)
    }
}

impl Schema {
    /// The id of the clause that this keyword makes here.
    pub fn clause(&self, keyword: &str) -> ClauseId {
        let known = self.clauses.iter().find(|(known, _)| *known == keyword);
        known.map_or_else(|| ClauseId::rule(&self.place, keyword), |(_, clause)| clause.clone())
    }

    /// Makes the ids of the clauses once, as each answer asks for most of them.
    pub(super) fn make_clauses(&mut self) {
        let rules = self.rules.iter().map(Rule::keyword);
        let keywords = rules.chain(self.relations.iter().map(Relation::keyword)).chain(["required", "default"]);
        self.clauses = keywords.map(|keyword| (keyword, ClauseId::rule(&self.place, keyword))).collect();
    }

    /// The id of the clause that this keyword makes for the fields that are not listed here.
    pub fn clause_of_others(&self, keyword: &str) -> ClauseId {
        self.additional.as_deref().map_or_else(|| self.clause(keyword), |others| others.clause(keyword))
    }

    /// Whether a value keeps every rule of this schema; unspecified and certainty say nothing here.
    pub fn allows(&self, value: &Value) -> bool {
        self.rules.iter().all(|rule| rule.holds(value))
    }

    /// Whether every reading allows a value.
    pub fn is_unambiguous(&self, value: &Value) -> bool {
        let found = self.examine(value);
        found.broken.is_empty() && found.open.is_empty()
    }

    /// Whether a value of this type is among those that the schema names.
    pub fn is(&self, kind: Type) -> bool {
        matches!(self.rule("type"), Some(Rule::Type(types)) if types.contains(&kind))
    }

    /// The rule with this keyword.
    pub fn rule(&self, keyword: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.keyword() == keyword)
    }

    /// What an array of this schema echoes, and so on: the relation with this keyword.
    pub fn relation(&self, keyword: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.keyword() == keyword)
    }

    /// What must differ from item to item in an array that every reading allows.
    pub fn distinct_by(&self) -> Option<&Regex> {
        let unambiguous = match &self.unambiguous {
            Unambiguous::Within(unambiguous) => unambiguous.rule("distinct-by"),
            Unambiguous::All | Unambiguous::Nothing => None,
        };
        match unambiguous.or_else(|| self.rule("distinct-by")) {
            Some(Rule::DistinctBy(pattern)) => Some(pattern),
            _ => None,
        }
    }

    /// Whether there are values that every reading of the documentation allows a request to give.
    pub fn can_be_given(&self) -> bool {
        self.rule(Rule::ReadOnly.keyword()).is_none() && !matches!(self.unambiguous, Unambiguous::Nothing)
    }

    /// How fields that the schema does not list come back, if they do.
    pub fn echo_of_others(&self) -> Option<&Echo> {
        match self.additional.as_deref()?.relation("echo")? {
            Relation::Echo(echo) => Some(echo),
            _ => None,
        }
    }

    /// Holds a value against the schema and all schemas in it.
    pub fn examine<'a>(&'a self, value: &'a Value) -> Findings<'a> {
        let mut findings = Findings::default();
        self.collect(value, At::default(), &mut findings);
        findings
    }

    fn collect<'a>(&'a self, value: &'a Value, at: At<'a>, findings: &mut Findings<'a>) {
        let explicit = self
            .unspecified
            .iter()
            .find(|unspecified| unspecified.schema.as_ref().is_some_and(|schema| schema.allows(value)));
        if let Some(unspecified) = explicit {
            findings.open.push(UnspecifiedAt { schema: self, unspecified, at });
        } else if let Some(rule) = self.rules.iter().find(|rule| !rule.holds(value)) {
            if let Some(unspecified) = self.blur.as_deref().filter(|_| self.is_nearly_allowed(value)) {
                findings.open.push(UnspecifiedAt { schema: self, unspecified, at });
                return;
            }
            findings.broken.push(Broken {
                schema: self,
                keyword: rule.keyword(),
                rule: Some(rule),
                value: Some(value),
                at,
            });
            return;
        } else if !self.unambiguous.holds(value) {
            let unspecified = self.unspecified.iter().find(|unspecified| unspecified.schema.is_none());
            findings.open.extend(unspecified.map(|unspecified| UnspecifiedAt { schema: self, unspecified, at }));
        }
        match value {
            Value::Object(fields) => self.collect_fields(fields, findings),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(schema) = &self.items {
                        schema.collect(item, At { item: Some(index), ..at }, findings);
                    }
                }
            }
            _ => {}
        }
    }

    fn collect_fields<'a>(&'a self, fields: &'a serde_json::Map<String, Value>, findings: &mut Findings<'a>) {
        for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
            if let Some(schema) = self.properties.get(name) {
                let at = At { field: Some(name), item: None };
                findings.broken.push(Broken { schema, keyword: "required", rule: None, value: None, at });
            }
        }
        for (name, value) in fields {
            if let Some(schema) = self.properties.get(name).or(self.additional.as_deref()) {
                schema.collect(value, At { field: Some(name), item: None }, findings);
            }
        }
    }
}

impl Unambiguous {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::All => true,
            Self::Within(schema) => schema.allows(value),
            Self::Nothing => false,
        }
    }
}
