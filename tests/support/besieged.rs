//! A server that keeps the contract but for some of its calls, which it answers byte for byte as a test has it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ims_conformance::exchange::{Request, Response};
use serde_json::Value;

use crate::server::{IMAGES, Server, request};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Create,
    List,
    Read,
    Delete,
    Other,
}

/// A connection whose request was looked at.
pub(crate) struct Wire {
    stream: TcpStream,
    server: Arc<Server>,
    pub(crate) request: Request,
    token: Option<String>,
    is_taken: bool,
}

/// Longer than any caller here waits.
const FOREVER: Duration = Duration::from_secs(100);

/// What answers some of the calls.
pub(crate) type Behaviour = fn(&mut Wire);

/// Serves until the process ends; where it listens.
pub(crate) fn serve(server: &Arc<Server>, on: &'static [Call], behave: Behaviour) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::clone(server);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let server = Arc::clone(&server);
            std::thread::spawn(move || converse(stream, server, on, behave));
        }
    });
    url
}

fn converse(stream: TcpStream, server: Arc<Server>, on: &[Call], behave: Behaviour) {
    let Some((request, token)) = look_at_request(&stream) else { return };
    let call = call_of(&request);
    let mut wire = Wire { stream, server, request, token, is_taken: false };
    if on.contains(&call) {
        behave(&mut wire);
    } else {
        let answer = wire.good();
        wire.answer(answer.status, "Content-Type: application/json\r\n", &answer.body);
    }
}

fn call_of(request: &Request) -> Call {
    let path = request.path.split('?').next().unwrap_or_default();
    let is_one = path.strip_prefix(IMAGES).is_some_and(|rest| rest.starts_with('/') && !rest[1..].contains('/'));
    match (request.method.as_str(), path == IMAGES, is_one) {
        ("POST", true, _) => Call::Create,
        ("GET", true, _) => Call::List,
        ("GET", _, true) => Call::Read,
        ("DELETE", _, true) => Call::Delete,
        _ => Call::Other,
    }
}

/// Looks at a request, and leaves it where it is: whoever closes the connection then resets it.
fn look_at_request(stream: &TcpStream) -> Option<(Request, Option<String>)> {
    let (begin, mut buffer) = (Instant::now(), vec![0; 1 << 20]);
    while begin.elapsed() < FOREVER {
        let there = stream.peek(&mut buffer).ok()?;
        if there == 0 {
            return None;
        }
        if let Some((head, body)) = split(&buffer[..there]) {
            let header = |name: &str| {
                let value = head.lines().filter_map(|line| line.split_once(':'));
                let mut value = value.filter(|(each, _)| each.eq_ignore_ascii_case(name));
                value.next().map(|(_, value)| value.trim().to_owned())
            };
            let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                let mut words = head.split_ascii_whitespace();
                let (method, path) = (words.next()?, words.next()?);
                let body = String::from_utf8_lossy(body).into_owned();
                return Some((request(method, path, &body), header("x-auth-token")));
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

fn split(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 4..]))
}

impl Wire {
    /// Reads what has arrived, so that the connection can end in peace.
    pub(crate) fn take_request(&mut self) {
        if !std::mem::replace(&mut self.is_taken, true) {
            let _ = self.stream.read(&mut vec![0; 1 << 20]);
        }
    }

    /// What the contract's own server answers; it does what it was asked to.
    pub(crate) fn good(&self) -> Response {
        self.server.pass(&self.request, self.token.as_deref())
    }

    /// The body of that answer with some fields set, each to a text of JSON.
    pub(crate) fn good_with(&self, fields: &[(&str, &str)]) -> Vec<u8> {
        let answer = self.good().json().unwrap_or_default();
        let mut text = String::from("{");
        for (name, value) in answer.as_object().into_iter().flatten() {
            if !fields.iter().any(|(each, _)| each == name) {
                text.push_str(&format!("{}:{value},", Value::from(name.as_str())));
            }
        }
        for (name, value) in fields {
            text.push_str(&format!("\"{name}\":{value},"));
        }
        text.pop();
        text.push('}');
        text.into_bytes()
    }

    /// Sends these bytes; false where nobody takes them any more.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// A whole answer after which the connection ends.
    pub(crate) fn answer(&mut self, status: u16, headers: &str, body: &[u8]) {
        let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n{length}{headers}\r\n");
        self.take_request();
        let _ = self.raw(head.as_bytes()) && self.raw(body);
    }

    /// A whole answer of JSON, or of what is said to be JSON.
    pub(crate) fn answer_json(&mut self, status: u16, body: &[u8]) {
        self.answer(status, JSON, body);
    }

    /// A beginning, and then the same again until the other side has had enough.
    pub(crate) fn endless(&mut self, beginning: &[u8], again: &[u8]) {
        self.take_request();
        let mut is_taken = self.raw(beginning);
        while is_taken {
            is_taken = self.raw(again);
        }
    }

    /// The same again and again with a breath between, until the other side has had enough.
    pub(crate) fn steadily(&mut self, again: &[u8]) {
        self.take_request();
        while self.raw(again) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The bytes one by one with a pause after each.
    pub(crate) fn drip(&mut self, bytes: &[u8], pause: Duration) {
        self.take_request();
        for byte in bytes {
            if !self.raw(&[*byte]) {
                return;
            }
            std::thread::sleep(pause);
        }
    }

    /// Does nothing until the other side goes.
    pub(crate) fn hold(&mut self) {
        self.take_request();
        let _ = self.stream.set_read_timeout(Some(FOREVER));
        let _ = self.stream.read(&mut [0]);
    }

    /// Says that nothing more comes, and stays.
    pub(crate) fn half_close(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        self.hold();
    }
}

/// The header of a body that is JSON.
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
