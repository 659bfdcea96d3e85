//! A server of one's own is held against the contract.

use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::harness::{Checked, Harness, block_on};
use ims_conformance::stub::StubService;
use ims_conformance::suite::Suite;
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

const TOKEN: &str = "a-token-of-the-test";

fn harness() -> Harness {
    Harness::built_in("otc").unwrap().token(TOKEN).unwrap().select("request.min_disk")
}

/// What a run says about a server that answers so to each creation, and otherwise as it should.
fn checked(creation: impl Respond + 'static) -> Checked {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    block_on(async {
        let server = MockServer::start().await;
        let faithful = StubService::new(suite, Token::new(TOKEN).unwrap(), None);
        Mock::given(method("POST")).respond_with(creation).with_priority(1).mount(&server).await;
        Mock::given(any()).respond_with(faithful).mount(&server).await;
        harness().run(&server.uri()).await.unwrap()
    })
}

#[test]
fn a_server_that_takes_everything_is_accused() {
    let checked = checked(ResponseTemplate::new(201));
    assert!(!checked.holds() && checked.to_string().contains("FAIL"), "{checked}");
    assert!(!checked.to_string().contains(TOKEN), "{checked}");
}

#[test]
fn a_server_that_keeps_the_contract_holds() {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let checked = block_on(async {
        let server = MockServer::start().await;
        let images = StubService::new(suite, Token::new(TOKEN).unwrap(), None);
        Mock::given(any()).respond_with(images).mount(&server).await;
        harness().run(&server.uri()).await.unwrap()
    });
    assert!(checked.holds(), "{checked}");
}

#[test]
fn a_secret_that_nobody_has_set_is_an_error() {
    assert!(Harness::built_in("otc").unwrap().token("").is_err());
}

#[test]
fn an_endpoint_elsewhere_needs_a_folder_for_ledgers() {
    let refused = block_on(Harness::built_in("otc").unwrap().run("https://ims.example.com"));
    assert!(refused.unwrap_err().to_string().contains("name a folder for ledgers"));
}
