//! The records of a ledger.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// One line of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Record {
    /// A run begins.
    Run {
        /// Version of the format.
        version: u32,
        /// The text that no other run has.
        run: String,
        /// Name or folder of the suite.
        suite: String,
        /// Where the requests go.
        endpoint: String,
        /// The project that everything belongs to, if the run knew it.
        #[serde(default)]
        project: Option<String>,
        /// When it began, RFC 3339.
        at: String,
    },
    /// These ids were there before the run, so that none of them is its own.
    Before {
        /// The ids.
        ids: Vec<String>,
    },
    /// A request that may create something is about to be sent.
    Intent {
        /// Tells the requests of a run apart.
        number: u64,
        /// When, RFC 3339, by this machine's clock.
        at: String,
        /// The body, if it is text that is not too long.
        body: Option<String>,
    },
    /// The target says that it created something.
    Created {
        /// The request.
        number: u64,
        /// The id that it gave.
        id: String,
    },
    /// The request created nothing.
    Nothing {
        /// The request.
        number: u64,
        /// How that is known.
        why: String,
    },
    /// What the request did is not known.
    Unknown {
        /// The request.
        number: u64,
        /// Why not.
        why: String,
    },
    /// A read no longer finds this id.
    Removed {
        /// The id.
        id: String,
    },
}

/// The version of the format that is written here.
pub(super) const VERSION: u32 = 1;

/// Longer bodies do not help to find what they created.
const LONGEST_BODY: usize = 8192;

impl Record {
    /// The first record of a ledger.
    pub fn run(run: &str, suite: &str, endpoint: &str, project: Option<&str>) -> Self {
        Self::Run {
            version: VERSION,
            run: run.to_owned(),
            suite: suite.to_owned(),
            endpoint: endpoint.to_owned(),
            project: project.map(str::to_owned),
            at: now(),
        }
    }

    pub(super) fn intent(number: u64, body: Option<&[u8]>) -> Self {
        let text = body.filter(|body| body.len() <= LONGEST_BODY).and_then(|body| std::str::from_utf8(body).ok());
        Self::Intent { number, at: now(), body: text.map(str::to_owned) }
    }

    /// The record as it stands in the file.
    pub(super) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}
