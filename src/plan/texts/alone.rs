//! Texts that some reading allows and another one does not, by themselves: whoever takes them must give them back unchanged.

use std::collections::HashSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::{OPEN_ITEMS, is_text, is_turn, json, longest, unique};
use crate::contract::{Contract, Schema};
use crate::plan::Seed;
use crate::plan::assemble::{Base, object, probe, request};
use crate::plan::dictionary::{self, Signs};
use crate::plan::test_values::{is_unambiguous, label, test_values};
use crate::probe::{Phase, Probe};

/// Texts that some reading allows and another one does not, by themselves: whoever takes them must give them back unchanged.
pub(super) fn alone(contract: &Contract, base: &Base, name: &str, schema: &Schema, seed: Seed) -> Vec<Probe> {
    let known: HashSet<_> = test_values(schema).into_iter().map(|value| value.json).collect();
    let is_open = |schema: &Schema, json: &String| {
        serde_json::from_str::<Value>(json).is_ok_and(|value| {
            let found = schema.examine(&value);
            found.broken.is_empty() && !found.open.is_empty()
        })
    };
    let values: Vec<String> = match schema.items.as_deref() {
        _ if is_text(schema) => {
            let texts = dictionary::texts().into_iter().chain(beyond(schema, seed));
            unique(texts.map(json).filter(|json| is_open(schema, json)).collect())
        }
        Some(items) if is_text(items) => {
            let open: Vec<_> = dictionary::texts().into_iter().map(json).filter(|json| is_open(items, json)).collect();
            groups(open).into_iter().map(|items| format!("[{}]", items.join(","))).collect()
        }
        _ => Vec::new(),
    };
    let make = |json: String| {
        let id = format!("texts/{name}/{}", label(&json));
        let body = object(&base.with(&[(name.to_owned(), json)]));
        probe(contract, Phase::Texts, id, None, request(contract, body))
    };
    values.into_iter().filter(|json| !known.contains(json)).map(make).collect()
}

/// These texts in groups that nobody can take for repeats of each other: some readers keep no outer spaces, no case, or take a text up to a dot for a key.
fn groups(texts: Vec<String>) -> Vec<Vec<String>> {
    let beginning = |text: &str| {
        let plain = serde_json::from_str::<String>(text).unwrap_or_default();
        let word: String = plain.trim().nfkd().take_while(|sign| sign.is_alphanumeric()).collect();
        word.to_lowercase()
    };
    let mut groups: Vec<(HashSet<String>, Vec<String>)> = Vec::new();
    for text in texts {
        let key = beginning(&text);
        let has_room =
            |(keys, texts): &&mut (HashSet<String>, Vec<String>)| texts.len() < OPEN_ITEMS && !keys.contains(&key);
        match groups.iter_mut().find(has_room) {
            Some((keys, texts)) => {
                keys.insert(key);
                texts.push(text);
            }
            None => groups.push((HashSet::from([key]), vec![text])),
        }
    }
    groups.into_iter().map(|(_, texts)| texts).collect()
}

/// Texts of the lengths beyond what every reading allows, with the signs that not every reading does; each fourth length, by the seed.
fn beyond(schema: &Schema, seed: Seed) -> Vec<String> {
    let is_right = |text: &str| is_unambiguous(schema, &json(text.to_owned()));
    let is_strange = |text: &str| text.chars().any(|sign| !is_right(&format!("a{sign}a"))) || text == "aaa";
    let Some(signs) = Signs::of(is_strange) else { return Vec::new() };
    let lengths = (1..=longest(schema)).filter(|length| is_turn(*length, seed) && !is_right(&"a".repeat(*length)));
    lengths.zip(0..).map(|(length, turn)| signs.text(length, turn, &[])).collect()
}
