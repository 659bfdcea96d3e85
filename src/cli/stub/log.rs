//! The log of a stub, written on a thread of its own: a reader who does not read holds up no answer, and not the end of the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::console::Console;
use crate::stub::Answered;

/// So many lines may wait to be written; what comes beyond them is only counted.
const MOST: usize = 4096;

/// So long the end of the program waits for a line that nobody reads, and so often where somebody does.
const PATIENCE: Duration = Duration::from_secs(1);
const TURNS: usize = 10;

/// Where lines wait to be written.
pub(super) struct Queue {
    lines: SyncSender<String>,
    lost: Arc<Mutex<u64>>,
}

/// Tells that everything is written.
pub(super) struct Written {
    end: oneshot::Receiver<()>,
    /// How many lines are.
    count: Arc<AtomicU64>,
}

/// A log on standard error that ends when its queue is dropped.
pub(super) fn begin(console: &Console) -> (Queue, Written) {
    let (lines, waiting) = sync_channel::<String>(MOST);
    let (told, end) = oneshot::channel();
    let (lost, console) = (Arc::new(Mutex::new(0)), console.clone());
    let queue = Queue { lines, lost: Arc::clone(&lost) };
    let written = Written { end, count: Arc::default() };
    let count = Arc::clone(&written.count);
    std::thread::spawn(move || {
        for line in waiting {
            console.note(&line);
            count.fetch_add(1, Ordering::Relaxed);
        }
        let lost = *lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost > 0 {
            console.note(&gap(lost));
        }
        drop(told);
    });
    (queue, written)
}

impl Queue {
    /// Has the line of an answer written when its turn comes. Where too many wait, that so many are lost is said once there is room again.
    pub(super) fn add(&self, answered: &Answered) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost > 0 && self.lines.try_send(gap(*lost)).is_ok() {
            *lost = 0;
        }
        if *lost > 0 || self.lines.try_send(format!("{answered}\n")).is_err() {
            *lost += 1;
        }
    }
}

impl Written {
    /// Waits until the last line is written, or until it is clear that nobody reads it.
    pub(super) async fn wait(mut self) {
        for _ in 0..TURNS {
            let before = self.count.load(Ordering::Relaxed);
            let is_over = tokio::time::timeout(PATIENCE, &mut self.end).await.is_ok();
            if is_over || self.count.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

/// What stands in the place of lines that are lost.
fn gap(lost: u64) -> String {
    format!("the log lacks {lost} lines here: they came faster than they were read\n")
}
