//! Connections that are kept from one request to the next, and end without a word.

use std::cell::Cell;

use serde_json::Value;

use crate::server::{Server, outcome};

thread_local! {
    /// How many requests came over this connection.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[test]
fn one_whose_kept_connections_end_before_a_deletion_is_assessed_whole() {
    // The first to meet such an end is the step of a case, which nobody may send twice.
    let server = Server::with(|server, request, token| {
        let is_first = COUNT.replace(COUNT.get() + 1) == 0;
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
