//! How long to wait before a request is sent again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// The pauses before each further attempt, so many of them: growing, and different from caller to caller.
pub(crate) fn pauses(retries: usize) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(20))
        .with_max_times(retries)
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pauses;

    #[test]
    fn pauses_grow_within_bounds_and_differ() {
        let first: Vec<_> = pauses(6).collect();
        assert_eq!(first.len(), 6);
        assert!(first[0] >= Duration::from_millis(500) && first[0] < Duration::from_secs(1));
        assert!(first[5] <= Duration::from_secs(40));
        assert_ne!(first, pauses(6).collect::<Vec<_>>());
    }
}
