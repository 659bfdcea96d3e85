//! How long answers took, as plain data and in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::counted;

/// How long the answers to one call took, in milliseconds: from the beginning of the connection where there was none, and without waiting for a busy target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The call: `POST /path`.
    pub call: String,
    /// How many answers.
    pub answers: usize,
    /// Half of them took no longer.
    pub median_ms: f64,
    /// Of a hundred, 95 took no longer.
    pub p95_ms: f64,
    /// The longest one.
    pub longest_ms: f64,
    /// The answers in bands of duration, from the first one that has any to the last one.
    pub bands: Vec<Band>,
}

/// Answers that took less than this and no less than the band before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The limit in milliseconds; `null` is none.
    pub below_ms: Option<f64>,
    /// How many answers.
    pub answers: usize,
}

impl Latency {
    /// It in words, without the call.
    pub fn text(&self) -> String {
        let [median, most, longest] = [self.median_ms, self.p95_ms, self.longest_ms].map(duration);
        format!("median {median}, 95 % within {most}, longest {longest}, of {}", counted(self.answers, "answer"))
    }
}

/// A number of milliseconds as a person writes it, with three digits at most.
pub fn duration(milliseconds: f64) -> String {
    match milliseconds {
        short if short < 9.995 => format!("{} ms", round(short, 100.0)),
        short if short < 99.95 => format!("{} ms", round(short, 10.0)),
        short if short < 999.5 => format!("{} ms", round(short, 1.0)),
        long if long < 9_995.0 => format!("{} s", round(long / 1e3, 100.0)),
        long => format!("{} s", round(long / 1e3, 10.0)),
    }
}

fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_has_the_unit_and_the_digits_that_a_person_reads() {
        let shown = [0.0, 0.456, 2.0, 12.34, 999.4, 1_000.0, 1_234.0, 50_000.0].map(duration);
        assert_eq!(shown, ["0 ms", "0.46 ms", "2 ms", "12.3 ms", "999 ms", "1 s", "1.23 s", "50 s"]);
    }
}
