//! Servers that read a body carelessly, each in a way that only one kind of probe shows.

use std::sync::Arc;

use ims_conformance::exchange::Request;
use serde_json::{Map, Value};

use crate::server::{IMAGES, Server, bare, outcome};

/// What a run of the probes about tags says of a server.
fn accused(server: &Arc<Server>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = outcome("run", &server.listen(), &["boundary/tags"], folder.path());
    assert_eq!(code, 1, "{text}");
    assert_eq!(server.images(), Vec::<Value>::new(), "{text}");
    text
}

fn fields(request: &Request) -> Option<Map<String, Value>> {
    let is_creation = request.method == "POST" && request.path == IMAGES;
    serde_json::from_slice(request.body.as_deref().filter(|_| is_creation)?).ok()
}

#[test]
fn one_that_looks_for_a_character_where_an_escape_stands_is_accused() {
    let server = Server::with(|server, request, token| {
        let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).to_lowercase();
        if body.contains("\\u003d") {
            return Some(bare(400));
        }
        Some(server.pass(request, token))
    });
    let text = accused(&server);
    assert!(text.contains("every character escaped"), "{text}");
}

#[test]
fn one_that_takes_a_wrong_type_at_one_place_of_an_array_is_accused() {
    let wrong: [fn(&Value) -> bool; 3] = [Value::is_number, Value::is_boolean, Value::is_object];
    for (turn, is_wrong) in wrong.into_iter().enumerate() {
        let server = Server::with(move |server, request, token| {
            let mut request = request.clone();
            let place = [2, 1, 0][turn];
            if let Some(mut fields) = fields(&request)
                && let Some(Value::Array(tags)) = fields.get_mut("tags")
                && tags.len() > 2
                && is_wrong(&tags[place])
            {
                tags[place] = Value::from("taken");
                request.body = Some(Value::from(fields).to_string().into_bytes());
            }
            Some(server.pass(&request, token))
        });
        let text = accused(&server);
        assert!(text.contains("FAIL request.tags.items.type"), "{text}");
    }
}
