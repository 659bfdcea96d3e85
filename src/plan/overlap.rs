//! The overlap phase: different valid bodies, several of which are created, read and removed at the same time. A server may confuse them, or fail, where one
//! at a time goes well.

use super::assemble::probe;
use super::pairs;
use super::test_values::spread;
use crate::contract::Contract;
use crate::probe::{Phase, Probe};

/// So many bodies are sent: some times as many as there are at once.
const MOST: usize = 24;

/// The probes of the overlap phase: valid ones of the pair phase, as different as they get.
pub(super) fn probes(contract: &Contract) -> Vec<Probe> {
    let requests = spread(&pairs::valid(contract, 2), MOST);
    let name = |index: usize| format!("overlap/{:02}", index + 1);
    let probes = requests.into_iter().enumerate();
    probes.map(|(index, request)| probe(contract, Phase::Overlap, name(index), None, request)).collect()
}
