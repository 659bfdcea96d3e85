//! What can stand in the head of a request: names of headers, values, paths. What cannot be sent is an error of the file that asks for it.

use crate::document::{Node, SourceError};

/// The name of a header: a token of RFC 9110, section 5.6.2.
pub(crate) fn header_name(node: &Node, name: &str) -> Result<(), SourceError> {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    if !name.is_empty() && name.chars().all(is_sign) {
        return Ok(());
    }
    let error = node.error(format!("{name:?} cannot be the name of a header"));
    Err(error.with_hint("a name has letters, digits and hyphens, and no space"))
}

/// The value of a header: visible ASCII, spaces between.
pub(crate) fn header_value(node: &Node, value: &str) -> Result<(), SourceError> {
    let is_sign = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    if value.chars().all(is_sign) && value.trim() == value {
        return Ok(());
    }
    Err(node.error(format!("{value:?} cannot be the value of a header")))
}

/// A path template with this many parameters: segments of a URL's path, each of them fixed or a `{name}`.
pub(crate) fn path(node: &Node, path: &str) -> Result<(), SourceError> {
    let is_sign = |letter: char| letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(letter);
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let is_segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => is_name(name),
        None => text.chars().all(is_sign),
    };
    match path.strip_prefix('/') {
        Some(rest) if rest.split('/').all(is_segment) => Ok(()),
        _ => Err(node.error(format!("{path:?} is no path")).with_hint("a path looks like /things/{id}")),
    }
}
