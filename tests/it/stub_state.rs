//! What the `stub` command holds, and does on purpose: seeded state that can be looked at and put back, answers that are slow, and some that fail.

#![cfg(unix)]
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ims_conformance::client::{Service, Token};
use ims_conformance::exchange::{Request, TokenVariant};
use ims_conformance::stub::{DEFAULT_TOKEN, SeedError, StartError, Stub, StubService};
use ims_conformance::suite::Suite;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a `stub` command says that ends at once.
fn refused(arguments: &[&str]) -> String {
    let (code, text) = crate::program::outcome(&[&["stub", "--listen", "127.0.0.1:0"], arguments].concat());
    assert_eq!(code, 2, "{arguments:?}: {text}");
    text
}

/// Status and body of a request, over a connection of its own.
async fn ask(stub: &Stub, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (address, length) = (stub.address(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: stub\r\nConnection: close\r\nX-Auth-Token: {DEFAULT_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

fn builder() -> ims_conformance::stub::StubBuilder {
    Stub::builder(&Suite::built_in("otc").unwrap().unwrap().contract)
}

fn names(state: &[Value]) -> Vec<&str> {
    state.iter().map(|image| image["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_seeded_is_there_whole_and_comes_back_with_a_reset() {
    let seeds = [json!({"name": "a", "status": "active", "id": "one"}), json!({"name": "b"})];
    let stub = builder().seed_state(seeds).start().await.unwrap();
    let (status, image) = ask(&stub, "GET", "/v2/images/one", "").await;
    assert_eq!((status, &image["status"], &image["self"]), (200, &json!("active"), &json!("/v2/images/one")));
    assert_eq!(image["disk_format"], "zvhd2", "what is not said is as after a creation");
    let before = stub.state();
    assert_eq!(ask(&stub, "POST", "/v2/images", "{\"name\": \"c\"}").await.0, 201);
    assert_eq!(ask(&stub, "DELETE", "/v2/images/one", "").await.0, 204);
    assert_eq!(names(&stub.state()), ["b", "c"]);
    stub.reset();
    assert_eq!(stub.state(), before);
}

#[tokio::test]
async fn the_calls_about_the_stub_show_and_reset_it_where_they_are_switched_on() {
    let stub = builder().seed_state([json!({"name": "a"})]).admin().start().await.unwrap();
    ask(&stub, "POST", "/v2/images", "{\"name\": \"b\"}").await;
    let (status, state) = ask(&stub, "GET", "/-/state", "").await;
    assert_eq!((status, names(state.as_array().unwrap())), (200, vec!["a", "b"]));
    assert_eq!(ask(&stub, "DELETE", "/-/state", "").await.0, 204);
    assert_eq!(names(&stub.state()), ["a"]);
    assert_eq!(ask(&stub, "POST", "/-/state", "").await.0, 405);
    let closed = builder().start().await.unwrap();
    assert_eq!(ask(&closed, "GET", "/-/state", "").await.0, 404);
}

#[tokio::test]
async fn the_versions_are_told_to_anybody() {
    for suite in ["otc", "glance"] {
        let contract = Suite::built_in(suite).unwrap().unwrap().contract;
        let stub = Stub::builder(&contract).token("another-one").start().await.unwrap();
        for (path, expected) in [("/", 300), ("/v2", 200), ("/v2/", 200)] {
            let (status, body) = ask(&stub, "GET", path, "").await;
            assert_eq!((status, &body["versions"][0]["id"]), (expected, &json!("v2.9")), "{suite} {path}");
        }
        assert_eq!(ask(&stub, "GET", "/v2/images", "").await.0, 401);
    }
}

#[tokio::test]
async fn tags_are_added_and_removed_and_a_file_makes_an_image_active() {
    let stub = builder().seed_state([json!({"id": "one", "tags": ["a=1"]})]).start().await.unwrap();
    for (method, path, status, tags) in [
        ("PUT", "/v2/images/one/tags/b", 204, json!(["a=1", "b"])),
        ("PUT", "/v2/images/one/tags/b", 204, json!(["a=1", "b"])),
        ("DELETE", "/v2/images/one/tags/c", 404, json!(["a=1", "b"])),
        ("DELETE", "/v2/images/one/tags/a=1", 204, json!(["b"])),
        ("PUT", "/v2/images/two/tags/b", 404, json!(["b"])),
        ("PUT", "/v2/images/two/file", 404, json!(["b"])),
    ] {
        assert_eq!(ask(&stub, method, path, "").await.0, status, "{method} {path}");
        assert_eq!((&stub.state()[0]["tags"], stub.state().len()), (&tags, 1), "{method} {path}");
    }
    assert_eq!(stub.state()[0]["status"], "queued");
    assert_eq!(ask(&stub, "PUT", "/v2/images/one/file", "bytes").await.0, 204);
    assert_eq!(stub.state()[0]["status"], "active");
}

#[test]
fn a_seed_that_cannot_be_is_named() {
    let suite = Suite::built_in("otc").unwrap().unwrap();
    let error = |seeds: &[Value]| {
        let stub = StubService::new(suite.contract.clone(), Token::new("good").unwrap(), None);
        stub.seeded(seeds).unwrap_err()
    };
    assert_eq!(error(&[json!({}), json!(1)]), SeedError::NoObject(2));
    assert_eq!(error(&[json!({"id": 7})]), SeedError::NoId(1));
    assert_eq!(error(&[json!({"id": "a/b"})]), SeedError::Unreachable(1));
    for (seed, said) in [
        (
            json!({"name": 1}),
            "number 2 of the seeded state has a wrong `name`: expected a value that is of type string",
        ),
        (json!({"tags": "x"}), "a wrong `tags`: expected a value that is of type array"),
        (json!({"tags": [1]}), "a wrong `tags`: expected a value that is of type string"),
        (json!({"min_disk": 1025}), "a wrong `min_disk`: expected a value that is at most 1024"),
        (json!({"created_at": "yesterday"}), "a wrong `created_at`"),
    ] {
        let text = error(&[json!({}), seed]).to_string();
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(error(&[json!({"id": "a"}), json!({"id": "a"})]), SeedError::SameId(2));
    let said = error(&[json!({"nmae": "a"})]).to_string();
    assert_eq!(said, "number 1 of the seeded state has a field `nmae`, which no answer has; did you mean `name`?");
}

#[test]
fn the_command_names_the_file_of_a_seed_that_cannot_be() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("seeds.json");
    let seeds = file.to_str().unwrap();
    assert!(refused(&["--seed-state", seeds]).contains("cannot read"));
    for (text, said) in [
        ("{}", "expected a JSON array of objects"),
        (r#"[{"nmae": 1}]"#, "did you mean `name`?"),
        (r#"[{"name": "a", "name": "b"}]"#, "the key `name` stands twice in one object"),
    ] {
        fs::write(&file, text).unwrap();
        let text = refused(&["--seed-state", seeds]);
        assert!(text.contains(seeds) && text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn what_a_stub_tells_of_itself_another_one_can_begin_with() {
    for suite in ["otc", "glance"] {
        let contract = Suite::built_in(suite).unwrap().unwrap().contract;
        let first = Stub::builder(&contract).admin().start().await.unwrap();
        let (_, made) = ask(&first, "POST", "/v2/images", r#"{"name": "a", "tags": ["k=v"], "min_disk": 7}"#).await;
        ask(&first, "POST", "/v2/images", "{}").await;
        let file = format!("/v2/images/{}/file", made["id"].as_str().unwrap());
        assert_eq!(ask(&first, "PUT", &file, "bytes").await.0, 204);
        let told = ask(&first, "GET", "/-/state", "").await.1;
        assert_eq!(told[0]["status"], "active");
        let second = Stub::builder(&contract).seed_state(told.as_array().unwrap().clone()).start().await.unwrap();
        assert_eq!(Value::from(second.state()), told, "{suite}");
    }
}

#[test]
fn the_seeds_can_come_through_a_pipe() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    for place in ["-", "/dev/stdin"] {
        let mut command =
            crate::program::program(&["stub", "--listen", "127.0.0.1:0", "--admin", "--seed-state", place]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(br#"[{"name": "piped"}]"#).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(line.starts_with("http://"), "{place}: {line}");
    }
}

#[test]
fn an_address_that_cannot_be_listened_on_is_told_with_one_that_can() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (address, said) in
        [(address.as_str(), "`--listen 127.0.0.1:0` takes a free port"), ("9192", "it must be HOST:PORT")]
    {
        let (code, text) = crate::program::outcome(&["stub", "--listen", address]);
        assert!(code == 2 && text.contains(said), "{address}: {code} {text}");
    }
}

#[test]
fn the_listed_defects_can_be_narrowed_and_pasted() {
    let list = |arguments: &[&str]| crate::program::outcome(&[&["stub", "--list-defects"], arguments].concat());
    let (code, text) = list(&["min_disk.maximum"]);
    let expected = "min_disk.maximum:";
    assert!(code == 0 && text.lines().count() > 1 && text.lines().all(|line| line.contains(expected)), "{text}");
    let (code, text) = list(&["nothing_of_the_kind"]);
    assert!(code == 2 && text.contains("nothing_of_the_kind"), "{text}");
    let (_, text) = list(&["--print", "json"]);
    let told: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(told.len() > 300 && told.iter().all(|defect| defect["clause"].is_string() && defect["text"].is_string()));
    let odd = |name: &str| name.contains([' ', '\'', '"']);
    let odd = told.iter().map(|defect| defect["name"].as_str().unwrap()).find(|name| odd(name)).unwrap();
    let (_, text) = list(&[odd]);
    let word = text.split("  ").next().unwrap();
    let echo = std::process::Command::new("bash").args(["-c", &format!("printf %s {word}")]).output().unwrap();
    assert_eq!(String::from_utf8(echo.stdout).unwrap(), odd);
}

#[test]
fn what_is_no_latency_or_no_rate_is_refused() {
    for (option, value) in [("--latency", "-1"), ("--latency", "soon"), ("--fail-rate", "1.1"), ("--fail-rate", "NaN")]
    {
        for arguments in [&[format!("{option}={value}").as_str()] as &[&str], &[option, value]] {
            let text = refused(arguments);
            assert!(text.contains("expected"), "{arguments:?}: {text}");
        }
    }
}

#[tokio::test]
async fn what_is_no_token_starts_no_stub() {
    let error = builder().token("two words").start().await.unwrap_err();
    assert!(matches!(error, StartError::Token), "{error}");
    let first = builder().start().await.unwrap();
    let error = builder().listen(first.address().to_string()).start().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_slow_stub_takes_its_time_with_each_answer() {
    let stub = builder().latency(Duration::from_millis(300)).start().await.unwrap();
    let begin = Instant::now();
    assert_eq!(ask(&stub, "GET", "/v2/images", "").await.0, 200);
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn the_same_seed_fails_the_same_requests_and_what_fails_does_nothing() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let stub = builder().fail_rate(0.3, seed).start().await.unwrap();
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(ask(&stub, "POST", "/v2/images", "{}").await.0);
        }
        let created = statuses.iter().filter(|status| **status == 201).count();
        assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
        assert_eq!(stub.state().len(), created);
        assert!((1..40).contains(&created), "{created}");
        stub.reset();
        for before in &statuses {
            assert_eq!(ask(&stub, "POST", "/v2/images", "{}").await.0, *before, "the same ones after a reset");
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn what_fails_on_purpose_has_the_form_of_an_error_of_the_contract() {
    let stub = builder().fail_rate(1.0, 1).start().await.unwrap();
    let (status, body) = ask(&stub, "GET", "/v2/images", "").await;
    assert_eq!((status, &body["error"]["message"]), (503, &json!("the stub fails on purpose")));
}

#[tokio::test]
async fn a_stub_that_is_dropped_gives_its_address_back() {
    let heard = std::sync::Arc::new(Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&heard);
    let stub = builder().log(move |answered| log.lock().unwrap().push(answered.status)).start().await.unwrap();
    ask(&stub, "GET", "/v2/images", "").await;
    assert_eq!(*heard.lock().unwrap(), [200]);
    let address = stub.address();
    drop(stub);
    // Its end is heard when its task runs next.
    let end = Instant::now() + Duration::from_secs(5);
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < end, "somebody still listens");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_service_without_http_can_be_seeded_and_reset_too() {
    let suite = Suite::built_in("glance").unwrap().unwrap();
    let stub =
        StubService::new(suite.contract, Token::new("good").unwrap(), None).seeded(&[json!({"mine": "x"})]).unwrap();
    assert_eq!(stub.state()[0]["mine"], "x", "a property of the caller's own");
    let id = stub.state()[0]["id"].as_str().unwrap().to_owned();
    let request = Request {
        method: "DELETE".to_owned(),
        path: format!("/v2/images/{id}"),
        headers: Vec::new(),
        body: None,
        credential: TokenVariant::Good,
    };
    assert_eq!((stub.answer(&request, Some("good")).status, stub.state().len()), (204, 0));
    stub.reset();
    assert_eq!(stub.state()[0]["id"], id.as_str());
}
