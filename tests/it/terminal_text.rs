//! What a server, or a ledger that somebody else wrote, makes a terminal show: no order to it, no letter that nobody sees, no line of its own, and no report
//! of endless length. Every form stands in every position.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ims_conformance::untrusted::is_hidden;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A good answer to a call that does not look at its request.
const CREATED: &str = include_str!("../../benches/answer.json");

/// What a line would begin with that a server has written.
const FORGED: &str = "forged";

/// Each character that orders or hides, and ways to begin a line or to end one, after a word and before one.
fn forms() -> Vec<String> {
    let letters = "\0\u{1}\u{7}\u{8}\t\u{b}\u{c}\u{1b}\u{7f}\u{80}\u{85}\u{90}\u{9b}\u{9d}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2069}\u{206f}\u{e000}\u{feff}\u{fff9}\u{fe0f}\u{e0001}\u{e0041}\u{f0000}";
    let lines = ["\n", "\r", "\r\n", "\n\n", "\u{1b}[2K\r", "\u{1b}[35m", "\u{1b}]0;x\u{7}", "\u{1b}[2J\u{1b}[H"];
    let letters = letters.chars().map(|letter| letter.to_string());
    letters.chain(lines.map(str::to_owned)).map(|form| format!("x{form}{FORGED} line")).collect()
}

/// Where a server says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// The body of a 500.
    ErrorBody,
    /// A 201 whose body is not JSON.
    NoJson,
    /// The name of a field that nobody documents.
    FieldName,
    /// The value of a field that is documented.
    FieldValue,
    /// The id of what it creates and does not remove.
    Id,
    /// What a gateway's error says.
    Envelope,
    /// What the service's own error says.
    Refusal,
    /// The media type of a refusal, and where it leads.
    Headers,
}

const POSITIONS: [Position; 8] = [
    Position::ErrorBody,
    Position::NoJson,
    Position::FieldName,
    Position::FieldValue,
    Position::Id,
    Position::Envelope,
    Position::Refusal,
    Position::Headers,
];

/// A server that says one form after the other there.
fn serve(position: Position, forms: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (forms, next) = (Arc::new(forms), Arc::new(AtomicUsize::new(0)));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (forms, next) = (Arc::clone(&forms), Arc::clone(&next));
            thread::spawn(move || {
                let Some(head) = read(&mut stream) else { return };
                let is_creation = head.starts_with("POST ");
                let number = if is_creation { next.fetch_add(1, Ordering::SeqCst) } else { 0 };
                let _ = stream.write_all(&answer(position, &head, &forms[number % forms.len()]));
            });
        }
    });
    address
}

fn answer(position: Position, head: &str, form: &str) -> Vec<u8> {
    let created = |change: &dyn Fn(&mut Value)| {
        let mut created: Value = serde_json::from_str(CREATED).unwrap();
        change(&mut created);
        say("201 Created", "Content-Type: application/json\r\n", created.to_string().as_bytes())
    };
    match (position, head.split(' ').next().unwrap_or_default()) {
        (Position::ErrorBody, "POST") => say("500 Internal Server Error", "", form.as_bytes()),
        (Position::NoJson, "POST") => say("201 Created", "Content-Type: application/json\r\n", form.as_bytes()),
        (Position::FieldName, "POST") => created(&|fields| fields[form] = 1.into()),
        (Position::FieldValue, "POST") => created(&|fields| fields["name"] = form.into()),
        (Position::Id, "POST") => created(&|fields| fields["id"] = form.into()),
        (Position::Envelope, "POST") => {
            let body = json!({"error_code": form, "error_msg": form, "error": {"code": form, "message": form}});
            say("400 Bad Request", "Content-Type: application/json\r\n", body.to_string().as_bytes())
        }
        (Position::Refusal, "POST") => {
            let body = json!({ "message": form, form: form }).to_string();
            say("400 Bad Request", "Content-Type: application/json\r\n", body.as_bytes())
        }
        (Position::Headers, "POST") => {
            // HTTP itself lets no control pass.
            let text: String = form.chars().filter(|letter| !letter.is_control()).collect();
            let headers = format!("Content-Type: text/{text}\r\nLocation: http://{text}/\r\nX-Request-Id: {text}\r\n");
            say("400 Bad Request", &headers, b"")
        }
        (_, "GET") if head.contains("/images?") || head.contains("/images ") => {
            say("200 OK", "Content-Type: application/json\r\n", br#"{"images":[]}"#)
        }
        (Position::Id, "DELETE") => say("409 Conflict", "", form.as_bytes()),
        (Position::Id, "GET") => say("200 OK", "Content-Type: application/json\r\n", CREATED.as_bytes()),
        (_, "DELETE") => say("204 No Content", "", b""),
        _ => say("404 Not Found", "", b""),
    }
}

fn say(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65536]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length:").and_then(|length| length.trim().parse::<usize>().ok())
        });
        if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
            return Some(head.to_owned());
        }
    }
}

/// What the program says on a terminal that shows colours, and what it saves.
fn said(arguments: &[&str], home: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(arguments).env_clear().env("HOME", home).env("IMS_LEDGER", home.join("l")).env("CLICOLOR_FORCE", "1");
    let output = command.current_dir(home).env("OS_TOKEN", "a-realistic-token-of-32-letters-x").output().unwrap();
    assert_ne!(output.status.code(), Some(101), "a panic");
    let mut text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    for folder in fs::read_dir(home.join("saved")).into_iter().flatten() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            text.push_str(&fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    text
}

/// The styles that the program itself sets.
const STYLES: [&str; 7] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[4m"];

/// Nothing in the text is an order or hides, but for the program's own styles, and no line is anybody else's.
fn hold(text: &str, told: &str) {
    let plain = STYLES.iter().fold(text.to_owned(), |text, style| text.replace(style, ""));
    let hidden = plain.chars().find(|letter| *letter != '\n' && is_hidden(*letter));
    assert_eq!(hidden, None, "{told}: {plain:?}");
    let forged = plain.lines().find(|line| line.trim_start().starts_with(FORGED));
    assert_eq!(forged, None, "{told}: {plain}");
}

#[test]
fn no_server_orders_hides_or_forges() {
    // Side by side, as a run at most of them waits.
    thread::scope(|scope| {
        for position in POSITIONS {
            scope.spawn(move || hold_at(position));
        }
    });
}

fn hold_at(position: Position) {
    let home = TempDir::new().unwrap();
    let endpoint = serve(position, forms());
    let run = ["run", "request.name", "--phase", "boundary,random", "--strict", "-v", "--save", "saved"];
    let quick = ["--endpoint", &endpoint, "--retries", "0", "--max-created", "50", "-j", "8"];
    for arguments in [&run[..], &["doctor"], &["sweep", "--dry-run"], &["sweep"]] {
        let quick = if arguments[0] == "run" { &quick[..] } else { &quick[..4] };
        let quick = if arguments[1..] == ["--dry-run"] { &[] } else { quick };
        let text = said(&[arguments, quick].concat(), home.path());
        hold(&text, &format!("{position:?} {arguments:?}"));
        // The words of a gateway are not repeated.
        let is_shown = arguments[0] == "run" && position != Position::Envelope;
        assert!(!is_shown || text.contains(FORGED), "{position:?} was not shown: {text}");
    }
}

#[test]
fn no_ledger_of_somebody_else_orders_hides_or_forges() {
    for form in forms() {
        let home = TempDir::new().unwrap();
        fs::create_dir(home.path().join("l")).unwrap();
        let at = "2026-01-01T00:00:00Z";
        let records = [
            json!({"record": "run", "version": 2, "run": form, "suite": form, "endpoint": form, "project": form, "at": at, "grace": 1}),
            json!({"record": "created", "number": 1, "id": form}),
            json!({"record": "intent", "number": 2, "at": at, "body": form}),
            json!({"record": "unknown", "number": 2, "at": at, "why": form}),
        ];
        for (name, lines) in
            [("a", &records[..]), ("b", &[json!({"record": form})]), ("c", &[json!({ form.as_str(): 1 })])]
        {
            let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
            fs::write(home.path().join("l").join(format!("{name}.ledger")), text).unwrap();
        }
        for arguments in [&["sweep", "--dry-run"][..], &["sweep", "--endpoint", "http://127.0.0.1:1", "--retries", "0"]]
        {
            let text = said(arguments, home.path());
            assert!(text.contains(FORGED), "{text}");
            hold(&text, &format!("{form:?}"));
        }
    }
}

#[test]
fn names_of_a_megabyte_and_fields_by_the_thousand_make_no_endless_report() {
    let forms = [
        (Position::Id, "x".repeat(1 << 20)),
        (Position::FieldName, "x".repeat(1 << 20)),
        (Position::FieldValue, "x".repeat(1 << 20)),
        (Position::NoJson, "x".repeat(1 << 20)),
        (Position::ErrorBody, "\u{1b}".repeat(1 << 20)),
    ];
    thread::scope(|scope| {
        for (position, form) in forms {
            scope.spawn(move || {
                let home = TempDir::new().unwrap();
                // Every time another one.
                let endpoint = serve(position, (0..50).map(|number| format!("{number}{form}")).collect());
                let run = ["run", "request.name", "--phase", "boundary,random", "--strict", "--max-created", "24"];
                let quick = ["-j", "8", "--endpoint", &endpoint, "--retries", "0"];
                let text = said(&[&run[..], &quick].concat(), home.path());
                assert!(text.len() < 200_000, "{position:?}: {} bytes", text.len());
                let text = said(&["sweep", "--dry-run"], home.path());
                assert!(text.len() < 100_000, "{position:?}: {} bytes", text.len());
            });
        }
    });
}
