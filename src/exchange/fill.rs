//! Fills in what a request leaves to the moment of sending: the text of the run, and what earlier steps captured.

use serde_json::Value;

use super::Request;

impl Request {
    /// Whether its path needs one of these values that is no segment of a path.
    pub(crate) fn cannot_be_filled(&self, values: &[(String, String)]) -> bool {
        values.iter().any(|(name, value)| self.path.contains(&format!("{{{name}}}")) && !is_segment(value))
    }

    /// The request with these values for `{name}`, in its path and its body.
    pub(crate) fn filled(&self, values: &[(String, String)]) -> Self {
        let mut request = self.clone();
        for (name, value) in values {
            let placeholder = format!("{{{name}}}");
            request.path = request.path.replace(&placeholder, &segment(value));
            let body = request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
            if let Some(body) = body.filter(|body| body.contains(&placeholder)) {
                // A server chose the value: inside a JSON text it must not end the text.
                let quoted = Value::from(value.as_str()).to_string();
                request.body = Some(body.replace(&placeholder, &quoted[1..quoted.len() - 1]).into_bytes());
            }
        }
        request
    }
}

/// The longest text that is taken for a segment; a longer one is no id.
const LONGEST: usize = 255;

/// Whether a text is exactly one segment of a path for everybody who reads the path: not empty, no `.` or `..`, and without a character that a proxy or a
/// server may decode, split at or cut off. Only such a text of a server is put into a path.
pub(crate) fn is_segment(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@=+,".contains(&byte);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_plain) && !text.bytes().all(|byte| byte == b'.')
}

/// An id that stands in a body: a text, or a whole number as one.
pub(crate) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// A text as one segment of a path, whatever a server put into it.
pub(crate) fn segment(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => segment.push(char::from(byte)),
            b'.' if !text.bytes().all(|byte| byte == b'.') => segment.push('.'),
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;

    use super::{is_segment, segment};
    use crate::exchange::{Request, TokenVariant};

    #[test]
    fn a_value_of_a_server_stays_one_segment_and_one_text() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images/{id}".to_owned(),
            headers: Vec::new(),
            body: Some(br#"{"name":"{id}"}"#.to_vec()),
            credential: TokenVariant::Good,
        };
        let filled = request.filled(&[("id".to_owned(), "../x\"?".to_owned())]);
        assert_eq!(filled.path, "/v2/images/..%2Fx%22%3F");
        assert_eq!(filled.body.unwrap(), br#"{"name":"../x\"?"}"#);
        assert_eq!(segment(".."), "%2E%2E");
    }

    #[test]
    fn only_what_every_reader_of_a_path_leaves_as_it_is_counts_as_a_segment() {
        for text in ["4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "7", "a.b", "..a", "urn:uuid:7", "aGk="] {
            assert!(is_segment(text), "{text}");
        }
        let long = "a".repeat(256);
        for text in [
            "",
            ".",
            "..",
            "...",
            "%2e%2e",
            "%252e%252e",
            "a/b",
            "../a",
            "a\\b",
            "a?b",
            "a#b",
            "a;b",
            "..;",
            "a b",
            " a",
            "a\0",
            "a\n",
            "ä",
            "\u{ff0e}\u{ff0e}",
            "a%00",
            "%61",
            "a*",
            &long,
        ] {
            assert!(!is_segment(text), "{text:?}");
        }
    }

    #[test]
    fn a_parser_of_urls_leaves_every_segment_as_it_is() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let texts = proptest::prelude::any::<String>();
        let mut seen = 0;
        for _ in 0..2000 {
            let text = proptest::strategy::Strategy::new_tree(&texts, &mut runner).unwrap().current();
            // Most texts hold something that no segment may; what is left of them often is one.
            let plain: String =
                text.chars().filter(|each| each.is_ascii_graphic() && !"/?#%\\;".contains(*each)).collect();
            for text in [text, plain] {
                if is_segment(&text) {
                    let url = url::Url::parse(&format!("http://example.com/v2/images/{}", segment(&text))).unwrap();
                    assert_eq!(url.path(), format!("/v2/images/{}", segment(&text)), "{text:?}");
                    assert_eq!((url.query(), url.fragment()), (None, None), "{text:?}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 50, "{seen}");
    }
}
