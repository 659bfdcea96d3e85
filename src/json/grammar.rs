//! JSON's grammar (RFC 8259) and nothing else: no limit of depth, of size or of numbers, so that what a parser refuses for its own reasons can be told
//! from what is not JSON.

/// What a text that keeps the grammar has, and readers may stumble over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// An escape for half of a surrogate pair.
    pub has_lone_surrogate: bool,
    /// A number that a double cannot hold.
    pub has_huge_number: bool,
    /// How many arrays and objects stand in each other.
    pub depth: usize,
}

/// The features of a text that keeps the grammar; else the byte at which it breaks it.
pub(crate) fn recognize(text: &str) -> Result<Features, usize> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, features: Features::default() };
    reader.document().ok_or(reader.at).map(|()| reader.features)
}

/// What an open array or object waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    features: Features,
}

/// Every method reads on and answers `None` where the grammar is broken. The stack is ours, so that depth costs no stack of the machine.
impl Reader<'_> {
    fn document(&mut self) -> Option<()> {
        let mut open: Vec<Open> = Vec::new();
        'value: loop {
            self.space();
            match self.next()? {
                b'{' => {
                    self.space();
                    if !self.takes(b'}') {
                        open.push(Open::Object);
                        self.features.depth = self.features.depth.max(open.len());
                        self.key()?;
                        continue 'value;
                    }
                }
                b'[' => {
                    self.space();
                    if !self.takes(b']') {
                        open.push(Open::Array);
                        self.features.depth = self.features.depth.max(open.len());
                        continue 'value;
                    }
                }
                b'"' => self.text()?,
                b't' => self.word("rue")?,
                b'f' => self.word("alse")?,
                b'n' => self.word("ull")?,
                first => self.number(first)?,
            }
            loop {
                self.space();
                match open.last() {
                    None => return (self.at == self.bytes.len()).then_some(()),
                    Some(inner) => match (inner, self.next()?) {
                        (Open::Array, b',') => continue 'value,
                        (Open::Object, b',') => {
                            self.space();
                            self.key()?;
                            continue 'value;
                        }
                        (Open::Array, b']') | (Open::Object, b'}') => drop(open.pop()),
                        _ => return None,
                    },
                }
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn key(&mut self) -> Option<()> {
        (self.next()? == b'"').then_some(())?;
        self.text()?;
        self.space();
        (self.next()? == b':').then_some(())
    }

    fn word(&mut self, rest: &str) -> Option<()> {
        rest.bytes().all(|byte| self.takes(byte)).then_some(())
    }

    fn text(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let first = self.hex()?;
                let is_pair = (0xD800..0xDC00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") && {
                    let back = self.at;
                    self.at += 2;
                    let second = self.hex()?;
                    let is_low = (0xDC00..0xE000).contains(&second);
                    if !is_low {
                        self.at = back;
                    }
                    is_low
                };
                self.features.has_lone_surrogate |= (0xD800..0xE000).contains(&first) && !is_pair;
                Some(())
            }
            _ => None,
        }
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u16::from_str_radix(text, 16).ok()
    }

    fn number(&mut self, first: u8) -> Option<()> {
        let start = self.at - 1;
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.takes(b'.') {
            self.next().filter(u8::is_ascii_digit)?;
            self.digits();
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.next().filter(u8::is_ascii_digit)?;
            self.digits();
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        self.features.has_huge_number |= !text.parse::<f64>().is_ok_and(f64::is_finite);
        Some(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Features, recognize};

    #[test]
    fn the_grammar_is_that_of_a_parser_without_limits() {
        let good = [
            "{}",
            "[]",
            " [1, 2.5e-3, -0, true, false, null, \"\\u00e9\\n\"] ",
            "{\"a\":{\"b\":[{}]},\"c\":\"\"}",
            "0",
            "\"\"",
        ];
        for text in good {
            assert!(recognize(text).is_ok(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
        let bad = [
            "",
            " ",
            "{",
            "}",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "01",
            "+1",
            "1.",
            ".5",
            "1e",
            "-",
            "tru",
            "nulll",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "'a'",
            "{}x",
            "{}{}",
            "{a:1}",
            "NaN",
            "// c\n{}",
        ];
        for text in bad {
            assert!(recognize(text).is_err(), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_readers_stumble_over_is_seen() {
        let lone = |text| recognize(text).unwrap().has_lone_surrogate;
        assert!(
            lone(r#""\ud800""#)
                && lone(r#""\udc00""#)
                && lone(r#""\ud800x""#)
                && lone(r#""\ud800\u0041""#)
                && lone(r#""\ud83d\ud83d\ude00""#)
        );
        assert!(!lone(r#""\ud83d\ude00""#));
        assert!(recognize("[1e999]").unwrap().has_huge_number);
        let depth = 100_000;
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(recognize(&deep), Ok(Features { depth: depth - 1, ..Features::default() }));
        assert_eq!(recognize(&"[".repeat(depth)), Err(depth));
    }
}
