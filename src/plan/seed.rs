//! Seeds: one for the run, and one for each probe that follows from the run's seed and the probe's id, so that no probe depends on any other.

use std::fmt;
use std::str::FromStr;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Default for Seed {
    /// The same for every run that does not ask for another.
    fn default() -> Self {
        Self(1)
    }
}

impl FromStr for Seed {
    type Err = String;

    /// A number, or `random`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "random" {
            return Ok(Self(uuid::Uuid::new_v4().as_u64_pair().0));
        }
        text.parse().map(Self).map_err(|_| format!("`{text}` is neither a whole number nor `random`"))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Seed {
    /// proptest's runner for one probe.
    pub(super) fn runner(self, id: &str) -> TestRunner {
        // FNV-1a over the id, then SplitMix64 for as many words as the generator wants: both are fixed for ever, as a seed must mean the same in the
        // next version too.
        let hashed = id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut state = hashed ^ self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut bytes = Vec::with_capacity(32);
        for _ in 0..4 {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.extend((word ^ (word >> 31)).to_le_bytes());
        }
        TestRunner::new_with_rng(
            Config { failure_persistence: None, ..Config::default() },
            TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
        )
    }
}
