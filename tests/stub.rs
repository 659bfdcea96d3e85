//! The stub as a server: whatever it has answered, it keeps only what is there; and in the tests of others it is a part of their mock server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on panics")]

#[path = "support/memory.rs"]
mod memory;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::stub::StubService;
use ims_conformance::suite::{DEFAULT, Suite};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer};

const TOKEN: &str = "canary-7f3a-Secret-Token";

/// A `stub` command that runs until it is dropped.
struct Served {
    child: Child,
    host: String,
}

impl Served {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .args(["stub", "--listen", "127.0.0.1:0", "--token-env", "CANARY"])
            .env("CANARY", TOKEN)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.trim().strip_prefix("http://").unwrap().to_owned();
        Self { child, host }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request over a connection that stays, and reads the answer: its status, and its body.
fn ask(stream: &mut BufReader<TcpStream>, method: &str, path: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: stub\r\nX-Auth-Token: {TOKEN}\r\nContent-Length: {length}");
    let request = format!("{head}\r\nContent-Type: application/json\r\n\r\n{body}");
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
        length = line.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (status.unwrap(), String::from_utf8(body).unwrap())
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux says how large a process is")]
fn it_keeps_nothing_of_what_it_has_answered() {
    let stub = Served::start();
    let mut stream = BufReader::new(TcpStream::connect(&stub.host).unwrap());
    // A refused request, and one that creates something which is then removed, with 32 kB each.
    let refused = format!("{{\"min_disk\": 0, \"name\": \"{}\"}}", "x".repeat(32_000));
    let accepted = format!("{{\"min_disk\": 1}}{}", " ".repeat(32_000));
    let mut serve = |turns: usize| {
        for _ in 0..turns {
            assert_eq!(ask(&mut stream, "POST", "/v2/images", &refused).0, 400);
            let (status, created) = ask(&mut stream, "POST", "/v2/images", &accepted);
            let created: serde_json::Value = serde_json::from_str(&created).unwrap();
            let path = format!("/v2/images/{}", created["id"].as_str().unwrap());
            assert_eq!((status, ask(&mut stream, "DELETE", &path, "").0), (201, 204));
        }
    };
    serve(50);
    let before = memory::peak_of(stub.child.id()).unwrap();
    serve(250);
    let after = memory::peak_of(stub.child.id()).unwrap();
    assert!(after - before < 4 * 1024, "16 MB of requests made it grow from {before} kB to {after} kB");
}

#[tokio::test]
async fn a_mock_server_can_mount_it_and_expect_what_is_sent_to_it() {
    let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
    let server = MockServer::start().await;
    let creations = Mock::given(method("POST")).and(path("/v2/images"));
    creations.respond_with(wiremock::ResponseTemplate::new(400)).up_to_n_times(1).expect(1).mount(&server).await;
    Mock::given(any())
        .respond_with(StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None))
        .mount(&server)
        .await;
    let host = server.address().to_string();
    let statuses = tokio::task::spawn_blocking(move || {
        let mut stream = BufReader::new(TcpStream::connect(host).unwrap());
        let mut status = |body| ask(&mut stream, "POST", "/v2/images", body).0;
        [status("{}"), status("{}"), status("{\"min_disk\": 0}")]
    });
    assert_eq!(statuses.await.unwrap(), [400, 201, 400]);
    server.verify().await;
}
