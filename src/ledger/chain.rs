//! The sums that make a ledger one whole: each covers its line and all before it, so that no line can be changed, left out or put in unseen.

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};

use super::record::Record;

/// The sum so far.
#[derive(Debug, Default)]
pub(super) struct Chain(String);

/// Characters of a sum.
const LENGTH: usize = 16;

impl Chain {
    /// The sum after the last whole line of a text, as the text has it.
    pub(super) fn after(text: &str) -> Self {
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        let last = complete.lines().last().and_then(parts);
        Self(last.map(|(sum, _)| sum.to_owned()).unwrap_or_default())
    }

    /// The line of the next record, with its end.
    pub(super) fn line(&mut self, record: &Record) -> String {
        let json = record.json();
        self.0 = self.sum(&json);
        format!("{} {json}\n", self.0)
    }

    /// The record of the next line as JSON, and whether its sum is right. A line without a sum has no right one.
    pub(super) fn check<'a>(&mut self, line: &'a str) -> (&'a str, bool) {
        let Some((sum, json)) = parts(line) else { return (line, false) };
        let is_right = self.sum(json) == sum;
        sum.clone_into(&mut self.0);
        (json, is_right)
    }

    fn sum(&self, json: &str) -> String {
        let sum = digest(&SHA256, format!("{}\n{json}", self.0).as_bytes());
        HEXLOWER.encode(sum.as_ref())[..LENGTH].to_owned()
    }
}

/// The sum and the JSON of a line.
fn parts(line: &str) -> Option<(&str, &str)> {
    let (sum, json) = line.split_once(' ')?;
    let is_sum = sum.len() == LENGTH && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_sum.then_some((sum, json))
}

#[cfg(test)]
mod tests {
    use super::Chain;
    use crate::ledger::record::Record;

    fn lines() -> Vec<String> {
        let mut chain = Chain::default();
        let ids = ["a", "b", "c"].map(|id| Record::Removed { id: id.to_owned() });
        ids.iter().map(|record| chain.line(record).trim_end().to_owned()).collect()
    }

    fn is_whole(lines: &[String]) -> bool {
        let mut chain = Chain::default();
        lines.iter().all(|line| chain.check(line).1)
    }

    #[test]
    fn a_line_that_is_changed_left_out_put_in_or_moved_breaks_the_chain() {
        let whole = lines();
        assert!(is_whole(&whole));
        assert!(is_whole(&whole[..2]), "an end is no break: a run may be killed");
        let [a, b, c] = [0, 1, 2].map(|index| whole[index].clone());
        let changed = b.replace("\"b\"", "\"x\"");
        let without = b[17..].to_owned();
        for broken in [
            vec![a.clone(), changed],
            vec![a.clone(), c.clone()],
            vec![b.clone(), c.clone()],
            vec![a.clone(), a.clone(), b.clone()],
            vec![a.clone(), c, b],
            vec![a, without],
        ] {
            assert!(!is_whole(&broken), "{broken:?}");
        }
    }

    #[test]
    fn a_chain_goes_on_after_a_text() {
        let whole = lines();
        let mut chain = Chain::after(&format!("{}\n{}\ntorn", whole[0], whole[1]));
        assert_eq!(chain.line(&Record::Removed { id: "c".to_owned() }).trim_end(), whole[2]);
    }
}
