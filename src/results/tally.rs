//! Counts of what many probes share, with one of them as an example.

use std::collections::BTreeMap;

use crate::run::Place;

/// A cause that several probes share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause in words.
    pub text: String,
    /// How many probes.
    pub count: usize,
    /// One of them.
    pub example: String,
}

/// So many different causes, or things that nobody documents, are told apart; a server can make them up without end.
const MOST: usize = 1000;

/// Causes, each with the first probe of the plan that has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes(BTreeMap<String, (Place, Cause)>);

impl Causes {
    pub(super) fn add(&mut self, text: String, place: Place, probe: &str) {
        self.add_many(text, place, probe, 1);
    }

    /// Adds a cause that so many probes share, of which this is the first one.
    pub(super) fn add_many(&mut self, text: String, place: Place, probe: &str, count: usize) {
        let text =
            if self.0.len() < MOST || self.0.contains_key(&text) { text } else { "for further reasons".to_owned() };
        let new = || (place, Cause { text: text.clone(), count: 0, example: probe.to_owned() });
        let (first, cause) = self.0.entry(text.clone()).or_insert_with(new);
        cause.count += count;
        if place < *first {
            *first = place;
            probe.clone_into(&mut cause.example);
        }
    }

    /// How many probes have any of them.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(|(_, cause)| cause.count).sum()
    }

    /// In the order of their first probes.
    pub(super) fn in_order(&self) -> Vec<Cause> {
        let mut causes: Vec<_> = self.0.values().collect();
        causes.sort_by_key(|(place, _)| *place);
        causes.into_iter().map(|(_, cause)| cause.clone()).collect()
    }
}

/// Things and how often each was seen.
#[derive(Clone, Debug)]
pub(super) struct Tally<T>(BTreeMap<T, usize>);

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Clone> Tally<T> {
    pub(super) fn add(&mut self, item: &T) {
        if let Some(count) = self.0.get_mut(item) {
            *count += 1;
        } else if self.0.len() < MOST {
            self.0.insert(item.clone(), 1);
        }
    }

    pub(super) fn counts(&self) -> Vec<(T, usize)> {
        self.0.iter().map(|(item, count)| (item.clone(), *count)).collect()
    }
}
