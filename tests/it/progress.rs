//! What whoever watches a run is told while nothing is to be seen of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::{IMAGES, Server, TOKEN, bare, come_again, outcome, request, suite};
use ims_conformance::client::{Access, Service, Setup, Target, Token};
use ims_conformance::exchange::{Request, Response};
use ims_conformance::probe::{PollUntil, Script, Step};
use ims_conformance::progress::{Hold, Notice, Progress};
use serde_json::json;
use tempfile::TempDir;

/// What is told while a script is performed and cleaned up after, without repetitions.
fn told(server: &Arc<Server>, steps: Vec<Step>) -> Vec<Notice> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let progress = Progress::to(move |notice| ear.lock().unwrap().push(*notice));
    let service: Arc<dyn Service> = Arc::clone(server) as _;
    let setup = Setup::new(Access::Token(Token::new(TOKEN).unwrap()));
    let target = Target::local(&suite().contract, service, setup).with_progress(progress);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        assert!(target.take_stock().await.is_ok());
        let exchanges = target.perform(&Script { steps }).await;
        target.clean(&exchanges).await;
        target.settle().await;
    });
    let mut heard = heard.lock().unwrap().clone();
    heard.dedup();
    heard
}

/// A server with this behaviour for the first requests with this method.
fn first(
    method: &'static str,
    times: usize,
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> Arc<Server> {
    let count = AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        let is_first = request.method == method && count.fetch_add(1, Ordering::Relaxed) < times;
        Some(if is_first { answer(request) } else { server.pass(request, token) })
    })
}

fn holds(notices: &[Notice]) -> Vec<Hold> {
    let hold = |notice: &Notice| if let Notice::Waiting(_, hold) = notice { Some(*hold) } else { None };
    let mut holds: Vec<_> = notices.iter().filter_map(hold).collect();
    holds.dedup();
    holds
}

fn create() -> Step {
    Step::new(request("POST", IMAGES, r#"{"min_ram":7}"#))
}

#[test]
fn a_long_list_tells_how_far_it_is() {
    let server = Server::with(|server, request, token| {
        let page = request.path.split_once("marker=").map_or("0", |(_, page)| page).parse::<usize>().unwrap_or(9);
        let mut answer = server.pass(request, token);
        if request.path.starts_with(IMAGES) && request.method == "GET" && page < 3 {
            let ids: Vec<_> = (0..25).map(|each| json!({"id": format!("{page}-{each}")})).collect();
            let next = format!("{IMAGES}?marker={}", page + 1);
            answer.body = json!({"images": ids, "next": next}).to_string().into_bytes();
        }
        Some(answer)
    });
    let told = told(&server, Vec::new());
    assert_eq!(told[..3], [Notice::Listing(25), Notice::Listing(50), Notice::Listing(75)]);
}

#[test]
fn each_pause_says_for_how_long_and_why() {
    let asked_for = told(&first("POST", 1, |_| come_again(429, 7)), vec![create()]);
    assert_eq!(asked_for, [Notice::Waiting(Duration::from_secs(7), Hold::Answer(429))]);

    let late = Step {
        poll: Some(PollUntil { statuses: vec![404], within: Duration::from_secs(2) }),
        ..Step::new(request("GET", IMAGES, ""))
    };
    assert_eq!(holds(&told(&Server::faithful(), vec![late])), [Hold::Late]);

    let kept = first("DELETE", 1, |_| bare(204));
    assert_eq!(holds(&told(&kept, vec![create()])), [Hold::StillThere]);

    let lost = Server::with(|server, request, token| {
        Some(if request.method == "POST" { bare(504) } else { server.pass(request, token) })
    });
    let holds = holds(&told(&lost, vec![create()]));
    assert_eq!((holds[0], holds[holds.len() - 1]), (Hold::Answer(504), Hold::LostCreation));

    assert_eq!(told(&Server::faithful(), vec![create()]), []);
}

#[test]
fn where_nobody_watches_a_long_pause_is_a_line() {
    let (folder, server) = (TempDir::new().unwrap(), first("POST", 1, |_| come_again(503, 2)));
    let (code, text) = outcome("run", &server.listen(), &["min_ram/accepts"], folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("waiting 2.0 s: the answer was 503\n"), "{text}");
}
