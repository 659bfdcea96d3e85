//! Finds secrets, and parts of them, by windows: each form of a secret is cut into blocks of eight bytes, and each eight bytes of a text are looked up
//! among them. What is found is followed to both sides as far as it goes.
//!
//! So the time depends on the length of the text and not on how many secrets there are, and a secret can be added at any time. Texts are folded first:
//! letters of ASCII have no case here, and `+` is a blank, as forms have it.

use std::collections::{HashMap, HashSet};

use super::{Kind, Secret};

/// The length of a block. A part of twice this length holds a whole block, wherever it begins.
pub(super) const BLOCK: usize = 8;

/// A shorter part of a longer form is no part of a secret: words have as many letters in common.
const SHORTEST_PART: usize = 2 * BLOCK;

/// How a text ends that was cut to what fits a line.
const CUT: &[u8] = "…".as_bytes();

/// Before a cut, less of a secret than this tells nothing of it.
const SHORTEST_BEGINNING: usize = 4;

/// The longest disguise of one character that a cut can leave half.
const LONGEST_DISGUISE: usize = 10;

/// A few bits of each block, so that nearly every window of a text without secrets is passed over at once.
const FILTER_BITS: u32 = 18;

/// The forms of some secrets, ready to be found.
#[derive(Default)]
pub(super) struct Windows {
    needles: Vec<Needle>,
    seen: HashSet<Vec<u8>>,
    blocks: HashMap<u64, Vec<Block>>,
    filter: Vec<u64>,
}

/// One form of one secret.
struct Needle {
    form: Vec<u8>,
    secret: Secret,
}

/// Where a block stands: in which needle, and from which byte on.
#[derive(Clone, Copy)]
struct Block {
    needle: usize,
    offset: usize,
}

/// A part of a text that tells a secret.
pub(super) struct Find<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) secret: &'a Secret,
}

impl Find<'_> {
    pub(super) fn kind(&self) -> Kind {
        self.secret.kind
    }
}

impl Windows {
    /// Adds a form of a secret; one that is shorter than a block is left out.
    pub(super) fn add(&mut self, form: &[u8], secret: &Secret) {
        let form: Vec<u8> = form.iter().copied().map(fold).collect();
        if form.len() < BLOCK || !self.seen.insert(form.clone()) {
            return;
        }
        self.filter.resize(1 << (FILTER_BITS - 6), 0);
        let needle = self.needles.len();
        let is_whole = form.len() <= SHORTEST_PART;
        for (number, block) in form.chunks_exact(BLOCK).enumerate().take(if is_whole { 1 } else { usize::MAX }) {
            let window = block.iter().fold(0, |window, byte| push(window, *byte));
            let bit = bit_of(window);
            self.filter[bit >> 6] |= 1 << (bit & 63);
            self.blocks.entry(window).or_default().push(Block { needle, offset: number * BLOCK });
        }
        self.needles.push(Needle { form, secret: secret.clone() });
    }

    /// How many forms there are.
    pub(super) fn count(&self) -> usize {
        self.needles.len()
    }

    /// Visits every place of a text that tells a secret.
    pub(super) fn find<'a>(&'a self, text: &[u8], visit: &mut dyn FnMut(Find<'a>)) {
        if self.needles.is_empty() {
            return;
        }
        let mut window = 0;
        let mut told = vec![0; self.needles.len()];
        for (index, byte) in text.iter().enumerate() {
            window = push(window, fold(*byte));
            let bit = bit_of(window);
            if self.filter[bit >> 6] & (1 << (bit & 63)) == 0 || index + 1 < BLOCK {
                continue;
            }
            let start = index + 1 - BLOCK;
            for block in self.blocks.get(&window).into_iter().flatten() {
                let needle = &self.needles[block.needle];
                if start >= told[block.needle]
                    && let Some((start, end)) = needle.around(text, start, block.offset)
                {
                    told[block.needle] = end;
                    visit(Find { start, end, secret: &needle.secret });
                }
            }
        }
        self.find_cut(text, visit);
    }

    /// Visits the beginnings of secrets before the places where a text was cut.
    fn find_cut<'a>(&'a self, text: &[u8], visit: &mut dyn FnMut(Find<'a>)) {
        for cut in memchr::memmem::find_iter(text, CUT) {
            for end in ends(text, cut) {
                for needle in &self.needles {
                    let longest = needle.form.len().min(SHORTEST_PART).min(end + 1);
                    let mut lengths = (SHORTEST_BEGINNING..longest).rev();
                    let is_told = |length: &usize| {
                        text[end - length..end].iter().zip(&needle.form).all(|(left, right)| fold(*left) == *right)
                    };
                    if let Some(length) = lengths.find(is_told) {
                        visit(Find { start: end - length, end: cut, secret: &needle.secret });
                    }
                }
            }
        }
    }
}

impl Needle {
    /// How far a text and this form are the same around a block that they share, if that is far enough.
    fn around(&self, text: &[u8], at: usize, offset: usize) -> Option<(usize, usize)> {
        let before = text[..at].iter().rev().zip(self.form[..offset].iter().rev());
        let before = before.take_while(|(left, right)| fold(**left) == **right).count();
        let after = text[at..].iter().zip(&self.form[offset..]);
        let after = after.take_while(|(left, right)| fold(**left) == **right).count();
        let is_enough = before + after >= self.form.len().min(SHORTEST_PART);
        is_enough.then_some((at - before, at + after))
    }
}

/// Where a text before a cut may end: there, or before a disguise that the cut has left half.
fn ends(text: &[u8], cut: usize) -> impl Iterator<Item = usize> {
    let first = cut.saturating_sub(LONGEST_DISGUISE);
    let half = text[first..cut].iter().rposition(|byte| matches!(byte, b'\\' | b'%' | b'&'));
    std::iter::once(cut).chain(half.map(|half| first + half))
}

fn fold(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte.to_ascii_lowercase() }
}

fn push(window: u64, byte: u8) -> u64 {
    (window << 8) | u64::from(byte)
}

/// Fibonacci hashing: the upper bits of a product depend on all bits of the window.
fn bit_of(window: u64) -> usize {
    usize::try_from(window.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FILTER_BITS)).unwrap_or_default()
}
