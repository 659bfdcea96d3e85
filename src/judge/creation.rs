//! Holds an answer of the call under test against what its request deserves.

use serde_json::Value;

use super::{Answer, Body, Classification, Kind, Refusals, StepJudge, classify};
use crate::contract::{ClauseId, Form};
use crate::exchange::{Request, Response};
use crate::json::{recognize, value_of};

impl StepJudge<'_> {
    pub(super) fn judge_creation(&mut self, request: &Request, answer: &Answer<'_>) {
        let contract = self.contract;
        let body = Body::read(request);
        let classification = classify(contract, request, &body);
        match classification.kind {
            Kind::Valid => self.judge_valid(&classification, &body, answer),
            Kind::Invalid => self.judge_invalid(&classification, answer),
            Kind::Unspecified => self.judge_unspecified(&classification, &body, request, answer),
            Kind::Unauthorized => self.judge_unauthorized(&classification.refusals, answer.response),
        }
    }

    fn judge_valid(&mut self, classification: &Classification<'_>, body: &Body, answer: &Answer<'_>) {
        let response = answer.response;
        let creation = &self.contract.creation;
        if creation.succeeds_with(response.status) {
            self.assess(ClauseId::status(creation.created));
            self.assess(ClauseId::status(response.status));
            self.assess_subjects();
            self.judge_created(classification, body, answer);
        } else if creation.inconclusive.valid.contains(&response.status) {
            let status = response.status;
            let other = self.envelope(answer).filter(|envelope| envelope.is_inconclusive);
            let reason = other.map(|envelope| format!("{} answered {status} to a valid request", envelope.title));
            if other.is_none_or(|envelope| !envelope.is_by_amount) {
                self.hold_back(response, other);
            }
            let lack = || format!("a valid request was answered {status}: no right, or no quota");
            self.judgement.inconclusive = Some(reason.unwrap_or_else(lack));
        } else {
            // An error inside the service is no refusal of a value.
            let clause = self.blamed(body).filter(|_| (400..500).contains(&response.status));
            let clause = clause.unwrap_or_else(|| ClauseId::status(creation.created));
            self.mismatch(clause, "", format!("{} for a valid request", creation.success_text()), answered(response));
        }
    }

    /// The rule that a refused valid request breaks, if it gives one value only, and the rule names that.
    fn blamed(&self, body: &Body) -> Option<ClauseId> {
        let fields = body.value.as_ref()?.as_object()?.clone();
        let fields = self.contract.without_company(fields, &self.probe.clauses);
        let mut all = fields.iter();
        let ((name, value), None) = (all.next()?, all.next()) else { return None };
        self.contract.creation.request.properties.get(name)?.clause_naming(value)
    }

    fn judge_invalid(&mut self, classification: &Classification<'_>, answer: &Answer<'_>) {
        let response = answer.response;
        let violation = &classification.violations[0];
        if response.is_success() {
            let what = match &violation.value {
                Some(value) => format!(
                    "{} for {} at {}",
                    classification.refusals.text(),
                    shortened(&value.to_string()),
                    place(&violation.pointer)
                ),
                None => classification.refusals.text(),
            };
            self.mismatch(violation.clause.clone(), "", what, answered(response));
        } else if classification.refusals.allow(response.status) {
            self.assess(violation.clause.clone());
            self.assess(ClauseId::status(self.contract.creation.refused));
            self.note_envelope(answer);
        } else {
            let expected = format!("{} for a request that breaks {}", classification.refusals.text(), violation.clause);
            self.mismatch(ClauseId::status(self.contract.creation.refused), "", expected, answered(response));
            self.name_cause(violation.clause.as_str());
        }
    }

    /// Who refused is worth knowing; where the contract names envelopes, it leaves open which one comes.
    fn note_envelope(&mut self, answer: &Answer<'_>) {
        if self.contract.creation.envelopes.is_empty() {
            return;
        }
        let known = self.envelope(answer).map(|envelope| envelope.title.clone());
        let taken =
            known.or_else(|| answer.response.media_type()).unwrap_or_else(|| "no body of a known form".to_owned());
        self.choice("who refuses a request", "the page does not say what an error looks like", taken);
    }

    fn judge_unspecified(
        &mut self,
        classification: &Classification<'_>,
        body: &Body,
        request: &Request,
        answer: &Answer<'_>,
    ) {
        let response = answer.response;
        let creation = &self.contract.creation;
        let accepted = creation.succeeds_with(response.status);
        if accepted || Refusals::AnyClientError.allow(response.status) {
            let taken = if accepted { "accepted".to_owned() } else { format!("refused with {}", response.status) };
            if accepted {
                self.judge_created(classification, body, answer);
                self.judge_decoded(body, request, answer);
            }
            // Only a lone open matter tells what the target chose; of several, any may have decided. How a value came back says that it was accepted.
            if let [open] = classification.open[..]
                && !self.judgement.choices.iter().any(|choice| choice.title == open.title)
            {
                self.choice(open.title, open.because, taken);
            }
        } else {
            let expected = format!("{}, or a client error (4xx)", creation.success_text());
            let status = if response.is_success() { creation.created } else { creation.refused };
            let clause = ClauseId::status(status);
            self.mismatch(clause, "", expected, answered(response));
            self.name_cause(classification.open.first().map_or("", |open| open.title));
        }
    }

    /// Whatever a service takes such a body for, what it accepts is a text: what stands for something that it could not read is another one.
    fn judge_decoded(&mut self, body: &Body, request: &Request, answer: &Answer<'_>) {
        let (is_misread, sent): (fn(Option<&Value>, &Value) -> bool, _) = if body.forms.contains(&Form::OtherEncoding) {
            (is_undecoded, as_single_bytes(request))
        } else if body.forms.contains(&Form::LoneSurrogate) {
            (lacks_half_a_pair, value_of(request.body.as_deref().unwrap_or_default()))
        } else {
            return;
        };
        let Some(Value::Object(fields)) = &answer.json else { return };
        for (name, schema) in &self.contract.creation.response.properties {
            let sent = sent.as_ref().and_then(|sent| sent.get(name));
            let got = fields.get(name).filter(|got| is_misread(sent, got));
            if let Some((got, echo)) = got.zip(schema.relation("echo")) {
                let clause = schema.clause(echo.keyword());
                let wanted = "the text that was sent, or a refusal";
                self.mismatch(clause, format!("/{name}"), wanted, shortened(&got.to_string()));
            }
        }
    }

    /// Tells the last mismatch of a general clause apart by what provoked it.
    fn name_cause(&mut self, cause: &str) {
        if let Some(mismatch) = self.judgement.mismatches.last_mut() {
            cause.clone_into(&mut mismatch.cause);
        }
    }

    fn judge_unauthorized(&mut self, refusals: &Refusals, response: &Response) {
        if response.is_success() {
            self.mismatch(ClauseId::token(), "", "401 for a credential that is not good", answered(response));
        } else if response.status == 401 {
            self.assess(ClauseId::token());
            self.assess(ClauseId::status(401));
        } else if refusals.allow(response.status) {
            self.assess(ClauseId::token());
        } else {
            self.mismatch(ClauseId::status(401), "", "401 for a credential that is not good", answered(response));
        }
    }

    /// An accepted request shows what its probe is about, if that is a rule of the request.
    fn assess_subjects(&mut self) {
        let subjects = self.probe.clauses.iter().filter(|clause| clause.is_of_request());
        self.judgement.assessed.extend(subjects.cloned());
    }
}

/// A body as one who reads every byte as a character does; `None` where it is not JSON then.
fn as_single_bytes(request: &Request) -> Option<Value> {
    let text: String = request.body.as_deref()?.iter().map(|byte| char::from(*byte)).collect();
    serde_json::from_str(&text).ok()
}

/// Whether bytes that could not be decoded came back as something else; no encoding has nothing but ASCII for bytes beyond it.
fn is_undecoded(sent: Option<&Value>, got: &Value) -> bool {
    let is_beyond_ascii = sent.and_then(Value::as_str).is_some_and(|text| !text.is_ascii());
    let has_replacement = got.to_string().contains(char::REPLACEMENT_CHARACTER);
    has_replacement || (is_beyond_ascii && got.as_str().is_some_and(str::is_ascii))
}

/// Whether half of a surrogate pair, for which `sent` has the replacement character, came back as a question mark or not at all.
fn lacks_half_a_pair(sent: Option<&Value>, got: &Value) -> bool {
    let sent = sent.map(Value::to_string).filter(|sent| sent.contains(char::REPLACEMENT_CHARACTER));
    let is_it = |stand_in: &str| sent.as_ref().map(|sent| sent.replace(char::REPLACEMENT_CHARACTER, stand_in));
    ["?", ""].into_iter().any(|stand_in| is_it(stand_in) == Some(got.to_string()))
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "the body" } else { pointer }
}

/// The status, and the beginning of what an error says of itself.
pub(super) fn answered(response: &Response) -> String {
    if response.is_success() {
        return response.status.to_string();
    }
    let text = String::from_utf8_lossy(&response.body);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { response.status.to_string() } else { format!("{}: {}", response.status, shortened(&text)) }
}

/// What came where an object should have.
pub(super) fn no_object(response: &Response) -> String {
    let text = String::from_utf8_lossy(&response.body);
    match recognize(&text) {
        _ if text.is_empty() => "nothing".to_owned(),
        Ok(_) => shortened(&text),
        Err(at) => format!("no JSON, from byte {at} on: {}", shortened(&text)),
    }
}

/// A text cut to what fits a line of a report.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}
