//! `list`: what would a run do?

use clap::Args;

use super::budget::{BudgetArguments, Marks};
use super::selection::SelectionArguments;
use super::target::TargetArguments;
use super::{Failure, SuiteChoice};
use crate::console::Console;
use crate::contract::{Assessment, Contract, Subject};
use crate::exit_code::ExitCode;
use crate::plan::{Excluded, Plan, Skipped};
use crate::probe::Phase;
use crate::report::counted;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    suite: SuiteChoice,
    /// List the clauses of the contract instead
    #[arg(long, conflicts_with_all = ["selectors", "excluded", "phases", "shard", "Generation"])]
    clauses: bool,
    /// Show instead what a run with these arguments would cost at most; nothing is sent
    #[arg(long, conflicts_with = "clauses")]
    plan: bool,
    /// Plan bodies as they are, without the mark that proves what they create to be the run's
    #[arg(long, requires = "plan")]
    no_mark: bool,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    budget: BudgetArguments,
}

impl Arguments {
    fn marks(&self) -> Marks {
        if self.no_mark { Marks::LeftOut } else { Marks::Added }
    }
}

pub(super) fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    if arguments.clauses {
        console.print(&clauses(&suite.contract));
        return Ok(ExitCode::Holds);
    }
    let plan = arguments.selection.plan(&suite)?;
    if arguments.plan {
        return show_plan(arguments, &suite.contract, &plan, console);
    }
    let mut counts = Phase::ALL.map(|(name, phase)| (name, phase, 0));
    for probe in plan.iter() {
        counts.iter_mut().filter(|(_, phase, _)| *phase == probe.phase).for_each(|(_, _, count)| *count += 1);
        console.print(&format!("{}  {}\n", probe.id, probe.title));
    }
    for excluded in plan.excluded() {
        console.note(&left_out(excluded));
    }
    let phases = counts.map(|(name, _, count)| format!("{name} {count}"));
    console.note(&format!("{} ({})\n", counted(plan.len(), "probe"), phases.join(", ")));
    Ok(ExitCode::Holds)
}

/// The line of what a run leaves out, and why.
pub(super) fn left_out(excluded: &Excluded) -> String {
    let Some(Skipped { reason, probes }) = &excluded.skipped else { return format!("not sent: {}\n", excluded.text) };
    let case = probes.first().and_then(|probe| probe.split('[').next()).unwrap_or_default();
    format!("skipped: {reason} ({} of {case})\n", counted(probes.len(), "probe"))
}

/// What a run with the same arguments would cost at most.
fn show_plan(arguments: &Arguments, contract: &Contract, plan: &Plan, console: &Console) -> Result<ExitCode, Failure> {
    let localities = arguments.target.localities()?;
    if localities.len() > 1 {
        console.print("where the target is only its catalog says, which a run asks; it is one of these two:\n\n");
    }
    for (index, locality) in localities.into_iter().enumerate() {
        let names_phases = arguments.selection.names_phases();
        let decision = arguments.budget.decide(locality, names_phases, arguments.marks(), plan.clone());
        console.print(if index > 0 { "\n" } else { "" });
        console.print(&decision.worst_case(contract));
    }
    Ok(ExitCode::Holds)
}

fn clauses(contract: &Contract) -> String {
    let line = |clause: &crate::contract::Clause| {
        let note = match &clause.assessment {
            Assessment::Always => String::new(),
            Assessment::WhenPresent if matches!(clause.id.subject(), Subject::Status(_)) => {
                "  (only where it comes)".to_owned()
            }
            Assessment::WhenPresent => "  (only where an answer has the field)".to_owned(),
            Assessment::Never(reason) => format!("  (never assessed: {reason})"),
        };
        format!("{}  {}{note}\n", clause.id, clause.text)
    };
    contract.clauses.values().map(line).collect()
}
