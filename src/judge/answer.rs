//! An answer on its way through the rules: its body is read once, whoever asks for it.

use serde_json::Value;

use crate::exchange::Response;
use crate::json::careful;

/// An answer and what its body says.
pub(super) struct Answer<'a> {
    pub response: &'a Response,
    /// The body as JSON, if it is JSON.
    pub json: Option<Value>,
    /// A key that some object of the body has twice, which the value hides.
    pub repeated_key: Option<String>,
}

impl<'a> Answer<'a> {
    pub(super) fn read(response: &'a Response) -> Self {
        match careful(&response.body) {
            Some((value, repeated_key)) => Self { response, json: Some(value), repeated_key },
            None => Self { response, json: response.json(), repeated_key: None },
        }
    }
}
