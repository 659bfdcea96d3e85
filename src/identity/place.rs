//! Where a setting was read, and how errors show what came from outside.

use std::fmt;

use crate::untrusted::Untrusted;

/// Where a setting was read. Its `Display` is what a reader can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// An argument of the program.
    Argument,
    /// An environment variable of this name.
    Variable(String),
    /// A place in a file.
    File {
        /// Path as the reader would type it.
        path: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl fmt::Display for SettingSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => formatter.write_str("the argument"),
            Self::Variable(name) => formatter.write_str(name),
            Self::File { path, line, column } => write!(formatter, "{path}:{line}:{column}"),
        }
    }
}

/// Longest text of a server that an error or a report repeats.
const LONGEST: usize = 300;

/// A text of a server as it may be shown: on one line, not endless.
pub(super) fn shown(text: &str) -> String {
    format!("{:.LONGEST$}", Untrusted::from(text.trim()))
}

/// Names as a sentence lists them.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.into_iter().map(shown).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let text = names.join(", ");
    match (text.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => text,
        (false, more) => format!("{text} and {more} more"),
    }
}

/// Most names that one sentence lists.
const MOST: usize = 20;
