//! The boundary phase: what follows from the contract with certainty, enumerated; the same every time. Of a long list it has some values only.

use super::assemble::{Base, FieldText, object, probe, request};
use super::test_values::{LONG_LIST, all_listed, listed, spread, test_values, usual, valid_values};
use super::wire;
use crate::contract::{ClauseId, Contract, Schema, Type};
use crate::exchange::TokenVariant;
use crate::probe::{Phase, Probe};

/// The probes of the boundary phase: field by field, then bodies as wholes, then headers.
pub(super) fn probes(contract: &Contract) -> Vec<Probe> {
    let (base, request) = (Base::of(contract), &contract.creation.request);
    let mut found: Vec<_> =
        request.properties.iter().flat_map(|(name, schema)| of_field(contract, &base, name, schema)).collect();
    found.extend(of_presence(contract, &base));
    found.extend(of_unknown_fields(contract, &base));
    found.extend(of_spellings(contract, &base));
    found.extend(of_escapes(contract, &base));
    found.extend(of_bytes(contract, &base));
    found.extend(of_media_types(contract, &base));
    found.push(of_encoding(contract));
    found.extend(of_credentials(contract, &base));
    found
}

fn id(topic: &str, label: &str) -> String {
    format!("boundary/{topic}/{label}")
}

/// Each value worth trying, in a body with no more than what is needed, so that nothing else can be to blame.
fn of_field(contract: &Contract, base: &Base, name: &str, schema: &Schema) -> Vec<Probe> {
    let make = |test_value: super::test_values::TestValue| {
        let value = serde_json::from_str(&test_value.json).unwrap_or(serde_json::Value::Null);
        let about = schema.rule_about(&value).map(|rule| schema.clause(rule.keyword()));
        let body = object(&base.with(&[(name.to_owned(), test_value.json)]));
        probe(contract, Phase::Boundary, id(name, &test_value.label), about, request(contract, body))
    };
    // Of a long list, such as a table, a few: the phase of texts has each of them, beside other values, and so has a case that derives something from it.
    let all = all_listed(schema).unwrap_or_default();
    let few = spread(&all, LONG_LIST);
    let is_left_out = |json: &str| {
        let value = serde_json::from_str(json).unwrap_or_default();
        all.contains(&value) && !few.contains(&value)
    };
    test_values(schema).into_iter().filter(|test_value| !is_left_out(&test_value.json)).map(make).collect()
}

/// Every field with a value that every reading allows.
fn usual_fields(contract: &Contract) -> Vec<FieldText> {
    let properties = contract.creation.request.properties.iter();
    properties.filter_map(|(name, schema)| Some((name.clone(), usual(schema)?))).collect()
}

/// All fields, all but one, none, and what is needed.
fn of_presence(contract: &Contract, base: &Base) -> Vec<Probe> {
    let all = usual_fields(contract);
    let make = |label: String, about: Option<ClauseId>, fields: &[FieldText]| {
        probe(contract, Phase::Boundary, id("presence", &label), about, request(contract, object(fields)))
    };
    let mut found = vec![make("no field".to_owned(), None, &[]), make("every field".to_owned(), None, &all)];
    if !base.fields().is_empty() {
        found.push(make("what is required".to_owned(), None, base.fields()));
    }
    for (index, (name, _)) in all.iter().enumerate() {
        let mut others = all.clone();
        others.remove(index);
        found.push(make(format!("all but {name}"), Some(ClauseId::of_request(name, "optional")), &others));
    }
    found
}

/// Each text with an escape for every character of it, which is the same text; whoever looks at its bytes takes it for another one.
fn of_escapes(contract: &Contract, base: &Base) -> Vec<Probe> {
    let escaped = usual_fields(contract).into_iter().filter_map(|(name, json)| Some((name, wire::escaped(&json)?)));
    let make = |(name, json): FieldText| {
        let label = id(&name, "every character escaped");
        probe(contract, Phase::Boundary, label, None, request(contract, object(&base.with(&[(name, json)]))))
    };
    escaped.map(make).collect()
}

/// Fields that the request does not list: one that nobody knows, and those that only answers have.
fn of_unknown_fields(contract: &Contract, base: &Base) -> Vec<Probe> {
    let listed = &contract.creation.request.properties;
    let of_answers =
        contract.creation.response.properties.keys().filter(|name| !listed.contains_key(*name)).map(String::as_str);
    let names = ["x_unheard_of", ""].into_iter().chain(of_answers);
    let values = [("text", "\"text\""), ("number", "7"), ("object", "{}")];
    let pairs = names.flat_map(|name| values.map(|(label, json)| (name.to_owned(), label, json.to_owned())));
    let of = |(name, label, json): (String, &str, String)| {
        let label = id("unknown", &format!("{name}={label}"));
        let body = object(&base.with(&[(name, json)]));
        probe(contract, Phase::Boundary, label, None, request(contract, body))
    };
    let whole = wrapped(contract).map(|((name, json), about)| {
        let mut made = of((name, "the whole", json));
        // What is in there must stay away beside it, so that no mark is put into it.
        made.clauses.extend(about);
        made
    });
    pairs.map(of).chain(whole).collect()
}

/// A field that holds what belongs beside it, named as one thing of the collection is: some readers take that for the whole. What they take from there must have
/// its default.
fn wrapped(contract: &Contract) -> Option<(FieldText, Vec<ClauseId>)> {
    let collection = contract.subject().path.as_str().rsplit('/').next()?;
    let name = collection.strip_suffix('s').unwrap_or(collection);
    let is_listed = |name: &str| contract.creation.lists(name);
    let inner = contract
        .creation
        .request
        .properties
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), other_than_default(contract, name, schema)?)));
    let inner: Vec<FieldText> = inner.collect();
    let json = String::from_utf8(object(&inner)).ok()?;
    let about = inner.iter().map(|(name, _)| ClauseId::of_request(name, "default")).collect();
    (!inner.is_empty() && !name.is_empty() && !name.contains('{') && !is_listed(name))
        .then(|| ((name.to_owned(), json), about))
}

/// How a name is spelled otherwise.
type Respell = fn(&str) -> String;

/// Fields under names that careless readers take for theirs, one by one, as a service may refuse one and take another. What is taken must have its default.
fn of_spellings(contract: &Contract, base: &Base) -> Vec<Probe> {
    let listed = &contract.creation.request.properties;
    let spellings: [Respell; 3] = [str::to_uppercase, camel_case, |name| name.replace('_', "-")];
    let respelled = |(name, schema): (&String, &Schema)| {
        let json = other_than_default(contract, name, schema);
        let others = spellings.map(|respell| respell(name)).into_iter().filter(|other| !listed.contains_key(other));
        let fields = json.into_iter().flat_map(|json| others.clone().map(move |other| (other, json.clone())));
        fields.map(|field| (ClauseId::of_request(name, "default"), field)).collect::<Vec<_>>()
    };
    let make = |(about, field): (ClauseId, FieldText)| {
        let id = id("spelling", &field.0);
        let mut made = probe(contract, Phase::Boundary, id, None, request(contract, object(&base.with(&[field]))));
        // The field itself must stay away, so that no mark is put into it.
        made.clauses.push(about);
        made
    };
    listed.iter().flat_map(respelled).map(make).collect()
}

/// A value that every reading allows and that the field does not have by itself, where it may be left out. None asks for a protection: nobody could foresee
/// that it is granted.
fn other_than_default(contract: &Contract, name: &str, schema: &Schema) -> Option<String> {
    let is_needed = contract.creation.request.required.iter().any(|each| each == name);
    let default = schema.default.as_ref().filter(|_| !is_needed)?;
    let is_other = |json: &String| {
        let value = serde_json::from_str::<serde_json::Value>(json);
        let asks = |value| contract.protected_states().contains(&(name.to_owned(), value));
        value.is_ok_and(|value| value != *default && !asks(value))
    };
    valid_values(schema).into_iter().map(|test_value| test_value.json).find(is_other)
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_').filter(|part| !part.is_empty());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |found, part| {
        let mut letters = part.chars();
        let initial = letters.next().into_iter().flat_map(char::to_uppercase);
        found.chars().chain(initial).chain(letters).collect()
    })
}

fn of_bytes(contract: &Contract, base: &Base) -> Vec<Probe> {
    // One field is enough, and a field that is added behind it changes nothing.
    let first = usual_fields(contract).into_iter().next();
    let good = object(&base.with(&first.into_iter().collect::<Vec<_>>()));
    let make = |(label, bytes): (String, Vec<u8>)| {
        probe(contract, Phase::Boundary, id("body", &label), None, request(contract, bytes))
    };
    // Where any text may stand, nothing else is wrong with it.
    let takes_any = |schema: &Schema| schema.is(Type::String) && listed(schema).is_none();
    let mut texts = contract.creation.request.properties.iter().filter(|(_, schema)| takes_any(schema));
    let text = texts.find_map(|(name, schema)| Some((name.clone(), usual(schema)?)));
    let odd_texts = text.map(|field| wire::with_odd_texts(&object(&base.with(&[field])))).unwrap_or_default();
    wire::bodies(&good, base.fields()).into_iter().chain(odd_texts).map(make).collect()
}

fn of_media_types(contract: &Contract, base: &Base) -> Vec<Probe> {
    wire::MEDIA_TYPES
        .iter()
        .map(|media_type| {
            let mut request = request(contract, object(base.fields()));
            request.headers = media_type.map(|text| ("Content-Type".to_owned(), text.to_owned())).into_iter().collect();
            probe(contract, Phase::Boundary, id("content-type", media_type.unwrap_or("none")), None, request)
        })
        .collect()
}

/// A body that says that it is encoded.
fn of_encoding(contract: &Contract) -> Probe {
    let (name, value, body) = wire::ENCODED;
    let mut request = request(contract, body.to_vec());
    request.headers.push((name.to_owned(), value.to_owned()));
    probe(contract, Phase::Boundary, id("content-encoding", value), None, request)
}

/// Every credential that is not good, before a good body, a wrong one and none.
fn of_credentials(contract: &Contract, base: &Base) -> Vec<Probe> {
    if contract.security.is_open() {
        return Vec::new();
    }
    let good = String::from_utf8_lossy(&object(base.fields())).into_owned();
    let label = if base.fields().is_empty() { "an empty object" } else { "what is required" };
    let bodies = [(label, good.as_str()), ("no object", "[]"), ("no JSON", "{"), ("nothing", "")];
    // One body is enough for those that are not made from the good one, and for those that few services take.
    let most = |credential: &TokenVariant| match credential {
        TokenVariant::Foreign(_)
        | TokenVariant::Elsewhere(_)
        | TokenVariant::SameShape
        | TokenVariant::Uppercase
        | TokenVariant::Reversed
        | TokenVariant::OtherSeparators
        | TokenVariant::Padded
        | TokenVariant::Listed
        | TokenVariant::BehindBearer
        | TokenVariant::UrlEncoded
        | TokenVariant::LikePattern => 1,
        _ => bodies.len(),
    };
    let bad = TokenVariant::bad(&contract.security);
    let pairs = bad.flat_map(|credential| bodies[..most(&credential.1)].iter().map(move |body| (credential, body)));
    pairs
        .map(|((name, credential), (label, body))| {
            let mut request = request(contract, body.as_bytes().to_vec());
            request.credential = credential;
            probe(contract, Phase::Boundary, id("token", &format!("{name} with {label}")), None, request)
        })
        .collect()
}
