//! A test for each probe, with the names and options that `cargo test` and nextest know.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};

use super::{Harness, HarnessError, block_on};
use crate::http::Endpoint;
use crate::plan::Plan;
use crate::run::{Ending, Event, Record};

/// What became of one test: nothing to say, or what is wrong.
type Verdict = Result<(), String>;

/// The last test: what no single probe can tell, such as what was left behind.
const WHOLE: &str = "the run as a whole";

/// One run, which the first test that is performed begins and all tests share.
struct Shared {
    harness: Harness,
    endpoint: String,
    plan: Plan,
    told: OnceLock<Result<Told, String>>,
}

/// What a run told of each probe, and of itself.
struct Told {
    probes: HashMap<String, Verdict>,
    whole: Verdict,
}

impl Harness {
    /// A test for each probe and one for the run as a whole, to be given to [`libtest_mimic::run`]. All of them share one run, which sends the probes that the
    /// arguments select and no others, and which begins with the first test.
    ///
    /// ```no_run
    /// use ims_conformance::harness::{Harness, libtest_mimic};
    ///
    /// let arguments = libtest_mimic::Arguments::from_args();
    /// let harness = Harness::built_in("otc").unwrap();
    /// let trials = harness.trials("http://127.0.0.1:9292", &arguments).unwrap();
    /// libtest_mimic::run(&arguments, trials).exit();
    /// ```
    ///
    /// # Errors
    ///
    /// Where the address is none, or not on this machine and there is no folder for ledgers; where nothing is selected.
    pub fn trials(self, endpoint: &str, arguments: &Arguments) -> Result<Vec<Trial>, HarnessError> {
        let address: Endpoint = endpoint.parse().map_err(HarnessError::of)?;
        self.check_ledgers(&address)?;
        let all = self.plan(&address)?;
        let names: Vec<_> = all.iter().map(|probe| probe.id).chain([WHOLE.to_owned()]).collect();
        let asked: Vec<_> = all.iter().filter(|probe| is_asked_for(arguments, &probe.id)).collect();
        // What is listed and not performed costs nothing. Whoever asks for the whole alone, as nextest does of each test, gets the whole.
        let is_whole = asked.is_empty() || asked.len() == all.len();
        let plan = if is_whole { all } else { Plan::of(&self.suite, asked).marked() };
        let shared = Arc::new(Shared { harness: self, endpoint: endpoint.to_owned(), plan, told: OnceLock::new() });
        let trial = |name: String| {
            let (shared, probe) = (Arc::clone(&shared), name.clone());
            Trial::test(name, move || shared.verdict(&probe).map_err(Failed::from))
        };
        Ok(names.into_iter().map(trial).collect())
    }
}

impl Shared {
    fn verdict(&self, name: &str) -> Verdict {
        let told = self.told.get_or_init(|| self.run()).as_ref().map_err(Clone::clone)?;
        match (name == WHOLE, told.probes.get(name)) {
            (true, _) => told.whole.clone(),
            (false, Some(verdict)) => verdict.clone(),
            (false, None) => Err("the run ended before the probe was sent".to_owned()),
        }
    }

    fn run(&self) -> Result<Told, String> {
        let mut probes = HashMap::new();
        let see = |event: &Event| match event {
            Event::Performed(record) => {
                probes.insert(record.probe.id.clone(), self.judged(record));
            }
            Event::Skipped { probe, why, .. } => {
                probes.insert(probe.id.clone(), Err(format!("skipped: {why}")));
            }
            _ => {}
        };
        let checked =
            block_on(self.harness.observe(&self.endpoint, &self.plan, see)).map_err(|error| error.to_string())?;
        if checked.results.ending == Ending::Complete && !checked.results.calls.is_empty() {
            // What needs a call that the server does not have was left out, as the report says; whoever insists on the call requires it.
            for probe in self.plan.iter() {
                probes.entry(probe.id).or_insert(Ok(()));
            }
        }
        let whole = if checked.holds() { Ok(()) } else { Err(checked.to_string()) };
        let secrets = checked.secrets;
        let shown = |verdict: Verdict| verdict.map_err(|text| secrets.redact_text(&text));
        Ok(Told { probes: probes.into_iter().map(|(id, verdict)| (id, shown(verdict))).collect(), whole })
    }

    /// What one record shows, but for what is known of the server.
    fn judged(&self, record: &Record) -> Verdict {
        let baseline = &self.harness.question.baseline;
        let broken = record.judgement.mismatches.iter().filter(|mismatch| mismatch.origin.is_none());
        let broken = broken.filter(|mismatch| !baseline.covers(&mismatch.clause, &mismatch.cause));
        let described = broken.map(|mismatch| {
            let text =
                self.harness.suite.contract.clauses.get(&mismatch.clause).map_or("", |clause| clause.text.as_str());
            format!("{}: {text}\n  expected {}\n  got {}", mismatch.clause, mismatch.expected, mismatch.got)
        });
        let mut wrong: Vec<_> = described.collect();
        wrong.extend(record.judgement.inconclusive.iter().map(|why| format!("inconclusive: {why}")));
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}

/// Whether libtest-mimic performs the test of this name: those that it skips are not to be sent.
fn is_asked_for(arguments: &Arguments, name: &str) -> bool {
    let is = |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(is) && !arguments.skip.iter().any(is)
}
