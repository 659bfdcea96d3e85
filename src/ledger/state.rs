//! What a ledger says in the end.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::record::{Record, VERSION};

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
    /// Ids that were created and are not known to be removed, in the order of their creation.
    pub alive: Vec<String>,
    /// Requests of which nobody knows what they did, in the order of sending.
    pub open: Vec<Intent>,
}

/// A request that may have created something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its number in the run.
    pub number: u64,
    /// When it was sent.
    pub at: OffsetDateTime,
    /// Its body, if it is known.
    pub body: Option<String>,
}

/// A ledger that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledgered {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub state: State,
}

/// Why a ledger cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Damaged {
    /// Not at all.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// It does not begin with a run: its run ended before anything was sent.
    #[error("{path}: empty, so that its run has sent nothing")]
    Unbegun {
        /// The file.
        path: String,
    },
    /// A line is no record.
    #[error("{path}:{line}: no record of a ledger: {reason}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
}

/// Reads a ledger. A last line without its end was never complete on disk, so its request was never sent.
pub fn read(path: &Path) -> Result<Ledgered, Damaged> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Damaged::Unreadable { path: shown.clone(), error })?;
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut state = None;
    for (index, line) in complete.lines().enumerate() {
        let damaged = |reason: String| Damaged::Line { path: shown.clone(), line: index + 1, reason };
        let record: Record = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        state = Some(folded(state, record).map_err(|reason| damaged(reason.to_owned()))?);
    }
    let state = state.ok_or_else(|| {
        if is_beginning(&text) {
            Damaged::Unbegun { path: shown }
        } else {
            Damaged::Line { path: shown, line: 1, reason: "a line without its end".to_owned() }
        }
    })?;
    Ok(Ledgered { path: path.to_owned(), state })
}

fn folded(state: Option<State>, record: Record) -> Result<State, &'static str> {
    let Some(mut state) = state else { return begun(record) };
    match record {
        Record::Run { .. } => return Err("a second run in one ledger"),
        Record::Before { ids } => state.before = Some(ids.into_iter().collect()),
        Record::Intent { number, at, body } => {
            let at = OffsetDateTime::parse(&at, &Rfc3339).map_err(|_| "a time that is not RFC 3339")?;
            state.open.push(Intent { number, at, body });
        }
        Record::Created { number, id } => {
            state.open.retain(|intent| intent.number != number);
            state.alive.push(id);
        }
        Record::Nothing { number, .. } => state.open.retain(|intent| intent.number != number),
        Record::Unknown { .. } => {}
        Record::Removed { id } => state.alive.retain(|alive| *alive != id),
    }
    Ok(state)
}

fn begun(record: Record) -> Result<State, &'static str> {
    match record {
        // What holds this text counts as the run's own: an empty one would be in everything.
        Record::Run { version: VERSION, ref run, .. } if !is_run(run) => Err("not the text that no other run has"),
        Record::Run { version: VERSION, run, suite, endpoint, project, .. } => {
            Ok(State { run, suite, endpoint, project, before: None, alive: Vec::new(), open: Vec::new() })
        }
        Record::Run { .. } => Err("a version of the format that this program does not know"),
        _ => Err("the first record is not that of a run"),
    }
}

/// Whether a text is as much of a ledger's first line as a run had written when it was killed.
fn is_beginning(text: &str) -> bool {
    const FIRST: &str = r#"{"record":"run","#;
    FIRST.starts_with(text) || text.starts_with(FIRST)
}

/// Whether a text is one that no other run has, as targets make them.
fn is_run(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_settled(&self) -> bool {
        self.alive.is_empty() && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Damaged, State, read};
    use crate::ledger::record::Record;

    fn state_of(text: &str) -> Result<State, Damaged> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path()).map(|ledgered| ledgered.state)
    }

    fn text(records: &[Record]) -> String {
        records.iter().map(Record::line).collect()
    }

    fn ledger() -> Vec<Record> {
        vec![
            Record::run("0123456789ab", "otc", "http://127.0.0.1:1", None),
            Record::Before { ids: vec!["old".to_owned()] },
            Record::intent(1, Some(b"{}")),
            Record::Created { number: 1, id: "a".to_owned() },
            Record::intent(2, Some(b"{}")),
            Record::Nothing { number: 2, why: "400".to_owned() },
            Record::intent(3, Some(b"{}")),
            Record::Unknown { number: 3, why: "no answer".to_owned() },
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
    fn a_ledger_without_its_first_line_is_one_of_a_run_that_sent_nothing() {
        let first = Record::run("0123456789ab", "otc", "http://127.0.0.1:1", None).line();
        for end in 0..first.len() {
            assert!(matches!(state_of(&first[..end]), Err(Damaged::Unbegun { .. })), "cut at {end}");
        }
        assert!(matches!(state_of("some other file"), Err(Damaged::Line { .. })));
    }

    #[test]
    fn a_damaged_line_is_named() {
        let error = state_of(&format!("{}rubbish\n", text(&ledger()))).unwrap_err();
        assert!(error.to_string().contains(":10: no record of a ledger"), "{error}");
        assert!(state_of(&Record::intent(1, None).line()).unwrap_err().to_string().contains("not that of a run"));
        for run in ["", "a", "0123456789AB"] {
            let other = text(&ledger()).replacen("0123456789ab", run, 1);
            assert!(state_of(&other).unwrap_err().to_string().contains(":1: no record"), "{run}");
        }
        let newer = text(&ledger()).replacen("\"version\":1", "\"version\":2", 1);
        assert!(state_of(&newer).unwrap_err().to_string().contains("version of the format"));
    }
}
