//! A server that holds nothing, refuses everything but [`GIVE`], and remembers it to the byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The body of a request that is answered with a new id.
pub(crate) const GIVE: &[u8] = br#"{"give":"id"}"#;

/// A request as it came over the wire; the headers in which a client names itself are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// The requests of one server, and its address.
pub(crate) struct Recorder {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let request = read(&stream).unwrap_or_default();
                let (status, body) = match &request {
                    request if request.body == GIVE => (201, format!("{{\"id\":\"id-{number}\"}}")),
                    request if request.line.starts_with("GET") => (200, "{\"images\":[]}".to_owned()),
                    _ => (400, String::new()),
                };
                recorded.lock().unwrap().push(request);
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { url, requests }
    }

    /// The requests since the last time.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

fn read(stream: &TcpStream) -> Option<Recorded> {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    };
    let line = next()?;
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let header = next()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        if !matches!(name.as_str(), "user-agent" | "accept-encoding" | "connection") {
            headers.push(format!("{name}: {}", value.trim()));
        }
    }
    headers.sort();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Recorded { line, headers, body })
}
