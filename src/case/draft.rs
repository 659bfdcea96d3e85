//! The start of a case file: what its verb wants, with a TODO wherever only its author knows more.

use serde_json::{Value, json};

use super::Verb;
use crate::contract::{Contract, Relation, Subject};
use crate::document::{SourceError, TO_DO as TODO};

/// The text of a case with this id, the path within the suite without its ending, which is an error until its TODOs are filled in.
///
/// # Errors
///
/// Where the id names no folder, or its last part begins with no verb.
pub fn draft(contract: &Contract, id: &str) -> Result<String, SourceError> {
    let node = crate::document::parse(&format!("{id}.yaml"), "")?;
    let verb = super::read::read_verb(id, &node)?;
    let about = id.split('/').next().unwrap_or_default();
    let subject = contract.subject();
    let clauses = clauses(contract, verb, about);
    let mut text = format!(
        "# {} {}: {}.\n",
        subject.method,
        subject.path.as_str(),
        match verb {
            Verb::Accepts => "a valid request is answered with success",
            Verb::DefaultsTo => "a field that is left out gets its default",
            Verb::Derives => "a field of the answer follows from one of the request",
            Verb::Echoes => "a field comes back as it was given",
            Verb::Rejects => "an invalid request is refused",
            Verb::Requires => "what every answer must have",
            Verb::Keeps => "a promise, shown in several steps",
        }
    );
    text.push_str(&format!("title: \"{TODO} what this shows, a fragment of a sentence of at most 90 characters\"\n"));
    text.push_str(&clauses.comment);
    text.push_str(&format!("clauses: [{}]\n", clauses.chosen));
    text.push_str(&match verb {
        Verb::Keeps => steps(contract),
        _ => request(contract, verb, about),
    });
    Ok(text)
}

/// What a draft says of clauses: those that may be meant, and what stands for them.
struct Clauses {
    comment: String,
    chosen: String,
}

fn clauses(contract: &Contract, verb: Verb, about: &str) -> Clauses {
    const SHOWN: usize = 8;
    let is_meant = |subject: Subject| match verb {
        Verb::Accepts | Verb::Rejects | Verb::DefaultsTo => subject == Subject::Request,
        Verb::Derives | Verb::Echoes => subject == Subject::Response,
        Verb::Requires => matches!(subject, Subject::Response | Subject::Status(_) | Subject::Token),
        Verb::Keeps => subject == Subject::Behaviour,
    };
    let meant: Vec<_> = contract.clauses.values().filter(|clause| is_meant(clause.id.subject())).collect();
    let default = contract.clauses.values().find(|clause| clause.id.defaulted_field() == Some(about));
    if let (Verb::DefaultsTo, Some(clause)) = (verb, default) {
        return Clauses { comment: String::new(), chosen: clause.id.to_string() };
    }
    let of_field: Vec<_> = meant.iter().copied().filter(|clause| clause.id.is_of_field(about)).collect();
    let named = if of_field.is_empty() { meant } else { of_field };
    let mut comment = "# From `list --clauses`; among them:\n".to_owned();
    for clause in named.iter().take(SHOWN) {
        comment.push_str(&format!("#   {}  {}\n", clause.id, clause.text));
    }
    Clauses { comment, chosen: format!("\"{TODO} ids of clauses\"") }
}

fn request<'a>(contract: &'a Contract, verb: Verb, about: &'a str) -> String {
    let (given, answered) = (&contract.creation.request.properties, &contract.creation.response.properties);
    let field = if given.contains_key(about) { about } else { "a_field" };
    let to_do = |what: &str| Value::from(format!("{TODO} {what}"));
    let default = given.get(about).and_then(|schema| schema.default.clone());
    let (body, expected) = match verb {
        Verb::Accepts | Verb::Rejects => (json!({field: to_do("a value")}), None),
        Verb::DefaultsTo => (json!({}), Some((field, default.unwrap_or_else(|| to_do("the default"))))),
        Verb::Echoes => (json!({field: to_do("a value")}), Some((field, to_do("the same value")))),
        Verb::Derives => {
            let of = |name: &'a str| Some((name, derivation(contract, name)?));
            let found = of(about).or_else(|| answered.keys().find_map(|name| of(name)));
            let (derived, from) = found.unwrap_or(("a_field", "a_field"));
            (json!({from: to_do("a value")}), Some((derived, to_do("what follows from it"))))
        }
        Verb::Requires | Verb::Keeps => (json!({}), None),
    };
    let status = match verb {
        Verb::Rejects => {
            let refused = contract.creation.refused;
            format!("  # All that the contract allows for this refusal, one or a list.\n  status: {refused}\n")
        }
        _ => format!("  status: {}\n", contract.creation.created),
    };
    let expected = match expected {
        Some((name, value)) => format!("  body: {}\n", json!({name: value})),
        None if verb == Verb::Rejects => String::new(),
        None => {
            "  # `body: {field: value}` names fields of the answer; all of it is held against the contract anyway.\n"
                .to_owned()
        }
    };
    format!(
        "request:\n  # JSON; `raw` sends a string as it is, `headers` and `token` can stand beside it.\n  body: {body}\nexpect:\n{status}{expected}"
    )
}

/// The field of the request from which this field of the answer follows.
fn derivation<'a>(contract: &'a Contract, name: &str) -> Option<&'a str> {
    match contract.creation.response.properties.get(name)?.relation("derived") {
        Some(Relation::Derived(derived)) => Some(&derived.from),
        _ => None,
    }
}

fn steps(contract: &Contract) -> String {
    let (subject, lifecycle) = (contract.subject(), &contract.creation.lifecycle);
    let read = &contract.operations[lifecycle.read];
    let path = read.path.fill(&format!("{{{}}}", lifecycle.parameter));
    format!(
        "steps:\n  - {} {}\n    body: {{}}\n    expect: {{status: {}}}\n    # A name, and where in the answer its value is; later steps write it in braces.\n    capture: {{{}: {}}}\n  - {} {path}\n    expect: {{status: \"{TODO} a status, or a list of them\"}}\n",
        format_args!("{}:", subject.method),
        subject.path.as_str(),
        contract.creation.created,
        lifecycle.parameter,
        lifecycle.id,
        format_args!("{}:", read.method),
    )
}
