//! What a ledger says in the end.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::chain::Chain;
use super::file::{Doubt, read_file};
use super::record::{Record, VERSION};
use crate::untrusted::Untrusted;

/// What a ledger says in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The text that no other run has.
    pub run: String,
    /// Name or folder of the suite.
    pub suite: String,
    /// Where the requests went.
    pub endpoint: String,
    /// The project that everything belongs to, if the run knew it.
    pub project: Option<String>,
    /// The ids that were there before the run; `None` where that is not known.
    pub before: Option<HashSet<String>>,
    /// For so long after the last word of it a request may still create something.
    pub grace: Duration,
    /// Every id that an answer gave as new, as often as one did.
    pub given: Vec<Given>,
    /// Ids that were created and are not known to be removed, in the order of their creation.
    pub alive: Vec<String>,
    /// Requests of which nobody knows what they did, in the order of sending.
    pub open: Vec<Intent>,
}

/// An id that an answer gave as new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The id.
    pub id: String,
    /// Whether the request held the text that no other run has.
    pub is_marked: bool,
}

/// A request that may have created something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its number in the run.
    pub number: u64,
    /// When it was sent.
    pub at: OffsetDateTime,
    /// When its answer was given up, or when it was sent if nobody noted that.
    pub last: OffsetDateTime,
    /// Its body, if it is known.
    pub body: Option<String>,
}

/// A ledger that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub state: State,
    /// What speaks against acting on it.
    pub doubt: Option<Doubt>,
}

/// Why a ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Not at all.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A line is no record.
    #[error("{path}:{line}: no record of a ledger: {reason}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// Why; the words of the file may stand in it.
        reason: Untrusted,
    },
}

/// Reads a ledger. A last line without its end was never complete on disk, so its request was never sent.
pub fn read(path: &Path) -> Result<LedgerFile, LedgerError> {
    let shown = path.display().to_string();
    let found = read_file(path).map_err(|error| LedgerError::Unreadable { path: shown.clone(), error });
    let (text, mut doubt) = found?;
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let (mut state, mut chain) = (None, Chain::default());
    for (index, line) in complete.lines().enumerate() {
        let damaged = |reason: Untrusted| LedgerError::Line { path: shown.clone(), line: index + 1, reason };
        let (json, is_right) = chain.check(line);
        if !is_right {
            doubt = doubt.or(Some(Doubt::Sum(index + 1)));
        }
        let record: Record = serde_json::from_str(json).map_err(|error| damaged(error.to_string().into()))?;
        state = Some(folded(state, record).map_err(|reason| damaged(reason.into()))?);
    }
    let reason = if text.is_empty() { "the file is empty" } else { "a line without its end" };
    let unbegun = || LedgerError::Line { path: shown, line: 1, reason: reason.into() };
    Ok(LedgerFile { path: path.to_owned(), state: state.ok_or_else(unbegun)?, doubt })
}

fn folded(state: Option<State>, record: Record) -> Result<State, &'static str> {
    let Some(mut state) = state else { return begun(record) };
    match record {
        Record::Run { .. } => return Err("a second run in one ledger"),
        Record::Before { ids } => state.before = Some(ids.into_iter().collect()),
        Record::Intent { number, at, body } => {
            let at = time_of(&at)?;
            state.open.push(Intent { number, at, last: at, body });
        }
        Record::Created { number, id } => {
            let mut asked = state.open.extract_if(.., |intent| intent.number == number);
            let body = asked.next().and_then(|intent| intent.body);
            drop(asked);
            let is_marked = body.is_some_and(|body| body.contains(&state.run));
            state.given.push(Given { id: id.clone(), is_marked });
            state.alive.push(id);
        }
        Record::Nothing { number, .. } => state.open.retain(|intent| intent.number != number),
        Record::Unknown { number, at, .. } => {
            let last = time_of(&at)?;
            state.open.iter_mut().filter(|intent| intent.number == number).for_each(|intent| intent.last = last);
        }
        Record::Removed { id } => state.alive.retain(|alive| *alive != id),
    }
    Ok(state)
}

fn time_of(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "a time that is not RFC 3339")
}

fn begun(record: Record) -> Result<State, &'static str> {
    match record {
        // What holds this text counts as the run's own: an empty one would be in everything.
        Record::Run { version: VERSION, ref run, .. } if !is_run(run) => Err("not the text that no other run has"),
        Record::Run { version: VERSION, run, suite, endpoint, project, grace, .. } => Ok(State {
            run,
            suite,
            endpoint,
            project,
            before: None,
            grace: Duration::from_secs(grace.min(LONGEST_GRACE)),
            given: Vec::new(),
            alive: Vec::new(),
            open: Vec::new(),
        }),
        Record::Run { .. } => Err("a version of the format that this program does not know"),
        _ => Err("the first record is not that of a run"),
    }
}

/// Nobody waits longer for a request than a day.
const LONGEST_GRACE: u64 = 24 * 60 * 60;

/// Whether a text is one that no other run has, as targets make them.
fn is_run(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.alive.is_empty() && self.open.is_empty()
    }

    /// From when on no request of the run can create anything any more; `None` where that is so already.
    pub fn settles_at(&self) -> Option<OffsetDateTime> {
        let last = self.open.iter().map(|intent| intent.last).max()? + self.grace;
        (last > OffsetDateTime::now_utc()).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{LedgerError, State, read};
    use crate::ledger::Doubt;
    use crate::ledger::record::{Record, lines as text};

    const GRACE: std::time::Duration = std::time::Duration::from_secs(30);

    fn state_of(text: &str) -> Result<State, LedgerError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path()).map(|ledgered| ledgered.state)
    }

    fn ledger() -> Vec<Record> {
        vec![
            Record::run("0123456789ab", "otc", "http://127.0.0.1:1", None, GRACE),
            Record::Before { ids: vec!["old".to_owned()] },
            Record::intent(1, Some(b"{}")),
            Record::Created { number: 1, id: "a".to_owned() },
            Record::intent(2, Some(b"{}")),
            Record::Nothing { number: 2, why: "400".to_owned() },
            Record::intent(3, Some(b"{}")),
            Record::unknown(3, "no answer"),
            Record::intent(4, None),
        ]
    }

    #[test]
    fn what_is_not_known_to_be_gone_is_left() {
        let state = state_of(&text(&ledger())).unwrap();
        assert_eq!(state.alive, ["a"]);
        assert_eq!(state.open.iter().map(|intent| intent.number).collect::<Vec<_>>(), [3, 4]);
        assert!(state.before.as_ref().is_some_and(|before| before.contains("old")));
        let mut records = ledger();
        records.extend([
            Record::Removed { id: "a".to_owned() },
            Record::Nothing { number: 3, why: "not found".to_owned() },
            Record::Nothing { number: 4, why: "not found".to_owned() },
        ]);
        assert!(state_of(&text(&records)).unwrap().is_settled());
    }

    #[test]
    fn a_line_that_was_never_complete_was_never_sent() {
        let records = ledger();
        let (whole, before_last) = (text(&records), text(&records[..8]));
        for end in before_last.len()..whole.len() {
            assert_eq!(state_of(&whole[..end]).unwrap(), state_of(&before_last).unwrap(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_no_whole_ledger_is_damaged() {
        let first = text(&ledger()[..1]);
        for end in 0..first.len() {
            assert!(matches!(state_of(&first[..end]), Err(LedgerError::Line { line: 1, .. })), "cut at {end}");
        }
        assert!(matches!(state_of("some other file"), Err(LedgerError::Line { .. })));
    }

    #[test]
    fn a_damaged_line_is_named() {
        let error = state_of(&format!("{}rubbish\n", text(&ledger()))).unwrap_err();
        assert!(error.to_string().contains(":10: no record of a ledger"), "{error}");
        assert!(state_of(&text(&[Record::intent(1, None)])).unwrap_err().to_string().contains("not that of a run"));
        for run in ["", "a", "0123456789AB"] {
            let other = text(&ledger()).replacen("0123456789ab", run, 1);
            assert!(state_of(&other).unwrap_err().to_string().contains(":1: no record"), "{run}");
        }
        let newer = text(&ledger()).replacen("\"version\":2", "\"version\":3", 1);
        assert!(state_of(&newer).unwrap_err().to_string().contains("version of the format"));
    }

    #[test]
    fn a_line_that_no_run_wrote_is_a_reason_for_doubt() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text(&ledger()).replacen("\"id\":\"a\"", "\"id\":\"b\"", 1).as_bytes()).unwrap();
        assert_eq!(read(file.path()).unwrap().doubt, Some(Doubt::Sum(4)));
    }

    #[test]
    fn a_request_may_act_for_a_while_after_its_last_word() {
        let settled = state_of(&text(&ledger()[..6])).unwrap();
        assert_eq!(settled.settles_at(), None);
        let open = state_of(&text(&ledger())).unwrap();
        let left = open.settles_at().unwrap() - time::OffsetDateTime::now_utc();
        assert!(left <= GRACE && left > GRACE / 2, "{left}");
    }
}
