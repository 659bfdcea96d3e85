//! `stub`: serves the contract to other programs.

mod good;
mod log;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::interruptions::Interruptions;
use super::{Failure, load};
use crate::console::Console;
use crate::document::nearest;
use crate::exit_code::ExitCode;
use crate::json::careful;
use crate::rehearsal;
use crate::report::curl::quoted;
use crate::stub::defect::defects;
use crate::stub::{Defect, StartError, Stub};
use crate::suite::{Suite, read_text};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: String,
    /// Environment variable that holds the only good token; `OS_TOKEN` is used if it is set
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    #[command(flatten)]
    suite: super::SuiteChoice,
    /// Break one clause on purpose, in this way
    #[arg(long, value_name = "NAME")]
    defect: Option<String>,
    /// Hold from the beginning what this file lists: a JSON array of objects, each with some fields of an answer
    #[arg(long, value_name = "FILE")]
    seed_state: Option<PathBuf>,
    /// Also answer GET /-/state, which tells what is there, and DELETE /-/state, which puts back what was there from the beginning
    #[arg(long)]
    admin: bool,
    /// Speak HTTPS with the certificate in this file, PEM; those that it is issued by may stand behind it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, PEM without a passphrase
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How long each answer takes at least
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = latency, allow_negative_numbers = true)]
    latency: Duration,
    /// Answer 503 to this part of the requests, and do nothing of what they ask
    #[arg(long, value_name = "0..1", default_value = "0", value_parser = fail_rate, allow_negative_numbers = true)]
    fail_rate: f64,
    /// Which requests fail: the same seed chooses the same ones
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "fail_rate")]
    seed: u64,
    /// How to say that the stub is ready: where it is, and what opens it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    print: Print,
    /// Tell of each request on standard error, in one line: when, what, and the status of the answer
    #[arg(long)]
    log: bool,
    /// List the defects instead of serving: all, or those with this in their names; with `--print json` as an array
    #[arg(long, value_name = "TEXT", num_args = 0..=1, default_missing_value = "")]
    list_defects: Option<String>,
}

/// No client waits longer.
const LONGEST: Duration = Duration::from_hours(1);

/// How the stub says that it is ready.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Print {
    /// For a person
    Text,
    /// For a program: one line, with `address`, `token`, and `token_env`, which names the variable of a token that was given
    Json,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = load(&arguments.suite.suite, console)?;
    let known = defects(&suite.contract);
    if let Some(part) = &arguments.list_defects {
        return list(&suite, part, arguments.print, console);
    }
    let defect = match &arguments.defect {
        Some(name) => Some(find(&known, name)?),
        None => None,
    };
    let (token, good) = good::find(arguments.token_env.as_deref(), &suite.contract.security, console)?;
    let mut builder = Stub::builder(&suite.contract).listen(&arguments.listen).token(&token);
    if let Some(defect) = defect {
        builder = builder.defect(defect);
    }
    if let Some(file) = &arguments.seed_state {
        builder = builder.seed_state(resources(file)?);
    }
    if let (Some(certificate), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        builder = builder.tls(text_of(certificate)?, &text_of(key)?);
    }
    if arguments.admin {
        builder = builder.admin();
    }
    let mut written = None;
    if arguments.log {
        let (queue, end) = log::begin(console);
        builder = builder.log(move |answered| queue.add(answered));
        written = Some(end);
    }
    builder = builder.latency(arguments.latency).fail_rate(arguments.fail_rate, arguments.seed);
    // Before anybody knows that there is a stub to be stopped.
    let interruptions = Interruptions::listen();
    let stub = builder.start().await.map_err(|error| wrong_start(&error, arguments.seed_state.as_deref()))?;
    good::announce(&stub, &good, arguments.print, console);
    if console.loss().is_some() {
        // Nobody would know where it is.
        return Ok(ExitCode::WrongUse);
    }
    // Without a signal handler the default one ends the process, which is right too.
    let Ok(mut interruptions) = interruptions else { return std::future::pending().await };
    interruptions.next().await;
    tokio::select! {
        () = stub.stop() => {}
        // Whoever asks twice does not want to wait.
        () = interruptions.next() => {}
    }
    if let Some(written) = written {
        tokio::select! {
            () = written.wait() => {}
            () = interruptions.next() => {}
        }
    }
    Ok(ExitCode::Holds)
}

/// Names the defects, as a shell takes each name.
fn list(suite: &Suite, part: &str, print: Print, console: &Console) -> Result<ExitCode, Failure> {
    let found = rehearsal::selected(suite, &[part.to_owned()]);
    let found = found.map_err(|error| Failure::WrongUse(error.to_string()))?;
    match print {
        Print::Text => {
            for defect in found {
                console.print(&format!("{}  {}\n", quoted(&defect.name), defect.text));
            }
        }
        Print::Json => {
            let told = |defect: &Defect| json!({"name": defect.name, "clause": defect.clause.to_string(), "text": defect.text});
            console.print(&format!("{}\n", found.iter().map(told).collect::<Value>()));
        }
    }
    Ok(ExitCode::Holds)
}

/// What a file holds that is to be there from the beginning; `-` is standard input.
fn resources(file: &Path) -> Result<Vec<Value>, Failure> {
    let shown = file.display();
    let text = text_of(file)?;
    let wrong = |error| Failure::WrongUse(format!("{shown}: expected a JSON array of objects: {error}"));
    let resources: Vec<Value> = serde_json::from_str(&text).map_err(wrong)?;
    match careful(text.as_bytes()) {
        Some((_, Some(key))) => Err(Failure::WrongUse(format!("{shown}: the key `{key}` stands twice in one object"))),
        _ => Ok(resources),
    }
}

/// What a file holds; `-` is standard input.
fn text_of(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { read_any(file) };
    read.map_err(|error| Failure::WrongUse(format!("cannot read {}: {error}", file.display())))
}

/// The text of a file, or of a pipe.
fn read_any(file: &Path) -> std::io::Result<String> {
    let is_plain = std::fs::metadata(file)?.is_file();
    if is_plain { read_text(file) } else { std::fs::read_to_string(file) }
}

fn wrong_start(error: &StartError, file: Option<&Path>) -> Failure {
    match (error, file) {
        (StartError::Listen(address, cause), _) => {
            let hint = match cause.kind() {
                ErrorKind::AddrInUse => "; `--listen 127.0.0.1:0` takes a free port",
                ErrorKind::InvalidInput => "; it must be HOST:PORT, such as 127.0.0.1:0",
                _ => "",
            };
            Failure::WrongUse(format!("cannot listen on {address}: {cause}{hint}"))
        }
        (StartError::Seed(error), Some(file)) => Failure::WrongUse(format!("{}: {error}", file.display())),
        _ => Failure::WrongUse(error.to_string()),
    }
}

fn latency(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| *time <= LONGEST).ok_or_else(|| format!("expected seconds, up to {}", LONGEST.as_secs()))
}

fn fail_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| "expected a part of all requests, from 0 to 1".to_owned())
}

fn find<'a>(known: &'a [Defect], name: &str) -> Result<&'a Defect, Failure> {
    known.iter().find(|defect| defect.name == name).ok_or_else(|| {
        let near = nearest(name, known.iter().map(|defect| defect.name.as_str()));
        let hint = near.map_or_else(|| "--list-defects shows all".to_owned(), |near| format!("did you mean `{near}`?"));
        Failure::WrongUse(format!("there is no defect `{name}`; {hint}"))
    })
}
