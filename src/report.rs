//! Renders what a run amounts to.

pub mod compare;
pub mod curl;
pub mod draft;
pub mod github;
pub mod har;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod matrix;
pub mod model;
pub mod ndjson;
pub mod sarif;
pub mod terminal;

use model::Report;

/// A format in which a report can be written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What is recorded of a run, to be rendered or compared later.
    Json,
    /// For a CI that shows tests.
    Junit,
    /// For GitHub: the summary of a step, a comment.
    Markdown,
    /// For a person: one page that needs nothing else.
    Html,
    /// For tools that show results at a line of a file.
    Sarif,
    /// The exchanges that show findings, for viewers of HTTP.
    Har,
    /// What happens, a line each, as it happens.
    Ndjson,
}

impl Format {
    /// Every format, with its name on the command line.
    pub const ALL: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
        ("sarif", Self::Sarif),
        ("har", Self::Har),
        ("ndjson", Self::Ndjson),
    ];

    /// The whole report in this format.
    ///
    /// # Errors
    ///
    /// Where the format's library cannot write it, in words.
    pub fn render(self, report: &Report) -> Result<String, String> {
        match self {
            Self::Json => json::render(report).map_err(|error| error.to_string()),
            Self::Junit => junit::render(report).map_err(|error| error.to_string()),
            Self::Markdown => Ok(markdown::render(report)),
            Self::Html => html::render(report).map_err(|error| error.to_string()),
            Self::Sarif => sarif::render(report).map_err(|error| error.to_string()),
            Self::Har => har::render(report).map_err(|error| error.to_string()),
            Self::Ndjson => Ok(ndjson::Lines::all(report)),
        }
    }
}

/// What is said beside the text of a clause where it is broken by the refusal of a valid request: over what.
fn refused_over(is_refusal: bool, clause: &str, way: &str) -> String {
    match way {
        _ if !is_refusal => String::new(),
        "" if clause.starts_with("request.") => "; a valid request is refused over it".to_owned(),
        "" => String::new(),
        fields if fields.starts_with('/') => format!("; a valid request is refused over {fields}"),
        other => format!("; a valid request is refused {other}"),
    }
}

/// A number of things in words: `1 probe`, `2 probes`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
