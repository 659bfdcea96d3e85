//! Whether two answers say the same, but for what differs from request to request.

use crate::exchange::Exchange;

/// A word with a digit that is as long as this is a time, or the number of a request.
const LONG: usize = 16;

/// A number of so many digits is a time.
const LONG_NUMBER: usize = 9;

/// Whether both were answered alike: the same status and media type, and the same words but for the request's own method and path, times and numbers.
pub(super) fn is_alike(one: &Exchange, other: &Exchange) -> bool {
    let (Some(first), Some(second)) = (one.response(), other.response()) else { return false };
    first.status == second.status && first.media_type() == second.media_type() && words(one) == words(other)
}

fn words(exchange: &Exchange) -> Vec<String> {
    let request = &exchange.request;
    let body = exchange.response().map(|response| String::from_utf8_lossy(&response.body).into_owned());
    let mut text = body.unwrap_or_default();
    let path = request.path.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    for own in [path, last].into_iter().filter(|own| !own.is_empty()) {
        text = text.replace(own, "");
    }
    let split = text.split(|letter: char| letter.is_whitespace() || "\"'<>(){}[],;=".contains(letter));
    let varies = |word: &&str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        (digits > 0 && word.len() >= LONG) || (digits == word.len() && digits >= LONG_NUMBER)
    };
    split.filter(|word| !word.is_empty() && *word != request.method && !varies(word)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::is_alike;
    use crate::exchange::{Exchange, Request, Response, TokenVariant};

    fn answered(method: &str, path: &str, status: u16, body: &str) -> Exchange {
        let (method, path) = (method.to_owned(), path.to_owned());
        Exchange {
            request: Request { method, path, headers: Vec::new(), body: None, credential: TokenVariant::Good },
            outcome: Ok(Response {
                status,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
                at: OffsetDateTime::now_utc(),
                took: std::time::Duration::ZERO,
            }),
        }
    }

    #[test]
    fn what_a_framework_says_of_a_path_that_nobody_has_is_alike_for_every_path() {
        let forms = [
            |_: &str, _: &str| String::new(),
            |_: &str, _: &str| r#"{"detail":"Not Found"}"#.to_owned(),
            |method: &str, path: &str| format!("<pre>Cannot {method} {path}</pre>"),
            |_: &str, path: &str| {
                let now = OffsetDateTime::now_utc().unix_timestamp_nanos();
                format!(r#"{{"timestamp":{now},"status":404,"error":"Not Found","path":"{path}"}}"#)
            },
        ];
        for form in forms {
            let one = answered("GET", "/things/7f3a", 404, &form("GET", "/things/7f3a"));
            let other = answered("DELETE", "/b1d2", 404, &form("DELETE", "/b1d2"));
            assert!(is_alike(&one, &other), "{}", form("GET", "/things"));
        }
    }

    #[test]
    fn what_a_service_says_of_what_it_does_not_find_is_not() {
        let nowhere = answered("GET", "/b1d2", 404, r#"{"detail":"Not Found"}"#);
        for body in [r#"{"detail":"Thing 7f3a not found"}"#, r#"{"error":{"code":"X.27","message":"Not Found"}}"#, ""] {
            assert!(!is_alike(&answered("GET", "/things/7f3a", 404, body), &nowhere), "{body}");
        }
        assert!(!is_alike(&answered("GET", "/things/7f3a", 410, r#"{"detail":"Not Found"}"#), &nowhere));
    }
}
