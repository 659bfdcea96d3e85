//! `check`: are the files of a suite right, and do they show what they should?

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use indexmap::IndexMap;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, load};
use crate::console::Console;
use crate::contract::Assessment;
use crate::exit_code::ExitCode;
use crate::rehearsal::{self, KillError, Trial};
use crate::report::counted;
use crate::suite::{self, Suite, SuiteError};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of a built-in suite, or a folder with a contract.yaml
    #[arg(value_name = "NAME|DIR", default_value = suite::DEFAULT)]
    suite: PathBuf,
    /// With --defects: only defects with this in their names, such as the clause that they break; none means all
    #[arg(value_name = "DEFECT", requires = "defects")]
    selectors: Vec<String>,
    /// Also test the suite itself: a stub breaks a clause in each way that the contract knows, and the probes must catch it. Exits with 1 where they miss one.
    /// Takes minutes for a large contract
    #[arg(long)]
    defects: bool,
}

pub(super) async fn execute(arguments: &Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = Arc::new(load(&arguments.suite, console)?);
    let errors = rehearsal::unshown(&suite).await.map_err(|error| Failure::WrongUse(error.to_string()))?;
    if !errors.is_empty() {
        return Err(SuiteError { errors }.into());
    }
    let probes: usize = suite.cases.iter().map(|case| case.probes.len()).sum();
    let known = match suite.baseline.iter().count() {
        0 => String::new(),
        count => format!("{}, ", counted(count, "known deviation")),
    };
    let skipped = match suite.cases.iter().filter(|case| case.skip.is_some()).count() {
        0 => String::new(),
        count => format!("{}, ", counted(count, "skipped case")),
    };
    console.print(&format!(
        "{}: {}, {}, {}, {skipped}{known}no error\n",
        suite.name,
        counted(suite.contract.clauses.len(), "clause"),
        counted(suite.cases.len(), "case"),
        counted(probes, "probe"),
    ));
    if !arguments.defects {
        return Ok(ExitCode::Holds);
    }
    let matrix = matrix(&suite, &arguments.selectors, console).await?;
    console.print(&table(&matrix));
    if arguments.selectors.is_empty() {
        console.print(&beyond(&suite));
    }
    let missed = matrix.iter().filter(|trial| !trial.is_caught);
    let errors: Vec<_> = missed.map(|trial| rehearsal::missed(&suite, &trial.defect)).collect();
    if errors.is_empty() {
        return Ok(ExitCode::Holds);
    }
    console.note(&format!("\n{}\n", SuiteError { errors }));
    Ok(ExitCode::Broken)
}

/// Tries the defects, in threads of their own; where a person watches, a bar shows how far that is.
async fn matrix(suite: &Arc<Suite>, selectors: &[String], console: &Console) -> Result<Vec<Trial>, Failure> {
    let wrong = |error: KillError| Failure::WrongUse(error.to_string());
    let defects = rehearsal::selected(suite, selectors).map_err(wrong)?;
    let bar = if console.is_watched() { ProgressBar::new(defects.len() as u64) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} defects, {eta} left") {
        bar.set_style(style);
    }
    let (of, shown) = (Arc::clone(suite), bar.clone());
    let tried = tokio::task::spawn_blocking(move || rehearsal::kill_matrix(&of, defects, &|| shown.inc(1))).await;
    bar.finish_and_clear();
    tried.map_err(|error| Failure::WrongUse(error.to_string()))?.map_err(wrong)
}

/// The matrix, clause by clause in the order of the contract.
fn table(matrix: &[Trial]) -> String {
    let mut clauses = IndexMap::<_, (usize, usize)>::new();
    for trial in matrix {
        let (caught, all) = clauses.entry(&trial.defect.clause).or_default();
        (*caught, *all) = (*caught + usize::from(trial.is_caught), *all + 1);
    }
    let mut text = "\ncaught  defects of the clause\n".to_owned();
    for (clause, (caught, all)) in &clauses {
        let count = format!("{}{caught}/{all}", if caught < all { "!" } else { "" });
        text.push_str(&format!("{count:>6}  {clause}\n"));
    }
    let caught = matrix.iter().filter(|trial| trial.is_caught).count();
    text.push_str(&format!(
        "\n{}: {caught} caught, {} missed\n",
        counted(matrix.len(), "defect"),
        matrix.len() - caught
    ));
    text
}

/// The clauses that no defect breaks, as no run could tell.
fn beyond(suite: &Suite) -> String {
    let clauses = suite.contract.clauses.values();
    let beyond: Vec<_> = clauses
        .filter(|clause| matches!(clause.assessment, Assessment::Never(_)))
        .map(|clause| clause.id.as_str())
        .collect();
    if beyond.is_empty() {
        String::new()
    } else {
        format!("without a defect, as no run can assess it: {}\n", beyond.join(", "))
    }
}
