//! A server that creates what it is asked to and makes it hard to know of: it is slow, loses answers, acts late, or does not list what is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ims_conformance::exchange::{Request, Response};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::server::{IMAGES, Server, TOKEN, bare, hang_up, is_caller_gone};

/// What is hard about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// It takes a moment before and after it acts; so does each of the others.
    Slow,
    /// When it has created, it hangs up, answers 502, or answers nothing.
    Lossy,
    /// What it was asked to create before a connection ended it creates a while after that.
    Late,
    /// Each page of its list leads to the next one by such a link.
    Paged(Link),
    /// Its list is answered 403. Like the next three it hangs up at times, too, and answers 400 to what it creates all the same.
    Refused,
    /// Its list is answered 403 whenever a run asks for the second time.
    RefusedLater,
    /// Its list holds a word that is not JSON, for one of those that runs created.
    NotANumber,
    /// Its list ends in the middle where it would hold one of those that runs created.
    CutOff,
}

impl SendError {
    /// Whether its list does not tell. Where nothing else was wrong, nobody would need it.
    fn hides(self) -> bool {
        matches!(self, Self::Refused | Self::RefusedLater | Self::NotANumber | Self::CutOff)
    }
}

/// How a page of a list names the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Path,
    Address,
    Query,
}

/// What a run created.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) id: String,
    /// The body that it sent.
    pub(crate) body: String,
    /// Which run it was.
    pub(crate) turn: usize,
}

/// A server with a trouble, and what it knows of who did what.
pub(crate) struct World {
    trouble: SendError,
    /// So much later a late server creates at the most.
    latest: Duration,
    chance: Mutex<Chance>,
    is_mended: AtomicBool,
    /// Whether what is created is not answered as long as the caller lives.
    is_silent: AtomicBool,
    requests: AtomicUsize,
    /// Creations that are not at their end.
    under_way: AtomicUsize,
    made: Mutex<Vec<Made>>,
    /// The runs that have seen the list.
    informed: Mutex<Vec<usize>>,
    /// The places of images in the list, which stay what they are when others go.
    places: Mutex<HashMap<String, usize>>,
}

/// Items on a page.
const PAGE: usize = 5;

/// The query for a page that begins at this place.
const MARKER: &str = "marker=";

/// A moment; within it, a caller may be killed.
const MOMENT: Duration = Duration::from_millis(3);

/// Longer than any caller here waits.
const FOREVER: Duration = Duration::from_secs(10);

/// The token that tells which run is asking.
pub(crate) fn token_of(turn: usize) -> String {
    format!("{TOKEN}-{turn:03}")
}

/// The run that shows a token.
fn turn_of(token: &str) -> Option<usize> {
    let turn = token.strip_prefix(TOKEN)?.strip_prefix('-')?.parse().ok()?;
    (token_of(turn) == token).then_some(turn)
}

impl World {
    /// A server with this trouble, and what it knows.
    pub(crate) fn with(trouble: SendError, latest: Duration, seed: u64) -> (Arc<Server>, Arc<Self>) {
        let world = Arc::new(Self {
            trouble,
            latest,
            chance: Mutex::new(Chance::new(seed)),
            is_mended: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            made: Mutex::default(),
            informed: Mutex::default(),
            places: Mutex::default(),
        });
        let shared = Arc::clone(&world);
        let server = Server::with(move |server, request, token| {
            shared.requests.fetch_add(1, Ordering::Relaxed);
            let turn = token.and_then(turn_of);
            shared.answer(server, request, turn.map_or(token, |_| Some(TOKEN)), turn)
        });
        (server, world)
    }

    /// From now on nothing is wrong with it.
    pub(crate) fn mend(&self) {
        self.is_mended.store(true, Ordering::Relaxed);
    }

    /// From now on it answers no more what it creates, or does so again.
    pub(crate) fn silence(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Whether nothing is still to be created.
    pub(crate) fn is_calm(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    /// What runs have created, whether or not it is still there.
    pub(crate) fn made(&self) -> Vec<Made> {
        self.made.lock().unwrap().clone()
    }

    fn below(&self, end: usize) -> usize {
        self.chance.lock().unwrap().below(end)
    }

    fn answer(&self, server: &Server, request: &Request, token: Option<&str>, turn: Option<usize>) -> Option<Response> {
        let is_call = |method: &str| {
            request.method == method && request.path.split('?').next() == Some(IMAGES) && token == Some(TOKEN)
        };
        std::thread::sleep(MOMENT);
        let answer = if is_call("POST") {
            self.under_way.fetch_add(1, Ordering::Relaxed);
            let answer = self.create(server, request, turn);
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            answer
        } else if is_call("GET") && !self.is_mended.load(Ordering::Relaxed) {
            Some(self.list(server, request, turn))
        } else {
            Some(server.pass(request, token))
        };
        std::thread::sleep(MOMENT);
        answer
    }

    fn create(&self, server: &Server, request: &Request, turn: Option<usize>) -> Option<Response> {
        let create = || {
            let answer = server.pass(request, Some(TOKEN));
            if let (201, Some(turn), Some(created)) = (answer.status, turn, answer.json()) {
                let id = created["id"].as_str().unwrap().to_owned();
                let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
                self.made.lock().unwrap().push(Made { id, body, turn });
            }
            answer
        };
        let later = || {
            let latest = usize::try_from(self.latest.as_millis()).unwrap();
            std::thread::sleep(Duration::from_millis(self.below(latest) as u64));
            create();
            None
        };
        match (self.trouble, self.below(8)) {
            (trouble, 0) if trouble == SendError::Lossy || trouble.hides() => {
                create();
                None
            }
            (trouble, 1) if trouble.hides() && is_marked(request) => {
                create();
                Some(bare(400))
            }
            (SendError::Lossy, 1) => {
                create();
                Some(bare(502))
            }
            (SendError::Lossy, 2) => {
                create();
                is_left_within(FOREVER);
                None
            }
            (SendError::Late, 0 | 1) => {
                hang_up();
                later()
            }
            (SendError::Late, 2) if is_left_within(FOREVER) => later(),
            (SendError::Late, _) if is_left_within(MOMENT * 8) => later(),
            _ => {
                let answer = create();
                if self.is_silent.load(Ordering::Relaxed) {
                    is_left_within(FOREVER);
                }
                Some(answer)
            }
        }
    }

    fn list(&self, server: &Server, request: &Request, turn: Option<usize>) -> Response {
        match self.trouble {
            SendError::Paged(link) => self.page(server, request, link),
            SendError::Refused => bare(403),
            SendError::RefusedLater if !turn.is_some_and(|turn| self.informs(turn)) => bare(403),
            SendError::NotANumber => self.spoilt(server, request, |list, at| {
                let text =
                    String::from_utf8_lossy(&list[at..]).replacen("\"min_disk\":", "\"min_disk\":NaN,\"was\":", 1);
                [&list[..at], text.as_bytes()].concat()
            }),
            SendError::CutOff => self.spoilt(server, request, |list, at| list[..at + 4].to_vec()),
            SendError::RefusedLater | SendError::Slow | SendError::Lossy | SendError::Late => {
                server.pass(request, Some(TOKEN))
            }
        }
    }

    /// Whether this is the first time that this run asks.
    fn informs(&self, turn: usize) -> bool {
        let mut informed = self.informed.lock().unwrap();
        let is_first = !informed.contains(&turn);
        informed.push(turn);
        is_first
    }

    /// The list, spoilt at the first thing that a run created, if there is one.
    fn spoilt(&self, server: &Server, request: &Request, spoil: impl Fn(&[u8], usize) -> Vec<u8>) -> Response {
        let mut answer = server.pass(request, Some(TOKEN));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let made = self.made.lock().unwrap();
        let items: Vec<_> = text.match_indices("\"id\":\"").map(|(at, _)| at).collect();
        let is_made =
            |at: &&usize| made.iter().any(|made| text[**at..].starts_with(&format!("\"id\":\"{}\"", made.id)));
        if let Some(at) = items.iter().find(is_made) {
            answer.body = spoil(text.as_bytes(), *at);
        }
        answer
    }

    fn page(&self, server: &Server, request: &Request, link: Link) -> Response {
        let (_, query) = request.path.split_once('?').unwrap_or_default();
        let parts = query.split('&').filter(|part| !part.is_empty());
        let (markers, others): (Vec<_>, Vec<_>) = parts.partition(|part| part.starts_with(MARKER));
        let begin = markers.first().map_or(0, |marker| marker[MARKER.len()..].parse().unwrap());
        let whole = if others.is_empty() { IMAGES.to_owned() } else { format!("{IMAGES}?{}", others.join("&")) };
        let mut answer = server.pass(&Request { path: whole, ..request.clone() }, Some(TOKEN));
        let mut list = answer.json().unwrap();
        let items: Vec<_> =
            list["images"].as_array().unwrap().iter().map(|item| (self.place(item), item.clone())).collect();
        let mut later = items.into_iter().filter(|(place, _)| *place >= begin);
        let page: Vec<_> = later.by_ref().take(PAGE).map(|(_, item)| item).collect();
        if let Some((place, _)) = later.next() {
            let marker = format!("{MARKER}{place}");
            let query = [others, vec![&marker]].concat().join("&");
            let host = request.headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.as_str());
            list["next"] = json!(match link {
                Link::Path => format!("{IMAGES}?{query}"),
                Link::Address => format!("http://{}{IMAGES}?{query}", host.unwrap()),
                Link::Query => format!("?{query}"),
            });
        }
        list["images"] = json!(page);
        answer.body = list.to_string().into_bytes();
        answer
    }

    fn place(&self, item: &Value) -> usize {
        let mut places = self.places.lock().unwrap();
        let next = places.len();
        *places.entry(item["id"].as_str().unwrap().to_owned()).or_insert(next)
    }
}

/// Whether a request holds what proves whose its image is; of others that it refuses, no sweep can know.
fn is_marked(request: &Request) -> bool {
    String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).contains("conformance-")
}

/// Waits for so long at the most; whether the caller has gone by then.
fn is_left_within(time: Duration) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < time {
        if is_caller_gone() {
            return true;
        }
        std::thread::sleep(MOMENT);
    }
    false
}
