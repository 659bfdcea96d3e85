//! The records of a ledger.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::chain::Chain;
use crate::secret::Secrets;

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
        /// For so many seconds after the last word of it a request may still create something.
        grace: u64,
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
        /// When its answer was given up, RFC 3339.
        at: String,
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
pub(super) const VERSION: u32 = 2;

/// Longer bodies do not help to find what they created.
const LONGEST_BODY: usize = 8192;

impl Record {
    /// The first record of a ledger.
    pub fn run(run: &str, suite: &str, endpoint: &str, project: Option<&str>, grace: Duration) -> Self {
        Self::Run {
            version: VERSION,
            run: run.to_owned(),
            suite: suite.to_owned(),
            endpoint: endpoint.to_owned(),
            project: project.map(str::to_owned),
            at: now(),
            grace: grace.as_secs(),
        }
    }

    /// What this request did is not known.
    pub fn unknown(number: u64, why: impl Into<String>) -> Self {
        Self::Unknown { number, at: now(), why: why.into() }
    }

    pub(super) fn intent(number: u64, body: Option<&[u8]>) -> Self {
        let text = body.filter(|body| body.len() <= LONGEST_BODY).and_then(|body| std::str::from_utf8(body).ok());
        Self::Intent { number, at: now(), body: text.map(str::to_owned) }
    }

    /// The record without any secret. An id that holds one cannot be written down: then it is not known what was created, and a sweep looks for it in the list.
    pub(super) fn without(self, secrets: &Secrets) -> Self {
        let clean = |text: String| secrets.redact_text(&text);
        match self {
            Self::Run { version, run, suite, endpoint, project, at, grace } => {
                let (suite, endpoint, project) = (clean(suite), clean(endpoint), project.map(clean));
                Self::Run { version, run, suite, endpoint, project, at, grace }
            }
            Self::Before { ids } => Self::Before { ids: ids.into_iter().map(clean).collect() },
            Self::Intent { number, at, body } => Self::Intent { number, at, body: body.map(clean) },
            Self::Created { number, id } if clean(id.clone()) != id => {
                Self::unknown(number, "the id that it gave holds a secret")
            }
            Self::Created { number, id } => Self::Created { number, id },
            Self::Nothing { number, why } => Self::Nothing { number, why: clean(why) },
            Self::Unknown { number, at, why } => Self::Unknown { number, at, why: clean(why) },
            Self::Removed { id } => Self::Removed { id: clean(id) },
        }
    }

    /// The record as it stands in the file, without its sum.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The lines of these records, as a ledger has them.
pub fn lines(records: &[Record]) -> String {
    let mut chain = Chain::default();
    records.iter().map(|record| chain.line(record)).collect()
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::secret::{Kind, Secret, Secrets};

    #[test]
    fn an_id_that_holds_a_secret_is_not_written_and_stays_to_be_looked_for() {
        let secrets = Secrets::default();
        secrets.add(&Secret::new(Kind::Token, "kwyjibo-kwyjibo"));
        let created = |id: &str| Record::Created { number: 1, id: id.to_owned() };
        assert_eq!(created("an-id").without(&secrets), created("an-id"));
        let at = || String::from("2026-11-24T10:00:00Z");
        let why = "the id that it gave holds a secret".to_owned();
        let Record::Unknown { number, why: told, .. } = created("kwyjibo-kwyjibo").without(&secrets) else { panic!() };
        assert_eq!((number, told), (1, why));
        let why = |why: &str| Record::Unknown { number: 1, at: at(), why: why.to_owned() };
        assert_eq!(why("said KWYJIBO%2dkwyjibo").without(&secrets), why("said [token]"));
        let body = |body: &str| Record::Intent { number: 1, at: String::new(), body: Some(body.to_owned()) };
        assert_eq!(body(r#"{"name":"kwyjibo-kwyjibo"}"#).without(&secrets), body(r#"{"name":"[token]"}"#));
        let ids = |ids: [&str; 2]| Record::Before { ids: ids.map(str::to_owned).to_vec() };
        assert_eq!(ids(["a", "kwyjibo-kwyjibo"]).without(&secrets), ids(["a", "[token]"]));
    }
}
