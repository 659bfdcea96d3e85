//! Nothing foreign is touched: whatever ids a target gives, and whoever asks, nothing that changes or removes reaches what the run did not provably create.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use crate::server::{IMAGES, Server, TOKEN, bare, outcome, renamed, request, suite};
use crate::whole::{Whole, whole};
use ims_conformance::client::{Access, Leftover, Setup, Target, Token};
use ims_conformance::doctor::try_release;
use ims_conformance::exchange::{Request, Response};
use ims_conformance::plan::{Plan, Selection, mark, plan};
use ims_conformance::probe::Probe;
use ims_conformance::run::Options;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How an id is changed before it is given out.
#[derive(Clone, Debug)]
enum Change {
    UpperCase,
    WithoutHyphens,
    Braced,
    Encoded(usize),
    With(&'static str),
    After(&'static str),
}

impl Change {
    fn of(&self, id: &str) -> String {
        match self {
            Self::UpperCase => id.to_uppercase(),
            Self::WithoutHyphens => id.replace('-', ""),
            Self::Braced => format!("{{{id}}}"),
            Self::Encoded(at) => id.char_indices().fold(String::new(), |text, (index, letter)| {
                if index == *at && letter.is_ascii() {
                    format!("{text}%{:02x}", u32::from(letter))
                } else {
                    format!("{text}{letter}")
                }
            }),
            Self::With(end) => format!("{id}{end}"),
            Self::After(begin) => format!("{begin}{id}"),
        }
    }
}

/// What a liar's ids are made from.
#[derive(Clone, Debug)]
enum Base {
    /// Something that was there before the run.
    Foreign,
    /// What was in fact created.
    Own,
    /// The same for every creation.
    Constant,
    /// No id at all.
    Text(&'static str),
}

#[derive(Clone, Debug)]
struct Lie {
    base: Base,
    changes: Vec<Change>,
}

fn lies() -> impl Strategy<Value = Lie> {
    let texts = ["", ".", "..", "%2e%2e", "a/../b", "..;", "images", " ", "\u{ff0e}\u{ff0e}", "7", "\0"];
    let base = prop_oneof![
        3 => Just(Base::Foreign),
        1 => Just(Base::Own),
        1 => Just(Base::Constant),
        2 => select(texts.to_vec()).prop_map(Base::Text),
    ];
    let change = prop_oneof![
        Just(Change::UpperCase),
        Just(Change::WithoutHyphens),
        Just(Change::Braced),
        (0_usize..40).prop_map(Change::Encoded),
        select(vec!["/", "/.", ".", " ", "?x=1", "#x", ";x", "%00", "/file", "\n"]).prop_map(Change::With),
        select(vec!["./", "../images/", "urn:uuid:", " ", "%20", "//"]).prop_map(Change::After),
    ];
    (base, proptest::collection::vec(change, 0..3)).prop_map(|(base, changes)| Lie { base, changes })
}

/// What the list is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Whole,
    Refused,
    /// It never shows anything.
    Empty,
    /// It does not show what is foreign.
    Hiding,
    /// It shows the three newest, and does not say that there is more.
    Window,
}

impl List {
    fn answer(self, foreign: &[String], answer: Response) -> Response {
        let images = answer.json().unwrap()["images"].as_array().unwrap().clone();
        let is_foreign = |image: &Value| foreign.iter().any(|id| image["id"] == json!(id));
        let shown: Vec<Value> = match self {
            Self::Refused => return bare(403),
            Self::Whole => images,
            Self::Empty => Vec::new(),
            Self::Hiding => images.into_iter().filter(|image| !is_foreign(image)).collect(),
            Self::Window => images.into_iter().rev().take(3).collect(),
        };
        Response { body: json!({"images": shown}).to_string().into_bytes(), ..answer }
    }
}

/// The answer of a read, with times of a minute ago.
fn older(answer: Response) -> Response {
    let mut image = answer.json().unwrap();
    let minute_ago = (OffsetDateTime::now_utc() - Duration::from_mins(1)).replace_nanosecond(0).unwrap();
    for name in ["created_at", "updated_at"] {
        image[name] = json!(minute_ago.format(&Rfc3339).unwrap());
    }
    Response { body: image.to_string().into_bytes(), ..answer }
}

/// A server that tells this lie about every second creation; what is foreign there, and what it gave out in truth.
fn liar(lie: Lie, list: List) -> (Arc<Server>, Vec<String>, Arc<Mutex<HashSet<String>>>) {
    let foreign = Arc::new(Mutex::new(Vec::<String>::new()));
    let (theirs, truths) = (Arc::clone(&foreign), Arc::new(Mutex::new(HashSet::new())));
    let (told, turn) = (Arc::clone(&truths), Mutex::new(0_usize));
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) {
            return Some(list.answer(&theirs.lock().unwrap(), answer));
        }
        let is_theirs = theirs.lock().unwrap().iter().any(|id| request.path.ends_with(id.as_str()));
        if request.method == "GET" && is_theirs && answer.is_success() {
            return Some(older(answer));
        }
        if request.method != "POST" || !answer.is_success() {
            return Some(answer);
        }
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        let own = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
        // Its own it is under its true id, too: there the list shows its mark.
        told.lock().unwrap().insert(own.clone());
        if turn.is_multiple_of(2) {
            return Some(answer);
        }
        let theirs = theirs.lock().unwrap();
        let base = match lie.base {
            Base::Foreign => theirs[*turn % theirs.len()].clone(),
            Base::Own => own.clone(),
            Base::Constant => "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86".to_owned(),
            Base::Text(text) => text.to_owned(),
        };
        let given = lie.changes.iter().fold(base, |id, change| change.of(&id));
        if !matches!(lie.base, Base::Foreign) && !given.trim_matches('.').is_empty() {
            told.lock().unwrap().insert(given.clone());
        }
        Some(renamed(answer, &given))
    });
    for body in [json!({"name": "theirs"}), json!({"protected": true}), json!({})] {
        let id = server.create(&body);
        foreign.lock().unwrap().push(id);
    }
    let foreign = foreign.lock().unwrap().clone();
    (server, foreign, truths)
}

/// What is said of it where something was sent to what is not the run's own.
fn touched(server: &Server, foreign: &[String], truths: &HashSet<String>) -> Vec<String> {
    let is_own = |path: &str| path.strip_prefix(&format!("{IMAGES}/")).is_some_and(|id| truths.contains(id));
    let changing = server.seen().into_iter().filter(|seen| matches!(seen.method.as_str(), "DELETE" | "PATCH" | "PUT"));
    let wrong = changing.filter(|seen| !is_own(&seen.path)).map(|seen| format!("{} {}", seen.method, seen.path));
    let lost = foreign.iter().filter(|id| !server.ids().contains(id)).map(|id| format!("lost {id}"));
    wrong.chain(lost).collect()
}

/// Some probes of each kind that a run has, marked.
static PROBES: LazyLock<Vec<Probe>> = LazyLock::new(|| {
    let suite = suite();
    let all: Vec<_> = plan(&suite, &Selection::default()).unwrap().iter().collect();
    let selectors = ["behaviour/", "protected/", "min_ram/", "pairs/", "random/min_disk"];
    let few =
        |selector: &&str| all.iter().filter(|probe| probe.id.contains(*selector)).take(6).cloned().collect::<Vec<_>>();
    let mut probes: Vec<_> = selectors.iter().flat_map(few).collect();
    mark(&suite.contract, &mut probes);
    probes
});

/// A run of cases with steps of their own and of generated probes, its smaller examples, a last stock-taking, and the doctor's try.
async fn perform(server: &Arc<Server>) -> Whole {
    let suite = suite();
    let setup = || Setup { retries: 0, ..Setup::new(Access::Token(Token::new(TOKEN).unwrap())) };
    let target = Arc::new(Target::local(&suite.contract, Arc::clone(server) as _, setup()));
    let options = Options { concurrency: 2, looks_first: false, ..Options::default() };
    let done = whole(&suite, &Plan::of(&suite, PROBES.clone()), &target, &options).await;
    let doctor = Target::local(&suite.contract, Arc::clone(server) as _, setup());
    try_release(&suite.contract, &doctor).await;
    done
}

#[tokio::test(start_paused = true)]
async fn whatever_ids_a_target_gives_nothing_reaches_what_is_not_the_runs_own() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..20 {
        let lie = lies().new_tree(&mut runner).unwrap().current();
        for list in [List::Whole, List::Refused, List::Empty, List::Hiding, List::Window] {
            let (server, foreign, truths) = liar(lie.clone(), list);
            perform(&server).await;
            let truths = truths.lock().unwrap().clone();
            assert_eq!(touched(&server, &foreign, &truths), [""; 0], "{lie:?}, list {list:?}");
            let removed = server.count("DELETE");
            assert!(removed > 0, "what is the run's own is removed all the same: {lie:?}, list {list:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_no_segment_is_accused_and_what_it_belongs_to_is_removed_by_its_mark() {
    for id in ["..", "", "a/b", "%2e%2e", "a?b"] {
        let (server, foreign, _) = liar(Lie { base: Base::Text(id), changes: Vec::new() }, List::Whole);
        let done = perform(&server).await;
        let mut accused = done.records.iter().flat_map(|record| &record.judgement.mismatches);
        assert!(accused.any(|mismatch| mismatch.clause.starts_with("response.id.")), "{id}");
        let marked = |image: &Value| image.to_string().contains("conformance-");
        assert!(!server.images().iter().any(marked), "{id}");
        assert!(foreign.iter().all(|id| server.ids().contains(id)), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_was_there_before_accuses_whoever_gives_it_as_new() {
    let (server, _, _) = liar(Lie { base: Base::Foreign, changes: Vec::new() }, List::Whole);
    let done = perform(&server).await;
    let mut accused = done.results.findings.iter().map(|finding| &finding.mismatch);
    assert!(accused.any(|mismatch| mismatch.expected == "a value that nothing had before the run"));
    let foreign = |left: &Leftover| matches!(left, Leftover::Foreign(_));
    assert!(done.records.iter().flat_map(|record| &record.cleanup.leftovers).any(foreign));
}

/// A server whose list does whatever this says.
fn with_list(list: impl Fn(&Server, Response) -> Response + Send + Sync + 'static) -> Arc<Server> {
    Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        let is_list = request.method == "GET" && request.path.split('?').next() == Some(IMAGES);
        Some(if is_list { list(server, answer) } else { answer })
    })
}

#[test]
fn a_list_that_is_not_whole_is_said_keeps_the_ledger_and_is_no_success() {
    let page = |next: Value| {
        move |_: &Server, answer: Response| {
            let mut list = answer.json().unwrap();
            list["next"] = next.clone();
            Response { body: list.to_string().into_bytes(), ..answer }
        }
    };
    let unreadable = |text: &'static str| move |_: &Server, answer: Response| Response { body: text.into(), ..answer };
    let table: Vec<(&str, Arc<Server>, &str)> = vec![
        ("refused", with_list(|_, _| bare(403)), "the list was answered 403"),
        ("broken", with_list(|_, _| bare(500)), "the list was answered 500"),
        ("no JSON", with_list(unreadable("<html>")), "the list cannot be read"),
        ("cut off", with_list(unreadable("{\"images\":[{\"id\":")), "the list cannot be read"),
        ("without ids", with_list(unreadable("{\"images\":[{\"name\":\"a\"}]}")), "the list cannot be read"),
        ("another host", with_list(page(json!("http://192.0.2.1/v2/images?marker=1"))), "not at the endpoint"),
        ("another path", with_list(page(json!("/v3/pictures?marker=1"))), "not at the endpoint"),
        ("an object", with_list(page(json!({"href": "/v2/images?marker=1"}))), "not at the endpoint"),
        ("a loop", with_list(page(json!("/v2/images?marker=1"))), "the list has no end"),
    ];
    for (name, server, why) in table {
        let folder = TempDir::new().unwrap();
        let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts_its"], folder.path());
        assert!(matches!(code, 3 | 5), "{name}: exit {code}: {text}");
        assert!(text.contains("what is left is not known") && text.contains(why), "{name}: {text}");
        assert_eq!(crate::server::ledgers(folder.path()).len(), 1, "{name}: {text}");
    }
}

#[test]
fn a_link_to_the_next_page_is_followed_in_every_form_that_stays_at_the_endpoint() {
    let forms: [fn(&str, usize) -> String; 6] = [
        |_, at| format!("/v2/images?marker={at}"),
        |_, at| format!("?marker={at}"),
        |url, at| format!("{url}/v2/images?marker={at}"),
        |_, at| format!("v2/images?marker={at}"),
        |_, at| format!("images?marker={at}"),
        |url, at| format!("{}/v2/images/?marker={at}", url.trim_start_matches("http:")),
    ];
    for (index, form) in forms.into_iter().enumerate() {
        let url = Arc::new(Mutex::new(String::new()));
        let base = Arc::clone(&url);
        let server = Server::with(move |server, request, token| {
            let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
            if request.method != "GET" || path.trim_end_matches('/') != IMAGES {
                return Some(server.pass(request, token));
            }
            let at: usize = query.strip_prefix("marker=").and_then(|at| at.parse().ok()).unwrap_or(0);
            let images = server.images();
            let mut page = json!({"images": images.iter().skip(at).take(3).collect::<Vec<_>>()});
            if images.len() > at + 3 {
                page["next"] = json!(form(&base.lock().unwrap(), at + 3));
            }
            Some(Response { body: page.to_string().into_bytes(), ..bare(200) })
        });
        let theirs: Vec<_> = (0..7).map(|_| server.create(&json!({"name": "theirs"}))).collect();
        let address = server.listen();
        url.lock().unwrap().clone_from(&address);
        let folder = TempDir::new().unwrap();
        let (code, text) = outcome("run", &address, &["min_disk/accepts"], folder.path());
        assert_eq!((code, server.ids()), (0, theirs), "form {index}: {text}");
    }
}

#[test]
fn without_a_list_what_shows_no_mark_is_not_created() {
    let server = Server::with(|server, request: &Request, token| {
        let is_list = request.method == "GET" && request.path == IMAGES;
        Some(if is_list { bare(403) } else { server.pass(request, token) })
    });
    let theirs = server.create(&json!({"name": "theirs"}));
    let folder = TempDir::new().unwrap();
    let (code, text) = outcome("run", &server.listen(), &["--phase", "case"], folder.path());
    assert_eq!((code, server.ids()), (3, vec![theirs]), "{text}");
    assert!(text.contains("without a list nothing would prove that what it creates is this run's"), "{text}");
    // With the list back, a sweep knows that nothing is left.
    let list = server.pass(&request("GET", IMAGES, ""), Some(TOKEN));
    assert!(list.is_success());
}

/// A server whose first POST is created and answered 502, and whose list hides things as this says.
fn hiding(hide: impl Fn(Value) -> Response + Send + Sync + 'static) -> Arc<Server> {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        let is_list = request.method == "GET" && request.path.split('?').next() == Some(IMAGES);
        if is_list {
            return Some(hide(answer.json().unwrap()));
        }
        let is_first = request.method == "POST" && turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        Some(if is_first { bare(502) } else { answer })
    })
}

#[test]
fn a_list_that_says_in_another_way_that_there_is_more_is_not_taken_for_whole() {
    let body = |list: Value| Response { body: list.to_string().into_bytes(), ..bare(200) };
    let none = |list: &mut Value| list["images"] = json!([]);
    let with = move |key: &'static str, value: Value| {
        move |mut list: Value| {
            none(&mut list);
            list[key] = value.clone();
            body(list)
        }
    };
    let table: Vec<(&str, Arc<Server>)> = vec![
        ("links", hiding(with("images_links", json!([{"rel": "next", "href": "/v2/images?marker=1"}])))),
        ("truncated", hiding(with("truncated", json!(true)))),
        ("a total", hiding(with("total", json!(37)))),
        (
            "a header",
            hiding(move |mut list| {
                none(&mut list);
                let link = ("link".to_owned(), "</v2/images?marker=1>; rel=\"next\"".to_owned());
                Response { headers: vec![link], ..body(list) }
            }),
        ),
        (
            "the key twice",
            hiding(|list| {
                let text = format!("{{\"images\":{},\"images\":[]}}", list["images"]);
                Response { body: text.into_bytes(), ..bare(200) }
            }),
        ),
        ("a part", hiding(move |list| Response { status: 206, ..body(list) })),
        ("always empty", hiding(|_| Response { body: b"{\"images\":[]}".to_vec(), ..bare(200) })),
    ];
    for (name, server) in table {
        let folder = TempDir::new().unwrap();
        let arguments = ["min_ram/accepts", "--settle", "1"];
        let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
        let is_said = text.contains("what is left is not known") && crate::server::ledgers(folder.path()).len() == 1;
        assert!(code != 0 && is_said, "{name}: exit {code}: {text}");
    }
}

#[test]
fn what_is_left_for_certain_keeps_its_ledger() {
    let server = Server::with(|server, request, token| {
        let answer = server.pass(request, token);
        Some(if request.method == "POST" && answer.is_success() { renamed(answer, "always-the-same") } else { answer })
    });
    let folder = TempDir::new().unwrap();
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts_its", "min_ram/accepts"], folder.path());
    assert_eq!((code, crate::server::ledgers(folder.path()).len()), (1, 1), "{text}");
    assert!(text.contains("the target gave this id twice"), "{text}");
}

#[test]
fn what_a_refused_try_of_the_doctor_created_is_found() {
    let server = Server::with(|server, request, token| {
        let answer = server.pass(request, token);
        Some(if request.method == "POST" { bare(400) } else { answer })
    });
    let folder = TempDir::new().unwrap();
    let (code, text) = outcome("doctor", &server.listen(), &["--try"], folder.path());
    assert_eq!((code, server.ids()), (3, vec![]), "{text}");
}

#[test]
fn what_the_list_hid_and_an_answer_gives_as_new_is_left_alone_and_is_no_success() {
    // What a strict reader of JSON does not read shows all the same whose it is.
    for before in ["", "\u{feff}"] {
        let (theirs, turn) = (Arc::new(Mutex::new(String::new())), Mutex::new(0));
        let hidden = Arc::clone(&theirs);
        let server = Server::with(move |server, request, token| {
            let (answer, hidden) = (server.pass(request, token), hidden.lock().unwrap().clone());
            if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) {
                return Some(List::Hiding.answer(&[hidden], answer));
            }
            if request.method == "GET" && request.path.ends_with(&hidden) {
                let mut answer = older(answer);
                answer.body.splice(0..0, before.bytes());
                return Some(answer);
            }
            let mut turn = turn.lock().unwrap();
            *turn += usize::from(request.method == "POST" && answer.is_success());
            if request.method != "POST" || *turn != 3 {
                return Some(answer);
            }
            // All of the answer is about the other thing.
            let given = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
            let body = String::from_utf8(answer.body).unwrap().replace(&given, &hidden).into_bytes();
            Some(Response { body, ..answer })
        });
        let id = server.create(&json!({"name": "theirs"}));
        theirs.lock().unwrap().clone_from(&id);
        let folder = TempDir::new().unwrap();
        let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts"], folder.path());
        let is_of_it = |seen: &crate::server::Seen| seen.method != "GET" && seen.path.contains(&id);
        assert_eq!((code, server.seen().iter().filter(|seen| is_of_it(seen)).count()), (3, 0), "{text}");
        assert!(server.ids().contains(&id) && text.contains("but a read shows something else"), "{text}");
    }
}
