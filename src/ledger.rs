//! The ledger: what a run is about to create is on disk before the request is sent, and what came of it after.
//!
//! A ledger is a file of one run, one JSON record a line. An [`Record::Intent`] is synced to the disk before its request goes out, so that a run that is
//! killed at any moment has left nothing of which its ledger does not know. [`State`] is what a ledger says in the end: what must still be removed, and of
//! which requests nobody knows what they did. The file is locked as long as its run lives.

mod file;
mod record;
mod state;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use file::{Store, default_folder, find};
pub use record::Record;
pub use state::{Damaged, Intent, Ledgered, State, read};

use crate::secret::Secrets;

/// The ledger of a run that is under way. A clone writes to the same file.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
    path: PathBuf,
    next: Arc<AtomicU64>,
    secrets: Secrets,
}

impl Ledger {
    /// Begins the ledger of a run in this folder, which is made if it is not there. None of these secrets is written into it.
    pub fn begin(folder: &Path, first: Record, secrets: &Secrets) -> io::Result<Self> {
        let Record::Run { run, .. } = &first else { return Err(io::Error::other("a ledger begins with its run")) };
        let path = folder.join(format!("{run}.{}", file::ENDING));
        let ledger = Self::over(Arc::new(file::LockedFile::create(&path)?), path).keeping(secrets);
        match ledger.store.append(&first.without(secrets).line()) {
            Ok(()) => Ok(ledger),
            Err(error) => {
                let _ = ledger.discard();
                Err(error)
            }
        }
    }

    /// Goes on with a ledger that a run has left; `None` while that run lives.
    pub fn resume(path: &Path) -> io::Result<Option<Self>> {
        let store = file::LockedFile::open(path)?;
        Ok(store.map(|store| Self::over(Arc::new(store), path.to_owned())))
    }

    /// A ledger that writes to this store.
    pub fn over(store: Arc<dyn Store>, path: PathBuf) -> Self {
        Self { store, path, next: Arc::new(AtomicU64::new(1)), secrets: Secrets::default() }
    }

    /// The same ledger, into which none of these secrets is written.
    #[must_use]
    pub fn keeping(mut self, secrets: &Secrets) -> Self {
        self.secrets = secrets.clone();
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts on disk that a request with this body is about to be sent, and tells the number under which its outcome is to be told.
    pub async fn intend(&self, body: Option<&[u8]>) -> io::Result<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.write(Record::intent(number, body)).await?;
        Ok(number)
    }

    /// Puts a record on disk. When this returns, it is there.
    pub async fn write(&self, record: Record) -> io::Result<()> {
        let (store, record) = (Arc::clone(&self.store), record.without(&self.secrets));
        let written = tokio::task::spawn_blocking(move || store.append(&record.line())).await;
        written.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Removes the file: nothing is left that it would be needed for.
    pub fn discard(&self) -> io::Result<()> {
        self.store.discard()
    }
}
