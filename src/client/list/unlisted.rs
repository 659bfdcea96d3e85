//! Why it is not known what is there: each way in which a list can fail to tell it.

use std::fmt;

use crate::exchange::SendError;

/// Why it is not known what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unlisted {
    /// There is no call that lists, in the contract or at the target.
    NoCall,
    /// The call was refused with this status.
    Status(u16),
    /// There was no answer.
    SendError(SendError),
    /// An answer is not the JSON that the contract says it is.
    Unreadable,
    /// The next page is not at the endpoint.
    Elsewhere,
    /// Page follows page, and no end.
    Endless,
    /// It holds more than can be read and remembered.
    TooLarge,
    /// It says in a way that the contract does not know that there is more.
    More,
    /// It does not show what was just created.
    Incomplete,
}

impl fmt::Display for Unlisted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCall => formatter.write_str("there is no call that lists"),
            Self::Status(status) => write!(formatter, "the list was answered {status}"),
            Self::SendError(error) => write!(formatter, "no list: {error}"),
            Self::Unreadable => formatter.write_str("the list cannot be read"),
            Self::Elsewhere => formatter.write_str("the next page of the list is not at the endpoint"),
            Self::Endless => formatter.write_str("the list has no end"),
            Self::TooLarge => formatter.write_str("the list is larger than what is read and remembered"),
            Self::More => formatter.write_str("the list says that there is more, and not where as the contract has it"),
            Self::Incomplete => formatter.write_str("the list does not show what was just created"),
        }
    }
}
