//! A share of a plan, so that several machines do one run together.

use std::fmt;
use std::str::FromStr;

/// One of several shares of the probes. In which share a probe is follows from its id alone, whatever else is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    number: u16,
    /// Of how many.
    count: u16,
}

/// What a shard looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `K/N` with K from 1 to N and N up to 65535, such as 1/4")]
pub struct NoShard;

impl Shard {
    /// Which one it is, from 1.
    pub fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Whether it has the probe with this id.
    pub(super) fn has(self, id: &str) -> bool {
        stable_hash(0, id) % u64::from(self.count) == u64::from(self.number - 1)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (number, count) = text.split_once('/').ok_or(NoShard)?;
        let [number, count] = [number, count].map(|part| part.parse::<u16>().map_err(|_| NoShard));
        let (number, count) = (number?, count?);
        if number == 0 || number > count { Err(NoShard) } else { Ok(Self { number, count }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.count)
    }
}

/// FNV-1a of a text behind what has this hash, the same in every version of this program and of Rust; 0 is the hash of nothing.
pub(super) fn stable_hash(before: u64, text: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(before ^ BASIS, step) ^ BASIS
}

#[cfg(test)]
mod tests {
    use super::{Shard, stable_hash};

    #[test]
    fn the_hash_is_that_of_its_description() {
        let fnv = |text: &str| stable_hash(0, text) ^ 0xcbf2_9ce4_8422_2325;
        assert_eq!((fnv(""), fnv("foobar")), (0xcbf2_9ce4_8422_2325, 0x8594_4171_f739_67e8));
        assert_eq!(stable_hash(stable_hash(0, "foo"), "bar"), stable_hash(0, "foobar"));
    }

    #[test]
    fn a_shard_is_one_of_several() {
        for text in ["1/1", "4/4", "2/65535"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1/70000", "1.5/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
