//! `list`: what would a run do?

use clap::Args;

use super::budget::BudgetArguments;
use super::target::TargetArguments;
use super::wishes::Wishes;
use super::{Failure, SuiteChoice};
use crate::console::Console;
use crate::contract::{Assessment, Contract};
use crate::exit_code::ExitCode;
use crate::plan::{self, plan};
use crate::probe::{Phase, Probe};
use crate::report::counted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    wish: Wishes,
    #[command(flatten)]
    suite: SuiteChoice,
    /// List the clauses of the contract instead
    #[arg(long, conflicts_with = "selectors")]
    clauses: bool,
    /// Show instead what a run with these arguments would cost at most; nothing is sent
    #[arg(long, conflicts_with = "clauses")]
    plan: bool,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    budget: BudgetArguments,
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    if arguments.clauses {
        console.print(&clauses(&suite.contract));
        return Ok(ExitCode::Holds);
    }
    let probes = plan(&suite, &arguments.wish.wish()).map_err(|error| Failure::WrongUse(error.to_string()))?;
    if arguments.plan {
        return show_plan(arguments, &suite.contract, probes, console);
    }
    for probe in &probes {
        console.print(&format!("{}  {}\n", probe.id, probe.title));
    }
    let count = |phase| probes.iter().filter(|probe| probe.phase == phase).count();
    let phases: Vec<_> = Phase::ALL.iter().map(|(name, phase)| format!("{name} {}", count(*phase))).collect();
    console.note(&format!("{} ({})\n", counted(probes.len(), "probe"), phases.join(", ")));
    Ok(ExitCode::Holds)
}

/// What a run with the same arguments would cost at most.
fn show_plan(
    arguments: &Arguments,
    contract: &Contract,
    mut probes: Vec<Probe>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let place = arguments.target.place()?;
    let names_phases = arguments.wish.names_phases();
    let withheld = arguments.budget.withhold(contract, place, names_phases, &mut probes);
    plan::mark(contract, &mut probes);
    console.print(&arguments.budget.worst_case(contract, place, &probes));
    for withheld in withheld {
        console.print(&format!("not sent: {withheld}\n"));
    }
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
