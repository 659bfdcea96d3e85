//! `doctor`: is everything there that a run needs?

use clap::Args;

use super::target::TargetArguments;
use super::{Failure, SuiteChoice};
use crate::client::Limits;
use crate::console::Console;
use crate::doctor::{Health, Line, examine, try_calls, try_release};
use crate::exit_code::ExitCode;
use crate::ledger::{self, Ledger, LedgerFile, Record};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    suite: SuiteChoice,
    #[command(flatten)]
    target: TargetArguments,
    /// Create one thing, use every call on it and remove it; then the same with one that is delete-protected; without this nothing is created
    #[arg(long = "try")]
    tries: bool,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    let connected = match arguments.target.connect(&suite, |_| Limits::default(), console).await {
        Ok(connected) => connected,
        Err(Failure::NotAssessed(text)) => {
            console.print(&shown(&Line::bad("access", text)));
            return Ok(ExitCode::NotAssessed);
        }
        Err(failure) => return Err(failure),
    };
    let folder = arguments.target.ledgers()?;
    let contract = &suite.contract;
    let mut lines = examine(contract, &connected.target, &connected.who, &known(&folder)?).await;
    let is_reached = lines.iter().all(|line| line.health != Health::Bad || line.what == "leftovers");
    if arguments.tries && is_reached {
        let target = connected.target;
        let endpoint = target.endpoint().to_string();
        let first =
            Record::run(target.run_id(), &arguments.suite.name(&suite), &endpoint, target.project(), target.grace());
        let ledger = Ledger::begin(&folder, first, console.secrets())
            .map_err(|error| Failure::WrongUse(format!("no ledger can be kept in {}: {error}", folder.display())))?;
        let target = target.with_ledger(ledger.clone());
        let mut tried = try_calls(contract, &target).await;
        let can_go_on = tried.iter().all(|line| line.health != Health::Bad) && target.can_release();
        tried.push(if can_go_on {
            try_release(contract, &target).await
        } else {
            Line::unknown("release", "not tried, as not every call that it takes is there")
        });
        if tried.iter().all(|line| line.health != Health::Bad) {
            // A ledger that stays tells a sweep of nothing, which does no harm.
            let _ = ledger.discard();
        }
        lines.extend(tried);
    } else {
        lines.push(Line::unknown(
            "release",
            "not tried; --try creates one thing that is delete-protected, releases and removes it",
        ));
    }
    for line in &lines {
        console.print(&shown(line));
    }
    let worst = lines.iter().map(|line| line.health).max();
    Ok(if worst == Some(Health::Bad) { ExitCode::NotAssessed } else { ExitCode::Holds })
}

/// The ledgers that can be read; `sweep` tells of the others.
fn known(folder: &std::path::Path) -> Result<Vec<LedgerFile>, Failure> {
    let paths = ledger::find(folder)
        .map_err(|error| Failure::WrongUse(format!("cannot read {}: {error}", folder.display())))?;
    Ok(paths.iter().filter_map(|path| ledger::read(path).ok()).collect())
}

fn shown(line: &Line) -> String {
    let word = match line.health {
        Health::Good => "ok ",
        Health::Unknown => "-  ",
        Health::Bad => "BAD",
    };
    format!("{word}  {:<10}  {}\n", line.what, line.text)
}
