//! Walks the contract and lists, for each clause, the ways to break it.

mod behaviour;
mod request;
mod response;
mod texts;

use super::Defect;
use super::condition::Condition;
use super::fault::Fault;
use super::leniency::Leniency;
use crate::contract::{ClauseId, Contract, NOW_AND_THEN, Schema, Security, Subject};
use crate::exchange::TokenVariant;

/// Every defect that the contract can express, in the order of its clauses.
pub fn defects(contract: &Contract) -> Vec<Defect> {
    let mut list = List::default();
    list.of_body(contract);
    for (name, schema) in &contract.creation.request.properties {
        list.of_request_field(contract, name, schema);
    }
    if let Some(others) = &contract.creation.request.additional {
        for rule in &others.rules {
            list.of_request_rule(others, rule);
        }
    }
    list.of_pairs(contract);
    for (name, schema) in &contract.creation.request.properties {
        list.of_texts(contract, name, schema);
        list.of_keys_elsewhere(contract, name, schema);
    }
    if !contract.security.is_open() {
        list.of_token(&contract.security);
    }
    list.of_statuses(contract);
    list.of_answer(&contract.creation.response);
    for (name, schema) in &contract.creation.response.properties {
        list.of_response_field(contract, name, schema);
    }
    list.of_others(&contract.creation.response);
    for behaviour in &contract.creation.behaviours {
        list.of_behaviour(contract, behaviour);
    }
    // A status that the documentation does not mention makes no clause.
    list.0.retain(|defect| {
        contract.clauses.contains_key(&defect.clause) || !matches!(defect.clause.subject(), Subject::Status(_))
    });
    list.0
}

#[derive(Default)]
struct List(Vec<Defect>);

impl List {
    fn add(&mut self, clause: &ClauseId, way: &str, text: &str, fault: Fault) -> &mut Defect {
        let name = format!("{clause}:{way}");
        self.0.push(Defect {
            name,
            clause: clause.to_owned(),
            cause: String::new(),
            text: text.to_owned(),
            follows: Vec::new(),
            fault,
        });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    fn pass(&mut self, clause: &ClauseId, way: &str, leniency: Leniency) {
        self.add(
            clause,
            way,
            "a request that breaks the clause is accepted",
            Fault::Passes { clause: clause.to_owned(), leniency, when: Vec::new() },
        );
    }

    /// Valid requests are refused over these fields, which no rule names that could be accused instead.
    fn refuse(&mut self, contract: &Contract, fields: &[&str], way: &str, when: Vec<Condition>) -> &mut Defect {
        let created = ClauseId::status(contract.creation.created);
        let names: Vec<_> = fields.iter().map(|field| format!("/{field}")).collect();
        let text = if names.len() == 1 { "a good value is refused" } else { "two fields together are refused" };
        let defect = self.add(&created, way, text, Fault::Refuses(when));
        // Which two fields it takes is found out by smaller examples, and not always.
        if let [name] = names.as_slice() {
            defect.cause.clone_from(name);
        }
        // What is refused over a mark looks like a refusal of what stands beside it, where something must stand there.
        let carries_mark = |name: &&str| contract.marks().any(|(marked, _)| marked == *name);
        if !contract.creation.request.required.is_empty() && fields.iter().any(carries_mark) {
            defect.follows.push("request.".to_owned());
        }
        defect
    }

    fn of_token(&mut self, security: &Security) {
        for (name, credential) in TokenVariant::bad(security) {
            let fault = Fault::Opens(credential);
            let way = format!("takes-{name}");
            let defect = self.add(&ClauseId::token(), &way, "a credential that is not good is taken", fault);
            // Behind the open door a bad body is refused for what it is.
            defect.follows.push(ClauseId::status(401).to_string());
        }
    }

    fn of_statuses(&mut self, contract: &Contract) {
        let created = ClauseId::status(contract.creation.created);
        let others = [200, 202, 201, 203].into_iter().filter(|status| !contract.creation.succeeds_with(*status));
        for status in others.take(2) {
            self.add(&created, &status.to_string(), "success has another status", Fault::Created(status));
        }
        let inconclusive = &contract.creation.inconclusive;
        let excused = [&inconclusive.authorized, &inconclusive.valid];
        for status in [401, 403].into_iter().filter(|status| excused.iter().any(|known| known.contains(status))) {
            let text = "every seventeenth good request is refused for a lack of rights";
            let fault = Fault::Denies { status, when: Vec::new(), every: 17 };
            let defect = self.add(&created, &format!("{status}-now-and-then"), text, fault);
            NOW_AND_THEN.clone_into(&mut defect.cause);
        }
        let text = "every eleventh good request ends in an error";
        self.add(&created, "500-now-and-then", text, Fault::Fails { every: 11 });
        let text = "a good request ends in an error while several others are there";
        self.add(&created, "500-at-once", text, Fault::FailsAtOnce);
        let refused = ClauseId::status(contract.creation.refused);
        for status in [404, 422, 400, 500].into_iter().filter(|status| *status != contract.creation.refused) {
            self.add(
                &refused,
                &status.to_string(),
                "a bad request has another status",
                Fault::Refused { clause: None, status },
            );
        }
        let kind = Some(contract.creation.request.clause("type"));
        self.add(
            &refused,
            "500-for-no-object",
            "a body that is no object ends in an error",
            Fault::Refused { clause: kind, status: 500 },
        );
        for status in [400, 403, 404] {
            self.add(
                &ClauseId::status(401),
                &status.to_string(),
                "a bad credential has another status",
                Fault::Unauthorized(status),
            );
        }
        for status in [400, 500] {
            self.add(
                &ClauseId::status(404),
                &status.to_string(),
                "an unknown id has another status",
                Fault::Unknown(status),
            );
        }
    }

    fn of_answer(&mut self, response: &Schema) {
        let clause = response.clause("media-type");
        for (way, media_type) in
            [("html", Some("text/html")), ("text", Some("text/plain; charset=utf-8")), ("none", None)]
        {
            self.add(&clause, way, "the answer says that it is something else", Fault::MediaType(media_type));
        }
        let clause = response.clause("type");
        for (way, body) in [("array", "[]"), ("text", "created"), ("nothing", ""), ("cut", "{\"id\": \"4ca4")] {
            self.add(&clause, way, "the answer is no object", Fault::Body(body));
        }
    }
}
