//! Servers that have less than the contract describes: what is there is assessed, what is not is said, and nothing is invented about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{IMAGES, Server, TOKEN, bare, ledgers, outcome, program};
use crate::whole::{PLAIN, whole};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::exchange::{Request, Response};
use ims_conformance::plan::{Selection, plan};
use ims_conformance::run::{Options, Terms};
use serde_json::json;
use tempfile::TempDir;

/// A call of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Create,
    Read,
    List,
    Update,
    Delete,
    File,
    Other,
}

fn call(request: &Request) -> Call {
    let path = request.path.split('?').next().unwrap();
    let below = path.strip_prefix(IMAGES).map(|rest| rest.split('/').skip(1).collect::<Vec<_>>());
    match (request.method.as_str(), below.as_deref()) {
        ("POST", Some([])) => Call::Create,
        ("GET", Some([])) => Call::List,
        ("GET", Some([_])) => Call::Read,
        ("PATCH", Some([_])) => Call::Update,
        ("DELETE", Some([_])) => Call::Delete,
        ("GET", Some([_, "file"])) => Call::File,
        _ => Call::Other,
    }
}

/// What a server does with a call.
#[derive(Clone, Copy)]
enum Does {
    /// What it should.
    Well,
    /// It answers this status and does nothing.
    Says(u16),
    /// It lists nothing.
    Empty,
}

/// A server that does this, but for a defect in what it does well.
fn server(defect: Option<&str>, does: fn(Call) -> Does) -> Arc<Server> {
    Server::with_defect(defect, move |server, request, token| {
        Some(match does(call(request)) {
            _ if call(request) == Call::Other => bare(404),
            Does::Well => server.pass(request, token),
            Does::Says(status) => bare(status),
            Does::Empty => Response { body: json!({"images": []}).to_string().into(), ..bare(200) },
        })
    })
}

/// A server with less than it should have, and what a run must make of it.
struct Partial {
    name: &'static str,
    does: fn(Call) -> Does,
    /// The exit code where the rest conforms.
    code: i32,
    /// What the report says.
    says: &'static [&'static str],
    /// Whether what is created can be removed.
    removes: bool,
}

fn only(calls: &[Call], call: Call, elsewhere: u16) -> Does {
    if calls.contains(&call) { Does::Well } else { Does::Says(elsewhere) }
}

fn without(call: Call, missing: Call, does: Does) -> Does {
    if call == missing { does } else { Does::Well }
}

const NO_READ: &str = "GET /v2/images/{id}: not there, the answer is 404";
const NO_LIST: &str = "GET /v2/images: not there, the answer is 404";
const UNPROVEN: &str = "DELETE /v2/images/{id}: not used, as neither a list nor a read proves";

const PARTIAL: [Partial; 12] = [
    Partial {
        name: "POST only, 404 elsewhere",
        does: |call| only(&[Call::Create], call, 404),
        code: 0,
        says: &[NO_READ, NO_LIST, UNPROVEN],
        removes: false,
    },
    Partial {
        name: "POST only, 405 elsewhere",
        does: |call| only(&[Call::Create], call, 405),
        code: 0,
        says: &["GET /v2/images/{id}: not there, the answer is 405", UNPROVEN],
        removes: false,
    },
    Partial {
        name: "POST and GET",
        does: |call| only(&[Call::Create, Call::Read], call, 404),
        code: 0,
        says: &[NO_LIST, "PATCH /v2/images/{id}: not there", "DELETE /v2/images/{id}: not there"],
        removes: false,
    },
    Partial {
        name: "POST, GET and DELETE",
        does: |call| only(&[Call::Create, Call::Read, Call::Delete], call, 405),
        code: 0,
        says: &["GET /v2/images: not there", "PATCH /v2/images/{id}: not there, the answer is 405"],
        removes: true,
    },
    Partial {
        name: "no list",
        does: |call| without(call, Call::List, Does::Says(404)),
        code: 0,
        says: &[NO_LIST, "without a list nothing would prove that what it creates is this run's"],
        removes: true,
    },
    Partial {
        name: "list 403",
        does: |call| without(call, Call::List, Does::Says(403)),
        code: 3,
        says: &["GET /v2/images: refused with 403", "what is left is not known: the list was answered 403"],
        removes: true,
    },
    Partial {
        name: "list 500",
        does: |call| if call == Call::Update { Does::Says(405) } else { without(call, Call::List, Does::Says(500)) },
        code: 3,
        says: &["GET /v2/images: refused with 500", "PATCH /v2/images/{id}: not there, the answer is 405"],
        removes: true,
    },
    Partial {
        name: "list always empty, and nothing else",
        does: |call| if call == Call::List { Does::Empty } else { only(&[Call::Create], call, 404) },
        code: 3,
        says: &[NO_READ, "GET /v2/images: answered, and does not show what was just created"],
        removes: false,
    },
    Partial {
        name: "no PATCH",
        does: |call| without(call, Call::Update, Does::Says(404)),
        code: 0,
        says: &["PATCH /v2/images/{id}: not there, the answer is 404", "that create what must be released by PATCH"],
        removes: true,
    },
    Partial {
        name: "no DELETE",
        does: |call| without(call, Call::Delete, Does::Says(405)),
        code: 0,
        says: &["DELETE /v2/images/{id}: not there, the answer is 405", "nothing removes them"],
        removes: false,
    },
    Partial {
        name: "DELETE 403",
        does: |call| without(call, Call::Delete, Does::Says(403)),
        code: 5,
        says: &["DELETE /v2/images/{id}: refused with 403", "what was created before could not be removed"],
        removes: false,
    },
    Partial {
        name: "GET by id 403",
        does: |call| without(call, Call::Read, Does::Says(403)),
        code: 3,
        says: &["GET /v2/images/{id}: refused with 403"],
        removes: true,
    },
];

/// Cases of everything, and some of what is generated.
const SOME: [&str; 5] = ["--phase", "case,boundary,pairs", "min_disk", "behaviour/", "protected"];

#[test]
fn what_a_target_has_is_assessed_and_of_what_it_lacks_nothing_is_invented() {
    for Partial { name, does, code, says, removes } in PARTIAL {
        let (folder, server) = (TempDir::new().unwrap(), server(None, does));
        let (got, text) = outcome("run", &server.listen(), &[&SOME[..], &["--settle", "1"]].concat(), folder.path());
        assert_eq!(got, code, "{name}: {text}");
        assert!(!text.contains("FAIL") && text.contains("; 0 clauses broken"), "{name}: {text}");
        for words in says {
            assert!(text.contains(words), "{name}: {words}: {text}");
        }
        assert_eq!(server.ids().is_empty(), removes, "{name}: {text}");
        assert!(removes || text.contains(" 0 removed, "), "{name}: {text}");
        let is_known = code != 5 && !text.contains("what is left is not known");
        assert_eq!(ledgers(folder.path()).is_empty(), is_known, "{name}: {text}");
    }
}

#[test]
fn a_fault_of_the_call_under_test_is_found_whatever_else_is_lacking() {
    for Partial { name, does, .. } in PARTIAL {
        let (folder, server) = (TempDir::new().unwrap(), server(Some("response.status.const:\"other\""), does));
        let (code, text) = outcome("run", &server.listen(), &["min_disk/", "--settle", "1"], folder.path());
        assert_eq!(code, 1, "{name}: {text}");
        assert!(text.contains("FAIL response.status.const") && text.contains("; 1 clause broken"), "{name}: {text}");
    }
}

#[test]
fn every_probe_of_the_call_under_test_is_sent_to_a_target_that_has_nothing_else() {
    let (folder, server) = (TempDir::new().unwrap(), server(None, |call| only(&[Call::Create], call, 404)));
    let (code, text) = outcome("run", &server.listen(), &["-v"], folder.path());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 failed, 0 inconclusive, 0 skipped of "), "{text}");
    for clause in ["behaviour.metadata-persists", "behaviour.refused-request-creates-nothing"] {
        assert!(text.lines().any(|line| line.contains("not assessed") && line.contains(clause)), "{clause}: {text}");
    }
    let stay = server.ids().len();
    assert!(stay > 500 && text.contains(&format!("{stay} created, 0 removed, {stay} stay, 0 left behind")), "{text}");
}

#[test]
fn a_wrong_path_is_told_from_a_target_that_has_less() {
    let (folder, server) = (TempDir::new().unwrap(), server(None, |call| only(&[Call::Create], call, 404)));
    let (code, text) = outcome("run", &format!("{}/other", server.listen()), &[], folder.path());
    assert_eq!((code, server.ids().len(), ledgers(folder.path()).len()), (3, 0, 0), "{text}");
    assert!(text.contains("answers 404 to POST /v2/images, the call under test; is the path right?"), "{text}");
}

#[test]
fn elsewhere_nothing_is_left_that_nobody_allowed() {
    for does in [|call| without(call, Call::Delete, Does::Says(405)), |call| only(&[Call::Create], call, 404)] {
        let (folder, server) = (TempDir::new().unwrap(), server(None, does));
        let url = server.listen().replace("127.0.0.1", "0.0.0.0");
        let (code, text) = outcome("run", &url, &["min_disk/accepts"], folder.path());
        assert_eq!((code, server.ids().len(), ledgers(folder.path()).len()), (5, 1, 1), "{text}");
        assert!(text.contains("--allow-leftovers does") && text.contains(&server.ids()[0]), "{text}");
        let arguments = ["min_disk/accepts", "--allow-leftovers", "--max-created", "4"];
        let (code, text) = outcome("run", &url, &arguments, folder.path());
        assert_eq!((code, server.ids().len(), ledgers(folder.path()).len()), (4, 5, 2), "{text}");
    }
}

#[test]
fn a_call_that_is_required_and_not_there_is_an_error() {
    let table = [("read,delete", 3, ""), ("list", 3, "GET /v2/images is required"), ("all", 3, "is required")];
    for (required, code, says) in table {
        let does = |call| without(call, Call::List, Does::Says(405));
        let (folder, server) = (TempDir::new().unwrap(), server(None, does));
        let (got, text) = outcome("run", &server.listen(), &["min_disk/accepts", "--require", required], folder.path());
        let code = if says.is_empty() { 0 } else { code };
        assert_eq!((got, server.ids().len()), (code, 0), "{required}: {text}");
        assert!(text.contains(says), "{required}: {text}");
    }
}

/// A server whose reads, or deletions, of some of what it created go wrong.
fn forgetful(spoilt: Call, status: u16, is_spoilt: fn(usize) -> bool) -> Arc<Server> {
    let count = AtomicUsize::new(0);
    let ids = std::sync::Mutex::new(Vec::<String>::new());
    Server::with(move |server, request, token| {
        let id = request.path.rsplit('/').next().unwrap().to_owned();
        if call(request) == spoilt && ids.lock().unwrap().contains(&id) {
            return Some(bare(status));
        }
        let answer = server.pass(request, token);
        if call(request) == Call::Create && answer.is_success() && is_spoilt(count.fetch_add(1, Ordering::SeqCst)) {
            ids.lock().unwrap().push(answer.json().unwrap()["id"].as_str().unwrap().to_owned());
        }
        Some(answer)
    })
}

/// The clauses of behaviours that a run accuses this server of, looked at first; inside the process, where no time passes.
fn accused(server: &Arc<Server>) -> Vec<String> {
    let suite = crate::server::suite();
    let access = Access::Token(Token::new(TOKEN).unwrap());
    let target = Arc::new(Target::local(&suite.contract, Arc::clone(server) as _, Setup::new(access)));
    let selection = Selection { selectors: vec!["behaviour/".to_owned()], ..Selection::default() };
    let plan = plan(&suite, &selection).unwrap().marked();
    let options = Options { looks_first: true, terms: Terms { may_leave: true, ..Terms::NONE }, ..PLAIN };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let results = runtime.block_on(whole(&suite, &plan, &target, &options)).results;
    assert_eq!(results.calls, [], "nothing is lacking");
    results.findings.iter().map(|finding| finding.clause.to_string()).collect()
}

#[test]
fn a_call_that_fails_for_some_is_no_call_that_is_lacking() {
    for (spoilt, status) in [(Call::Read, 404), (Call::Read, 405), (Call::Delete, 405), (Call::Delete, 404)] {
        // The first thing that is created is among them.
        for is_spoilt in [|number: usize| number.is_multiple_of(2), |number: usize| number % 3 < 1] {
            let accused = accused(&forgetful(spoilt, status, is_spoilt));
            assert!(accused.iter().any(|clause| clause.starts_with("behaviour.")), "{spoilt:?} {status}: {accused:?}");
        }
    }
}

#[test]
fn a_call_that_fails_for_the_first_thing_alone_is_accused_or_leaves_it() {
    for status in [404, 405, 500] {
        let accused = accused(&forgetful(Call::Read, status, |number| number == 0));
        assert!(accused.iter().any(|clause| clause.starts_with("behaviour.")), "{status}: {accused:?}");
        let (folder, server) = (TempDir::new().unwrap(), forgetful(Call::Delete, status, |number| number == 0));
        let (code, text) = outcome("run", &server.listen(), &["min_disk/accepts", "--settle", "1"], folder.path());
        assert_eq!((code, server.ids().len()), (5, 1), "{status}: {text}");
    }
}

#[test]
fn a_first_creation_that_fails_alone_is_accused() {
    for (status, expected) in [(500, ["status.201"].as_slice()), (400, &[]), (503, &[])] {
        let count = AtomicUsize::new(0);
        let server = Server::with(move |server, request, token| {
            let is_first = call(request) == Call::Create && count.fetch_add(1, Ordering::SeqCst) == 0;
            Some(if is_first { bare(status) } else { server.pass(request, token) })
        });
        assert_eq!(accused(&server), expected, "{status}");
    }
}

#[test]
fn a_first_creation_that_fails_is_told_whoever_answers_it() {
    let failing = |media_type: &'static str, body: &'static str| {
        let count = AtomicUsize::new(0);
        Server::with(move |server, request, token| {
            let is_first = call(request) == Call::Create && count.fetch_add(1, Ordering::SeqCst) == 0;
            let headers = vec![("content-type".to_owned(), media_type.to_owned())];
            let failure = Response { headers, body: body.into(), ..bare(500) };
            Some(if is_first { failure } else { server.pass(request, token) })
        })
    };
    let page = || failing("text/html", "<html><body>oh no</body></html>");
    let folder = TempDir::new().unwrap();
    let (code, text) = outcome("run", &page().listen(), &["min_disk/accepts"], folder.path());
    assert!(code == 3 && text.contains("a page for people answered 500"), "{code} {text}");
    for server in [page(), failing("application/json", "{}")] {
        let (code, text) = outcome("doctor", &server.listen(), &["--try"], folder.path());
        assert!(code != 0 && text.contains("a creation was answered 500"), "{code} {text}");
    }
}

#[test]
fn a_read_that_finds_nothing_of_what_is_listed_is_accused() {
    let does = |call| without(call, Call::Read, Does::Says(404));
    let (folder, server) = (TempDir::new().unwrap(), server(None, does));
    let (code, text) = outcome("run", &server.listen(), &["behaviour/", "--settle", "1"], folder.path());
    assert!(code == 1 && text.contains("FAIL behaviour.id-serves-later-calls"), "{text}");
}

#[test]
fn the_doctor_tells_which_calls_are_there() {
    let does = |call| without(call, Call::Update, Does::Says(405));
    let (folder, server) = (TempDir::new().unwrap(), server(None, does));
    let url = server.listen();
    let (code, text) = outcome("doctor", &url, &[], folder.path());
    assert_eq!((code, server.count("POST")), (0, 0), "{text}");
    let (code, text) = outcome("doctor", &url, &["--try"], folder.path());
    assert_eq!((code, server.ids().len()), (0, 0), "{text}");
    assert!(text.contains("PATCH /v2/images/{id} is not there, the answer is 405"), "{text}");
    let server = self::server(None, |call| only(&[Call::Create], call, 404));
    let (code, text) = outcome("doctor", &server.listen(), &[], folder.path());
    assert_eq!((code, server.count("POST")), (0, 0), "{text}");
    assert!(text.contains("it is not there, the answer is 404"), "{text}");
}

#[test]
fn help_names_what_a_partial_target_needs() {
    let folder = TempDir::new().unwrap();
    let output = program(&["run", "--help"], folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("--require <CALLS>") && text.contains("--allow-leftovers"), "{text}");
}

#[test]
fn an_answer_that_the_contract_has_for_a_call_does_not_refuse_it() {
    let does = |call| without(call, Call::File, Does::Says(403));
    let (folder, server) = (TempDir::new().unwrap(), server(None, does));
    let (code, text) = outcome("run", &server.listen(), &["behaviour/", "--settle", "1", "-v"], folder.path());
    assert_eq!((code, server.ids().len()), (0, 0), "{text}");
    assert!(text.contains("GET /v2/images/{id}/file: answered 403"), "{text}");
}
