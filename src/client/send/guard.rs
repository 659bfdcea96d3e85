//! Lets nothing pass that changes or removes what is not provably this run's own. What is, [`ownership`](crate::client::ownership) knows.

use super::Purpose;
use crate::client::ownership::Claim;
use crate::client::{Target, list, request_to};
use crate::contract::Effect;
use crate::exchange::{NotOwn, Request, Response, SendError};

impl Target {
    /// Why a request must not be sent, if so: it would change or remove what is not provably this run's. This is the one place that asks.
    pub(super) async fn refusal(&self, request: &Request) -> Option<SendError> {
        self.refusal_for(self.changed_by(request)?).await
    }

    /// Why nothing may be sent that changes or removes what has this id, if so.
    pub(in crate::client) async fn refusal_for(&self, id: &str) -> Option<SendError> {
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
                let changes = matches!(contract.operations[index].effect, Effect::Update | Effect::Delete(_));
                (changes || !is_safe).then(|| parameters.last().copied().unwrap_or_default())
            }
            None => (!is_safe).then_some(""),
        }
    }

    /// Whether a read of this id shows the mark of this run; then it is its own from now on.
    async fn shows_mark(&self, id: &str) -> bool {
        let contract = self.contract();
        let read = request_to(&contract.operations[contract.creation.lifecycle.read], id, None);
        let exchange = self.send_as(Purpose::Extra, read).await;
        let found = exchange.response().filter(|response| response.is_success()).and_then(Response::json);
        let is_shown = found.is_some_and(|found| list::text_with(&found, &self.run_id).is_some());
        if is_shown {
            self.ownership.attest(id);
        }
        is_shown
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
