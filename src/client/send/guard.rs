//! Lets nothing pass that changes or removes what is not provably this run's own. What is, [`ownership`](crate::client::ownership) knows.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Purpose;
use crate::client::created::{answer_of, created_at};
use crate::client::ownership::{Asked, Claim};
use crate::client::{Target, list, request_to};
use crate::contract::Effect;
use crate::exchange::{Exchange, NotOwn, Request, SendError};

impl Target {
    /// Why a request must not be sent, if so: it would change or remove what is not provably this run's. This is the one place that asks.
    pub(super) async fn refusal(&self, request: &Request) -> Option<SendError> {
        self.refusal_for(self.changed_by(request)?).await
    }

    /// Why nothing may be sent that changes or removes what has this id, if so.
    pub(in crate::client) async fn refusal_for(&self, id: &str) -> Option<SendError> {
        if matches!(self.ownership.claim(id), Claim::Given(_) | Claim::Unproven) {
            self.look_at_owner(id).await;
        }
        match self.ownership.claim(id) {
            // What no read speaks about is the run's where the list speaks for it.
            Claim::Own | Claim::Given(_) => None,
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
                let effect = &contract.operations[index].effect;
                let changes = matches!(effect, Effect::Update | Effect::Delete(_));
                // The last parameter of these is the item.
                let is_of_an_item = matches!(effect, Effect::AddItem(_) | Effect::RemoveItem(_));
                let id = if is_of_an_item { parameters.first() } else { parameters.last() };
                (changes || is_of_an_item || !is_safe).then(|| id.copied().unwrap_or_default())
            }
            None => (!is_safe).then_some(""),
        }
    }

    /// Reads what has this id; [`Target::learn_owner`] hears the answer, as it hears each.
    async fn look_at_owner(&self, id: &str) {
        if self.can_read() {
            let contract = self.contract();
            let read = request_to(&contract.operations[contract.creation.lifecycle.read], id, None);
            self.send_as(Purpose::Extra, read).await;
        }
    }

    /// Takes from the answer to a read whether what it shows is the run's own, where that is not known yet.
    pub(super) fn learn_owner(&self, exchange: &Exchange) {
        let (contract, request) = (self.contract(), &exchange.request);
        let Some((index, parameters)) = contract.operation(&request.method, &request.path) else { return };
        let response = exchange.response().filter(|response| response.is_success());
        let (Some(response), Some(id)) = (response, parameters.last()) else { return };
        if index != contract.creation.lifecycle.read {
            return;
        }
        let claim = self.ownership.claim(id);
        if !matches!(claim, Claim::Given(_) | Claim::Unproven) {
            return;
        }
        // What shows nothing speaks neither for nor against it.
        let Some(shown) = answer_of(response).filter(Value::is_object) else { return };
        match claim {
            _ if list::text_with(&shown, &self.run_id).is_some() => self.ownership.attest(id),
            Claim::Given(asked) if is_anothers(asked, created_at(contract, &shown)) => self.ownership.disown(id),
            Claim::Given(_) => self.ownership.attest(id),
            Claim::Own | Claim::Unproven | Claim::Denied(_) => {}
        }
    }
}

/// Whether what a read shows without a mark is not what was asked for: it was there before that, or the mark is lost and the time does not speak for it.
fn is_anothers(asked: Asked, shown: Option<OffsetDateTime>) -> bool {
    match (asked.created, shown) {
        // An answer may tell the time more exactly than a read.
        (Some(created), Some(shown)) => created - shown >= Duration::SECOND,
        _ => asked.is_marked,
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
            Response {
                status: 204,
                headers: Vec::new(),
                body: Vec::new(),
                at: OffsetDateTime::now_utc(),
                took: std::time::Duration::ZERO,
            }
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
        // The item has an id of the run's own, and what it would be added to has not.
        let item = format!("/v2/images/{FOREIGN}/tags/own");
        let path = contract.subject().path.as_str();
        for (method, path) in [("DELETE", "/"), ("PATCH", "/v9"), ("DELETE", path), ("PUT", &item), ("DELETE", &item)] {
            let (method, path) = (method.to_owned(), path.to_owned());
            requests.push(Request { method, path, headers: Vec::new(), body: None, credential: TokenVariant::Good });
        }
        let mut errors = Vec::new();
        for request in requests {
            for purpose in [Purpose::Probe, Purpose::Extra, Purpose::Cleanup] {
                errors.push(target.send_as(purpose, request.clone()).await.outcome.err());
            }
        }
        errors
    }

    #[tokio::test]
    async fn the_guard_alone_keeps_requests_from_what_is_foreign() {
        let suite = Arc::new(Suite::built_in(DEFAULT).unwrap().unwrap());
        let recorder = Arc::new(Recorder::default());
        let target = Target::local(&suite.contract, Arc::clone(&recorder) as _, Setup::new(Access::Open));
        target.ownership.set_before([FOREIGN]);
        target.ownership.attest("own");
        let errors = send_all(&target).await;
        assert!(errors.iter().all(|error| matches!(error, Some(SendError::NotOwn(_)))), "{errors:?}");
        assert_eq!(errors[0], Some(SendError::NotOwn(NotOwn::ThereBefore)));
        assert_eq!(*recorder.0.lock().unwrap(), [""; 0]);

        // Without the guard the same requests arrive: nothing else holds them back.
        let target = Target::local(&suite.contract, Arc::clone(&recorder) as _, Setup::new(Access::Open));
        target.ownership.attest(FOREIGN);
        target.ownership.attest("");
        let errors = send_all(&target).await;
        assert!(errors.iter().all(Option::is_none), "{errors:?}");
        assert_eq!(recorder.0.lock().unwrap().len(), errors.len());
    }
}
