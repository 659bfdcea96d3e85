//! Sends a request again where the target did not deal with it, and where that does nothing twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Purpose;
use crate::client::created::creation_of;
use crate::client::retryable::{self, Again, is_unread};
use crate::client::{Target, Token};
use crate::contract::Effect;
use crate::exchange::{Exchange, Request, TokenVariant};
use crate::http::pauses;
use crate::progress::Hold;

/// How often a request is sent again.
#[derive(Debug)]
pub(in crate::client) struct Retries {
    most: usize,
    /// Whether the last retries were in vain: then the next request has none.
    are_suspended: AtomicBool,
}

impl Retries {
    pub(in crate::client) fn new(most: usize) -> Self {
        Self { most, are_suspended: AtomicBool::new(false) }
    }

    /// The pauses before each further attempt.
    fn pauses(&self) -> impl Iterator<Item = Duration> {
        pauses(if self.are_suspended.load(Ordering::Relaxed) { 0 } else { self.most })
    }

    /// A request was answered: the next one may be sent again.
    fn resume(&self) {
        self.are_suspended.store(false, Ordering::Relaxed);
    }

    /// All attempts were in vain: the next request has one.
    fn suspend(&self) {
        self.are_suspended.store(true, Ordering::Relaxed);
    }
}

impl Target {
    /// Sends a request for this purpose, through all layers.
    pub(crate) async fn send_as(&self, purpose: Purpose, request: Request) -> Exchange {
        let mut pauses = self.retries.pauses();
        let (mut may_renew, mut may_hurry) = (true, true);
        loop {
            self.access.refresh(&self.secrets).await;
            let token = self.access.token();
            let exchange = self.send_once(purpose, request.clone()).await;
            if may_renew && self.is_turned_away(&exchange) {
                may_renew = false;
                let may_repeat = self.is_renewed(token).await && self.may_repeat(&exchange, Again::After(None));
                if may_repeat && self.has_created_nothing(&exchange).await {
                    continue;
                }
            }
            let again = retryable::again(&exchange, &self.contract().creation.inconclusive.any);
            if again == Again::No {
                self.retries.resume();
                return exchange;
            }
            if again == Again::Anew && may_hurry && self.budget.has_spare() {
                may_hurry = false;
                if self.may_repeat(&exchange, again) && self.has_created_nothing(&exchange).await {
                    continue;
                }
                return exchange;
            }
            // What meets the end of a new connection, too, is lost like anything else.
            let again = if again == Again::Anew { Again::Lost } else { again };
            let Some(pause) = pauses.next().filter(|_| self.budget.has_spare()) else {
                self.retries.suspend();
                return exchange;
            };
            if !self.may_repeat(&exchange, again) {
                return exchange;
            }
            let asked_for = if let Again::After(Some(asked_for)) = again { asked_for } else { Duration::ZERO };
            let has_waited = match purpose {
                Purpose::Cleanup => self.wait(pause.max(asked_for), Hold::of(&exchange)).await,
                Purpose::Probe | Purpose::Extra => self.wait_in_run(pause.max(asked_for), Hold::of(&exchange)).await,
            };
            if !has_waited || !self.has_created_nothing(&exchange).await {
                return exchange;
            }
        }
    }

    /// Whether a good credential was not taken. A request that shows another one wants to be turned away.
    fn is_turned_away(&self, exchange: &Exchange) -> bool {
        let statuses = &self.contract().creation.inconclusive.authorized;
        let is_refused = exchange.response().is_some_and(|response| statuses.contains(&response.status));
        is_refused && exchange.request.credential == TokenVariant::Good
    }

    async fn is_renewed(&self, token: Option<Token>) -> bool {
        match token.filter(|_| self.budget.has_spare()) {
            Some(token) => self.access.renew(&token, &self.secrets).await,
            None => false,
        }
    }

    /// Whether sending it again does nothing twice: what never arrived, what only reads, what was turned away unread, and what can be proven to have created
    /// nothing.
    fn may_repeat(&self, exchange: &Exchange, again: Again) -> bool {
        let (contract, request) = (self.contract(), &exchange.request);
        if again == Again::After(None) && exchange.outcome.is_err() {
            return true;
        }
        if request.may_create(contract) {
            return again != Again::Lost;
        }
        match self.effect(request) {
            Some(Effect::Read | Effect::List(_)) => true,
            _ => exchange.response().is_some_and(|response| response.status == 401 || is_unread(response.status)),
        }
    }

    /// Whether a request that may create is proven not to have done so. It is asked right before the request is sent again: what a gateway gave up is done
    /// a little later behind it.
    async fn has_created_nothing(&self, exchange: &Exchange) -> bool {
        let (contract, request) = (self.contract(), &exchange.request);
        let never_left = matches!(exchange.outcome, Err(error) if !error.is_lost());
        if !request.may_create(contract) || never_left {
            return true;
        }
        let is_proven = match request.mark(contract, &self.run_id) {
            Some(mark) => self.lacks(&mark).await,
            None => self.is_all_explained().await,
        };
        if is_proven && creation_of(contract, exchange).is_some() {
            self.budget.note_removed();
        }
        is_proven
    }
}

#[cfg(test)]
mod tests {
    use super::Retries;

    #[test]
    fn after_retries_in_vain_there_is_none_until_something_is_answered() {
        let retries = Retries::new(3);
        let attempts = || retries.pauses().count();
        assert_eq!(attempts(), 3);
        retries.suspend();
        assert_eq!(attempts(), 0);
        retries.resume();
        assert_eq!(attempts(), 3);
    }
}
