//! A finding, with the exchanges of its smallest example.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A clause that is broken, with the smallest example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Id of the clause.
    pub clause: String,
    /// What tells the findings of one clause apart.
    pub cause: String,
    /// The clause in words.
    pub text: String,
    /// Where the documentation has it.
    pub source: String,
    /// How many probes show it.
    pub shown_by: usize,
    /// Of so many that assessed the clause.
    pub assessed_by: usize,
    /// Whether an equal request was answered rightly since: it comes now and then.
    #[serde(default)]
    pub is_intermittent: bool,
    /// JSON pointer into the answer; empty for its status or the whole.
    pub pointer: String,
    /// What would conform.
    pub expected: String,
    /// What came.
    pub got: String,
    /// The probe of the example.
    pub probe: String,
    /// What the probe shows, in words.
    pub title: String,
    /// The file of the case, or of the contract where no case shows it.
    pub file: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// Whether the example is a valid request that was refused.
    pub is_refusal_of_valid: bool,
    /// The requests of the example and their answers, up to the one that was wrong.
    pub exchanges: Vec<Exchange>,
    /// How this program shows it again.
    pub command: String,
    /// How bash and curl show it again, and remove what they created.
    pub curl: Vec<String>,
    /// What only follows from it in the same probes.
    pub entails: Vec<Entailed>,
}

/// A clause that is broken only where a finding entails it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entailed {
    /// Id of the clause.
    pub clause: String,
    /// The clause in words.
    pub text: String,
    /// In how many probes it follows.
    pub probes: usize,
}

/// A request and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Where it went, without the endpoint.
    pub path: String,
    /// The headers of the request other than the token's.
    pub headers: Vec<Header>,
    /// What it showed as its token: `good`, `absent`, …
    pub credential: String,
    /// Its body.
    pub body: Body,
    /// The answer; `null` where there was none.
    pub answer: Option<Answer>,
    /// Why there was no answer; empty where there was one.
    pub error: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers in the order of arrival.
    pub headers: Vec<Header>,
    /// Its body.
    pub body: Body,
    /// When it arrived, as RFC 3339 has it, in UTC.
    pub at: String,
    /// How many milliseconds it took to come, from the beginning of the connection where there was none.
    #[serde(default)]
    pub took_ms: f64,
}

/// One header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What was sent or came; nothing is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The text, as much of it as is kept; what is not UTF-8 is replaced.
    pub text: String,
    /// How many bytes it had.
    pub bytes: usize,
}
