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

/// The parts of a pattern that hold what somebody chose, between texts that are always there: `key=value` has two.
pub(super) struct Parted(Vec<Part>);

enum Part {
    Fixed(String),
    Free(Hir),
}

/// The parts of a pattern; `None` where nothing fixed stands between two of them.
pub(super) fn parted(pattern: &Regex) -> Option<Parted> {
    let hir = parse(pattern)?;
    let HirKind::Concat(all) = hir.kind() else { return None };
    let part = |hir: &Hir| match hir.kind() {
        HirKind::Look(_) => None,
        HirKind::Literal(literal) => Some(Part::Fixed(String::from_utf8_lossy(&literal.0).into_owned())),
        _ => Some(Part::Free(hir.clone())),
    };
    let parts: Vec<_> = all.iter().filter_map(part).collect();
    let is_parted = parts.windows(3).any(|three| matches!(three, [Part::Free(_), Part::Fixed(_), Part::Free(_)]));
    is_parted.then_some(Parted(parts))
}

impl Parted {
    /// How many parts somebody chooses.
    pub(super) fn count(&self) -> usize {
        self.0.iter().filter(|part| matches!(part, Part::Free(_))).count()
    }

    /// A text with this one for the free part at this place, and short ones for the others.
    pub(super) fn with(&self, place: usize, text: &str) -> Option<String> {
        let short: Vec<_> = self.free().map(|hir| self::text(hir, Alternative::Shortest)).collect();
        let mut chosen: Vec<&str> = short.iter().map(String::as_str).collect();
        *chosen.get_mut(place)? = text;
        self.filled(&chosen)
    }

    /// A text with these for the free parts; `None` where there are fewer of them.
    pub(super) fn filled(&self, chosen: &[impl AsRef<str>]) -> Option<String> {
        let mut chosen = chosen.iter();
        let part = |part: &Part| match part {
            Part::Fixed(text) => Some(text.clone()),
            Part::Free(_) => Some(chosen.next()?.as_ref().to_owned()),
        };
        self.0.iter().map(part).collect()
    }

    fn free(&self) -> impl Iterator<Item = &Hir> {
        self.0.iter().filter_map(|part| if let Part::Free(hir) = part { Some(hir) } else { None })
    }
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
