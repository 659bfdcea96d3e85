//! What a stub does to requests on purpose that no contract speaks of: it takes its time, and fails now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How slow a stub is, and how often it fails.
#[derive(Debug, Default)]
pub(super) struct Impairment {
    pub latency: Duration,
    /// From 0 to 1.
    pub fail_rate: f64,
    pub seed: u64,
    /// How many requests there were.
    count: AtomicU64,
}

impl Impairment {
    /// Begins again with the first request.
    pub(super) fn reset(&self) {
        self.count.store(0, Ordering::Relaxed);
    }

    /// Whether the next request fails.
    pub(super) fn fails(&self) -> bool {
        let turn = self.count.fetch_add(1, Ordering::Relaxed);
        chance(self.seed, turn) < self.fail_rate
    }
}

/// `SplitMix64`, as a number from 0 to 1: it is fixed for ever, as a seed must mean the same in the next version too.
fn chance(seed: u64, turn: u64) -> f64 {
    let mut word = seed.wrapping_add(turn.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let upper = u32::try_from((word ^ (word >> 31)) >> 32).unwrap_or(u32::MAX);
    f64::from(upper) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::Impairment;

    fn failed(fail_rate: f64, seed: u64) -> Vec<bool> {
        let impairment = Impairment { fail_rate, seed, ..Impairment::default() };
        (0..1000).map(|_| impairment.fails()).collect()
    }

    #[test]
    fn a_seed_chooses_the_same_requests_each_time_and_about_as_many_as_were_asked_for() {
        assert_eq!(failed(0.2, 1), failed(0.2, 1));
        assert_ne!(failed(0.2, 1), failed(0.2, 2));
        let count = failed(0.2, 1).into_iter().filter(|is_failed| *is_failed).count();
        assert!((150..250).contains(&count), "{count} of 1000");
    }

    #[test]
    fn at_0_none_fails_and_at_1_each() {
        assert!(failed(0.0, 1).iter().all(|is_failed| !is_failed));
        assert!(failed(1.0, 1).iter().all(|is_failed| *is_failed));
    }
}
