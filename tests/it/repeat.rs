//! What a finding prints to repeat it, pasted into bash: it sends what the run sent, and leaves nothing behind.

use std::collections::HashSet;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use crate::recorder::{GIVE, Recorded, Recorder};
use crate::server::{Seen, Server, TOKEN};
use crate::whole::{PLAIN, Whole, whole};
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::exchange::{Exchange, Request, Response, TokenVariant};
use ims_conformance::http::{Endpoint, Route};
use ims_conformance::plan::{Plan, Selection, mark, plan};
use ims_conformance::probe::{Phase, Probe, Script, Step};
use ims_conformance::report::curl::Caller;
use ims_conformance::results::Finding;
use ims_conformance::stub::defect::defects;
use ims_conformance::suite::Suite;
use regex::Regex;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Whether what the printed lines need is on this machine; says so where it is not.
fn can_repeat() -> bool {
    let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    let missing: Vec<_> = ["bash", "curl", "perl"].into_iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        // Straight to the stream: what a test prints in the usual way is not shown where it passes.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: no line is repeated, as this machine has no {}",
            missing.join(" and no ")
        );
    }
    missing.is_empty()
}

/// Has bash perform these lines, as if they were pasted; what it says.
fn paste(lines: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let mut bash = Command::new("bash");
    bash.arg(&file).current_dir(&folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    let output = bash.env("HOME", folder.path()).env("OS_TOKEN", TOKEN).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn setup() -> Setup {
    Setup { retries: 0, ..Setup::new(Access::Token(Token::new(TOKEN).unwrap())) }
}

fn marked(suite: &Arc<Suite>) -> Vec<Probe> {
    let mut probes: Vec<_> = plan(suite, &Selection::default()).unwrap().iter().collect();
    mark(&suite.contract, &mut probes);
    probes
}

/// Every request of the cases, every form of a body and of a header, and one of each other kind that is generated.
fn kinds(suite: &Arc<Suite>) -> Vec<(String, Request)> {
    let mut seen = HashSet::new();
    let mut kept = marked(suite);
    kept.retain(|probe| match probe.phase {
        Phase::Case => true,
        _ if probe.id.starts_with("boundary/body/") || probe.id.starts_with("boundary/content-type/") => true,
        _ => {
            let kind = (probe.phase, probe.clauses.clone(), probe.violation.is_some());
            seen.insert(kind)
        }
    });
    let of_probe = |probe: Probe| {
        let id = probe.id;
        probe.script.steps.into_iter().map(move |step| (id.clone(), step.request))
    };
    kept.into_iter().flat_map(of_probe).collect()
}

/// Requests that no suite has and another one may have.
fn oddities() -> Vec<(String, Request)> {
    let request = |method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>| Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.map(<[u8]>::to_vec),
        credential: TokenVariant::Good,
    };
    let body = |body: &[u8]| request("POST", "/v2/images", &[("Content-Type", "application/json")], Some(body));
    let uneven: String = (0..40_000).map(|number| number.to_string()).collect();
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut found: Vec<_> = [
        b"@/etc/hostname".as_slice(),
        b"@",
        b"-",
        b"--data x",
        b"%s%d%%",
        b"\\n\\0\\\\",
        b"it's \"quoted\" $HOME `id` $(id) !!",
        b"\0",
        b"\n",
        b"a\n\n",
        b"\x001",
        &every_byte,
        &every_byte.repeat(50),
        "\u{202E}\u{FEFF}\u{200B}ä名😀".as_bytes(),
        uneven.as_bytes(),
        "it's".repeat(1000).as_bytes(),
        &[b"{\"a\":".repeat(5000), b"1".to_vec(), b"}".repeat(5000)].concat(),
        &b"-".repeat(3000),
        &b"'\\".repeat(2000),
    ]
    .into_iter()
    .map(body)
    .collect();
    found.extend([
        request("POST", "/v2/images", &[], Some(b"{}")),
        request("POST", "/v2/images", &[], None),
        request("POST", "/v2/images", &[("Content-Type", "")], Some(b"{}")),
        request("PATCH", "/v2/images/{id}", &[("content-type", "a/b; c=\"d'e\"")], Some(b"[]")),
        request(
            "GET",
            "/v2/images?a={1,2}&b=[1-3]&{1..3}&c='d'&e=$f",
            &[("X-Empty", ""), ("X-Twice", "1"), ("X-Twice", "2")],
            None,
        ),
        request("GET", "/v2/images/a%20b;c", &[("Accept", "text/html"), ("X-Tab", "a\tb")], None),
        request("DELETE", "/v2/images/{id}", &[("x-auth-token", "replaced")], None),
        request("HEAD", "/v2/images", &[], None),
        request("OPTIONS", "/v2/images", &[], None),
    ]);
    for (_, credential) in TokenVariant::ALL {
        found.push(Request { credential, ..body(b"{}") });
    }
    found.into_iter().enumerate().map(|(index, request)| (format!("oddity {index}"), request)).collect()
}

/// The request alone, or after one that gives it the id without which it would not be sent.
fn script(suite: &Suite, request: Request) -> Script {
    if !request.path.contains('{') {
        return Script { steps: vec![Step::new(request)] };
    }
    let subject = suite.contract.subject();
    let (method, path) = (subject.method.clone(), subject.path.as_str().to_owned());
    let create = Request { method, path, body: Some(GIVE.to_vec()), credential: TokenVariant::Good, ..request.clone() };
    let captures = ["id", "first", "second", "bystander"].map(|name| (name.to_owned(), "/id".to_owned())).to_vec();
    // Unless a step does so, the target looks by itself at what it is to change.
    let read = &suite.contract.operations[suite.contract.creation.lifecycle.read];
    let (method, path) = (read.method.clone(), read.path.fill("{id}"));
    let look = Request { method, path, headers: Vec::new(), body: None, credential: TokenVariant::Good };
    Script { steps: vec![Step { captures, ..Step::new(create) }, Step::new(look), Step::new(request)] }
}

#[test]
fn a_pasted_line_sends_the_bytes_and_headers_that_the_run_sent() {
    if !can_repeat() {
        return;
    }
    let recorder = Recorder::start();
    for name in ["otc", "glance"] {
        let suite = Arc::new(Suite::built_in(name).unwrap().unwrap());
        let target = Target::new(&suite.contract, recorder.url.parse::<Endpoint>().unwrap(), setup()).unwrap();
        let scheme = suite.contract.security.schemes.first();
        let caller = Caller { endpoint: &recorder.url, scheme, has_token: true, route: &Route::USUAL };
        // Otherwise nothing would prove that what is created is the target's own.
        assert!(runtime().block_on(target.take_stock()).is_ok());
        recorder.take();
        let (mut ids, mut lines) = (Vec::new(), Vec::new());
        for (id, request) in kinds(&suite).into_iter().chain(oddities()) {
            for exchange in runtime().block_on(target.perform(&script(&suite, request))) {
                assert!(exchange.outcome.is_ok(), "{id}: {exchange:?}");
                lines.push(format!("{} > /dev/null", caller.command(&exchange.request)));
                ids.push(id.clone());
            }
        }
        let sent = recorder.take();
        assert_eq!(sent.len(), lines.len(), "the run has sent each once");
        let said = paste(&lines);
        assert_eq!(said, "");
        let repeated = recorder.take();
        assert_eq!(repeated.len(), lines.len(), "each line has sent one");
        let shown = |request: &Recorded| format!("{} {:?} {:.200?}", request.line, request.headers, request.body);
        for (index, (sent, repeated)) in sent.iter().zip(&repeated).enumerate() {
            let (one, other) = (shown(sent), shown(repeated));
            assert!(sent == repeated, "{}\n{:.300}\n   run {one}\n  line {other}", ids[index], lines[index]);
        }
        assert!(ids.len() > 200, "{}", ids.len());
    }
}

/// What a server was asked, with one word for every id and one for the text of a run.
fn shapes(seen: &[Seen]) -> Vec<String> {
    let id = Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    let run = Regex::new("[0-9a-f]{12}").unwrap();
    let shape = |seen: &Seen| {
        let text = format!("{} {} {}", seen.method, seen.path, seen.body);
        run.replace_all(&id.replace_all(&text, "ID"), "RUN").into_owned()
    };
    seen.iter().map(shape).collect()
}

/// The cases of behaviours, and a part of what is generated.
fn some(suite: &Arc<Suite>) -> Vec<Probe> {
    let (mut probes, mut rest, mut open) = (marked(suite), 0, 0);
    probes.retain(|probe| {
        let is_case = probe.phase == Phase::Case && probe.clauses.iter().any(|clause| clause.starts_with("behaviour."));
        rest += usize::from(probe.phase == Phase::Pairs);
        let is_open = probe.phase == Phase::Boundary && probe.clauses.is_empty() && probe.script.steps.len() > 1;
        open += usize::from(is_open);
        is_case || (probe.phase == Phase::Pairs && rest <= 40) || (is_open && open <= 20)
    });
    probes
}

/// What a run finds against a stub with a defect, when it sends these probes.
fn found(server: &Arc<Server>, suite: &Arc<Suite>, probes: &[Probe]) -> Whole {
    let service: Arc<dyn ims_conformance::client::Service> = Arc::clone(server) as _;
    let target = Arc::new(Target::local(&suite.contract, service, setup()));
    // No pause takes time where the target is in this process.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut done = runtime.block_on(whole(suite, &Plan::of(suite, probes.to_vec()), &target, &PLAIN));
    done.results.endpoint = server.listen();
    done
}

/// The statuses with which the run was answered, the last one wrongly.
fn answers(finding: &Finding) -> Vec<String> {
    finding.answers.iter().map(|answer| answer.as_ref().unwrap().status.to_string()).collect()
}

#[test]
fn the_pasted_lines_of_a_finding_show_it_again_and_leave_nothing() {
    if !can_repeat() {
        return;
    }
    let status = Regex::new(r"HTTP/1\.1 (\d+)").unwrap();
    let mut of_several_steps = 0;
    for name in ["otc", "glance"] {
        let suite = Arc::new(Suite::built_in(name).unwrap().unwrap());
        let probes = some(&suite);
        let behaviours = defects(&suite.contract).into_iter().filter(|defect| defect.clause.starts_with("behaviour."));
        let mut names: Vec<_> = behaviours.map(|defect| defect.name).collect();
        // One request alone does not show what comes only with others.
        names.retain(|name| !name.ends_with("-at-once"));
        // One of those that differ in the value with which they show.
        names.dedup_by_key(|name| name.split("-for-").next().unwrap().to_owned());
        for defect in names {
            let server = Server::of_suite(name, &defect);
            let Whole { records, results: report } = found(&server, &suite, &probes);
            assert!(!report.findings.is_empty(), "{defect}");
            for finding in &report.findings {
                let (endpoint, scheme) = (report.endpoint.as_str(), report.scheme.as_ref());
                let caller = Caller { endpoint, scheme, has_token: true, route: &report.route };
                let lines = finding.repeat.lines(|request, names| caller.command_with(request, names));
                let outcome = records.iter().find(|record| record.probe.id == finding.probe.id).unwrap();
                let answers_of_run = outcome.exchanges.iter().filter_map(Exchange::response).filter_map(Response::json);
                for id in answers_of_run.filter_map(|answer| Some(answer.get("id")?.as_str()?.to_owned())) {
                    assert!(!lines.join("\n").contains(&id), "{defect}: the id of another run\n{}", lines.join("\n"));
                }
                let (before, asked) = (server.ids().len(), server.seen().len());
                let said = paste(&lines);
                let what =
                    format!("{defect}: {} by {}\n{}\n{said}", finding.clause, finding.probe.id, lines.join("\n"));
                let expected = answers(finding);
                // The same answers to the same requests, but for the ids.
                let got: Vec<_> = status.captures_iter(&said).map(|found| found[1].to_owned()).collect();
                assert!(got.starts_with(&expected), "{expected:?}, not {got:?}\n{what}");
                let sent = finding.requests.iter().map(|request| Seen {
                    method: request.method.clone(),
                    path: request.path.clone(),
                    body: String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned(),
                    at: tokio::time::Instant::now(),
                });
                let repeated = server.seen().split_off(asked);
                assert_eq!(shapes(&repeated)[..expected.len()], shapes(&sent.collect::<Vec<_>>()), "{what}");
                if !LEAVES_SOMETHING.iter().any(|word| defect.contains(word)) {
                    assert_eq!(server.ids().len(), before, "{what}");
                }
                of_several_steps += usize::from(finding.requests.len() > 1);
            }
        }
    }
    assert!(of_several_steps > 10, "{of_several_steps}");
}

/// Defects with which nobody can remove everything: it is not gone, or the answer does not say that it is there.
const LEAVES_SOMETHING: [&str; 5] =
    ["keeps-what-is-deleted", "refuses-to-delete", "forgets-updates", "creates-what-it-refuses", "creates-for-anybody"];

#[test]
fn the_pasted_lines_of_a_refusal_now_and_then_remove_what_they_create_when_it_does_not_come() {
    if !can_repeat() {
        return;
    }
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    let server = Server::of_suite("otc", "status.201:500-now-and-then");
    let Whole { results: report, .. } = found(&server, &suite, &some(&suite));
    let finding = report.findings.iter().find(|finding| finding.clause == "status.201").unwrap();
    let (endpoint, scheme) = (report.endpoint.as_str(), report.scheme.as_ref());
    let caller = Caller { endpoint, scheme, has_token: true, route: &report.route };
    let lines = finding.repeat.lines(|request, names| caller.command_with(request, names));
    let before = server.ids().len();
    let said = [paste(&lines), paste(&lines)].concat();
    assert!(said.contains("HTTP/1.1 201") && said.contains("HTTP/1.1 204"), "{}\n{said}", lines.join("\n"));
    assert_eq!(server.ids().len(), before, "{}\n{said}", lines.join("\n"));
}

/// What is asked of a service that gives every creation this answer, when the lines of a finding are pasted.
fn asked_by(lines: impl Fn(&str) -> Vec<String>, status: u16, body: &str) -> Vec<String> {
    runtime().block_on(async {
        let service = MockServer::start().await;
        let created = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(method("POST")).respond_with(created).mount(&service).await;
        let lines = lines(&service.uri());
        let said = tokio::task::spawn_blocking(move || paste(&lines)).await.unwrap();
        assert!(said.contains(&format!("HTTP/1.1 {status}")), "{said}");
        let asked = service.received_requests().await.unwrap();
        asked.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect()
    })
}

#[test]
fn pasted_lines_remove_only_what_a_success_names_alone() {
    if !can_repeat() {
        return;
    }
    let suite = Arc::new(Suite::built_in("otc").unwrap().unwrap());
    // The first creation was refused, and its next answer may be anything; the second was taken, and its next one may differ; the third is sent by several
    // shells at once.
    let defects = ["status.201:500-now-and-then", "request.min_disk.minimum:off-by-one", "status.201:500-at-once"];
    for (defect, at_once) in defects.into_iter().zip([1, 1, 8]) {
        let Whole { results: report, .. } = found(&Server::of_suite("otc", defect), &suite, &marked(&suite));
        let finding = report.findings.iter().find(|finding| defect.starts_with(finding.clause.as_str())).unwrap();
        let scheme = report.scheme.as_ref();
        let lines = |endpoint: &str| {
            let caller = Caller { endpoint, scheme, has_token: true, route: &report.route };
            finding.repeat.lines(|request, names| caller.command_with(request, names))
        };
        for (status, body) in [
            (500, r#"{"id":"foreign"}"#),
            (403, r#"{"error":{"id":"foreign"}}"#),
            (409, r#"{"conflict":{"id":"foreign"},"id":"foreign"}"#),
            (302, r#"{"id":"foreign"}"#),
            (201, r#"{"owner":{"id":"foreign"},"id":"own"}"#),
            (201, r#"{"id":".."}"#),
            (201, r#"{"id":"../foreign"}"#),
            (201, r#"{"id":""}"#),
            (201, r#"{"name":"none"}"#),
            (201, "HTTP/1.1 201 Created"),
            (500, "HTTP/1.1 201 Created\r\n\r\n{\"id\":\"foreign\"}"),
        ] {
            let asked = asked_by(lines, status, body);
            assert!(asked.iter().all(|line| line == "POST /v2/images"), "{defect} {status} {body}: {asked:?}");
        }
        let asked = asked_by(lines, 201, r#"{"id": "own"}"#);
        assert_eq!(asked.last().unwrap(), "DELETE /v2/images/own", "{defect}: {asked:?}");
        let count = |method: &str| asked.iter().filter(|line| line.starts_with(method)).count();
        assert_eq!((count("POST"), count("DELETE")), (at_once, at_once), "{defect}: {asked:?}");
    }
}
