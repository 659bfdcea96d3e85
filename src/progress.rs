//! What a run is doing while nothing is to be seen of it: it looks at a long list, or it waits. Whoever watches is told, and why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::exchange::{Exchange, SendError};

/// Where notices go. A clone leads to the same place; without a listener they go nowhere.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Listener>>);

type Listener = dyn Fn(&Notice) + Send + Sync;

/// What a run is doing. Nothing in it was chosen by a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It reads a list, which has told so many things so far.
    Listing(usize),
    /// It pauses for so long.
    Waiting(Duration, Hold),
}

/// Why a run pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The answer had this status; then the request is sent again.
    Answer(u16),
    /// There was no answer; then the request is sent again.
    SendError(SendError),
    /// The service may do later what it said it did; then it is asked again.
    Late,
    /// What was deleted may still be there; then it is looked for again.
    StillThere,
    /// A creation whose answer was lost may still be under way; then stock is taken.
    LostCreation,
}

impl Progress {
    /// Tells this listener, from whatever task the notice comes.
    pub fn to(listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// Tells what the run is doing.
    pub fn tell(&self, notice: Notice) {
        if let Some(listener) = &self.0 {
            listener(&notice);
        }
    }
}

impl Hold {
    /// Why the request of this exchange is sent again.
    pub fn of(exchange: &Exchange) -> Self {
        match &exchange.outcome {
            Ok(response) => Self::Answer(response.status),
            Err(error) => Self::SendError(*error),
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listing(count) => write!(formatter, "looking at what is there: {count} so far"),
            Self::Waiting(pause, hold) => write!(formatter, "waiting {:.1} s: {hold}", pause.as_secs_f64()),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(status) => write!(formatter, "the answer was {status}"),
            Self::SendError(error) => error.fmt(formatter),
            Self::Late => formatter.write_str("the service may do later what it said it did"),
            Self::StillThere => formatter.write_str("what was deleted may still be there"),
            Self::LostCreation => formatter.write_str("a creation whose answer was lost may still be under way"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::{Hold, Notice, Progress};
    use crate::exchange::SendError;
    use crate::http::{Hop, TransportError};

    #[test]
    fn a_notice_says_what_is_done_and_why() {
        let table = [
            (Notice::Listing(4200), "looking at what is there: 4200 so far"),
            (Notice::Waiting(Duration::from_millis(1500), Hold::Answer(429)), "waiting 1.5 s: the answer was 429"),
            (
                Notice::Waiting(
                    Duration::from_secs(2),
                    Hold::SendError(SendError::Transport(TransportError::Connect(Hop::Endpoint))),
                ),
                "waiting 2.0 s: no connection could be made",
            ),
            (
                Notice::Waiting(Duration::from_secs(8), Hold::StillThere),
                "waiting 8.0 s: what was deleted may still be there",
            ),
        ];
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let progress = Progress::to(move |notice| ear.lock().unwrap().push(notice.to_string()));
        for (notice, _) in table {
            progress.tell(notice);
            Progress::default().tell(notice);
        }
        assert_eq!(*heard.lock().unwrap(), table.map(|(_, text)| text));
    }
}
