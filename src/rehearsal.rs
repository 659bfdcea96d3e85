//! Performs the probes of a suite against its own stub, in memory, to see which clauses they can show: a clause that nothing reaches is a promise that
//! nobody looks at. With defects in the stub it becomes a kill matrix, which tells how closely they look.

mod kill;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use kill::{KillError, Trial, kill_matrix, missed, selected};

use crate::client::{Access, Setup, Target, Token};
use crate::contract::{Assessment, ClauseId, locate};
use crate::document::SourceError;
use crate::plan::{PlanError, Selection, plan};
use crate::results::{Fold, Question};
use crate::run::{Event, Options, run};
use crate::stub::{Defect, StubService};
use crate::suite::Suite;

/// An error for each clause that no case names and that no generated probe reaches, at the place in the contract that makes it. Where the cases name all
/// clauses, nothing is performed.
pub async fn unshown(suite: &Arc<Suite>) -> Result<Vec<SourceError>, PlanError> {
    let named: BTreeSet<&ClauseId> =
        suite.cases.iter().filter(|case| case.skip.is_none()).flat_map(|case| &case.clauses).collect();
    let clauses = suite.contract.clauses.values().filter(|clause| clause.assessment == Assessment::Always);
    let mut missing: BTreeSet<&ClauseId> = clauses.map(|clause| &clause.id).filter(|id| !named.contains(id)).collect();
    if !missing.is_empty() {
        let target = target(suite, None);
        let options = Options { shrinks: false, ..Options::default() };
        let plan = plan(suite, &Selection::default())?;
        let seen = |event: &Event, _: &Fold| {
            let Event::Performed(record) = event else { return };
            missing.retain(|id| !record.shows(id));
            if missing.is_empty() {
                target.stop().throw();
            }
        };
        let results = run(suite, &plan, &target, &options, Question::default(), seen).await;
        // What only the clean-up shows is known at the end.
        if let Ok(results) = results {
            missing.retain(|id| results.not_assessed.iter().any(|(clause, _)| clause == *id));
        }
    }
    Ok(suite.contract.clauses.keys().filter(|id| missing.contains(id)).map(|id| error(suite, id)).collect())
}

/// A stub in memory. Nothing changes there while one waits, so that nobody does.
fn target(suite: &Suite, defect: Option<&Defect>) -> Arc<Target> {
    let token = Token::random();
    let stub = Arc::new(StubService::new(Arc::clone(&suite.contract), token.clone(), defect));
    let setup = Setup { waits: false, ..Setup::new(Access::Token(token)) };
    Arc::new(Target::local(&suite.contract, stub, setup))
}

fn error(suite: &Suite, clause: &ClauseId) -> SourceError {
    let error = locate(&suite.source, clause).error(format!("no probe can show `{clause}`, and no case does"));
    error.with_hint("a case can show it; or leave it out of the contract")
}
