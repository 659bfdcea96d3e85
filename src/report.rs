//! Renders what a run amounts to.

pub mod curl;
pub mod json;
pub mod model;
pub mod terminal;

use model::Report;

/// A format in which a report can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What is recorded of a run, to be rendered or compared later.
    Json,
}

impl Format {
    /// Every format, with its name on the command line.
    pub const ALL: [(&'static str, Self); 1] = [("json", Self::Json)];

    /// The whole report in this format.
    ///
    /// # Errors
    ///
    /// Where the format's library cannot write it, in words.
    pub fn render(self, report: &Report) -> Result<String, String> {
        match self {
            Self::Json => json::render(report).map_err(|error| error.to_string()),
        }
    }
}

/// A number of things in words: `1 probe`, `2 probes`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
