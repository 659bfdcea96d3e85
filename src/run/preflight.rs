//! The look before a run: does the target answer at all, does it take the token, and has it what a run needs?

use super::Terms;
use super::terms::Remains;
use crate::client::{Availability, Target};
use crate::contract::Contract;
use crate::exchange::{Exchange, Request, Response, SendError, TokenVariant};
use crate::untrusted::Untrusted;

/// Why a run did not begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PreflightError {
    /// The target does not answer.
    #[error("{endpoint}{way} does not answer: {error}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What is on the way there.
        way: String,
        /// Why.
        error: SendError,
    },
    /// The target sends everybody elsewhere. That is not followed: the token would go to where nobody sent it.
    #[error("{endpoint} answers {status}, a redirect{}; redirects are not followed, name the right address", to(.location))]
    Redirected {
        /// Where.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// Where it leads, if it says so.
        location: Untrusted,
    },
    /// The target does not take the token.
    #[error("{endpoint} answers 401 to {}{}", if *.has_credential { "the credential; it may be wrong or expired" } else { "a request without a token; give one" }, clock_hint(*.clock))]
    NotAuthenticated {
        /// Where.
        endpoint: String,
        /// Whether a credential was given.
        has_credential: bool,
        /// How many minutes this machine's clock is ahead of the target's, if that matters.
        clock: Option<i64>,
    },
    /// The target answers to the call under test as if there were none.
    #[error("{endpoint} answers {status} to {call}, the call under test; is the path right?")]
    NoSuchCall {
        /// Where.
        endpoint: String,
        /// The call.
        call: String,
        /// The HTTP status.
        status: u16,
    },
    /// The target does not have a call that somebody insists on.
    #[error("{endpoint}: {call} is required, and {availability}{remains}")]
    Required {
        /// Where.
        endpoint: String,
        /// The call.
        call: String,
        /// What it is like.
        availability: Availability,
        /// What was created to find it out, and is still there.
        remains: Remains,
    },
    /// Nothing could be removed of what a run creates, and nobody said that it may stay.
    #[error(
        "{endpoint}: {call} is {availability}, so that nothing that a run creates would be removed{remains}; somebody has to say that it may stay"
    )]
    Irremovable {
        /// Where.
        endpoint: String,
        /// The call.
        call: String,
        /// What it is like.
        availability: Availability,
        /// What was created to find it out, and is still there.
        remains: Remains,
    },
}

impl PreflightError {
    /// Whether something that the look has created is still there.
    pub fn leaves_something(&self) -> bool {
        match self {
            Self::Required { remains, .. } | Self::Irremovable { remains, .. } => !remains.is_empty(),
            Self::Unreachable { .. }
            | Self::Redirected { .. }
            | Self::NotAuthenticated { .. }
            | Self::NoSuchCall { .. } => false,
        }
    }
}

/// What the first request has shown, and what the operator wants.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The read of an id that was never given out.
    pub(crate) unknown: Exchange,
    /// What the operator insists on.
    pub(crate) terms: Terms,
}

/// Minutes for which a signature is good.
const LONGEST_SIGNATURE: i64 = 15;

fn to(location: &Untrusted) -> String {
    if location.is_empty() { String::new() } else { format!(" to {location:.300}") }
}

fn clock_hint(minutes: Option<i64>) -> String {
    match minutes {
        Some(minutes) => format!(
            "; this machine's clock is {} minutes {} its own, and a signature is good for {LONGEST_SIGNATURE}",
            minutes.abs(),
            if minutes > 0 { "ahead of" } else { "behind" }
        ),
        None => String::new(),
    }
}

/// Asks the target for something that does not exist: does it answer at all, and does it take the token? What comes back is its answer.
///
/// # Errors
///
/// Where it does not answer, sends everybody elsewhere, or does not take the token.
pub async fn preflight(contract: &Contract, target: &Target) -> Result<Exchange, PreflightError> {
    let read = &contract.operations[contract.creation.lifecycle.read];
    let request = Request {
        method: read.method.clone(),
        path: read.path.fill(&contract.creation.unheard_of_id()),
        headers: Vec::new(),
        body: None,
        credential: target.usual_credential(),
    };
    let endpoint = target.endpoint().to_string();
    let exchange = target.send(request).await;
    match &exchange.outcome {
        Err(error) => Err(PreflightError::Unreachable { endpoint, way: target.way(), error: *error }),
        Ok(response) if response.status == 401 => Err(not_authenticated(target, &exchange)),
        Ok(response) if (300..400).contains(&response.status) => {
            let location = response.header("location").unwrap_or_default().into();
            Err(PreflightError::Redirected { endpoint, status: response.status, location })
        }
        Ok(_) => Ok(exchange),
    }
}

/// The error for an answer of 401.
pub(super) fn not_authenticated(target: &Target, exchange: &Exchange) -> PreflightError {
    let has_credential = target.usual_credential() == TokenVariant::Good;
    let clock = exchange.response().and_then(Response::clock_ahead).map(time::Duration::whole_minutes);
    let clock = clock.filter(|minutes| target.signs() && minutes.abs() >= LONGEST_SIGNATURE);
    PreflightError::NotAuthenticated { endpoint: target.endpoint().to_string(), has_credential, clock }
}
