//! From text to [`Node`]s; the only file that knows the YAML crate.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Location, Spanned};

use super::{Content, Node, Source, SourceError, Span};

/// Parses one YAML document. Booleans are those of YAML 1.2 (`no` is a text), duplicate keys are errors.
pub fn parse(path: &str, text: &str) -> Result<Node, SourceError> {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<RawNode>(text, options) {
        Ok(raw) => Ok(raw.locate(&source)),
        Err(error) => {
            let span = error.location().map_or(Span { line: 1, column: 1, start: 0, length: 0 }, |location| {
                let span = span_of(&location);
                // The scanner counts characters only, so that the bytes must be found.
                let is_known = location.span().byte_offset().is_some();
                Span { start: if is_known { span.start } else { byte_at(text, span.line, span.column) }, ..span }
            });
            Err(SourceError::new(source, span, message_of(&error)))
        }
    }
}

/// The parser's own words without the position, which [`SourceError`] renders itself.
fn message_of(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let end = text.find(" at line ").unwrap_or(text.len());
    text[..end].lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
}

/// Where a line and a column, both from 1, stand in the text.
fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[before..];
    before + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

fn span_of(location: &Location) -> Span {
    let span = location.span();
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Span {
        line: number(location.line()),
        column: number(location.column()),
        start: number(span.byte_offset().unwrap_or_default()),
        length: number(span.byte_len().unwrap_or_default()),
    }
}

struct RawNode {
    span: Span,
    content: RawContent,
}

enum RawContent {
    Scalar(Content),
    List(Vec<RawNode>),
    Map(Vec<(Spanned<String>, RawNode)>),
}

impl RawNode {
    fn locate(self, source: &Arc<Source>) -> Node {
        let content = match self.content {
            RawContent::Scalar(content) => content,
            RawContent::List(items) => Content::List(items.into_iter().map(|item| item.locate(source)).collect()),
            RawContent::Map(entries) => Content::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let span = span_of(&key.referenced);
                        (
                            Node { source: Arc::clone(source), span, content: Content::Text(key.value) },
                            value.locate(source),
                        )
                    })
                    .collect(),
            ),
        };
        Node { source: Arc::clone(source), span: self.span, content }
    }
}

impl<'de> Deserialize<'de> for RawNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<RawContent>::deserialize(deserializer)?;
        Ok(Self { span: span_of(&spanned.referenced), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for RawContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = RawContent;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Null))
    }

    fn visit_none<E>(self) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawContent, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Number(value.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<RawContent, E> {
        Number::from_f64(value)
            .map(|number| RawContent::Scalar(Content::Number(number)))
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawContent, E> {
        Ok(RawContent::Scalar(Content::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<RawContent, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(RawContent::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawContent, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(RawContent::Map(entries))
    }
}
