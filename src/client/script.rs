//! Performs a script: sends its steps in order and hands on what later steps need.

use serde_json::Value;

use super::created::{Created, creation_of};
use super::removal::SHOWING;
use super::{Purpose, Target};
use crate::contract::Effect;
use crate::exchange::{Exchange, Request, Response, SendError, id_text, segment};
use crate::probe::{PollUntil, Script, Step};
use crate::progress::Hold;

impl Target {
    /// Sends the steps of a script. It ends early where there is no answer, or where an answer lacks what later steps need.
    pub async fn perform(&self, script: &Script) -> Vec<Exchange> {
        let mut values = vec![("run".to_owned(), self.run_id.clone())];
        let mut exchanges = Vec::new();
        for step in &script.steps {
            if step.request.cannot_be_filled(&values) {
                exchanges.extend(unsent(script, exchanges.len(), SendError::NoSegment));
                break;
            }
            if !step.pause.is_zero() && !self.pause(step.pause).await {
                exchanges.extend(unsent(script, exchanges.len(), SendError::Halted));
                break;
            }
            let exchange = self.ask(step, step.request.filled(&values), &exchanges).await;
            // What the refusal of a creation names is nothing that was created.
            let creates = exchange.request.may_create(self.contract());
            let named = |response: &Response| response.json().filter(|_| !creates || response.is_success());
            let captured = exchange.response().map(|response| capture(step, named(response).as_ref()));
            exchanges.push(exchange);
            match captured {
                Some(Ok(captured)) => values.extend(captured),
                Some(Err(error)) => {
                    exchanges.extend(unsent(script, exchanges.len(), error));
                    break;
                }
                None => break,
            }
        }
        exchanges
    }

    /// The answer to a step's request; the last one, where it is sent again.
    async fn ask(&self, step: &Step, request: Request, earlier: &[Exchange]) -> Exchange {
        let exchange = self.send(request.clone()).await;
        let mut exchange = if self.may_show_late(&exchange, earlier) { self.show(exchange).await } else { exchange };
        let Some(poll) = &step.poll else { return exchange };
        for pause in poll.pauses() {
            if exchange.response().is_none_or(|response| poll.statuses.contains(&response.status)) {
                break;
            }
            if !self.wait_in_run(pause, Hold::Late).await {
                break;
            }
            exchange = self.send(request.clone()).await;
        }
        exchange
    }

    /// Sends a request again that did not find what was just created, as a service may show a little later what it has. One that does not is trusted from
    /// then on.
    async fn show(&self, mut exchange: Exchange) -> Exchange {
        for pause in (PollUntil { statuses: Vec::new(), within: SHOWING }).pauses() {
            if !self.wait_in_run(pause, Hold::Late).await {
                return exchange;
            }
            let again = self.send_as(Purpose::Extra, exchange.request.clone()).await;
            if again.outcome.is_err() {
                return exchange;
            }
            exchange = again;
            if !is_missing(&exchange) {
                return exchange;
            }
        }
        self.removals.note_quick();
        exchange
    }

    /// Whether a request found nothing of what an earlier step created, and nothing that was answered since says that it should be gone, or was there.
    fn may_show_late(&self, exchange: &Exchange, earlier: &[Exchange]) -> bool {
        if !is_missing(exchange) || self.removals.is_quick() {
            return false;
        }
        let Some(id) = self.about(&exchange.request) else { return false };
        let creates = |each: &Exchange| match creation_of(self.contract(), each) {
            Some(Created::Named { id: given, .. }) => segment(&given) == id,
            Some(Created::Unnamed | Created::Unknown) | None => false,
        };
        let deals_with = |each: &Exchange| {
            self.about(&each.request) == Some(id) && each.response().is_some_and(Response::is_success)
        };
        earlier.iter().any(creates) && !earlier.iter().any(deals_with)
    }

    /// The id of the one thing that a request reads, changes or removes, as it stands in its path.
    fn about<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let (index, parameters) = self.contract().operation(&request.method, &request.path)?;
        let effect = &self.contract().operations[index].effect;
        parameters.last().copied().filter(|_| matches!(effect, Effect::Read | Effect::Update | Effect::Delete(_)))
    }
}

fn is_missing(exchange: &Exchange) -> bool {
    exchange.response().is_some_and(|response| response.status == 404)
}

/// The next step as an exchange that never took place, so that its reader learns why.
fn unsent(script: &Script, index: usize, error: SendError) -> Option<Exchange> {
    script.steps.get(index).map(|step| Exchange { request: step.request.clone(), outcome: Err(error) })
}

fn capture(step: &Step, answer: Option<&Value>) -> Result<Vec<(String, String)>, SendError> {
    step.captures
        .iter()
        .map(|(name, pointer)| {
            let value = answer.and_then(|answer| answer.pointer(pointer)).and_then(id_text);
            value.map(|value| (name.clone(), value)).ok_or(SendError::NothingCaptured)
        })
        .collect()
}
