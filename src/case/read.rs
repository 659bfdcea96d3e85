//! From the YAML of a case to its probes.

use super::rows::{self, Row};
use super::step::{Captured, read_single, read_steps};
use super::{Case, Verb, braces};
use crate::contract::{ClauseId, Contract};
use crate::document::{Errors, Node, SourceError, check_filled_in, nearest};
use crate::probe::{Expectation, Phase, Probe, Script, Step};

/// The longest title: a line of a report has no more room.
pub(super) const LONGEST_TITLE: usize = 90;

/// What a case sends.
#[derive(Clone, Copy)]
enum Sent<'a> {
    /// One request, and what it expects.
    Single(&'a Node, &'a Node),
    /// Several.
    Steps(&'a Node),
}

/// Reads a case without holding it against its verb.
pub(super) fn case(contract: &Contract, id: &str, node: &Node) -> Result<Case, SourceError> {
    let mut errors = Errors::default();
    let verb = errors.keep(read_verb(id, node));
    let mut fields = node.fields()?;
    // What else is wrong with a draft often follows from what is missing in it.
    if verb.is_some() {
        check_filled_in(node)?;
    }
    let title = errors.keep(fields.required("title").and_then(read_title));
    let [description, skip] = ["description", "skip"].map(|key| {
        let words = fields.optional(key).map(Node::words).transpose();
        let hint = format!("write in words what is to be said, as in `{key}: waits for v3`");
        errors.keep(words.map_err(|error| error.with_hint(hint))).flatten()
    });
    let clauses = errors.keep(fields.required("clauses").and_then(|clauses| read_clauses(contract, clauses)));
    let rows_node = fields.optional("rows");
    let rows = errors.keep(rows::read(contract, rows_node));
    let source = errors.keep(fields.one_of(&["request", "steps"]));
    let sent = match source {
        Some(("steps", steps)) => Some(Sent::Steps(steps)),
        Some((_, request)) => errors.keep(fields.required("expect")).map(|expect| Sent::Single(request, expect)),
        // What stands there is not to be blamed for what does not.
        None => fields.optional("expect").and(None),
    };
    errors.keep(fields.finish());
    let mut probes = Vec::new();
    if let (Some(rows), Some(sent)) = (&rows, sent) {
        check_quotes(node, rows, &mut errors)?;
        for row in rows {
            // What is wrong in one row is most often wrong in all of them.
            let Some(steps) = errors.keep(sent.read(contract, row)) else { break };
            let id = row.name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{id}[{name}]"));
            let (steps, expectations) = steps.into_iter().unzip();
            probes.push(Probe {
                id,
                phase: Phase::Case,
                title: title.clone().unwrap_or_default(),
                clauses: clauses.clone().unwrap_or_default(),
                violation: None,
                script: Script { steps },
                expectations,
            });
        }
        errors.keep(check_columns_are_used(rows_node, rows, node));
    }
    let whole = verb.zip(title).zip(clauses);
    let whole = whole.map(|((verb, title), clauses)| {
        let id = id.to_owned();
        Case { id, title, description, skip, clauses, verb, probes }
    });
    errors.finish_with(whole, node)
}

pub(super) fn read_verb(id: &str, node: &Node) -> Result<Verb, SourceError> {
    if !id.contains('/') {
        let error =
            node.error("a case stands in a folder that says what it is about, and this one in that of the suite");
        return Err(error.with_hint(format!("move it into one, as in `name/{id}.yaml`")));
    }
    if id.contains(char::is_whitespace) {
        let plain: Vec<_> = id.split_whitespace().collect();
        let error = node.error("there is a space in the name of the file");
        return Err(error.with_hint(format!("write `{}`", plain.join("_"))));
    }
    Verb::of(id).ok_or_else(|| {
        let words: Vec<_> = Verb::ALL.iter().map(|(word, _)| format!("{word}_")).collect();
        let name = id.rsplit('/').next().unwrap_or_default();
        if words.iter().any(|word| word == name) {
            let error = node.error(format!("the file name says nothing after `{name}`"));
            return error.with_hint(format!("say what, as in `{name}a_text`"));
        }
        let beginnings = words.iter().map(|word| (word, name.get(..word.len()).unwrap_or(name)));
        let near = beginnings.filter(|(word, beginning)| nearest(beginning, [word.as_str()].into_iter()).is_some());
        let near = near.map(|(word, _)| format!("did you mean `{word}`?")).next();
        let hint = near.unwrap_or_else(|| format!("known verbs: {}", words.join(", ")));
        node.error("the file name begins with no known verb").with_hint(hint)
    })
}

fn read_title(node: &Node) -> Result<String, SourceError> {
    let title = node.words()?;
    match title.chars().count() {
        0..=LONGEST_TITLE => Ok(title),
        count => Err(node
            .error(format!("a title of {count} characters does not fit a line of a report"))
            .with_hint(format!("at most {LONGEST_TITLE}; `description` has room for more"))),
    }
}

impl Sent<'_> {
    /// The steps for one row.
    fn read(self, contract: &Contract, row: &Row) -> Result<Vec<(Step, Expectation)>, SourceError> {
        match self {
            Self::Single(request, expect) => Ok(vec![read_single(contract, request, expect, row)?]),
            Self::Steps(steps) => read_steps(contract, steps, row, Captured::default(), 0),
        }
    }
}

/// Names in braces without quotes are told alone: what else seems wrong follows from them.
fn check_quotes(case: &Node, rows: &[Row], errors: &mut Errors) -> Result<(), SourceError> {
    let nodes = case.get("steps").into_iter().flat_map(Node::children).filter_map(|step| step.get("capture"));
    let captured = nodes.filter_map(|capture| capture.entries().ok()).flatten().map(|(_, name, _)| name);
    let columns = rows.first().into_iter().flat_map(|row| row.cells.keys().map(String::as_str));
    let known: Vec<_> = columns.chain(captured).chain(["run"]).collect();
    let mut found = Errors::default();
    for part in ["request", "steps", "expect"].into_iter().filter_map(|key| case.get(key)) {
        braces::check_quotes(part, &known, &mut found);
    }
    let Err(error) = found.finish() else { return Ok(()) };
    errors.keep::<()>(Err(error));
    std::mem::take(errors).finish()
}

fn read_clauses(contract: &Contract, node: &Node) -> Result<Vec<ClauseId>, SourceError> {
    let mut clauses: Vec<ClauseId> = Vec::new();
    let mut errors = Errors::default();
    for item in node.items()? {
        let Some(clause) = errors.keep(read_clause(contract, item)) else { continue };
        if clauses.contains(&clause) {
            errors.keep::<()>(Err(item.error(format!("`{}` is named twice", clause.as_str()))));
        }
        clauses.push(clause);
    }
    errors.finish()?;
    if clauses.is_empty() { Err(node.error("a case names at least one clause")) } else { Ok(clauses) }
}

fn read_clause(contract: &Contract, item: &Node) -> Result<ClauseId, SourceError> {
    let id = item.text()?;
    contract.clauses.get(id).map(|clause| clause.id.clone()).ok_or_else(|| {
        let error = item.error(format!("the contract has no clause `{id}`"));
        error.with_nearest(id, contract.clauses.keys().map(ClauseId::as_str))
    })
}

fn check_columns_are_used(node: Option<&Node>, rows: &[Row], case: &Node) -> Result<(), SourceError> {
    let (Some(node), Some(first)) = (node.filter(|node| node.is_list()), rows.first()) else { return Ok(()) };
    let text = case.json().to_string();
    match first.cells.keys().find(|column| !text.contains(&format!("{{{column}}}"))) {
        Some(column) => Err(node.error(format!("nothing uses the column `{column}`"))),
        None => Ok(()),
    }
}
