//! The one way to the target: everything that must hold for each request, whoever sends it, holds in [`Target::send`].

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::created::{Created, creation_of};
use super::ownership::Claim;
use super::patience::{Again, is_unread};
use super::{Signable, Target, Token, Wire, cleanup, patience};
use crate::contract::Effect;
use crate::exchange::{Exchange, NotOwn, Request, Response, SendError, TokenVariant};
use crate::http::{Answer, Client, HeaderName, Outgoing, Prepared, TransportError, Way, pauses};
use crate::ledger::Record;
use crate::progress::Hold;

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

    pub(crate) async fn send_as(&self, purpose: Purpose, request: Request) -> Exchange {
        let retries = if self.retries_suspended.load(Ordering::Relaxed) { 0 } else { self.retries };
        let mut pauses = pauses(retries);
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
            let again = patience::again(&exchange, &self.contract().creation.inconclusive.any);
            if again == Again::No {
                self.retries_suspended.store(false, Ordering::Relaxed);
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
                self.retries_suspended.store(true, Ordering::Relaxed);
                return exchange;
            };
            if !self.may_repeat(&exchange, again) {
                return exchange;
            }
            let asked_for = if let Again::After(Some(asked_for)) = again { asked_for } else { Duration::ZERO };
            if !self.wait(pause.max(asked_for), Hold::of(&exchange)).await || !self.has_created_nothing(&exchange).await
            {
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
            Some(Effect::Read | Effect::List) => true,
            _ => exchange.response().is_some_and(|response| response.status == 401 || is_unread(response.status)),
        }
    }

    fn effect(&self, request: &Request) -> Option<Effect> {
        let (index, _) = self.contract().operation(&request.method, &request.path)?;
        Some(self.contract().operations[index].effect)
    }

    /// Whether a request that may create is proven not to have done so. It is asked right before the request is sent again: what a gateway gave up is done
    /// a little later behind it.
    async fn has_created_nothing(&self, exchange: &Exchange) -> bool {
        let (contract, request) = (self.contract(), &exchange.request);
        let never_left = matches!(exchange.outcome, Err(trouble) if !trouble.is_lost());
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

    /// Sends a request that may be sent: one that changes or removes goes to what is the run's own, one that may create is in the ledger before, and both are
    /// within the budget.
    async fn send_once(&self, purpose: Purpose, request: Request) -> Exchange {
        let may_create = request.may_create(self.contract());
        if may_create {
            // What is there already must be known before anything is added to it. Boxed, as the list is asked for by this very function.
            let _ = Box::pin(self.take_stock()).await;
        }
        let refusal = match Box::pin(self.refusal(&request)).await {
            Some(trouble) => Some(trouble),
            None => self.kept_back(purpose, may_create),
        };
        // Before the ledger: the time there is the time of sending.
        let refusal = if refusal.is_none() { self.keep_pace(purpose, may_create).await } else { refusal };
        if let Some(trouble) = refusal {
            return Exchange { request, outcome: Err(trouble) };
        }
        let intent = match &self.ledger {
            Some(ledger) if may_create => match ledger.intend(request.body.as_deref()).await {
                Ok(number) => Some((ledger, number)),
                Err(_) => return Exchange { request, outcome: Err(SendError::Ledger) },
            },
            _ => None,
        };
        let mark = request.mark(self.contract(), &self.run_id);
        if may_create {
            self.may_have_created.store(true, Ordering::Relaxed);
            self.note_under_way(mark.as_ref());
        }
        let exchange = self.exchange(purpose, request, may_create).await;
        if may_create {
            let creation = creation_of(self.contract(), &exchange);
            self.note(creation.as_ref());
            self.note_answered(mark, creation.as_ref(), exchange.response().is_some());
            if let Some((ledger, number)) = intent {
                // Where this cannot be written the intent stays open, and a sweep looks for what it created.
                let _ = ledger.write(record_of(number, creation, &exchange)).await;
            }
        }
        exchange
    }

    /// Why a request must not be sent, if so: it would change or remove what is not provably this run's. This is the one place that asks.
    async fn refusal(&self, request: &Request) -> Option<SendError> {
        self.refusal_for(self.changed_by(request)?).await
    }

    /// Why nothing may be sent that changes or removes what has this id, if so.
    pub(super) async fn refusal_for(&self, id: &str) -> Option<SendError> {
        match self.ownership.claim(id) {
            Claim::Own => None,
            Claim::Unproven if self.shows_mark(id).await => None,
            Claim::Unproven => Some(SendError::NotOwn(NotOwn::Unproven)),
            Claim::Denied(why) => Some(SendError::NotOwn(why)),
        }
    }

    /// The id of what a request would change or remove, if it would; empty where it is about something that the contract does not know.
    fn changed_by<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let contract = self.contract();
        let is_safe = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        match contract.operation(&request.method, &request.path) {
            Some((index, _)) if index == contract.creation.operation => None,
            Some((index, parameters)) => {
                let changes = matches!(contract.operations[index].effect, Effect::Update | Effect::Delete);
                (changes || !is_safe).then(|| parameters.last().copied().unwrap_or_default())
            }
            None => (!is_safe).then_some(""),
        }
    }

    /// Whether a read of this id shows the mark of this run; then it is its own from now on.
    async fn shows_mark(&self, id: &str) -> bool {
        let contract = self.contract();
        let read = cleanup::request_to(&contract.operations[contract.creation.lifecycle.read], id, None);
        let exchange = self.send_as(Purpose::Extra, read).await;
        let found = exchange.response().filter(|response| response.is_success()).and_then(Response::json);
        let is_shown = found.is_some_and(|found| super::list::text_with(&found, &self.run_id).is_some());
        if is_shown {
            self.ownership.attest(id);
        }
        is_shown
    }

    /// Whether a halt keeps a request from being sent.
    fn kept_back(&self, purpose: Purpose, may_create: bool) -> Option<SendError> {
        let is_kept = match purpose {
            Purpose::Probe | Purpose::Extra => self.halt.reason().is_some(),
            Purpose::Cleanup => self.halt.is_final() || (may_create && self.halt.reason().is_some()),
        };
        is_kept.then_some(SendError::Halted)
    }

    /// Waits until the rate allows one more request; why it must not be sent after all, where a halt came first.
    async fn keep_pace(&self, purpose: Purpose, may_create: bool) -> Option<SendError> {
        let pace = self.pace.as_ref()?;
        let tick = async {
            pace.lock().await.tick().await;
        };
        let cut = async {
            match purpose {
                Purpose::Probe | Purpose::Extra => self.halt.halted().await,
                Purpose::Cleanup => self.halt.finished().await,
            }
        };
        tokio::select! {
            biased;
            () = cut => Some(SendError::Halted),
            () = tick => self.kept_back(purpose, may_create),
        }
    }

    /// Keeps the books of what a request that may create came to.
    fn note(&self, creation: Option<&Created>) {
        match creation {
            Some(Created::Named { id, .. }) => {
                self.ownership.note_given(id);
                self.budget.note_created();
            }
            Some(Created::Unnamed) => self.budget.note_created(),
            Some(Created::Unknown) => {
                self.budget.note_created();
                let mut until = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
                *until = Some(Instant::now() + self.grace);
            }
            None => {}
        }
    }

    async fn exchange(&self, purpose: Purpose, request: Request, may_create: bool) -> Exchange {
        if !self.budget.take_request(purpose == Purpose::Extra) {
            return Exchange { request, outcome: Err(SendError::Budget) };
        }
        let shown = self.access.shown(request.credential);
        let outcome = match &self.wire {
            Wire::Local(service) => Ok(service.answer(&request, shown.as_deref())),
            Wire::Http { client, token_header } => match self.prepare(client, token_header, shown, &request) {
                Some(prepared) => {
                    let may_be_cut = purpose != Purpose::Cleanup && !may_create;
                    let cut = async { if may_be_cut { self.halt.halted().await } else { self.halt.finished().await } };
                    tokio::select! {
                        answered = prepared.send(largest(self.effect(&request), &request)) => answered.map(response).map_err(SendError::from),
                        () = cut => Err(SendError::CutShort),
                    }
                }
                None => Err(TransportError::Broken(Way::Direct).into()),
            },
        };
        if let Ok(response) = &outcome {
            self.hear(response);
        }
        Exchange { request, outcome }
    }

    /// The request as it goes over the wire; `None` where it holds what HTTP cannot carry, or a path that does not stay as it is.
    fn prepare<'a>(
        &self,
        client: &'a Client,
        token_header: &HeaderName,
        token: Option<String>,
        request: &Request,
    ) -> Option<Prepared<'a>> {
        let path = request.path.split('?').next().unwrap_or_default();
        let url = self.endpoint.join(&request.path).filter(|url| url.path().ends_with(path))?;
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
        client.prepare(Outgoing {
            method: &request.method,
            url,
            headers: &request.headers,
            shown: &shown,
            body: request.body.clone(),
            needs_own_connection: request.may_create(self.contract()),
        })
    }

    /// Keeps in mind the signatures that an answer repeats: they may stand in a report. All others can be forgotten.
    fn hear(&self, response: &Response) {
        for (_, value) in &response.headers {
            self.secrets.hear(value.as_bytes());
        }
        self.secrets.hear(&response.body);
    }
}

/// Lists larger than this are not read to their end.
const LARGEST_LIST: usize = 8 * 1024 * 1024;

/// No answer about one thing needs more.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// So many bytes of an answer may stand for one of the request that comes back in it: `\u003c`.
const LONGEST_ESCAPE: usize = 6;

/// How much of an answer is read at most, by what its call does: a page of a list holds much, everything else is about one thing, and may repeat what was
/// sent.
fn largest(effect: Option<Effect>, request: &Request) -> usize {
    let sent = request.body.as_ref().map_or(0, Vec::len);
    if effect == Some(Effect::List) { LARGEST_LIST } else { LARGEST_ANSWER + LONGEST_ESCAPE * sent }
}

fn response(answer: Answer) -> Response {
    let Answer { status, headers, body } = answer;
    Response { status, headers, body, at: OffsetDateTime::now_utc() }
}

/// What came of a request that was put into the ledger.
fn record_of(number: u64, creation: Option<Created>, exchange: &Exchange) -> Record {
    match (creation, &exchange.outcome) {
        (Some(Created::Named { id, .. }), _) => Record::Created { number, id },
        (Some(Created::Unnamed), _) => Record::unknown(number, "the answer held no id that fits a path"),
        (Some(Created::Unknown), outcome) => {
            let why = match outcome {
                Ok(response) => format!("answered {}", response.status),
                Err(trouble) => trouble.to_string(),
            };
            Record::unknown(number, why)
        }
        (None, Ok(response)) if response.is_success() => Record::unknown(number, "the contract does not know the call"),
        (None, Ok(response)) => Record::Nothing { number, why: format!("refused with {}", response.status) },
        (None, Err(trouble)) if trouble.is_lost() => Record::unknown(number, trouble.to_string()),
        (None, Err(trouble)) => Record::Nothing { number, why: trouble.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use time::OffsetDateTime;

    use crate::client::cleanup::request_to;
    use crate::client::{Access, Purpose, Service, Setup, Target};
    use crate::exchange::{NotOwn, Request, Response, SendError, TokenVariant};
    use crate::suite::{DEFAULT, Suite};

    /// Answers 204 to everything, and notes what it was asked.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl Service for Recorder {
        fn answer(&self, request: &Request, _: Option<&str>) -> Response {
            self.0.lock().unwrap().push(format!("{} {}", request.method, request.path));
            Response { status: 204, headers: Vec::new(), body: Vec::new(), at: OffsetDateTime::now_utc() }
        }
    }

    const FOREIGN: &str = "4ca46bf1-5c61-48ff-b4f3-0ad4e5e3ba86";

    /// Every request of the contract that changes or removes, and some that it does not know, for every purpose.
    async fn send_all(target: &Target) -> Vec<Option<SendError>> {
        let contract = target.contract();
        let lifecycle = &contract.creation.lifecycle;
        let release = lifecycle.release.as_ref().map(|(release, _)| *release);
        let known = [Some(lifecycle.remove), release].into_iter().flatten();
        let mut requests: Vec<_> = known.map(|index| request_to(&contract.operations[index], FOREIGN, None)).collect();
        for (method, path) in [("DELETE", "/"), ("PATCH", "/v9"), ("DELETE", contract.subject().path.as_str())] {
            let (method, path) = (method.to_owned(), path.to_owned());
            requests.push(Request { method, path, headers: Vec::new(), body: None, credential: TokenVariant::Good });
        }
        let mut troubles = Vec::new();
        for request in requests {
            for purpose in [Purpose::Probe, Purpose::Extra, Purpose::Cleanup] {
                troubles.push(target.send_as(purpose, request.clone()).await.outcome.err());
            }
        }
        troubles
    }

    #[tokio::test]
    async fn the_guard_alone_keeps_requests_from_what_is_foreign() {
        let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
        let recorder = Arc::new(Recorder::default());
        let target = Target::local(&suite.contract, Arc::clone(&recorder) as _, Setup::new(Access::Open));
        target.ownership.set_before([FOREIGN]);
        let troubles = send_all(&target).await;
        assert!(troubles.iter().all(|trouble| matches!(trouble, Some(SendError::NotOwn(_)))), "{troubles:?}");
        assert_eq!(troubles[0], Some(SendError::NotOwn(NotOwn::ThereBefore)));
        assert_eq!(*recorder.0.lock().unwrap(), [""; 0]);

        // Without the guard the same requests arrive: nothing else holds them back.
        let target = Target::local(&suite.contract, Arc::clone(&recorder) as _, Setup::new(Access::Open));
        target.ownership.attest(FOREIGN);
        target.ownership.attest("");
        let troubles = send_all(&target).await;
        assert!(troubles.iter().all(Option::is_none), "{troubles:?}");
        assert_eq!(recorder.0.lock().unwrap().len(), troubles.len());
    }
}
