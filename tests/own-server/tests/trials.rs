//! Each probe is a test of its own name.

use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::harness::libtest_mimic::{Arguments, run};
use ims_conformance::harness::{Harness, block_on};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "a-token-of-the-test";

/// How many tests pass and fail of a server that answers so to each creation, and otherwise as it should; and how many creations it was asked for.
fn count(creation: Option<ResponseTemplate>, options: &[&str]) -> (u64, u64, usize) {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let server = block_on(async {
        let server = MockServer::start().await;
        if let Some(creation) = creation {
            Mock::given(method("POST")).respond_with(creation).with_priority(1).mount(&server).await;
        }
        let faithful = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None);
        Mock::given(any()).respond_with(faithful).mount(&server).await;
        server
    });
    let arguments = Arguments::from_iter(["trials", "--quiet"].iter().chain(options));
    let harness = Harness::built_in("otc").unwrap().token(TOKEN).unwrap().select("min_disk/");
    let conclusion = run(&arguments, harness.trials(&server.uri(), &arguments).unwrap());
    let requests = block_on(server.received_requests()).unwrap();
    let creations = requests.iter().filter(|request| request.method.as_str() == "POST").count();
    (conclusion.num_passed, conclusion.num_failed, creations)
}

#[test]
fn a_server_that_keeps_the_contract_passes_every_test() {
    let (passed, failed, _) = count(None, &[]);
    assert!(passed > 20 && failed == 0, "{passed} passed, {failed} failed");
}

#[test]
fn a_server_that_refuses_everything_fails_what_is_valid() {
    let (passed, failed, _) = count(Some(ResponseTemplate::new(400)), &[]);
    assert!(failed > 20 && passed > 0, "{passed} passed, {failed} failed");
}

#[test]
fn only_what_is_asked_for_is_sent() {
    // One creation shows which calls the server has.
    assert_eq!(count(None, &["--exact", "min_disk/rejects_0"]), (1, 0, 2));
    assert_eq!(count(None, &["--exact", "no such test"]), (0, 0, 0));
    let (passed, failed, creations) = count(None, &["--exact", "the run as a whole"]);
    assert!((passed, failed) == (1, 0) && creations > 20, "{passed} passed, {failed} failed, {creations} creations");
}
