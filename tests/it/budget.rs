//! Budgets are hard: the target counts, and counts no more than was allowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::server::{Server, TOKEN, bare, outcome, suite};
use crate::whole::{PLAIN, Whole, whole};
use ims_conformance::client::{Access, Limits, Setup, Spent, Target, Token};
use ims_conformance::exchange::Response;
use ims_conformance::plan::{Selection, plan};
use ims_conformance::run::{Ending, Options};
use serde_json::json;
use tempfile::TempDir;

/// Performs probes, eight at once, within these limits.
fn performed(server: &Arc<Server>, selector: &str, limits: Limits) -> Whole {
    let suite = suite();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(8).enable_all().build().unwrap();
    runtime.block_on(async {
        let setup = Setup { limits, ..Setup::new(Access::Token(Token::new(TOKEN).unwrap())) };
        let target = Arc::new(Target::local(&suite.contract, Arc::clone(server) as _, setup));
        let selection = Selection { selectors: vec![selector.to_owned()], ..Selection::default() };
        let plan = plan(&suite, &selection).unwrap().marked();
        whole(&suite, &plan, &target, &Options { concurrency: 8, ..PLAIN }).await
    })
}

/// A server that takes a moment for each request, and counts what was created and what was there at the same time.
#[derive(Default)]
struct Counts {
    created: AtomicUsize,
    most_alive: AtomicUsize,
}

fn counting() -> (Arc<Server>, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let counted = Arc::clone(&counts);
    let server = Server::with(move |server, request, token| {
        std::thread::sleep(Duration::from_millis(1));
        let answer = server.pass(request, token);
        if request.method == "POST" && answer.is_success() {
            counted.created.fetch_add(1, Ordering::SeqCst);
            counted.most_alive.fetch_max(server.ids().len(), Ordering::SeqCst);
        }
        Some(answer)
    });
    (server, counts)
}

#[test]
fn never_more_is_created_than_was_allowed() {
    let (server, counts) = counting();
    let done = performed(&server, "min_ram/", Limits { created: Some(5), ..Limits::default() });
    assert_eq!(done.results.ending, Ending::Spent(Spent::Created));
    assert_eq!((counts.created.load(Ordering::SeqCst), server.ids()), (5, vec![]));
}

#[test]
fn never_more_is_there_at_the_same_time_than_was_allowed() {
    for alive in [1, 3] {
        let (server, counts) = counting();
        let done = performed(&server, "min_ram/", Limits { alive: Some(alive), ..Limits::default() });
        assert_eq!((done.results.ending, done.records.len()), (Ending::Complete, done.results.planned));
        let most = counts.most_alive.load(Ordering::SeqCst) as u64;
        assert!(most <= alive && (most > 1 || alive == 1), "{most} of {alive}");
    }
}

#[test]
fn never_more_requests_are_sent_than_were_allowed_and_the_last_ones_clean_up() {
    for requests in [20, 60, 100] {
        let (server, _) = counting();
        let done = performed(&server, "min_ram/", Limits { requests: Some(requests), ..Limits::default() });
        let sent = server.seen().len() as u64;
        assert_eq!(done.results.ending, Ending::Spent(Spent::Requests));
        assert!(sent <= requests && done.results.requests == sent && done.results.passed > 0, "{sent} of {requests}");
        assert_eq!(server.ids(), [""; 0]);
    }
}

#[test]
fn clean_up_and_the_search_for_smaller_bodies_are_within_the_budget() {
    for requests in ["120", "160", "200"] {
        let folder = TempDir::new().unwrap();
        let defect = Some("request.min_ram.default:other");
        let server = Server::with_defect(defect, |server, request, token| Some(server.pass(request, token)));
        let arguments = ["--phase", "pairs", "--max-requests", requests];
        let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
        let sent = server.seen().len();
        assert_eq!((code, server.ids()), (1, vec![]), "{text}");
        assert!(sent <= requests.parse().unwrap(), "{sent} of {requests}: {text}");
        assert!(text.contains(&format!("{sent} requests in ")), "{sent}: {text}");
    }
    // A whole phase, and then smaller bodies until the budget is spent.
    let folder = TempDir::new().unwrap();
    let defect = Some("request.min_ram.default:other");
    let server = Server::with_defect(defect, |server, request, token| Some(server.pass(request, token)));
    let arguments = ["--phase", "random", "min_disk/valid", "--max-requests", "110"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert_eq!((code, server.ids()), (1, vec![]), "{text}");
    assert!(server.seen().len() <= 110, "{text}");
}

#[test]
fn a_spent_budget_is_exit_4_and_named() {
    let table: [(&[&str], &str); 3] = [
        (&["--max-created", "3"], "--max-created allows no more; the rest was not sent"),
        (&["--max-requests", "40"], "--max-requests allows no more; the rest was not sent"),
        (&["--time-limit", "0"], "--time-limit allows no more; no probe was sent"),
    ];
    for (arguments, message) in table {
        let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
        let (code, text) = outcome("run", &server.listen(), &[arguments, &["min_ram/"]].concat(), folder.path());
        assert_eq!((code, server.ids()), (4, vec![]), "{text}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn what_cannot_be_removed_counts_until_no_more_may_be_there() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        Some(if request.method == "DELETE" { bare(409) } else { server.pass(request, token) })
    });
    let arguments = ["min_ram/accepts", "--max-alive", "2", "-j", "4"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert_eq!((code, server.ids().len()), (5, 2), "{text}");
    assert!(text.contains("--max-alive allows no more"), "{text}");
}

#[test]
fn no_probe_begins_after_the_time() {
    let (server, _) = counting();
    let limits = Limits { time: Some(Duration::from_millis(60)), ..Limits::default() };
    let done = performed(&server, "boundary/", limits);
    assert_eq!((done.results.ending, server.ids()), (Ending::Spent(Spent::Time), vec![]));
    assert!(!done.records.is_empty(), "the time begins with the first probe");
    let seen = server.seen();
    assert!(seen[seen.len() - 1].at - seen[0].at < Duration::from_secs(5));
}

#[test]
fn requests_keep_their_distance() {
    let server = Server::faithful();
    let limits = Limits { rate: Some(200.0), requests: Some(60), ..Limits::default() };
    performed(&server, "min_ram/", limits);
    let seen = server.seen();
    let took = seen[seen.len() - 1].at - seen[0].at;
    let least = Duration::from_millis(5) * u32::try_from(seen.len() - 1).unwrap();
    assert!(seen.len() > 30 && took >= least.mul_f64(0.95), "{} requests in {took:?}", seen.len());
}

#[test]
fn a_probe_that_alone_is_too_much_is_not_sent_and_the_others_are() {
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let arguments = ["keeps_the_twin", "keeps_no_deleted_image", "--exclude", "seconds_later", "--max-created", "1"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("each alone may exceed --max-created") && text.contains("1 passed"), "{text}");
    assert_eq!(server.count("POST"), 1);
}

#[test]
fn on_a_target_elsewhere_a_run_is_careful_unless_it_is_told_otherwise() {
    // This address leads to this machine, and does not look like it.
    let elsewhere = |server: &Arc<Server>| server.listen().replace("127.0.0.1", "0.0.0.0");
    let (folder, server) = (TempDir::new().unwrap(), Server::faithful());
    let (code, text) = outcome("run", &elsewhere(&server), &["protected/echoes", "pairs/"], folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("of the generated phases; --phase all adds them"), "{text}");
    assert!(text.contains("1 probe that creates something protected; --allow-protected adds them"), "{text}");
    assert!(text.contains("phases: case "), "{text}");
    assert!(!server.seen().iter().any(|seen| seen.body.contains("\"protected\":true")), "{text}");
    let seen = server.seen();
    let took = seen[seen.len() - 1].at - seen[0].at;
    assert!(took >= Duration::from_millis(190) * u32::try_from(seen.len() - 1).unwrap(), "5 in a second: {took:?}");

    let server = Server::faithful();
    let arguments = ["protected", "--phase", "all", "--allow-protected", "--rate", "1000"];
    let (code, text) = outcome("run", &elsewhere(&server), &arguments, folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("not sent:") && text.contains("boundary"), "{text}");
    assert!(server.seen().iter().any(|seen| seen.body.contains("\"protected\":true")), "{text}");

    let server = Server::faithful();
    let (code, text) = outcome("run", &elsewhere(&server), &["protected/echoes_true"], folder.path());
    assert_eq!((code, server.seen().len()), (2, 0), "{text}");
    assert!(text.contains("nothing is left to send without"), "{text}");
}

#[test]
fn a_gateway_that_gives_up_may_have_created_something_and_that_counts() {
    let ours = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ours);
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        let is_creation = request.method == "POST" && answer.is_success();
        counted.fetch_add(usize::from(is_creation), Ordering::SeqCst);
        Some(if is_creation { bare(504) } else { answer })
    });
    let theirs = server.create(&json!({}));
    let done = performed(&server, "min_ram/accepts", Limits { created: Some(2), ..Limits::default() });
    assert_eq!(done.results.ending, Ending::Spent(Spent::Created));
    assert_eq!(ours.load(Ordering::SeqCst), 2);
    assert!(server.ids().contains(&theirs));
}

/// A server that creates what it refuses; with the most that was there at once.
fn creating_what_it_refuses() -> (Arc<Server>, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&most);
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        if request.method != "POST" {
            return Some(answer);
        }
        if !answer.is_success() {
            let sent = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
            let mark = sent.split('"').find(|text| text.starts_with("conformance-")).map(str::to_owned);
            server.create(&mark.map_or_else(|| json!({}), |name| json!({"name": name})));
        }
        counted.fetch_max(server.ids().len(), Ordering::SeqCst);
        Some(answer)
    });
    (server, most)
}

#[test]
fn a_target_that_creates_what_it_refuses_does_not_get_past_a_bound() {
    for (arguments, bound) in [(["--max-alive", "3"], 3), (["--max-created", "12"], 12)] {
        let (folder, (server, most)) = (TempDir::new().unwrap(), creating_what_it_refuses());
        let arguments = [arguments.as_slice(), &["min_ram/rejects", "min_ram/accepts", "--phase", "case"]].concat();
        let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
        assert_eq!(code, 1, "{text}");
        let most = most.load(Ordering::SeqCst);
        assert!((2..=bound).contains(&most), "{most} of {bound}: {text}");
        assert!(text.contains("behaviour.refused-request-creates-nothing"), "{text}");
    }
}

#[test]
fn a_bound_that_cannot_be_held_against_a_liar_is_said() {
    let folder = TempDir::new().unwrap();
    let (liar, _) = creating_what_it_refuses();
    let server = Server::with(move |_, request, token| {
        let is_list = request.method == "GET" && request.path.split('?').next() == Some(crate::server::IMAGES);
        Some(if is_list { bare(403) } else { liar.pass(request, token) })
    });
    let (code, text) = outcome("run", &server.listen(), &["min_ram/", "--max-alive", "2"], folder.path());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("hold only as far as the target tells the truth"), "{text}");
}

#[test]
fn retries_and_lookups_leave_what_clean_up_needs() {
    for requests in ["60", "90", "130"] {
        let (folder, turn) = (TempDir::new().unwrap(), AtomicUsize::new(0));
        let server = Server::with(move |server, request, token| {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            if request.method == "GET" && path == crate::server::IMAGES {
                let at: usize = query.strip_prefix("marker=").and_then(|at| at.parse().ok()).unwrap_or(0);
                let images = server.images();
                let mut page = json!({"images": images.iter().skip(at).take(1).collect::<Vec<_>>()});
                if at < 8 {
                    page["next"] = json!(format!("?marker={}", at + 1));
                }
                return Some(Response { body: page.to_string().into_bytes(), ..bare(200) });
            }
            let is_busy = request.method == "POST" && !turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(3);
            Some(if is_busy { bare(503) } else { server.pass(request, token) })
        });
        let arguments = ["min_ram/accepts", "--max-requests", requests, "-j", "2"];
        let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
        assert_eq!(server.ids(), [""; 0], "exit {code}: {text}");
        assert!(server.seen().len() <= requests.parse().unwrap(), "{text}");
        assert!(server.count("DELETE") > 0, "{text}");
    }
}

#[test]
fn where_nothing_can_be_removed_nothing_more_is_created() {
    let hold = |status| {
        let folder = TempDir::new().unwrap();
        let server = Server::with(move |server, request, token| {
            Some(if request.method == "DELETE" { bare(status) } else { server.pass(request, token) })
        });
        let (code, text) = outcome("run", &server.listen(), &["--phase", "case"], folder.path());
        assert!(matches!(code, 1 | 5), "{status}: exit {code}: {text}");
        let left = server.ids().len();
        assert!((3..=8).contains(&left), "{status}: {left} are there: {text}");
        assert!(text.contains("what was created before could not be removed"), "{status}: {text}");
    };
    // At the same time, as each waits for what may be forgotten late.
    std::thread::scope(|scope| {
        for status in [204, 409, 500] {
            scope.spawn(move || hold(status));
        }
    });
}

#[test]
fn what_is_forgotten_late_is_waited_for_and_not_left_behind() {
    let (folder, gone) = (TempDir::new().unwrap(), std::sync::Mutex::new(std::collections::HashMap::new()));
    let server = Server::with(move |server, request, token| {
        let is_image = request.path.matches('/').count() == 3;
        let now = std::time::Instant::now();
        let mut gone = gone.lock().unwrap();
        if request.method == "DELETE" && is_image {
            let image = server.pass(&crate::server::request("GET", &request.path, ""), token);
            gone.entry(request.path.clone()).or_insert((now, image));
        } else if request.method == "GET" && is_image {
            let late = gone.get(&request.path).filter(|(at, _)| at.elapsed() < Duration::from_secs(3));
            if let Some((_, image)) = late {
                return Some(image.clone());
            }
        }
        Some(server.pass(request, token))
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
    assert!(text.contains(" 0 left behind, 0 perhaps"), "{text}");
}

#[test]
fn what_is_shown_late_is_removed_all_the_same() {
    let (folder, made) = (TempDir::new().unwrap(), std::sync::Mutex::new(std::collections::HashMap::new()));
    let server = Server::with(move |server, request, token| {
        let mut made = made.lock().unwrap();
        let is_late = |at: &std::time::Instant| at.elapsed() < Duration::from_millis(300);
        if made.get(&request.path).is_some_and(is_late) {
            return Some(bare(404));
        }
        let answer = server.pass(request, token);
        if request.method == "POST" && answer.is_success() {
            let id = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
            made.insert(format!("{}/{id}", crate::server::IMAGES), std::time::Instant::now());
        }
        Some(answer)
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
}

#[test]
fn what_is_created_beside_what_was_asked_for_is_removed_counted_and_told() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(move |server, request, token| {
        if request.method == "POST" {
            server.pass(request, token);
        }
        Some(server.pass(request, token))
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts_its"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
    assert!(text.contains("something was created beside what the answer told of"), "{text}");
    let posts = server.count("POST");
    assert!(
        text.contains(&format!("{} created, {} removed, 0 left behind, 0 perhaps", 2 * posts, 2 * posts)),
        "{text}"
    );
}

/// A server that makes something else beside each thing that it is asked for; with how many things it has made, and the most that was there at once.
fn making_more(
    more: impl Fn(&Server, &ims_conformance::exchange::Request, usize) -> Vec<String> + Send + Sync + 'static,
) -> (Arc<Server>, Arc<Counts>) {
    let (counts, asked) = (Arc::new(Counts::default()), AtomicUsize::new(0));
    let counted = Arc::clone(&counts);
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        if request.method == "POST" && answer.is_success() {
            let more = more(server, request, asked.fetch_add(1, Ordering::SeqCst));
            counted.created.fetch_add(1 + more.len(), Ordering::SeqCst);
            counted.most_alive.fetch_max(server.ids().len(), Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
        }
        Some(answer)
    });
    (server, counts)
}

/// The same thing once more.
fn again(server: &Server, request: &ims_conformance::exchange::Request) -> Vec<String> {
    let second = server.pass(request, Some(TOKEN));
    vec![second.json().unwrap()["id"].as_str().unwrap().to_owned()]
}

#[test]
fn a_target_that_makes_two_of_each_does_not_get_past_a_bound() {
    for concurrency in ["1", "8"] {
        for (limit, bound) in [("--max-created", 10), ("--max-alive", 3), ("--max-created", 2), ("--max-alive", 2)] {
            let (folder, (server, counts)) =
                (TempDir::new().unwrap(), making_more(|server, request, _| again(server, request)));
            let bound_text = bound.to_string();
            let arguments = ["min_ram/", "--phase", "case", limit, &bound_text, "-j", concurrency];
            let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
            let (created, alive) = (counts.created.load(Ordering::SeqCst), counts.most_alive.load(Ordering::SeqCst));
            let seen = if limit == "--max-created" { created } else { alive };
            assert!((2..=bound).contains(&seen), "{seen} of {bound}, exit {code}: {text}");
            // What was made of a request without a mark is told, and not touched.
            let left = server.ids().len();
            assert!(left > 0 || text.contains("something was created beside what the answer told of"), "{text}");
            assert!(text.contains(&format!(" 0 left behind, {left} perhaps")), "{left}: {text}");
        }
    }
}

#[test]
fn what_a_target_makes_unmarked_counts_for_a_bound_and_is_not_touched() {
    for (limit, bound) in [("--max-created", 10), ("--max-alive", 3)] {
        let others = Arc::new(std::sync::Mutex::new(Vec::new()));
        let made = Arc::clone(&others);
        let (server, counts) = making_more(move |server, _, _| {
            let other = server.create(&json!({}));
            made.lock().unwrap().push(other.clone());
            vec![other]
        });
        let (folder, bound_text) = (TempDir::new().unwrap(), bound.to_string());
        let arguments = ["min_ram/", "--phase", "case", limit, &bound_text, "-j", "8"];
        let (_, text) = outcome("run", &server.listen(), &arguments, folder.path());
        let (created, alive) = (counts.created.load(Ordering::SeqCst), counts.most_alive.load(Ordering::SeqCst));
        let seen = if limit == "--max-created" { created } else { alive };
        assert!((2..=bound).contains(&seen), "{seen} of {bound}: {text}");
        let others = others.lock().unwrap();
        assert!(others.iter().all(|other| server.ids().contains(other)), "{text}");
        let is_about_them = |path: &str| others.iter().any(|other| path.contains(other.as_str()));
        let changed = server.seen().into_iter().filter(|seen| matches!(seen.method.as_str(), "DELETE" | "PATCH"));
        assert_eq!(changed.filter(|seen| is_about_them(&seen.path)).count(), 0, "{text}");
    }
}

#[test]
fn a_target_that_begins_late_to_make_two_of_each_gets_past_a_bound_by_one_look_at_most() {
    let (folder, (server, counts)) = (
        TempDir::new().unwrap(),
        making_more(|server, request, asked| if asked < 4 { Vec::new() } else { again(server, request) }),
    );
    let arguments = ["min_ram/", "--phase", "case", "--max-alive", "3"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    let alive = counts.most_alive.load(Ordering::SeqCst);
    assert!((2..=4).contains(&alive), "{alive}, exit {code}: {text}");
    assert!(text.contains("something was created beside what the answer told of"), "{text}");
}

#[test]
fn a_target_that_creates_what_it_refuses_does_not_get_past_a_bound_eight_at_a_time() {
    let folder = TempDir::new().unwrap();
    let (liar, most) = creating_what_it_refuses();
    let server = Server::with(move |_, request, token| {
        let answer = liar.pass_whole(request, token);
        std::thread::sleep(Duration::from_millis(3));
        answer
    });
    let arguments = ["min_ram/", "min_disk/", "--phase", "case", "--max-alive", "5", "-j", "8"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 5, "{most} of 5, exit {code}: {text}");
}

#[test]
fn what_is_under_way_while_stock_is_taken_is_nobodys_surprise() {
    let (folder, turn) = (TempDir::new().unwrap(), AtomicUsize::new(0));
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        // Some answers take their time, so that others are told, and stock is taken, meanwhile.
        if request.method == "POST" && turn.fetch_add(1, Ordering::SeqCst) % 3 == 1 {
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(answer)
    });
    let arguments = ["min_ram/", "min_disk/", "name/", "--phase", "case", "--max-alive", "6", "-j", "8"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
    assert!(!text.contains("something was created beside"), "{text}");
}
