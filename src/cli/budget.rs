//! The arguments that bound what a run may cost, and how careful it is with what it does not know.

use std::time::Duration;

use clap::Args;

use crate::contract::Contract;
use crate::plan;
use crate::probe::{Phase, Probe};
use crate::target::{Cost, Endpoint, Limits};

#[derive(Debug, Args)]
#[command(next_help_heading = "Budgets")]
pub(super) struct BudgetArguments {
    /// Images, or whatever is created, in the whole run
    #[arg(long, value_name = "N")]
    max_created: Option<u64>,
    /// Of them, at the same time [default: 10, unless the target is on this machine]
    #[arg(long, value_name = "N")]
    max_alive: Option<u64>,
    /// Requests, those of the clean-up included
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
    /// Seconds after which no probe begins
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<u64>,
    /// Requests in a second [default: 5, unless the target is on this machine]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// Probes under way at once [default: 8 for the stub, 1 for an endpoint]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: Option<u8>,
    /// Send what creates something that must be unprotected before it can be removed, also where the target is not on this machine
    #[arg(long)]
    allow_protected: bool,
}

/// Whose a target is, which says how careful a run must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The stub inside the program.
    Stub,
    /// An endpoint on this machine.
    Here,
    /// An endpoint anywhere else, which may be somebody's production.
    Elsewhere,
}

impl Place {
    /// The place of an endpoint.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        if endpoint.is_loopback() { Self::Here } else { Self::Elsewhere }
    }
}

/// What is not done unless it is asked for, in the words of the report.
pub(super) type Withheld = Vec<String>;

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=1000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 1000".to_owned()),
    }
}

impl BudgetArguments {
    pub(super) fn limits(&self, place: Place) -> Limits {
        let is_careful = place == Place::Elsewhere;
        Limits {
            requests: self.max_requests,
            created: self.max_created,
            alive: self.max_alive.or(is_careful.then_some(10)),
            time: self.time_limit.map(Duration::from_secs),
            rate: self.rate.or(is_careful.then_some(5.0)),
        }
    }

    pub(super) fn jobs(&self, place: Place) -> usize {
        self.jobs.map_or(if place == Place::Stub { 8 } else { 1 }, usize::from)
    }

    /// Takes out of the probes what a careful run does not send unless it is asked for, and says so.
    pub(super) fn withhold(
        &self,
        contract: &Contract,
        place: Place,
        names_phases: bool,
        probes: &mut Vec<Probe>,
    ) -> Withheld {
        let mut withheld = Vec::new();
        if place != Place::Elsewhere {
            return withheld;
        }
        let mut drop = |is_sent: &dyn Fn(&Probe) -> bool, what: &str| {
            let before = probes.len();
            probes.retain(is_sent);
            if probes.len() < before {
                withheld.push(format!("{} probes {what}", before - probes.len()));
            }
        };
        if !names_phases {
            drop(
                &|probe| probe.phase == Phase::Case,
                "of the phases boundary, pairs and random; --phase all adds them",
            );
        }
        if !self.allow_protected {
            drop(
                &|probe| !probe.script.asks_to_hold(contract),
                "that create something protected; --allow-protected adds them",
            );
        }
        withheld
    }

    /// What the probes may cost at most, in words.
    pub(super) fn worst_case(&self, contract: &Contract, place: Place, probes: &[Probe]) -> String {
        let limits = self.limits(place);
        let total = probes.iter().fold(Cost::default(), |sum, probe| sum + Cost::of(contract, &probe.script));
        let mut alive: Vec<_> = probes.iter().map(|probe| Cost::of(contract, &probe.script).created).collect();
        alive.sort_unstable_by(|one, other| other.cmp(one));
        let at_once: u64 = alive.iter().take(self.jobs(place)).sum();
        let bound = |name: &str, worst: u64, limit: Option<u64>, flag: &str| match limit {
            Some(limit) if limit < worst => format!("  {name}: {limit}, as {flag} says; without it {worst}\n"),
            _ => format!("  {name}: {worst}\n"),
        };
        let mut text = format!("in the worst case, {} probes, {} at once:\n", probes.len(), self.jobs(place));
        text.push_str(&bound("requests", total.requests, limits.requests, "--max-requests"));
        text.push_str(&bound("created", total.created, limits.created, "--max-created"));
        text.push_str(&bound("there at once", at_once, limits.alive, "--max-alive"));
        if let Some(rate) = limits.rate {
            text.push_str(&format!("  at most {rate} requests in a second\n"));
        }
        let unmarked = plan::unmarked(contract, probes);
        text.push_str(&format!("  {unmarked} of what is created would carry no mark\n"));
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::{BudgetArguments, Place};
    use crate::target::Limits;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        budget: BudgetArguments,
    }

    fn budget(words: &[&str]) -> BudgetArguments {
        Line::try_parse_from([&["run"], words].concat()).unwrap().budget
    }

    #[test]
    fn only_a_target_elsewhere_is_treated_with_care_unasked() {
        let careful = Limits { alive: Some(10), rate: Some(5.0), ..Limits::default() };
        let table =
            [(Place::Stub, Limits::default(), 8), (Place::Here, Limits::default(), 1), (Place::Elsewhere, careful, 1)];
        for (place, limits, jobs) in table {
            assert_eq!((budget(&[]).limits(place), budget(&[]).jobs(place)), (limits, jobs), "{place:?}");
        }
    }

    #[test]
    fn what_is_asked_for_holds_everywhere() {
        let words = ["--max-alive=3", "--max-created=4", "--max-requests=50", "--time-limit=6", "--rate=0.5", "-j2"];
        let expected = Limits {
            requests: Some(50),
            created: Some(4),
            alive: Some(3),
            time: Some(Duration::from_secs(6)),
            rate: Some(0.5),
        };
        for place in [Place::Stub, Place::Here, Place::Elsewhere] {
            assert_eq!((budget(&words).limits(place), budget(&words).jobs(place)), (expected, 2));
        }
        for wrong in ["--rate=0", "--rate=NaN", "--rate=-1", "-j0", "--max-alive=-1"] {
            assert!(Line::try_parse_from(["run", wrong]).is_err(), "{wrong}");
        }
    }
}
