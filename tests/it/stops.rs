//! Stops and time limits: they end every wait; after them nothing is created, and what is there is removed, or named.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::server::{IMAGES, Server, bare, come_again, ledgers, outcome, program, signal, wait_until};
use tempfile::TempDir;

/// Longer than a run may take that was stopped; far shorter than what it would have waited for.
const SOON: Duration = Duration::from_secs(20);

fn start(url: &str, more: &[&str], folder: &Path) -> Child {
    let arguments = [&["run", "--endpoint", url, "--token-env", "CANARY"], more].concat();
    program(&arguments, folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end_of(child: Child) -> (i32, String) {
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

/// A server that asks to come again in a minute once so many creations were made.
fn busy_after(creations: usize) -> Arc<Server> {
    let turn = AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        let is_busy = request.method == "POST" && turn.fetch_add(1, Ordering::SeqCst) >= creations;
        Some(if is_busy { come_again(429, 60) } else { server.pass(request, token) })
    })
}

#[test]
fn a_stop_ends_every_wait() {
    let slow_list = Server::with(|server, request, token| {
        if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) {
            std::thread::sleep(Duration::from_secs(50));
        }
        Some(server.pass(request, token))
    });
    let hangs = Server::with(|server, request, token| {
        if request.method == "GET" && request.path.matches('/').count() == 3 && server.count("POST") > 0 {
            std::thread::sleep(Duration::from_secs(50));
        }
        Some(server.pass(request, token))
    });
    let table: Vec<(&str, Arc<Server>, &[&str], usize)> = vec![
        ("a long Retry-After", busy_after(2), &["min_ram/accepts"], 3),
        ("a low rate", Server::faithful(), &["min_ram/accepts", "--rate", "0.01"], 0),
        ("a slow list", slow_list, &["min_ram/accepts"], 0),
        ("a read that hangs", hangs, &["behaviour/"], 1),
    ];
    std::thread::scope(|scope| {
        for (name, server, arguments, creations) in table {
            scope.spawn(move || {
                let folder = TempDir::new().unwrap();
                let child = start(&server.listen(), arguments, folder.path());
                wait_until(name, || server.count("POST") >= creations && !server.seen().is_empty());
                std::thread::sleep(Duration::from_millis(300));
                let (begin, before) = (Instant::now(), server.count("POST"));
                signal(&child, "-INT");
                let (code, text) = end_of(child);
                assert!(begin.elapsed() < Duration::from_secs(70), "{name}: {:?}: {text}", begin.elapsed());
                assert_eq!(server.count("POST"), before, "{name}: nothing is created after a stop: {text}");
                assert!(matches!(code, 3..=5), "{name}: exit {code}: {text}");
                // What could not be removed, or looked for, within the minute is in the ledger.
                let is_clean = server.ids().is_empty();
                assert!(is_clean || ledgers(folder.path()).len() == 1, "{name}: {text}");
            });
        }
    });
}

#[test]
fn a_stop_while_others_wait_their_turn_creates_nothing_more() {
    let folder = TempDir::new().unwrap();
    let server = busy_after(4);
    let child = start(&server.listen(), &["--phase", "case", "-j", "8"], folder.path());
    wait_until("creations", || server.count("POST") >= 8);
    std::thread::sleep(Duration::from_millis(200));
    let (begin, before) = (Instant::now(), server.count("POST"));
    signal(&child, "-TERM");
    let (code, text) = end_of(child);
    assert!(begin.elapsed() < SOON, "{:?}: {text}", begin.elapsed());
    assert_eq!((code, server.count("POST"), server.ids()), (4, before, vec![]), "{text}");
}

#[test]
fn an_answer_that_comes_after_a_stop_is_waited_for_no_longer() {
    let (folder, turn) = (TempDir::new().unwrap(), AtomicUsize::new(0));
    let server = Server::with(move |server, request, token| {
        if request.method != "POST" || turn.fetch_add(1, Ordering::SeqCst) < 4 {
            return Some(server.pass(request, token));
        }
        // The stop comes before this answer, which asks to be asked again much later.
        std::thread::sleep(Duration::from_secs(2));
        Some(come_again(429, 60))
    });
    let child = start(&server.listen(), &["--phase", "case", "-j", "8"], folder.path());
    wait_until("creations", || server.count("POST") >= 8);
    let begin = Instant::now();
    signal(&child, "-TERM");
    let (code, text) = end_of(child);
    assert!(begin.elapsed() < SOON, "{:?}: {text}", begin.elapsed());
    assert_eq!((code, server.ids()), (4, vec![]), "{text}");
}

#[test]
fn the_end_of_the_time_ends_a_long_retry_after() {
    let (folder, server, begin) = (TempDir::new().unwrap(), busy_after(2), Instant::now());
    let (code, text) = outcome("run", &server.listen(), &["min_ram/", "--time-limit", "2"], folder.path());
    assert!(begin.elapsed() < SOON, "{:?}: {text}", begin.elapsed());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (4, vec![], vec![]), "{text}");
    assert!(text.contains("--time-limit allows no more"), "{text}");
}

#[test]
fn a_terminal_that_is_closed_is_heard_like_ctrl_c() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        std::thread::sleep(Duration::from_millis(20));
        Some(server.pass(request, token))
    });
    let child = start(&server.listen(), &["--phase", "case"], folder.path());
    wait_until("a creation", || server.count("POST") > 3);
    signal(&child, "-HUP");
    let (code, text) = end_of(child);
    assert_eq!((code, server.ids(), ledgers(folder.path())), (4, vec![], vec![]), "{text}");
}

#[test]
fn what_a_given_up_request_creates_late_is_found_and_removed() {
    let folder = TempDir::new().unwrap();
    let (turn, server) = (AtomicUsize::new(0), Server::faithful());
    let behind = Arc::clone(&server);
    let gateway = Server::with(move |_, request, token| {
        if request.method == "POST" && turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            let (behind, request, token) = (Arc::clone(&behind), request.clone(), token.map(str::to_owned));
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(4));
                behind.pass(&request, token.as_deref());
            });
            return Some(bare(504));
        }
        Some(behind.pass(request, token))
    });
    let arguments = ["min_ram/accepts", "--settle", "6", "--retries", "0"];
    let (code, text) = outcome("run", &gateway.listen(), &arguments, folder.path());
    let marked = |image: &serde_json::Value| image.to_string().contains("conformance-");
    assert!(!server.images().iter().any(marked), "exit {code}: {text}");
    assert_eq!(code, 3, "{text}");
}
