//! Why a request has no answer: it was not sent, it did not get there, or nothing that could be read came back. None of it says anything about the contract.

use std::fmt;

use crate::http::TransportError;

/// Why there is no answer; it says nothing about the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendError {
    /// Nothing came over the wire.
    Transport(TransportError),
    /// The request needs a value that an earlier answer did not give.
    NothingCaptured,
    /// It was not sent: the budget of requests is spent.
    Budget,
    /// It was not sent: the ledger could not be written, so that a sweep would not have known of it.
    Ledger,
    /// It was not sent: it would change or remove what is not provably this run's.
    NotOwn(NotOwn),
    /// It was not sent: an earlier answer gave a value for its path that is not one segment of a path.
    NoSegment,
    /// It was not sent: the run was stopped, or its time was over.
    Halted,
    /// It was sent, and its answer not waited for: the run was stopped, or its time was over.
    CutShort,
}

/// Why a thing is not provably this run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotOwn {
    /// It was there before the run.
    ThereBefore,
    /// The target gave its id to two creations.
    GivenTwice,
    /// A read shows something that this run did not create.
    ShownOtherwise,
    /// No answer of this run told of it.
    NeverGiven,
    /// An answer gave its id, but what was there before is not known, or the list does not show what is there, and a read does not show the mark of this run.
    Unproven,
}

impl SendError {
    /// Whether the request may have been dealt with, and only its answer is missing.
    pub fn is_lost(self) -> bool {
        match self {
            Self::Transport(error) => error.is_lost(),
            Self::CutShort => true,
            Self::NothingCaptured | Self::Budget | Self::Ledger | Self::NotOwn(_) | Self::NoSegment | Self::Halted => {
                false
            }
        }
    }
}

impl From<TransportError> for SendError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Transport(error) => return error.fmt(formatter),
            Self::NothingCaptured => "an earlier answer did not give the value that this request needs",
            Self::Budget => "not sent, as --max-requests are spent",
            Self::Ledger => "not sent, as the ledger cannot be written",
            Self::NotOwn(NotOwn::ThereBefore) => "not sent, as the id was there before the run",
            Self::NotOwn(NotOwn::GivenTwice) => "not sent, as the target gave this id twice",
            Self::NotOwn(NotOwn::ShownOtherwise) => "not sent, as a read shows something that this run did not create",
            Self::NotOwn(NotOwn::NeverGiven) => "not sent, as no answer of this run gave this id",
            Self::NotOwn(NotOwn::Unproven) => {
                "not sent, as nothing proves that it is this run's: the list before the run is not known or not whole, and a read does not show its mark"
            }
            Self::NoSegment => "not sent, as an earlier answer gave a value that is not one segment of a path",
            Self::Halted => "not sent, as the run was stopped, or its time was over",
            Self::CutShort => "not waited for, as the run was stopped, or its time was over",
        })
    }
}
