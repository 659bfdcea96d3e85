//! The phase of texts: each text of the [dictionary] in each field that takes any, and beside them each row of each table.
//!
//! What every reading allows shares bodies: a body has a name of one kind, tags of others, a row of a table and a value of each short list, so that a few
//! hundred requests hold thousands of values. What only some readings allow stands alone, as one that is refused would hide the others.

mod alone;
mod items;

use std::collections::HashSet;
use std::iter;

use serde_json::Value;

use alone::alone;
use items::{of_items, of_text};

use super::Seed;
use super::assemble::{Base, FieldText, object, probe, request};
use super::dictionary;
use super::test_values::{LONG_LIST, all_listed, is_unambiguous, listed, sizes, usual, valid_values};
use crate::contract::{Contract, Rule, Schema, Type, Unambiguous};
use crate::probe::{Phase, Probe};

/// The most items of one array.
const MOST_ITEMS: usize = 9;

/// The name of a field that no contract lists.
const UNLISTED: &str = "x_unheard_of";

/// So many items that only some readings allow share an array.
const OPEN_ITEMS: usize = 4;

/// The most bodies that share values.
const MOST_BODIES: usize = 525;

/// Texts of every length up to this are tried.
const LONGEST: u8 = 255;

/// The probes of the phase.
pub(super) fn probes(contract: &Contract, seed: Seed, is_thorough: bool) -> Vec<Probe> {
    let mut found = shared(contract, seed, is_thorough);
    let base = Base::of(contract);
    for (name, schema) in contract.creation.request.properties.iter().filter(|(_, schema)| schema.can_be_given()) {
        found.extend(alone(contract, &base, name, schema, seed));
    }
    found
}

/// A field, and the values that it takes in turn.
struct Column<'a> {
    name: &'a str,
    schema: &'a Schema,
    kind: Turns,
}

/// How the values of a field take turns.
enum Turns {
    /// One after the other; a text, a number or a row.
    Each(Vec<String>),
    /// A few, so that each comes to stand beside each of the long ones. `None` leaves the field out.
    Few(Vec<Option<String>>),
    /// Several at once, as an array.
    Items(Vec<String>),
}

/// Bodies of which every reading allows every part.
fn shared(contract: &Contract, seed: Seed, is_thorough: bool) -> Vec<Probe> {
    let columns: Vec<_> = contract
        .creation
        .request
        .properties
        .iter()
        .filter_map(|(name, schema)| column(contract, name, schema, seed, is_thorough))
        .collect();
    let long = |column: &Column<'_>| if let Turns::Each(values) = &column.kind { values.len() } else { 0 };
    let few = |column: &Column<'_>| if let Turns::Few(values) = &column.kind { values.len() } else { 1 };
    let rows = columns.iter().filter(|column| listed(column.schema).is_some()).map(long).max().unwrap_or_default();
    let whole = if is_thorough { rows * columns.iter().map(few).max().unwrap_or(1) } else { rows };
    let count = columns.iter().map(long).max().unwrap_or_default().max(whole);
    let passes = count.div_ceil(rows.max(1));
    let shift = usize::try_from(seed.0 % 1_000_000).unwrap_or_default() * passes;
    let width = count.to_string().len();
    let other = additional(contract);
    let other = |index: usize| Some((UNLISTED.to_owned(), other.get(index % other.len().max(1))?.clone()));
    let mut offsets = vec![0; columns.len()];
    let make = |index: usize| {
        let turn = Turn { index, pass: index / rows.max(1) + shift, row: index % rows.max(1) };
        let fields: Vec<FieldText> = columns
            .iter()
            .enumerate()
            .zip(&mut offsets)
            .filter_map(|((place, column), offset)| Some((column.name.to_owned(), column.value(place, turn, offset)?)))
            .chain(other(index))
            .collect();
        let id = format!("texts/together/{:0width$}", index + 1);
        let sent =
            |id, fields: &[FieldText]| probe(contract, Phase::Texts, id, None, request(contract, object(fields)));
        let alone = said_elsewhere(contract, &columns, &fields);
        let alone = alone.map(|fields| sent(format!("{id} alone"), &fields));
        iter::once(sent(id, &fields)).chain(alone).collect::<Vec<_>>()
    };
    (0..count).flat_map(make).collect()
}

/// The fields without those of a long list of which another field has a value as its text: it is not to be taken for what is left out. `None` where there is
/// no such text.
fn said_elsewhere(contract: &Contract, columns: &[Column<'_>], fields: &[FieldText]) -> Option<Vec<FieldText>> {
    let is_said =
        |name: &str, values: &[String]| fields.iter().any(|(each, json)| each != name && values.contains(json));
    let is_left_out = |name: &str| {
        columns.iter().filter(|column| column.name == name && listed(column.schema).is_some()).any(|column| {
            let is_optional = !contract.creation.request.required.iter().any(|each| each == name);
            matches!(&column.kind, Turns::Each(values) if is_optional && is_said(name, values))
        })
    };
    let rest: Vec<_> = fields.iter().filter(|(name, _)| !is_left_out(name)).cloned().collect();
    (rest.len() < fields.len()).then_some(rest)
}

/// Which body it is, how often all rows have had their turn, and which row it is.
#[derive(Clone, Copy)]
struct Turn {
    index: usize,
    pass: usize,
    row: usize,
}

impl Column<'_> {
    fn value(&self, place: usize, turn: Turn, offset: &mut usize) -> Option<String> {
        match &self.kind {
            Turns::Each(values) => Some(values[turn.index % values.len()].clone()),
            Turns::Few(values) => {
                // Beside each row another value in each pass; two fields do not always take the same turn.
                let step = turn.row >> (place % 3);
                values[(step + turn.pass) % values.len()].clone()
            }
            Turns::Items(items) => Some(self.array(items, 1 + turn.index % MOST_ITEMS, offset)),
        }
    }

    /// So many of the next items, as far as every reading allows them together.
    fn array(&self, items: &[String], count: usize, offset: &mut usize) -> String {
        let text =
            |items: &[&String]| format!("[{}]", items.iter().map(|item| item.as_str()).collect::<Vec<_>>().join(","));
        let (mut kept, mut keys) = (Vec::new(), HashSet::new());
        for _ in 0..count {
            let item = &items[*offset % items.len()];
            *offset += 1;
            // Some stores tell texts apart only by more than their case.
            let is_new = keys.insert(self.key(item));
            kept.push(item);
            if !is_new || !is_unambiguous(self.schema, &text(&kept)) {
                // It begins the next array.
                kept.pop();
                *offset -= usize::from(!kept.is_empty());
                break;
            }
        }
        text(&kept)
    }

    fn key(&self, item: &str) -> String {
        let text = serde_json::from_str::<String>(item).unwrap_or_default();
        let key = self
            .schema
            .distinct_by()
            .and_then(|pattern| pattern.find(&text))
            .map_or(text.as_str(), |found| found.as_str());
        key.to_lowercase()
    }
}

/// A field of this schema with its values; `None` where it takes none that every reading allows, or nothing that this phase is about.
fn column<'a>(
    contract: &Contract,
    name: &'a str,
    schema: &'a Schema,
    seed: Seed,
    is_thorough: bool,
) -> Option<Column<'a>> {
    let is_required = contract.creation.request.required.iter().any(|each| each == name);
    let can_be_removed =
        |json: &String| !contract.asks_for_delete_protection(&object(&[(name.to_owned(), json.clone())]));
    let is_right = |json: &String| is_unambiguous(schema, json);
    let kind = if let Some(values) = all_listed(schema).filter(|values| values.len() >= LONG_LIST) {
        Turns::Each(some_of(values.iter().map(Value::to_string).filter(is_right).collect(), seed))
    } else if listed(schema).is_some() || schema.is(Type::Boolean) {
        let values = valid_values(schema).into_iter().map(|value| value.json);
        // What cannot be removed as it is costs several requests more each time.
        let values = values.filter(|json| is_thorough || can_be_removed(json));
        let absent = (!is_required).then_some(None);
        Turns::Few(absent.into_iter().chain(values.map(Some)).collect())
    } else if schema.is(Type::String) {
        let texts = of_text(contract, schema, seed).into_iter().map(json).filter(is_right).collect();
        Turns::Each(some_of(texts, seed))
    } else if schema.is(Type::Integer) || schema.is(Type::Number) {
        Turns::Each(sizes().into_iter().filter(is_right).collect())
    } else if let Some(items) = schema.items.as_deref().filter(|items| is_text(items)) {
        Turns::Items(of_items(contract, items, seed).into_iter().map(json).collect())
    } else {
        Turns::Each(usual(schema).filter(|_| is_required).into_iter().collect())
    };
    let is_empty = match &kind {
        Turns::Each(values) | Turns::Items(values) => values.is_empty(),
        Turns::Few(values) => values.is_empty(),
    };
    (schema.can_be_given() && !is_empty).then_some(Column { name, schema, kind })
}

/// The values of a field that the contract does not list, where it says that every text may stand there.
fn additional(contract: &Contract) -> Vec<String> {
    let additional = contract.creation.request.additional.as_deref();
    let takes_any = |schema: &Schema| matches!(schema.unambiguous, Unambiguous::All) && is_text(schema);
    if !additional.is_some_and(takes_any) {
        return Vec::new();
    }
    dictionary::texts().into_iter().filter(|text| text.is_ascii()).map(json).collect()
}

/// As many of these values as one run tries, others of them with each seed.
fn some_of(mut values: Vec<String>, seed: Seed) -> Vec<String> {
    if values.len() > MOST_BODIES {
        let runs = values.len() as u64;
        let begin = (u128::from(seed.0.wrapping_sub(1)) * MOST_BODIES as u128 % u128::from(runs)) as usize;
        values.rotate_left(begin);
        values.truncate(MOST_BODIES);
    }
    values
}

fn is_text(schema: &Schema) -> bool {
    schema.is(Type::String) && listed(schema).is_none()
}

fn json(text: String) -> String {
    Value::from(text).to_string()
}

/// The longest text that some reading allows.
fn longest(schema: &Schema) -> usize {
    let limit = match schema.rule("maxLength") {
        Some(Rule::MaxLength(limit)) => u64::from(LONGEST).min(*limit),
        _ => u64::from(LONGEST),
    };
    usize::try_from(limit).unwrap_or_default()
}

fn is_turn(length: usize, seed: Seed) -> bool {
    (length as u64 + seed.0 % 4).is_multiple_of(4)
}

fn unique(texts: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.into_iter().filter(|text| seen.insert(text.clone())).collect()
}
