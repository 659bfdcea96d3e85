//! What a file that the program began leaves open: texts that begin with `TODO:`.

use super::{Errors, Node, SourceError};

/// How a text begins that is still to be filled in.
pub const TO_DO: &str = "TODO:";

/// Finds what is still to be filled in, all of it.
pub fn check_filled_in(node: &Node) -> Result<(), SourceError> {
    let mut errors = Errors::default();
    find(node, &mut |found| {
        errors.keep::<()>(Err(found.error("this is still to be filled in")));
    });
    errors.finish()
}

/// How many texts are still to be filled in.
pub fn to_dos(node: &Node) -> usize {
    let mut count = 0;
    find(node, &mut |_| count += 1);
    count
}

fn find(node: &Node, found: &mut impl FnMut(&Node)) {
    if node.text().is_ok_and(|text| text.starts_with(TO_DO)) {
        found(node);
    }
    for child in node.children() {
        find(child, found);
    }
}
