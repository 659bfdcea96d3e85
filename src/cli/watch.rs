//! How whoever started a run sees that it goes on: a bar where a person watches; elsewhere, in the log of a CI say, a line for what takes long.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::time::Instant;

use crate::console::Console;
use crate::progress::{Notice, Progress};
use crate::report::terminal::Detail;
use crate::results::Fold;
use crate::run::Event;

/// A shorter pause is worth no line.
const LONG: Duration = Duration::from_secs(2);

/// No line follows another one sooner; what comes between is not told.
const DISTANCE: Duration = Duration::from_secs(10);

/// A log gets a line about the progress of a run no sooner than this after the last one.
const PROGRESS: Duration = Duration::from_secs(30);

/// What shows how far a run is.
pub(super) struct Watch {
    bar: ProgressBar,
    probes: usize,
    done: usize,
    failed: usize,
    begin: Instant,
    /// Where nobody watches: the log, and when it got its last line.
    log: Option<(Console, Instant)>,
}

impl Watch {
    /// A run of so many probes, and where it tells what it waits for.
    pub(super) fn new(console: &Console, probes: usize, detail: Detail) -> (Self, Progress) {
        let begin = Instant::now();
        let watch = |bar, log| Self { bar, probes, done: 0, failed: 0, begin, log };
        if detail == Detail::Quiet {
            return (watch(ProgressBar::hidden(), None), Progress::default());
        }
        if !console.is_watched() {
            return (watch(ProgressBar::hidden(), Some((console.clone(), begin))), lines(console));
        }
        let bar = ProgressBar::with_draw_target(Some(probes as u64), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{bar:20} {pos}/{len} probes, {prefix}, {rate}/s, {eta} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                // What cannot be written is not shown.
                let _ = write!(out, "{:.0}", state.per_sec());
            };
            bar.set_style(style.with_key("rate", rate));
        }
        bar.set_prefix("0 failed");
        let shown = bar.clone();
        (watch(bar, None), Progress::to(move |notice| shown.set_message(notice.to_string())))
    }

    /// Says something beside the bar, which stands aside meanwhile.
    pub(super) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }

    /// Sees what happens in the run.
    pub(super) fn see(&mut self, event: &Event, fold: &Fold) {
        let is_failure = match event {
            Event::Performed(record) => fold.fails(record),
            Event::Skipped { .. } => false,
            _ => return,
        };
        self.count(is_failure);
    }

    /// Counts a probe that had its turn.
    fn count(&mut self, is_failure: bool) {
        self.failed += usize::from(is_failure);
        self.done += 1;
        self.bar.set_prefix(format!("{} failed", self.failed));
        self.bar.set_message("");
        self.bar.inc(1);
        self.log_progress();
    }

    /// Tells a log how far the run is, now and then.
    fn log_progress(&mut self) {
        let Some((console, last)) = self.log.as_mut().filter(|(_, last)| last.elapsed() >= PROGRESS) else { return };
        *last = Instant::now();
        let per_second = as_number(self.done) / self.begin.elapsed().as_secs_f64();
        let left = as_number(self.probes.saturating_sub(self.done)) / per_second;
        console.note(&format!(
            "{} of {} probes, {} failed, {per_second:.1} a second, about {} left\n",
            self.done,
            self.probes,
            self.failed,
            rounded(left)
        ));
    }
}

/// So many seconds in words.
fn rounded(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// A count for a division; none is so large that it loses anything.
fn as_number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
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

    use super::{Watch, lines};
    use crate::console::{Console, Sink};
    use crate::progress::{Hold, Notice};
    use crate::report::terminal::Detail;

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

    #[tokio::test(start_paused = true)]
    async fn a_log_gets_a_line_about_the_progress_now_and_then_and_a_quiet_one_none() {
        for (detail, expected) in [
            (
                Detail::Usual,
                &[
                    "30 of 100 probes, 10 failed, 1.0 a second, about 70 s left",
                    "60 of 100 probes, 20 failed, 1.0 a second, about 40 s left",
                    "90 of 100 probes, 30 failed, 1.0 a second, about 10 s left",
                ][..],
            ),
            (Detail::Quiet, &[]),
        ] {
            let log = Arc::new(Log::default());
            let (mut watch, _) = Watch::new(&Console::new(Arc::clone(&log) as Arc<dyn Sink>), 100, detail);
            for number in 1..=100 {
                advance(Duration::from_secs(1)).await;
                watch.count(number % 3 == 0);
            }
            assert_eq!(*log.0.lock().unwrap(), expected);
        }
    }
}
