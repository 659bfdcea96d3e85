//! What `sweep` does with the ledgers that it finds: in good order, damaged, of another target, of a run that is still under way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::server::{IMAGES, Server, TOKEN, bare, ledgers, outcome, request};
use ims_conformance::ledger::{Record, lines as text, lines};
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const RUN: &str = "0123456789ab";
const OTHER: &str = "ba9876543210";

/// Shorter than the age of the requests here.
const GRACE: Duration = Duration::from_secs(5);

fn begun(url: &str, run: &str, before: &[&str]) -> Vec<Record> {
    let ids = before.iter().map(|id| (*id).to_owned()).collect();
    vec![Record::run(run, "otc", url, None, GRACE), Record::Before { ids }]
}

/// A request that was sent long enough ago that nothing is under way any more.
fn intent(number: u64, body: &str) -> Record {
    let at = OffsetDateTime::now_utc() - time::Duration::seconds(10);
    Record::Intent { number, at: at.format(&Rfc3339).unwrap(), body: Some(body.to_owned()) }
}

fn created(number: u64, id: &str) -> Record {
    Record::Created { number, id: id.to_owned() }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{name}.ledger"));
    fs::write(&path, text).unwrap();
    path
}

/// A faithful server that holds one image of somebody else and one of a run, and the run's ledger.
fn left_by_a_run() -> (Arc<Server>, String, TempDir, [String; 2]) {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let theirs = server.create(&json!({"name": "theirs"}));
    let ours = server.create(&json!({"name": "ours", "protected": true}));
    let records = [begun(&url, RUN, &[&theirs]), vec![intent(1, "{}"), created(1, &ours)]].concat();
    write(folder.path(), RUN, &text(&records));
    (server, url, folder, [theirs, ours])
}

#[test]
fn what_is_left_is_removed_once() {
    let (server, url, folder, [theirs, ours]) = left_by_a_run();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (0, vec![theirs.clone()], vec![]), "{text}");
    assert!(text.contains("1 removed, 0 were gone already, 0 left"), "{text}");
    assert!(server.seen().iter().any(|seen| seen.method == "DELETE" && seen.path.contains(&ours)));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids()), (0, vec![theirs]), "{text}");
    assert!(text.contains("no ledger in "), "{text}");
}

#[test]
fn a_sweep_that_was_killed_before_it_removed_its_ledger_is_done_again() {
    let (server, url, folder, [theirs, ours]) = left_by_a_run();
    let ledger = fs::read_to_string(&ledgers(folder.path())[0]).unwrap();
    outcome("sweep", &url, &[], folder.path());
    write(folder.path(), RUN, &ledger);
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (0, vec![theirs], vec![]), "{text}");
    assert!(text.contains("0 removed, 1 were gone already, 0 left"), "{ours}: {text}");
}

#[test]
fn what_the_list_goes_on_showing_is_left_although_no_read_finds_it() {
    let shown = Arc::new(Mutex::new(None));
    let list = Arc::clone(&shown);
    let server = Server::with(move |server, request, token| {
        let mut answer = server.pass(request, token);
        let is_list = request.method == "GET" && request.path.split('?').next() == Some(IMAGES);
        if is_list && let Some(images) = &*list.lock().unwrap() {
            answer.body = json!({ "images": images }).to_string().into_bytes();
        }
        Some(answer)
    });
    let (url, folder) = (server.listen(), TempDir::new().unwrap());
    let ours = server.create(&json!({"name": "ours"}));
    *shown.lock().unwrap() = Some(server.images());
    write(folder.path(), RUN, &text(&[begun(&url, RUN, &[]), vec![intent(1, "{}"), created(1, &ours)]].concat()));
    // The second sweep finds it gone, which is no better.
    for _ in 0..2 {
        let (code, text) = outcome("sweep", &url, &["--settle", "2"], folder.path());
        assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (5, vec![], 1), "{text}");
        assert!(text.contains("0 removed, 0 were gone already, 1 left"), "{text}");
        assert!(text.contains(&format!("{ours}  the list goes on showing it, although no read finds it")), "{text}");
    }
}

#[test]
fn an_id_that_was_there_before_the_run_is_not_touched() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    // It even holds the run's mark, as a target can write what it likes.
    let theirs = server.create(&json!({"name": format!("conformance-{RUN}-1")}));
    let records = [begun(&url, RUN, &[&theirs]), vec![intent(1, "{}"), created(1, &theirs)]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![theirs.clone()]), "{text}");
    assert!(text.contains(&format!("{theirs}  not touched: it was there before the run")), "{text}");
    assert_eq!(server.count("DELETE"), 0);
}

#[test]
fn where_nothing_is_there_that_was_before_the_run_it_may_be_another_project() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let ours = server.create(&json!({"name": "ours"}));
    let records = [begun(&url, RUN, &["not-in-this-project"]), vec![intent(1, "{}"), created(1, &ours)]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (3, vec![ours], 1), "{text}");
    assert!(text.contains("is it the same project?"), "{text}");
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (0, vec![], 0), "{text}");
}

#[test]
fn a_lost_request_is_found_by_its_mark_and_by_nothing_else() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let mark = format!("conformance-{RUN}-7");
    let ours = server.create(&json!({"name": mark}));
    let tagged = server.create(&json!({"tags": [format!("conformance-run={RUN}-8")], "protected": true}));
    let theirs = [
        server.create(&json!({"name": format!("conformance-{OTHER}-7")})),
        server.create(&json!({"name": "conformance-7"})),
        server.create(&json!({})),
    ];
    let body = format!("{{\"name\":\"{mark}\"}}");
    let tag = format!("{{\"tags\":[\"conformance-run={RUN}-8\"],\"protected\":true}}");
    let records = [begun(&url, RUN, &[]), vec![intent(7, &body), intent(8, &tag)]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert_eq!((code, server.ids()), (0, theirs.to_vec()), "{text}");
    assert!(text.contains("2 removed"), "{ours} {tagged}: {text}");
}

#[test]
fn what_the_usual_list_leaves_out_is_found_too() {
    let (server, folder) = (Server::faithful_to("glance"), TempDir::new().unwrap());
    let url = server.listen();
    let marked = server.create(&json!({"name": format!("conformance-{RUN}-1"), "os_hidden": true}));
    let [alike, theirs] = [7, 8].map(|size| server.create(&json!({"min_disk": size, "os_hidden": true})));
    assert_eq!(server.ids(), [""; 0], "the usual list leaves them out");
    let body = format!("{{\"name\":\"conformance-{RUN}-1\",\"os_hidden\":true}}");
    let requests = vec![intent(1, &body), intent(2, "{\"min_disk\":7,\"os_hidden\":true}")];
    let begun = vec![Record::run(RUN, "glance", &url, None, GRACE), Record::Before { ids: Vec::new() }];
    write(folder.path(), RUN, &text(&[begun, requests].concat()));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, text.matches("not touched: nothing proves").count()), (5, 1), "{text}");
    assert!(text.contains(&format!("{alike}  not touched")), "{text}");
    let status = |id: &str| server.pass(&request("GET", &format!("{IMAGES}/{id}"), ""), Some(TOKEN)).status;
    assert_eq!([marked, alike, theirs].map(|id| status(&id)), [404, 200, 200]);
}

#[test]
fn what_only_looks_like_ours_is_told_and_removed_on_request_where_there_is_one() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let (theirs, perhaps) = (server.create(&json!({"name": "theirs"})), server.create(&json!({"min_disk": 7})));
    let of_another = server.create(&json!({"min_disk": 7, "name": format!("conformance-{OTHER}-1")}));
    let records = [begun(&url, RUN, &[]), vec![intent(1, "{\"min_disk\":7}")]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids().len(), ledgers(folder.path()).len()), (5, 3, 1), "{text}");
    assert_eq!(text.matches("not touched: nothing proves").count(), 1, "{text}");
    assert!(text.contains(&format!("{perhaps}  not touched")), "{text}");
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![theirs, of_another]), "{text}");
}

#[test]
fn what_many_requests_may_have_created_is_told_once() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let perhaps = server.create(&json!({"min_disk": 7}));
    let requests = (1..=4).map(|number| intent(number, "{\"min_disk\":7}")).collect();
    write(folder.path(), RUN, &text(&[begun(&url, RUN, &[]), requests].concat()));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, text.matches(&perhaps).count()), (5, 1), "{text}");
    assert!(text.contains("request 1 or 3 others may have created it: {\"min_disk\":7}"), "{text}");
}

#[test]
fn of_two_that_look_alike_none_is_removed_and_neither_is_what_holds_more_than_was_asked_for() {
    for bodies in [[json!({}), json!({})].as_slice(), &[json!({"name": "production"})]] {
        let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
        let url = server.listen();
        let there: Vec<_> = bodies.iter().map(|body| server.create(body)).collect();
        write(folder.path(), RUN, &text(&[begun(&url, RUN, &[]), vec![intent(1, "{}")]].concat()));
        let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
        assert_eq!((code, server.ids()), (5, there.clone()), "{text}");
        assert!(there.iter().all(|id| text.contains(&format!("{id}  not touched: nothing proves"))), "{text}");
    }
}

#[test]
fn what_the_list_shows_in_part_may_be_ours_and_is_not_removed() {
    // One value is not JSON, or the whole is too long to be read.
    let spoilt: [fn(&str) -> String; 2] = [
        |list| list.replacen("\"min_disk\":7", "\"min_disk\":NaN", 1),
        |list| list.replacen("\"min_disk\":7", &format!("\"min_disk\":7,\"more\":\"{}\"", "x".repeat(1 << 16)), 1),
    ];
    for spoil in spoilt {
        let folder = TempDir::new().unwrap();
        let server = Server::with(move |server, request, token| {
            let mut answer = server.pass(request, token);
            if request.method == "GET" && request.path == IMAGES {
                answer.body = spoil(&String::from_utf8(answer.body).unwrap()).into_bytes();
            }
            Some(answer)
        });
        let url = server.listen();
        let perhaps = server.create(&json!({"min_disk": 7}));
        write(folder.path(), RUN, &text(&[begun(&url, RUN, &[]), vec![intent(1, "{\"min_disk\":7}")]].concat()));
        let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
        assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (5, vec![perhaps.clone()], 1), "{text}");
        assert!(text.contains(&format!("{perhaps}  not touched: nothing proves")), "{text}");
    }
}

#[test]
fn a_ledger_of_another_target_is_told_and_nothing_is_sent() {
    let (server, url, folder, _) = left_by_a_run();
    let other = Server::faithful();
    let (code, text) = outcome("sweep", &other.listen(), &[], folder.path());
    assert_eq!((code, ledgers(folder.path()).len()), (3, 1), "{text}");
    assert!(text.contains(&format!("not of this target but of {url}")), "{text}");
    assert_eq!((other.seen().len(), server.seen().len()), (0, 0));
}

#[test]
fn a_run_that_is_under_way_is_left_alone() {
    let (server, url, folder, _) = left_by_a_run();
    let held = File::open(&ledgers(folder.path())[0]).unwrap();
    held.lock().unwrap();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.seen().len(), ledgers(folder.path()).len()), (3, 0, 1), "{text}");
    assert!(text.contains("its run is still under way"), "{text}");
}

#[test]
fn a_damaged_ledger_is_named_and_the_others_are_swept_all_the_same() {
    let (server, url, folder, [theirs, _]) = left_by_a_run();
    let head = text(&begun(&url, OTHER, &[]));
    let empty_run = text(&begun(&url, "", &[]));
    let table = [
        ("000", format!("{head}{{\"record\":\"cre\n"), "000.ledger:3: no record of a ledger"),
        ("004", String::new(), "004.ledger:1: no record of a ledger: the file is empty"),
        ("005", head[..head.len() / 4].to_owned(), "005.ledger:1: no record of a ledger: a line without its end"),
        ("001", empty_run, "001.ledger:1: no record of a ledger: not the text that no other run has"),
        ("002", "notes that somebody keeps here".to_owned(), "002.ledger:1: no record of a ledger"),
    ];
    for (name, content, _) in &table {
        write(folder.path(), name, content);
    }
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (2, vec![theirs], table.len()), "{text}");
    for (name, content, message) in table {
        assert!(text.contains(message), "{message}: {text}");
        let kept = fs::read_to_string(folder.path().join(format!("{name}.ledger"))).unwrap();
        assert_eq!(kept, content, "what is damaged is evidence");
    }
}

#[test]
fn a_run_that_was_killed_in_the_middle_of_a_line_is_swept() {
    let (server, url, folder, [theirs, _]) = left_by_a_run();
    let path = PathBuf::from(&ledgers(folder.path())[0]);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{{\"record\":\"intent\",\"number\":2,\"at\":\"20")).unwrap();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path())), (0, vec![theirs], vec![]), "{text}");
}

#[test]
fn where_there_is_no_ledger_nothing_is_left() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    for place in [folder.path().to_owned(), folder.path().join("not/there")] {
        let (code, text) = outcome("sweep", &server.listen(), &[], &place);
        assert_eq!((code, server.seen().len()), (0, 0), "{text}");
        assert!(text.contains("nothing is left"), "{text}");
    }
}

#[test]
fn a_dry_run_shows_what_is_left_and_sends_nothing() {
    let (server, url, folder, [_, ours]) = left_by_a_run();
    let path = PathBuf::from(&ledgers(folder.path())[0]);
    let records = [begun(&url, RUN, &[]), vec![created(1, &ours), intent(2, "{\"name\":\"x\"}")]].concat();
    let before = text(&records);
    fs::write(&path, &before).unwrap();
    let (code, text) = outcome("sweep", &url, &["--dry-run"], folder.path());
    assert_eq!((code, server.seen().len(), ledgers(folder.path()).len()), (0, 0, 1), "{text}");
    assert!(text.contains(&format!("{ours}  created and not known to be removed")), "{text}");
    assert!(text.contains("request 2 of") && text.contains("{\"name\":\"x\"}"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn what_cannot_be_removed_is_named_and_its_ledger_stays() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        Some(if request.method == "DELETE" { bare(409) } else { server.pass(request, token) })
    });
    let url = server.listen();
    let ours = server.create(&json!({}));
    let records = [begun(&url, RUN, &[]), vec![intent(1, "{}"), created(1, &ours)]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, ledgers(folder.path()).len()), (5, 1), "{text}");
    assert!(text.contains("1 left") && text.contains(&format!("{ours}  cannot be removed")), "{text}");
}

#[test]
fn without_a_list_nothing_unproven_is_removed() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        let is_list = request.method == "GET" && request.path == IMAGES;
        Some(if is_list { bare(500) } else { server.pass(request, token) })
    });
    let url = server.listen();
    let proven = server.create(&json!({"name": "proven"}));
    let perhaps = server.create(&json!({"name": format!("conformance-{RUN}-2")}));
    let marked = intent(2, &format!("{{\"name\":\"conformance-{RUN}-2\"}}"));
    let records = [begun(&url, RUN, &[]), vec![intent(1, "{}"), created(1, &proven), marked]].concat();
    write(folder.path(), RUN, &text(&records));
    let (code, text) = outcome("sweep", &url, &["--likely"], folder.path());
    assert_eq!((code, server.ids(), ledgers(folder.path()).len()), (5, vec![perhaps], 1), "{text}");
    assert!(text.contains("what request 2 did is not known"), "{text}");
    assert!(text.contains("what else is left is not known: the list was answered 500; the ledger stays"), "{text}");
}

#[test]
fn a_ledger_that_no_run_of_the_user_wrote_is_shown_and_not_acted_on() {
    let edited = |text: &str| text.replacen("\"id\":\"", "\"id\": \"", 1);
    let without_a_line = |text: &str| {
        let lines: Vec<_> = text.lines().collect();
        format!("{}\n{}\n", lines[..2].join("\n"), lines[3..].join("\n"))
    };
    let without_sums = |text: &str| text.lines().map(|line| &line[17..]).collect::<Vec<_>>().join("\n") + "\n";
    for name in ["edited", "a line left out", "no sums"] {
        let change = |text: &str| match name {
            "edited" => edited(text),
            "no sums" => without_sums(text),
            _ => without_a_line(text),
        };
        let (server, url, folder, [_, ours]) = left_by_a_run();
        let path = PathBuf::from(&ledgers(folder.path())[0]);
        let changed = change(&fs::read_to_string(&path).unwrap());
        fs::write(&path, &changed).unwrap();
        let (code, text) = outcome("sweep", &url, &[], folder.path());
        assert_eq!((code, server.count("DELETE"), server.seen().len()), (3, 0, 0), "{name}: {text}");
        assert!(text.contains("nothing is done") && text.contains(&ours), "{name}: {text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), changed, "{name}");
        let (code, text) = outcome("sweep", &url, &["--trust", path.to_str().unwrap()], folder.path());
        assert_eq!((code, server.ids().contains(&ours)), (0, false), "{name}: {text}");
    }
}

#[test]
fn a_ledger_that_others_may_write_or_of_a_suite_that_nobody_named_is_not_acted_on() {
    let (server, url, folder, _) = left_by_a_run();
    let path = PathBuf::from(&ledgers(folder.path())[0]);
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.seen().len()), (3, 0), "{text}");
    assert!(text.contains("others may write to the file"), "{text}");

    let suite = fs::canonicalize("cases/otc").unwrap().display().to_string();
    let ours = server.create(&json!({"name": "ours"}));
    let begin = vec![Record::run(RUN, &suite, &url, None, GRACE), Record::Before { ids: Vec::new() }];
    let path = write(folder.path(), RUN, &lines(&[begin, vec![intent(1, "{}"), created(1, &ours)]].concat()));
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.seen().len()), (3, 0), "{text}");
    assert!(text.contains("which is not built in; --suite names it"), "{text}");
    let (code, text) = outcome("sweep", &url, &["--suite", "cases/otc"], folder.path());
    assert_eq!((code, server.ids().contains(&ours)), (0, false), "{text}");
}

#[test]
fn what_is_no_file_is_no_ledger() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let pipe = folder.path().join("pipe.ledger");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.ledger")).unwrap();
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, text.matches("no regular file").count(), server.seen().len()), (2, 2, 0), "{text}");
}

#[test]
fn a_run_that_was_killed_a_moment_ago_is_waited_for() {
    let (server, folder) = (Server::faithful(), TempDir::new().unwrap());
    let url = server.listen();
    let mark = format!("conformance-{RUN}-1");
    let begin = vec![Record::run(RUN, "otc", &url, None, Duration::from_secs(4)), Record::Before { ids: Vec::new() }];
    let now = Record::Intent {
        number: 1,
        at: OffsetDateTime::now_utc().format(&Rfc3339).unwrap(),
        body: Some(format!("{{\"name\":\"{mark}\"}}")),
    };
    write(folder.path(), RUN, &text(&[begin, vec![now]].concat()));
    let late = Arc::clone(&server);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        late.create(&json!({"name": mark}));
    });
    let (code, text) = outcome("sweep", &url, &[], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
    assert!(text.contains("may still create something"), "{text}");
}
