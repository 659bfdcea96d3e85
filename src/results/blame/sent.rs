//! What was sent, and whether a valid request was refused.

use super::{Fields, Outcome};
use crate::contract::{Contract, NOW_AND_THEN, Subject};
use crate::exchange::Exchange;
use crate::judge::Mismatch;
use crate::probe::Probe;
use crate::results::held_back::surplus;

/// The field that carries a mark.
pub(crate) fn marked<'a>(contract: &'a Contract, fields: &Fields) -> Option<&'a str> {
    let without = contract.without_marks(fields.clone());
    contract.marks().map(|(name, _)| name).find(|name| without.get(*name) != fields.get(*name))
}

/// The fields of a valid request that was refused, without marks: they are in every body, and nobody's fault.
pub(super) fn refused_fields(contract: &Contract, outcome: &Outcome, mismatch: &Mismatch) -> Option<Fields> {
    // What comes now and then is no matter of what was sent.
    let is_refusal =
        mismatch.cause != NOW_AND_THEN && is_refusal_of_valid(&outcome.probe, &outcome.exchanges, mismatch);
    // What is refused for its layout accuses none of its values; one that does is refused in any.
    sent(outcome).filter(|_| is_refusal && surplus(outcome) == Some(0)).map(|fields| contract.without_marks(fields))
}

/// Whether this mismatch of a probe is that a valid request was refused.
pub(crate) fn is_refusal_of_valid(probe: &Probe, exchanges: &[Exchange], mismatch: &Mismatch) -> bool {
    mismatch.step == 0 && exchanges.first().is_some_and(|exchange| is_about_refusal(probe, exchange, mismatch))
}

/// The same, of the exchange that it is about.
pub(super) fn is_about_refusal(probe: &Probe, exchange: &Exchange, mismatch: &Mismatch) -> bool {
    let is_about_acceptance =
        mismatch.clause.is_of_request() || matches!(mismatch.clause.subject(), Subject::Status(200..300));
    probe.violation.is_none()
        && is_about_acceptance
        // An error inside the service is no refusal of a value.
        && exchange.response().is_some_and(|answer| (400..500).contains(&answer.status))
}

/// The fields that were sent first.
pub(super) fn sent(outcome: &Outcome) -> Option<Fields> {
    sent_in(outcome.exchanges.first()?)
}

pub(super) fn sent_in(exchange: &Exchange) -> Option<Fields> {
    serde_json::from_slice(exchange.request.body.as_deref()?).ok()
}
