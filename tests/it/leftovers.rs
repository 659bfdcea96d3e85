//! What a run leaves behind is in its report and in its ledger, however it came about; what it can find it removes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{IMAGES, Server, bare, ledgers, outcome};
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn what_a_refused_request_created_and_nobody_can_remove_stays_in_the_ledger() {
    let (folder, server) = (
        TempDir::new().unwrap(),
        Server::with(|server, request, token| {
            let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
            if request.method == "POST" && body.contains("\"min_disk\":1025") {
                server.create(&serde_json::from_str(&body.replace("1025", "100")).unwrap());
                return Some(bare(400));
            }
            Some(if request.method == "DELETE" { bare(403) } else { server.pass(request, token) })
        }),
    );
    let arguments = ["boundary/min_disk/1025", "--settle", "1"];
    let url = server.listen();
    let (code, text) = outcome("run", &url, &arguments, folder.path());
    assert_eq!((code, server.ids().is_empty()), (1, false), "{text}");
    assert!(text.contains("left behind\n"), "{text}");
    assert_eq!(ledgers(folder.path()).len(), 1, "{text}");
    let (code, text) = outcome("sweep", &url, &["--settle", "1"], folder.path());
    assert_eq!(code, 5, "{text}");
}

#[test]
fn what_a_list_shows_only_when_others_are_gone_is_removed_too() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        if request.method == "POST" {
            server.pass(request, token);
        }
        let mut answer = server.pass(request, token);
        if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) && answer.is_success() {
            let images: Vec<_> = server.images().into_iter().rev().take(2).collect();
            answer.body = json!({ "images": images }).to_string().into_bytes();
        }
        Some(answer)
    });
    // Whose the two are that the list shows must be known, or nothing behind them ever comes to light.
    let (_, text) =
        outcome("run", &server.listen(), &["min_disk/accepts", "--phase", "case", "--settle", "1"], folder.path());
    let marked = server.images().into_iter().filter(|image| image.to_string().contains("conformance")).count();
    assert_eq!(marked, 0, "{text}");
}

#[test]
fn an_id_given_twice_is_left_behind_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        let answer = server.pass(request, token);
        let is_creation = request.method == "POST" && answer.is_success();
        Some(if is_creation { crate::server::renamed(answer, "00000000-0000-4000-8000-000000000000") } else { answer })
    });
    let (_, text) = outcome("run", &server.listen(), &["min_disk/accepts", "--settle", "1"], folder.path());
    let told = text.lines().filter(|line| line.starts_with("  00000000-0000-4000-8000-000000000000")).count();
    assert_eq!(told, 1, "{text}");
}

#[test]
fn a_list_that_is_late_is_not_asked_for_ever() {
    let folder = TempDir::new().unwrap();
    let shown = Mutex::new(Vec::<Value>::new());
    let server = Server::with(move |server, request, token| {
        if request.method == "POST" {
            server.pass(request, token);
        }
        let mut answer = server.pass(request, token);
        // What was removed is listed for good, although no read finds it.
        if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) && answer.is_success() {
            let mut shown = shown.lock().unwrap();
            for image in server.images() {
                if !shown.iter().any(|each| each["id"] == image["id"]) {
                    shown.push(image);
                }
            }
            answer.body = json!({ "images": *shown }).to_string().into_bytes();
        }
        Some(answer)
    });
    let (_, text) = outcome("run", &server.listen(), &["min_disk/accepts", "--settle", "1"], folder.path());
    let is_list = |seen: &crate::server::Seen| seen.method == "GET" && seen.path.split('?').next() == Some(IMAGES);
    let lists = server.seen().iter().filter(|seen| is_list(seen)).count();
    let marked = server.images().into_iter().filter(|image| image.to_string().contains("conformance")).count();
    assert!(lists < 20 && marked == 0, "{lists} lists, {marked} left: {text}");
}

#[test]
fn what_a_list_goes_on_showing_is_left_whatever_a_read_says() {
    let folder = TempDir::new().unwrap();
    let deleted = Mutex::new(Vec::<Value>::new());
    let server = Server::with(move |server, request, token| {
        let before = server.images();
        let mut answer = server.pass(request, token);
        let mut deleted = deleted.lock().unwrap();
        if request.method == "DELETE" && answer.is_success() {
            let now = server.images();
            deleted.extend(before.into_iter().filter(|image| !now.contains(image)));
        }
        if request.method == "GET" && request.path.split('?').next() == Some(IMAGES) && answer.is_success() {
            let images: Vec<_> = deleted.iter().cloned().chain(server.images()).collect();
            answer.body = json!({ "images": images }).to_string().into_bytes();
        }
        Some(answer)
    });
    let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts", "--settle", "1"], folder.path());
    let count = |text: &str, word: &str| -> usize {
        let line = text.lines().find(|line| line.contains(" created, ")).unwrap();
        let part = line.split([',', ';']).find(|part| part.ends_with(word)).unwrap();
        part.trim().split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(code, 5, "{text}");
    assert_eq!(count(&text, "left behind"), count(&text, "created"), "{text}");
    assert_eq!(ledgers(folder.path()).len(), 1, "{text}");
}

/// How many things there are that no mark shows to be a run's.
fn unmarked(server: &Server) -> usize {
    server.images().iter().filter(|image| !image.to_string().contains("conformance")).count()
}

#[test]
fn where_ids_find_nothing_little_is_created_without_a_mark() {
    let (folder, count) = (TempDir::new().unwrap(), AtomicUsize::new(0));
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        let is_creation = request.method == "POST" && answer.is_success();
        let id = format!("00000000-0000-4000-8000-{:012}", count.fetch_add(1, Ordering::Relaxed));
        Some(if is_creation { crate::server::renamed(answer, &id) } else { answer })
    });
    let arguments = ["--phase", "boundary", "--jobs", "1", "--settle", "1"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("was found by its mark alone"), "{text}");
    assert!(unmarked(&server) <= 3, "{} are left: {text}", unmarked(&server));
}

#[test]
fn where_more_is_created_than_asked_for_little_is_created_without_a_mark() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        if request.method == "POST" {
            server.pass(request, token);
        }
        Some(server.pass(request, token))
    });
    let arguments = ["--phase", "boundary", "--jobs", "1", "--settle", "1", "--max-created", "100000"];
    let (_, text) = outcome("run", &server.listen(), &arguments, folder.path());
    assert!(text.contains("was found by its mark alone"), "{text}");
    assert!(unmarked(&server) <= 3, "{} are left: {text}", unmarked(&server));
}

#[test]
fn what_was_created_without_an_id_and_appeared_is_told_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::with(|server, request, token| {
        let mut answer = server.pass(request, token);
        if request.method == "POST" && answer.is_success() {
            answer.body = b"{}".to_vec();
        }
        Some(answer)
    });
    let arguments = ["body/accepts_an_empty_object", "--settle", "1"];
    let (code, text) = outcome("run", &server.listen(), &arguments, folder.path());
    let [id] = &server.ids()[..] else { panic!("{text}") };
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("1 left behind, 0 perhaps"), "{text}");
    assert!(text.contains(&format!("  {id}  created by body/accepts_an_empty_object, which gave no id")), "{text}");
}

/// A server that answers the first deletion of each image with this, and does nothing.
fn deletes_at_the_second_time(status: u16, is_meant: fn(&Value) -> bool) -> std::sync::Arc<Server> {
    let asked = Mutex::new(std::collections::HashSet::new());
    Server::with(move |server, request, token| {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let images = server.images();
        let image = images.iter().find(|image| image["id"] == id).filter(|image| is_meant(image));
        let is_first = request.method == "DELETE" && image.is_some() && asked.lock().unwrap().insert(id.to_owned());
        Some(if is_first { bare(status) } else { server.pass(request, token) })
    })
}

#[test]
fn a_deletion_that_does_something_only_at_the_second_time_is_a_broken_promise() {
    let folder = TempDir::new().unwrap();
    let server = deletes_at_the_second_time(204, |_| true);
    let (code, text) = outcome("run", &server.listen(), &["min_ram/accepts", "--settle", "1"], folder.path());
    assert_eq!((code, server.ids()), (1, vec![]), "{text}");
    assert!(text.contains("FAIL behaviour.deleted-image-is-gone"), "{text}");
}

#[test]
fn an_error_of_a_deletion_is_told_although_it_works_the_second_time() {
    let folder = TempDir::new().unwrap();
    let server = deletes_at_the_second_time(500, |image| image["disk_format"] == "raw");
    let (code, text) = outcome("run", &server.listen(), &["disk_format/echoes", "--settle", "1"], folder.path());
    assert_eq!((code, server.ids()), (1, vec![]), "{text}");
    assert!(text.contains("FAIL behaviour.deleted-image-is-gone") && text.contains("got       500"), "{text}");
    // What says nothing of the service is none.
    let (folder, server) = (TempDir::new().unwrap(), deletes_at_the_second_time(503, |_| true));
    let (code, text) = outcome("run", &server.listen(), &["disk_format/echoes", "--settle", "1"], folder.path());
    assert_eq!((code, server.ids()), (0, vec![]), "{text}");
}
