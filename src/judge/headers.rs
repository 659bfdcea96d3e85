//! Holds the headers of an answer against what its own case expects of them.

use super::StepJudge;
use crate::exchange::Response;
use crate::probe::HeaderRule;

impl StepJudge<'_> {
    /// Each expected header must be there, with a value that is as it must be; where it is there several times, any of them will do.
    pub(super) fn judge_headers(&mut self, headers: &[(String, HeaderRule)], response: &Response) {
        for (name, rule) in headers {
            let values = response.headers.iter().filter(|(each, _)| each.eq_ignore_ascii_case(name));
            let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
            if !values.iter().any(|value| rule.holds(value)) {
                let got = if values.is_empty() { "no such header".to_owned() } else { values.join(", ") };
                self.mismatch(self.clause_of(""), format!("header {name}"), rule.to_string(), got);
            }
        }
    }
}
