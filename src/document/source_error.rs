//! What is wrong in a file, where, and what would be right.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Source, Span};

/// An error in a data file. Its `Display` shows file, line, column, the line itself and a hint.
#[derive(Clone, Debug)]
pub struct SourceError {
    source: Arc<Source>,
    span: Span,
    message: String,
    hint: Option<String>,
}

impl SourceError {
    pub(super) fn new(source: Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self { source, span, message: message.into(), hint: None }
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

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        formatter.write_str(&Renderer::plain().render(&[group]))
    }
}

impl std::error::Error for SourceError {}

/// The known name nearest to a misspelt one, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, candidate), candidate))
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
