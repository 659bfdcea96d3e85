//! How a line of the shell gets an id out of an answer, or nothing where the answer is not what it should be.

use regex::Regex;
use serde_json::Value;

use crate::contract::{Contract, Type};
use crate::exchange::{Response, id_text, segment};

/// A variable that gets its value from an answer.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) variable: String,
    pointer: String,
    /// The value in the run, as a segment of a path.
    pub(super) value: String,
    /// Whether it is a number, and stands without quotes.
    is_number: bool,
    /// `None` where no line of the shell finds it.
    position: Option<Position>,
}

/// Which of an answer's texts under one key is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    /// Counted from 1.
    number: usize,
    /// How many there are.
    of: usize,
}

impl Position {
    /// The only one.
    const ONLY: Self = Self { number: 1, of: 1 };
}

impl Capture {
    /// Takes the id of a later success, as the contract has it: the answer of the run was none.
    pub(super) fn wait_for_success(&mut self, contract: &Contract) {
        let schema = contract.creation.response.properties.get(contract.creation.id_field());
        let is_id = self.pointer == contract.creation.lifecycle.id;
        self.is_number = is_id && schema.is_some_and(|schema| schema.is(Type::Integer));
        self.position = Some(Position::ONLY);
    }

    /// The line.
    pub(super) fn line(&self) -> String {
        let Self { variable, pointer, is_number, position, .. } = self;
        let key = key_of(pointer).unwrap_or_default();
        let Some(Position { number, of }) = position else {
            return format!("{variable}=  # what the answer has at {pointer}: fill it in");
        };
        let (text, separator) = if *is_number { (NUMBER, ": *") } else { (TEXT, "\"") };
        let column = if *is_number { 2 } else { 4 };
        format!(
            "{variable}=$([[ $answer =~ ^HTTP/[0-9.]+\\ 2 ]] && grep -oE '\"{key}\" *: *{text}' <<< \"$answer\" | awk -F'{separator}' 'NR=={number}{{id=${column}}} END{{if(NR=={of})print id}}')"
        )
    }
}

/// A text that is a segment of a path as it stands, and leads nowhere else; also as a pattern of grep.
const TEXT: &str = r#""[A-Za-z0-9_~-][A-Za-z0-9._~-]*""#;

/// An integer; also as a pattern of grep.
const NUMBER: &str = "-?[0-9]+";

/// How a variable gets the value at this pointer.
pub(super) fn capture(variable: String, pointer: &str, answer: Option<&Response>) -> Capture {
    let found = answer.and_then(Response::json);
    let value = found.as_ref().and_then(|found| found.pointer(pointer));
    let is_number = value.is_some_and(Value::is_number);
    let position = answer.and_then(|answer| position(answer, pointer, is_number));
    let value = segment(&value.and_then(id_text).unwrap_or_default());
    Capture { variable, pointer: pointer.to_owned(), value, is_number, position }
}

/// Which of the texts under the pointer's last key is the one at the pointer.
fn position(answer: &Response, pointer: &str, is_number: bool) -> Option<Position> {
    let key = key_of(pointer)?;
    let value = if is_number { NUMBER } else { TEXT };
    let texts = Regex::new(&format!(r#""{key}" *: *({value})"#)).ok()?;
    let body = String::from_utf8_lossy(&answer.body);
    let texts: Vec<_> = texts.captures_iter(&body).map(|found| found[1].trim_matches('"').to_owned()).collect();
    let index = match answer.json() {
        Some(json) => {
            let value = json.pointer(pointer).and_then(id_text)?;
            texts.iter().position(|text| *text == value)?
        }
        // No JSON, but something was created all the same: the only text under this key is all that there is to go by.
        None => (texts.len() == 1).then_some(0)?,
    };
    Some(Position { number: index + 1, of: texts.len() })
}

/// The last part of a pointer, if it is a key that means nothing to a pattern.
fn key_of(pointer: &str) -> Option<&str> {
    let (_, key) = pointer.rsplit_once('/')?;
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // A number alone is a place in a list.
    (is_plain && key.bytes().any(|byte| !byte.is_ascii_digit())).then_some(key)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::capture;
    use crate::exchange::Response;

    fn line(body: &str, pointer: &str) -> String {
        let (headers, body) = (Vec::new(), body.as_bytes().to_vec());
        let answer =
            Response { status: 201, headers, body, at: OffsetDateTime::UNIX_EPOCH, took: std::time::Duration::ZERO };
        capture("id".to_owned(), pointer, Some(&answer)).line()
    }

    #[test]
    fn a_variable_gets_the_text_that_the_pointer_meant() {
        let nested = r#"{"self":{"id":"x"},"owner_id":"y","id": "7f-3a","name":"\"id\":\"z\""}"#;
        let expected = r#"id=$([[ $answer =~ ^HTTP/[0-9.]+\ 2 ]] && grep -oE '"id" *: *"[A-Za-z0-9_~-][A-Za-z0-9._~-]*"' <<< "$answer" | awk -F'"' 'NR==2{id=$4} END{if(NR==2)print id}')"#;
        assert_eq!(line(nested, "/id"), expected);
        assert_eq!(line(nested, "/self/id"), expected.replacen("NR==2", "NR==1", 1));
        assert_eq!(line(r#"{"id":"7f-3a",}"#, "/id"), expected.replace("NR==2", "NR==1"));
        let number = r#"id=$([[ $answer =~ ^HTTP/[0-9.]+\ 2 ]] && grep -oE '"id" *: *-?[0-9]+' <<< "$answer" | awk -F': *' 'NR==1{id=$2} END{if(NR==1)print id}')"#;
        assert_eq!(line(r#"{"name":"\"id\":8","id":7}"#, "/id"), number);
    }

    #[test]
    fn an_id_that_may_come_later_is_of_the_type_that_the_contract_has() {
        for (dir, text) in [("tests/suites/number_id", "-?[0-9]+"), ("cases/otc", "[A-Za-z0-9_~-]")] {
            let suite = crate::suite::Suite::from_dir(std::path::Path::new(dir)).unwrap();
            let pointer = &suite.contract.creation.lifecycle.id;
            let mut later = capture("id".to_owned(), pointer, None);
            later.wait_for_success(&suite.contract);
            assert!(later.line().contains(text), "{dir}: {}", later.line());
        }
    }

    #[test]
    fn what_no_line_finds_is_left_to_the_reader() {
        let table = [
            (r#"{"ids":["x"]}"#, "/ids/0"),
            (r#"{"id":"../x"}"#, "/id"),
            (r#"{"id":".."}"#, "/id"),
            (r#"{"id":"7f","id":"3a",}"#, "/id"),
            (r#"{"id":""}"#, "/id"),
            (r#"{"id":7.5}"#, "/id"),
            ("{}", "/id"),
            ("no JSON", "/id"),
        ];
        for (body, pointer) in table {
            assert_eq!(line(body, pointer), format!("id=  # what the answer has at {pointer}: fill it in"), "{body}");
        }
    }
}
