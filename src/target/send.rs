//! The one way to the target: everything that must hold for each request, whoever sends it, holds in [`Target::send`].

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::header::HeaderName;
use time::OffsetDateTime;

use super::patience::{Again, is_unread};
use super::{Signable, Target, Token, Wire, cleanup, http, patience};
use crate::contract::Effect;
use crate::exchange::{Credential, Exchange, Request, Response, Trouble};
use crate::ledger::Record;

impl Target {
    /// Sends a request, and once more where the target was busy, or the token had ended, and that is safe: a request that may create is sent again only if
    /// it provably created nothing. What comes back is the answer as it came, with the secrets that it tells.
    pub async fn send(&self, request: Request) -> Exchange {
        let retries = if self.is_tired.load(Ordering::Relaxed) { 0 } else { self.retries };
        let mut pauses = patience::pauses(retries);
        let mut may_renew = true;
        loop {
            self.access.refresh(&self.secrets).await;
            let token = self.access.token();
            let exchange = self.send_once(request.clone()).await;
            if may_renew && self.is_turned_away(&exchange) {
                may_renew = false;
                let may_repeat = self.is_renewed(token).await && self.may_repeat(&exchange, Again::After(None));
                if may_repeat && self.has_created_nothing(&exchange).await {
                    continue;
                }
            }
            let again = patience::again(&exchange, &self.contract().creation.inconclusive.any);
            if again == Again::No {
                self.is_tired.store(false, Ordering::Relaxed);
                return exchange;
            }
            let Some(pause) = pauses.next().filter(|_| self.budget.has_spare()) else {
                self.is_tired.store(true, Ordering::Relaxed);
                return exchange;
            };
            if !self.may_repeat(&exchange, again) {
                return exchange;
            }
            let asked_for = if let Again::After(Some(asked_for)) = again { asked_for } else { Duration::ZERO };
            tokio::time::sleep(pause.max(asked_for)).await;
            if !self.has_created_nothing(&exchange).await {
                return exchange;
            }
        }
    }

    /// Whether a good credential was not taken. A request that shows another one wants to be turned away.
    fn is_turned_away(&self, exchange: &Exchange) -> bool {
        let statuses = &self.contract().creation.inconclusive.authorized;
        let is_refused = exchange.response().is_some_and(|response| statuses.contains(&response.status));
        is_refused && exchange.request.credential == Credential::Good
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
        let effect =
            contract.operation(&request.method, &request.path).map(|(index, _)| contract.operations[index].effect);
        match effect {
            Some(Effect::Read | Effect::List) => true,
            _ => exchange.response().is_some_and(|response| response.status == 401 || is_unread(response.status)),
        }
    }

    /// Whether a request that may create is proven not to have done so. It is asked right before the request is sent again: what a gateway gave up is done
    /// a little later behind it.
    async fn has_created_nothing(&self, exchange: &Exchange) -> bool {
        let (contract, request) = (self.contract(), &exchange.request);
        if !request.may_create(contract) || exchange.outcome.is_err() {
            return true;
        }
        let is_proven = match request.mark(contract, &self.run_id) {
            Some(mark) => self.lacks(&mark).await,
            None => self.is_all_explained().await,
        };
        if is_proven && cleanup::creation_of(contract, exchange).is_some() {
            self.budget.note_removed();
        }
        is_proven
    }

    /// Sends a request within the budget. One that may create is in the ledger before it is sent.
    async fn send_once(&self, request: Request) -> Exchange {
        let may_create = request.may_create(self.contract());
        // Before the ledger: the time there is the time of sending.
        if let Some(pace) = &self.pace {
            pace.lock().await.tick().await;
        }
        let intent = match &self.ledger {
            Some(ledger) if may_create => match ledger.intend(request.body.as_deref()).await {
                Ok(number) => Some((ledger, number)),
                Err(_) => return Exchange { request, outcome: Err(Trouble::Ledger) },
            },
            _ => None,
        };
        let exchange = self.exchange(request).await;
        if may_create {
            let creation = cleanup::creation_of(self.contract(), &exchange);
            if let Some(cleanup::Created::Named { id, .. }) = &creation {
                self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
            }
            if creation.is_some() {
                self.budget.note_created();
            }
            if let Some((ledger, number)) = intent {
                // Where this cannot be written the intent stays open, and a sweep looks for what it created.
                let _ = ledger.write(record_of(number, creation, &exchange)).await;
            }
        }
        exchange
    }

    async fn exchange(&self, request: Request) -> Exchange {
        if !self.budget.take_request() {
            return Exchange { request, outcome: Err(Trouble::Budget) };
        }
        let shown = self.access.shown(request.credential);
        let outcome = match &self.wire {
            Wire::Local(service) => Ok(service.answer(&request, shown.as_deref())),
            Wire::Http { client, token_header } => match self.prepare(client, token_header, shown, &request) {
                Some(prepared) => http::receive(prepared).await,
                None => Err(Trouble::Broken),
            },
        };
        if let Ok(response) = &outcome {
            self.hear(response);
        }
        Exchange { request, outcome }
    }

    /// The request as it goes over the wire; `None` where it holds what HTTP cannot carry.
    fn prepare(
        &self,
        client: &reqwest::Client,
        token_header: &HeaderName,
        token: Option<String>,
        request: &Request,
    ) -> Option<reqwest::RequestBuilder> {
        let url = self.endpoint.join(&request.path)?;
        let mut shown: Vec<_> = token.map(|token| (token_header.clone(), token)).into_iter().collect();
        if let Some(key) = self.access.key(request.credential) {
            let body = request.body.as_deref().unwrap_or_default();
            let signable = Signable { method: &request.method, url: &url, headers: &request.headers, body };
            let signature = key.sign(&signable, OffsetDateTime::now_utc());
            self.secrets.expect(signature.secret());
            for (name, value) in signature.headers() {
                shown.push((HeaderName::try_from(*name).ok()?, value.clone()));
            }
        }
        http::prepare(client, request, url, &shown)
    }

    /// Keeps in mind the signatures that an answer repeats: they may stand in a report. All others can be forgotten.
    fn hear(&self, response: &Response) {
        for (_, value) in &response.headers {
            self.secrets.hear(value.as_bytes());
        }
        self.secrets.hear(&response.body);
    }
}

/// What came of a request that was put into the ledger.
fn record_of(number: u64, creation: Option<cleanup::Created>, exchange: &Exchange) -> Record {
    match (creation, &exchange.outcome) {
        (Some(cleanup::Created::Named { id, .. }), _) => Record::Created { number, id },
        (Some(cleanup::Created::Unnamed), _) => Record::Unknown { number, why: "the answer held no id".to_owned() },
        (Some(cleanup::Created::Unknown), outcome) => {
            let why = match outcome {
                Ok(response) => format!("answered {}", response.status),
                Err(trouble) => trouble.to_string(),
            };
            Record::Unknown { number, why }
        }
        (None, Ok(response)) if response.is_success() => {
            Record::Unknown { number, why: "the contract does not know the call".to_owned() }
        }
        (None, Ok(response)) => Record::Nothing { number, why: format!("refused with {}", response.status) },
        (None, Err(trouble)) if trouble.is_lost() => Record::Unknown { number, why: trouble.to_string() },
        (None, Err(trouble)) => Record::Nothing { number, why: trouble.to_string() },
    }
}
