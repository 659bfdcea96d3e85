//! Which calls of the contract a target has, as far as the look before a run has shown it, and what follows from that for everything that is created.
//!
//! A call of which nothing is known counts as there: then whatever the target does with it is held against the contract.

use std::collections::BTreeMap;
use std::fmt;

use super::{Cost, Spent, Target, Unlisted};

/// Whether a target has a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Availability {
    /// Nothing speaks against it.
    #[default]
    There,
    /// It is not there: the target answers to it with this status, as it does to a call that nobody has.
    Lacking(u16),
    /// It is there or not, and answered with this status whatever is asked.
    Refused(u16),
    /// It lists, and does not show what was just created.
    Silent,
    /// It was not tried: it changes or removes, and nothing proves that what was created is this run's.
    Unproven,
}

impl Availability {
    /// Whether what needs the call can be done.
    pub fn is_there(self) -> bool {
        self == Self::There
    }
}

impl fmt::Display for Availability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::There => formatter.write_str("there"),
            Self::Lacking(status) => write!(formatter, "not there, the answer is {status}"),
            Self::Refused(status) => write!(formatter, "refused with {status}"),
            Self::Silent => formatter.write_str("answered, and does not show what was just created"),
            Self::Unproven => {
                formatter.write_str("not used, as neither a list nor a read proves that what was created is this run's")
            }
        }
    }
}

/// The calls of a contract that a target does not have or refuses, by their place in [`Contract::operations`](crate::contract::Contract::operations).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<usize, Availability>);

impl Calls {
    /// Notes what a call is like.
    pub(crate) fn set(&mut self, operation: usize, availability: Availability) {
        if availability.is_there() {
            self.0.remove(&operation);
        } else {
            self.0.insert(operation, availability);
        }
    }

    /// What a call is like.
    pub fn of(&self, operation: usize) -> Availability {
        self.0.get(&operation).copied().unwrap_or_default()
    }

    /// Those that cannot be used, in the order of the contract.
    pub fn missing(&self) -> impl Iterator<Item = (usize, Availability)> {
        self.0.iter().map(|(operation, availability)| (*operation, *availability))
    }

    /// Whether all can be used.
    pub fn is_complete(&self) -> bool {
        self.0.is_empty()
    }

    /// What both show in the same way; a call that was there once is there.
    #[must_use]
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.0.retain(|operation, availability| {
            std::mem::discriminant(availability) == std::mem::discriminant(&other.of(*operation))
        });
        self
    }
}

impl Target {
    /// Takes note of what the target has; before the first probe, and once.
    pub(crate) fn learn(&self, calls: Calls) {
        // A second look at the same target would only say the same.
        let _ = self.calls.set(calls);
        if self.cannot_list() == Some(Unlisted::Incomplete) {
            self.ownership.doubt_list();
        }
    }

    /// What cannot be used, as far as it is known.
    pub(crate) fn known_calls(&self) -> Calls {
        self.calls.get().cloned().unwrap_or_default()
    }

    /// What a call is like.
    pub(crate) fn availability(&self, operation: usize) -> Availability {
        self.calls.get().map(|calls| calls.of(operation)).unwrap_or_default()
    }

    /// Whether the target has no call that removes, or none that may be used: then nothing is removed, and all that is created stays.
    pub(crate) fn keeps_everything(&self) -> bool {
        let remove = self.availability(self.contract().creation.lifecycle.remove);
        matches!(remove, Availability::Lacking(_) | Availability::Unproven)
    }

    /// Whether what is delete-protected could be released and removed.
    pub(crate) fn can_release(&self) -> bool {
        let lifecycle = &self.contract().creation.lifecycle;
        let release = lifecycle.release.as_ref().map(|(release, _)| *release);
        [Some(lifecycle.remove), release].into_iter().flatten().all(|call| self.availability(call).is_there())
    }

    /// Whether the whole run may create two things; one that may create a single one is not to spend it on a look.
    pub(crate) fn allows_two_creations(&self) -> bool {
        self.budget.never_allows(Cost { requests: 0, created: 2 }) != Some(Spent::Created)
    }

    /// Whether a read tells what is there.
    pub(in crate::client) fn can_read(&self) -> bool {
        self.availability(self.contract().creation.lifecycle.read).is_there()
    }

    /// Why it need not be asked what is there, if so: there is no call for it, or it does not tell.
    pub(super) fn cannot_list(&self) -> Option<Unlisted> {
        let list = self.contract().list_operation()?;
        match self.availability(list) {
            Availability::Lacking(_) => Some(Unlisted::NoCall),
            Availability::Silent => Some(Unlisted::Incomplete),
            Availability::There | Availability::Refused(_) | Availability::Unproven => None,
        }
    }
}
