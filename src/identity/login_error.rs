//! Why a login failed, and what to do about it. What a server said is repeated on one line, cut.

use std::time::Duration;

use super::unreached;
use crate::http::TransportError;

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot log in at {address}{way}: {failure}")]
pub struct LoginError {
    /// The identity service.
    pub address: String,
    /// What is on the way there, if that matters.
    pub way: String,
    /// What went wrong there.
    pub failure: Failure,
}

/// What went wrong at an identity service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing can be sent there at all.
    #[error("{0}")]
    NoClient(String),
    /// There is no answer.
    #[error("{}", unreached::told(*.0))]
    Unreachable(TransportError),
    /// It does not take the credential: 401.
    #[error("it does not take this {credential}{}; {hint}", said(.message))]
    WrongCredential {
        /// What was shown.
        credential: &'static str,
        /// What it says itself.
        message: String,
        /// What to look at.
        hint: &'static str,
    },
    /// The credential is good, but not enough.
    #[error("it asks for a second factor, which this program cannot give; an application credential needs none")]
    SecondFactor,
    /// It refuses for another reason.
    #[error("it answers {status}{}; {}", said(.message), hint(*.status))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says itself.
        message: String,
        /// How many seconds it asks to wait.
        pause: u64,
    },
    /// Redirects are not followed: the credential would go to where nobody sent it.
    #[error("it answers {status}, a redirect{}; redirects are not followed, name the right address in auth_url", to(.location))]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where it points.
        location: String,
    },
    /// What answers is no identity service, or a broken one.
    #[error("it answers {status}, but {what}; is auth_url the address of a Keystone?")]
    NotKeystone {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the answer.
        what: &'static str,
    },
}

impl Failure {
    /// Whether the same login may succeed a little later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::Unreachable(error) => {
                matches!(
                    error,
                    TransportError::Refused
                        | TransportError::Connect(_)
                        | TransportError::System(_)
                        | TransportError::Closed(_)
                        | TransportError::Broken(_)
                )
            }
            _ => false,
        }
    }

    /// The pause that the service asks for.
    pub(super) fn pause(&self) -> Duration {
        match self {
            Self::Refused { pause, .. } => Duration::from_secs(*pause),
            _ => Duration::ZERO,
        }
    }
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" (“{message}”)") }
}

fn to(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" to {location}") }
}

fn hint(status: u16) -> &'static str {
    match status {
        400 => "is a name, a domain or the project missing or wrong?",
        403 => "the user may not log in for this project, or not from here",
        404 => "is auth_url the address of a Keystone? It usually ends in /v3",
        429 => "it wants fewer logins; wait, then try again",
        500..=599 => "it is broken or busy; try again later",
        _ => "that is no answer to a login; is auth_url right?",
    }
}
