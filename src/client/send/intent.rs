//! Puts a request that may create into the ledger before it goes out, and what it came to into the books after it.

use std::sync::atomic::Ordering;

use time::OffsetDateTime;

use super::Purpose;
use crate::client::Target;
use crate::client::created::{Created, answer_of, created_at, creation_of};
use crate::exchange::{Exchange, Request, SendError};
use crate::ledger::Record;

impl Target {
    /// Sends a request that may create; not at all where the ledger cannot be written.
    pub(super) async fn send_with_intent(&self, purpose: Purpose, request: Request) -> Exchange {
        let intent = match &self.ledger {
            Some(ledger) => match ledger.intend(request.body.as_deref()).await {
                Ok(number) => Some((ledger, number)),
                Err(_) => return Exchange { request, outcome: Err(SendError::Ledger) },
            },
            None => None,
        };
        let mark = request.mark(self.contract(), &self.run_id);
        self.stock.may_have_created.store(true, Ordering::Relaxed);
        self.note_under_way(mark.as_ref());
        let exchange = self.send_over_wire(purpose, request).await;
        let creation = creation_of(self.contract(), &exchange);
        let created = exchange.response().and_then(answer_of);
        let created = created.and_then(|answer| created_at(self.contract(), &answer));
        self.note(creation.as_ref(), mark.is_some(), created);
        self.note_answered(mark, creation.as_ref(), exchange.response().is_some());
        if let Some((ledger, number)) = intent {
            // Where this cannot be written the intent stays open, and a sweep looks for what it created.
            let _ = ledger.write(record_of(number, creation, &exchange)).await;
        }
        exchange
    }

    /// Keeps the books of what a request that may create came to.
    fn note(&self, creation: Option<&Created>, is_marked: bool, created: Option<OffsetDateTime>) {
        match creation {
            Some(Created::Named { id, .. }) => {
                self.ownership.note_given(id, is_marked, created);
                self.budget.note_created();
            }
            Some(Created::Unnamed) => self.budget.note_created(),
            Some(Created::Unknown) => {
                self.budget.note_created();
                self.grace.note_lost();
            }
            None => {}
        }
    }
}

/// What came of a request that was put into the ledger.
fn record_of(number: u64, creation: Option<Created>, exchange: &Exchange) -> Record {
    match (creation, &exchange.outcome) {
        (Some(Created::Named { id, .. }), _) => Record::Created { number, id },
        (Some(Created::Unnamed), _) => Record::unknown(number, "the answer held no id that fits a path"),
        (Some(Created::Unknown), outcome) => {
            let why = match outcome {
                Ok(response) => format!("answered {}", response.status),
                Err(error) => error.to_string(),
            };
            Record::unknown(number, why)
        }
        (None, Ok(response)) if response.is_success() => Record::unknown(number, "the contract does not know the call"),
        (None, Ok(response)) => Record::Nothing { number, why: format!("refused with {}", response.status) },
        (None, Err(error)) if error.is_lost() => Record::unknown(number, error.to_string()),
        (None, Err(error)) => Record::Nothing { number, why: error.to_string() },
    }
}
