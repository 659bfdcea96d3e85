//! Who is let in, and what becomes of who is not.

use serde_json::{Map, Value};

use super::{Resources, StubService};
use crate::contract::{Effect, Misbehaviour, Operation};
use crate::exchange::{Request, Response, TokenVariant};
use crate::judge::Body;
use crate::stub::{reply, resource};

impl StubService {
    pub(super) fn credential(&self, request: &Request, shown: Option<&str>) -> TokenVariant {
        match shown {
            _ if self.security().is_open() => TokenVariant::Good,
            Some(text) if self.token.is(text) => TokenVariant::Good,
            Some(text) if self.fault().opens_to(|credential| self.token.shown_is(credential, text)) => {
                TokenVariant::Good
            }
            None if self.fault().opens_to(|credential| self.is_shown_otherwise(credential, request)) => {
                TokenVariant::Good
            }
            Some(_) => TokenVariant::Wrong,
            None => TokenVariant::Absent,
        }
    }

    /// Whether a request that shows no token has this in place of it.
    fn is_shown_otherwise(&self, credential: TokenVariant, request: &Request) -> bool {
        match credential {
            TokenVariant::Elsewhere(place) => {
                let carriers = place.carriers(self.security().schemes.first());
                let good = || self.token.shown_as(TokenVariant::Good);
                let shown = place.text().map_or_else(good, str::to_owned);
                let is_it = |name: &str, text: &str| {
                    let mut carriers = carriers.iter().filter_map(|carrier| carrier.header().zip(Some(carrier)));
                    carriers.any(|(header, carrier)| {
                        header.eq_ignore_ascii_case(name) && text == carrier.header_value(&shown)
                    })
                };
                request.headers.iter().any(|(name, text)| is_it(name, text))
            }
            credential => credential == TokenVariant::Absent,
        }
    }

    pub(super) fn turn_away(
        &self,
        operation: &Operation,
        id: Option<&str>,
        request: &Request,
        resources: &mut Resources,
    ) -> Response {
        if operation.effect == Effect::Create {
            let body = Body::read(request);
            let given = body.value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            let created = resource::create(self.contract(), &given);
            if self.fault().misbehaves(Misbehaviour::CreatesForAnybody, &created) {
                self.keep(&created, resources);
            }
        }
        if let (Effect::Delete(_), Some(id)) = (&operation.effect, id)
            && self.fault().misbehaves(Misbehaviour::DeletesForAnybody, &Map::new())
        {
            resources.kept.shift_remove(id);
        }
        let status = self.fault().unauthorized_status();
        reply::refusal(self.contract(), operation, status, None, "the token is not good")
    }
}
