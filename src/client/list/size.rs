//! How much a list may be: whoever sends it decides how long it is, and a run must neither read it for ever nor have no memory left.

use super::Unlisted;

/// So many bytes of a list are read, all its pages together: 30 000 things, or more.
const MOST_READ: usize = 64 * 1024 * 1024;

/// Ids may take so many bytes, each with what it takes to remember one: about 200 000 are remembered.
const MOST_REMEMBERED: usize = 16 * 1024 * 1024;

/// What it takes to remember an id beside its letters.
const PER_ID: usize = 50;

/// Of things that a list shows so many bytes are kept as they stand there. Read, they can take twenty times as much.
const MOST_KEPT: usize = 4 * 1024 * 1024;

/// How much of a list there was so far.
#[derive(Debug, Default)]
pub(super) struct Size {
    read: usize,
    remembered: usize,
}

impl Size {
    /// Notes a page of so many bytes; an error where that is too much.
    pub(super) fn note_page(&mut self, bytes: usize) -> Result<(), Unlisted> {
        self.read += bytes;
        if self.read > MOST_READ { Err(Unlisted::TooLarge) } else { Ok(()) }
    }

    /// Notes an id; an error where all of them are too much to be remembered.
    pub(super) fn note_id(&mut self, id: &str) -> Result<(), Unlisted> {
        self.remembered += id.len() + PER_ID;
        if self.remembered > MOST_REMEMBERED { Err(Unlisted::TooLarge) } else { Ok(()) }
    }
}

/// How much is kept of a list so far, in bytes as they stand there.
#[derive(Debug, Default)]
pub(super) struct Kept(usize);

impl Kept {
    /// Notes a thing of so many bytes; an error where all of them are too much to be kept.
    pub(super) fn note(&mut self, bytes: usize) -> Result<(), Unlisted> {
        self.0 += bytes;
        if self.0 > MOST_KEPT { Err(Unlisted::TooLarge) } else { Ok(()) }
    }
}
