//! The look before a run: does the target answer at all, and does it take the token?

use crate::client::{Target, Unlisted};
use crate::contract::Contract;
use crate::exchange::{Request, SendError, TokenVariant};
use crate::untrusted::Untrusted;

/// Why a run did not begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PreflightError {
    /// The target does not answer.
    #[error("{endpoint}{way} does not answer: {trouble}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What is on the way there.
        way: String,
        /// Why.
        trouble: SendError,
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
    /// The target answers to the list as if there were none, though the contract has one.
    #[error("{endpoint} answers {status} to a call that the contract knows; is the path right?")]
    NoSuchCall {
        /// Where.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
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

/// Asks the target for something that does not exist: does it answer at all, and does it take the token?
pub async fn preflight(contract: &Contract, target: &Target) -> Result<(), PreflightError> {
    let read = &contract.operations[contract.creation.lifecycle.read];
    let request = Request {
        method: read.method.clone(),
        path: read.path.fill(&uuid::Uuid::new_v4().to_string()),
        headers: Vec::new(),
        body: None,
        credential: target.usual_credential(),
    };
    let endpoint = target.endpoint().to_string();
    match target.send(request).await.outcome {
        Err(trouble) => Err(PreflightError::Unreachable { endpoint, way: target.way(), trouble }),
        Ok(response) if response.status == 401 => {
            let has_credential = target.usual_credential() == TokenVariant::Good;
            let clock = response.clock_ahead().map(time::Duration::whole_minutes);
            let clock = clock.filter(|minutes| target.signs() && minutes.abs() >= LONGEST_SIGNATURE);
            Err(PreflightError::NotAuthenticated { endpoint, has_credential, clock })
        }
        Ok(response) if (300..400).contains(&response.status) => {
            let location = response.header("location").unwrap_or_default().into();
            Err(PreflightError::Redirected { endpoint, status: response.status, location })
        }
        Ok(_) => Ok(()),
    }
}

/// Takes stock before anything is created; an error where the endpoint does not know the call at all. Where it is refused otherwise, what is created must prove
/// itself to be the run's.
pub(super) async fn take_stock(target: &Target) -> Result<(), PreflightError> {
    match target.take_stock().await {
        Err(Unlisted::Status(status @ (300..400 | 404 | 405 | 410 | 501))) => {
            Err(PreflightError::NoSuchCall { endpoint: target.endpoint().to_string(), status })
        }
        _ => Ok(()),
    }
}
