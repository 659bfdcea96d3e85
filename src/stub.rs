//! A server that keeps the contract, made from the contract: the target of a run without an endpoint. With a [`Defect`] it breaks one clause of it, so
//! that the harness can be tested.
//!
//! It knows no field. What a request deserves it learns from [`classify`](crate::judge::classify()), what an answer holds from the contract's response.

pub mod defect;
mod reply;
mod resource;
mod service;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

pub use defect::Defect;
pub use service::StubService;

use crate::client::Service;
use crate::exchange::{Request, TokenVariant};

/// A stub that listens; it stops when it is dropped.
#[derive(Debug)]
pub struct Stub {
    server: MockServer,
}

impl Stub {
    /// Serves on `listener`.
    pub async fn start(service: StubService, listener: TcpListener) -> Self {
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        Mock::given(any()).respond_with(Responder(Arc::new(service))).mount(&server).await;
        Self { server }
    }

    /// Where the stub listens.
    pub fn address(&self) -> SocketAddr {
        *self.server.address()
    }
}

/// The stub behind wiremock, which speaks HTTP.
struct Responder(Arc<StubService>);

impl Respond for Responder {
    fn respond(&self, wire: &wiremock::Request) -> ResponseTemplate {
        let is_token = |name: &str| name.eq_ignore_ascii_case(self.0.token_header());
        let token = wire.headers.iter().find(|(name, _)| is_token(name.as_str()));
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = wire.headers.iter().filter(|(name, _)| !is_token(name.as_str()));
        let request = Request {
            method: wire.method.to_string(),
            path: wire.url[url::Position::BeforePath..].to_owned(),
            headers: headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: Some(wire.body.clone()),
            credential: TokenVariant::Good,
        };
        let answer = self.0.answer(&request, token.map(|(_, value)| value.to_str().unwrap_or_default()));
        let template = ResponseTemplate::new(answer.status);
        match answer.header("content-type") {
            Some(media_type) => template.set_body_raw(answer.body.clone(), media_type),
            // A media type that nobody set would be one that wiremock chose.
            None => template.set_body_bytes(answer.body.clone()),
        }
    }
}
