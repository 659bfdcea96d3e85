//! Deviations that are known of a target: which clauses it breaks, and why nobody needs to hear of it again.
//!
//! A suite has them in `baseline.yaml` beside its contract, an operator in a file of his own. A list that is wrong would hide what is broken, so it is read
//! strictly: a deviation must name a clause that a run can find broken, and give a reason. One that is no longer seen is reported too.

use std::collections::HashSet;

use time::Date;
use time::format_description::well_known::Iso8601;
use url::Url;

use crate::contract::{Assessment, ClauseId, Contract, Misbehaviour, NOW_AND_THEN, Schema};
use crate::document::{Node, SourceError};
use crate::judge::{Body, classify};
use crate::plan::Selection;
use crate::probe::{Phase, Probe};

/// One deviation that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// Id of the clause that the target breaks.
    pub clause: ClauseId,
    /// In which way; without it, in every way.
    pub cause: Option<String>,
    /// Why it is known: a link, or a version.
    pub because: String,
    /// Where more is said of it.
    pub link: Option<String>,
    /// The last day on which it fails nothing.
    pub until: Option<Date>,
}

/// The deviations that are known of a target.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    deviations: Vec<Deviation>,
    expired: Vec<Deviation>,
}

impl Deviation {
    /// Why it is known, with its link and its last day.
    pub fn reason(&self) -> String {
        let until = self.until.map(|until| format!("until {until}"));
        let more: Vec<_> = self.link.iter().cloned().chain(until).collect();
        if more.is_empty() { self.because.clone() } else { format!("{} ({})", self.because, more.join(", ")) }
    }

    /// Whether a mismatch of this clause and this cause is this deviation.
    pub fn covers(&self, clause: &ClauseId, why: &str) -> bool {
        self.clause == *clause && self.cause.as_ref().is_none_or(|known| known == why)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.clause == other.clause && (self.cause.is_none() || other.cause.is_none() || self.cause == other.cause)
    }
}

impl Baseline {
    /// Adds the deviations of a file.
    pub fn add(&mut self, contract: &Contract, node: &Node) -> Result<(), SourceError> {
        if node.items()?.is_empty() {
            return Err(node.error("a list of known deviations names at least one"));
        }
        for item in node.items()? {
            let deviation = read(contract, item)?;
            if let Some(other) = self.deviations.iter().find(|other| other.overlaps(&deviation)) {
                let message = format!("this deviation of `{}` is listed already", deviation.clause);
                let hint = match &other.cause {
                    Some(cause) => format!("the other one has the cause `{cause}`"),
                    None => "the other one has no cause, and so covers each".to_owned(),
                };
                return Err(item.error(message).with_hint(hint));
            }
            self.deviations.push(deviation);
        }
        Ok(())
    }

    /// Takes out what was known until a day before this one: it fails again.
    pub fn expire(&mut self, today: Date) {
        let is_over = |deviation: &Deviation| deviation.until.is_some_and(|until| until < today);
        let (expired, current) = std::mem::take(&mut self.deviations).into_iter().partition(is_over);
        self.deviations = current;
        self.expired.extend::<Vec<_>>(expired);
    }

    /// What was known until a day that is over.
    pub fn expired(&self) -> &[Deviation] {
        &self.expired
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.deviations.is_empty()
    }

    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Deviation> {
        self.deviations.iter()
    }

    /// Whether a mismatch of this clause and this cause is known.
    pub fn covers(&self, clause: &ClauseId, why: &str) -> bool {
        self.deviations.iter().any(|deviation| deviation.covers(clause, why))
    }
}

fn read(contract: &Contract, node: &Node) -> Result<Deviation, SourceError> {
    let mut fields = node.fields()?;
    let id = fields.required("clause")?;
    let clause = contract.clauses.get(id.text()?).ok_or_else(|| {
        let error = id.error(format!("the contract has no clause `{}`", id.text().unwrap_or_default()));
        error.with_nearest(id.text().unwrap_or_default(), contract.clauses.keys().map(ClauseId::as_str))
    })?;
    if let Assessment::Never(reason) = &clause.assessment {
        return Err(id.error(format!("no run can find `{}` broken: {reason}", clause.id)));
    }
    let way = fields.optional("cause");
    let deviation = Deviation {
        clause: clause.id.clone(),
        cause: way.map(Node::words).transpose()?,
        because: read_reason(fields.required("because")?)?,
        link: fields.optional("link").map(read_link).transpose()?,
        until: fields.optional("until").map(read_day).transpose()?,
    };
    fields.finish()?;
    match way.zip(deviation.cause.as_deref()) {
        Some((node, text)) => check_cause(contract, &deviation.clause, text, node).map(|()| deviation),
        None => Ok(deviation),
    }
}

/// What stands in place of a reason until somebody gives one.
pub(crate) const UNFILLED: &str = "FILL IN";

fn read_reason(node: &Node) -> Result<String, SourceError> {
    let reason = node.words()?;
    if reason.starts_with(UNFILLED) {
        let error = node.error("nobody has filled in why this is known");
        return Err(error.with_hint("give the reason, or take the entry out of the list"));
    }
    Ok(reason)
}

fn read_link(node: &Node) -> Result<String, SourceError> {
    let text = node.words()?;
    let is_link = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_link { Ok(text) } else { Err(node.error("a link begins with `https://` or `http://`")) }
}

fn read_day(node: &Node) -> Result<Date, SourceError> {
    let text = node.words()?;
    let is_written_so = text.len() == 10 && text.split('-').map(str::len).eq([4, 2, 2]);
    let why =
        if is_written_so { format!("there is no day {text}") } else { "a day is written as `2027-01-31`".to_owned() };
    Date::parse(&text, &Iso8601::DATE).map_err(|_| node.error(why))
}

/// A cause that no mismatch of the clause can have would make the deviation one that is never seen.
fn check_cause(contract: &Contract, id: &ClauseId, cause: &str, node: &Node) -> Result<(), SourceError> {
    let possible = causes(contract, id);
    if possible.contains(cause) {
        return Ok(());
    }
    let error = node.error(format!("no mismatch of `{id}` has the cause `{cause}`"));
    Err(match crate::document::nearest(cause, possible.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None if is_about_refusals(contract, id) => error
            .with_hint("a cause is the id of the clause that the request breaks, or the title of what is left open"),
        None => error.with_hint("a cause is a pointer to a field of the answer, such as `/id`"),
    })
}

/// What can tell mismatches of a clause apart: the field of the answer; for a status also what the request breaks, what is open about it, or over which
/// fields it is refused.
pub(crate) fn causes(contract: &Contract, clause: &ClauseId) -> HashSet<String> {
    let fields = &contract.creation.response.properties;
    let about = fields.values().find(|schema| clause.is_within(&schema.place));
    let pointers = fields.iter().filter(|(_, schema)| about.is_none_or(|about| about.place == schema.place));
    let mut found: HashSet<String> = pointers.map(|(name, _)| format!("/{name}")).collect();
    if *clause == ClauseId::status(contract.creation.created) {
        // A valid request is refused now and then, over one field, or over two.
        found.insert(NOW_AND_THEN.to_owned());
        let names = || contract.creation.request.properties.keys();
        found.extend(names().map(|name| format!("/{name}")));
        found.extend(names().flat_map(|one| names().map(move |other| format!("/{one} with /{other}"))));
    }
    if is_about_refusals(contract, clause) {
        found.extend(contract.clauses.keys().filter(|id| id.is_of_request()).map(ClauseId::to_string));
    }
    if is_about_refusals(contract, clause) || is_about_what_they_create(contract, clause) {
        found.extend(contract.creation.open_forms.iter().map(|open| open.title.clone()));
        add_titles(&contract.creation.request, &mut found);
    }
    found
}

fn is_about_refusals(contract: &Contract, clause: &ClauseId) -> bool {
    *clause == ClauseId::status(contract.creation.refused) || *clause == ClauseId::status(contract.creation.created)
}

/// Whether this is the promise that a refusal creates nothing.
fn is_about_what_they_create(contract: &Contract, clause: &ClauseId) -> bool {
    let breaks = |(_, way): &(String, Misbehaviour)| *way == Misbehaviour::CreatesWhatItRefuses;
    let promises = contract.creation.behaviours.iter().filter(|behaviour| behaviour.defects.iter().any(breaks));
    promises.into_iter().any(|behaviour| *clause == ClauseId::behaviour(&behaviour.id))
}

fn add_titles(schema: &Schema, titles: &mut HashSet<String>) {
    titles.extend(schema.unspecified.iter().map(|unspecified| unspecified.title.clone()));
    let inner = schema.properties.values().chain(schema.additional.as_deref()).chain(schema.items.as_deref());
    for schema in inner {
        add_titles(schema, titles);
    }
}

/// What a run tried, to tell a deviation that is stale from one that was not provoked.
#[derive(Debug)]
pub(crate) struct Tried {
    /// Whether anybody will ask.
    is_needed: bool,
    causes: HashSet<String>,
}

impl Tried {
    /// Nothing was tried yet. Where nothing is known of the target, nobody will ask.
    pub(crate) fn new(is_needed: bool) -> Self {
        Self { is_needed, causes: HashSet::new() }
    }

    /// Adds what a probe provokes.
    pub(crate) fn add(&mut self, contract: &Contract, probe: &Probe) {
        for step in probe.script.steps.iter().filter(|_| self.is_needed) {
            let body = Body::read(&step.request);
            let found = classify(contract, &step.request, &body);
            self.causes.extend(found.violations.first().map(|violation| violation.clause.to_string()));
            self.causes.extend(found.open.first().map(|open| open.title.to_owned()));
        }
    }

    /// Whether the run would have seen the deviation: it tried all there is about the clause, and what provokes the deviation.
    pub(crate) fn would_show(&self, selection: &Selection, deviation: &Deviation) -> bool {
        let Selection { selectors, phases, .. } = selection;
        let has_all_phases = Phase::ALL.iter().all(|(_, phase)| phases.contains(phase));
        let is_selected =
            selectors.is_empty() || selectors.iter().any(|selector| deviation.clause.starts_with(selector));
        let is_field = |cause: &String| cause.starts_with('/');
        let is_provoked = deviation.cause.as_ref().is_none_or(|cause| is_field(cause) || self.causes.contains(cause));
        has_all_phases && is_selected && is_provoked
    }
}
