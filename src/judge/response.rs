//! Holds the body of a 201 against the contract: shape, echo, defaults, derived values, templates, times.

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::creation::{no_object, shortened};
use super::sent_fields::{Field, SentFields, is_as_precise, is_in_other_form, way_back};
use super::{Across, Answer, Body, Classification, Drift, Observation, StepJudge};
use crate::contract::{ClauseId, Derived, Echo, Relation, Schema, list, same, same_items};
use crate::exchange::{Response, is_segment};
use crate::untrusted::{Untrusted, brief};

/// So many fields of one answer that nobody documents are named; more would only make a report longer.
const MOST_DRIFT: usize = 20;

impl StepJudge<'_> {
    pub(super) fn judge_created(&mut self, classification: &Classification<'_>, body: &Body, answer: &Answer<'_>) {
        let response = answer.response;
        let creation = &self.contract.creation;
        let media_type = response.media_type();
        if media_type.as_deref() == Some(creation.media_type.as_str()) {
            self.assess(creation.response.clause("media-type"));
        } else {
            let got = media_type.unwrap_or_else(|| "no Content-Type".to_owned());
            self.mismatch(creation.response.clause("media-type"), "", creation.media_type.clone(), got);
        }
        let Some(Value::Object(fields)) = &answer.json else {
            self.mismatch(creation.response.clause("type"), "", "a JSON object", no_object(response));
            return;
        };
        self.assess(creation.response.clause("type"));
        let answer = Creation { given: SentFields::of(classification, body), fields, response };
        for (name, schema) in &creation.response.properties {
            match fields.get(name) {
                Some(Value::Null) if !creation.response.required.contains(name) => self.note_null(name, schema),
                Some(value) => self.judge_field(name, schema, value, &answer),
                None if creation.response.required.contains(name) => {
                    self.mismatch(schema.clause("required"), format!("/{name}"), "a value", "no such field");
                }
                None => {}
            }
        }
        self.judge_others(&answer);
        self.judge_id(fields);
        // Where the body does not tell what was sent, a field that nobody documents may come from there.
        let is_sent = |name: &str| !matches!(answer.given.field(name), Field::Absent);
        let undocumented =
            fields.keys().filter(|name| !creation.response.properties.contains_key(*name) && !is_sent(name));
        let names: Vec<_> = undocumented.collect();
        let shown = names.iter().take(MOST_DRIFT).map(|name| {
            let pointer = Untrusted::from(brief(format!("/{name}")));
            Drift { pointer, text: "a field that nobody documents".into() }
        });
        self.judgement.drift.extend(shown);
        if let Some(more @ 1..) = names.len().checked_sub(MOST_DRIFT) {
            let text = format!("{more} more fields that nobody documents, in one answer").into();
            self.judgement.drift.push(Drift { pointer: Untrusted::default(), text });
        }
    }

    /// A null stands for a field that need not be there. Where the documentation does not list it, that is worth knowing.
    fn note_null(&mut self, name: &str, schema: &Schema) {
        if !schema.allows(&Value::Null) {
            let because = "the documentation does not say whether null stands for a field that is not there";
            self.choice("a field that can be left out of an answer", because, format!("{name} is null"));
        }
    }

    /// An id fills the paths of later calls, so it must be one segment of a path; nothing is sent to another one.
    fn judge_id(&mut self, fields: &Map<String, Value>) {
        let creation = &self.contract.creation;
        let pointer = &creation.lifecycle.id;
        let name = pointer.trim_start_matches('/');
        let Some(Value::String(id)) = fields.get(name) else { return };
        let Some(schema) = creation.response.properties.get(name).filter(|_| !is_segment(id)) else { return };
        let clauses = ["format", "type", "required"].map(|keyword| schema.clause(keyword));
        let is_told = |clause: &ClauseId| self.judgement.mismatches.iter().any(|mismatch| mismatch.clause == *clause);
        if let Some(clause) = clauses.into_iter().find(|clause| self.contract.clauses.contains_key(clause))
            && !is_told(&clause)
        {
            let got = shortened(&Value::from(id.as_str()).to_string());
            self.mismatch(clause, pointer.clone(), "an id that is one segment of a path", got);
        }
    }

    /// Fields that neither side lists come back as they were given, where the contract says so.
    fn judge_others(&mut self, answer: &Creation<'_>) {
        let creation = &self.contract.creation;
        let Some(echo) = creation.response.echo_of_others() else { return };
        for name in answer.given.names().filter(|name| !creation.lists(name)) {
            let Field::Plain(given) = answer.given.field(name) else { continue };
            let clause = creation.response.clause_of_others("echo");
            if let Some(value) = answer.fields.get(name) {
                self.compare_echo(echo, clause, name, given, value);
            } else {
                self.mismatch(clause, format!("/{name}"), shortened(&given.to_string()), "no such field");
            }
        }
    }

    /// One fault of a field is one mismatch: a wrong type hides what would follow from it, and so does a wrong relation.
    fn judge_field(&mut self, name: &str, schema: &Schema, value: &Value, answer: &Creation<'_>) {
        let creation = &self.contract.creation;
        let is_needed = creation.response.required.iter().any(|required| required == name);
        if is_needed {
            self.assess(schema.clause("required"));
        }
        let given = answer.given.field(name);
        let broken = schema.examine(value).broken;
        // An open value that comes back unchanged conforms, whatever the field asks for otherwise. What each answer must have and no request lists is a
        // service's own word, whoever else wrote something there.
        let is_own_word = is_needed && !creation.request.properties.contains_key(name);
        if !is_own_word && matches!(given, Field::Open { value: given, .. } if same(given, value)) {
            return;
        }
        if let Some((title, because, way)) = kept_otherwise(given, schema, value).filter(|_| !is_own_word) {
            self.choice(title, because, way);
            return;
        }
        // A null where nothing was given lacks the default; that says more than that null has the wrong type.
        let default = creation.request.properties.get(name).and_then(|request| request.default.as_ref());
        let lacks_default =
            value.is_null() && matches!(given, Field::Absent) && default.is_some_and(|default| !default.is_null());
        let type_fault = broken.iter().find(|broken| broken.keyword == "type");
        if let Some(fault) = type_fault.filter(|_| !lacks_default) {
            let expected = fault.rule.map(|rule| format!("a value that {}", rule.text())).unwrap_or_default();
            self.mismatch(fault.clause(), pointer(name), expected, shortened(&value.to_string()));
            return;
        }
        self.assess_rules(schema, value);
        let before = self.judgement.mismatches.len();
        for relation in &schema.relations {
            let clause = schema.clause(relation.keyword());
            self.judge_relation(relation, clause, name, value, answer);
        }
        if self.judgement.mismatches.len() > before || lacks_default {
            return;
        }
        for fault in broken {
            let expected = fault.rule.map(|rule| format!("a value that {}", rule.text())).unwrap_or_default();
            self.mismatch(fault.clause(), pointer(name), expected, shortened(&value.to_string()));
        }
    }

    fn assess_rules(&mut self, schema: &Schema, value: &Value) {
        for rule in &schema.rules {
            self.assess(schema.clause(rule.keyword()));
        }
        if let (Some(items), Value::Array(values)) = (&schema.items, value)
            && !values.is_empty()
        {
            self.assess_rules(items, &Value::Null);
        }
    }

    fn judge_relation(
        &mut self,
        relation: &Relation,
        clause: ClauseId,
        name: &str,
        value: &Value,
        answer: &Creation<'_>,
    ) {
        match relation {
            Relation::Echo(echo) => self.judge_echo(echo, clause, name, value, answer),
            Relation::Derived(derived) => self.judge_derived(derived, clause, name, value, answer),
            Relation::Template(template) => {
                if let Some(expected) = fill(template, answer.fields) {
                    self.compare(clause, name, &[Value::from(expected)], value);
                }
            }
            Relation::NotBefore(field) => {
                if let (Some(earlier), Some(later)) = (answer.fields.get(field).and_then(moment), moment(value)) {
                    self.assess(clause.clone());
                    if later < earlier {
                        self.mismatch(
                            clause,
                            pointer(name),
                            format!("not before {field}, {}", answer.fields[field]),
                            value.to_string(),
                        );
                    }
                }
            }
            Relation::NearNow(seconds) => self.judge_near_now(*seconds, clause, name, value, answer.response),
            Relation::Unique => self.observe(Across::Unique, clause, name, value),
            Relation::SameForCaller => self.observe(Across::Same, clause, name, value),
        }
    }

    fn judge_echo(&mut self, echo: &Echo, clause: ClauseId, name: &str, value: &Value, answer: &Creation<'_>) {
        let request = &self.contract.creation.request.properties[name];
        match answer.given.field(name) {
            Field::Unknown => {}
            Field::Absent => {
                if let Some(default) = &request.default {
                    self.compare_echo(echo, request.clause("default"), name, default, value);
                }
            }
            Field::Plain(given) => self.compare_echo(echo, clause, name, given, value),
            Field::Open { value: given, title, because } => {
                if same(given, value) || (echo.as_set && same_items(given, value)) {
                    return;
                }
                let default = request.default.as_ref().filter(|_| given.is_null());
                let stands_for_default =
                    default.is_some_and(|default| echo.also(default).iter().any(|also| same(also, value)));
                let way = way_back(given, value, &answer.given.returns(name), request);
                match (way.or(stands_for_default.then_some("came back as the default")), default) {
                    (Some(way), _) => self.choice(title, because, way),
                    (None, Some(default)) => {
                        let clause = request.clause("default");
                        self.mismatch(
                            clause,
                            pointer(name),
                            format!("{default}, or null"),
                            shortened(&value.to_string()),
                        );
                    }
                    (None, None) => {
                        let wanted = format!("{} unchanged", shortened(&given.to_string()));
                        self.mismatch(clause, pointer(name), wanted, shortened(&value.to_string()));
                    }
                }
            }
        }
    }

    fn compare_echo(&mut self, echo: &Echo, clause: ClauseId, name: &str, given: &Value, value: &Value) {
        if echo.also(given).iter().any(|each| same(each, value)) {
            self.assess(clause);
            self.choice(
                &format!("{given} for {name}"),
                &echo.because,
                format!("came back as {}", shortened(&value.to_string())),
            );
        } else if is_in_other_form(given, value) {
            self.assess(clause);
            self.choice(OTHER_FORM.0, OTHER_FORM.1, OTHER_FORM.2);
        } else if echo.as_set && same_items(given, value) {
            self.assess(clause);
        } else {
            self.compare(clause, name, std::slice::from_ref(given), value);
        }
    }

    fn judge_derived(&mut self, derived: &Derived, clause: ClauseId, name: &str, value: &Value, answer: &Creation<'_>) {
        let default = self.contract.creation.request.properties[&derived.from].default.as_ref();
        let source = match answer.given.field(&derived.from) {
            // A null tells nothing by itself; where it came back as the default, it was the default.
            Field::Open { value: Value::Null, .. } => {
                default.filter(|default| answer.fields.get(&derived.from).is_some_and(|got| same(got, default)))
            }
            Field::Plain(given) | Field::Open { value: given, .. } => Some(given),
            Field::Absent => default,
            Field::Unknown => None,
        };
        if let Some(expected) = source.and_then(|source| derived.expected(source)) {
            self.compare(clause, name, &expected, value);
        }
    }

    fn judge_near_now(&mut self, seconds: u64, clause: ClauseId, name: &str, value: &Value, response: &Response) {
        let Some(stated) = moment(value) else { return };
        let dates = response.headers.iter().filter(|(name, _)| name == "date");
        let theirs: Vec<OffsetDateTime> =
            dates.filter_map(|(_, date)| httpdate::parse_http_date(date).ok()).map(OffsetDateTime::from).collect();
        let tolerance = Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let is_near = |clock: OffsetDateTime| (stated - clock).abs() <= tolerance;
        let is_right = is_near(response.at) || theirs.iter().copied().any(is_near);
        if !is_right && theirs.is_empty() {
            let hours = (stated - response.at).whole_hours();
            let way = if hours < 0 { "behind" } else { "ahead of" };
            let because = "the answers have no Date, so that this machine's clock may be the wrong one";
            self.choice("times far from now", because, format!("about {} hours {way} this machine", hours.abs()));
            return;
        }
        self.assess(clause.clone());
        if !is_right {
            let now = response.at.replace_nanosecond(0).unwrap_or(response.at).format(&Rfc3339).unwrap_or_default();
            self.mismatch(
                clause,
                pointer(name),
                format!("a time within {} minutes of now, {now}", seconds / 60),
                value.to_string(),
            );
        }
    }

    fn observe(&mut self, across: Across, clause: ClauseId, name: &str, value: &Value) {
        self.judgement.observations.push(Observation {
            across,
            clause,
            pointer: pointer(name),
            value: value.clone(),
            step: self.step,
        });
    }

    /// Assesses a clause that asks for one of several values.
    fn compare(&mut self, clause: ClauseId, name: &str, expected: &[Value], got: &Value) {
        self.assess(clause.clone());
        if !expected.iter().any(|each| same(each, got)) {
            let wanted = match expected {
                [one] => shortened(&one.to_string()),
                several => format!("one of {}", list(several)),
            };
            self.mismatch(clause, pointer(name), wanted, shortened(&got.to_string()));
        }
    }
}

/// An answer with the request that it belongs to.
struct Creation<'a> {
    given: SentFields<'a>,
    fields: &'a Map<String, Value>,
    response: &'a Response,
}

/// Where a field of an answer stands.
fn pointer(name: &str) -> String {
    format!("/{name}")
}

fn moment(value: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.as_str()?, &Rfc3339).ok()
}

/// What is left open about texts of other letters than ASCII: title, reason, and what the service does.
const OTHER_FORM: (&str, &str, &str) = (
    "a text with other letters than those of ASCII",
    "the documentation does not say in which Unicode normal form a text comes back",
    "came back in another normal form",
);

/// How a value came back that the service keeps otherwise, and what is left open about it; whatever else its field asks for, it is the value that was given.
fn kept_otherwise<'a>(given: Field<'a>, schema: &Schema, got: &Value) -> Option<(&'a str, &'a str, &'static str)> {
    match given {
        Field::Open { value, title, because } if is_as_precise(value, got) => {
            Some((title, because, "came back as precisely as the service keeps numbers"))
        }
        Field::Open { value, title, because } if is_in_other_form(value, got) => Some((title, because, OTHER_FORM.2)),
        Field::Plain(value) if schema.relation("echo").is_some() && is_in_other_form(value, got) => Some(OTHER_FORM),
        _ => None,
    }
}

/// The template with each `{field}` replaced; `None` where the answer lacks one.
pub(crate) fn fill(template: &str, fields: &Map<String, Value>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(fields.get(name)?.as_str()?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}
