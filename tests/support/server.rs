//! A server that keeps the contract until a test says otherwise, and remembers what it was asked; over HTTP, or inside the process.

#![allow(dead_code, reason = "no test uses all of it")]

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ims_conformance::client::{Service, Token};
use ims_conformance::exchange::{Request, Response, TokenVariant};
use ims_conformance::stub::StubService;
use ims_conformance::stub::defect::defects;
use ims_conformance::suite::{DEFAULT, Suite};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::time::Instant;

/// The only good token.
pub(crate) const TOKEN: &str = "canary-7f3a-Secret-Token";

/// The path of the call under test.
pub(crate) const IMAGES: &str = "/v2/images";

/// What a server does with a request; nothing means that it hangs up.
type Behaviour = dyn Fn(&Server, &Request, Option<&str>) -> Option<Response> + Send + Sync;

/// A faithful server with a behaviour in front of it.
pub(crate) struct Server {
    stub: StubService,
    behaviour: Box<Behaviour>,
    seen: Mutex<Vec<Seen>>,
}

/// A request that a server got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

pub(crate) fn suite() -> Arc<Suite> {
    Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap())
}

impl Server {
    /// One that does what it should.
    pub(crate) fn faithful() -> Arc<Self> {
        Self::with(|server, request, token| Some(server.pass(request, token)))
    }

    pub(crate) fn with(
        behaviour: impl Fn(&Self, &Request, Option<&str>) -> Option<Response> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::with_defect(None, behaviour)
    }

    /// One that breaks a clause, too.
    pub(crate) fn with_defect(
        defect: Option<&str>,
        behaviour: impl Fn(&Self, &Request, Option<&str>) -> Option<Response> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::of(&suite(), defect, behaviour)
    }

    /// One that keeps the contract of this suite.
    pub(crate) fn faithful_to(suite: &str) -> Arc<Self> {
        let suite = Arc::new(Suite::built_in(suite).unwrap().unwrap());
        Self::of(&suite, None, |server, request, token| Some(server.pass(request, token)))
    }

    /// One that keeps the contract of this suite but for this defect.
    pub(crate) fn of_suite(suite: &str, defect: &str) -> Arc<Self> {
        let suite = Arc::new(Suite::built_in(suite).unwrap().unwrap());
        Self::of(&suite, Some(defect), |server, request, token| Some(server.pass(request, token)))
    }

    fn of(
        suite: &Suite,
        defect: Option<&str>,
        behaviour: impl Fn(&Self, &Request, Option<&str>) -> Option<Response> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let known = defects(&suite.contract);
        let defect = defect.map(|name| known.iter().find(|defect| defect.name == name).unwrap());
        let stub = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), defect);
        Arc::new(Self { stub, behaviour: Box::new(behaviour), seen: Mutex::default() })
    }

    /// What the faithful server answers.
    pub(crate) fn pass(&self, request: &Request, token: Option<&str>) -> Response {
        self.stub.answer(request, token)
    }

    /// What this server answers, its behaviour included.
    pub(crate) fn pass_whole(&self, request: &Request, token: Option<&str>) -> Option<Response> {
        (self.behaviour)(self, request, token)
    }

    /// Everything that is there.
    pub(crate) fn images(&self) -> Vec<Value> {
        let list = self.pass(&request("GET", IMAGES, ""), Some(TOKEN));
        list.json().unwrap()["images"].as_array().unwrap().clone()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.images().iter().map(|image| image["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Creates something that belongs to nobody's run.
    pub(crate) fn create(&self, body: &Value) -> String {
        let answer = self.pass(&request("POST", IMAGES, &body.to_string()), Some(TOKEN));
        answer.json().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests with this method there were so far.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method).count()
    }

    fn meet(&self, request: &Request, token: Option<&str>) -> Option<Response> {
        self.seen.lock().unwrap().push(Seen {
            method: request.method.clone(),
            path: request.path.clone(),
            body: String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned(),
            at: Instant::now(),
        });
        (self.behaviour)(self, request, token)
    }

    /// Serves over HTTP until the process ends.
    pub(crate) fn listen(self: &Arc<Self>) -> String {
        self.listen_on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn listen_on(self: &Arc<Self>, listener: TcpListener) -> String {
        self.accept(listener, |server, stream| {
            server.talk(stream, "close");
        })
    }

    /// The same, but connections are kept, each with a thread of its own.
    pub(crate) fn listen_and_keep(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.accept(listener, |server, stream| while server.talk(stream, "keep-alive").is_some() {})
    }

    fn accept(self: &Arc<Self>, listener: TcpListener, converse: fn(&Self, &mut TcpStream)) -> String {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::clone(self);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let server = Arc::clone(&server);
                std::thread::spawn(move || converse(&server, &mut stream));
            }
        });
        url
    }

    /// Answers one request; `None` where there is none, or the server hangs up.
    fn talk(&self, stream: &mut TcpStream, connection: &str) -> Option<()> {
        let (request, token) = read_request(stream)?;
        CONNECTION.set(stream.try_clone().ok());
        let response = self.meet(&request, token.as_deref())?;
        let mut head = format!("HTTP/1.1 {} Status\r\nConnection: {connection}\r\n", response.status);
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
        stream.write_all(&[head.as_bytes(), &response.body].concat()).ok()
    }
}

impl Service for Server {
    fn answer(&self, request: &Request, token: Option<&str>) -> Response {
        self.meet(request, token).unwrap_or_else(|| panic!("inside the process nobody can hang up"))
    }
}

thread_local! {
    /// The connection whose request this thread answers.
    static CONNECTION: RefCell<Option<TcpStream>> = const { RefCell::new(None) };
}

/// Whether whoever sent the request that is being answered has gone.
pub(crate) fn is_caller_gone() -> bool {
    CONNECTION.with_borrow(|connection| {
        let Some(stream) = connection else { return false };
        stream.set_nonblocking(true).unwrap();
        let is_gone = match stream.peek(&mut [0]) {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        stream.set_nonblocking(false).unwrap();
        is_gone
    })
}

/// Ends the connection of the request that is being answered; what its answer does may go on.
pub(crate) fn hang_up() {
    CONNECTION.with_borrow(|connection| {
        if let Some(stream) = connection {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

fn read_request(stream: &mut TcpStream) -> Option<(Request, Option<String>)> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65536]);
    loop {
        let read = stream.read(&mut buffer).ok()?;
        bytes.extend_from_slice(&buffer[..read]);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let mut words = lines.next()?.split(' ').map(str::to_owned);
            let (method, path) = (words.next()?, words.next()?);
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let value = |wanted| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
            let length = value("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                let token = value("x-auth-token");
                let body = Some(bytes[end + 4..].to_vec());
                return Some((Request { method, path, headers, body, credential: TokenVariant::Good }, token));
            }
        }
        if read == 0 {
            return None;
        }
    }
}

/// A request as a caller with the good token sends it.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Request {
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: (!body.is_empty()).then(|| body.as_bytes().to_vec()),
        credential: TokenVariant::Good,
    }
}

/// An answer without a body.
pub(crate) fn bare(status: u16) -> Response {
    Response { status, headers: Vec::new(), body: Vec::new(), at: OffsetDateTime::now_utc(), took: Duration::ZERO }
}

/// An answer that says how many seconds to wait.
pub(crate) fn come_again(status: u16, seconds: u64) -> Response {
    Response { headers: vec![("retry-after".to_owned(), seconds.to_string())], ..bare(status) }
}

/// A creation's answer that gives out this id.
pub(crate) fn renamed(mut response: Response, id: &str) -> Response {
    let mut answer = response.json().unwrap_or_else(|| json!({}));
    answer["id"] = json!(id);
    response.body = answer.to_string().into_bytes();
    response
}

/// The program, with its ledgers in this folder.
pub(crate) fn program(arguments: &[&str], ledgers: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    for name in ["OS_TOKEN", "IMS_ENDPOINT", "OS_CACERT", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command.args(arguments).env("CANARY", TOKEN).env("IMS_LEDGER", ledgers);
    command
}

/// Runs a command of the program against a target: its exit code, and what it says.
pub(crate) fn outcome(command: &str, url: &str, more: &[&str], ledgers: &Path) -> (i32, String) {
    let arguments = [&[command, "--endpoint", url, "--token-env", "CANARY"], more].concat();
    let output = program(&arguments, ledgers).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains(TOKEN), "the token is in the output: {text}");
    (output.status.code().unwrap_or(-1), text)
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until something holds, at most twenty seconds.
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("in vain: {what}");
}

/// The ledgers in a folder.
pub(crate) fn ledgers(folder: &Path) -> Vec<String> {
    let found = ims_conformance::ledger::find(folder).unwrap();
    found.iter().map(|path| path.display().to_string()).collect()
}
