//! A server of one's own is held against the contract.

use std::sync::Arc;

use ims_conformance::client::Token;
use ims_conformance::harness::{Checked, Harness, block_on};
use ims_conformance::run::Required;
use ims_conformance::stub::StubService;
use ims_conformance::stub::defect::defects;
use ims_conformance::suite::Suite;
use wiremock::matchers::{any, method, path};
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
        let faithful = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None);
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
        let images = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None);
        Mock::given(any()).respond_with(images).mount(&server).await;
        harness().run(&server.uri()).await.unwrap()
    });
    assert!(checked.holds(), "{checked}");
}

/// What a run says about a server that has no call but the one under test, which keeps the contract but for this defect.
fn checked_alone(defect: Option<&str>) -> Checked {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let known = defects(&suite.contract);
    let defect = defect.map(|name| known.iter().find(|defect| defect.name == name).unwrap());
    let creation = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), defect);
    block_on(async {
        let server = MockServer::start().await;
        Mock::given(method("POST")).and(path("/v2/images")).respond_with(creation).mount(&server).await;
        harness().run(&server.uri()).await.unwrap()
    })
}

#[test]
fn a_server_that_can_only_create_gets_a_full_verdict_on_that() {
    let checked = checked_alone(None);
    assert!(checked.holds() && checked.results.skipped.is_empty(), "{checked}");
    assert!(checked.to_string().contains("GET /v2/images/{id}: not there, the answer is 404"), "{checked}");
    let checked = checked_alone(Some("request.min_disk.maximum:off-by-one"));
    let broken: Vec<_> = checked.results.findings.iter().map(|finding| finding.clause.to_string()).collect();
    assert_eq!(broken, ["request.min_disk.maximum"], "{checked}");
}

#[test]
fn a_call_that_is_required_must_be_there() {
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let creation = StubService::new(Arc::clone(&suite.contract), Token::new(TOKEN).unwrap(), None);
    let refused = block_on(async {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(creation).mount(&server).await;
        harness().require(Required::ALL).run(&server.uri()).await
    });
    assert!(refused.unwrap_err().to_string().contains("GET /v2/images/{id} is required"));
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
