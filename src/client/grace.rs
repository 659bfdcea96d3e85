//! For how long a request may still create something whose answer was lost.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Target;
use crate::progress::Hold;

/// What a gateway or a slow service gave up on is done within this time, or not at all, unless somebody knows better.
pub const GRACE: Duration = Duration::from_secs(30);

/// The time after the last answer that was lost.
#[derive(Debug)]
pub(super) struct Grace {
    length: Duration,
    until: Mutex<Option<Instant>>,
}

impl Grace {
    pub(super) fn new(length: Duration) -> Self {
        Self { length, until: Mutex::default() }
    }

    /// For so long after its answer was lost a request may still create something.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// The answer to a request that may create was lost.
    pub(super) fn note_lost(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + self.length);
    }

    /// For so long from now on the last such request may create something.
    fn left(&self) -> Duration {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default()
    }
}

impl Target {
    /// Waits until no request whose answer was lost can create anything any more, or the time of the clean-up is over.
    pub async fn settle(&self) {
        if !self.wait(self.grace.left(), Hold::LostCreation).await {
            // A stop came first; what is left of the pause is part of the clean-up.
            self.halt.pause(self.grace.left()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Grace;

    #[tokio::test(start_paused = true)]
    async fn only_a_lost_answer_is_waited_for_and_the_last_one_counts() {
        let grace = Grace::new(Duration::from_secs(30));
        assert_eq!(grace.left(), Duration::ZERO);
        grace.note_lost();
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(grace.left(), Duration::from_secs(10));
        grace.note_lost();
        assert_eq!(grace.left(), Duration::from_secs(30));
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(grace.left(), Duration::ZERO);
    }
}
