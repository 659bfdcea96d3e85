//! Logins of the program from outside: what the endpoint is, what a login without a project says, and what a busy identity service does to a run.

use std::process::Command;

use crate::server::{Server, TOKEN};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A token that ends after so many seconds, for a project or not, and the image service where the catalog has it.
fn token(seconds: i64, project: bool, address: Option<&str>) -> ResponseTemplate {
    let ends = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
    let services = address
        .map(|url| json!({"type": "image", "endpoints": [{"interface": "public", "region": "one", "url": url}]}));
    let dns =
        json!({"type": "dns", "endpoints": [{"interface": "public", "region": "one", "url": "http://127.0.0.1:1"}]});
    let mut facts = json!({
        "expires_at": ends.format(&Rfc3339).unwrap(),
        "user": {"id": "u", "name": "me"},
    });
    if project {
        facts["project"] = json!({"id": "p", "name": "work"});
        facts["catalog"] = services.into_iter().chain([dns]).collect::<Vec<Value>>().into();
    }
    ResponseTemplate::new(201).insert_header("X-Subject-Token", TOKEN).set_body_json(json!({"token": facts}))
}

/// An identity service that gives these answers, the last one for ever.
async fn keystone(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let last = answers.len() - 1;
    for (number, answer) in answers.into_iter().enumerate() {
        let mock = Mock::given(any()).respond_with(answer);
        if number == last { mock.mount(&server).await } else { mock.up_to_n_times(1).mount(&server).await }
    }
    server
}

/// Exit code and output of the program, logged in with a password.
async fn run(keystone: &MockServer, arguments: &[&str]) -> (i32, String) {
    let (address, arguments) = (keystone.uri(), arguments.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(move || {
        let home = tempfile::tempdir().unwrap();
        Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .args(arguments)
            .env_clear()
            .env("HOME", home.path())
            .envs([("OS_AUTH_URL", address.as_str()), ("OS_USER_ID", "u"), ("OS_PASSWORD", "canary-password")])
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains(TOKEN) && !text.contains("canary-password"), "{text}");
    (output.status.code().unwrap_or(-1), text)
}

const FEW: [&str; 2] = ["run", "min_disk/rejects_0"];

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_that_is_named_outranks_the_catalog_also_where_the_catalog_lacks_it() {
    let endpoint = Server::faithful().listen();
    for elsewhere in [Some("http://127.0.0.1:1"), None] {
        let keystone = keystone(vec![token(3600, true, elsewhere)]).await;
        let (code, text) = run(&keystone, &[&FEW[..], &["--endpoint", &endpoint]].concat()).await;
        assert_eq!(code, 0, "{text}");
        assert!(text.contains(&format!("me in work (no role) at {endpoint}")), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_project_says_that_it_is_missing() {
    let keystone = keystone(vec![token(3600, false, None)]).await;
    let (code, text) = run(&keystone, &FEW).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("the login is for no project") && text.contains("OS_PROJECT_NAME"), "{text}");
    let endpoint = Server::faithful().listen();
    let (_, text) = run(&keystone, &[&FEW[..], &["--endpoint", &endpoint]].concat()).await;
    assert!(text.contains("warning: the login is for no project"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_identity_service_is_asked_again() {
    let endpoint = Server::faithful().listen();
    for status in [429, 500, 502, 503, 504] {
        let busy = ResponseTemplate::new(status);
        let keystone = keystone(vec![busy, token(3600, true, Some(&endpoint))]).await;
        let (code, text) = run(&keystone, &[&FEW[..], &["--retries", "1"]].concat()).await;
        assert_eq!(code, 0, "{status}: {text}");
    }
    let refusing = keystone(vec![ResponseTemplate::new(401), token(3600, true, Some(&endpoint))]).await;
    let (code, text) = run(&refusing, &FEW).await;
    assert_eq!(code, 3, "a refusal is no trouble that passes: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_service_that_is_busy_once_at_a_renewal_ends_no_run() {
    let server = Server::faithful();
    let endpoint = server.listen();
    let first = token(5, true, Some(&endpoint));
    let answers = vec![first, ResponseTemplate::new(503), token(3600, true, Some(&endpoint))];
    let keystone = keystone(answers).await;
    let (code, text) = run(&keystone, &[&FEW[..], &["--retries", "1"]].concat()).await;
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("gave no new one"), "{text}");
    assert_eq!(keystone.received_requests().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_service_that_stays_busy_at_a_renewal_is_named_as_the_cause() {
    let server = Server::with(|server, request, token| {
        // The token is good for a few requests.
        Some(if server.seen().len() > 7 { crate::server::bare(401) } else { server.pass(request, token) })
    });
    let keystone = keystone(vec![token(3600, true, Some(&server.listen())), ResponseTemplate::new(503)]).await;
    let (code, text) = run(&keystone, &["run", "min_disk/", "--phase", "case", "--retries", "0"]).await;
    assert_eq!(code, 5, "what is there cannot be removed without a token: {text}");
    let cause = format!("cannot log in at {}: it answers 503", keystone.uri());
    assert!(text.contains("the identity service gave no new one") && text.contains(&cause), "{text}");
}
