//! Holds a request back until the rate allows it, and for good once the run has halted.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Purpose;
use crate::client::Target;
use crate::exchange::SendError;

/// When the next request may go out.
#[derive(Debug)]
pub(in crate::client) struct Pace(Option<Mutex<Interval>>);

impl Pace {
    /// So many requests in a second; as many as there are, without a rate.
    pub(in crate::client) fn new(rate: Option<f64>) -> Self {
        Self(rate.map(|rate| {
            let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Mutex::new(ticks)
        }))
    }

    async fn tick(&self) {
        if let Some(ticks) = &self.0 {
            ticks.lock().await.tick().await;
        }
    }
}

impl Target {
    /// Whether a halt keeps a request from being sent.
    fn kept_back(&self, purpose: Purpose, may_create: bool) -> Option<SendError> {
        let is_kept = match purpose {
            Purpose::Probe | Purpose::Extra => self.halt.reason().is_some(),
            Purpose::Cleanup => self.halt.is_final() || (may_create && self.halt.reason().is_some()),
        };
        is_kept.then_some(SendError::Halted)
    }

    /// Waits until the rate allows one more request; why it must not be sent after all, where a halt came first.
    pub(super) async fn keep_pace(&self, purpose: Purpose, may_create: bool) -> Option<SendError> {
        if let Some(halted) = self.kept_back(purpose, may_create) {
            return Some(halted);
        }
        let cut = async {
            match purpose {
                Purpose::Probe | Purpose::Extra => self.halt.halted().await,
                Purpose::Cleanup => self.halt.finished().await,
            }
        };
        tokio::select! {
            biased;
            () = cut => Some(SendError::Halted),
            () = self.pace.tick() => self.kept_back(purpose, may_create),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[tokio::test(start_paused = true)]
    async fn requests_go_out_at_the_rate_and_make_up_for_no_pause() {
        let (begin, pace) = (Instant::now(), Pace::new(Some(5.0)));
        for _ in 0..3 {
            pace.tick().await;
        }
        assert_eq!(begin.elapsed(), Duration::from_millis(400));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let begin = Instant::now();
        for _ in 0..3 {
            pace.tick().await;
        }
        assert_eq!(begin.elapsed(), Duration::from_millis(400));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let (begin, pace) = (Instant::now(), Pace::new(None));
        for _ in 0..1000 {
            pace.tick().await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
