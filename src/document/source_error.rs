//! What is wrong in a file, where, and what would be right.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Node, Source, Span};

/// An error in a data file, and the others that were found with it. Its `Display` shows file, line, column, the line itself and a hint of each.
#[derive(Clone, Debug)]
pub struct SourceError {
    source: Arc<Source>,
    span: Span,
    message: String,
    hint: Option<String>,
    /// What else is wrong; none of these has others itself.
    others: Vec<SourceError>,
}

/// Collects what is wrong at several places of a file, so that its author sees all of it at once.
#[derive(Debug, Default)]
pub struct Errors(Vec<SourceError>);

impl Errors {
    /// What was read; `None` where it was not, and the error is kept.
    pub fn keep<T>(&mut self, read: Result<T, SourceError>) -> Option<T> {
        let mut error = match read {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let others = std::mem::take(&mut error.others);
        for error in std::iter::once(error).chain(others) {
            // Two readers may stumble over one mistake.
            let is_known = |known: &SourceError| known.span == error.span && known.message == error.message;
            if !self.0.iter().any(is_known) {
                self.0.push(error);
            }
        }
        None
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is wrong as one error, in the order of the places; or `Ok`.
    pub fn finish(mut self) -> Result<(), SourceError> {
        self.0.sort_by_key(|error| error.span.start);
        let mut errors = self.0.into_iter();
        match errors.next() {
            Some(first) => Err(SourceError { others: errors.collect(), ..first }),
            None => Ok(()),
        }
    }

    /// What was read as a whole, where nothing is wrong; `node` is what it was read from.
    pub fn finish_with<T>(self, whole: Option<T>, node: &Node) -> Result<T, SourceError> {
        self.finish()?;
        whole.ok_or_else(|| node.error("this cannot be read"))
    }
}

impl SourceError {
    pub(super) fn new(source: Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self { source, span, message: message.into(), hint: None, others: Vec::new() }
    }

    /// An error about a file as a whole, such as one that cannot be read.
    pub fn of_file(path: &str, message: impl Into<String>) -> Self {
        let source = Arc::new(Source { path: path.to_owned(), text: String::new() });
        Self::new(source, Span { line: 1, column: 1, start: 0, length: 0 }, message)
    }

    /// An error at a line of a file that is not YAML, such as a table.
    pub fn of_line(path: &str, text: &str, line: usize, message: impl Into<String>) -> Self {
        let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let length = text[start..].lines().next().map_or(0, str::len);
        let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
        Self::new(source, Span { line, column: 1, start, length }, message)
    }

    /// Adds what the reader may do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds "did you mean …?" where one of `known` is near enough to `name`.
    #[must_use]
    pub fn with_nearest<'a>(self, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.with_hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// Line and column, both from 1.
    pub fn position(&self) -> (usize, usize) {
        (self.span.line, self.span.column)
    }

    /// What is wrong, without the place; of the first place, where there are several.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The first error, with the line where it is.
    fn rendered(&self) -> String {
        let text = &self.source.text;
        // A span that does not lie on character boundaries of this text would make the renderer panic.
        let start = floor_boundary(text, self.span.start.min(text.len()));
        let line_end = text[start..].find('\n').map_or(text.len(), |offset| start + offset);
        let end = floor_boundary(text, (self.span.start + self.span.length).clamp(start, line_end));
        let title = Level::ERROR.primary_title(self.message.as_str());
        let mut group = if text.is_empty() {
            Group::with_title(title).element(annotate_snippets::Origin::path(self.source.path.as_str()))
        } else {
            let snippet = Snippet::source(text.as_str())
                .path(self.source.path.as_str())
                .annotation(AnnotationKind::Primary.span(start..end));
            Group::with_title(title).element(snippet)
        };
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        Renderer::plain().render(&[group])
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rendered())?;
        self.others.iter().try_for_each(|other| write!(formatter, "\n\n{}", other.rendered()))
    }
}

impl std::error::Error for SourceError {}

/// The known name nearest to a misspelt one, if one is near enough to be meant. Upper and lower case alone tell little.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let likeness = |candidate: &str| {
        let as_written = strsim::normalized_damerau_levenshtein(name, candidate);
        let whatever_case = if lower == candidate.to_lowercase() { 0.99 } else { 0.0 };
        as_written.max(whatever_case)
    };
    known
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

fn floor_boundary(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}
