//! How whoever started a run sees that it goes on: a bar where a person watches; elsewhere, in the log of a CI say, a line for what takes long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::console::Console;
use crate::progress::{Notice, Progress};
use crate::results::Fold;
use crate::run::Event;

/// A shorter pause is worth no line.
const LONG: Duration = Duration::from_secs(2);

/// No line follows another one sooner; what comes between is not told.
const DISTANCE: Duration = Duration::from_secs(10);

/// What shows how far a run is.
pub(super) struct Watch {
    bar: ProgressBar,
    failed: usize,
}

impl Watch {
    /// A run of so many probes, and where it tells what it waits for.
    pub(super) fn new(console: &Console, probes: usize) -> (Self, Progress) {
        if !console.is_watched() {
            return (Self { bar: ProgressBar::hidden(), failed: 0 }, lines(console));
        }
        let bar = ProgressBar::with_draw_target(Some(probes as u64), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} probes  {prefix}  {eta}  {msg}") {
            bar.set_style(style);
        }
        let shown = bar.clone();
        (Self { bar, failed: 0 }, Progress::to(move |notice| shown.set_message(notice.to_string())))
    }

    /// Sees what happens in the run.
    pub(super) fn see(&mut self, event: &Event, fold: &Fold) {
        let is_failure = match event {
            Event::Performed(record) => {
                let mut broken = record.judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none());
                broken.any(|mismatch| !fold.knows(mismatch))
            }
            Event::Skipped { .. } => false,
            _ => return,
        };
        self.failed += usize::from(is_failure);
        self.bar.set_prefix(format!("{} failed", self.failed));
        self.bar.set_message("");
        self.bar.inc(1);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Tells what takes long, a line at a time.
pub(super) fn lines(console: &Console) -> Progress {
    let (console, begin) = (console.clone(), Instant::now());
    let last = Arc::new(Mutex::new(None::<Instant>));
    Progress::to(move |notice| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = last.unwrap_or(begin).elapsed();
        let is_due = match notice {
            // The first line of a list comes only where it takes long.
            Notice::Listing(_) => quiet >= DISTANCE,
            Notice::Waiting(pause, _) => *pause >= LONG && (last.is_none() || quiet >= DISTANCE),
        };
        if is_due {
            *last = Some(Instant::now());
            console.note(&format!("{notice}\n"));
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::time::advance;

    use super::lines;
    use crate::console::{Console, Sink};
    use crate::progress::{Hold, Notice};

    #[derive(Default)]
    struct Log(Mutex<Vec<String>>);

    impl Sink for Log {
        fn print(&self, _: &str) -> std::io::Result<()> {
            Ok(())
        }

        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.trim_end().to_owned());
        }

        fn is_watched(&self) -> bool {
            false
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_gets_a_line_for_what_takes_long_and_not_one_for_each() {
        let log = Arc::new(Log::default());
        let progress = lines(&Console::new(Arc::clone(&log) as Arc<dyn Sink>));
        let waiting = |seconds| Notice::Waiting(Duration::from_secs(seconds), Hold::Answer(503));
        for count in 1..=250 {
            progress.tell(Notice::Listing(count));
            advance(Duration::from_millis(100)).await;
        }
        progress.tell(waiting(1));
        progress.tell(waiting(3));
        advance(Duration::from_secs(10)).await;
        progress.tell(waiting(1));
        progress.tell(waiting(30));
        progress.tell(waiting(40));
        let told = log.0.lock().unwrap().clone();
        let expected = [
            "looking at what is there: 101 so far",
            "looking at what is there: 201 so far",
            "waiting 30.0 s: the answer was 503",
        ];
        assert_eq!(told, expected);
    }
}
