//! From text to [`Node`]s; the only file that knows the YAML crate.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Error, Location, NonFiniteFloatPolicy, Spanned};

use super::{Content, Node, Source, SourceError, Span};

/// What is said of a tag: it stands for a program that would make another value of the one behind it, and nobody here does.
pub(crate) const TAG: &str = "a tag, such as !vault, is not understood here";

/// How scalars are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalars {
    /// As the values that they stand for.
    Values,
    /// As the texts that were typed, so that `0x1F` and `1.10` are what a person sees.
    Texts,
}

/// Parses one YAML document. Booleans are those of YAML 1.2 (`no` is a text), duplicate keys and tags of other programs are errors.
pub fn parse(path: &str, text: &str) -> Result<Node, SourceError> {
    parse_as(Scalars::Values, path, text)
}

/// Parses one YAML document whose scalars are texts, as they were typed, but for those that say nothing (`~`, `null`). For files in which people write
/// names and passwords.
pub fn parse_typed(path: &str, text: &str) -> Result<Node, SourceError> {
    parse_as(Scalars::Texts, path, text)
}

fn parse_as(scalars: Scalars, path: &str, text: &str) -> Result<Node, SourceError> {
    let source = Arc::new(Source { path: path.to_owned(), text: text.to_owned() });
    // Where the text counts, a number that no double can hold is as good as any other.
    let endless = match scalars {
        Scalars::Values => NonFiniteFloatPolicy::Reject,
        Scalars::Texts => NonFiniteFloatPolicy::PassThrough,
    };
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        reject_unsupported_tags: true,
        non_finite_float_policy: endless,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<RawNode>(text, options) {
        Ok(raw) => Ok(raw.locate(&source, scalars)),
        Err(error) => {
            let span = error.location().map_or(Span { line: 1, column: 1, start: 0, length: 0 }, |location| {
                let span = span_of(&location);
                // The scanner counts characters only, so that the bytes must be found.
                let is_known = location.span().byte_offset().is_some();
                Span { start: if is_known { span.start } else { byte_at(text, span.line, span.column) }, ..span }
            });
            let message = message_of(&error);
            let hint = hint_for(&message);
            let error = SourceError::new(source, span, message);
            Err(hint.into_iter().fold(error, SourceError::with_hint))
        }
    }
}

/// The parser's own words without the position, which [`SourceError`] renders itself.
fn message_of(error: &Error) -> String {
    // The parser advises those who call it, and they are no authors of files.
    match error.without_snippet() {
        Error::UnsupportedTag { .. } => return TAG.to_owned(),
        Error::DuplicateMappingKey { key: Some(key), .. } => return format!("the key `{key}` stands here twice"),
        Error::DuplicateMappingKey { key: None, .. } => return "a key stands here twice".to_owned(),
        Error::MultipleDocuments { .. } => return "a file holds one document, and a second one begins here".to_owned(),
        Error::NullIntoString { .. } => return "a key is a string, and this one is nothing".to_owned(),
        Error::BinaryNotUtf8 { .. } => return "these bytes are not UTF-8".to_owned(),
        Error::NonFiniteFloat { .. } => return "no number of JSON is as large as this one".to_owned(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            return "this alias stands within what it repeats".to_owned();
        }
        _ => {}
    }
    let text = error.without_snippet().to_string();
    let end = text.find(" at line ").unwrap_or(text.len());
    text[..end].lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
}

/// What to write instead of what authors stumble over most.
fn hint_for(message: &str) -> Option<&'static str> {
    if message.starts_with("mapping values are not allowed") {
        return Some("a string with `: ` in it needs quotes around it");
    }
    message.starts_with("tabs disallowed").then_some("YAML is indented with spaces, and not with tabs")
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
    /// Where it was typed: behind its anchor, where it stands as an alias or was merged.
    typed: Span,
    content: RawContent,
}

enum RawContent {
    Scalar(Content),
    /// A number that no double can hold.
    Endless,
    List(Vec<RawNode>),
    Map(Vec<(Spanned<String>, RawNode)>),
}

impl RawNode {
    fn locate(self, source: &Arc<Source>, scalars: Scalars) -> Node {
        let content = match self.content {
            RawContent::Scalar(Content::Bool(_) | Content::Number(_)) if scalars == Scalars::Texts => {
                Content::Text(typed(&source.text, self.typed))
            }
            RawContent::Endless => Content::Text(typed(&source.text, self.typed)),
            RawContent::Scalar(content) => content,
            RawContent::List(items) => {
                Content::List(items.into_iter().map(|item| item.locate(source, scalars)).collect())
            }
            RawContent::Map(entries) => Content::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let span = span_of(&key.referenced);
                        (
                            Node { source: Arc::clone(source), span, content: Content::Text(key.value) },
                            value.locate(source, scalars),
                        )
                    })
                    .collect(),
            ),
        };
        Node { source: Arc::clone(source), span: self.span, content }
    }
}

/// What stands at a place of the text, without anchor and tag before it and quotes around it.
fn typed(text: &str, span: Span) -> String {
    let mut typed = text.get(span.start..span.start + span.length).unwrap_or_default().trim();
    while typed.starts_with(['&', '!']) {
        typed = typed.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    let quoted = ['"', '\''].into_iter().find_map(|quote| typed.strip_prefix(quote)?.strip_suffix(quote));
    quoted.unwrap_or(typed).to_owned()
}

impl<'de> Deserialize<'de> for RawNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<RawContent>::deserialize(deserializer)?;
        Ok(Self { span: span_of(&spanned.referenced), typed: span_of(&spanned.defined), content: spanned.value })
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

    fn visit_f64<E>(self, value: f64) -> Result<RawContent, E> {
        Ok(Number::from_f64(value).map_or(RawContent::Endless, |number| RawContent::Scalar(Content::Number(number))))
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
