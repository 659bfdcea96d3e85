//! On which terms a run is made: which calls the target must have, and whether what cannot be removed may stay.

use std::fmt;

use super::PreflightError;
use super::survey::{Survey, call};
use crate::client::Target;
use crate::contract::Contract;
use crate::untrusted::Untrusted;

/// What the operator of a run insists on, and allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Whether what is created may stay where the target has no call that removes it.
    pub may_leave: bool,
    /// The calls without which there is no run.
    pub required: Required,
}

impl Terms {
    /// Nothing is required, and nothing may stay.
    pub const NONE: Self =
        Self { may_leave: false, required: Required { read: false, list: false, update: false, delete: false } };
}

/// Calls around the one under test without which there is no run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "there are four calls, and each is required or not")]
pub struct Required {
    /// The one that reads what was created.
    pub read: bool,
    /// The one that lists.
    pub list: bool,
    /// The one that changes what was created.
    pub update: bool,
    /// The one that removes it.
    pub delete: bool,
}

impl Required {
    /// All of them.
    pub const ALL: Self = Self { read: true, list: true, update: true, delete: true };

    /// The operations of a contract that are required; one that it does not have cannot be.
    fn operations(self, contract: &Contract) -> impl Iterator<Item = usize> {
        let lifecycle = &contract.creation.lifecycle;
        let list = contract.list_operation();
        let release = lifecycle.release.as_ref().map(|(release, _)| *release);
        let wanted = [
            (self.read, Some(lifecycle.read)),
            (self.list, list),
            (self.update, release),
            (self.delete, Some(lifecycle.remove)),
        ];
        wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).filter_map(|(_, operation)| operation)
    }
}

/// What the look before a run has created, and is still there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    ids: Vec<Untrusted>,
    ledger: Option<String>,
}

impl Remains {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl fmt::Display for Remains {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ids.is_empty() {
            return Ok(());
        }
        formatter.write_str("; what was created to find that out is still there:")?;
        for id in &self.ids {
            write!(formatter, " {id:.100}")?;
        }
        match &self.ledger {
            Some(ledger) => write!(formatter, ", as {ledger} knows"),
            None => Ok(()),
        }
    }
}

impl Terms {
    /// Holds what was seen of a target against the terms. `created` are the ids of what was created for it.
    pub(super) fn hold(
        self,
        contract: &Contract,
        target: &Target,
        survey: &Survey,
        created: &[String],
    ) -> Result<(), PreflightError> {
        let (calls, cleanup) = (&survey.calls, &survey.cleanup);
        let is_left = cleanup.created > cleanup.removed;
        let remains = || Remains {
            ids: created.iter().filter(|_| is_left).map(|id| Untrusted::from(id.as_str())).collect(),
            ledger: target.ledger().map(|ledger| ledger.path().display().to_string()),
        };
        let endpoint = target.endpoint().to_string();
        let call = |operation: usize| call(&contract.operations[operation]);
        let missing = self.required.operations(contract).find(|operation| !calls.of(*operation).is_there());
        if let Some(missing) = missing {
            let (call, availability) = (call(missing), calls.of(missing));
            return Err(PreflightError::Required { endpoint, call, availability, remains: remains() });
        }
        let remove = contract.creation.lifecycle.remove;
        if !calls.of(remove).is_there() && is_left && !self.may_leave {
            let (call, availability) = (call(remove), calls.of(remove));
            return Err(PreflightError::Irremovable { endpoint, call, availability, remains: remains() });
        }
        Ok(())
    }
}
