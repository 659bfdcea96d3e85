//! What the program's exit code says to the script or the CI that called it.

use crate::client::Leftover;
use crate::console::Console;
use crate::results::Results;
use crate::run::Ending;

/// The exit codes, one meaning each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Every probe that ran holds.
    Holds = 0,
    /// At least one clause is broken; in a strict run also a known deviation that is stale. Of a kill matrix: a defect is missed.
    Broken = 1,
    /// Bad arguments, a bad file, nothing selected, or a result that could not be written.
    WrongUse = 2,
    /// The target could not be assessed: unreachable, not authenticated, or a probe stayed inconclusive; or nothing that was sent
    /// came to anything; or it is not known what is left there.
    NotAssessed = 3,
    /// The run was interrupted, or a budget ran out or was too small for a probe.
    Incomplete = 4,
    /// Things that the run created are still there.
    LeftBehind = 5,
}

impl ExitCode {
    /// This code, or that of wrong use where the result is not where it should be, which is said then: nobody can see what a better code stands for.
    #[must_use]
    pub fn unless_lost(self, console: &Console) -> Self {
        let Some(error) = console.loss() else { return self };
        console.note(&format!("cannot write the result: {error}\n"));
        self.max(Self::WrongUse)
    }

    /// The code of a finished run: a broken clause outranks the rest, then what concerns the reader's quota.
    pub fn of(results: &Results) -> Self {
        let is_list_stale = results.is_strict && !results.stale.is_empty();
        if !results.findings.is_empty() || is_list_stale {
            Self::Broken
        } else if results.leftovers.iter().any(|(_, leftover)| leftover.is_proven()) {
            Self::LeftBehind
        } else if matches!(results.ending, Ending::Interrupted | Ending::Spent(_) | Ending::FailedFast)
            || results.is_beyond_budget()
        {
            Self::Incomplete
        } else if results.ending == Ending::TargetLost
            || !results.inconclusive.is_empty()
            || results.unlisted.is_some()
            || results.leftovers.iter().any(|(_, leftover)| matches!(leftover, Leftover::ShownOtherwise(_)))
            || results.is_hindered()
            || results.passed + results.known == 0
        {
            Self::NotAssessed
        } else {
            Self::Holds
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
