//! Holds an answer against what its own case expects of it.

use serde_json::{Map, Value};

use super::creation::{no_object, shortened};
use super::sent_fields::{SentFields, is_in_other_form};
use super::{Answer, Body, Kind, StepJudge, classify};
use crate::contract::{ClauseId, Effect, Relation, list, same, same_items};
use crate::exchange::{Exchange, Request, Response, SendError, id_text, query};

impl StepJudge<'_> {
    /// Which value was to be captured by the step before, and is not in its answer.
    pub(super) fn nothing_captured(&self, error: SendError, all: &[Exchange]) -> Option<String> {
        let earlier = self.step.checked_sub(1).filter(|_| error == SendError::NothingCaptured)?;
        let answer = all.get(earlier)?.response()?.json().unwrap_or_default();
        let captures = &self.probe.script.steps.get(earlier)?.captures;
        let is_missing = |pointer: &str| answer.pointer(pointer).and_then(id_text).is_none();
        let (name, pointer) = captures.iter().find(|(_, pointer)| is_missing(pointer))?;
        let number = earlier + 1;
        Some(format!(
            "the answer of step {number} has neither a string nor an integer at {pointer}, wanted for {{{name}}}"
        ))
    }

    pub(super) fn judge_expectation(&mut self, answer: &Answer<'_>, all: &[Exchange]) {
        let Some(expectation) = self.probe.expectations.get(self.step) else { return };
        let response = answer.response;
        if !expectation.statuses.is_empty() && !expectation.statuses.contains(&response.status) {
            let request = &all[self.step].request;
            if self.is_left_open(request, response) || self.refuses_what_is_open(request, response) {
                return;
            }
            if expectation.is_other_status_inconclusive {
                self.judgement.inconclusive = Some(format!("step {} was answered {}", self.step + 1, response.status));
            } else {
                let wanted: Vec<_> = expectation.statuses.iter().map(u16::to_string).collect();
                let clause = self.clause_of_status(&expectation.statuses, response);
                self.mismatch(clause, "", wanted.join(" or "), response.status.to_string());
            }
            return;
        }
        if expectation.lists_none {
            self.judge_list(&all[self.step].request, answer);
            if self.judgement.inconclusive.is_some() {
                return;
            }
        }
        self.judge_headers(&expectation.headers, response);
        let is_about_body =
            !expectation.body.is_empty() || !expectation.any_of.is_empty() || expectation.same_as.is_some();
        if is_about_body {
            let Some(Value::Object(fields)) = &answer.json else {
                self.mismatch(self.clause_of(""), "", "a JSON object", no_object(response));
                return;
            };
            self.judge_fields(fields, all);
        }
        let is_met = self.judgement.mismatches.iter().all(|mismatch| mismatch.step != self.step);
        if let Some(clause) = expectation.clause.as_ref().filter(|_| is_met) {
            self.assess(clause.clone());
        }
        let is_last = self.step + 1 == self.probe.script.steps.len();
        if is_last && !self.judgement.mismatches.iter().any(|mismatch| self.probe.clauses.contains(&mismatch.clause)) {
            let shown = self.probe.clauses.iter().filter(|clause| !clause.is_of_request());
            self.judgement.assessed.extend(shown.cloned());
        }
    }

    /// Whether this is a right refusal of a request that breaks a rule beside something that the documentation leaves open: a service may refuse it for the one
    /// or for the other.
    fn refuses_what_is_open(&self, request: &Request, response: &Response) -> bool {
        let operation = self.contract.operation(&request.method, &request.path);
        if operation.is_none_or(|(index, _)| index != self.contract.creation.operation) {
            return false;
        }
        let body = Body::read(request);
        let found = classify(self.contract, request, &body);
        found.kind == Kind::Invalid && !found.open.is_empty() && found.refusals.allow(response.status)
    }

    /// Whether the contract leaves this answer to such a call open; it is recorded then.
    fn is_left_open(&mut self, request: &Request, response: &Response) -> bool {
        let contract = self.contract;
        let Some((index, _)) = contract.operation(&request.method, &request.path) else { return false };
        let operation = &contract.operations[index];
        let Some(because) = operation.answers.get(&response.status).and_then(|answer| answer.open_because.as_ref())
        else {
            return false;
        };
        let title = format!("{} {}", operation.method, operation.path.as_str());
        self.choice(&title, because, format!("answered {}", response.status));
        true
    }

    /// Nothing may be listed that has all that the query asks for; what else is listed is somebody else's, as a service need not know the query.
    fn judge_list(&mut self, request: &Request, answer: &Answer<'_>) {
        let Some(Effect::List(listing)) = self.contract.effect(&request.method, &request.path) else { return };
        let Some(items) =
            answer.json.as_ref().and_then(|answer| answer.pointer(&listing.items)).and_then(Value::as_array)
        else {
            self.judgement.inconclusive = Some(format!("the answer of step {} holds no list", self.step + 1));
            return;
        };
        let filters = query::of_path(&request.path);
        let has_all = |item: &&Value| {
            item.as_object().is_some_and(|fields| filters.iter().all(|filter| query::has(fields, filter)))
        };
        if let Some(item) = items.iter().find(has_all) {
            let asked: Vec<_> = filters.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let wanted = format!("nothing that has {}", asked.join(" and "));
            self.mismatch(self.clause_of(""), &listing.items, wanted, shortened(&item.to_string()));
        }
    }

    fn judge_fields(&mut self, fields: &Map<String, Value>, all: &[Exchange]) {
        let expectation = &self.probe.expectations[self.step];
        let exact = expectation.body.iter().map(|(name, value)| (name, std::slice::from_ref(value)));
        let several = expectation.any_of.iter().map(|(name, values)| (name, values.as_slice()));
        for (name, wanted) in exact.chain(several).filter(|(name, _)| !self.is_known_wrong(name)).collect::<Vec<_>>() {
            let got = fields.get(name);
            if !got.is_some_and(|got| wanted.iter().any(|each| self.is_alike(name, each, got))) {
                let got = got.map_or_else(|| "no such field".to_owned(), |got| shortened(&got.to_string()));
                self.mismatch(self.clause_of(name), format!("/{name}"), list(wanted), got);
            }
        }
        if let Some(earlier) = expectation.same_as.and_then(|step| all.get(step)) {
            self.judge_same(earlier, fields);
        }
    }

    /// The documented fields of an earlier answer must come back, but for those that may change, and those of which the documentation leaves open what they are.
    fn judge_same(&mut self, earlier: &Exchange, fields: &Map<String, Value>) {
        let Some(answer) = earlier.response().and_then(Response::json) else { return };
        let creation = &self.contract.creation;
        let body = Body::read(&earlier.request);
        let classification = classify(self.contract, &earlier.request, &body);
        let is_open = classification.kind == Kind::Unspecified && earlier.request.may_create(self.contract);
        let sent = SentFields::of(&classification, &body);
        for (name, schema) in &creation.response.properties {
            let can_be_held = !schema.may_change && !self.is_known_wrong(name);
            let Some(before) = answer.get(name).filter(|_| can_be_held) else { continue };
            if is_open && !sent.explain(name, schema, before) {
                continue;
            }
            let now = fields.get(name);
            let can_be_missing = !creation.response.required.contains(name);
            if can_be_missing && before.is_null() && now.is_none() {
                continue; // a null stands for a field that need not be there
            }
            let request = creation.request.properties.get(name).filter(|_| is_open);
            let is_allowed = |now: &Value| {
                request.is_some_and(|request| sent.allow_read_back(name, before, now, request))
                    || self.is_alike(name, before, now)
            };
            if !now.is_some_and(is_allowed) {
                let got = now.map_or_else(|| "no such field".to_owned(), |now| shortened(&now.to_string()));
                let wanted = format!("{}, as before", shortened(&before.to_string()));
                self.mismatch(self.clause_of(""), format!("/{name}"), wanted, got);
            }
        }
    }

    fn is_alike(&self, name: &str, wanted: &Value, got: &Value) -> bool {
        let relation = self.contract.creation.response.properties.get(name).and_then(|schema| schema.relation("echo"));
        let is_set = matches!(relation, Some(Relation::Echo(echo)) if echo.as_set);
        same(wanted, got)
            || (is_set && same_items(wanted, got))
            || (relation.is_some() && is_in_other_form(wanted, got))
    }

    /// Whether this field was wrong before: to say it again under another clause would accuse of what only follows.
    fn is_known_wrong(&self, name: &str) -> bool {
        self.judgement.mismatches.iter().any(|mismatch| mismatch.pointer.raw().strip_prefix('/') == Some(name))
    }

    /// A refusal of the wrong kind breaks the rule about the status: the only one that would be right, or the one that the case names. Anything else breaks what
    /// the case is about.
    fn clause_of_status(&self, wanted: &[u16], response: &Response) -> ClauseId {
        let is_refusal = wanted.iter().all(|status| *status >= 400) && response.status >= 400;
        let is_meant = |clause: &ClauseId| match wanted {
            [_] => self.contract.clauses.contains_key(clause),
            _ => self.probe.clauses.contains(clause),
        };
        let named = wanted.iter().map(|status| ClauseId::status(*status)).find(is_meant);
        named.filter(|_| is_refusal).unwrap_or_else(|| self.clause_of(""))
    }

    /// The clause that the step is about; else that of the case that speaks of this field, or its first one.
    pub(super) fn clause_of(&self, field: &str) -> ClauseId {
        if let Some(clause) = self.probe.expectations.get(self.step).and_then(|expectation| expectation.clause.as_ref())
        {
            return clause.clone();
        }
        let clauses = &self.probe.clauses;
        clauses.iter().find(|clause| clause.is_of_field(field)).unwrap_or(&clauses[0]).clone()
    }
}
