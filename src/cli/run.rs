//! `run`: holds an endpoint, or the stub, against the contract.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::wishes::Wishes;
use super::{Console, Failure, SuiteChoice};
use crate::exit_code::ExitCode;
use crate::plan::plan;
use crate::report::{Context, Report, terminal};
use crate::run::{Ending, Options, Verdict, reach, run};
use crate::shrink::shrink;
use crate::stub::{Stub, StubService};
use crate::suite::Suite;
use crate::target::{Audit, Endpoint, Limits, Target, Token};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    wish: Wishes,
    /// Where the API is, with or without /v2, with or without a path prefix; without it the built-in stub is the target
    #[arg(long, value_name = "URL", env = "IMS_ENDPOINT")]
    endpoint: Option<Endpoint>,
    /// Environment variable that holds the token; `OS_TOKEN` is used if it is set
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// File that holds the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    suite: SuiteChoice,
    /// Fail on what nobody documents, too
    #[arg(long)]
    strict: bool,
    /// Probes under way at once [default: 8 for the stub, 1 for an endpoint]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: Option<u8>,
    /// Seconds until a request without a complete answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Folder in which every finding is saved as a case file
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Show every clause that was not assessed
    #[arg(long, short)]
    verbose: bool,
}

pub(super) async fn execute(arguments: Arguments, console: &mut dyn Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load()?;
    let wish = arguments.wish.wish();
    let probes = plan(&suite, &wish).map_err(|error| Failure::WrongUse(error.to_string()))?;
    let (target, _stub) = target(&arguments, &suite).await?;
    if target.endpoint().is_exposed() && target.has_token() {
        console.note("warning: the token travels unencrypted; the endpoint is not https\n");
    }
    let options = Options { concurrency: jobs(&arguments), is_strict: arguments.strict, stop: stop_on_ctrl_c() };
    reach(&suite, &target).await.map_err(|error| Failure::NotAssessed(error.to_string()))?;

    let audit = Audit::begin(&target, &suite.contract).await.map_err(|status| {
        let endpoint = target.endpoint();
        Failure::NotAssessed(format!(
            "{endpoint} answers {status} to a call that the contract knows; is the path right?"
        ))
    })?;
    let bar = progress_bar(probes.len(), console.is_watched());
    let mut failed = 0;
    let mut done = run(&suite, probes, &target, &options, |outcome| {
        failed += usize::from(outcome.verdict == Verdict::Fail);
        bar.set_message(format!("{failed} failed"));
        bar.inc(1);
    })
    .await;
    bar.finish_and_clear();
    let shrunk = if done.ending == Ending::Complete {
        shrink(&suite, &target, wish.seed, &mut done, &options.stop).await
    } else {
        Vec::new()
    };
    let appeared = audit.finish(&target, &suite.contract).await;
    done.requests = target.request_count();
    let context = Context {
        endpoint: &target.endpoint().to_string(),
        has_token: target.has_token(),
        seed: wish.seed,
        is_strict: arguments.strict,
        appeared: &appeared,
        shrunk: &shrunk,
    };
    let report = Report::new(&suite.contract, &done, &context);
    console.print(&terminal::render(&report, arguments.verbose));
    if let Some(dir) = &arguments.save {
        save(&report, dir, console)?;
    }
    Ok(ExitCode::of(&report))
}

/// Writes the case files of the findings; a file that is there already is left alone.
fn save(report: &Report, dir: &Path, console: &mut dyn Console) -> Result<(), Failure> {
    for file in report.findings.iter().filter_map(|finding| finding.case_file.as_ref()) {
        let path = dir.join(&file.path);
        if path.exists() {
            console.note(&format!("{} is there already\n", path.display()));
            continue;
        }
        let folder = path.parent().unwrap_or(dir);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &file.text));
        written.map_err(|error| Failure::WrongUse(format!("cannot write {}: {error}", path.display())))?;
        console.note(&format!("saved {}\n", path.display()));
    }
    Ok(())
}

/// The endpoint that was named, or a stub that lives as long as what is returned beside it.
async fn target(arguments: &Arguments, suite: &Arc<Suite>) -> Result<(Arc<Target>, Option<Stub>), Failure> {
    let limits = Limits { timeout: Duration::from_secs(arguments.timeout), ..Limits::default() };
    let header = &suite.contract.token.header;
    let wrong_use = |error: &dyn std::fmt::Display| Failure::WrongUse(error.to_string());
    if let Some(endpoint) = &arguments.endpoint {
        let target =
            Target::new(endpoint.clone(), header, token(arguments)?, limits).map_err(|error| wrong_use(&error))?;
        return Ok((Arc::new(target), None));
    }
    if arguments.token_env.is_some() || arguments.token_file.is_some() {
        return Err(Failure::WrongUse(
            "a token needs an endpoint; without --endpoint the target is the built-in stub, which has its own"
                .to_owned(),
        ));
    }
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| wrong_use(&error))?;
    let token = Token::random();
    let stub = Stub::start(StubService::new(Arc::clone(suite), token.clone(), None), listener).await;
    let endpoint = format!("http://{}", stub.address()).parse().map_err(|error| wrong_use(&error))?;
    let target = Target::new(endpoint, header, Some(token), limits).map_err(|error| wrong_use(&error))?;
    Ok((Arc::new(target), Some(stub)))
}

fn token(arguments: &Arguments) -> Result<Option<Token>, Failure> {
    let (text, place) = match (&arguments.token_file, &arguments.token_env) {
        (Some(file), _) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::WrongUse(format!("cannot read {}: {error}", file.display())))?;
            (text, file.display().to_string())
        }
        (None, Some(name)) => {
            let text = std::env::var(name)
                .map_err(|_| Failure::WrongUse(format!("the environment variable {name} is not set, or no text")))?;
            (text, format!("${name}"))
        }
        (None, None) => match std::env::var("OS_TOKEN") {
            Ok(text) if !text.trim().is_empty() => (text, "$OS_TOKEN".to_owned()),
            _ => return Ok(None),
        },
    };
    match Token::new(&text) {
        Some(token) => Ok(Some(token)),
        None => Err(Failure::WrongUse(format!("{place} holds no token: it must be one word that a header can carry"))),
    }
}

fn jobs(arguments: &Arguments) -> usize {
    let usual = if arguments.endpoint.is_none() { 8 } else { 1 };
    arguments.jobs.map_or(usual, usize::from)
}

/// A flag that the first Ctrl-C sets; the second one ends the process at once.
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(ExitCode::Incomplete as u8));
        }
    });
    stop
}

fn progress_bar(length: usize, is_watched: bool) -> ProgressBar {
    if !is_watched {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} probes  {msg}  {eta}") {
        bar.set_style(style);
    }
    bar
}
