//! Ids as careless servers compare them.

use std::fmt;

use percent_encoding::percent_decode_str;

/// An id as a server that is careless about spelling reads it: decoded, without letter case, a UUID in any of its forms, a number without its zeros.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Spelling(String);

/// So often a text is decoded: proxies and servers each decode it once.
const DECODINGS: usize = 4;

impl Spelling {
    pub(super) fn of(id: &str) -> Self {
        let mut text = id.to_owned();
        for _ in 0..DECODINGS {
            text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        }
        let text = text.trim_matches(|each: char| each.is_whitespace() || each.is_control() || "/.".contains(each));
        let text = text.to_lowercase();
        if let Ok(uuid) = uuid::Uuid::try_parse(&text) {
            return Self(uuid.simple().to_string());
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        Self(if is_number { text.trim_start_matches('0').to_owned() } else { text })
    }
}

impl fmt::Debug for Spelling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
