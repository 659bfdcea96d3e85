//! How many requests a second a whole run sends, with all its checks, beside clients that only send, and beside `oha` where that is installed: all of them
//! over HTTP to the same stub, in turns, with as many connections. `cargo bench --bench throughput`; the ratios mean more than the numbers.
//!
//! The first client repeats one request that is refused, which is the least work for the stub, and so does `oha`. The second one does what a run does for most
//! of its probes: it creates, reads, removes and reads again.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ims-conformance");

const TOKEN: &str = "stub-token";

/// What those that repeat one request send.
const BODY: &str = r#"{"min_disk":0}"#;

/// How long each of them sends.
const TIME: Duration = Duration::from_secs(4);

/// Each is measured so often; the best of them counts, as a machine can only be slower than it is.
const ROUNDS: usize = 3;

/// A stub in a process of its own.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start() -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["stub", "--listen", "127.0.0.1:0"]).env("OS_TOKEN", TOKEN);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, url: line.trim().to_owned() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What a client that only sends does, again and again.
#[derive(Clone, Copy)]
enum Work {
    /// One request that is refused.
    Refused,
    /// One thing is created, read, removed, and looked for.
    LifeCycle,
}

/// Sends, and reads each answer to its end.
struct Bare {
    client: reqwest::Client,
    url: String,
    count: AtomicU32,
}

impl Bare {
    async fn send(&self, method: Method, path: &str, body: Option<&'static str>) -> (u16, Vec<u8>) {
        let request = self.client.request(method, format!("{}{path}", self.url)).header("X-Auth-Token", TOKEN);
        let request = match body {
            Some(body) => request.header("Content-Type", "application/json").body(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        self.count.fetch_add(1, Ordering::Relaxed);
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    async fn work(&self, work: Work) {
        if let Work::Refused = work {
            assert_eq!(self.send(Method::POST, "/v2/images", Some(BODY)).await.0, 400);
            return;
        }
        let (status, created) = self.send(Method::POST, "/v2/images", Some(r#"{"name":"bare"}"#)).await;
        assert_eq!(status, 201);
        let created: Value = serde_json::from_slice(&created).unwrap();
        let path = format!("/v2/images/{}", created["id"].as_str().unwrap());
        for (method, expected) in [(Method::GET, 200), (Method::DELETE, 204), (Method::GET, 404)] {
            assert_eq!(self.send(method, &path, None).await.0, expected);
        }
    }
}

/// Requests a second of a client that only sends.
fn bare(url: &str, connections: usize, work: Work) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let bare = Arc::new(Bare { client, url: url.to_owned(), count: AtomicU32::new(0) });
    let begin = Instant::now();
    runtime.block_on(async {
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let bare = Arc::clone(&bare);
            senders.spawn(async move {
                while begin.elapsed() < TIME {
                    bare.work(work).await;
                }
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
    });
    f64::from(bare.count.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64()
}

/// Those of `oha`; `None` where it is not installed.
fn oha(url: &str, connections: usize) -> Option<f64> {
    let mut command = Command::new("oha");
    command.args(["--no-tui", "--output-format", "json", "-m", "POST", "-d", BODY, "-T", "application/json"]);
    command.args(["-H", &format!("X-Auth-Token: {TOKEN}"), "-c", &connections.to_string()]);
    command.args(["-z", &format!("{}s", TIME.as_secs()), &format!("{url}/v2/images")]);
    let said = command.stderr(Stdio::null()).output().ok()?.stdout;
    serde_json::from_slice::<Value>(&said).ok()?.pointer("/summary/requestsPerSec")?.as_f64()
}

/// A whole run that keeps its ledger in this folder.
fn whole(url: &str, connections: usize, ledger: &Path) -> f64 {
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--quiet", "--endpoint", url, "--jobs", &connections.to_string(), "--examples", "100"]);
    // Cases may wait for some seconds, as they say; nothing else does.
    command.args(["--phase", "boundary,texts,pairs,random", "--report", "json=-", "--ledger"]).arg(ledger);
    let begin = Instant::now();
    let output = command.env("OS_TOKEN", TOKEN).stderr(Stdio::null()).output().unwrap();
    let took = begin.elapsed().as_secs_f64();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["exit_code"], 0, "{report:#}");
    report["requests"].as_f64().unwrap() / took
}

fn best(mut measure: impl FnMut() -> Option<f64>) -> Option<f64> {
    (0..ROUNDS).filter_map(|_| measure()).reduce(f64::max)
}

fn main() {
    // As the client of the program does; there is no other one in this process.
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let disk = tempfile::tempdir().unwrap();
    let memory = tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }).unwrap();
    println!(
        "requests a second; behind a run its part of those of a client that only has things refused, of one that has them created, and of oha's"
    );
    println!(
        "{:>11}  {:>8}  {:>8}  {:>8}  {:<32}  ledger on disk",
        "connections", "refused", "created", "oha", "ledger in memory"
    );
    for connections in [1, 8, 64] {
        let served = Served::start();
        let [refused, created] =
            [Work::Refused, Work::LifeCycle].map(|work| best(|| Some(bare(&served.url, connections, work))).unwrap());
        let oha = best(|| oha(&served.url, connections));
        let part = |rate: f64, of: Option<f64>| of.map_or_else(|| "   -".to_owned(), |of| format!("{:.2}", rate / of));
        let whole = |folder: &Path| {
            let rate = best(|| Some(whole(&served.url, connections, folder))).unwrap();
            let parts = [Some(refused), Some(created), oha].map(|of| part(rate, of)).join("  ");
            format!("{rate:>8.0}  {parts}")
        };
        let oha_text = oha.map_or_else(|| "absent".to_owned(), |oha| format!("{oha:.0}"));
        let (memory, disk) = (whole(memory.path()), whole(disk.path()));
        println!("{connections:>11}  {refused:>8.0}  {created:>8.0}  {oha_text:>8}  {memory:<32}  {disk}");
    }
}
