//! The file of a ledger: locked while its run lives, synced after each record.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use etcetera::BaseStrategy;

/// What a ledger writes to.
pub trait Store: Send + Sync + fmt::Debug {
    /// Adds a line, which may take it no further than to a buffer.
    fn append(&self, line: &str) -> io::Result<()>;
    /// Returns when the lines survive the end of the process and of the machine.
    fn sync(&self) -> io::Result<()>;
    /// Removes everything.
    fn discard(&self) -> io::Result<()>;
}

/// How the files of ledgers end.
pub(super) const ENDING: &str = "ledger";

/// How a ledger ends that has not got its name yet: its run has sent nothing.
const UNBEGUN: &str = "new";

/// What speaks against acting on a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The file belongs to another user.
    Owner,
    /// Others may write to the file.
    Mode,
    /// This line, from 1, does not fit to those before it.
    Sum(usize),
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => formatter.write_str("the file belongs to another user"),
            Self::Mode => formatter.write_str("others may write to the file"),
            Self::Sum(line) => write!(formatter, "line {line} is not as a run wrote it: its sum is wrong"),
        }
    }
}

/// Reads a file that must be one: a pipe or a device would never end.
pub(super) fn read_file(path: &Path) -> io::Result<(String, Option<Doubt>)> {
    let found = std::fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    let mut file = File::open(path)?;
    let doubt = doubt(&file.metadata()?);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok((text, doubt))
}

#[cfg(unix)]
fn doubt(found: &Metadata) -> Option<Doubt> {
    use std::os::unix::fs::MetadataExt;
    const OTHERS_MAY_WRITE: u32 = 0o022;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Some(Doubt::Owner);
    }
    (found.mode() & OTHERS_MAY_WRITE != 0).then_some(Doubt::Mode)
}

#[cfg(not(unix))]
fn doubt(_: &Metadata) -> Option<Doubt> {
    None
}

/// What lines are written to.
trait Medium: Send + Sync + fmt::Debug {
    /// Hands bytes on, which may take them no further than to a buffer.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;
}

impl Medium for File {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }
}

/// Whole lines.
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
        Ok(())
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

    /// A file with this first line. It gets its name when it is locked and its line is on disk: whoever finds it finds it so.
    pub(super) fn create(path: &Path, first: &str) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        forget_unbegun(folder);
        let unbegun = path.with_extension(UNBEGUN);
        let file = own(OpenOptions::new().append(true).create_new(true)).open(&unbegun)?;
        let begun = Self::begin(&file, first, &unbegun, path);
        if let Err(error) = begun {
            let _ = std::fs::remove_file(&unbegun);
            return Err(error);
        }
        // The name of a new file is on disk when its folder is.
        File::open(folder)?.sync_all()?;
        Ok(Self::new(file, path))
    }

    fn begin(file: &File, first: &str, unbegun: &Path, path: &Path) -> io::Result<()> {
        file.try_lock()?;
        file.write(first.as_bytes())?;
        file.sync_data()?;
        std::fs::rename(unbegun, path)
    }

    /// The file and what it holds; `None` where somebody else holds it. A last line without its end is taken out, so that the next one begins a line.
    pub(super) fn open(path: &Path) -> io::Result<Option<(Self, String)>> {
        read_file(path)?;
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (mut text, _) = read_file(path)?;
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        // What has no whole line is no ledger; it stays as it is.
        if 0 < complete && complete < text.len() {
            file.set_len(complete as u64)?;
            text.truncate(complete);
        }
        Ok(Some((Self::new(file, path), text)))
    }
}

/// For so long a file may have no name yet.
const BEGINNING: Duration = Duration::from_mins(1);

/// Removes what runs have left that were killed while they began their ledgers: nothing was sent then. A run that is only slow finds its file gone, and ends.
fn forget_unbegun(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_unbegun = path.extension().is_some_and(|ending| ending == UNBEGUN);
        let age = entry.metadata().ok().filter(Metadata::is_file).and_then(|file| file.modified().ok()?.elapsed().ok());
        if is_unbegun && age.is_some_and(|age| age > BEGINNING) {
            // Where it cannot be removed it does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// For nobody but the user.
fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

impl Store for LockedFile {
    fn append(&self, line: &str) -> io::Result<()> {
        self.lines.append(line)
    }

    fn sync(&self) -> io::Result<()> {
        self.lines.medium.sync_data()
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
    use std::io;
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
    }

    fn lines(room: usize) -> Lines<Disk> {
        Lines::new(Disk { done: Mutex::default(), room })
    }

    #[test]
    fn nothing_follows_a_line_that_was_torn() {
        let lines = lines(4);
        lines.append("ab\n").unwrap();
        assert!(lines.append("too long\n").is_err());
        assert!(lines.append("cd\n").is_err(), "the rest of a record and the next one would be one line");
        assert_eq!(*lines.medium.done.lock().unwrap(), ["ab\n", "too "]);
    }
}
