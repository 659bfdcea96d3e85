//! When a request is sent again, and after what pause.

use std::time::{Duration, SystemTime};

use crate::exchange::{Exchange, Response, SendError};
use crate::http::TransportError;

/// Longer than this no answer is waited for, whatever it asks.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What speaks for sending a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It never left, or its answer says that it was not dealt with; after this pause, if the answer names one.
    After(Option<Duration>),
    /// The connection ended before any answer came, as one that was kept may do at any time: at once, over a new one.
    Anew,
    /// Its answer was lost, and it may have been dealt with.
    Lost,
    /// Nothing.
    No,
}

/// Whether a status says that the request was not dealt with at all. Others that say nothing about it come from a gateway that lost sight of it.
pub(super) fn is_unread(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// What an exchange says about sending its request again; `busy` are the statuses that say nothing about the request.
pub(super) fn again(exchange: &Exchange, busy: &[u16]) -> Again {
    match &exchange.outcome {
        Ok(response) if busy.contains(&response.status) => match asked_for(response) {
            Some(pause) if pause > LONGEST_PAUSE => Again::No,
            pause => Again::After(pause),
        },
        Err(SendError::Transport(error)) if error.is_unconnected() => Again::After(None),
        Err(SendError::Transport(TransportError::Closed(_))) => Again::Anew,
        Err(SendError::Transport(TransportError::Broken(_))) => Again::Lost,
        Ok(_) | Err(_) => Again::No,
    }
}

/// The pause that `Retry-After` asks for: seconds, or a date.
fn asked_for(response: &Response) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let now = response.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    Some(date.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::{Again, again};
    use crate::exchange::{Exchange, Request, Response, SendError, TokenVariant};
    use crate::http::{Hop, TransportError, Way};

    /// Status and headers of an answer, or why there is none.
    type Outcome = Result<(u16, &'static [(&'static str, &'static str)]), SendError>;

    fn exchange(outcome: Outcome) -> Exchange {
        let request = Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            body: None,
            credential: TokenVariant::Good,
        };
        let outcome = outcome.map(|(status, headers)| Response {
            status,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Vec::new(),
            at: OffsetDateTime::now_utc(),
            took: Duration::ZERO,
        });
        Exchange { request, outcome }
    }

    #[test]
    fn an_answer_says_when_to_come_again() {
        const DATE: &[(&str, &str)] =
            &[("date", "Tue, 24 Nov 2026 10:00:00 GMT"), ("retry-after", "Tue, 24 Nov 2026 10:00:07 GMT")];
        let table: [(Outcome, Again); 13] = [
            (Err(SendError::Transport(TransportError::Refused)), Again::After(None)),
            (Ok((429, &[])), Again::After(None)),
            (Ok((429, &[("retry-after", "3")])), Again::After(Some(Duration::from_secs(3)))),
            (Ok((503, DATE)), Again::After(Some(Duration::from_secs(7)))),
            (Ok((429, &[("retry-after", "86400")])), Again::No),
            (Ok((429, &[("retry-after", "soon")])), Again::After(None)),
            (Ok((500, &[])), Again::No),
            (Err(SendError::Transport(TransportError::Connect(Hop::Endpoint))), Again::After(None)),
            (Err(SendError::Transport(TransportError::Connect(Hop::Proxy("http_proxy")))), Again::After(None)),
            (Err(SendError::Transport(TransportError::ConnectTimeout(Way::Direct))), Again::No),
            (Err(SendError::Transport(TransportError::Closed(Way::Direct))), Again::Anew),
            (Err(SendError::Transport(TransportError::Broken(Way::Direct))), Again::Lost),
            (Err(SendError::Transport(TransportError::Timeout(Way::Direct))), Again::No),
        ];
        for (outcome, expected) in table {
            assert_eq!(again(&exchange(outcome), &[429, 503]), expected, "{outcome:?}");
        }
    }
}
