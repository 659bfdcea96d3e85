//! `run`: holds an endpoint, or the stub, against the contract.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use time::OffsetDateTime;

use super::budget::{BudgetArguments, Decision, Locality, Marks};
use super::interruptions::stop_on_ctrl_c;
use super::named::Named;
use super::reports::ReportArguments;
use super::selection::SelectionArguments;
use super::target::TargetArguments;
use super::terms::{self, TermArguments};
use super::watch::Watch;
use super::{Failure, SuiteChoice};
use crate::baseline::Baseline;
use crate::client::{Access, Limits, Setup, Target, Token};
use crate::console::Console;
use crate::document;
use crate::exit_code::ExitCode;
use crate::ledger::{Ledger, Record};
use crate::plan::Plan;
use crate::probe::Phase;
use crate::report::curl::quoted;
use crate::report::draft::draft;
use crate::report::model::{About, Report};
use crate::report::ndjson::Lines;
use crate::report::terminal::{self, Detail, View};
use crate::results::{Finding, Fold, Question, Results, SuiteName};
use crate::run::{End, Ending, Event, Options, Terms, run};
use crate::secret::Secrets;
use crate::stub::{Stub, StubService};
use crate::suite::{self, Suite, read_text};

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a word of the command line")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    suite: SuiteChoice,
    /// File with deviations that are known of the endpoint, beside those of the suite
    #[arg(long, alias = "known", value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write a list of what is found to this new file, with the reasons left to fill in
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Fail on what nobody documents, and on known deviations that are stale, too
    #[arg(long)]
    strict: bool,
    /// Begin no further probe after so many have failed; what was created is removed, and smaller examples are tried
    #[arg(long, value_name = "N", value_parser = from_one)]
    fail_fast: Option<NonZeroUsize>,
    /// Folder in which every finding is saved as a case file
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Show everything: each exchange as it happens, each clause with what came of it, each choice, and what nobody documents
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// Show nothing where all is well, and otherwise only what is not; no progress either
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    terms: TermArguments,
    /// Send bodies as they are, without the mark that proves what they create to be this run's
    #[arg(long)]
    no_mark: bool,
    #[command(flatten)]
    reports: ReportArguments,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    budget: BudgetArguments,
}

pub(super) async fn execute(arguments: Arguments, console: &Console) -> Result<ExitCode, Failure> {
    let suite = arguments.suite.load(console)?;
    arguments.reports.check()?;
    if let Some(dir) = arguments.save.as_ref().filter(|dir| dir.exists() && !dir.is_dir()) {
        return Err(Failure::WrongUse(format!("--save: {} is no folder", dir.display())));
    }
    if let Some(file) = arguments.write_baseline.as_ref().filter(|file| file.exists()) {
        return Err(Failure::WrongUse(format!("--write-baseline: {} is there already", file.display())));
    }
    let baseline = arguments.baseline(&suite)?;
    let plan = arguments.selection.plan(&suite)?;
    let (target, locality, _stub) = match arguments.connect(&suite, console).await {
        Ok(connected) => connected,
        Err(failure) => return Err(arguments.report_no_target(&suite, &plan, failure, console)),
    };
    let Decision { plan, jobs, limits, .. } = arguments.prepare(locality, plan)?;
    let detail = arguments.detail();
    let (mut watch, progress) = Watch::new(console, plan.len(), detail);
    let first = |lines: &Lines| lines.begin_plan(&target.endpoint().to_string(), &suite.name, &plan);
    let mut live = arguments.reports.begin(first, console)?;
    let target = target.with_progress(progress);
    let target = Arc::new(arguments.with_ledger(&suite, target, locality, console.secrets())?);
    stop_on_ctrl_c(console, &target);
    let terms = Terms { may_leave: arguments.budget.may_leave(locality), required: arguments.terms.required() };
    let fail_fast = arguments.fail_fast;
    let options = Options { concurrency: jobs, terms, fail_fast, ..Options::default() };
    let question = Question { is_strict: arguments.strict, is_stub: locality == Locality::Stub, baseline };
    let about = About { date: OffsetDateTime::now_utc(), limits, repeat: arguments.repeat(&suite)? };
    let print = |text: &str| if arguments.reports.take_output() { console.note(text) } else { console.print(text) };
    let see = |event: &Event, fold: &Fold| {
        live.see(event);
        watch.see(event, fold);
        if let Some(text) = terminal::exchanges(event).filter(|_| detail == Detail::Verbose) {
            watch.aside(|| print(&text));
        }
    };
    let done = run(&suite, &plan, &target, &options, question.clone(), see).await;
    drop(watch);
    let about = About { date: OffsetDateTime::now_utc(), ..about };
    match done {
        Ok(results) => {
            let columns = console.columns().filter(|_| !arguments.reports.take_output());
            print(&terminal::render_run(&results, &about, View::new(detail, columns)));
            let report = Report::of(&results, &about, console.secrets());
            let code = arguments.reports.write(&report, live, console, ExitCode::of(&results));
            if let Some(dir) = &arguments.save {
                save(&results, dir, console)?;
            }
            arguments.draft(&suite, &results, &about, console)?;
            Ok(code)
        }
        Err(error) => {
            let results = Fold::new(&suite, &plan, question).finish(&End::of(&target, Ending::TargetLost));
            let failure = terms::not_begun(&error);
            let report = Report::not_begun(&results, &about, &failure.to_string(), console.secrets());
            arguments.reports.write(&report, live, console, failure.exit_code());
            Err(failure)
        }
    }
}

impl Arguments {
    fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Quiet,
            (false, true) => Detail::Verbose,
            (false, false) => Detail::Usual,
        }
    }

    /// The command that does this run again, to which the id of a probe can be added.
    fn repeat(&self, suite: &Suite) -> Result<String, Failure> {
        let mut command = "ims-conformance run".to_owned();
        let suite = self.suite.name(suite);
        if suite != suite::DEFAULT {
            command.push_str(&format!(" --suite {}", quoted(&suite)));
        }
        command.push_str(&self.target.again()?);
        command.push_str(&self.selection.again());
        if self.no_mark {
            command.push_str(" --no-mark");
        }
        command.push_str(self.budget.again());
        Ok(command)
    }

    /// What is known of the endpoint: the suite's list and the operator's. The stub keeps the contract, so that nothing is known of it.
    fn baseline(&self, suite: &Suite) -> Result<Baseline, Failure> {
        let mut known = self.known(suite)?;
        known.expire(OffsetDateTime::now_utc().date());
        Ok(known)
    }

    fn known(&self, suite: &Suite) -> Result<Baseline, Failure> {
        match (self.target.named()? != Named::Stub, &self.baseline) {
            (false, None) => Ok(Baseline::default()),
            (false, Some(_)) => Err(Failure::WrongUse(
                "known deviations need an endpoint; without --endpoint the target is the built-in stub, which has none"
                    .to_owned(),
            )),
            (true, None) => Ok(suite.baseline.clone()),
            (true, Some(file)) => {
                let shown = file.display().to_string();
                let text =
                    read_text(file).map_err(|error| Failure::WrongUse(format!("cannot read {shown}: {error}")))?;
                let mut baseline = suite.baseline.clone();
                let added = document::parse(&shown, &text).and_then(|node| baseline.add(&suite.contract, &node));
                added.map(|()| baseline).map_err(|error| Failure::Suite(error.into()))
            }
        }
    }

    /// Writes the reports of a run that has no target, as the login failed, say; where the command was wrong, there is nothing to report.
    fn report_no_target(&self, suite: &Arc<Suite>, plan: &Plan, failure: Failure, console: &Console) -> Failure {
        let (Ok(named), Ok(repeat)) = (self.target.named(), self.repeat(suite)) else { return failure };
        let endpoint = if let Named::Endpoint(endpoint) = named { endpoint.to_string() } else { String::new() };
        let live = match failure.exit_code() {
            ExitCode::WrongUse => return failure,
            _ => self.reports.begin(|lines| lines.begin_plan(&endpoint, &suite.name, plan), console),
        };
        let Ok(live) = live else { return failure };
        let question = Question { is_strict: self.strict, ..Question::default() };
        let results = Fold::new(suite, plan, question).finish(&End::unreached(endpoint.clone()));
        let about = About { date: OffsetDateTime::now_utc(), limits: Limits::default(), repeat };
        let report = Report::not_begun(&results, &about, &failure.to_string(), console.secrets());
        self.reports.write(&report, live, console, failure.exit_code());
        failure
    }

    /// Writes the draft of a baseline, if one is asked for and something was found.
    fn draft(&self, suite: &Suite, results: &Results, about: &About, console: &Console) -> Result<(), Failure> {
        let Some(file) = &self.write_baseline else { return Ok(()) };
        let origin = format!("{} at {} on {}", suite.name, results.endpoint, about.when());
        let Some(text) = draft(&suite.contract, &origin, &results.findings) else {
            console.note("nothing was found that a baseline can hold, so that none was written\n");
            return Ok(());
        };
        let shown = file.display();
        let written = console.replace(file, &console.secrets().redact_text(&text));
        written.map_err(|error| Failure::WrongUse(format!("cannot write {shown}: {error}")))?;
        console.note(&format!("{shown} has what was found; fill in why each is known\n"));
        Ok(())
    }

    /// Leaves out what a careful run does not send, and marks the rest.
    fn prepare(&self, locality: Locality, plan: Plan) -> Result<Decision, Failure> {
        let marks = if self.no_mark { Marks::LeftOut } else { Marks::Added };
        let decision = self.budget.decide(locality, self.selection.names_phases(), marks, plan);
        if decision.plan.is_empty() {
            let excluded: Vec<_> = decision.plan.excluded().iter().map(|each| each.text.as_str()).collect();
            let excluded = excluded.join(", ");
            return Err(Failure::WrongUse(format!("nothing is left to send without {excluded}")));
        }
        Ok(decision)
    }

    /// The endpoint that was named, or a stub that lives as long as what is returned beside it.
    async fn connect(
        &self,
        suite: &Arc<Suite>,
        console: &Console,
    ) -> Result<(Target, Locality, Option<Stub>), Failure> {
        if self.target.named()? != Named::Stub {
            let connected = self.target.connect(suite, |locality| self.budget.limits(locality), console).await?;
            return Ok((connected.target, connected.locality, None));
        }
        let wrong_use = |error: &dyn std::fmt::Display| Failure::WrongUse(error.to_string());
        let token = Token::random();
        let service = StubService::new(Arc::clone(&suite.contract), token.clone(), None);
        let stub = Stub::start(service, "127.0.0.1:0").await.map_err(|error| wrong_use(&error))?;
        let endpoint = format!("http://{}", stub.address()).parse().map_err(|error| wrong_use(&error))?;
        let setup = Setup {
            limits: self.budget.limits(Locality::Stub),
            secrets: console.secrets().clone(),
            transport: self.target.with_headers(self.target.transport()?, &suite.contract, console)?,
            scheme: self.target.scheme(&suite.contract)?,
            ..Setup::new(Access::Token(token))
        };
        let target = Target::new(&suite.contract, endpoint, setup).map_err(|error| wrong_use(&error))?;
        Ok((target, Locality::Stub, Some(stub)))
    }

    /// What the stub holds ends with the program; everything else needs a ledger.
    fn with_ledger(
        &self,
        suite: &Suite,
        target: Target,
        locality: Locality,
        secrets: &Secrets,
    ) -> Result<Target, Failure> {
        if locality == Locality::Stub {
            return Ok(target);
        }
        let folder = self.target.ledgers()?;
        let endpoint = target.endpoint().to_string();
        let first = Record::run(target.run_id(), &self.suite.name(suite), &endpoint, target.project(), target.grace());
        let ledger = Ledger::begin(&folder, first, secrets).map_err(|error| {
            Failure::WrongUse(format!(
                "no ledger can be kept in {}: {error}; --ledger names another folder",
                folder.display()
            ))
        })?;
        Ok(target.with_ledger(ledger))
    }
}

/// Why there is no file of a finding.
fn unsaved(finding: &Finding, suite: &SuiteName) -> String {
    if let Some((file, line)) = finding.case(suite) {
        return format!("{file}:{line} is that case");
    }
    match finding.probe.phase {
        Phase::Overlap => "one request alone does not show it".to_owned(),
        _ => "no file can say it".to_owned(),
    }
}

fn from_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number from 1".to_owned())
}

/// Writes the case files of the findings; a file that is there already is left alone.
fn save(results: &Results, dir: &Path, console: &Console) -> Result<(), Failure> {
    for finding in &results.findings {
        let Some(file) = &finding.case_file else {
            console.note(&format!("{}: nothing is saved, as {}\n", finding.clause, unsaved(finding, &results.suite)));
            continue;
        };
        let path = dir.join(&file.path);
        if path.exists() {
            console.note(&format!("{} is there already\n", path.display()));
            continue;
        }
        console
            .write_new(dir, Path::new(&file.path), &file.text)
            .map_err(|error| Failure::WrongUse(format!("cannot write {}: {error}", path.display())))?;
        console.note(&format!("saved {}\n", path.display()));
    }
    Ok(())
}
