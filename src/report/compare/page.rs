//! A comparison as one page that needs nothing else. The page itself is `../html/compare.html`, in which every text is escaped.

use askama::Template;

use super::{Comparison, Note, Outcome};
use crate::untrusted::visible;

#[derive(Template)]
#[template(path = "compare.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    comparison: &'a Comparison,
    /// What is new and what is gone, each with its name in the page, its heading and its sign.
    lists: [(&'static str, &'static str, &'static str, &'a [Note]); 2],
}

pub(super) fn render(comparison: &Comparison) -> Result<String, askama::Error> {
    let lists = [("new", "New", "✗", comparison.new.as_slice()), ("gone", "Gone", "✓", comparison.gone.as_slice())];
    Page { comparison, lists }.render().map(|text| visible(&text).into_owned())
}

impl Outcome {
    /// Its name in the style sheet, and what stands for it beside its colour.
    fn class(self) -> &'static str {
        match self {
            Self::Worse => "bad",
            Self::Unsettled => "odd",
            Self::Better | Self::Same => "good",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Worse => "✗",
            Self::Unsettled => "!",
            Self::Better | Self::Same => "✓",
        }
    }
}
