//! The ledger and what is done by it: nothing is sent that it does not know, nothing is removed that is not proven to be the run's, and a run may end in
//! any way at any moment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::server::{IMAGES, Server, TOKEN, bare, ledgers, outcome, program, renamed, signal, suite, wait_until};
use crate::whole::{PLAIN, Whole, whole};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::ledger::{Ledger, Store};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::run::Options;
use serde_json::json;
use tempfile::TempDir;

/// A store that takes its time, notes each line when it is written, and fails from a unambiguous line on.
#[derive(Debug)]
struct Slow {
    events: Arc<Mutex<Vec<String>>>,
    room: usize,
}

impl Store for Slow {
    fn append(&self, line: &str) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(1));
        let mut events = self.events.lock().unwrap();
        let written = events.iter().filter(|event| event.contains("\"record\"")).count();
        if written >= self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        events.push(line.to_owned());
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn discard(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Performs some probes with a ledger that has room for so many lines: what was written and what was sent, in order.
fn performed(selector: &str, room: usize) -> (Vec<String>, Whole) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&events);
    let server = Server::with(move |server, request, token| {
        if request.method == "POST" {
            noted.lock().unwrap().push("POST".to_owned());
        }
        Some(server.pass(request, token))
    });
    let suite = suite();
    let target = Target::local(&suite.contract, server, Setup::new(Access::Token(Token::new(TOKEN).unwrap())));
    let store = Slow { events: Arc::clone(&events), room };
    let target = Arc::new(target.with_ledger(Ledger::over(Arc::new(store), PathBuf::new())));
    let selection = Selection { selectors: vec![selector.to_owned()], ..Selection::default() };
    let plan = plan(&suite, &selection).unwrap().marked();
    let options = Options { concurrency: 3, ..PLAIN };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    let done = runtime.block_on(whole(&suite, &plan, &target, &options));
    let events = events.lock().unwrap().clone();
    (events, done)
}

#[test]
fn an_intent_is_written_before_its_request_is_sent() {
    let (events, _) = performed("min_ram/", usize::MAX);
    let (mut intended, mut sent) = (0, 0);
    for event in &events {
        intended += usize::from(event.contains("\"record\":\"intent\""));
        sent += usize::from(event == "POST");
        assert!(sent <= intended, "a request was sent of which the ledger did not know: {events:#?}");
    }
    assert!(sent > 10 && sent == intended, "{sent}");
}

#[test]
fn nothing_is_created_that_a_full_disk_keeps_out_of_the_ledger() {
    let (events, done) = performed("min_ram/", 20);
    let intended = events.iter().filter(|event| event.contains("\"record\":\"intent\"")).count();
    let sent = events.iter().filter(|event| *event == "POST").count();
    assert!(sent > 0 && sent <= intended, "{events:#?}");
    let unsent = done
        .records
        .iter()
        .filter(|record| record.judgement.inconclusive.as_deref() == Some("not sent, as the ledger cannot be written"));
    assert!(unsent.count() > 0);
}

/// Runs the program where no file grows beyond a kibibyte, as on a disk that is full.
fn outcome_on_a_full_disk(url: &str, folder: &Path) -> (i32, String) {
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let arguments = ["run", "--endpoint", url, "--token-env", "CANARY", "min_ram/", "--phase", "case"];
    let program = program(&arguments, folder);
    let mut command = Command::new("bash");
    command.args(["-c", limited]).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    end_of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn on_a_disk_that_fills_up_a_run_creates_no_more_and_removes_what_it_has_created() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let (code, text) = outcome_on_a_full_disk(&server.listen(), folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (3, vec![], vec![]), "{text}");
    assert!(
        text.contains("not sent, as the ledger cannot be written") && !text.contains("no longer answers"),
        "{text}"
    );
    assert!((1..8).contains(&server.count("POST")), "{text}");
}

#[test]
fn where_the_disk_has_no_room_for_what_was_there_before_nothing_is_created() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    for _ in 0..40 {
        server.create(&json!({}));
    }
    let (code, text) = outcome_on_a_full_disk(&server.listen(), folder.path());
    assert_eq!((code, server.count("POST"), server.ids().len()), (3, 0, 40), "{text}");
}

#[test]
fn a_run_without_a_ledger_does_not_begin() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.clone(), file.join("below"), PathBuf::from("/proc/nothing/can/be/made/here")] {
        let (code, text) = outcome("run", &server.listen(), &["min_disk/"], &place);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("no ledger can be kept in") && text.contains("--ledger names another"), "{text}");
    }
    assert_eq!(server.count("POST"), 0);
}

#[test]
fn a_run_that_ends_well_leaves_no_ledger() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let (code, text) = outcome("run", &server.listen(), &["min_disk/", "--phase", "case"], folder.path());
    assert_eq!((code, ledgers(folder.path()), server.ids()), (0, vec![], vec![]), "{text}");
    assert!(!text.contains("sweep"), "{text}");
}

#[test]
fn a_run_that_cannot_begin_leaves_no_ledger() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|_, _, _| Some(bare(404)));
    let (code, text) = outcome("run", &server.listen(), &[], folder.path());
    assert_eq!((code, ledgers(folder.path())), (3, vec![]), "{text}");
    assert!(text.contains("is the path right?"), "{text}");
}

#[test]
fn what_a_run_left_that_was_killed_while_it_began_is_cleared_away_by_a_later_one() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let [old, fresh, other] =
        ["0123456789ab.new", "ba9876543210.new", "notes.txt"].map(|name| folder.path().join(name));
    let hour_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    for file in [&old, &fresh, &other] {
        fs::write(file, "").unwrap();
    }
    for file in [&old, &other] {
        fs::File::options().append(true).open(file).unwrap().set_modified(hour_ago).unwrap();
    }
    let (code, text) = outcome("run", &server.listen(), &["min_disk/rejects_0"], folder.path());
    assert_eq!(code, 0, "{text}");
    // Another run may be about to give the fresh one its name.
    assert_eq!([old, fresh, other].map(|file| file.exists()), [false, true, true]);
}

#[test]
fn an_id_that_was_there_before_is_not_ours_whatever_the_target_says() {
    let folder = TempDir::new().unwrap();
    let foreign = Arc::new(Mutex::new(String::new()));
    let given = Arc::clone(&foreign);
    let server = Server::with(move |server, request, token| {
        if request.method == "POST" {
            return Some(renamed(server.pass(request, token), &given.lock().unwrap()));
        }
        Some(server.pass(request, token))
    });
    *foreign.lock().unwrap() = server.create(&json!({"name": "somebody's", "protected": true}));
    let id = foreign.lock().unwrap().clone();
    let (_, text) = outcome("run", &server.listen(), &["min_disk/accepts"], folder.path());
    assert!(server.ids().contains(&id), "{text}");
    assert!(text.contains("it was there before the run: not this run's"), "{text}");
    let touched = server.seen().into_iter().filter(|seen| matches!(seen.method.as_str(), "DELETE" | "PATCH"));
    assert!(touched.into_iter().all(|seen| !seen.path.contains(&id)), "{text}");
}

#[test]
fn what_others_create_meanwhile_stays() {
    let folder = TempDir::new().unwrap();
    let theirs = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&theirs);
    let server = Server::with(move |server, request, token| {
        if request.method == "POST" {
            let name = format!("conformance-{:012x}-1", made.lock().unwrap().len());
            made.lock().unwrap().push(server.create(&json!({"name": name, "tags": ["conformance-run=x-1"]})));
            made.lock().unwrap().push(server.create(&json!({})));
        }
        Some(server.pass(request, token))
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/", "--phase", "case"], folder.path());
    assert_eq!((code, server.ids()), (0, theirs.lock().unwrap().clone()), "{text}");
    assert!(text.contains("appeared during the run"), "{text}");
}

/// Starts a run that nobody waits for.
fn start(url: &str, more: &[&str], folder: &Path) -> std::process::Child {
    let arguments = [&["run", "--endpoint", url, "--token-env", "CANARY"], more].concat();
    program(&arguments, folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end_of(child: std::process::Child) -> (i32, String) {
    let output = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn ctrl_c_ends_a_run_that_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        std::thread::sleep(Duration::from_millis(20));
        Some(server.pass(request, token))
    });
    // Seven of eight probes wait until the one image that may be there is gone: none of them begins any more.
    let child = start(&server.listen(), &["--phase", "case", "-j", "8", "--max-alive", "1"], folder.path());
    wait_until("a creation", || server.count("POST") > 3);
    signal(&child, "-INT");
    let before = server.count("POST");
    let (code, text) = end_of(child);
    assert_eq!((code, server.ids(), ledgers(folder.path())), (4, vec![], vec![]), "{text}");
    assert!(text.contains("interrupted: the rest was not sent"), "{text}");
    assert!(server.count("POST") <= before + 2, "{before} and then {}", server.count("POST"));
}

#[test]
fn what_ends_a_process_politely_is_heard_like_ctrl_c() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        std::thread::sleep(Duration::from_millis(20));
        Some(server.pass(request, token))
    });
    let child = start(&server.listen(), &["--phase", "case"], folder.path());
    wait_until("a creation", || server.count("POST") > 3);
    signal(&child, "-TERM");
    let (code, text) = end_of(child);
    assert_eq!((code, server.ids(), ledgers(folder.path())), (4, vec![], vec![]), "{text}");
    assert!(text.contains("interrupted: the rest was not sent"), "{text}");
}

#[test]
fn what_is_listed_for_a_while_and_no_longer_found_is_not_left_behind() {
    let folder = TempDir::new().unwrap();
    let gone = Arc::new(Mutex::new(Vec::new()));
    let server = Server::with(move |server, request, token| {
        let mut gone = gone.lock().unwrap();
        if request.method == "DELETE" {
            let id = request.path.rsplit('/').next().unwrap_or_default();
            let images = server.images().into_iter().filter(|image| image["id"] == id);
            gone.extend(images.map(|image| (Instant::now(), image)));
        }
        let mut response = server.pass(request, token);
        if request.method == "GET" && request.path == IMAGES {
            let late = gone.iter().filter(|(since, _)| since.elapsed() < Duration::from_secs(3));
            let listed = [server.images(), late.map(|(_, image)| image.clone()).collect()].concat();
            response.body = json!({ "images": listed }).to_string().into_bytes();
        }
        Some(response)
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts"], folder.path());
    assert_eq!((code, ledgers(folder.path())), (0, vec![]), "{text}");
    assert!(text.contains(" 0 left behind, 0 perhaps"), "{text}");
}

#[test]
fn a_second_ctrl_c_ends_it_at_once_and_a_sweep_removes_what_is_left() {
    let folder = TempDir::new().unwrap();
    let hangs = Arc::new(AtomicBool::new(true));
    let is_hanging = Arc::clone(&hangs);
    let server = Server::with(move |server, request, token| {
        while request.method == "DELETE" && is_hanging.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server.pass(request, token))
    });
    let url = server.listen();
    let child = start(&url, &["min_disk/accepts"], folder.path());
    wait_until("a removal", || server.count("DELETE") > 0);
    signal(&child, "-INT");
    std::thread::sleep(Duration::from_millis(100));
    signal(&child, "-INT");
    let (code, text) = end_of(child);
    let left = ledgers(folder.path());
    assert_eq!((code, left.len()), (4, 1), "{text}");
    assert!(text.contains(&format!("what is left is in {}", left[0])), "{text}");
    hangs.store(false, Ordering::Relaxed);
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (0, vec![], vec![]), "{text}");
}

/// Chance that can be had again: the next number below a bound.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn runs_that_are_killed_at_any_moment_leave_nothing_that_a_sweep_does_not_find() {
    const WAYS: [&[&str]; 6] = [
        &["--phase", "case"],
        &["--phase", "case", "-j", "4"],
        &["--phase", "boundary", "-j", "4"],
        &["--phase", "pairs", "-j", "4"],
        &["--phase", "random"],
        &["--phase", "random", "-j", "4", "--seed", "random"],
    ];
    let seed = std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) * 2_654_435_761);
    let mut chance = Chance(seed);
    let (folder, server) = (TempDir::new().unwrap(), slow());
    let mut theirs = vec![server.create(&json!({"name": "somebody's"})), server.create(&json!({"protected": true}))];
    let url = server.listen();
    let mut most = 0;
    for turn in 0..18 {
        let begin = server.seen().len();
        let mut child = start(&url, WAYS[turn % WAYS.len()], folder.path());
        let until = begin + usize::try_from(chance.below(50)).unwrap();
        wait_until("requests", || server.seen().len() >= until);
        theirs.push(server.create(&json!({"name": format!("theirs {turn}")})));
        std::thread::sleep(Duration::from_micros(chance.below(4000)));
        child.kill().unwrap();
        child.wait().unwrap();
        most = most.max(server.ids().len() - theirs.len());
    }
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    let told = |id: &String| text.contains(&format!("{id}  not touched: nothing proves"));
    let left: Vec<_> = server.ids().into_iter().filter(|id| !theirs.contains(id)).collect();
    assert!(left.iter().all(told), "seed {seed}: {left:?} of {text}");
    assert!(theirs.iter().all(|id| server.ids().contains(id)), "seed {seed}: {text}");
    assert!(matches!(code, 0 | 5) && most > 0, "seed {seed}, {most} at most: {text}");
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert!(theirs.iter().all(|id| server.ids().contains(id)), "seed {seed}: {text}");
    // A killed request without a mark cannot be told from what somebody else created since: nothing is guessed then.
    let told = |id: &String| text.contains(&format!("{id}  not touched: nothing proves"));
    let left: Vec<_> = server.ids().into_iter().filter(|id| !theirs.contains(id)).collect();
    assert!(left.iter().all(told), "seed {seed}, exit {code}: {left:?} of {text}");
    assert!(code != 0 || left.is_empty(), "seed {seed}: {text}");
    assert_eq!(code != 0, text.contains("not touched: nothing proves"), "seed {seed}, exit {code}: {text}");
}

/// One that takes a moment for each request, so that a run can be killed while it waits.
fn slow() -> Arc<Server> {
    let turn = AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        let pause = || std::thread::sleep(Duration::from_millis(3));
        if turn.is_multiple_of(2) {
            pause();
        }
        let answer = server.pass(request, token);
        if !turn.is_multiple_of(2) {
            pause();
        }
        Some(answer)
    })
}
