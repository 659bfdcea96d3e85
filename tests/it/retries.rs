//! When a request is sent again, and when it is not: never so that something could be done twice.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::{IMAGES, Server, TOKEN, bare, come_again, ledgers, outcome, request, suite};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::exchange::{Exchange, Request, Response, SendError};
use ims_conformance::http::{TransportError, Way};
use ims_conformance::probe::{PollUntil, Script, Step};
use serde_json::json;
use tempfile::TempDir;

fn setup() -> Setup {
    Setup::new(Access::Token(Token::new(TOKEN).unwrap()))
}

/// Sends these requests one after the other, while waiting takes no time.
fn sent(server: &Arc<Server>, requests: impl FnOnce(&Target) -> Vec<Request>) -> Vec<Exchange> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let target = Target::local(&suite().contract, Arc::clone(server) as _, setup());
        let mut exchanges = Vec::new();
        for request in requests(&target) {
            exchanges.push(target.send(request).await);
        }
        exchanges
    })
}

/// A request that creates something with this run's mark.
fn marked(target: &Target) -> Request {
    request("POST", IMAGES, &format!("{{\"name\":\"conformance-{}-1\"}}", target.run_id()))
}

fn read() -> Request {
    request("GET", "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86", "")
}

/// A server that gives this answer to the first requests with this method, and then does what it should.
fn busy(method: &'static str, times: usize, answer: impl Fn() -> Response + Send + Sync + 'static) -> Arc<Server> {
    let turn = AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        let is_busy = request.method == method && turn.fetch_add(1, Ordering::SeqCst) < times;
        Some(if is_busy { answer() } else { server.pass(request, token) })
    })
}

fn methods(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.method).collect()
}

fn status(exchange: &Exchange) -> u16 {
    exchange.response().map_or(0, |response| response.status)
}

#[test]
fn the_time_that_an_answer_asks_for_is_waited() {
    for status_of_busy in [429, 503] {
        let server = busy("GET", 1, move || come_again(status_of_busy, 7));
        let exchanges = sent(&server, |_| vec![read()]);
        let seen = server.seen();
        assert_eq!((status(&exchanges[0]), seen.len()), (404, 2));
        let pause = seen[1].at - seen[0].at;
        assert!(pause >= Duration::from_secs(7) && pause < Duration::from_secs(9), "{pause:?}");
    }
}

#[test]
fn a_time_beyond_measure_is_not_waited() {
    let server = busy("GET", usize::MAX, || come_again(429, 86400));
    assert_eq!(status(&sent(&server, |_| vec![read()])[0]), 429);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn retries_end_and_do_not_come_twice_in_a_row() {
    let server = busy("GET", 8, || bare(503));
    let exchanges = sent(&server, |_| vec![read(); 6]);
    let statuses: Vec<_> = exchanges.iter().map(status).collect();
    assert_eq!(statuses, [503, 503, 503, 503, 404, 404], "five attempts, then one each until an answer comes");
    assert_eq!(server.seen().len(), 5 + 3 + 2);
    let turn = AtomicUsize::new(0);
    let server = Server::with(move |server, request, token| {
        let is_busy = ![5, 7, 8].contains(&turn.fetch_add(1, Ordering::SeqCst));
        Some(if is_busy { bare(503) } else { server.pass(request, token) })
    });
    let statuses: Vec<_> = sent(&server, |_| vec![read(); 3]).iter().map(status).collect();
    assert_eq!(statuses, [503, 404, 404], "after an answer there are retries again");
    assert_eq!(server.seen().len(), 5 + 1 + 2);
}

#[test]
fn a_creation_is_sent_again_once_the_list_shows_that_it_created_nothing() {
    for status_of_busy in [429, 503] {
        let server = busy("POST", 1, move || bare(status_of_busy));
        let exchanges = sent(&server, |target| vec![marked(target)]);
        assert_eq!(status(&exchanges[0]), 201);
        assert_eq!(methods(&server), ["GET", "POST", "GET", "POST"], "stock is taken before anything is created");
        let seen = server.seen();
        assert!(
            seen[2].at > seen[1].at && seen[2].at == seen[3].at,
            "the list is read right before the second attempt"
        );
        assert_eq!(server.ids().len(), 1);
    }
}

#[test]
fn a_creation_is_not_sent_again_where_its_mark_is_there_or_the_list_is_not() {
    let created = Server::with(|server, request, token| {
        let answer = server.pass(request, token);
        Some(if request.method == "POST" { bare(503) } else { answer })
    });
    assert_eq!(status(&sent(&created, |target| vec![marked(target)])[0]), 503);
    assert_eq!((methods(&created), created.ids().len()), (["GET", "POST", "GET"].map(str::to_owned).to_vec(), 1));

    let silent = Server::with(|_, request, _| Some(bare(if request.method == "POST" { 503 } else { 500 })));
    assert_eq!(status(&sent(&silent, |target| vec![marked(target)])[0]), 503);
    assert_eq!(methods(&silent), ["GET", "POST", "GET"]);
}

#[test]
fn a_creation_without_a_mark_is_sent_again_only_where_everything_that_is_there_is_explained() {
    for body in ["{}", "{\"name\":\"conformance-0123456789ab-1\"}"] {
        let server = busy("POST", 1, || bare(503));
        assert_eq!(status(&sent(&server, |_| vec![request("POST", IMAGES, body)])[0]), 201);
        assert_eq!(methods(&server), ["GET", "POST", "GET", "POST"], "{body}");

        let turn = AtomicUsize::new(0);
        let server = Server::with(move |server, request, token| {
            if request.method == "POST" && turn.fetch_add(1, Ordering::SeqCst) == 0 {
                server.create(&json!({}));
                return Some(bare(503));
            }
            Some(server.pass(request, token))
        });
        assert_eq!(status(&sent(&server, |_| vec![request("POST", IMAGES, body)])[0]), 503);
        assert_eq!(methods(&server), ["GET", "POST", "GET"], "{body}");
    }
}

#[test]
fn a_removal_is_sent_again_only_where_it_was_turned_away() {
    for (status_of_busy, attempts) in [(429, 2), (503, 2), (502, 1), (504, 1), (500, 1)] {
        for method in ["DELETE", "PATCH"] {
            let server = busy(method, 1, move || bare(status_of_busy));
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let target = Target::local(&suite().contract, Arc::clone(&server) as _, setup());
                target.send(request("POST", IMAGES, "{}")).await;
                target.send(request(method, &format!("{IMAGES}/{}", server.ids()[0]), "")).await;
            });
            assert_eq!(server.count(method), attempts, "{method} after {status_of_busy}");
        }
    }
}

/// The path of something that this target has created.
async fn own(target: &Target) -> String {
    let created = target.send(request("POST", IMAGES, "{}")).await;
    format!("{IMAGES}/{}", created.response().unwrap().json().unwrap()["id"].as_str().unwrap())
}

/// What a server does with a request before it hangs up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    All,
}

/// Sends a request over HTTP to a server that hangs up once.
fn hung_up_on(before: Before, method: &'static str, path: &str, body: &str) -> (Exchange, usize) {
    let turn = AtomicUsize::new(0);
    let server = Server::with(move |server, request, token| {
        let hangs_up = request.method == method && turn.fetch_add(1, Ordering::SeqCst) == 0;
        if hangs_up && before == Before::All {
            server.pass(request, token);
        }
        (!hangs_up).then(|| server.pass(request, token))
    });
    let url = server.listen();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exchange = runtime.block_on(async {
        let target = Target::new(&suite().contract, url.parse().unwrap(), setup()).unwrap();
        let own = if method == "DELETE" { own(&target).await } else { path.to_owned() };
        let request = if body == "marked" { marked(&target) } else { request(method, &own, body) };
        target.send(request).await
    });
    (exchange, server.count(method))
}

#[test]
fn after_the_end_of_a_connection_what_reads_or_provably_created_nothing_is_sent_again() {
    let image = "/v2/images/4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86";
    let (exchange, count) = hung_up_on(Before::Nothing, "GET", image, "");
    assert_eq!((status(&exchange), count), (404, 2));
    for before in [Before::Nothing, Before::All] {
        let (exchange, count) = hung_up_on(before, "DELETE", image, "");
        assert_eq!(
            (exchange.outcome.err(), count),
            (Some(SendError::Transport(TransportError::Closed(Way::Direct))), 1)
        );
    }
    for body in ["{}", "marked"] {
        let (exchange, count) = hung_up_on(Before::Nothing, "POST", IMAGES, body);
        assert_eq!((status(&exchange), count), (201, 2), "{body}");
        let (exchange, count) = hung_up_on(Before::All, "POST", IMAGES, body);
        assert_eq!(
            (exchange.outcome.err(), count),
            (Some(SendError::Transport(TransportError::Closed(Way::Direct))), 1),
            "{body}"
        );
    }
}

/// Methods, each with its place among the requests of its connection.
type Requests = Vec<(String, usize)>;

/// Serves over connections that are kept; what came as which request of its connection.
fn keeping() -> (String, Arc<Mutex<Requests>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Requests::new()));
    let shared = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&shared);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                for number in 0.. {
                    let length = stream.read(&mut buffer).unwrap_or(0);
                    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    let Some((method, _)) = text.split_once(' ') else { return };
                    seen.lock().unwrap().push((method.to_owned(), number));
                    let is_list = text.starts_with("GET /v2/images ");
                    let (status, body) = if is_list { ("200 OK", "{\"images\":[]}") } else { ("400 No", "") };
                    let head = format!(
                        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes());
                }
            });
        }
    });
    (url, seen)
}

#[test]
fn what_may_create_goes_over_a_connection_of_its_own_and_what_reads_over_one_that_is_kept() {
    let (url, seen) = keeping();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let target = Target::new(&suite().contract, url.parse().unwrap(), setup()).unwrap();
        for method in ["GET", "GET", "POST", "GET", "POST"] {
            target.send(request(method, IMAGES, if method == "POST" { "[]" } else { "" })).await.outcome.unwrap();
        }
    });
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|(method, number)| method != "POST" || *number == 0), "{seen:?}");
    assert_eq!(seen.iter().filter(|(method, number)| method == "GET" && *number == 0).count(), 1, "{seen:?}");
}

#[test]
fn a_connection_that_was_refused_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = Server::faithful();
    let late = Arc::clone(&server);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        late.listen_on(TcpListener::bind(address).unwrap())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exchange = runtime.block_on(async {
        let target = Target::new(&suite().contract, format!("http://{address}").parse().unwrap(), setup()).unwrap();
        target.send(request("POST", IMAGES, "{}")).await
    });
    assert_eq!((status(&exchange), server.count("POST")), (201, 1), "without a mark, too: nothing has left");
}

#[test]
fn a_service_that_recovers_is_assessed() {
    let folder = TempDir::new().unwrap();
    let turn = AtomicUsize::new(0);
    let server = Server::with(move |server, request, token| {
        let is_busy = turn.fetch_add(1, Ordering::SeqCst) % 10 == 3;
        Some(if is_busy { bare(503) } else { server.pass(request, token) })
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/rejects_0", "min_disk/accepts_its"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
    assert!(text.contains("0 inconclusive, 0 skipped"), "{text}");
}

#[test]
fn an_answer_that_says_nothing_accuses_nobody_and_what_it_created_is_removed() {
    let hold = |status_of_busy| {
        let folder = TempDir::new().unwrap();
        let server = Server::with(move |server, request, token| {
            let answer = server.pass(request, token);
            Some(if request.method == "POST" { bare(status_of_busy) } else { answer })
        });
        let arguments = ["min_disk/accepts_its", "--retries", "1"];
        let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
        assert_eq!((code, server.ids(), ledgers(folder.path())), (3, vec![], vec![]), "{text}");
        assert!(!text.contains("FAIL") && text.contains(&format!("the answer was {status_of_busy}")), "{text}");
        assert!(text.contains(" 0 left behind, 0 perhaps"), "{text}");
        // One to see which calls there are, and that of the probe; neither is sent again.
        assert_eq!(server.count("POST"), 2);
    };
    // At the same time, as each waits for what may still be under way behind a gateway.
    std::thread::scope(|scope| {
        for status_of_busy in [429, 502, 503, 504] {
            scope.spawn(move || hold(status_of_busy));
        }
    });
}

#[test]
fn a_server_that_removes_nothing_is_not_asked_for_ever() {
    let server = Server::with(|server, request, token| {
        Some(if request.method == "DELETE" { bare(204) } else { server.pass(request, token) })
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let target = Target::local(&suite().contract, Arc::clone(&server) as _, setup());
        for _ in 0..10 {
            let created = target.send(request("POST", IMAGES, "{}")).await;
            assert_eq!(target.clean(&[created]).await.removed, 0);
        }
    });
    assert_eq!(server.count("DELETE"), 10, "what was accepted is not asked for again");
    let reads = server.count("GET");
    assert!(reads < 60, "three are waited for, the others are not: {reads}");
}

#[test]
fn a_step_that_polls_is_asked_until_it_holds_and_no_longer() {
    let found = |times: usize| {
        let turn = AtomicUsize::new(0);
        let server = Server::with(move |_, _, _| {
            Some(bare(if turn.fetch_add(1, Ordering::SeqCst) < times { 200 } else { 404 }))
        });
        let poll = PollUntil { statuses: vec![404], within: Duration::from_secs(30) };
        let script = Script { steps: vec![Step { poll: Some(poll), ..Step::new(read()) }] };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let target = Target::local(&suite().contract, Arc::clone(&server) as _, setup());
        let exchanges = runtime.block_on(target.perform(&script));
        (exchanges.iter().map(status).collect::<Vec<_>>(), server.count("GET"))
    };
    assert_eq!(found(0), (vec![404], 1));
    assert_eq!(found(3), (vec![404], 4));
    assert_eq!(found(1000), (vec![200], 9), "only the last answer counts, and the waiting ends");
}
