//! The stub as a server: whatever it has answered, it keeps only what is there; and in the tests of others it is a part of their mock server.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ims_conformance::client::Token;
use ims_conformance::stub::StubService;
use ims_conformance::suite::{DEFAULT, Suite};
use serde_json::{Value, json};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer};

const TOKEN: &str = "canary-7f3a-Secret-Token";

/// A `stub` command that runs until it is dropped.
struct Served {
    child: Child,
    /// What it said first.
    line: String,
    host: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = crate::program::program(&["stub", "--listen", "127.0.0.1:0"]);
    command.args(arguments);
    command
}

impl Served {
    /// One that takes no other token than this one.
    fn start() -> Self {
        Self::with(&["--token-env", "CANARY"])
    }

    fn with(arguments: &[&str]) -> Self {
        Self::of(&mut command(arguments))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.split("://").nth(1).unwrap().split(['"', '\n']).next().unwrap().to_owned();
        Self { child, line, host }
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(&self.host).unwrap())
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// Its exit code, and what it said on standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
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
    send(stream, TOKEN, method, path, body);
    receive(stream)
}

fn send(stream: &mut BufReader<TcpStream>, token: &str, method: &str, path: &str, body: &str) {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: stub\r\nX-Auth-Token: {token}\r\nContent-Length: {length}");
    let request = format!("{head}\r\nContent-Type: application/json\r\n\r\n{body}");
    stream.get_mut().write_all(request.as_bytes()).unwrap();
}

fn receive(stream: &mut BufReader<TcpStream>) -> (u16, String) {
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
    let mut stream = stub.connect();
    // A refused request, and one that creates something which is then removed, with 32 kB each.
    let refused = format!("{{\"min_disk\": 0, \"name\": \"{}\"}}", "x".repeat(32_000));
    let accepted = format!("{{\"min_disk\": 1}}{}", " ".repeat(32_000));
    let mut serve = |turns: usize| {
        for _ in 0..turns {
            assert_eq!(ask(&mut stream, "POST", "/v2/images", &refused).0, 400);
            let (status, created) = ask(&mut stream, "POST", "/v2/images", &accepted);
            let created: Value = serde_json::from_str(&created).unwrap();
            let path = format!("/v2/images/{}", created["id"].as_str().unwrap());
            assert_eq!((status, ask(&mut stream, "DELETE", &path, "").0), (201, 204));
        }
    };
    serve(50);
    let before = crate::memory::peak_of(stub.child.id()).unwrap();
    serve(250);
    let after = crate::memory::peak_of(stub.child.id()).unwrap();
    assert!(after - before < 4 * 1024, "16 MB of requests made it grow from {before} kB to {after} kB");
}

#[test]
fn it_says_in_one_line_of_json_where_it_is_and_what_opens_it() {
    let stub = Served::with(&["--print", "json"]);
    let ready: Value = serde_json::from_str(&stub.line).unwrap();
    let expected = json!({"address": format!("http://{}", stub.host), "token": "stub-token", "token_env": null});
    assert_eq!(ready, expected);
    let mut stream = stub.connect();
    send(&mut stream, ready["token"].as_str().unwrap(), "POST", "/v2/images", "{}");
    assert_eq!(receive(&mut stream).0, 201);
}

#[test]
fn it_names_the_variable_of_a_token_that_was_given_and_never_shows_it() {
    for format in ["text", "json"] {
        let stub = Served::with(&["--token-env", "CANARY", "--log", "--print", format]);
        let (line, mut stream) = (stub.line.clone(), stub.connect());
        assert_eq!(ask(&mut stream, "GET", &format!("/v2/images?token={TOKEN}"), "").0, 200);
        stub.signal("TERM");
        let (_, said) = stub.end();
        assert!(line.contains(r#""token":null,"token_env":"CANARY""#) != (format == "text"), "{line}");
        assert!(!line.contains("Secret") && !said.contains("Secret"), "{line}{said}");
    }
}

#[test]
fn a_log_has_a_line_for_each_request() {
    let stub = Served::with(&["--log", "--print", "json"]);
    let mut stream = stub.connect();
    for (token, method, path, body) in [
        ("stub-token", "POST", "/v2/images", "{}"),
        ("stub-token", "POST", "/v2/images", "{\"min_disk\": 0}"),
        ("another-one", "GET", "/v2/images?name=a", ""),
        ("stub-token", "GET", "/nowhere", ""),
    ] {
        send(&mut stream, token, method, path, body);
        receive(&mut stream);
    }
    stub.signal("TERM");
    let (_, said) = stub.end();
    let lines: Vec<_> = said.lines().map(|line| line.split_once("Z ").unwrap().1).collect();
    let expected = ["POST /v2/images 201", "POST /v2/images 400", "GET /v2/images?name=a 401", "GET /nowhere 404"];
    assert_eq!(lines, expected);
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_answer_and_no_signal() {
    let stub = Served::with(&["--log", "--print", "json"]);
    let mut stream = stub.connect();
    let path = format!("/v2/images?{}", "a".repeat(200));
    // A pipe holds 64 KiB, and the queue before it some thousand lines.
    for _ in 0..5500 {
        assert_eq!(ask(&mut stream, "GET", &path, "").0, 401);
    }
    let asked = Instant::now();
    stub.signal("TERM");
    let (mut child, mut said) = (stub, String::new());
    assert_eq!(child.child.wait().unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    child.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!((10..5500).contains(&said.lines().count()), "{}", said.lines().count());
}

#[test]
fn a_log_that_is_read_late_says_how_many_lines_it_lacks() {
    let mut stub = Served::with(&["--log", "--print", "json"]);
    let mut stream = stub.connect();
    let path = format!("/v2/images?{}", "a".repeat(200));
    for _ in 0..5500 {
        ask(&mut stream, "GET", &path, "");
    }
    let mut log = BufReader::new(stub.child.stderr.take().unwrap());
    let mut said = Vec::new();
    for _ in 0..500 {
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        said.push(line);
    }
    // There is room again.
    ask(&mut stream, "GET", &path, "");
    stub.signal("TERM");
    said.extend(log.lines().map(Result::unwrap));
    let lacking = |line: &String| line.strip_prefix("the log lacks ")?.split(' ').next()?.parse::<usize>().ok();
    let lost: Vec<_> = said.iter().filter_map(lacking).collect();
    assert!(lost.iter().sum::<usize>() > 100, "{lost:?}");
    assert_eq!(said.len() - lost.len() + lost.iter().sum::<usize>(), 5501);
}

#[test]
fn the_usual_token_is_shown_as_it_is_wherever_it_comes_from() {
    for (variable, arguments) in
        [("OS_TOKEN", &[] as &[&str]), ("OS_TOKEN", &["--token-env", "OS_TOKEN"]), ("MINE", &["--token-env", "MINE"])]
    {
        let stub = Served::of(command(&["--print", "json", "--log"]).args(arguments).env(variable, "stub-token"));
        let ready: Value = serde_json::from_str(&stub.line).unwrap();
        assert_eq!((&ready["token"], &ready["token_env"]), (&json!("stub-token"), &Value::Null), "{arguments:?}");
        let mut stream = stub.connect();
        send(&mut stream, "stub-token", "GET", "/v2/images?name=stub-token", "");
        assert_eq!(receive(&mut stream).0, 200);
        stub.signal("TERM");
        let (_, said) = stub.end();
        assert_eq!(said.split_once("Z ").unwrap().1, "GET /v2/images?name=stub-token 200\n", "{said}");
    }
}

#[test]
fn a_variable_without_a_token_starts_no_stub() {
    for (arguments, value, said) in [
        (&[] as &[&str], "\u{e4}token", "$OS_TOKEN is no token"),
        (&[], "a b", "$OS_TOKEN is no token"),
        (&[], " ", "$OS_TOKEN is no token"),
        (&["--token-env", "MINE"], "", "the environment variable MINE is not set"),
        (&["--token-env", "OS_TOKEN"], "", "the environment variable OS_TOKEN is not set"),
    ] {
        let output = command(arguments).env("OS_TOKEN", value).output().unwrap();
        let (code, text) = crate::program::text_of(&output);
        assert!(
            code == 2 && text.contains(said) && !text.contains("token\u{e4}"),
            "{arguments:?} {value:?}: {code} {text}"
        );
    }
    let stub = Served::of(command(&["--print", "json"]).env("OS_TOKEN", ""));
    assert!(stub.line.contains("stub-token"), "an empty variable is as none: {}", stub.line);
}

#[test]
fn the_sample_of_the_page_ends_also_where_it_fails() {
    let page = crate::pages::Page::read(std::path::Path::new("src/cli/README.md"));
    let blocks = page.blocks();
    let sample = blocks.iter().find(|block| block.file() == Some("stub_test.py")).unwrap().text();
    let folder = tempfile::TempDir::new().unwrap();
    let spoilt = sample.replace(r#"b'{"name": "mine"}'"#, "b'{'");
    assert_ne!(sample, spoilt);
    std::fs::write(folder.path().join("stub_test.py"), spoilt).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_ims-conformance")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut python = Command::new("python3");
    python.arg("stub_test.py").current_dir(folder.path()).env("PATH", path).stderr(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.code() == Some(1) && said.contains("HTTPError"), "{said}");
}

#[test]
fn without_a_log_it_tells_of_no_request() {
    let stub = Served::with(&["--print", "json"]);
    let mut stream = stub.connect();
    ask(&mut stream, "GET", "/v2/images", "");
    stub.signal("TERM");
    assert_eq!(stub.end(), (Some(0), String::new()));
}

#[test]
fn a_polite_signal_lets_the_answer_under_way_finish_and_holds_up_for_no_idle_connection() {
    for signal in ["INT", "TERM"] {
        let stub = Served::start();
        let (mut fresh, mut idle, mut busy) = (stub.connect(), stub.connect(), stub.connect());
        assert_eq!(ask(&mut idle, "GET", "/v2/images", "").0, 200);
        let head =
            format!("POST /v2/images HTTP/1.1\r\nHost: stub\r\nX-Auth-Token: {TOKEN}\r\nContent-Length: 2\r\n\r\n");
        busy.get_mut().write_all(head.as_bytes()).unwrap();
        // An answer shows that all connections are there.
        assert_eq!(ask(&mut idle, "GET", "/v2/images", "").0, 200);
        std::thread::sleep(Duration::from_millis(200));
        let asked = Instant::now();
        stub.signal(signal);
        assert_eq!(idle.read(&mut [0]).unwrap(), 0, "it is closed");
        assert_eq!(fresh.read(&mut [0]).unwrap(), 0, "it is closed");
        busy.get_mut().write_all(b"{}").unwrap();
        assert_eq!(receive(&mut busy).0, 201);
        assert_eq!(stub.end().0, Some(0), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    }
}

#[test]
fn whoever_asks_twice_does_not_wait_for_what_is_under_way() {
    let stub = Served::start();
    let mut busy = stub.connect();
    busy.get_mut().write_all(b"POST /v2/images HTTP/1.1\r\nHost: stub\r\nContent-Length: 2\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    stub.signal("TERM");
    // The same signal twice at once is one.
    std::thread::sleep(Duration::from_millis(300));
    stub.signal("INT");
    assert_eq!(stub.end().0, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
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

#[test]
fn a_stub_with_a_certificate_speaks_https_to_who_trusts_it_and_nothing_else() {
    let folder = tempfile::TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let certificate = file("certificate.pem", made.cert.pem());
    let key = file("key.pem", made.signing_key.serialize_pem());
    let shown = ["--tls-cert", &certificate, "--tls-key", &key];
    let stub = Served::with(&[&shown[..], &["--token-env", "CANARY"]].concat());
    let endpoint = format!("https://{}", stub.host);
    assert_eq!(stub.line.trim_end(), endpoint);
    let run = |more: &[&str]| {
        let arguments = ["run", "--endpoint", &endpoint, "--token-env", "CANARY", "min_disk/accepts", "--retries", "0"];
        let output = crate::program::program(&[&arguments[..], more].concat()).output().unwrap();
        crate::program::text_of(&output)
    };
    let (code, text) = run(&["--cacert", &certificate]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(&[]);
    assert!(code == 3 && text.contains("certificate"), "{text}");
    // Whoever does not encrypt gets no answer, and the next one does.
    let mut plain = TcpStream::connect(&stub.host).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    assert_eq!(run(&["--cacert", &certificate]).0, 0);
    for (arguments, wanted) in [
        (&["--tls-cert", &key, "--tls-key", &key][..], "the certificate is none: expected PEM with BEGIN CERTIFICATE"),
        (
            &["--tls-cert", &certificate, "--tls-key", &certificate],
            "the key is none: expected PEM with BEGIN PRIVATE KEY",
        ),
        (&["--tls-cert", &certificate], "--tls-key <FILE>"),
    ] {
        let (code, text) = crate::program::text_of(&command(arguments).output().unwrap());
        assert!(code == 2 && text.contains(wanted) && !text.contains("PRIVATE KEY-----"), "{code} {text}");
    }
    let other = rcgen::KeyPair::generate().unwrap();
    let other = file("other.pem", other.serialize_pem());
    let output = command(&["--tls-cert", &certificate, "--tls-key", &other]).output().unwrap();
    let (code, text) = crate::program::text_of(&output);
    assert!(code == 2 && text.contains("certificate and key cannot be used together"), "{code} {text}");
}
