//! Performs a script: sends its steps in order and hands on what later steps need.

use serde_json::Value;

use super::Target;
use crate::exchange::{Exchange, Request, Trouble};
use crate::probe::{Script, Step};

impl Target {
    /// Sends the steps of a script. It ends early where there is no answer, or where an answer lacks what later steps need.
    pub async fn perform(&self, script: &Script) -> Vec<Exchange> {
        let mut values = vec![("run".to_owned(), self.run_id.clone())];
        let mut exchanges = Vec::new();
        for step in &script.steps {
            let exchange = self.ask(step, filled(&step.request, &values)).await;
            let captured = exchange.response().map(|response| capture(step, response.json().as_ref()));
            exchanges.push(exchange);
            match captured {
                Some(Ok(captured)) => values.extend(captured),
                Some(Err(trouble)) => {
                    exchanges.extend(unsent(script, exchanges.len(), trouble));
                    break;
                }
                None => break,
            }
        }
        exchanges
    }

    /// The answer to a step's request; the last one, where it is sent again.
    async fn ask(&self, step: &Step, request: Request) -> Exchange {
        let mut exchange = self.send(request.clone()).await;
        let Some(patience) = &step.patience else { return exchange };
        for pause in patience.pauses() {
            if exchange.response().is_none_or(|response| patience.statuses.contains(&response.status)) {
                break;
            }
            tokio::time::sleep(pause).await;
            exchange = self.send(request.clone()).await;
        }
        exchange
    }
}

/// The next step as an exchange that never took place, so that its reader learns why.
fn unsent(script: &Script, index: usize, trouble: Trouble) -> Option<Exchange> {
    script.steps.get(index).map(|step| Exchange { request: step.request.clone(), outcome: Err(trouble) })
}

fn capture(step: &Step, answer: Option<&Value>) -> Result<Vec<(String, String)>, Trouble> {
    step.captures
        .iter()
        .map(|(name, pointer)| {
            let value = answer.and_then(|answer| answer.pointer(pointer)).and_then(Value::as_str);
            value.map(|value| (name.clone(), value.to_owned())).ok_or(Trouble::NothingCaptured)
        })
        .collect()
}

fn filled(request: &Request, values: &[(String, String)]) -> Request {
    let mut request = request.clone();
    for (name, value) in values {
        let placeholder = format!("{{{name}}}");
        request.path = request.path.replace(&placeholder, &segment(value));
        let body = request.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        if let Some(body) = body.filter(|body| body.contains(&placeholder)) {
            // A server chose the value: inside a JSON text it must not end the text.
            let quoted = Value::from(value.as_str()).to_string();
            request.body = Some(body.replace(&placeholder, &quoted[1..quoted.len() - 1]).into_bytes());
        }
    }
    request
}

/// A text as one segment of a path, whatever a server put into it.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => segment.push(char::from(byte)),
            b'.' if !text.bytes().all(|byte| byte == b'.') => segment.push('.'),
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::{filled, segment};
    use crate::exchange::{Credential, Request};

    #[test]
    fn a_value_of_a_server_stays_one_segment_and_one_text() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images/{id}".to_owned(),
            headers: Vec::new(),
            body: Some(br#"{"name":"{id}"}"#.to_vec()),
            credential: Credential::Good,
        };
        let filled = filled(&request, &[("id".to_owned(), "../x\"?".to_owned())]);
        assert_eq!(filled.path, "/v2/images/..%2Fx%22%3F");
        assert_eq!(filled.body.unwrap(), br#"{"name":"../x\"?"}"#);
        assert_eq!(segment(".."), "%2E%2E");
    }
}
