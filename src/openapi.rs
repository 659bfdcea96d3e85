//! The start of a suite, from a public OpenAPI document: what the document says is taken over, and what only an author can know is a text that begins with
//! `TODO:`, which `check` refuses until it is filled in.
//!
//! Data flows one way: the [`document`](crate::document) is looked through, what is found is put together as a small model, and the model is written as text.

mod answers;
mod body;
mod calls;
mod cases;
mod document;
mod field;
mod flat;
mod keywords;
mod model;
mod other;
mod paths;
mod sample;
mod security;
mod text;
mod words;
mod yaml;

use crate::document::{Node, SourceError, parse, to_dos};

/// A suite that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its files: the path within the suite, and the text.
    pub files: Vec<(String, String)>,
    /// What a contract cannot say, and an author should know at once.
    pub notes: Vec<String>,
    /// How many texts are still to be filled in.
    pub to_dos: usize,
}

/// Begins the suite of one call: the operation that is named by its id, or by method and path; or the only one that may be meant. `origin` is what the
/// document is called.
///
/// # Errors
///
/// Where the document is none that can be read, or the call none that can be described; with the place.
pub fn begin(root: &Node, operation: Option<&str>, origin: &str) -> Result<Begun, SourceError> {
    let document = document::Document::new(root)?;
    let subject = calls::subject(&document, operation)?;
    let model = model::Model::read(&document, &subject)?;
    let mut files = vec![("contract.yaml".to_owned(), text::contract(&model, origin))];
    files.extend(cases::begun(&model));
    let mut count = 0;
    for (name, text) in &files {
        count += to_dos(&parse(name, text)?);
    }
    Ok(Begun { files, notes: model.notes, to_dos: count })
}
