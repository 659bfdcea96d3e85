//! What a server does while several requests are under way: faults that one request alone never shows, and servers that take their time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::server::{Server, bare, outcome};
use ims_conformance::exchange::{Request, Response};
use tempfile::TempDir;

/// So long a server is busy with a creation.
const BUSY: Duration = Duration::from_millis(20);

fn is_creation(request: &Request) -> bool {
    request.method == "POST"
}

/// The outcome of a run that sends one request after the other, but for these phases.
fn run_against(url: &str, phases: &[&str]) -> (i32, String) {
    let folder = TempDir::new().unwrap();
    let phases = phases.iter().flat_map(|phase| ["--phase", phase]);
    let arguments: Vec<_> = phases.chain(["--jobs", "1", "--settle", "1"]).collect();
    outcome("run", url, &arguments, folder.path())
}

/// A faithful server that answers a creation in its own way while so many are under way.
fn with_at_once(most: usize, answer: fn(&Server, &Request, Option<&str>) -> Response) -> Arc<Server> {
    let under_way = AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        if !is_creation(request) {
            return Some(server.pass(request, token));
        }
        let count = under_way.fetch_add(1, Ordering::SeqCst) + 1;
        thread::sleep(BUSY);
        let answer = if count > most { answer(server, request, token) } else { server.pass(request, token) };
        under_way.fetch_sub(1, Ordering::SeqCst);
        Some(answer)
    })
}

#[test]
fn one_that_fails_while_several_are_created_is_accused_of_what_it_does_then() {
    let server = with_at_once(3, |_, _, _| bare(500));
    let (code, text) = run_against(&server.listen(), &["case", "overlap"]);
    assert_eq!(code, 1, "{text}");
    assert_eq!(text.matches("FAIL ").count(), 1, "{text}");
    assert!(text.contains("FAIL status.201 "), "{text}");
    assert!(text.contains("got       500; only while others are created, too"), "{text}");
    let again = text.lines().find(|line| line.contains("again ")).unwrap();
    assert!(again.trim_end().ends_with("--phase overlap"), "one probe alone would not show it: {again}");
}

#[test]
fn one_that_takes_the_last_body_for_every_body_is_accused() {
    let last = Mutex::new(None);
    let server = Server::with(move |server, request, token| {
        if !is_creation(request) || token.is_none() {
            return Some(server.pass(request, token));
        }
        *last.lock().unwrap() = request.body.clone();
        thread::sleep(BUSY);
        let body = last.lock().unwrap().clone();
        Some(server.pass(&Request { body, ..request.clone() }, token))
    });
    let (code, text) = run_against(&server.listen(), &["overlap"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(".echo ") && text.contains("only while others are created, too"), "{text}");
}

#[test]
fn what_one_request_alone_shows_too_is_not_laid_to_the_others() {
    let server = Server::of_suite("otc", "response.name.echo:other");
    let (code, text) = run_against(&server.listen(), &["overlap"]);
    assert_eq!((code, text.contains("only while others")), (1, false), "{text}");
}

#[test]
fn one_that_takes_its_time_conforms() {
    let server = with_at_once(0, Server::pass);
    let (code, text) = run_against(&server.listen(), &["overlap"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("24 passed, 0 failed, 0 inconclusive, 0 skipped of 24 probes"), "{text}");
}
