//! A server that says whatever it was told or knows, in every disguise, wherever a server can say something. It is an identity service too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use serde_json::{Map, Value, json};

/// How it treats who asks. Where it is not about logins, those succeed, and the first token is refused where something is to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Refuses,
    Creates,
    Redirects,
    Breaks,
    /// It never answers to what may create something.
    Hangs,
    RefusesLogins,
    RedirectsLogins,
    BreaksLogins,
}

pub(crate) struct Gossip {
    pub(crate) address: String,
    shared: Arc<Shared>,
}

struct Shared {
    way: Way,
    address: String,
    /// Another host, to which it would like to lead.
    elsewhere: String,
    known: Vec<String>,
    signatures: Mutex<Vec<String>>,
    count: AtomicUsize,
    logins: AtomicUsize,
    visits: AtomicUsize,
}

impl Gossip {
    /// Serves until the process ends.
    pub(crate) fn start(way: Way, known: &[&str]) -> Self {
        let (listener, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let shared = Arc::new(Shared {
            way,
            address: format!("http://{}", listener.local_addr().unwrap()),
            elsewhere: other.local_addr().unwrap().to_string(),
            known: known.iter().map(|text| (*text).to_owned()).collect(),
            signatures: Mutex::default(),
            count: AtomicUsize::new(0),
            logins: AtomicUsize::new(0),
            visits: AtomicUsize::new(0),
        });
        let (here, there) = (Arc::clone(&shared), Arc::clone(&shared));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&here);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        std::thread::spawn(move || {
            for _ in other.incoming() {
                there.visits.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address: shared.address.clone(), shared }
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// How many connections came to the other host.
    pub(crate) fn elsewhere(&self) -> usize {
        self.shared.visits.load(Ordering::SeqCst)
    }

    /// The signatures that came.
    pub(crate) fn signatures(&self) -> Vec<String> {
        self.shared.signatures.lock().unwrap().clone()
    }

    /// What it knew from the beginning.
    pub(crate) fn known(&self) -> &[String] {
        &self.shared.known
    }
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read(&mut stream) else { return };
        self.count.fetch_add(1, Ordering::SeqCst);
        let mut told = self.known.clone();
        for (name, value) in &request.headers {
            // What stands before a token is no part of it.
            if ["x-auth-token", "x-subject-token", "x-security-token", "x-api-key", "authorization"]
                .contains(&name.as_str())
            {
                told.push(value.strip_prefix("Bearer ").unwrap_or(value).to_owned());
            }
            if name == "cookie" {
                told.extend(value.split_once('=').map(|(_, text)| text.to_owned()));
            }
            if let Some((_, signature)) = value.split_once("Signature=") {
                self.signatures.lock().unwrap().push(signature.to_owned());
                told.push(signature.to_owned());
            }
        }
        told.retain(|text| text.len() > 4);
        let answer =
            if request.path.contains("/auth/tokens") { self.log_in(&told) } else { self.answer(&request, &told) };
        let _ = stream.write_all(&answer);
    }

    fn log_in(&self, told: &[String]) -> Vec<u8> {
        let words = told.iter().flat_map(|text| disguises(text)).collect::<Vec<_>>().join(" ");
        match self.way {
            Way::RefusesLogins => say(401, told, "", &json!({"error": {"message": words}}).to_string()),
            Way::RedirectsLogins => say(307, told, &self.leading(told), &words),
            Way::BreaksLogins => say(201, told, "", &words),
            _ => {
                let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
                let token = format!("kwyjibo/given+{number}\"\\kwyjibo");
                let told: Vec<_> = told.iter().cloned().chain([token.clone()]).collect();
                let words = told.iter().flat_map(|text| disguises(text)).collect::<Vec<_>>().join(" ");
                let endpoint = json!({"interface": "public", "region_id": words, "url": self.address});
                let body = json!({"token": {
                    "expires_at": "2099-01-01T00:00:00Z",
                    "user": {"id": "u", "name": words},
                    "project": {"id": "p", "name": words},
                    "roles": [{"name": words}],
                    "catalog": [{"type": "image", "name": words, "endpoints": [endpoint]}],
                }});
                say(201, &told, &format!("X-Subject-Token: {token}\r\n"), &body.to_string())
            }
        }
    }

    fn answer(&self, request: &Request, told: &[String]) -> Vec<u8> {
        let is_creation = request.method == "POST" && !request.path.contains("/upload");
        let shows_first =
            request.headers.iter().any(|(name, value)| name == "x-auth-token" && value.contains("given+1"));
        let words = told.iter().flat_map(|text| disguises(text)).collect::<Vec<_>>().join(" ");
        let error = json!({"error": {"code": words, "message": words}, "message": told}).to_string();
        if is_creation && shows_first {
            return say(401, told, "", &error);
        }
        match (self.way, request.method.as_str()) {
            (Way::Hangs, "POST") => {
                std::thread::sleep(Duration::from_mins(1));
                Vec::new()
            }
            (Way::Creates, "POST") => say(201, told, "", &self.thing(told)),
            (Way::Creates, _) if request.path.contains("kwy") || request.path.contains("token") => {
                say(200, told, "", &self.thing(told))
            }
            (Way::Breaks, "POST") => {
                format!("HTTP/1.1 201 {words}\r\nContent-Length: 9999\r\n\r\n{words}").into_bytes()
            }
            (Way::Breaks, "DELETE") => words.into_bytes(),
            (Way::Redirects, "POST" | "DELETE") => say(307, told, &self.leading(told), &words),
            (_, "GET") if is_list(&request.path) => say(200, told, "", &self.list(told)),
            (_, "GET") => say(404, told, "", &error),
            _ => say(400, told, "", &error),
        }
    }

    /// Headers that lead to the other host.
    fn leading(&self, told: &[String]) -> String {
        let query = told.iter().map(|text| percent(text, true)).collect::<Vec<_>>().join("&");
        format!("Location: http://{}/?{query}\r\n", self.elsewhere)
    }

    /// Something that was created: what it is called is secret, and written so that only a reader of JSON sees it.
    fn thing(&self, told: &[String]) -> String {
        let first = told.last().cloned().unwrap_or_default();
        let mut plain = json!({
            "id": "ID", "name": told, "status": "queued", "visibility": "private", "min_disk": first, "disk_format": first,
            "self": format!("//{}/v2/images/{first}", self.elsewhere), "secret": first, "file": first, "tags": told,
        });
        if let Some(fields) = plain.as_object_mut() {
            // A field that nobody documents is named in a report.
            let named: Map<String, Value> =
                told.iter().flat_map(|text| disguises(text)).map(|name| (name, 1.into())).collect();
            fields.extend(named);
        }
        plain.to_string().replace("\"ID\"", &format!("\"{}\"", unicode(&first)))
    }

    fn list(&self, told: &[String]) -> String {
        let ids = told.iter().flat_map(|text| disguises(text));
        let items: Vec<Value> = ids.map(|id| json!({"id": id, "name": id, "status": "queued"})).collect();
        let next = format!("http://{}/v2/images?marker={}", self.elsewhere, percent(&told.join(""), true));
        json!({"images": items, "next": next, "first": format!("//{}/v2/images", self.elsewhere)}).to_string()
    }
}

fn is_list(path: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.ends_with("/images"))
}

/// An answer with the secrets in its reason and its headers.
fn say(status: u16, told: &[String], headers: &str, body: &str) -> Vec<u8> {
    let reason = told.join(" ");
    let mut head =
        format!("HTTP/1.1 {status} {reason}\r\n{headers}Content-Type: application/json\r\nConnection: close\r\n");
    // Not one for each: a client takes so many headers and no more.
    for (number, text) in told.iter().enumerate() {
        head.push_str(&format!("X-Said-{number}: {}\r\n", disguises(text).join(" ")));
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A text in the forms in which others write it.
fn disguises(text: &str) -> Vec<String> {
    let json = Value::from(text).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let twice = Value::from(json.as_str()).to_string();
    let markup = text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;");
    let form = percent(text, true).replace("%20", "+");
    let often = (0..3).fold(percent(text, true), |text, _| percent(&text, true));
    // Sixteen characters of a secret, also where one stands before it or after it.
    let head: String = text.chars().take(17).collect();
    let tail: String = text.chars().skip(text.chars().count().saturating_sub(17)).collect();
    let mut all = vec![
        text.to_owned(),
        json.replace('/', "\\/"),
        json,
        twice[1..twice.len() - 1].to_owned(),
        unicode(text),
        percent(text, true),
        percent(text, false),
        percent(text, false).replace("%2f", "/"),
        form,
        markup,
        often,
        text.to_ascii_uppercase(),
        HEXLOWER.encode(text.as_bytes()),
        HEXUPPER.encode(text.as_bytes()),
        percent(&head, true),
        head,
        tail,
    ];
    for before in ["", "x", "xy"] {
        let text = format!("{before}{text}");
        all.extend(ENCODINGS.map(|encoding| encoding.encode(text.as_bytes())));
    }
    all
}

const ENCODINGS: [Encoding; 4] = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];

/// What must not be found of a secret in forms that are not read again: sixteen characters of it in Base64 or in hexadecimal digits.
pub(crate) fn traces(secret: &str) -> Vec<String> {
    let mut forms = vec![HEXLOWER.encode(secret.as_bytes())];
    for before in ["", "x", "xy"] {
        // Without the letters that hold bits of what stands before and after.
        let text = format!("{before}{secret}");
        forms.extend([BASE64_NOPAD, BASE64URL_NOPAD].map(|encoding| {
            let letters = encoding.encode(text.as_bytes()).to_ascii_lowercase();
            letters[(before.len() * 8).div_ceil(6)..text.len() * 8 / 6].to_owned()
        }));
    }
    forms.iter().flat_map(|form| (16..=form.len()).map(|end| form[end - 16..end].to_owned())).collect()
}

fn unicode(text: &str) -> String {
    let escaped: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    escaped.concat()
}

fn percent(text: &str, is_upper: bool) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte if is_upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(escape).collect()
}

/// A text as it is, and without `\u` and `%` escapes, which could hide a word.
pub(crate) fn readings(text: &str) -> Vec<String> {
    let plain = |text: &str, prefix: &str| {
        let mut parts = text.split(prefix);
        let mut read = parts.next().unwrap_or_default().to_owned();
        let length = if prefix == "%" { 2 } else { 4 };
        for part in parts {
            let letter =
                part.get(..length).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
            match letter {
                Some(letter) => read.extend([letter.to_string().as_str(), &part[length..]]),
                None => read.push_str(part),
            }
        }
        read
    };
    let mut readings = vec![text.to_owned(), plain(text, "\\u")];
    for _ in 0..4 {
        readings.extend(readings.last().map(|text| plain(text, "%")));
    }
    readings
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65536]);
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let split =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let headers: Vec<_> = lines.filter_map(split).collect();
        let length =
            headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(Request { method: first.next()?, path: first.next()?, headers });
        }
    }
}
