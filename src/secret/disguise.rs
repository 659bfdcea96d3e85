//! The disguises in which a text can hold a secret: each way of writing characters so that they do not end the text around them, and each way of
//! writing bytes as letters.
//!
//! The first kind is read away from the text, layer by layer, whatever the layers are: a URL within JSON within a page. The second kind hides where it
//! begins, so that the secret is looked for as it would be written.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER};
use memchr::memchr3;

/// So many layers are seen through: a URL within a URL within a URL within a URL, and one more around it.
const DEPTH: usize = 5;

/// The names that HTML and XML have for characters that would end a text.
const NAMES: [(&[u8], char); 5] = [(b"amp", '&'), (b"lt", '<'), (b"gt", '>'), (b"quot", '"'), (b"apos", '\'')];

/// A text read in some way.
pub(super) struct Reading<'a> {
    pub(super) bytes: &'a [u8],
    /// For each byte, and the end, where it stands in the text as it came; `None` where it stands where it is.
    places: Option<&'a [usize]>,
}

impl Reading<'_> {
    /// Where a byte of the reading stands in the text as it came.
    pub(super) fn place(&self, at: usize) -> usize {
        self.places.map_or(at, |places| places[at])
    }
}

/// Reads a text as it is, and without each layer of disguise.
pub(super) fn read(text: &[u8], visit: &mut dyn FnMut(&Reading<'_>)) {
    visit(&Reading { bytes: text, places: None });
    let mut last: Option<(Vec<u8>, Vec<usize>)> = None;
    for _ in 0..DEPTH {
        let (bytes, places) = last.as_ref().map_or((text, None), |(bytes, places)| (bytes, Some(&places[..])));
        let Some(decoded) = decoded(bytes, places) else { return };
        visit(&Reading { bytes: &decoded.0, places: Some(&decoded.1) });
        last = Some(decoded);
    }
}

/// The ways in which a secret itself is to be looked for.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    // A secret may look like a disguise itself, and is then read as one.
    read(secret.as_bytes(), &mut |reading| forms.push(reading.bytes.to_vec()));
    forms.push(HEXLOWER.encode(secret.as_bytes()).into_bytes());
    for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
        forms.extend((0..3).map(|skew| in_base64(secret.as_bytes(), skew, &encoding)));
    }
    forms
}

/// The letters that stand for a text in Base64 whatever surrounds it, where it begins so many bytes after a group of three.
fn in_base64(text: &[u8], skew: usize, encoding: &Encoding) -> Vec<u8> {
    let padded = [&[0; 2][..skew], text].concat();
    let letters = encoding.encode(&padded).into_bytes();
    // A letter has six bits; those that it shares with a neighbour are not the text's alone.
    let (first, last) = ((skew * 8).div_ceil(6), padded.len() * 8 / 6);
    letters[first..last].to_vec()
}

/// The text without its outermost disguise, and where each byte of it stands; `None` where there is none.
fn decoded(text: &[u8], places: Option<&[usize]>) -> Option<(Vec<u8>, Vec<usize>)> {
    memchr3(b'\\', b'%', b'&', text)?;
    let (mut bytes, mut found) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    let place = |at: usize| places.map_or(at, |places| places[at]);
    let mut at = 0;
    while at < text.len() {
        let next = memchr3(b'\\', b'%', b'&', &text[at..]).map_or(text.len(), |next| at + next);
        bytes.extend_from_slice(&text[at..next]);
        found.extend((at..next).map(place));
        if next == text.len() {
            break;
        }
        let length = take(&text[next..], &mut bytes);
        if length == 0 {
            bytes.push(text[next]);
        }
        found.resize(bytes.len(), place(next));
        at = next + length.max(1);
    }
    found.push(place(text.len()));
    (bytes.len() < text.len()).then_some((bytes, found))
}

/// Writes what the disguise at the beginning of a text stands for, and tells how long the disguise is; 0 where there is none.
fn take(text: &[u8], into: &mut Vec<u8>) -> usize {
    let taken = match text {
        [b'%', rest @ ..] => hexadecimal(rest).map(|byte| (3, byte)),
        [b'\\', b'x', rest @ ..] => hexadecimal(rest).map(|byte| (4, byte)),
        _ => None,
    };
    if let Some((length, byte)) = taken {
        into.push(byte);
        return length;
    }
    let taken = if text.starts_with(b"&") { markup(text) } else { quoted(text) };
    let Some((length, letter)) = taken else { return 0 };
    into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

/// The byte that two digits stand for.
fn hexadecimal(text: &[u8]) -> Option<u8> {
    number(text.get(..2)?, 16).and_then(|byte| u8::try_from(byte).ok())
}

/// What a backslash and what follows it stand for in JSON, in a shell, and in Rust.
fn quoted(text: &[u8]) -> Option<(usize, char)> {
    let [b'\\', letter, rest @ ..] = text else { return None };
    let letter = match letter {
        b'"' | b'\'' | b'\\' | b'/' => char::from(*letter),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' if rest.starts_with(b"{") => {
            let end = rest.iter().take(LONGEST).position(|byte| *byte == b'}')?;
            return Some((end + 3, char::from_u32(number(&rest[1..end], 16)?)?));
        }
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

/// The longest name or number between `&` and `;`, or between braces.
const LONGEST: usize = 8;

fn markup(text: &[u8]) -> Option<(usize, char)> {
    let rest = text.strip_prefix(b"&")?;
    let end = rest.iter().take(LONGEST + 1).position(|byte| *byte == b';')?;
    let letter = match &rest[..end] {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        name => NAMES.iter().find(|(each, _)| *each == name)?.1,
    };
    Some((end + 2, letter))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // A sign would be taken for part of a number.
    let digits = digits.iter().map(|digit| char::from(*digit).to_digit(radix)).collect::<Option<Vec<_>>>()?;
    (!digits.is_empty())
        .then(|| digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(radix).saturating_add(*digit)))
}
