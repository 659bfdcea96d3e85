//! Each probe of a case is a test named by its id; each case has one more that holds its answers against its snapshot. What follows from the contract is
//! one test for each phase and field, so that `cargo nextest run --partition` can spread them over machines.
//!
//! A test's name begins with the name of its suite. The target is the stub, or `IMS_ENDPOINT` with the token in `OS_TOKEN`, which is held against one suite:
//! `IMS_SUITE`, or the default one. Snapshots are of the stub, so that they are tested only there.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says so")]

#[path = "support/snapshot.rs"]
mod snapshot;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ims_conformance::baseline::Baseline;
use ims_conformance::case::Case;
use ims_conformance::client::{Access, Setup, Target, Token};
use ims_conformance::exchange::Exchange;
use ims_conformance::http::Endpoint;
use ims_conformance::judge::Mismatch;
use ims_conformance::plan::{Plan, Selection, plan};
use ims_conformance::probe::{Phase, Probe};
use ims_conformance::results::{Fold, Question, RunInvariants};
use ims_conformance::run::{Ending, Event, Options, Record, run};
use ims_conformance::secret::Secrets;
use ims_conformance::stub::{Stub, StubService};
use ims_conformance::suite::{DEFAULT, Suite};
use libtest_mimic::{Arguments, Failed, Trial};
use snapshot::Fields;
use tokio::runtime::Runtime;

fn main() {
    let arguments = Arguments::from_args();
    // Nobody would ever perform a test, and the program would wait for it.
    if arguments.test_threads == Some(0) {
        eprintln!("--test-threads takes at least 1");
        std::process::exit(2);
    }
    let only = endpoint().map(|_| variable("IMS_SUITE").unwrap_or_else(|| DEFAULT.to_owned()));
    let names = Suite::built_in_names().filter(|name| only.as_deref().is_none_or(|only| only == *name));
    let mut trials = Vec::new();
    for name in names {
        match Suite::from_dir(&Path::new("cases").join(name)) {
            Ok(suite) => trials.extend(trials_of(&Arc::new(suite))),
            Err(error) => {
                eprintln!("{error}");
                std::process::exit(2);
            }
        }
    }
    trials.push(Trial::test("no threads are refused", no_threads_are_refused));
    libtest_mimic::run(&arguments, trials).exit();
}

/// This program with no thread ends at once.
fn no_threads_are_refused() -> Result<(), Failed> {
    let program = std::env::current_exe()?;
    let output = std::process::Command::new(program).arg("--test-threads=0").output()?;
    match output.status.code() {
        Some(2) => Ok(()),
        other => Err(format!("it ended with {other:?}").into()),
    }
}

/// A trial for each probe of a case, for each snapshot, and for each phase and field.
fn trials_of(suite: &Arc<Suite>) -> Vec<Trial> {
    let named = |name: &str| format!("{}/{name}", suite.name);
    let phases = vec![Phase::Boundary, Phase::Texts, Phase::Pairs, Phase::Random];
    let generated =
        plan(suite, &Selection { phases, ..Selection::default() }).unwrap_or_else(|error| panic!("{error}"));
    let is_smallest = |probe: &Probe| ["what is required", "no field"].iter().any(|end| probe.id.ends_with(end));
    let smallest = generated.iter().filter(is_smallest).last().expect("a smallest request");
    let bench = Arc::new(Bench {
        suite: Arc::clone(suite),
        running: OnceLock::new(),
        invariants: Mutex::default(),
        usual: OnceLock::new(),
        smallest,
    });
    let mut trials = Vec::new();
    for case in &suite.cases {
        for probe in &case.probes {
            let (bench, probe) = (Arc::clone(&bench), probe.clone());
            trials.push(Trial::test(named(&probe.id), move || bench.hold(vec![probe])));
        }
        let name = named(&format!("{} (snapshot)", case.id));
        let (bench, case) = (Arc::clone(&bench), case.clone());
        let is_stub = endpoint().is_none();
        let snapshot = move || {
            bench.assert_as_reviewed(&case);
            Ok(())
        };
        trials.push(Trial::test(name, snapshot).with_ignored_flag(!is_stub));
    }
    let usual = Arc::clone(&bench);
    let is_as_usual = move || {
        usual.assert_as_usual();
        Ok(())
    };
    trials.push(Trial::test(named("usual (snapshot)"), is_as_usual).with_ignored_flag(endpoint().is_some()));
    for (name, probes) in grouped(generated.iter().collect()) {
        let bench = Arc::clone(&bench);
        trials.push(Trial::test(named(&name), move || bench.hold(probes)));
    }
    trials
}

/// The probes of each phase and field: those whose ids begin with the same two words.
fn grouped(probes: Vec<Probe>) -> BTreeMap<String, Vec<Probe>> {
    let mut groups: BTreeMap<String, Vec<Probe>> = BTreeMap::new();
    for probe in probes {
        let words: Vec<_> = probe.id.split('/').collect();
        let name = words[..words.len().min(3) - 1].join("/");
        groups.entry(name).or_default().push(probe);
    }
    groups
}

fn endpoint() -> Option<String> {
    let endpoint = std::env::var("IMS_ENDPOINT").ok();
    // A name that got lost must not make a green test of the stub.
    assert!(endpoint.as_ref().is_none_or(|text| !text.trim().is_empty()), "IMS_ENDPOINT is set and empty");
    endpoint
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

struct Bench {
    suite: Arc<Suite>,
    running: OnceLock<Running>,
    /// What one trial shows of ids counts for all trials of the process.
    invariants: Mutex<RunInvariants>,
    /// The answer to the smallest request, which the snapshots of the other ones are told by.
    usual: OnceLock<(String, Fields)>,
    smallest: Probe,
}

struct Running {
    runtime: Runtime,
    suite: Arc<Suite>,
    endpoint: Endpoint,
    access: Access,
    secrets: Secrets,
    _stub: Option<Stub>,
}

impl Running {
    /// A target for one trial: trials go on side by side, and the end of a run removes all that holds its mark.
    fn target(&self) -> Arc<Target> {
        let setup = Setup { secrets: self.secrets.clone(), ..Setup::new(self.access.clone()) };
        Arc::new(Target::new(&self.suite.contract, self.endpoint.clone(), setup).expect("a target"))
    }
}

impl Bench {
    /// Started by the first trial that runs, so that `--list` starts nothing.
    fn running(&self) -> &Running {
        self.running.get_or_init(|| {
            let runtime = Runtime::new().expect("a runtime");
            let (endpoint, token, stub) = if let Some(endpoint) = endpoint() {
                (endpoint, std::env::var("OS_TOKEN").ok().and_then(|text| Token::new(&text)), None)
            } else {
                let token = Token::random();
                let service = StubService::new(Arc::clone(&self.suite.contract), token.clone(), None);
                let stub = runtime.block_on(Stub::start(service, "127.0.0.1:0")).expect("a free port");
                (format!("http://{}", stub.address()), Some(token), Some(stub))
            };
            let endpoint = endpoint.parse().unwrap_or_else(|error| panic!("IMS_ENDPOINT: {error}"));
            let access = token.map_or(Access::Open, Access::Token);
            let suite = Arc::clone(&self.suite);
            Running { runtime, suite, endpoint, access, secrets: Secrets::default(), _stub: stub }
        })
    }

    fn hold(&self, probes: Vec<Probe>) -> Result<(), Failed> {
        let running = self.running();
        let concurrency = if endpoint().is_none() { 8 } else { 1 };
        let options = Options { concurrency, looks_first: false, shrinks: false, ..Options::default() };
        let baseline = if endpoint().is_some() { self.suite.baseline.clone() } else { Baseline::default() };
        let question = Question { baseline, ..Question::default() };
        let plan = Plan::of(&self.suite, probes);
        let (mut broken, mut complaints) = (Vec::new(), Vec::new());
        let see = |event: &Event, _: &Fold| match event {
            Event::Performed(record) => {
                broken.extend(record.judgement.mismatches.iter().map(|mismatch| self.described(record, mismatch)));
                complaints.extend(self.complaints(record));
            }
            Event::Skipped { probe, why, .. } => complaints.push(format!("{}: skipped: {why}", probe.id)),
            _ => {}
        };
        let results = running.runtime.block_on(run(&self.suite, &plan, &running.target(), &options, question, see));
        let results = results.map_err(|error| error.to_string())?;
        if results.ending != Ending::Complete || !results.unsent.is_empty() {
            return Err(format!("{:?}: {:?}", results.ending, results.unsent).into());
        }
        // What is known of the target is no complaint; whom to blame is known when all probes are performed.
        let broken = if results.failed > 0 { broken } else { Vec::new() };
        let complaints = [broken, complaints].concat();
        let text = running.secrets.redact_text(&complaints.join("\n"));
        if complaints.is_empty() { Ok(()) } else { Err(text.into()) }
    }

    fn described(&self, record: &Record, mismatch: &Mismatch) -> String {
        let Mismatch { clause, expected, got, .. } = mismatch;
        let text = self.suite.contract.clauses.get(clause).map_or("", |clause| clause.text.as_str());
        format!("{}: {clause}: {text}\n  expected {expected}\n  got {got}", record.probe.id)
    }

    /// What else is wrong: a value that another trial had, something that is left, an answer that tells nothing.
    fn complaints(&self, record: &Record) -> Vec<String> {
        let mut invariants = self.invariants.lock().unwrap_or_else(PoisonError::into_inner);
        let across = invariants.hold(&self.suite.contract, &record.judgement, |_| false);
        let mut complaints: Vec<_> = across.iter().map(|mismatch| self.described(record, mismatch)).collect();
        let Record { probe, cleanup, judgement, .. } = record;
        if !cleanup.leftovers.is_empty() {
            complaints.push(format!("{}: left behind: {:?}", probe.id, cleanup.leftovers));
        } else if record.is_inconclusive() {
            let why = judgement.inconclusive.as_deref().unwrap_or_default();
            complaints.push(format!("{}: inconclusive: {why}", probe.id));
        }
        complaints
    }

    fn assert_as_reviewed(&self, case: &Case) {
        let running = self.running();
        let (contract, (_, usual)) = (&self.suite.contract, self.usual());
        let render = |probe: &Probe| snapshot::render(contract, usual, probe, &perform(probe, running));
        let texts: Vec<_> = case.probes.iter().map(render).collect();
        let (folder, name) = case.id.rsplit_once('/').unwrap_or(("", &case.id));
        let mut settings = self.settings(folder);
        settings.set_description(format!("{} ({})", case.title, case.clauses.join(", ")));
        settings.set_input_file(format!("cases/{}/{}.yaml", self.suite.name, case.id));
        settings.bind(|| insta::assert_snapshot!(name, texts.join("\n")));
    }

    /// Holds the answer to the smallest request against its snapshot.
    fn assert_as_usual(&self) {
        let mut settings = self.settings("");
        settings.set_description("the answer to the smallest request; the other snapshots show what differs from it");
        settings.bind(|| insta::assert_snapshot!("usual", self.usual().0));
    }

    fn usual(&self) -> &(String, Fields) {
        let perform = || perform(&self.smallest, self.running());
        self.usual.get_or_init(|| snapshot::usual(&self.suite.contract, &perform()))
    }

    fn settings(&self, folder: &str) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
        settings.set_snapshot_path(root.join(&self.suite.name).join(folder));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    }
}

fn perform(probe: &Probe, running: &Running) -> Vec<Exchange> {
    let target = running.target();
    running.runtime.block_on(async {
        let exchanges = target.perform(&probe.script).await;
        target.clean(&exchanges).await;
        exchanges
    })
}
