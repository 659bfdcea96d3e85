//! Precision: which numbers a reader of JSON may take for another one.
//!
//! RFC 8259 lets a reader limit the precision of numbers, and readers do: some keep 32 bits, some seven digits, some are off by the last bit of 64. What one of
//! them cannot tell from an allowed number is left open. Integers that are written as such are kept apart up to 2^53, as the RFC says that readers agree on
//! these.

use serde_json::{Number, Value};

use super::{Rule, Schema, Unambiguous, same};

/// Up to here readers agree on integers, and on their negatives.
const LARGEST_AGREED: u64 = 1 << 53;

/// Whether a reader that keeps 32 bits, or seven digits, may take two numbers for the same.
pub fn is_near(left: &Number, right: &Number) -> bool {
    let (left, right) = (as_kept(left), as_kept(right));
    left.iter().any(|kept| right.contains(kept))
}

impl Schema {
    /// Whether a number that breaks a rule differs from one that breaks none only in digits that not every reader keeps.
    pub(super) fn is_nearly_allowed(&self, value: &Value) -> bool {
        let Value::Number(number) = value else { return false };
        if is_agreed_on(number) {
            return false;
        }
        let kept = as_kept(number).into_iter().flat_map(|kept| [Number::from_f64(f64::from(kept)), whole(kept)]);
        let candidates = kept.flatten().chain(self.limits().cloned()).map(Value::Number);
        let is_taken_for =
            |other: &Value| matches!(other, Value::Number(other) if is_near(number, other)) && !same(value, other);
        candidates.filter(is_taken_for).any(|other| self.takes(&other))
    }

    /// Whether some reading allows a value.
    fn takes(&self, value: &Value) -> bool {
        self.allows(value)
            || self
                .unspecified
                .iter()
                .any(|unspecified| unspecified.schema.as_ref().is_some_and(|unspecified| unspecified.allows(value)))
    }

    /// The numbers at the edges of what some reading allows.
    fn limits(&self) -> impl Iterator<Item = &Number> {
        let unambiguous = match &self.unambiguous {
            Unambiguous::Within(unambiguous) => unambiguous.rules.as_slice(),
            Unambiguous::All | Unambiguous::Nothing => &[],
        };
        let unspecified = self
            .unspecified
            .iter()
            .filter_map(|unspecified| unspecified.schema.as_ref())
            .flat_map(|unspecified| &unspecified.rules);
        self.rules.iter().chain(unambiguous).chain(unspecified).flat_map(numbers)
    }
}

fn numbers(rule: &Rule) -> Vec<&Number> {
    fn number(value: &Value) -> Option<&Number> {
        if let Value::Number(number) = value { Some(number) } else { None }
    }
    match rule {
        Rule::Minimum(limit) | Rule::Maximum(limit) | Rule::ExclusiveMinimum(limit) | Rule::ExclusiveMaximum(limit) => {
            vec![limit]
        }
        Rule::Const(value) => number(value).into_iter().collect(),
        Rule::Enum(values) => values.iter().filter_map(number).collect(),
        _ => Vec::new(),
    }
}

fn is_agreed_on(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| number.unsigned_abs() <= LARGEST_AGREED)
}

/// What a reader of 32 bits may keep of a number: one that rounds the decimal text, one that first reads a double and is off by its last bit, or one that
/// rounds or cuts off what is behind the seventh digit. None of them is infinite.
fn as_kept(number: &Number) -> Vec<f32> {
    let Some(exact) = number.as_f64() else { return Vec::new() };
    let read = [exact.next_down(), exact, exact.next_up()];
    #[expect(clippy::cast_possible_truncation, reason = "what is lost here is what such a reader loses")]
    let mut kept: Vec<_> = read.map(|double| double as f32).into();
    kept.extend(read.into_iter().filter_map(rounded).chain(cut_off(exact)));
    kept.retain(|kept| kept.is_finite());
    kept.dedup();
    kept
}

/// The number rounded to seven digits.
fn rounded(number: f64) -> Option<f32> {
    format!("{number:.6e}").parse().ok()
}

/// The number without what is behind its seventh digit.
fn cut_off(number: f64) -> Option<f32> {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e')?;
    let most = "1.234567".len() + usize::from(digits.starts_with('-'));
    format!("{}e{exponent}", digits.get(..most).unwrap_or(digits)).parse().ok()
}

/// The number as it is written with digits only.
fn whole(number: f32) -> Option<Number> {
    let text = number.to_string();
    text.parse::<i64>().ok().map(Number::from)
}

#[cfg(test)]
mod tests {
    use serde_json::{Number, from_str};

    use super::is_near;

    fn number(text: &str) -> Number {
        from_str(text).unwrap()
    }

    #[test]
    fn what_32_bits_tell_apart_is_not_near() {
        for (left, right) in [
            ("100", "100.00000000000001"),
            ("100", "100.000003"),
            ("1024", "1024.00005"),
            ("1", "0.99999999"),
            ("100", "100.00001"),
            ("1", "1.0000001"),
            ("1048576", "1048576.5"),
            ("1048577", "1048576.5"),
            ("1048576", "1048576.9"),
            ("-100", "-100.00009"),
            ("0", "1e-46"),
            ("0", "-1e-300"),
            ("2147483647", "2147483648"),
        ] {
            assert!(is_near(&number(left), &number(right)), "{left} {right}");
        }
        for (left, right) in [
            ("100", "100.0001"),
            ("1", "0.9999999"),
            ("1", "1.000001"),
            ("0", "1e-44"),
            ("1e300", "1e308"),
            ("1", "-1"),
        ] {
            assert!(!is_near(&number(left), &number(right)), "{left} {right}");
        }
    }
}
