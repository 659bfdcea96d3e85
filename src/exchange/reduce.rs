//! What is kept of an answer when it has been judged and cleaned up behind. A run keeps thousands of them for its report, and whoever answers decides how
//! long they are.

use serde_json::{Map, Value};

use super::Response;

/// An answer up to this size, in bytes, is kept as it came; real ones have a quarter of it.
const LARGEST_KEPT: usize = 8 * 1024;

/// The header that says where what was created is.
const LOCATION: &str = "location";

impl Response {
    /// Cuts what is larger than it needs to be for a report: of the headers only the one stays that says where something is, of the body what stands at
    /// these JSON pointers. `found` is a value that was read in a more lenient way than JSON's, with its pointer.
    pub(crate) fn reduce(&mut self, pointers: &[&str], found: Option<(&str, Value)>) {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if headers > LARGEST_KEPT {
            self.headers.retain(|(name, value)| name == LOCATION && value.len() <= LARGEST_KEPT);
            self.headers.shrink_to_fit();
        }
        if self.body.len() > LARGEST_KEPT {
            let answer = self.json().unwrap_or_default();
            let strict = pointers.iter().filter_map(|pointer| Some((*pointer, answer.pointer(pointer)?.clone())));
            let mut kept = Value::Object(Map::new());
            for (pointer, value) in found.into_iter().chain(strict) {
                put(&mut kept, pointer, value);
            }
            let text = kept.to_string();
            self.body = if text.len() <= LARGEST_KEPT { text.into_bytes() } else { Vec::new() };
        }
    }
}

/// Puts a value where a pointer leads, through objects only.
fn put(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for key in pointer.split('/').skip(1) {
        let Value::Object(fields) = place else { return };
        place = fields.entry(key.replace("~1", "/").replace("~0", "~")).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use crate::exchange::Response;

    fn reduced(body: &str, headers: &[(&str, &str)], found: Option<(&str, Value)>) -> (Vec<(String, String)>, String) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = body.as_bytes().to_vec();
        let mut response =
            Response { status: 201, headers, body, at: OffsetDateTime::UNIX_EPOCH, took: std::time::Duration::ZERO };
        response.reduce(&["/id", "/self/name", "/none"], found);
        (response.headers, String::from_utf8(response.body).unwrap())
    }

    #[test]
    fn an_answer_of_usual_size_stays_as_it_came() {
        let (headers, body) = reduced("{\"id\":\"7\", \"x\":1}", &[("a", "b")], None);
        assert_eq!((headers.len(), body.as_str()), (1, "{\"id\":\"7\", \"x\":1}"));
    }

    #[test]
    fn of_a_large_answer_only_what_is_asked_later_stays() {
        let large = "x".repeat(9000);
        let (headers, body) = reduced(
            &json!({"x": large, "self": {"name": 1, "x": 2}, "id": "7"}).to_string(),
            &[("location", "/7"), ("x", &large)],
            None,
        );
        assert_eq!(headers, [("location".to_owned(), "/7".to_owned())]);
        assert_eq!(body, "{\"id\":\"7\",\"self\":{\"name\":1}}");
        assert_eq!(reduced(&large, &[], Some(("/id", json!("7")))).1, "{\"id\":\"7\"}");
        assert_eq!(reduced(&json!({"id": large}).to_string(), &[], None).1, "");
    }
}
