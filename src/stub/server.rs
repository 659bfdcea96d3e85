//! The stub behind hyper, which speaks HTTP. Of a request that is answered nothing is kept, so that a stub may serve for weeks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{StatusCode, http};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{AbortHandle, JoinSet};

use super::StubService;
use crate::client::Service;
use crate::exchange::{Request, Response, TokenVariant};

/// A stub that listens; it stops when it is dropped.
#[derive(Debug)]
pub struct Stub {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Stub {
    /// Serves at an address, of which port 0 is a free one, for as long as the runtime goes on; an error where nobody can listen there.
    pub async fn start(service: StubService, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(serve(listener, Arc::new(service))).abort_handle();
        Ok(Self { address, serving })
    }

    /// Where the stub listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Where a process has too many connections, one of them ends after a while.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers each connection until it ends; all of them end with this.
async fn serve(listener: TcpListener, service: Arc<StubService>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, Arc::clone(&service)))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            // Whatever it came to, it is over, and forgotten.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, service: Arc<StubService>) {
    // Without it, answers are only slower.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(|request: hyper::Request<Incoming>| async {
        let (head, body) = request.into_parts();
        // A body that breaks off gets no answer.
        let body = body.collect().await?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let answer = answer(&service, head.method.as_str(), path, &head.headers, body.into());
        Ok::<_, hyper::Error>(to_hyper(answer))
    });
    // Whoever hangs up or speaks no HTTP has nobody to tell.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

/// What the stub answers to a request as it came over the wire.
pub(super) fn answer(service: &StubService, method: &str, path: &str, headers: &HeaderMap, body: Vec<u8>) -> Response {
    let is_token = |name: &HeaderName| name.as_str().eq_ignore_ascii_case(service.token_header());
    let token = headers.iter().find(|(name, _)| is_token(name));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().filter(|(name, _)| !is_token(name));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: Some(body),
        credential: TokenVariant::Good,
    };
    service.answer(&request, token.map(|(_, value)| value.to_str().unwrap_or_default()))
}

/// The answer for hyper. What HTTP cannot carry is none of the contract's: a status is 500 then, a header is left out.
fn to_hyper(answer: Response) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
