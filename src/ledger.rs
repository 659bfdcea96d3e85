//! The ledger: what a run is about to create is on disk before the request is sent, and what came of it after.
//!
//! A ledger is a file of one run, one record a line: a sum over this line and all before it, a blank, and the record as JSON. An [`Record::Intent`] is synced
//! to the disk before its request goes out, so that a run that is killed at any moment has left nothing of which its ledger does not know. [`State`] is what a
//! ledger says in the end: what must still be removed, and of which requests nobody knows what they did. The file is locked as long as its run lives.
//!
//! A sweep removes what a ledger says, so a ledger is acted on only where it is whole and the user's own; [`Doubt`] says what speaks against it.

mod chain;
mod file;
mod record;
mod state;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chain::Chain;
pub use file::{Doubt, Store, default_folder, find};
pub use record::{Record, lines};
pub use state::{Intent, LedgerError, LedgerFile, State, read};

use crate::secret::Secrets;

/// The ledger of a run that is under way. A clone writes to the same file.
#[derive(Clone, Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
    chain: Arc<Mutex<Chain>>,
    path: PathBuf,
    next: Arc<AtomicU64>,
    secrets: Secrets,
}

impl Ledger {
    /// Begins the ledger of a run in this folder, which is made if it is not there. Under its name the file is whole and locked from the first moment on. None
    /// of these secrets is written into it.
    pub fn begin(folder: &Path, first: Record, secrets: &Secrets) -> io::Result<Self> {
        let Record::Run { run, .. } = &first else { return Err(io::Error::other("a ledger begins with its run")) };
        let path = folder.join(format!("{run}.{}", file::ENDING));
        let mut chain = Chain::default();
        let store = file::LockedFile::create(&path, &chain.line(&first.without(secrets)))?;
        Ok(Self { chain: Arc::new(Mutex::new(chain)), ..Self::over(Arc::new(store), path) }.keeping(secrets))
    }

    /// Goes on with a ledger that a run has left; `None` while that run lives.
    pub fn resume(path: &Path) -> io::Result<Option<Self>> {
        let Some((store, text)) = file::LockedFile::open(path)? else { return Ok(None) };
        let chain = Arc::new(Mutex::new(Chain::after(&text)));
        Ok(Some(Self { chain, ..Self::over(Arc::new(store), path.to_owned()) }))
    }

    /// A ledger that writes to this store.
    pub fn over(store: Arc<dyn Store>, path: PathBuf) -> Self {
        Self { store, chain: Arc::default(), path, next: Arc::new(AtomicU64::new(1)), secrets: Secrets::default() }
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
        let (store, chain) = (Arc::clone(&self.store), Arc::clone(&self.chain));
        let record = record.without(&self.secrets);
        let written = tokio::task::spawn_blocking(move || {
            let mut chain = chain.lock().unwrap_or_else(PoisonError::into_inner);
            store.append(&chain.line(&record))?;
            // Several may wait for the disk at once.
            drop(chain);
            store.sync()
        });
        written.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Removes the file: nothing is left that it would be needed for.
    pub fn discard(&self) -> io::Result<()> {
        self.store.discard()
    }
}
