//! What a run says of the whole target, and of one clause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit_code::ExitCode;

/// What an exit code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every probe that ran holds.
    Holds,
    /// A clause is broken.
    Broken,
    /// The target could not be assessed.
    NotAssessed,
    /// The run was cut short.
    Incomplete,
    /// Something that the run created is still there.
    LeftBehind,
}

impl Verdict {
    /// What a reader calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::NotAssessed => "not assessed",
            Self::Incomplete => "incomplete",
            Self::LeftBehind => "something is left behind",
        }
    }
}

impl Verdict {
    /// Whether a run that came to this ends with this code.
    pub(in crate::report) fn has_code(self, code: u8) -> bool {
        const CODES: [ExitCode; 6] = [
            ExitCode::Holds,
            ExitCode::Broken,
            ExitCode::WrongUse,
            ExitCode::NotAssessed,
            ExitCode::Incomplete,
            ExitCode::LeftBehind,
        ];
        CODES.into_iter().any(|each| each as u8 == code && Self::from(each) == self)
    }
}

impl From<ExitCode> for Verdict {
    fn from(code: ExitCode) -> Self {
        match code {
            ExitCode::Holds => Self::Holds,
            ExitCode::Broken => Self::Broken,
            ExitCode::WrongUse | ExitCode::NotAssessed => Self::NotAssessed,
            ExitCode::Incomplete => Self::Incomplete,
            ExitCode::LeftBehind => Self::LeftBehind,
        }
    }
}

/// What a run says of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClauseVerdict {
    /// No probe shows it broken.
    Holds,
    /// A finding is about it.
    Broken,
    /// It is broken as is known of the target, and in no other way.
    Known,
    /// It is broken only where another finding entails it.
    Entailed,
    /// No probe assessed it, or not those that are about it.
    NotAssessed,
}

impl ClauseVerdict {
    /// What a reader calls it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Known => "known",
            Self::Entailed => "entailed",
            Self::NotAssessed => "not assessed",
        }
    }
}
