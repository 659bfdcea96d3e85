//! Servers that are broken below the contract: they hang, cut off, lie about lengths, stream for ever, send garbage. A run against them ends, with a verdict
//! that says nothing false: what is no answer is never a broken clause.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longer than any run here.
const LONG: Duration = Duration::from_secs(59);

/// A good answer to a call that does not look at its request.
const CREATED: &str = include_str!("../../benches/answer.json");

/// Serves with `behave`, which gets each connection after its request was read, and how many there were before it.
fn serve(behave: impl Fn(&mut TcpStream, &[u8], usize) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (behave, count) = (Arc::new(behave), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (behave, number) = (Arc::clone(&behave), count.fetch_add(1, Ordering::Relaxed));
            std::thread::spawn(move || {
                let request = read_request(&mut stream);
                behave(&mut stream, &request, number);
            });
        }
    });
    endpoint
}

/// Reads the head, and as much of a body as it declares.
fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = vec![0; 65536];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let declared = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok());
            if body.len() >= declared.unwrap_or(0) {
                return request;
            }
        }
        if read == 0 {
            return request;
        }
    }
}

fn answer(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

/// Answers 404 to everything but the call under test, so that the run begins and cleans up.
fn only_on_creation(behave: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> String {
    serve(move |stream, request, number| {
        if request.starts_with(b"POST ") {
            behave(stream, number);
        } else {
            let is_list = request.starts_with(b"GET /v2/images HTTP");
            let (status, body) = if is_list { ("200 OK", "{\"images\":[]}") } else { ("404 Not Found", "") };
            answer(stream, status, "Content-Type: application/json\r\n", body.as_bytes());
        }
    })
}

/// Runs the program against the endpoint, and holds it to one of these exit codes.
fn run(endpoint: &str, selector: &str, allowed: &[i32]) -> String {
    run_with(endpoint, selector, allowed, &["--retries", "0"], &[])
}

fn run_with(endpoint: &str, selector: &str, allowed: &[i32], more: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args([
            "run",
            selector,
            "--phase",
            "case",
            "--endpoint",
            endpoint,
            "--token-env",
            "CANARY",
            "--timeout",
            "1",
            "--settle",
            "1",
        ])
        .args(more)
        .env("CANARY", "a-token-of-the-test")
        .env("IMS_LEDGER", concat!(env!("CARGO_TARGET_TMPDIR"), "/ledgers"))
        .env_remove("IMS_ENDPOINT")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().unwrap_or(-1);
    assert!(allowed.contains(&code), "exit {code}: {text}");
    assert!(!text.contains("panicked") && !text.contains("a-token-of-the-test"), "{text}");
    if code == 3 {
        assert!(!text.contains("FAIL"), "{text}");
    }
    text
}

#[test]
fn one_that_accepts_and_never_answers() {
    let text = run(&serve(|_, _, _| std::thread::sleep(LONG)), "min_disk/", &[3]);
    assert!(text.contains("no complete answer within the time"), "{text}");
}

#[test]
fn one_that_never_answers_a_creation() {
    let endpoint = only_on_creation(|_, _| std::thread::sleep(LONG));
    let text = run(&endpoint, "min_disk/", &[3]);
    assert!(
        text.contains("ended early: too many inconclusive probes in a row: no complete answer within the time"),
        "{text}"
    );
    assert!(text.contains(" 0 left behind, 0 perhaps"), "the list tells that nothing is there: {text}");
    let without_list = serve(|stream, request, _| {
        if request.starts_with(b"POST ") {
            std::thread::sleep(LONG);
        }
        let is_list = request.starts_with(b"GET /v2/images HTTP");
        answer(stream, if is_list { "403 Forbidden" } else { "404 Not Found" }, "", b"");
    });
    let text = run(&without_list, "min_disk/", &[3]);
    assert!(text.contains("perhaps something: the answer to the look before the run was lost"), "{text}");
}

#[test]
fn one_that_answers_a_byte_at_a_time() {
    let slow = |stream: &mut TcpStream, _| {
        for byte in b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n".iter().chain(CREATED.as_bytes()) {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    };
    run(&only_on_creation(slow), "min_disk/accepts", &[3]);
}

#[test]
fn those_that_break_off() {
    for beginning in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 201 Created\r\nContent-",
        "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"id\"",
    ] {
        let text = run(
            &only_on_creation(move |stream, _| drop(stream.write_all(beginning.as_bytes()))),
            "min_disk/accepts",
            &[3],
        );
        assert!(text.contains("the connection broke"), "{text}");
    }
}

#[test]
fn those_that_send_garbage() {
    let table: [&[u8]; 4] = [
        b"\x00\x01\x02\x03garbage\xff",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/9.9 banana\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ];
    for garbage in table {
        run(&serve(move |stream, _, _| drop(stream.write_all(garbage))), "min_disk/accepts", &[3]);
    }
}

#[test]
fn one_that_streams_for_ever() {
    let endless = |stream: &mut TcpStream, _| {
        let _ =
            stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    };
    let text = run(&only_on_creation(endless), "min_disk/accepts", &[3]);
    assert!(text.contains("larger than what is read of one") || text.contains("within the time"), "{text}");
}

#[test]
fn those_with_answers_that_are_no_json_object() {
    let deep = format!("{{\"id\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let table: [Vec<u8>; 4] = [
        deep.into_bytes(),
        b"{\"id\":\"\xff\xfe\"}".to_vec(),
        b"\x1f\x8b\x08\x00bomb".to_vec(),
        CREATED.as_bytes()[..90].to_vec(),
    ];
    for body in table {
        let text = run(
            &only_on_creation(move |stream, _| {
                answer(stream, "201 Created", "Content-Type: application/json\r\n", &body);
            }),
            "min_disk/accepts",
            &[1],
        );
        assert!(text.contains("FAIL response.type"), "{text}");
    }
}

#[test]
fn one_that_compresses_what_nobody_asked_it_to() {
    // 1000 bytes, each of which may stand for a thousand: nobody unpacks them.
    let bomb = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".as_slice(), &[0; 1000]].concat();
    let endpoint = only_on_creation(move |stream, _| {
        answer(stream, "201 Created", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", &bomb);
    });
    let text = run(&endpoint, "min_disk/accepts", &[3]);
    assert!(text.contains("encoded in another way that was not asked for"), "{text}");
}

#[test]
fn requests_ask_for_an_answer_as_it_is() {
    let endpoint = serve(|stream, request, _| {
        let asks = String::from_utf8_lossy(request).to_ascii_lowercase().contains("accept-encoding: identity\r\n");
        answer(stream, if asks { "401 Unauthorized" } else { "404 Not Found" }, "", b"");
    });
    let text = run(&endpoint, "min_disk/accepts", &[3]);
    assert!(text.contains("answers 401"), "{text}");
}

#[test]
fn one_with_huge_headers() {
    let huge = format!("X-Huge: {}\r\n", "x".repeat(2_000_000));
    run(&serve(move |stream, _, _| answer(stream, "404 Not Found", &huge, b"")), "min_disk/accepts", &[3]);
}

#[test]
fn one_that_goes_on_and_on() {
    let storm =
        |stream: &mut TcpStream, _: &[u8], _| while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {};
    run(&serve(storm), "min_disk/accepts", &[3]);
}

#[test]
fn those_that_are_busy() {
    for (status, headers) in [
        ("429 Too Many Requests", ""),
        ("429 Too Many Requests", "Retry-After: 1\r\n"),
        ("503 Service Unavailable", ""),
        ("504 Gateway Timeout", ""),
        ("502 Bad Gateway", ""),
    ] {
        let text = run(&serve(move |stream, _, _| answer(stream, status, headers, b"")), "min_disk/", &[3]);
        assert!(text.contains(&format!("the answer was {}", &status[..3])), "{text}");
    }
}

#[test]
fn one_whose_tokens_expire_in_the_middle() {
    let text = run(&only_on_creation(|stream, _| answer(stream, "401 Unauthorized", "", b"{}")), "min_disk/", &[3]);
    assert!(text.contains("the answer was 401"), "{text}");
}

#[test]
fn one_that_speaks_no_tls() {
    let endpoint = serve(|stream, _, _| answer(stream, "404 Not Found", "", b""));
    run(&endpoint.replace("http://", "https://"), "min_disk/accepts", &[3]);
}

#[test]
fn those_that_speak_http_in_another_way_are_understood() {
    let chunked = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\nCONTENT-TYPE: text/html\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(b"5\r\n<h1>4\r\n3;x=y\r\n00<\r\n0\r\n\r\n");
    };
    let old = |stream: &mut TcpStream| drop(stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n<h1>400</h1>"));
    let informal = |stream: &mut TcpStream| {
        drop(stream.write_all(
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 400 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ));
    };
    let folded = |stream: &mut TcpStream| {
        answer(
            stream,
            "400 Bad Request",
            "Content-Type: text/html;\r\n  charset=utf-8\r\nX-Long: a\r\n\tb\r\n",
            b"<h1>400</h1>",
        );
    };
    let long = |stream: &mut TcpStream| {
        let headers = "X-Hop: again\r\n".repeat(300);
        answer(stream, "400 Bad Request", &headers, b"");
    };
    let ways: [fn(&mut TcpStream); 5] = [chunked, old, informal, folded, long];
    for way in ways {
        let text = run(&only_on_creation(move |stream, _| way(stream)), "min_disk/rejects", &[0]);
        assert!(text.contains("0 failed, 0 inconclusive"), "{text}");
    }
    for encoding in ["utf-8", "", "Identity", "identity, identity", "identity\r\nContent-Encoding: UTF-8"] {
        let headers = format!("Content-Encoding: {encoding}\r\n");
        let plain = only_on_creation(move |stream, _| answer(stream, "400 Bad Request", &headers, b"no"));
        let text = run(&plain, "min_disk/rejects", &[0]);
        assert!(text.contains("0 failed, 0 inconclusive"), "{encoding}: {text}");
    }
}

#[test]
fn one_that_closes_each_connection_without_a_word() {
    // It says nothing of the end, which comes only when the next request is under way.
    let endpoint = serve(|stream, request, _| {
        let (status, body) = match request {
            request if request.starts_with(b"POST ") => ("400 Bad Request", ""),
            request if request.starts_with(b"GET /v2/images HTTP") => ("200 OK", "{\"images\":[]}"),
            _ => ("404 Not Found", ""),
        };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
        std::thread::sleep(Duration::from_millis(20));
    });
    for jobs in ["1", "8"] {
        let text = run_with(&endpoint, "min_disk/rejects", &[0], &["--jobs", jobs], &[]);
        assert!(text.contains("0 failed, 0 inconclusive"), "{text}");
    }
}

#[test]
fn one_that_closes_without_a_word_behind_what_may_create() {
    let posts = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&posts);
    let endpoint = serve(move |stream, request, _| {
        if !request.starts_with(b"POST ") {
            let is_list = request.starts_with(b"GET /v2/images HTTP");
            let (status, body) = if is_list { ("200 OK", "{\"images\":[]}") } else { ("404 Not Found", "") };
            return answer(stream, status, "Content-Type: application/json\r\n", body.as_bytes());
        }
        seen.fetch_add(1, Ordering::Relaxed);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        std::thread::sleep(Duration::from_millis(100));
    });
    let text = run_with(&endpoint, "min_disk/rejects", &[0], &["--jobs", "1"], &[]);
    assert!(text.contains("0 failed, 0 inconclusive"), "{text}");
    let probes = text.lines().find(|line| line.contains(" passed")).unwrap().split(' ').next().unwrap();
    // One more shows which calls there are.
    let sent = posts.load(Ordering::Relaxed) - 1;
    assert_eq!(sent.to_string(), probes, "the end of a connection is no request: {text}");
}

#[test]
fn one_that_creates_with_an_answer_of_megabytes() {
    let large = |length: usize| [CREATED.as_bytes(), &vec![b' '; length]].concat();
    let created = |length| {
        only_on_creation(move |stream, _| {
            answer(stream, "201 Created", "Content-Type: application/json\r\n", &large(length));
        })
    };
    let text = run(&created(1_100_000), "min_disk/accepts", &[3]);
    assert!(text.contains("larger than what is read of one"), "{text}");
    let text = run(&created(900_000), "min_disk/accepts", &[1]);
    assert!(!text.contains("larger than what is read of one"), "{text}");
    let list = serve(move |stream, request, _| {
        let is_list = request.starts_with(b"GET /v2/images HTTP");
        let body = if is_list { format!("{{\"images\":[]}}{}", " ".repeat(2_000_000)) } else { String::new() };
        let status = if is_list {
            "200 OK"
        } else if request.starts_with(b"POST ") {
            "400 Bad Request"
        } else {
            "404 Not Found"
        };
        answer(stream, status, "Content-Type: application/json\r\n", body.as_bytes());
    });
    let text = run(&list, "min_disk/rejects", &[0]);
    assert!(text.contains("0 failed, 0 inconclusive"), "{text}");
}

#[test]
fn one_that_sends_every_call_elsewhere_says_where_to() {
    let endpoint = serve(|stream, _, _| {
        answer(stream, "301 Moved Permanently", "Location: https://ims.example.com/\u{202e}moc\r\n", b"");
    });
    let text = run(&endpoint, "min_disk/rejects", &[3]);
    assert!(text.contains("answers 301, a redirect to https://ims.example.com/"), "{text}");
    assert!(text.contains("redirects are not followed") && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn one_whose_name_nobody_knows() {
    let text = run("http://ims.invalid", "min_disk/", &[3]);
    assert!(text.contains("nobody knows an address for the name of the host"), "{text}");
}
