//! Fills in what a request leaves to the moment of sending: the text of the run, and what earlier steps captured.

use serde_json::Value;

use super::Request;

impl Request {
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
    use super::segment;
    use crate::exchange::{Credential, Request};

    #[test]
    fn a_value_of_a_server_stays_one_segment_and_one_text() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images/{id}".to_owned(),
            headers: Vec::new(),
            body: Some(br#"{"name":"{id}"}"#.to_vec()),
            credential: Credential::Good,
        };
        let filled = request.filled(&[("id".to_owned(), "../x\"?".to_owned())]);
        assert_eq!(filled.path, "/v2/images/..%2Fx%22%3F");
        assert_eq!(filled.body.unwrap(), br#"{"name":"../x\"?"}"#);
        assert_eq!(segment(".."), "%2E%2E");
    }
}
