//! The disguises in which a text can hold a secret: each way of writing characters so that they do not end the text around them.

use memchr::memchr;

/// A way to write a character as something else.
#[derive(Clone, Copy)]
enum Code {
    /// `\"`, `\/`, `\u00e4`: JSON, as strict or as careful as its writer is.
    Json,
    /// `%2F`: a URL.
    Url,
    /// `+` for a blank, beside what URLs have: a form.
    Form,
    /// `&quot;`, `&#39;`: HTML and XML.
    Markup,
}

const CODES: [Code; 4] = [Code::Json, Code::Url, Code::Form, Code::Markup];

/// JSON within JSON that quotes JSON, or a URL within a page: so many disguises upon each other are seen through.
const DEPTH: usize = 3;

/// The names that HTML and XML have for characters that would end a text.
const NAMES: [(&[u8], u8); 5] = [(b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"quot", b'"'), (b"apos", b'\'')];

/// A text read in some way, and for each byte, and the end, where it stands in the text as it came.
pub(super) struct Reading {
    pub(super) bytes: Vec<u8>,
    pub(super) places: Vec<usize>,
}

/// Reads a text as it is, and in every other way in which it reads differently.
pub(super) fn read(text: &[u8], visit: &mut dyn FnMut(&Reading)) {
    Reading { bytes: text.to_vec(), places: (0..=text.len()).collect() }.visit(DEPTH, visit);
}

impl Reading {
    fn visit(&self, depth: usize, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        if depth > 0 {
            CODES.iter().filter_map(|code| self.decoded(*code)).for_each(|reading| reading.visit(depth - 1, visit));
        }
    }

    /// The text without this disguise; `None` where it has none.
    fn decoded(&self, code: Code) -> Option<Self> {
        memchr(code.mark(), &self.bytes)?;
        let mut decoded = Self { bytes: Vec::with_capacity(self.bytes.len()), places: Vec::new() };
        let (mut at, mut is_changed) = (0, false);
        while let Some(byte) = self.bytes.get(at) {
            let length = code.take(&self.bytes[at..], &mut decoded.bytes);
            if length == 0 {
                decoded.bytes.push(*byte);
            }
            is_changed |= length > 0;
            decoded.places.resize(decoded.bytes.len(), self.places[at]);
            at += length.max(1);
        }
        decoded.places.extend(self.places.last());
        is_changed.then_some(decoded)
    }
}

impl Code {
    /// Without this byte a text has no such disguise.
    fn mark(self) -> u8 {
        match self {
            Self::Json => b'\\',
            Self::Url => b'%',
            Self::Form => b'+',
            Self::Markup => b'&',
        }
    }

    /// Writes what the disguise at the beginning of a text stands for, and tells how long the disguise is; 0 where there is none.
    fn take(self, text: &[u8], into: &mut Vec<u8>) -> usize {
        let taken = match self {
            Self::Json => json(text),
            Self::Form if text.starts_with(b"+") => Some((1, ' ')),
            Self::Url | Self::Form => {
                let byte = text.strip_prefix(b"%").and_then(|rest| number(rest.get(..2)?, 16));
                let Some(byte) = byte.and_then(|byte| u8::try_from(byte).ok()) else { return 0 };
                into.push(byte);
                return 3;
            }
            Self::Markup => markup(text),
        };
        let Some((length, letter)) = taken else { return 0 };
        into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        length
    }
}

fn json(text: &[u8]) -> Option<(usize, char)> {
    let [b'\\', letter, rest @ ..] = text else { return None };
    let letter = match letter {
        b'"' | b'\\' | b'/' => char::from(*letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return utf16(rest),
        _ => return None,
    };
    Some((2, letter))
}

/// One `\u` of four digits, or two for a character that needs both; the first `\u` is read already.
fn utf16(text: &[u8]) -> Option<(usize, char)> {
    let first = number(text.get(..4)?, 16)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((6, letter));
    }
    let second = number(text.get(4..10)?.strip_prefix(b"\\u")?, 16)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    Some((12, char::decode_utf16(units).next()?.ok()?))
}

/// The longest name or number between `&` and `;`.
const LONGEST: usize = 8;

fn markup(text: &[u8]) -> Option<(usize, char)> {
    let rest = text.strip_prefix(b"&")?;
    let end = rest.iter().take(LONGEST + 1).position(|byte| *byte == b';')?;
    let letter = match &rest[..end] {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        name => char::from(NAMES.iter().find(|(each, _)| *each == name)?.1),
    };
    Some((end + 2, letter))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // A sign would be taken for part of a number.
    let digits = digits.iter().map(|digit| char::from(*digit).to_digit(radix)).collect::<Option<Vec<_>>>()?;
    (!digits.is_empty())
        .then(|| digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(radix).saturating_add(*digit)))
}
