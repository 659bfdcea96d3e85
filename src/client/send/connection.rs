//! Which requests go over a connection that is kept from one to the next.
//!
//! A service that ends such a connection without a word swallows the request that meets its end. So only what may then be sent again goes over one: a read, a
//! creation that the list shows by its mark, a removal after which a read tells what is there. A service that leaves the body of a refused request
//! unread takes the rest of it for the next one, so what may be refused has a connection of its own.

use serde_json::Value;

use super::Purpose;
use crate::client::Target;
use crate::contract::Effect;
use crate::exchange::{Request, TokenVariant};

/// A larger body may be refused for its size alone.
const LARGEST_BODY: usize = 4096;

impl Target {
    /// Whether a request goes over a connection of its own.
    pub(super) fn needs_own_connection(&self, purpose: Purpose, request: &Request) -> bool {
        if request.may_create(self.contract()) {
            let is_found = self.ownership.knows_before() && request.mark(self.contract(), &self.run_id).is_some();
            return !(is_found && self.is_sure_to_be_taken(request));
        }
        match self.effect(request) {
            Some(Effect::Read | Effect::List(_)) => false,
            Some(Effect::Update | Effect::Delete(_)) => purpose != Purpose::Cleanup || !self.can_read(),
            _ => true,
        }
    }

    /// Whether every reading of the documentation takes a request that may create, so that its body is read to the end.
    fn is_sure_to_be_taken(&self, request: &Request) -> bool {
        let (contract, body) = (self.contract(), request.body.as_deref().unwrap_or_default());
        let is_usual = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("content-type") && Some(value) == contract.subject().media_type.as_ref()
        };
        request.credential == TokenVariant::Good
            && request.headers.iter().all(is_usual)
            && body.len() <= LARGEST_BODY
            && serde_json::from_slice::<Value>(body).is_ok_and(|value| {
                let found = contract.creation.request.examine(&value);
                found.broken.is_empty() && found.open.is_empty()
            })
    }
}
