//! The texts worth trying in a field, and in the parts of an array's items.

use super::{LONGEST, is_turn, json, longest, unique};
use crate::contract::{Contract, Rule, Schema, Unambiguous};
use crate::plan::dictionary::{self, Signs};
use crate::plan::test_values::is_unambiguous;
use crate::plan::{Seed, pattern};

/// The texts worth trying in a field: those of the dictionary, and of many lengths with each sign at each place.
pub(super) fn of_text(contract: &Contract, schema: &Schema, seed: Seed) -> Vec<String> {
    let words = dictionary::words(contract);
    let signs = Signs::of(|text| is_unambiguous(schema, &json(text.to_owned())));
    let shapes = signs.iter().flat_map(|signs| {
        lengths(longest(schema), seed)
            .zip(0..)
            .map(|(length, turn)| signs.text(length, turn, &words))
            .collect::<Vec<_>>()
    });
    unique(shapes.chain(dictionary::texts()).chain(words.iter().cloned()).collect())
}

/// Items that every reading allows. Where an item has parts, each text stands in each of them.
pub(super) fn of_items(contract: &Contract, items: &Schema, seed: Seed) -> Vec<String> {
    let is_right = |text: &String| is_unambiguous(items, &json(text.clone()));
    let Some(parted) = parted(items) else {
        return of_text(contract, items, seed).into_iter().filter(is_right).collect();
    };
    let words = dictionary::words(contract);
    let all = unique(dictionary::texts().into_iter().chain(words.iter().cloned()).collect());
    let part = |place: usize| {
        let fill = |text: &str| parted.with(place, text).filter(is_right);
        let signs = Signs::of(|text| fill(text).is_some());
        let shapes =
            signs.iter().flat_map(|signs| (1..=usize::from(LONGEST)).map(|length| signs.text(length, length, &words)));
        let shapes = shapes.chain(signs.iter().flat_map(Signs::short_texts));
        unique(all.iter().cloned().chain(shapes).filter(|text| fill(text).is_some()).collect())
    };
    let parts: Vec<_> = (0..parted.count()).map(part).collect();
    let most = parts.iter().map(Vec::len).max().unwrap_or_default();
    // Each part at a pace of its own, so that the same two texts do not always stand together.
    let item = |index: usize| {
        let chosen: Option<Vec<_>> =
            parts.iter().zip(0..).map(|(texts, place)| texts.get((index + place * 31) % texts.len().max(1))).collect();
        parted.filled(&chosen?)
    };
    // Some texts are whole items already.
    unique(all.iter().cloned().chain((0..most).filter_map(item)).filter(is_right).collect())
}

fn parted(items: &Schema) -> Option<pattern::Parted> {
    let unambiguous = match &items.unambiguous {
        Unambiguous::Within(unambiguous) => unambiguous.rule("pattern"),
        Unambiguous::All | Unambiguous::Nothing => None,
    };
    match unambiguous.or_else(|| items.rule("pattern")) {
        Some(Rule::Pattern(pattern)) => pattern::parted(pattern),
        _ => None,
    }
}

/// Every length up to a number of signs that most names have, and beyond it each fourth one, by the seed.
fn lengths(longest: usize, seed: Seed) -> impl Iterator<Item = usize> {
    const USUAL: usize = 64;
    (1..=longest).filter(move |length| *length <= USUAL || is_turn(*length, seed))
}
