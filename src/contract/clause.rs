//! Clauses: the testable rules of a contract, derived from where its keywords stand.

use indexmap::IndexMap;

use super::{Assessment, Behaviour, ClauseId, Creation, DocumentedResponse, Schema, Security};

/// One testable rule.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Where the rule stands: `request.min_disk.maximum`.
    pub id: ClauseId,
    /// The rule in words.
    pub text: String,
    /// What the contract says of the thing, with its place in the documentation.
    pub source: String,
    /// Whether a run can assess it.
    pub assessment: Assessment,
}

/// The clauses of a contract by id, in the order of the contract.
pub type Clauses = IndexMap<ClauseId, Clause>;

#[derive(Default)]
pub(super) struct ClauseList(Clauses);

impl ClauseList {
    fn add(&mut self, id: ClauseId, text: String, source: &str, assessment: Assessment) {
        self.0.insert(id.clone(), Clause { id, text, source: source.to_owned(), assessment });
    }

    pub(super) fn into_clauses(self) -> Clauses {
        self.0
    }

    pub(super) fn add_request(&mut self, schema: &Schema, source: &str, is_required: bool) {
        if is_required {
            self.add(
                schema.clause("required"),
                "a request without a body is refused".into(),
                source,
                Assessment::Always,
            );
        }
        self.add(
            schema.clause("syntax"),
            "a body that is not well-formed JSON is refused".into(),
            source,
            Assessment::Always,
        );
        self.add_rules(schema, "the request", Assessment::Always);
        for (name, property) in &schema.properties {
            let source = &property.description;
            if schema.required.contains(name) {
                self.add(property.clause("required"), format!("{name} must be given"), source, Assessment::Always);
            } else if property.can_be_given() {
                self.add(property.clause("optional"), format!("{name} can be left out"), source, Assessment::Always);
            }
            self.add_rules(property, name, Assessment::Always);
            if let Some(value) = &property.default {
                self.add(
                    property.clause("default"),
                    format!("{name} is {value} when it is left out"),
                    source,
                    Assessment::Always,
                );
            }
        }
        if let Some(others) = &schema.additional {
            self.add_rules(others, "any other field", Assessment::Always);
        }
    }

    pub(super) fn add_security(&mut self, security: &Security) {
        if security.is_open() {
            return;
        }
        let descriptions: Vec<_> = security.schemes.iter().map(|scheme| scheme.description.as_str()).collect();
        self.add(ClauseId::token(), security.text(), &descriptions.join(" "), Assessment::Always);
    }

    pub(super) fn add_statuses(&mut self, answers: &IndexMap<u16, DocumentedResponse>, creation: &Creation) {
        for (status, answer) in answers {
            let meaning = match status {
                status if *status == creation.created => {
                    format!("a valid request is answered {}", creation.success_text())
                }
                status if creation.succeeds_with(*status) => format!("a valid request may be answered {status}"),
                status if *status == creation.refused => format!(
                    "a request that is not accepted is answered with a client error, {status} where its rule names no other"
                ),
                401 => "a request without a good credential is answered 401".to_owned(),
                404 => "a request for what does not exist is answered 404".to_owned(),
                _ => format!("{status} is answered where the page says so"),
            };
            let is_choice = creation.succeeds_with(*status) && *status != creation.created;
            let assessment = match &answer.assessment {
                // The service is free to answer otherwise.
                Assessment::Always if is_choice => Assessment::WhenPresent,
                other => other.clone(),
            };
            self.add(ClauseId::status(*status), meaning, &answer.description, assessment);
        }
    }

    pub(super) fn add_response(&mut self, schema: &Schema, media_type: &str) {
        let text = format!("the answer says that it is {media_type}");
        self.add(schema.clause("media-type"), text, &schema.description, Assessment::Always);
        self.add_rules(schema, "the answer", Assessment::Always);
        for (name, property) in &schema.properties {
            let assessment = if schema.required.contains(name) {
                let id = property.clause("required");
                self.add(id, format!("the answer has {name}"), &property.description, Assessment::Always);
                Assessment::Always
            } else {
                Assessment::WhenPresent
            };
            self.add_rules(property, name, assessment.clone());
            for relation in &property.relations {
                let id = property.clause(relation.keyword());
                self.add(id, format!("{name} {}", relation.text()), &property.description, assessment.clone());
            }
        }
        if let Some(others) = &schema.additional {
            for relation in &others.relations {
                let id = others.clause(relation.keyword());
                let text = format!("any other field {}", relation.text());
                self.add(id, text, &others.description, Assessment::Always);
            }
        }
    }

    pub(super) fn add_behaviours(&mut self, behaviours: &[Behaviour]) {
        for behaviour in behaviours {
            self.add(ClauseId::behaviour(&behaviour.id), behaviour.text.clone(), &behaviour.place, Assessment::Always);
        }
    }

    fn add_rules(&mut self, schema: &Schema, name: &str, assessment: Assessment) {
        for rule in &schema.rules {
            let id = schema.clause(rule.keyword());
            self.add(id, format!("{name} {}", rule.text()), &schema.description, assessment.clone());
        }
        if let Some(items) = &schema.items {
            self.add_rules(items, &format!("each item of {name}"), assessment);
        }
    }
}
