//! A server that sends the token back, in each header of its answers and in one field after the other: none of what is said or written tells it, in any format,
//! at once or later.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::server::{Server, TOKEN, program, suite};
use ims_conformance::exchange::Response;
use ims_conformance::report::{Format, compare};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Headers in which every answer tells it, so that each exchange that is shown has them all; the last one is that of nobody.
const HEADERS: [&str; 16] = [
    "content-language",
    "content-disposition",
    "location",
    "server",
    "via",
    "date",
    "etag",
    "link",
    "set-cookie",
    "retry-after",
    "www-authenticate",
    "x-auth-token",
    "x-subject-token",
    "x-request-id",
    "x-openstack-request-id",
    "x-nobody-documents-it",
];

/// Where an answer repeats the token.
#[derive(Clone, Debug)]
enum Place {
    /// The value of a field, and a part of it.
    Field(String, bool),
    /// The name of a field.
    Name,
    /// The media type, which decides how a body is read.
    MediaType,
    /// A body that is nothing else.
    Body,
}

impl Place {
    /// Every place of an answer to the call under test. An id that no path holds ends a run, so that it stands at the end.
    fn all() -> Vec<Self> {
        let suite = suite();
        let fields = suite.contract.creation.response.properties.keys().filter(|name| *name != "id");
        let fields: Vec<String> = fields.cloned().chain(["nobody_documents_it".to_owned()]).collect();
        let whole = fields.iter().cloned().map(|name| Self::Field(name, false));
        let part = fields.iter().cloned().map(|name| Self::Field(name, true));
        let others = [Self::MediaType, Self::Name, Self::Body, Self::Field("id".into(), false)];
        whole.chain(part).chain(others).collect()
    }

    /// The answer with the token there.
    fn tell(&self, mut answer: Response) -> Response {
        let mut fields = answer.json().filter(Value::is_object).unwrap_or_else(|| json!({}));
        match self {
            Self::Field(name, false) => fields[name] = json!(TOKEN),
            Self::Field(name, true) => {
                fields[name] = json!({"why": [format!("it was {TOKEN}, or {}", TOKEN.to_uppercase())]});
            }
            Self::Name => fields[TOKEN] = json!(1),
            Self::MediaType => answer.headers[0] = ("content-type".to_owned(), TOKEN.to_owned()),
            Self::Body => {}
        }
        answer.headers.extend(HEADERS.map(|name| (name.to_owned(), TOKEN.to_owned())));
        answer.headers.push((TOKEN.to_owned(), "its name".to_owned()));
        answer.body = if matches!(self, Self::Body) { TOKEN.into() } else { fields.to_string().into_bytes() };
        answer
    }
}

/// A server that tells the token in each place in turn, as it creates and as it refuses; how often it did.
fn gossip() -> (Arc<Server>, Arc<AtomicUsize>) {
    let (told, places) = (Arc::new(AtomicUsize::new(0)), Place::all());
    let count = Arc::clone(&told);
    let server = Server::with(move |server, request, token| {
        let answer = server.pass(request, token);
        // The look before the run is one creation, and needs a good answer.
        if request.method != "POST" || server.count("POST") == 1 {
            return Some(answer);
        }
        let number = count.fetch_add(1, Ordering::SeqCst);
        Some(places[number % places.len()].tell(answer))
    });
    (server, told)
}

/// Nothing that was said or written tells the token; how often it stands in place of it that one was there.
fn hold(what: &str, text: &str) -> usize {
    let folded = text.to_lowercase();
    let found = folded.find(&TOKEN.to_lowercase()).map(|at| folded[..at].chars().rev().take(80).collect::<Vec<_>>());
    assert_eq!(found.map(|before| before.into_iter().rev().collect::<String>()), None, "{what} tells the token");
    text.replace("&#91;", "[").replace("&#93;", "]").matches("[token]").count()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs against this address, with every report, everything shown, and as GitHub runs it. What was said.
fn run(url: &str, folder: &Path) -> String {
    let reports = Format::ALL.map(|(name, _)| format!("--report={name}={}", folder.join(name).display()));
    let mut arguments = vec!["run", "-v", "--strict", "--endpoint", url, "--token-env", "CANARY", "--phase", "case"];
    arguments.extend(["--settle", "1", "--retries", "0"]);
    arguments.extend(reports.iter().map(String::as_str));
    let mut command = program(&arguments, &folder.join("ledgers"));
    let output = command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", folder.join("summary")).output();
    said(&output.unwrap())
}

#[test]
fn a_token_that_comes_back_in_each_field_and_each_header_is_told_nowhere() {
    let folder = TempDir::new().unwrap();
    let (server, told) = gossip();
    let text = run(&server.listen(), folder.path());
    let places = Place::all().len();
    assert!(told.load(Ordering::SeqCst) >= places, "{} of {places}: {text}", told.load(Ordering::SeqCst));
    assert!(hold("what was said", &text) > places / 2, "{text}");
    assert!(text.contains("::error file="), "nothing was said as GitHub wants it: {text}");
    for (name, _) in Format::ALL.into_iter().chain([("summary", Format::Markdown)]) {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(hold(name, &text) > 3, "{name} has nothing of it: {text}");
    }
    hold("a ledger", &files(&folder.path().join("ledgers")));

    let good = folder.path().join("good");
    fs::create_dir(&good).unwrap();
    run(&Server::faithful().listen(), &good);
    let (first, second) = (good.join("json").display().to_string(), folder.path().join("json").display().to_string());
    let later = Format::ALL.map(|(name, _)| vec!["report", &second, "--as", name]);
    let compared = compare::Format::ALL.map(|(name, _)| vec!["compare", &first, &second, "--as", name]);
    for arguments in later.into_iter().chain(compared) {
        let text = said(&program(&arguments, folder.path()).output().unwrap());
        assert!(hold(&format!("{arguments:?}"), &text) > 3, "{arguments:?}: {text}");
    }
    let record = fs::read_to_string(folder.path().join("json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let answer = &record["findings"][0]["exchanges"][0]["answer"];
    let shown = |name: &str| answer["headers"].as_array().unwrap().iter().any(|header| header["name"] == name);
    assert!(HEADERS.iter().all(|name| shown(name)) && shown("[token]"), "{answer}");
    for finding in record["findings"].as_array().unwrap().iter().take(5) {
        hold("show", &said(&program(&["show", finding["probe"].as_str().unwrap()], folder.path()).output().unwrap()));
    }
}

fn files(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}
