//! The one way to the target. Every request, whoever sends it, passes these layers in this order; each is a file, and keeps what it must remember.
//!
//! | layer | what holds behind it |
//! |---|---|
//! | `retry` | what a busy target, a token that ended or a closed connection has swallowed is sent again, where that does nothing twice |
//! | `guard` | what changes or removes goes to nothing but what is provably this run's own |
//! | `pace` | nothing goes out after a stop, or faster than the rate |
//! | `intent` | what may create is in the ledger before it goes out, and what it came to is in the books after it |
//! | `wire` | it is within the budget, shows its credential and goes out, over a connection that may be lost with it or over its own; of the answer no more is read than such an answer needs |

mod connection;
mod credential;
mod guard;
mod intent;
mod pace;
mod retry;
mod wire;

pub(super) use pace::Pace;
pub(super) use retry::Retries;
pub(super) use wire::Wire;

use super::Target;
use crate::contract::Effect;
use crate::exchange::{Exchange, Request};

/// What a request is sent for, which says what it may cost and what may cut it short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A probe needs it, as planned. It ends with the run, unless it creates: then what it created must be known.
    Probe,
    /// It would be good to know. It takes nothing that probes and clean-up may need, and ends with the run.
    Extra,
    /// It removes, or looks for what must be removed. It may go on for a while when the run has ended.
    Cleanup,
}

impl Target {
    /// Sends a request, and once more where the target was busy, or the token had ended, and that is safe: a request that may create is sent again only if
    /// it provably created nothing. What comes back is the answer as it came, with the secrets that it tells.
    pub async fn send(&self, request: Request) -> Exchange {
        self.send_as(Purpose::Probe, request).await
    }

    /// The layers behind the first one.
    async fn send_once(&self, purpose: Purpose, request: Request) -> Exchange {
        let may_create = request.may_create(self.contract());
        if may_create {
            // What is there already must be known before anything is added to it. Boxed, as the list is asked for by this very function.
            let _ = Box::pin(self.take_stock()).await;
        }
        let refusal = match Box::pin(self.refusal(&request)).await {
            Some(refusal) => Some(refusal),
            // Before the ledger: the time there is the time of sending.
            None => self.keep_pace(purpose, may_create).await,
        };
        match refusal {
            Some(refusal) => Exchange { request, outcome: Err(refusal) },
            None if may_create => self.send_with_intent(purpose, request).await,
            None => {
                let exchange = self.send_over_wire(purpose, request).await;
                self.learn_owner(&exchange);
                exchange
            }
        }
    }

    fn effect(&self, request: &Request) -> Option<&Effect> {
        self.contract().effect(&request.method, &request.path)
    }
}
