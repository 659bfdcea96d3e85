//! `list`: what would a run do?

use clap::Args;

use super::wishes::Wishes;
use super::{Console, Failure, SuiteChoice};
use crate::contract::{Assessment, Contract};
use crate::exit_code::ExitCode;
use crate::plan::{most_creations, plan};
use crate::probe::Phase;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    wish: Wishes,
    #[command(flatten)]
    suite: SuiteChoice,
    /// List the clauses of the contract instead
    #[arg(long, conflicts_with = "selectors")]
    clauses: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut dyn Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load()?;
    if arguments.clauses {
        console.print(&clauses(&suite.contract));
        return Ok(ExitCode::Holds);
    }
    let probes = plan(&suite, &arguments.wish.wish()).map_err(|error| Failure::WrongUse(error.to_string()))?;
    for probe in &probes {
        console.print(&format!("{}  {}\n", probe.id, probe.title));
    }
    let count = |phase| probes.iter().filter(|probe| probe.phase == phase).count();
    let phases: Vec<_> = Phase::ALL.iter().map(|(name, phase)| format!("{name} {}", count(*phase))).collect();
    let most = most_creations(&suite.contract, &probes);
    console.note(&format!("{} probes ({}); at most {most} creations\n", probes.len(), phases.join(", ")));
    Ok(ExitCode::Holds)
}

fn clauses(contract: &Contract) -> String {
    let line = |clause: &crate::contract::Clause| {
        let note = match &clause.assessment {
            Assessment::Always => String::new(),
            Assessment::WhenPresent => "  (only where an answer has the field)".to_owned(),
            Assessment::Never(reason) => format!("  (never assessed: {reason})"),
        };
        format!("{}  {}{note}\n", clause.id, clause.text)
    };
    contract.clauses.values().map(line).collect()
}
