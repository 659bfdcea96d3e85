//! The random phase: valid bodies, and bodies with exactly one violation, from proptest strategies that are built from the contract.
//!
//! A probe is about one field, and holds besides it what is required and fields that stand before it in the contract, so that a field that may be left out,
//! added behind it, changes nothing.
//! Bodies are not filtered: only what is wanted is built.

mod broken;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use serde_json::Value;

use broken::broken;

use super::assemble::{Base, FieldText, object, probe, request};
use super::test_values::{good_item, is_unambiguous, listed, valid_values};
use super::{Seed, pattern};
use crate::contract::{Contract, Rule, Schema, Type, Unambiguous};
use crate::probe::{Phase, Probe};
use crate::suite::Suite;

/// What a random probe sends in its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// A value that every reading allows.
    Valid,
    /// A value that none does.
    Broken,
}

impl Validity {
    const ALL: [(&'static str, Self); 2] = [("valid", Self::Valid), ("broken", Self::Broken)];
}

/// A body as a tree that proptest can shrink: a value, or nothing, for each field up to the one that the probe is about, or the last one that is required.
pub(crate) type BodyTree = Box<dyn ValueTree<Value = Vec<Option<String>>>>;

/// The probes of the random phase: `examples` of each validity for each field, made a batch at a time.
pub(super) struct RandomProbes {
    suite: Arc<Suite>,
    seed: Seed,
    examples: usize,
    /// Which field and validity is next, and which example of it.
    next: (usize, usize),
    batch: std::vec::IntoIter<Probe>,
}

/// So many probes are made at once: building what makes them takes longer than making one.
const BATCH: usize = 256;

impl RandomProbes {
    pub(super) fn new(suite: &Arc<Suite>, seed: Seed, examples: usize) -> Self {
        Self { suite: Arc::clone(suite), seed, examples, next: (0, 0), batch: Vec::new().into_iter() }
    }

    /// The next probes; `None` where there is no further field.
    fn next_batch(&mut self) -> Option<Vec<Probe>> {
        let suite = Arc::clone(&self.suite);
        let contract = &suite.contract;
        let aims = contract.creation.request.properties.len() * Validity::ALL.len();
        if self.next.0 >= aims {
            return None;
        }
        let (base, companions) = (Base::of(contract), Companions::of(contract));
        let mut batch = Vec::new();
        while self.next.0 < aims && batch.len() < BATCH {
            self.add_probes(contract, &base, &companions, &mut batch);
        }
        Some(batch)
    }

    /// Adds the next probes of one field and validity.
    fn add_probes(&mut self, contract: &Contract, base: &Base, companions: &Companions, batch: &mut Vec<Probe>) {
        let (aim, first) = self.next;
        let end = self.examples.min(first + BATCH - batch.len());
        self.next = if end == self.examples { (aim + 1, 0) } else { (aim, end) };
        let Some((name, _)) = contract.creation.request.properties.get_index(aim / Validity::ALL.len()) else { return };
        let (word, validity) = Validity::ALL[aim % Validity::ALL.len()];
        let Some(strategy) = body_strategy(contract, base, companions, name, validity) else {
            self.next = (aim + 1, 0);
            return;
        };
        // What is required is in every body, so that a probe has to say that it is about it.
        let is_required = contract.creation.request.required.contains(name);
        let field = contract.creation.request.properties.get(name).filter(|_| is_required);
        let about = field.map(|schema| schema.clause("type")).filter(|id| contract.clauses.contains_key(id));
        for index in first..end {
            let id = format!("random/{name}/{word}/{index:04}");
            if let Ok(tree) = strategy.new_tree(&mut self.seed.runner(&id)) {
                let body = object(&fields(contract, &tree.current()));
                batch.push(probe(contract, Phase::Random, id, about.clone(), request(contract, body)));
            }
        }
    }
}

impl Iterator for RandomProbes {
    type Item = Probe;

    fn next(&mut self) -> Option<Probe> {
        loop {
            if let Some(probe) = self.batch.next() {
                return Some(probe);
            }
            self.batch = self.next_batch()?.into_iter();
        }
    }
}

/// The tree of a random probe, grown again from its seed; `None` for a probe of another phase.
pub(crate) fn tree(contract: &Contract, seed: Seed, id: &str) -> Option<BodyTree> {
    let mut parts = id.strip_prefix("random/")?.rsplitn(3, '/');
    let (_, word, name) = (parts.next()?, parts.next()?, parts.next()?);
    let validity = Validity::ALL.iter().find(|(each, _)| *each == word)?.1;
    let (base, companions) = (Base::of(contract), Companions::of(contract));
    let tree = body_strategy(contract, &base, &companions, name, validity)?.new_tree(&mut seed.runner(id)).ok()?;
    Some(Box::new(tree))
}

/// The fields that a tree holds at present.
pub(crate) fn fields(contract: &Contract, values: &[Option<String>]) -> Vec<FieldText> {
    let names = contract.creation.request.properties.keys();
    names.zip(values).filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
}

type FieldStrategy = BoxedStrategy<Option<String>>;

/// Half of the fields before the one named, that one, and what is required.
fn body_strategy(
    contract: &Contract,
    base: &Base,
    companions: &Companions,
    name: &str,
    validity: Validity,
) -> Option<Vec<FieldStrategy>> {
    let request = &contract.creation.request;
    let position = request.properties.get_index_of(name)?;
    let subject = match validity {
        Validity::Valid => valid(&request.properties[position])?,
        Validity::Broken => broken(contract, base, name, &request.properties[position])?,
    };
    let is_required = |name: &String| request.required.contains(name);
    let last = request.properties.keys().rposition(is_required).unwrap_or(position).max(position);
    let field = |(index, name): (usize, &String)| match index {
        _ if index == position => subject.clone().prop_map(Some).boxed(),
        _ if is_required(name) || index < position => companions.0[index].clone(),
        _ => Just(None).boxed(),
    };
    Some(request.properties.keys().take(last + 1).enumerate().map(field).collect())
}

/// What each field may hold beside the one that a probe is about.
struct Companions(Vec<FieldStrategy>);

impl Companions {
    fn of(contract: &Contract) -> Self {
        let request = &contract.creation.request;
        let companion = |(name, schema): (&String, &Schema)| match valid(schema) {
            _ if request.required.contains(name) => needed(schema),
            Some(values) => prop::option::of(values).boxed(),
            None => Just(None).boxed(),
        };
        Self(request.properties.iter().map(companion).collect())
    }
}

/// What a field that must be given holds beside the one that a probe is about.
fn needed(schema: &Schema) -> FieldStrategy {
    let known = known_values(schema);
    if known.is_empty() { Just(None).boxed() } else { select(known).prop_map(Some).boxed() }
}

fn known_values(schema: &Schema) -> Vec<String> {
    valid_values(schema).into_iter().map(|test_value| test_value.json).filter(|json| json.len() < 2000).collect()
}

/// Valid values: often those at the limits, else any; `None` where a request had better not give the field.
fn valid(schema: &Schema) -> Option<BoxedStrategy<String>> {
    if !schema.can_be_given() {
        return None;
    }
    let known = known_values(schema);
    let any = any_valid(schema);
    match (known.is_empty(), any) {
        (true, any) => any,
        (false, None) => Some(select(known).boxed()),
        (false, Some(any)) => Some(prop_oneof![2 => any, 1 => select(known)].boxed()),
    }
}

/// The most items of a random array; the boundaries try more.
const MOST_ITEMS: usize = 50;

/// Values from the whole of what every reading allows; `None` where the known values are all there is.
fn any_valid(schema: &Schema) -> Option<BoxedStrategy<String>> {
    if listed(schema).is_some() {
        return None;
    }
    if let Some(pattern) =
        rule(schema, "pattern").and_then(|rule| if let Rule::Pattern(pattern) = rule { Some(pattern) } else { None })
    {
        let texts = proptest::string::string_regex_parsed(&pattern::without_anchors(pattern)?).ok()?;
        return Some(texts.prop_map(|text| Value::from(text).to_string()).boxed());
    }
    if schema.is(Type::Integer) {
        let (low, high) = range(schema);
        let unit = match rule(schema, "multipleOf") {
            Some(Rule::MultipleOf(unit)) => unit.as_i64()?,
            _ => 1,
        };
        let (first, last) = (low.div_euclid(unit) + i64::from(low.rem_euclid(unit) > 0), high.div_euclid(unit));
        return (first <= last).then(|| (first..=last).prop_map(move |count| (count * unit).to_string()).boxed());
    }
    let items = schema.items.as_deref()?;
    let most = match rule(schema, "maxItems") {
        Some(Rule::MaxItems(most)) => usize::try_from(*most).unwrap_or(MOST_ITEMS).min(MOST_ITEMS),
        _ => 10,
    };
    let arrays = if let Some(items) = any_valid(items) {
        prop::collection::vec(items, 0..=most).boxed()
    } else {
        let numbered: Vec<_> = (0..200).filter_map(|index| good_item(items, index)).collect();
        let most = most.min(numbered.len());
        prop::sample::subsequence(numbered, 0..=most).prop_shuffle().boxed()
    };
    let schema = schema.clone();
    Some(arrays.prop_map(move |items| array(&schema, items)).boxed())
}

/// These items, without those that do not go with the ones before them.
fn array(schema: &Schema, items: Vec<String>) -> String {
    let text = |items: &[String]| format!("[{}]", items.join(","));
    let mut kept = Vec::new();
    for item in items {
        kept.push(item);
        if !is_unambiguous(schema, &text(&kept)) {
            kept.pop();
        }
    }
    text(&kept)
}

fn rule<'a>(schema: &'a Schema, keyword: &str) -> Option<&'a Rule> {
    let unambiguous = match &schema.unambiguous {
        Unambiguous::Within(unambiguous) => unambiguous.rule(keyword),
        Unambiguous::All | Unambiguous::Nothing => None,
    };
    unambiguous.or_else(|| schema.rule(keyword))
}

/// The integers that every reading allows, the least first.
fn range(schema: &Schema) -> (i64, i64) {
    const USUAL: i64 = 1_000_000;
    let of = |keyword| rule(schema, keyword).and_then(limit);
    let low = of("minimum").into_iter().chain(of("exclusiveMinimum")).max();
    let high = of("maximum").into_iter().chain(of("exclusiveMaximum")).min();
    match (low, high) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, USUAL.max(low.saturating_add(1))),
        (None, Some(high)) => ((-USUAL).min(high.saturating_sub(1)), high),
        (None, None) => (-USUAL, USUAL),
    }
}

/// The whole number nearest to a limit that is still within it.
fn limit(rule: &Rule) -> Option<i64> {
    let (limit, whole) = match rule {
        Rule::Minimum(limit) => (limit, limit.as_f64().map(f64::ceil)),
        Rule::Maximum(limit) => (limit, limit.as_f64().map(f64::floor)),
        Rule::ExclusiveMinimum(limit) => return format!("{:.0}", limit.as_f64()?.floor() + 1.0).parse().ok(),
        Rule::ExclusiveMaximum(limit) => return format!("{:.0}", limit.as_f64()?.ceil() - 1.0).parse().ok(),
        _ => return None,
    };
    limit.as_i64().or_else(|| format!("{:.0}", whole?).parse().ok())
}
