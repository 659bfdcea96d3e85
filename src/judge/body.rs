//! Reads a request body as a careful reader of JSON does, noting what JSON itself leaves open.

use serde_json::Value;

use crate::contract::Form;
use crate::exchange::Request;
use crate::json::{careful, recognize};

/// What a request body says.
#[derive(Debug, Default)]
pub struct Body {
    /// The value; `None` where readers of JSON may differ about it, or where there is none.
    pub value: Option<Value>,
    /// The open forms that the body has.
    pub forms: Vec<Form>,
    /// Why the body is none.
    pub fault: Option<BodyError>,
    /// Whether it could be an object at all.
    pub may_be_object: bool,
}

/// Why bytes are not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// There are none.
    Empty,
    /// They break JSON's grammar at this byte.
    Malformed(usize),
}

/// Bodies larger than this may be refused for their size.
const HUGE: usize = 64 * 1024;

/// Bodies deeper than this may be refused for their depth.
const DEEP: usize = 64;

impl Body {
    /// Reads the body of a request.
    pub fn read(request: &Request) -> Self {
        let bytes = request.body.as_deref().unwrap_or_default();
        let mut body = if is_encoded(request) && !bytes.is_empty() {
            // What the bytes stand for, only who decodes them knows.
            Self { forms: vec![Form::ContentEncoding], may_be_object: true, ..Self::default() }
        } else {
            Self::read_bytes(bytes)
        };
        if body.fault != Some(BodyError::Empty) {
            body.forms.extend(media_type(request));
        }
        body
    }

    fn read_bytes(bytes: &[u8]) -> Self {
        let mut body = Self::default();
        if bytes.is_empty() {
            body.fault = Some(BodyError::Empty);
            return body;
        }
        if bytes.len() > HUGE {
            body.forms.push(Form::HugeBody);
        }
        let unmarked = bytes.strip_prefix("\u{FEFF}".as_bytes());
        if unmarked.is_some() {
            body.forms.push(Form::ByteOrderMark);
        }
        let bytes = unmarked.unwrap_or(bytes);
        let Some(text) = utf8(bytes) else {
            body.forms.push(Form::OtherEncoding);
            body.may_be_object = true;
            return body;
        };
        body.may_be_object = text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{');
        body.read_text(text);
        body
    }

    fn read_text(&mut self, text: &str) {
        let features = match recognize(text) {
            Ok(features) => features,
            Err(at) => {
                self.fault = Some(BodyError::Malformed(at));
                return;
            }
        };
        match careful(text.as_bytes()) {
            Some((_, Some(_))) => self.forms.push(Form::DuplicateKey),
            Some((value, None)) => {
                self.forms.extend((features.depth > DEEP).then_some(Form::DeepNesting));
                self.value = Some(value);
            }
            None if features.has_lone_surrogate => self.forms.push(Form::LoneSurrogate),
            None if features.has_huge_number => self.forms.push(Form::HugeNumber),
            // The grammar is kept and nothing else is odd: the parser has reached its depth.
            None => self.forms.push(Form::DeepNesting),
        }
    }
}

/// The values of a header.
fn values<'r>(request: &'r Request, wanted: &'r str) -> impl Iterator<Item = &'r str> {
    let headers = request.headers.iter();
    headers.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
}

/// Whether the header says that the bytes are not the body as it is. Who cannot decode it, or does not look, may read something else or refuse it.
fn is_encoded(request: &Request) -> bool {
    let mut codings = values(request, "content-encoding").flat_map(|value| value.split(',')).map(str::trim);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
}

/// The open form of what the header says the body is, if it says more or other than JSON. Of two such headers readers differ about which one counts.
fn media_type(request: &Request) -> Option<Form> {
    let mut declared = values(request, "content-type");
    let (Some(value), None) = (declared.next(), declared.next()) else { return Some(Form::MediaType) };
    let mut parts = value.split(';').map(str::trim);
    // Case does not matter to HTTP; but where the documentation asks for no type at all, it names no spelling either.
    let is_json = parts.next() == Some("application/json");
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    let parameters: Vec<_> = parts.collect();
    match parameters.as_slice() {
        _ if !is_json => Some(Form::MediaType),
        [] => None,
        several if several.iter().all(|parameter| is_utf8(parameter)) => Some(Form::MediaTypeParameter),
        _ => Some(Form::MediaType),
    }
}

/// The text, unless the bytes are of another encoding: in UTF-16 and UTF-32 one of the first two bytes of a JSON text is NUL.
fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.bytes().take(2).any(|byte| byte == 0))
}

#[cfg(test)]
mod tests {
    use super::{Body, BodyError};
    use crate::contract::Form;

    fn forms(bytes: &[u8]) -> Vec<Form> {
        let body = Body::read_bytes(bytes);
        assert_eq!(body.fault, None, "{:?}", String::from_utf8_lossy(bytes));
        body.forms
    }

    #[test]
    fn what_json_leaves_open_is_no_fault() {
        assert_eq!(forms(br#"{"a":1,"a":2}"#), [Form::DuplicateKey]);
        assert_eq!(forms(br#"{"a":{"b":1,"b":2}}"#), [Form::DuplicateKey]);
        assert_eq!(forms("\u{FEFF}{}".as_bytes()), [Form::ByteOrderMark]);
        assert_eq!(forms(b"{\0}\0"), [Form::OtherEncoding]);
        assert_eq!(forms(b"{\"a\":\"\xE4\"}"), [Form::OtherEncoding]);
        assert_eq!(forms(br#"{"a":"\ud800"}"#), [Form::LoneSurrogate]);
        assert_eq!(forms(br#"{"a":"\udc00"}"#), [Form::LoneSurrogate]);
        assert_eq!(forms(br#"{"a":"\ud800x"}"#), [Form::LoneSurrogate]);
        assert_eq!(forms(br#"{"a":"\ud800\u0041"}"#), [Form::LoneSurrogate]);
        assert_eq!(forms(br#"{"a":1e999}"#), [Form::HugeNumber]);
        let deep = format!("{{\"n\":7,\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(forms(deep.as_bytes()), [Form::DeepNesting]);
        let of_size = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8));
        assert_eq!(forms(of_size(65_536).as_bytes()), []);
        assert_eq!(forms(of_size(65_537).as_bytes()), [Form::HugeBody]);
    }

    #[test]
    fn what_breaks_the_grammar_is_a_fault() {
        for text in [
            "{",
            "{}x",
            "{,}",
            "{'a':1}",
            "{a:1}",
            "{\"a\":NaN}",
            "{\"a\":1,}",
            "// x\n{}",
            " ",
            "\"\\x\"",
            "{\"a\":01}",
        ] {
            let body = Body::read_bytes(text.as_bytes());
            assert!(matches!(body.fault, Some(BodyError::Malformed(_))), "{text}: {body:?}");
        }
        assert_eq!(Body::read_bytes(b"").fault, Some(BodyError::Empty));
    }

    #[test]
    fn only_a_brace_can_begin_an_object() {
        assert!(Body::read_bytes(b" {").may_be_object);
        assert!(!Body::read_bytes("[".repeat(500).as_bytes()).may_be_object);
    }
}
