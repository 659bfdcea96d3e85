//! The file of a ledger: locked while its run lives, synced after each record.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use etcetera::BaseStrategy;

/// What a ledger writes to.
pub trait Store: Send + Sync + fmt::Debug {
    /// Adds a line; when this returns, the line survives the end of the process and of the machine.
    fn append(&self, line: &str) -> io::Result<()>;
    /// Removes everything.
    fn discard(&self) -> io::Result<()>;
}

/// How the files of ledgers end.
pub(super) const ENDING: &str = "ledger";

/// What lines are written to.
trait Medium: Send + Sync + fmt::Debug {
    /// Hands bytes on, which may take them no further than to a buffer.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when what was written is on the disk.
    fn sync(&self) -> io::Result<()>;
}

impl Medium for File {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Whole lines, each on the disk before the next step of whoever wrote it.
#[derive(Debug)]
struct Lines<M> {
    medium: M,
    /// Whether a line could not be written. Part of it may be there, which a further line would make unreadable, and itself with it.
    is_torn: Mutex<bool>,
}

impl<M: Medium> Lines<M> {
    fn new(medium: M) -> Self {
        Self { medium, is_torn: Mutex::new(false) }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut is_torn = self.is_torn.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_torn {
            return Err(io::Error::other("an earlier record could not be written"));
        }
        *is_torn = true;
        self.medium.write(line.as_bytes())?;
        *is_torn = false;
        drop(is_torn);
        self.medium.sync()
    }
}

/// A file that nobody else writes to.
#[derive(Debug)]
pub(super) struct LockedFile {
    lines: Lines<File>,
    path: PathBuf,
}

impl LockedFile {
    fn new(file: File, path: &Path) -> Self {
        Self { lines: Lines::new(file), path: path.to_owned() }
    }

    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        file.try_lock()?;
        // The name of a new file is on disk when its folder is.
        File::open(folder)?.sync_all()?;
        Ok(Self::new(file, path))
    }

    /// `None` where somebody else holds the file. A last line without its end is taken out, so that the next one begins a line.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let bytes = std::fs::read(path)?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if complete < bytes.len() {
            file.set_len(complete as u64)?;
        }
        Ok(Some(Self::new(file, path)))
    }
}

impl Store for LockedFile {
    fn append(&self, line: &str) -> io::Result<()> {
        self.lines.append(line)
    }

    fn discard(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Where ledgers are kept unless somebody says otherwise: below `$XDG_STATE_HOME`, usually `~/.local/state`.
pub fn default_folder() -> Option<PathBuf> {
    let folders = etcetera::base_strategy::Xdg::new().ok()?;
    Some(folders.state_dir()?.join(env!("CARGO_PKG_NAME")))
}

/// The ledgers in a folder, the oldest name first; none where there is no such folder.
pub fn find(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::sync::Mutex;

    use super::{Lines, Medium};

    /// Records what is done to it, and has no room for what is longer than this.
    #[derive(Debug)]
    struct Disk {
        done: Mutex<Vec<String>>,
        room: usize,
    }

    impl Medium for Disk {
        fn write(&self, bytes: &[u8]) -> io::Result<()> {
            let written = &bytes[..bytes.len().min(self.room)];
            self.done.lock().unwrap().push(String::from_utf8_lossy(written).into_owned());
            if written.len() < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }

        fn sync(&self) -> io::Result<()> {
            self.done.lock().unwrap().push("sync".to_owned());
            Ok(())
        }
    }

    fn lines(room: usize) -> Lines<Disk> {
        Lines::new(Disk { done: Mutex::default(), room })
    }

    #[test]
    fn every_line_is_synced_before_it_counts_as_written() {
        let lines = lines(100);
        lines.append("a\n").unwrap();
        lines.append("b\n").unwrap();
        assert_eq!(*lines.medium.done.lock().unwrap(), ["a\n", "sync", "b\n", "sync"]);
    }

    #[test]
    fn a_line_counts_only_where_the_system_says_that_it_is_on_disk() {
        // A pipe takes bytes and cannot be synced.
        let (_reader, writer) = io::pipe().unwrap();
        assert!(Lines::new(File::from(OwnedFd::from(writer))).append("a\n").is_err());
    }

    #[test]
    fn nothing_follows_a_line_that_was_torn() {
        let lines = lines(4);
        lines.append("ab\n").unwrap();
        assert!(lines.append("too long\n").is_err());
        assert!(lines.append("cd\n").is_err(), "the rest of a record and the next one would be one line");
        assert_eq!(*lines.medium.done.lock().unwrap(), ["ab\n", "sync", "too "]);
    }
}
