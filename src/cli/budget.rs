//! The arguments that bound what a run may cost, and how careful it is with what it does not know.

use std::time::Duration;

use clap::Args;

use super::list::left_out;
use crate::client::{Cost, Limits};
use crate::contract::Contract;
use crate::http::Endpoint;
use crate::plan::{self, Plan};
use crate::shrink::LARGEST_SHRINKING;

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
    /// Go on, also where the target is not on this machine, if it has no call that removes: what is created stays, and only --max-created bounds it
    #[arg(long)]
    allow_leftovers: bool,
}

/// Whose a target is, which says how careful a run must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locality {
    /// The stub inside the program.
    Stub,
    /// An endpoint on this machine.
    Here,
    /// An endpoint anywhere else, which may be somebody's production.
    Elsewhere,
}

impl Locality {
    /// The place of an endpoint.
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        if endpoint.is_loopback() { Self::Here } else { Self::Elsewhere }
    }
}

impl Locality {
    /// The place, as the end of a sentence about where a target is.
    fn text(self) -> &'static str {
        match self {
            Self::Stub => "inside the program",
            Self::Here => "on this machine",
            Self::Elsewhere => "not on this machine",
        }
    }
}

/// What a run does with a target at this place; `run` does it, and `list --plan` says what it costs.
#[derive(Debug)]
pub(super) struct Decision {
    /// What is sent, with its marks, and what is left out.
    pub(super) plan: Plan,
    /// What the run may cost.
    pub(super) limits: Limits,
    /// How many probes are under way at once.
    pub(super) jobs: usize,
    locality: Locality,
}

/// Whether what is sent carries marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// Where there is room for one.
    Added,
    /// Nowhere.
    LeftOut,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=1000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 1000".to_owned()),
    }
}

impl BudgetArguments {
    pub(super) fn limits(&self, locality: Locality) -> Limits {
        let usual = if locality == Locality::Elsewhere { Limits::CAREFUL } else { Limits::default() };
        Limits {
            requests: self.max_requests,
            created: self.max_created,
            alive: self.max_alive.or(usual.alive.filter(|_| !self.allow_leftovers)),
            time: self.time_limit.map(Duration::from_secs),
            rate: self.rate.or(usual.rate),
        }
    }

    /// The arguments that let the same be sent again.
    pub(super) fn again(&self) -> &'static str {
        if self.allow_protected { " --allow-protected" } else { "" }
    }

    /// Whether what is created may stay where nothing removes it.
    pub(super) fn may_leave(&self, locality: Locality) -> bool {
        self.allow_leftovers || locality != Locality::Elsewhere
    }

    pub(super) fn jobs(&self, locality: Locality) -> usize {
        self.jobs.map_or(if locality == Locality::Stub { 8 } else { 1 }, usize::from)
    }

    /// What a run does with this plan where its target is at this locality: a careful one leaves out what nobody asked for, and says so.
    pub(super) fn decide(&self, locality: Locality, names_phases: bool, marks: Marks, mut plan: Plan) -> Decision {
        if locality == Locality::Elsewhere && !names_phases {
            plan = plan.only_cases("--phase all adds them");
        }
        if locality == Locality::Elsewhere && !self.allow_protected {
            plan = plan.without_delete_protected("--allow-protected adds them");
        }
        if marks == Marks::Added {
            plan = plan.marked();
        }
        Decision { plan, limits: self.limits(locality), jobs: self.jobs(locality), locality }
    }
}

impl Decision {
    /// What the probes may cost at most, in words.
    pub(super) fn worst_case(&self, contract: &Contract) -> String {
        let (mut total, mut unmarked, mut alive, mut at_once) = (Cost::default(), 0, Vec::new(), self.jobs);
        let mut waits = Duration::ZERO;
        for probe in self.plan.iter() {
            let cost = Cost::of(contract, &probe.script);
            total = total + cost;
            unmarked += plan::unmarked(contract, &probe);
            waits += probe.script.steps.iter().map(|step| step.pause).sum::<Duration>();
            alive.push(cost.created);
            at_once = at_once.max(probe.phase.at_once(self.jobs));
        }
        alive.sort_unstable_by(|one, other| other.cmp(one));
        let most_alive: u64 = alive.iter().take(at_once).sum();
        let bound = |name: &str, worst: u64, limit: Option<u64>, flag: &str| match limit {
            Some(limit) if limit < worst => format!("  {name}: {limit}, as {flag} says; without it {worst}\n"),
            _ => format!("  {name}: {worst}\n"),
        };
        let (limits, locality) = (&self.limits, self.locality.text());
        let count = self.plan.len();
        let mut text = format!("in the worst case, {count} probes, {at_once} at once, as the target is {locality}:\n");
        text.push_str(&bound("requests", total.requests, limits.requests, "--max-requests"));
        text.push_str(&bound("created", total.created, limits.created, "--max-created"));
        text.push_str(&bound("there at once", most_alive, limits.alive, "--max-alive"));
        if let Some(rate) = limits.rate {
            let requests = limits.requests.map_or(total.requests, |most| most.min(total.requests));
            let least = duration(requests, rate);
            text.push_str(&format!("  at most {rate} requests in a second, so that they may take {least}\n"));
        }
        if !waits.is_zero() {
            text.push_str(&format!("  waiting: {} s, as steps of cases ask for it\n", waits.as_secs()));
        }
        text.push_str(&format!("  {unmarked} of what is created would carry no mark\n"));
        text.push_str(&format!(
            "  besides: the list of what is there, before and after, a request for each page; one creation that shows which calls there are, or two; and up to {LARGEST_SHRINKING} smaller examples for each finding\n"
        ));
        for excluded in self.plan.excluded() {
            text.push_str(&left_out(excluded));
        }
        text
    }
}

/// How long so many requests take at this rate, in words.
fn duration(requests: u64, rate: f64) -> String {
    let seconds = requests.to_string().parse().map_or(0.0, |requests: f64| (requests / rate).ceil());
    let seconds = format!("{seconds:.0}").parse().unwrap_or(u64::MAX);
    let unit = |count: u64, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => unit(seconds, "second"),
        (0, minutes, 0) => unit(minutes, "minute"),
        (0, minutes, seconds) => format!("{} and {}", unit(minutes, "minute"), unit(seconds, "second")),
        (hours, 0, _) => unit(hours, "hour"),
        (hours, minutes, _) => format!("{} and {}", unit(hours, "hour"), unit(minutes, "minute")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::{BudgetArguments, Locality, duration};
    use crate::client::Limits;

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
        let table = [
            (Locality::Stub, Limits::default(), 8),
            (Locality::Here, Limits::default(), 1),
            (Locality::Elsewhere, careful, 1),
        ];
        for (locality, limits, jobs) in table {
            assert_eq!((budget(&[]).limits(locality), budget(&[]).jobs(locality)), (limits, jobs), "{locality:?}");
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
        for locality in [Locality::Stub, Locality::Here, Locality::Elsewhere] {
            assert_eq!((budget(&words).limits(locality), budget(&words).jobs(locality)), (expected, 2));
        }
        for wrong in ["--rate=0", "--rate=NaN", "--rate=-1", "-j0", "--max-alive=-1"] {
            assert!(Line::try_parse_from(["run", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_told_in_words() {
        let table = [
            (0, 5.0, "0 seconds"),
            (1, 5.0, "1 second"),
            (6510, 5.0, "21 minutes and 42 seconds"),
            (600, 5.0, "2 minutes"),
            (90_000, 5.0, "5 hours"),
            (30, 0.001, "8 hours and 20 minutes"),
        ];
        for (requests, rate, expected) in table {
            assert_eq!(duration(requests, rate), expected, "{requests} at {rate}");
        }
    }
}
