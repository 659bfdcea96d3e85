//! Snapshots: the redacted answers of each case, as somebody reviewed them.
//!
//! The text here is what stands in insta's files below `snapshots/`. Values that vary from run to run have been judged before they are replaced, so that a
//! wrong one cannot hide: one that breaks its field's rules is shown as it is.

use serde_json::{Map, Value};

use crate::contract::{Contract, Relation, Schema};
use crate::exchange::{Exchange, Response};
use crate::judge::{Drift, Judgement};
use crate::probe::Probe;
use crate::suite::Suite;

/// The answers of one probe, with `[name]` for what varies.
pub fn render(contract: &Contract, probe: &Probe, exchanges: &[Exchange]) -> String {
    let mut text = format!("{}\n", heading(probe));
    let varying = varying_values(contract, exchanges);
    for (step, exchange) in probe.script.steps.iter().zip(exchanges) {
        text.push_str(&format!("{} {}\n", step.request.method, step.request.path));
        match &exchange.outcome {
            Ok(response) => text.push_str(&answer(contract, response)),
            Err(trouble) => text.push_str(&format!("-> {trouble}\n")),
        }
    }
    varying.into_iter().fold(text, |text, (value, name)| text.replace(&value, &format!("[{name}]")))
}

fn heading(probe: &Probe) -> String {
    format!("# {}", probe.id)
}

fn answer(contract: &Contract, response: &Response) -> String {
    let media_type = response.media_type().map(|media_type| format!(" {media_type}")).unwrap_or_default();
    let mut text = format!("-> {}{media_type}\n", response.status);
    let body = match response.json() {
        Some(Value::Object(fields)) => serde_json::to_string_pretty(&redacted(contract, &fields)).unwrap_or_default(),
        Some(other) => other.to_string(),
        None => String::from_utf8_lossy(&response.body).into_owned(),
    };
    if !body.is_empty() {
        text.push_str(&body);
        text.push('\n');
    }
    text
}

/// The fields in alphabetical order, with `[name]` for those that vary and keep their rules.
fn redacted(contract: &Contract, fields: &Map<String, Value>) -> Value {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let properties = &contract.creation.response.properties;
    let redact = |name: &str, value: &Value| match properties.get(name) {
        Some(schema) if varies(schema) && schema.allows(value) => Value::from(format!("[{name}]")),
        _ => value.clone(),
    };
    sorted.into_iter().map(|(name, value)| (name.clone(), redact(name, value))).collect()
}

fn varies(schema: &Schema) -> bool {
    schema
        .relations
        .iter()
        .any(|relation| matches!(relation, Relation::NearNow(_) | Relation::Unique | Relation::SameForCaller))
}

/// Values that were made up in this run and turn up elsewhere too: an id in a path or a link.
fn varying_values(contract: &Contract, exchanges: &[Exchange]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, schema) in &contract.creation.response.properties {
        if schema.relation("unique").is_some() {
            let answers = exchanges.iter().filter_map(Exchange::response).filter_map(Response::json);
            let values = answers.filter_map(|answer| {
                answer.get(name).filter(|value| schema.allows(value)).and_then(Value::as_str).map(str::to_owned)
            });
            found.extend(values.map(|value| (value, name.clone())));
        }
    }
    found
}

/// Adds what the answers hold beyond documentation and snapshot. A snapshot that shows an undocumented field has been reviewed, so the field is no news.
pub fn add_drift(suite: &Suite, probe: &Probe, exchanges: &[Exchange], judgement: &mut Judgement) {
    let case = probe.id.split('[').next().unwrap_or_default();
    let Some(snapshot) = suite.snapshots.get(case).and_then(|text| section(text, probe)) else { return };
    let text = render(&suite.contract, probe, exchanges);
    let (reviewed, current) = (undocumented(&suite.contract, snapshot), undocumented(&suite.contract, &text));
    judgement
        .drift
        .retain(|drift| !reviewed.iter().any(|(name, _)| drift.pointer.raw().strip_prefix('/') == Some(name)));
    if !judgement.mismatches.is_empty() || judgement.inconclusive.is_some() {
        return;
    }
    for (name, value) in reviewed {
        let text = match current.iter().find(|(other, _)| *other == name) {
            None => "a field of the snapshot that did not come".to_owned(),
            Some((_, now)) if *now != value => format!("{now}, which was {value}"),
            Some(_) => continue,
        };
        judgement.drift.push(Drift { pointer: format!("/{name}").into(), text: text.into() });
    }
}

/// The part of a snapshot file that is about this probe.
fn section<'a>(text: &'a str, probe: &Probe) -> Option<&'a str> {
    let heading = heading(probe);
    let start = text.find(&format!("{heading}\n"))?;
    let rest = &text[start + heading.len()..];
    Some(rest.find("\n# ").map_or(rest, |end| &rest[..end]))
}

/// The top-level fields in a rendered text that the contract does not know, with their values.
fn undocumented(contract: &Contract, text: &str) -> Vec<(String, String)> {
    let properties = &contract.creation.response.properties;
    let mut found = Vec::new();
    let mut is_success = false;
    for line in text.lines() {
        if let Some(status) = line.strip_prefix("-> ") {
            is_success = status.starts_with(&contract.creation.created.to_string());
        } else if let Some((name, value)) =
            line.strip_prefix("  \"").filter(|_| is_success).and_then(|rest| rest.split_once("\": "))
            && !properties.contains_key(name)
        {
            found.push((name.to_owned(), value.trim_end_matches(',').to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::{add_drift, render};
    use crate::exchange::{Exchange, Response};
    use crate::judge::{Drift, Judgement};
    use crate::suite::{DEFAULT, Suite};

    /// What drifts when a reviewed answer had `reviewed`, and the present one has `current`, as its only field.
    fn drift(reviewed: &str, current: &str) -> Vec<Drift> {
        let mut suite = Suite::built_in(DEFAULT).unwrap().unwrap();
        let probe = suite.cases[0].probes[0].clone();
        let exchange = |body: &str| Exchange {
            request: probe.script.steps[0].request.clone(),
            outcome: Ok(Response {
                status: 201,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
                at: OffsetDateTime::now_utc(),
            }),
        };
        let text = render(&suite.contract, &probe, &[exchange(reviewed)]);
        suite.snapshots.insert(suite.cases[0].id.clone(), format!("---\nsource: a test\n---\n{text}"));
        let seen = if current.contains("extra") {
            vec![Drift { pointer: "/extra".into(), text: "a field that nobody documents".into() }]
        } else {
            Vec::new()
        };
        let mut judgement = Judgement { drift: seen, ..Judgement::default() };
        add_drift(&suite, &probe, &[exchange(current)], &mut judgement);
        judgement.drift
    }

    #[test]
    fn a_reviewed_field_is_no_news_and_its_change_is() {
        assert_eq!(drift("{\"extra\":1}", "{\"extra\":1}"), []);
        assert_eq!(drift("{}", "{\"extra\":1}").len(), 1);
        assert_eq!(drift("{\"extra\":1}", "{\"extra\":2}")[0].text, "2, which was 1");
        assert_eq!(drift("{\"extra\":1}", "{}")[0].text, "a field of the snapshot that did not come");
    }
}
