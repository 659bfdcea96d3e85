//! How requests get to the target: over HTTP, or within this process.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::{Purpose, credential};
use crate::client::{Service, Signable, Target};
use crate::contract::{Effect, Scheme};
use crate::exchange::{Exchange, Request, Response, SendError, TokenVariant};
use crate::http::{Client, HeaderName, Outgoing, Prepared, RawResponse, Route, TransportError, Way};

/// How requests get to the target.
pub(in crate::client) enum Wire {
    Http(Client),
    Local(Arc<dyn Service>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Http(_) => "Http",
            Self::Local(_) => "Local",
        })
    }
}

impl Wire {
    /// What is on the way, and whom it is that is trusted; fit to follow the address, empty where there is nothing to say.
    pub(in crate::client) fn way(&self) -> String {
        match self {
            Self::Http(client) => client.way(),
            Self::Local(_) => String::new(),
        }
    }

    /// What another client must be told to get there, if that is not in this process.
    pub(in crate::client) fn route(&self) -> Option<&Route> {
        match self {
            Self::Http(client) => Some(client.route()),
            Self::Local(_) => None,
        }
    }
}

impl Target {
    /// Sends a request, and reads its answer.
    pub(super) async fn send_over_wire(&self, purpose: Purpose, request: Request) -> Exchange {
        if !self.budget.take_request(purpose == Purpose::Extra) {
            return Exchange { request, outcome: Err(SendError::Budget) };
        }
        let shown = self.access.shown(request.credential);
        let request_shown = self.with_elsewhere(&request);
        let begin = Instant::now();
        let mut outcome = match &self.wire {
            Wire::Local(service) => {
                // What is sent at once is answered in turns, as by a server.
                tokio::task::yield_now().await;
                Ok(service.answer(&request_shown, shown.as_deref()))
            }
            Wire::Http(client) => match self.prepare(client, purpose, shown, &request_shown) {
                Some(prepared) => {
                    let may_be_cut = purpose != Purpose::Cleanup && !request.may_create(self.contract());
                    let cut = async { if may_be_cut { self.halt.halted().await } else { self.halt.finished().await } };
                    tokio::select! {
                        answered = prepared.send(largest(self.effect(&request), &request)) => answered.map(response).map_err(SendError::from),
                        () = cut => Err(SendError::CutShort),
                    }
                }
                None => Err(TransportError::Broken(Way::Direct).into()),
            },
        };
        if let Ok(response) = &mut outcome {
            response.took = begin.elapsed();
            self.hear(response);
        }
        Exchange { request, outcome }
    }

    /// The request with what it shows where the contract has no token; nobody keeps that.
    fn with_elsewhere<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        let TokenVariant::Elsewhere(place) = request.credential else { return Cow::Borrowed(request) };
        let good = || self.access.token().map(|token| token.shown_as(TokenVariant::Good));
        let Some(text) = place.text().map(str::to_owned).or_else(good) else { return Cow::Borrowed(request) };
        let mut shown = request.clone();
        for carrier in place.carriers(self.scheme.as_ref()) {
            let name = carrier.header().map(str::to_owned);
            shown.headers.extend(name.map(|name| (name, carrier.header_value(&text))));
        }
        Cow::Owned(shown)
    }

    /// The request as it goes over the wire; `None` where it holds what HTTP cannot carry, or a path that does not stay as it is.
    fn prepare<'a>(
        &self,
        client: &'a Client,
        purpose: Purpose,
        token: Option<String>,
        request: &Request,
    ) -> Option<Prepared<'a>> {
        let path = request.path.split('?').next().unwrap_or_default();
        let mut url = self.endpoint.join(&request.path).filter(|url| url.path().ends_with(path))?;
        let mut shown = Vec::new();
        if let Some((Scheme { carrier, .. }, token)) = self.scheme.as_ref().zip(token) {
            match carrier.header() {
                Some(name) => shown.push((HeaderName::try_from(name).ok()?, carrier.header_value(&token))),
                None => credential::add_to_query(carrier, &token, &mut url),
            }
        }
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
            needs_own_connection: self.needs_own_connection(purpose, request),
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
fn largest(effect: Option<&Effect>, request: &Request) -> usize {
    let sent = request.body.as_ref().map_or(0, Vec::len);
    if matches!(effect, Some(Effect::List(_))) { LARGEST_LIST } else { LARGEST_ANSWER + LONGEST_ESCAPE * sent }
}

fn response(answer: RawResponse) -> Response {
    let RawResponse { status, headers, body } = answer;
    Response { status, headers, body, at: OffsetDateTime::now_utc(), took: Duration::ZERO }
}
