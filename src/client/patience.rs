//! When a request is sent again, and after what pause.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::exchange::{Exchange, Response, SendError};

/// Longer than this no answer is waited for, whatever it asks.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pauses before each further attempt, so many of them: growing, and different from caller to caller.
pub(crate) fn pauses(retries: usize) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(20))
        .with_max_times(retries)
        .with_jitter()
        .build()
}

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
        Err(SendError::Connect(_)) => Again::After(None),
        Err(SendError::Closed(_)) => Again::Anew,
        Err(SendError::Broken(_)) => Again::Lost,
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

    use super::{Again, again, pauses};
    use crate::exchange::{Exchange, Hop, Request, Response, SendError, TokenVariant, Way};

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
        });
        Exchange { request, outcome }
    }

    #[test]
    fn an_answer_says_when_to_come_again() {
        const DATE: &[(&str, &str)] =
            &[("date", "Tue, 24 Nov 2026 10:00:00 GMT"), ("retry-after", "Tue, 24 Nov 2026 10:00:07 GMT")];
        let table: [(Outcome, Again); 12] = [
            (Ok((429, &[])), Again::After(None)),
            (Ok((429, &[("retry-after", "3")])), Again::After(Some(Duration::from_secs(3)))),
            (Ok((503, DATE)), Again::After(Some(Duration::from_secs(7)))),
            (Ok((429, &[("retry-after", "86400")])), Again::No),
            (Ok((429, &[("retry-after", "soon")])), Again::After(None)),
            (Ok((500, &[])), Again::No),
            (Err(SendError::Connect(Hop::Endpoint)), Again::After(None)),
            (Err(SendError::Connect(Hop::Proxy("http_proxy"))), Again::After(None)),
            (Err(SendError::ConnectTimeout(Way::Direct)), Again::No),
            (Err(SendError::Closed(Way::Direct)), Again::Anew),
            (Err(SendError::Broken(Way::Direct)), Again::Lost),
            (Err(SendError::Timeout(Way::Direct)), Again::No),
        ];
        for (outcome, expected) in table {
            assert_eq!(again(&exchange(outcome), &[429, 503]), expected, "{outcome:?}");
        }
    }

    #[test]
    fn pauses_grow_within_bounds_and_differ() {
        let first: Vec<_> = pauses(6).collect();
        assert_eq!(first.len(), 6);
        assert!(first[0] >= Duration::from_millis(500) && first[0] < Duration::from_secs(1));
        assert!(first[5] <= Duration::from_secs(40));
        assert_ne!(first, pauses(6).collect::<Vec<_>>());
    }
}
