//! Which calls of the contract the target does not have, or refuses, and what stays there because of it.

use std::fmt::{self, Write};

use super::{BOLD, FAINT};
use crate::results::Results;

pub(super) fn write_calls(out: &mut String, results: &Results) -> fmt::Result {
    if results.calls.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}calls{BOLD:#} that were not used; what needs them was not assessed")?;
    for (call, availability) in &results.calls {
        writeln!(out, "  {call}: {availability}")?;
    }
    if results.staying > 0 {
        writeln!(out, "  {FAINT}{} created, and stay: nothing removes them{FAINT:#}", results.staying)?;
    }
    writeln!(out)
}
