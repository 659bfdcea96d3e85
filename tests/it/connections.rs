//! Connections that are kept from one request to the next: they end without a word, or mix up what comes over them.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};

use crate::server::{Server, outcome};

thread_local! {
    /// How many requests came over this connection.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// The last body with a field of numbers that came over this connection.
    static LAST: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// Whether this request is the first of its connection.
fn is_first() -> bool {
    COUNT.replace(COUNT.get() + 1) == 0
}

#[test]
fn one_whose_kept_connections_end_before_a_deletion_is_assessed_whole() {
    // The first to meet such an end is the step of a case, which nobody may send twice.
    let server = Server::with(|server, request, token| {
        let is_first = is_first();
        let is_meant =
            |image: &Value| image["protected"] == true && request.path.ends_with(image["id"].as_str().unwrap());
        let ends = !is_first && request.method == "DELETE" && server.images().iter().any(is_meant);
        (!ends).then(|| server.pass(request, token))
    });
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--phase", "case", "behaviour/", "protected/", "--jobs", "1"];
    let (code, text) = outcome("run", &server.listen_and_keep(), &arguments, folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 inconclusive, 0 skipped"), "{text}");
    assert!(text.contains(" 0 left behind, 0 perhaps"), "{text}");
    assert_eq!(server.images(), Vec::<Value>::new());
}

#[test]
fn one_whose_kept_connections_end_before_anything_is_assessed_whole() {
    let server = Server::with(|server, request, token| is_first().then(|| server.pass(request, token)));
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = outcome("run", &server.listen_and_keep(), &["--phase", "case"], folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 inconclusive, "), "{text}");
    assert!(text.contains(" 0 left behind, 0 perhaps"), "{text}");
    assert_eq!(server.images(), Vec::<Value>::new());
}

#[test]
fn nothing_stays_of_a_creation_whose_kept_connection_ends_behind_it() {
    let server = Server::with(|server, request, token| {
        let answer = server.pass(request, token);
        // Not that of the look before the run, which comes back to it.
        let is_lost = !is_first() && request.method == "POST" && answer.status == 201 && server.count("POST") > 5;
        (!is_lost).then_some(answer)
    });
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--phase", "case", "--jobs", "1", "--settle", "0"];
    let (code, text) = outcome("run", &server.listen_and_keep(), &arguments, folder.path());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(" 1 inconclusive, "), "{text}");
    assert_eq!(server.images(), Vec::<Value>::new(), "{text}");
}

#[test]
fn one_that_mixes_up_two_requests_of_a_connection_is_accused() {
    let server = Server::with(|server, request, token| {
        let mut request = request.clone();
        let fields = request.body.as_deref().and_then(|body| serde_json::from_slice::<Map<String, Value>>(body).ok());
        if let Some(mut fields) = fields.filter(|_| request.method == "POST") {
            let own = fields.get("min_ram").cloned();
            if let (None, Some(last)) = (&own, LAST.take()) {
                fields.insert("min_ram".to_owned(), last);
                request.body = Some(Value::from(fields).to_string().into_bytes());
            }
            LAST.set(own.filter(Value::is_number));
        }
        Some(server.pass(&request, token))
    });
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = outcome("run", &server.listen_and_keep(), &["--jobs", "1"], folder.path());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("min_ram"), "{text}");
    assert_eq!(server.images(), Vec::<Value>::new());
}
