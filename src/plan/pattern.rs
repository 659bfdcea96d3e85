//! Texts made from a pattern instead of found by trying: the shortest, the longest, and as many different ones as are wanted.

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind};

/// What to make of the choices that a pattern leaves.
#[derive(Clone, Copy)]
enum Alternative {
    Shortest,
    Longest,
}

/// An open end counts as so many more.
const OPEN_END: u32 = 8;

/// A shortest text that the pattern matches.
pub(super) fn shortest(pattern: &Regex) -> Option<String> {
    Some(text(&parse(pattern)?, Alternative::Shortest))
}

/// A longest text that the pattern matches, within reason where it has no end.
pub(super) fn longest(pattern: &Regex) -> Option<String> {
    Some(text(&parse(pattern)?, Alternative::Longest))
}

/// A text that the pattern matches, different for every index that the pattern has room for.
pub(super) fn numbered(pattern: &Regex, index: usize) -> Option<String> {
    let mut digits = Digits { rest: index, is_first: true };
    Some(digits.text(&parse(pattern)?))
}

/// The pattern without its anchors, as proptest's generator of texts wants it.
pub(super) fn without_anchors(pattern: &Regex) -> Option<Hir> {
    Some(strip(&parse(pattern)?))
}

fn parse(pattern: &Regex) -> Option<Hir> {
    // A pattern that no text matches makes none.
    regex_syntax::parse(pattern.as_str()).ok().filter(|hir| hir.properties().minimum_len().is_some())
}

fn strip(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(strip).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(strip).collect()),
        HirKind::Capture(capture) => strip(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(strip(&repetition.sub));
            Hir::repetition(regex_syntax::hir::Repetition { sub, ..repetition.clone() })
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}

fn text(hir: &Hir, choice: Alternative) -> String {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(class) => letter(class, 0).to_string(),
        HirKind::Capture(capture) => text(&capture.sub, choice),
        HirKind::Concat(parts) => parts.iter().map(|part| text(part, choice)).collect(),
        HirKind::Alternation(parts) => {
            let texts = parts.iter().map(|part| text(part, choice));
            let chosen = match choice {
                Alternative::Shortest => texts.min_by_key(String::len),
                Alternative::Longest => texts.max_by_key(String::len),
            };
            chosen.unwrap_or_default()
        }
        HirKind::Repetition(repetition) => {
            let times = match choice {
                Alternative::Shortest => repetition.min,
                Alternative::Longest => repetition.max.unwrap_or(repetition.min.saturating_add(OPEN_END)),
            };
            text(&repetition.sub, choice).repeat(times as usize)
        }
    }
}

/// Writes a number into the first repeated class of a pattern, in the letters of that class.
struct Digits {
    rest: usize,
    is_first: bool,
}

/// Room for so many digits, if the pattern has it.
const WIDTH: u32 = 4;

impl Digits {
    fn text(&mut self, hir: &Hir) -> String {
        match hir.kind() {
            HirKind::Concat(parts) => parts.iter().map(|part| self.text(part)).collect(),
            HirKind::Capture(capture) => self.text(&capture.sub),
            HirKind::Repetition(repetition) if self.is_first => match repetition.sub.kind() {
                HirKind::Class(class) => {
                    self.is_first = false;
                    let width = WIDTH.clamp(repetition.min, repetition.max.unwrap_or(u32::MAX));
                    (0..width).map(|_| self.next_letter(class)).collect()
                }
                _ => text(hir, Alternative::Shortest),
            },
            _ => text(hir, Alternative::Shortest),
        }
    }

    fn next_letter(&mut self, class: &Class) -> char {
        let size = size(class).max(1);
        let letter = letter(class, self.rest % size);
        self.rest /= size;
        letter
    }
}

fn size(class: &Class) -> usize {
    match class {
        Class::Unicode(class) => class.iter().map(|range| range.end() as usize - range.start() as usize + 1).sum(),
        Class::Bytes(class) => class.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum(),
    }
}

/// The letter at this place of a class, letters before other signs.
fn letter(class: &Class, index: usize) -> char {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start() as u32, range.end() as u32)).collect(),
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let is_letter = |range: &&(u32, u32)| char::from_u32(range.0).is_some_and(char::is_alphabetic);
    let ordered = ranges.iter().filter(is_letter).chain(ranges.iter().filter(|range| !is_letter(range)));
    let mut index = u32::try_from(index).unwrap_or_default();
    for (start, end) in ordered {
        if index <= end - start {
            return char::from_u32(start + index).unwrap_or('a');
        }
        index -= end - start + 1;
    }
    'a'
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use regex::Regex;

    use super::{longest, numbered, shortest};

    const PATTERNS: [&str; 4] =
        ["^[A-Za-z0-9_-]{1,36}=[A-Za-z0-9_-]{0,43}$", "^[a-c]([0-9]{0,5}[x-z])?$", "^(red|blue)+$", "^[0-9]+$"];

    #[test]
    fn every_text_matches_its_pattern() {
        for pattern in PATTERNS.map(|pattern| Regex::new(pattern).unwrap()) {
            for text in [shortest(&pattern), longest(&pattern), numbered(&pattern, 0), numbered(&pattern, 77)] {
                let text = text.unwrap();
                assert!(pattern.is_match(&text), "{pattern} does not match {text:?}");
            }
        }
    }

    #[test]
    fn the_shortest_and_the_longest_are_at_the_limits() {
        let pattern = Regex::new(PATTERNS[0]).unwrap();
        assert_eq!(shortest(&pattern).unwrap().len(), 2);
        assert_eq!(longest(&pattern).unwrap().len(), 80);
    }

    #[test]
    fn numbered_texts_differ() {
        let pattern = Regex::new(PATTERNS[0]).unwrap();
        let texts: HashSet<_> = (0..300).filter_map(|index| numbered(&pattern, index)).collect();
        assert_eq!(texts.len(), 300);
    }
}
