//! The stub behind hyper, which speaks HTTP. Of a request that is answered nothing is kept, so that a stub may serve for weeks.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{StatusCode, http};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::impairment::Impairment;
use super::tls::TlsAcceptor;
use super::{StubService, admin, credential, reply};
use crate::client::Service;
use crate::exchange::{Request, Response, TokenVariant};
use crate::untrusted::Untrusted;

/// A stub that listens. When it is dropped it takes no more requests, and finishes the answers that are under way.
#[derive(Debug)]
pub struct Stub {
    address: SocketAddr,
    is_encrypted: bool,
    served: Arc<Served>,
    /// Nothing is ever sent: when this is dropped, all who listen stop.
    until: watch::Sender<()>,
    serving: JoinHandle<()>,
}

/// One request and how it was answered: a line of a log. Nothing of headers or bodies is in it, and so no credential of theirs.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: Untrusted,
    /// The status of the answer.
    pub status: u16,
    /// When the answer was made.
    pub at: OffsetDateTime,
}

impl fmt::Display for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.replace_nanosecond(0).unwrap_or(self.at).format(&Rfc3339).unwrap_or_default();
        write!(formatter, "{at} {} {} {}", self.method, self.path, self.status)
    }
}

/// What hears of each answer, in the order in which they are made.
pub(super) type Log = Box<dyn Fn(&Answered) + Send + Sync>;

/// What all connections share.
pub(super) struct Served {
    pub service: StubService,
    pub log: Option<Log>,
    pub impairment: Impairment,
    /// Whether it also answers the calls about itself.
    pub has_admin: bool,
    /// What encrypts each connection, if they are to be.
    pub tls: Option<TlsAcceptor>,
}

impl Stub {
    /// Serves at an address, of which port 0 is a free one, for as long as the runtime goes on; an error where nobody can listen there.
    pub async fn start(service: StubService, address: impl ToSocketAddrs) -> io::Result<Self> {
        let served = Served { service, log: None, impairment: Impairment::default(), has_admin: false, tls: None };
        Self::serve(served, address).await
    }

    pub(super) async fn serve(served: Served, address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (until, stopped) = watch::channel(());
        let (is_encrypted, served) = (served.tls.is_some(), Arc::new(served));
        let serving = tokio::spawn(serve(listener, Arc::clone(&served), stopped));
        Ok(Self { address, is_encrypted, served, until, serving })
    }

    /// Where the stub listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_encrypted { "https" } else { "http" }, self.address)
    }

    /// What is there, the oldest first.
    pub fn state(&self) -> Vec<Value> {
        self.served.service.state()
    }

    /// Puts back what was there from the beginning, and forgets everything else.
    pub fn reset(&self) {
        self.served.reset();
    }

    /// Stops as dropping it does, and waits until the answers under way are finished: at most a few seconds.
    pub async fn stop(self) {
        drop(self.until);
        // Whatever it came to, it is over.
        let _ = self.serving.await;
    }
}

/// Where a process has too many connections, one of them ends after a while.
const PAUSE: Duration = Duration::from_millis(50);

/// So long may answers take that are under way when the stub is stopped.
const GRACE: Duration = Duration::from_secs(5);

/// Answers each connection until it ends, or until the stub is stopped; no connection outlives this.
async fn serve(listener: TcpListener, served: Arc<Served>, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, Arc::clone(&served), stopped.clone()))),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            // Whatever it came to, it is over, and forgotten.
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    // A connection that is not finished then ends with the set.
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

/// So long may a client take until its connection is encrypted.
const HANDSHAKE: Duration = Duration::from_secs(10);

async fn converse(stream: TcpStream, served: Arc<Served>, mut stopped: watch::Receiver<()>) {
    // Without it, answers are only slower.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &served.tls else { return speak(stream, &served, stopped).await };
    let encrypted = tokio::select! {
        encrypted = tokio::time::timeout(HANDSHAKE, tls.accept(stream)) => encrypted,
        _ = stopped.changed() => return,
    };
    // Whoever speaks no TLS has nobody to tell.
    if let Ok(Ok(encrypted)) = encrypted {
        speak(encrypted, &served, stopped).await;
    }
}

/// Answers what comes over a connection, be it encrypted or not.
async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, served: &Served, mut stopped: watch::Receiver<()>) {
    let answer = service_fn(|request: hyper::Request<Incoming>| async {
        let (head, body) = request.into_parts();
        // A body that breaks off gets no answer.
        let body = body.collect().await?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let answer = served.answer(head.method.as_str(), path, &head.headers, body.into()).await;
        if let Some(log) = &served.log {
            let path = credential::path_without(served.service.security(), path).into();
            let method = head.method.to_string();
            log(&Answered { method, path, status: answer.status, at: answer.at });
        }
        Ok::<_, hyper::Error>(to_hyper(answer))
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    // Whoever hangs up or speaks no HTTP has nobody to tell.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Served {
    async fn answer(&self, method: &str, path: &str, headers: &HeaderMap, body: Vec<u8>) -> Response {
        let about_itself = self.has_admin.then(|| admin::answer(self, method, path)).flatten();
        if let Some(answer) = about_itself {
            return answer;
        }
        if !self.impairment.latency.is_zero() {
            tokio::time::sleep(self.impairment.latency).await;
        }
        if self.impairment.fails() {
            let mut answer = reply::error(&self.service.contract, 503, "the stub fails on purpose");
            answer.headers.push(("retry-after".to_owned(), "0".to_owned()));
            return answer;
        }
        answer(&self.service, method, path, headers, body)
    }

    /// Puts back what was there from the beginning, and forgets everything else: also which requests were to fail.
    pub(super) fn reset(&self) {
        self.service.reset();
        self.impairment.reset();
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Served").field("service", &self.service).finish_non_exhaustive()
    }
}

/// What the stub answers to a request as it came over the wire.
pub(super) fn answer(service: &StubService, method: &str, path: &str, headers: &HeaderMap, body: Vec<u8>) -> Response {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let (path, body, credential) = (path.to_owned(), Some(body), TokenVariant::Good);
    let mut request = Request { method: method.to_owned(), path, headers, body, credential };
    let token = credential::take(service.security(), &mut request);
    service.answer(&request, token.as_deref())
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
