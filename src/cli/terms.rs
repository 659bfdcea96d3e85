//! The arguments that say what a target must have for a run, and what is said where it does not.

use clap::{Args, ValueEnum};

use super::Failure;
use crate::run::{PreflightError, Required};

#[derive(Debug, Args)]
pub(super) struct TermArguments {
    /// Calls around the one under test without which there is no run; without this, what needs a call that the target does not have is left out
    #[arg(long, value_name = "CALLS", value_delimiter = ',')]
    require: Vec<RequiredCall>,
}

/// A call around the one under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RequiredCall {
    Read,
    List,
    Update,
    Delete,
    All,
}

impl TermArguments {
    pub(super) fn required(&self) -> Required {
        let is_required = |call| self.require.contains(&call) || self.require.contains(&RequiredCall::All);
        Required {
            read: is_required(RequiredCall::Read),
            list: is_required(RequiredCall::List),
            update: is_required(RequiredCall::Update),
            delete: is_required(RequiredCall::Delete),
        }
    }
}

/// Why there was no run, with what the operator can do about it.
pub(super) fn not_begun(error: &PreflightError) -> Failure {
    let hint = if matches!(error, PreflightError::Irremovable { .. }) { "; --allow-leftovers does" } else { "" };
    let text = format!("{error}{hint}");
    if error.leaves_something() { Failure::LeftBehind(text) } else { Failure::NotAssessed(text) }
}
