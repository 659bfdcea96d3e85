//! How long answers took, by call: counts in bands, so that a run of any length is told by a few numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::contract::Contract;
use crate::exchange::Exchange;
use crate::run::call;

/// How long the answers to one call took, from the beginning of the connection where there was none to the end of the answer. Waiting for a busy target is not
/// in it, nor is what a run sends beside its probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The call: `POST /path`.
    pub call: String,
    /// How many answers.
    pub answers: usize,
    /// Half of them took no longer; to a twentieth of it.
    pub median: Duration,
    /// Of a hundred, 95 took no longer; to a twentieth of it.
    pub most: Duration,
    /// The longest one.
    pub longest: Duration,
    /// How many took less than this and no less than the limit before it, in the order of the limits and without empty bands at both ends; what took longer than
    /// the last limit of all has none.
    pub bands: Vec<(Option<Duration>, usize)>,
}

/// The limits of the bands that are told, in milliseconds.
const LIMITS: [u64; 15] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];

/// So many bands stand between a duration and the double of it, where durations are counted.
const STEPS: f64 = 16.0;

/// Durations of the answers to each call of a contract.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies(BTreeMap<usize, Durations>);

#[derive(Clone, Debug, Default)]
struct Durations {
    /// How many are in each band of a sixteenth of a doubling.
    counts: BTreeMap<u16, usize>,
    longest: Duration,
}

impl Latencies {
    /// Adds the answers of a probe.
    pub(super) fn add(&mut self, contract: &Contract, exchanges: &[Exchange]) {
        for Exchange { request, outcome } in exchanges {
            let Some((operation, _)) = contract.operation(&request.method, &request.path) else { continue };
            let Ok(answer) = outcome else { continue };
            let durations = self.0.entry(operation).or_default();
            *durations.counts.entry(band(answer.took)).or_default() += 1;
            durations.longest = durations.longest.max(answer.took);
        }
    }

    /// What they amount to, in the order of the contract's calls.
    pub(super) fn all(&self, contract: &Contract) -> Vec<Latency> {
        let of = |(operation, durations): (&usize, &Durations)| durations.told(call(&contract.operations[*operation]));
        self.0.iter().map(of).collect()
    }
}

impl Durations {
    fn told(&self, call: String) -> Latency {
        let answers: usize = self.counts.values().sum();
        let mut bands: Vec<(Option<Duration>, usize)> =
            LIMITS.iter().map(|limit| (Some(Duration::from_millis(*limit)), 0)).chain([(None, 0)]).collect();
        for (number, count) in &self.counts {
            let at = bands.iter().position(|(limit, _)| limit.is_none_or(|limit| middle(*number) < limit));
            bands[at.unwrap_or(LIMITS.len())].1 += count;
        }
        let is_empty = |(_, count): &(Option<Duration>, usize)| *count == 0;
        let last = bands.iter().rposition(|band| !is_empty(band)).map_or(0, |last| last + 1);
        bands.truncate(last);
        let first = bands.iter().position(|band| !is_empty(band)).unwrap_or_default();
        let bands = bands.split_off(first);
        let (median, most) = (self.share(answers.div_ceil(2)), self.share((answers * 95).div_ceil(100)));
        Latency { call, answers, median, most, longest: self.longest, bands }
    }

    /// So many of the durations are no longer than this.
    fn share(&self, wanted: usize) -> Duration {
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= wanted
        });
        reached.map_or(Duration::ZERO, |(number, _)| middle(*number)).min(self.longest)
    }
}

/// The number of the band in which a duration is counted.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a logarithm of what is at least 1")]
fn band(took: Duration) -> u16 {
    ((took.as_secs_f64() * 1e6).max(1.0).log2() * STEPS) as u16
}

/// The duration in the middle of a band.
fn middle(band: u16) -> Duration {
    Duration::from_secs_f64(((f64::from(band) + 0.5) / STEPS).exp2() / 1e6)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Durations, band};

    fn told(milliseconds: &[u64]) -> super::Latency {
        let mut durations = Durations::default();
        for each in milliseconds.iter().map(|each| Duration::from_millis(*each)) {
            *durations.counts.entry(band(each)).or_default() += 1;
            durations.longest = durations.longest.max(each);
        }
        durations.told("GET /things".to_owned())
    }

    #[test]
    fn half_of_the_answers_took_no_longer_than_the_median_and_the_longest_is_exact() {
        let told = told(&[3, 3, 3, 40, 700]);
        assert_eq!((told.answers, told.longest), (5, Duration::from_millis(700)));
        assert!((2.85..3.15).contains(&(told.median.as_secs_f64() * 1e3)), "{told:?}");
        assert!((665.0..=700.0).contains(&(told.most.as_secs_f64() * 1e3)), "{told:?}");
    }

    #[test]
    fn bands_begin_and_end_with_one_that_is_not_empty_and_hold_every_answer() {
        let told = told(&[3, 3, 15, 15, 90]);
        let bands: Vec<_> = told.bands.iter().map(|(limit, count)| (limit.unwrap().as_millis(), *count)).collect();
        assert_eq!(bands, [(5, 2), (10, 0), (20, 2), (50, 0), (100, 1)]);
        assert_eq!(self::told(&[90_000]).bands, [(None, 1)]);
        assert_eq!((self::told(&[]).answers, self::told(&[]).bands.len()), (0, 0));
    }
}
