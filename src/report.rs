//! Renders what a run amounts to.

pub mod curl;
pub mod terminal;

/// A number of things in words: `1 probe`, `2 probes`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
