//! The stub as the answers of a wiremock server: a test of another program mounts it like any other answer, and has wiremock say what was to be asked.
//!
//! wiremock keeps each request that it has matched until the server ends, which is right for a test, and is why [`super::Stub`] is served otherwise.

use wiremock::{Respond, ResponseTemplate};

use super::{StubService, server};

impl Respond for StubService {
    fn respond(&self, wire: &wiremock::Request) -> ResponseTemplate {
        let path = &wire.url[url::Position::BeforePath..url::Position::AfterQuery];
        let answer = server::answer(self, wire.method.as_str(), path, &wire.headers, wire.body.clone());
        let mut template = ResponseTemplate::new(answer.status);
        // The server adds a date of its own.
        let is_other = |name: &str| !["content-type", "date"].contains(&name);
        for (name, value) in answer.headers.iter().filter(|(name, _)| is_other(name)) {
            template = template.append_header(name.as_str(), value.as_str());
        }
        match answer.header("content-type") {
            Some(media_type) => template.set_body_raw(answer.body.clone(), media_type),
            // A media type that nobody set would be one that wiremock chose.
            None => template.set_body_bytes(answer.body.clone()),
        }
    }
}
