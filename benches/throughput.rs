//! How many requests a second a whole run sends, with all its checks, beside a client that only sends, and beside `oha` where that is installed: all of them
//! over HTTP to the same stub, in turns, with as many connections. `cargo bench --bench throughput`; the ratios mean more than the numbers.
//!
//! A client that only sends repeats one request that is refused, which is the least work for the stub. A run creates, reads and removes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ims-conformance");

const TOKEN: &str = "stub-token";

/// What those that only send repeat.
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

/// A client that sends, and reads each answer to its end.
fn bare(url: &str, connections: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (count, begin) = (Arc::new(AtomicU32::new(0)), Instant::now());
    let target = format!("{url}/v2/images");
    runtime.block_on(async {
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let (client, target, count) = (client.clone(), target.clone(), Arc::clone(&count));
            senders.spawn(async move {
                while begin.elapsed() < TIME {
                    let request = client.post(&target).header("X-Auth-Token", TOKEN);
                    let request = request.header("Content-Type", "application/json").body(BODY);
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.status(), 400);
                    answer.bytes().await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
    });
    f64::from(count.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64()
}

/// The same by `oha`; `None` where it is not installed.
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
    println!("requests a second; behind a run its part of the bare client's, and of oha's");
    println!("{:>11}  {:>11}  {:>8}  {:<34}  ledger on disk", "connections", "bare client", "oha", "ledger in memory");
    for connections in [1, 8, 64] {
        let served = Served::start();
        let bare = best(|| Some(bare(&served.url, connections))).unwrap();
        let oha = best(|| oha(&served.url, connections));
        let whole = |folder: &Path| {
            let rate = best(|| Some(whole(&served.url, connections, folder))).unwrap();
            let of_oha = oha.map_or_else(|| "-".to_owned(), |oha| format!("{:.2}", rate / oha));
            format!("{rate:>8.0}  {:.2} of bare, {of_oha:>4} of oha", rate / bare)
        };
        let oha_text = oha.map_or_else(|| "absent".to_owned(), |oha| format!("{oha:.0}"));
        println!(
            "{connections:>11}  {bare:>11.0}  {oha_text:>8}  {:<34}  {}",
            whole(memory.path()),
            whole(disk.path())
        );
    }
}
