//! Runs that are killed at random moments against servers that make it hard to know what is there: what a sweep leaves of theirs it tells, and keeps the
//! ledger; nothing of anybody else is touched; and where the server is mended, a further sweep leaves nothing that a run has marked.
//!
//! `KILL_SEED` repeats the choices of a failure. When exactly a process ends nobody can repeat.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::server::{Server, ledgers, outcome, program, wait_until};
use crate::trouble::{Link, Made, SendError, World, token_of};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How much is done to each server.
struct Extent {
    /// Servers at the same time, each with ledgers of its own.
    servers: usize,
    /// Runs that are killed at each.
    kills: usize,
    /// Arguments of each run.
    arguments: &'static [&'static str],
    /// So much later a late server creates at the most.
    latest: Duration,
}

/// For every day.
const SHORT: Extent = Extent { servers: 1, kills: 5, arguments: &["--settle", "2"], latest: Duration::from_secs(1) };

/// Thirty kills of runs that leave the time to settle as it is.
const LONG: Extent = Extent { servers: 5, kills: 6, arguments: &[], latest: Duration::from_secs(12) };

/// What runs are killed at.
const WAYS: [&[&str]; 8] = [
    &["--phase", "case"],
    &["--phase", "random", "-j", "4", "--seed", "random"],
    &["--phase", "boundary", "-j", "4"],
    &["min_disk/", "--phase", "case"],
    &["--phase", "pairs", "-j", "4"],
    &["--phase", "random", "-j", "4", "--max-alive", "4"],
    &["--phase", "pairs", "-j", "2", "--no-mark"],
    &["behaviour/", "--phase", "case", "-j", "2"],
];

macro_rules! servers {
    ($($name:ident: $trouble:expr,)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn a_few_kills_leave_nothing_untold() {
                survive($trouble, &SHORT);
            }

            #[test]
            #[ignore = "takes a minute"]
            fn thirty_kills_leave_nothing_untold() {
                survive($trouble, &LONG);
            }
        }
    )*};
}

servers! {
    slow: SendError::Slow,
    lossy: SendError::Lossy,
    late: SendError::Late,
    list_paged_by_path: SendError::Paged(Link::Path),
    list_paged_by_address: SendError::Paged(Link::Address),
    list_paged_by_query: SendError::Paged(Link::Query),
    list_refused: SendError::Refused,
    list_refused_once_the_run_has_begun: SendError::RefusedLater,
    list_with_a_word_that_is_no_json: SendError::NotANumber,
    list_cut_off: SendError::CutOff,
}

fn survive(trouble: SendError, extent: &Extent) {
    let seed = std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    let left: usize = std::thread::scope(|scope| {
        let sites: Vec<_> = (0..extent.servers as u64)
            .map(|number| scope.spawn(move || Site::new(trouble, extent, seed, number).survive(extent)))
            .collect();
        let left = sites.into_iter().map(|site| site.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
        left.sum()
    });
    assert!(left > 0, "seed {seed}: no run has left anything, so that nothing was tried");
}

/// A server, the runs that are killed at it, and what is there of others.
struct Site {
    server: Arc<Server>,
    world: Arc<World>,
    url: String,
    folder: TempDir,
    chance: Chance,
    /// So much later the server creates at the most.
    latest: Duration,
    /// How long runs wait for an answer, where some never come.
    patience: &'static [&'static str],
    /// What every failure tells.
    whence: String,
    /// Images of others that no lost request can have created, as they were at first.
    theirs: Vec<Value>,
    /// And those that look as if one had.
    alike: Vec<Value>,
    /// The ledger that each run began, if it came so far.
    begun: Vec<Option<PathBuf>>,
}

impl Site {
    fn new(trouble: SendError, extent: &Extent, seed: u64, number: u64) -> Self {
        let latest = if trouble == SendError::Late { extent.latest } else { Duration::from_secs(1) };
        let (server, world) = World::with(trouble, latest, seed.wrapping_mul(31).wrapping_add(number));
        let is_mute = matches!(trouble, SendError::Lossy | SendError::Late);
        let mut site = Self {
            url: server.listen(),
            server,
            world,
            folder: TempDir::new().unwrap(),
            chance: Chance::new(seed.wrapping_mul(37).wrapping_add(number)),
            latest,
            patience: if is_mute { &["--timeout", "3"] } else { &[] },
            whence: format!("KILL_SEED={seed}, server {number}"),
            theirs: Vec::new(),
            alike: Vec::new(),
            begun: Vec::new(),
        };
        for body in [
            json!({}),
            json!({"name": "conformance-0123456789ab-1"}),
            json!({"tags": ["conformance-run=0123456789ab-2"]}),
            json!({"name": "theirs", "protected": true}),
        ] {
            site.theirs.push(site.create(&body));
        }
        site
    }

    /// Has runs killed and what they left swept; how much they left.
    fn survive(mut self, extent: &Extent) -> usize {
        let mut kills = 0;
        while kills < extent.kills {
            assert!(self.begun.len() < 4 * extent.kills, "{}: the runs end before they can be killed", self.whence);
            kills += usize::from(self.kill_a_run(extent.arguments));
        }
        self.let_a_run_end();
        let left = self.left().len();
        self.kill_a_sweep();
        let (code, text) = self.sweep(&[]);
        wait_until("the last creation", || self.world.is_calm());
        self.nothing_is_left_untold(code, &text);
        self.world.mend();
        let (code, text) = self.sweep(&[]);
        self.nothing_is_left_untold(code, &text);
        self.nothing_marked_is_left(&text);
        // Those that look like a run's own are for the user to tell from it; their owners take them away.
        for image in std::mem::take(&mut self.alike) {
            self.server.pass(
                &crate::server::request("DELETE", &format!("{}/{}", crate::server::IMAGES, id_of(&image)), ""),
                Some(crate::server::TOKEN),
            );
        }
        let (code, text) = self.sweep(&["--likely"]);
        self.nothing_is_left_untold(code, &text);
        self.nothing_marked_is_left(&text);
        left
    }

    /// Kills a run at some moment, after somebody else has created something; whether it was still alive.
    fn kill_a_run(&mut self, arguments: &[&str]) -> bool {
        let (turn, before) = (self.begun.len(), ledgers(self.folder.path()));
        let way = [self.chance.of(&WAYS), arguments, self.patience].concat();
        let begin = self.world.requests();
        let mut run = self.start("run", &way, &token_of(turn));
        let (first, second) = (self.chance.below(40), self.chance.below(60));
        self.wait(&mut run, begin, |world| world.requests() > begin + first);
        self.somebody_creates(turn);
        if turn.is_multiple_of(2) {
            // When the server has created, and not answered yet.
            let made = self.world.made().len();
            self.wait(&mut run, begin, |world| world.made().len() >= made + second / 8);
            let made = self.world.made().len();
            self.world.silence(true);
            self.wait(&mut run, begin, |world| world.made().len() > made);
        } else {
            self.wait(&mut run, begin, |world| world.requests() > begin + first + second);
            std::thread::sleep(Duration::from_micros(self.chance.below(4000) as u64));
        }
        let is_alive = run.try_wait().unwrap().is_none();
        end(run);
        self.world.silence(false);
        let ledger = ledgers(self.folder.path()).into_iter().find(|path| !before.contains(path));
        self.begun.push(ledger.map(PathBuf::from));
        is_alive
    }

    /// Waits for a run that ends by itself: where it has left something, it says so.
    fn let_a_run_end(&mut self) {
        let (turn, before) = (self.begun.len(), ledgers(self.folder.path()));
        let settle = (self.latest.as_secs() + 1).to_string();
        let arguments = ["min_ram/", "--phase", "case", "-j", "2", "--settle", &settle];
        let mut run = self.start("run", &[&arguments, self.patience].concat(), &token_of(turn));
        let code = run.wait().unwrap().code();
        let ledger = ledgers(self.folder.path()).into_iter().find(|path| !before.contains(path));
        let left: Vec<_> = self.left().into_iter().filter(|made| made.turn == turn).collect();
        let is_told = left.is_empty() || (ledger.is_some() && code != Some(0));
        assert!(is_told, "{}: exit code {code:?}, {ledger:?}, and still there is {left:?}", self.whence);
        self.begun.push(ledger.map(PathBuf::from));
    }

    /// Kills a sweep on its way.
    fn kill_a_sweep(&mut self) {
        let begin = self.world.requests();
        let until = begin + self.chance.below(30);
        let mut sweep = self.start("sweep", &[], crate::server::TOKEN);
        self.wait(&mut sweep, begin, |world| world.requests() > until);
        end(sweep);
    }

    fn start(&self, command: &str, more: &[&str], token: &str) -> Child {
        let arguments = [&[command, "--endpoint", &self.url, "--token-env", "CANARY"], more].concat();
        let mut command = program(&arguments, self.folder.path());
        command.env("CANARY", token).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Waits until something holds, the process is over, or it has sent something, after so many requests of others, and then nothing for a while.
    fn wait(&mut self, process: &mut Child, begin: usize, holds: impl Fn(&World) -> bool) {
        let longest = Duration::from_millis(500 + self.chance.below(2000) as u64);
        let mut requests = self.world.requests();
        let mut last = (requests > begin).then(Instant::now);
        while !holds(&self.world) && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(500));
            if self.world.requests() > requests {
                (requests, last) = (self.world.requests(), Some(Instant::now()));
            }
            if last.is_some_and(|last| last.elapsed() > longest) {
                return;
            }
        }
    }

    fn create(&self, body: &Value) -> Value {
        let id = self.server.create(body);
        self.server.images().into_iter().find(|image| id_of(image) == id).unwrap()
    }

    fn somebody_creates(&mut self, turn: usize) {
        match turn % 3 {
            0 => self.alike.push(self.create(&json!({}))),
            1 => self.theirs.push(self.create(&json!({"name": format!("theirs {turn}"), "protected": true}))),
            _ => self.theirs.push(self.create(&json!({"name": format!("conformance-ba9876543210-{turn}")}))),
        }
    }

    fn sweep(&self, more: &[&str]) -> (i32, String) {
        let (code, text) = outcome("sweep", &self.url, more, self.folder.path());
        (code, format!("{}, exit code {code}: {text}", self.whence))
    }

    /// What runs have created and is still there.
    fn left(&self) -> Vec<Made> {
        let there = self.server.ids();
        self.world.made().into_iter().filter(|made| there.contains(&made.id)).collect()
    }

    /// What is left is told, or it is told that it is not known; the ledger is there, and the exit code says so. All of the others' is as it was.
    fn nothing_is_left_untold(&self, code: i32, text: &str) {
        let left = self.left();
        for made in &left {
            let ledger = self.begun[made.turn].as_ref().unwrap_or_else(|| panic!("without a ledger: {made:?} {text}"));
            let section = section(text, &ledger.display().to_string());
            let is_told = section.contains(&format!("\n  {}  ", made.id));
            let is_known = !section.contains("is not known") && !section.contains("call it again");
            assert!(is_told || !is_known, "untold: {made:?} {text}");
            assert!(ledger.exists(), "the ledger is gone: {made:?} {text}");
        }
        let kept = ledgers(self.folder.path());
        assert!(matches!(code, 0 | 3 | 5), "{text}");
        assert_eq!(code == 0, kept.is_empty(), "{kept:?} {text}");
        let there = self.server.images();
        for image in self.theirs.iter().chain(&self.alike) {
            assert!(there.contains(image), "lost or changed: {image} {text}");
        }
    }

    fn nothing_marked_is_left(&self, text: &str) {
        for made in self.left() {
            let run = self.begun[made.turn].as_ref().and_then(|ledger| ledger.file_stem()).unwrap();
            assert!(!made.body.contains(run.to_str().unwrap()), "marked: {made:?} {text}");
        }
    }
}

fn id_of(image: &Value) -> &str {
    image["id"].as_str().unwrap()
}

fn end(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

/// What is said of one ledger: its line, and those below it that stand further in.
fn section(text: &str, ledger: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.contains(&format!("{ledger}: ")));
    let first = lines.next().unwrap_or_default().to_owned();
    let rest = lines.take_while(|line| line.starts_with("  "));
    rest.fold(first, |section, line| format!("{section}\n{line}"))
}
