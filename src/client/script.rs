//! Performs a script: sends its steps in order and hands on what later steps need.

use serde_json::Value;

use super::Target;
use crate::exchange::{Exchange, Request, SendError};
use crate::probe::{Script, Step};
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
            let exchange = self.ask(step, step.request.filled(&values)).await;
            let captured = exchange.response().map(|response| capture(step, response.json().as_ref()));
            exchanges.push(exchange);
            match captured {
                Some(Ok(captured)) => values.extend(captured),
                Some(Err(trouble)) => {
                    exchanges.extend(unsent(script, exchanges.len(), trouble));
                    break;
                }
                None => break,
            }
        }
        exchanges
    }

    /// The answer to a step's request; the last one, where it is sent again.
    async fn ask(&self, step: &Step, request: Request) -> Exchange {
        let mut exchange = self.send(request.clone()).await;
        let Some(patience) = &step.patience else { return exchange };
        for pause in patience.pauses() {
            if exchange.response().is_none_or(|response| patience.statuses.contains(&response.status)) {
                break;
            }
            if !self.wait(pause, Hold::Late).await {
                break;
            }
            exchange = self.send(request.clone()).await;
        }
        exchange
    }
}

/// The next step as an exchange that never took place, so that its reader learns why.
fn unsent(script: &Script, index: usize, trouble: SendError) -> Option<Exchange> {
    script.steps.get(index).map(|step| Exchange { request: step.request.clone(), outcome: Err(trouble) })
}

fn capture(step: &Step, answer: Option<&Value>) -> Result<Vec<(String, String)>, SendError> {
    step.captures
        .iter()
        .map(|(name, pointer)| {
            let value = answer.and_then(|answer| answer.pointer(pointer)).and_then(Value::as_str);
            value.map(|value| (name.clone(), value.to_owned())).ok_or(SendError::NothingCaptured)
        })
        .collect()
}
