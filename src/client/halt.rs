//! Stops and time limits: they end every wait. After them nothing is created, and the clean-up has a time of its own.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A switch that whoever starts a run can throw, to end it early. A clone is the same switch.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Switch>);

#[derive(Debug, Default)]
struct Switch {
    thrown: OnceLock<Instant>,
    changed: Notify,
}

impl Stop {
    /// Ends the run: what it created is still removed.
    pub fn throw(&self) {
        let _ = self.0.thrown.set(Instant::now());
        self.0.changed.notify_waiters();
    }

    /// Whether the switch was thrown.
    pub fn is_thrown(&self) -> bool {
        self.0.thrown.get().is_some()
    }

    async fn thrown(&self) {
        let changed = self.0.changed.notified();
        tokio::pin!(changed);
        // From here on a throw is not missed, whether it comes before the next line or after it.
        changed.as_mut().enable();
        if !self.is_thrown() {
            changed.await;
        }
    }
}

/// Why a run halts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Somebody threw the switch.
    Stopped,
    /// Its time is over.
    Time,
}

/// When a run halts, and until when it may clean up after that.
#[derive(Debug)]
pub(super) struct Halt {
    stop: Stop,
    limit: Option<Duration>,
    cleanup: Duration,
    begin: OnceLock<Instant>,
    waits: bool,
}

impl Halt {
    /// A run that `stop` ends, or that ends so long after its first probe; the clean-up may take so long after that. Where it does not wait, each pause is
    /// over at once.
    pub(super) fn new(stop: Stop, limit: Option<Duration>, cleanup: Duration, waits: bool) -> Self {
        Self { stop, limit, cleanup, begin: OnceLock::new(), waits }
    }

    /// The switch that ends the run early.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Begins to count the time, at the first call.
    pub(super) fn begin(&self) {
        let _ = self.begin.set(Instant::now());
    }

    /// Why the run halts, if it does.
    pub(super) fn reason(&self) -> Option<Reason> {
        if self.stop.is_thrown() {
            return Some(Reason::Stopped);
        }
        self.time_is_over().is_some_and(|end| end <= Instant::now()).then_some(Reason::Time)
    }

    /// Until when the clean-up may go on, if the run halts.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.reason()?;
        let stopped = self.stop.0.thrown.get().copied();
        let halted = [stopped, self.time_is_over()].into_iter().flatten().min()?;
        Some(halted + self.cleanup)
    }

    /// Whether the time of the clean-up is over, too.
    pub(super) fn is_final(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Waits until the run halts.
    pub(super) async fn halted(&self) {
        match self.time_is_over() {
            Some(end) => {
                let _ = timeout_at(end, self.stop.thrown()).await;
            }
            None => self.stop.thrown().await,
        }
    }

    /// Waits until the time of the clean-up is over.
    pub(super) async fn finished(&self) {
        self.halted().await;
        if let Some(deadline) = self.deadline() {
            sleep_until(deadline).await;
        }
    }

    /// Pauses; false where the pause was cut short: by a halt, or, in a clean-up, by its end.
    pub(super) async fn pause(&self, pause: Duration) -> bool {
        if !self.waits {
            // Others have their turn, as they would in a pause.
            tokio::task::yield_now().await;
            return !self.is_final();
        }
        let cut: std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> =
            if self.reason().is_some() { Box::pin(self.finished()) } else { Box::pin(self.halted()) };
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = cut => false,
        }
    }

    fn time_is_over(&self) -> Option<Instant> {
        Some(*self.begin.get()? + self.limit?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Halt, Reason, Stop};

    const CLEANUP: Duration = Duration::from_mins(1);

    fn halt(limit: Option<u64>) -> (Stop, Halt) {
        let stop = Stop::default();
        (stop.clone(), Halt::new(stop, limit.map(Duration::from_secs), CLEANUP, true))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_cuts_a_pause_short_and_the_clean_up_may_pause_again() {
        let (stop, halt) = halt(None);
        let begin = Instant::now();
        let thrower = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            stop.throw();
        };
        let (is_whole, ()) = tokio::join!(halt.pause(Duration::from_secs(1000)), thrower);
        assert_eq!((is_whole, begin.elapsed(), halt.reason()), (false, Duration::from_secs(3), Some(Reason::Stopped)));
        assert!(halt.pause(Duration::from_secs(10)).await, "within the time of the clean-up");
        assert!(!halt.is_final());
        assert!(!halt.pause(Duration::from_secs(1000)).await);
        assert_eq!((begin.elapsed(), halt.is_final()), (Duration::from_secs(63), true));
    }

    #[tokio::test]
    async fn where_nobody_waits_the_longest_pause_is_whole_and_over_at_once() {
        let halt = Halt::new(Stop::default(), None, CLEANUP, false);
        let begin = Instant::now();
        assert!(halt.pause(Duration::from_secs(100_000)).await);
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_counts_from_its_begin() {
        let (_stop, halt) = halt(Some(5));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(halt.reason(), None);
        halt.begin();
        assert!(!halt.pause(Duration::from_secs(1000)).await);
        assert_eq!(halt.reason(), Some(Reason::Time));
        tokio::time::sleep(CLEANUP).await;
        halt.begin();
        assert!(halt.is_final(), "a second begin changes nothing");
    }
}
