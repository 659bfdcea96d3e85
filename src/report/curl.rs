//! A request as a command that anybody can type. The token is never in it: it stands in `$OS_TOKEN`.

use crate::exchange::{Credential, Request};
use crate::target::Endpoint;
use crate::untrusted::is_hidden;

/// Bodies longer than this are not worth a line.
const LONGEST_BODY: usize = 4000;

/// The token with its last letter in the other case, as a command.
const IN_OTHER_CASE: &str = r#"printf %s "$OS_TOKEN" | perl -pe 's/([A-Za-z])([^A-Za-z]*)$/($1 ^ " ") . $2/e'"#;

/// The command that sends the request.
pub fn command(request: &Request, endpoint: &str, token_header: &str, has_token: bool) -> String {
    let url = endpoint.parse::<Endpoint>().ok().and_then(|endpoint| endpoint.join(&request.path));
    let url = url.map_or_else(|| format!("{endpoint}{}", request.path), String::from);
    let mut command = format!("curl -sS -i -X {} {}", request.method, quoted(url.as_bytes()));
    for (name, value) in &request.headers {
        command.push_str(&format!(" -H {}", quoted(format!("{name}: {value}").as_bytes())));
    }
    let token = match request.credential {
        Credential::Good if has_token => format!(" -H \"{token_header}: $OS_TOKEN\""),
        Credential::Good | Credential::Absent => String::new(),
        Credential::Empty => format!(" -H '{token_header};'"),
        Credential::Wrong => format!(" -H '{token_header}: this-was-never-a-token'"),
        Credential::Appended => format!(" -H \"{token_header}: ${{OS_TOKEN}}x\""),
        Credential::Prepended => format!(" -H \"{token_header}: x$OS_TOKEN\""),
        Credential::Shortened => format!(" -H \"{token_header}: ${{OS_TOKEN%?}}\""),
        Credential::Beheaded => format!(" -H \"{token_header}: ${{OS_TOKEN#?}}\""),
        Credential::OtherCase => format!(" -H \"{token_header}: $({IN_OTHER_CASE})\""),
    };
    command.push_str(&token);
    match request.body.as_deref() {
        Some(body) if body.len() > LONGEST_BODY => {
            command.push_str(&format!(" --data-binary @body   # of {} bytes", body.len()));
        }
        Some(body) => command.push_str(&format!(" --data-binary {}", quoted(body))),
        None => {}
    }
    command
}

/// The bytes as one word of a POSIX shell; bytes that are no plain text take bash's `$'…'`.
fn quoted(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_hidden) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let escape = |byte: &u8| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b'\n' => "\\n".to_owned(),
                0x20..0x7F => char::from(*byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            };
            format!("$'{}'", bytes.iter().map(escape).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{command, quoted};
    use crate::exchange::{Credential, Request};

    #[test]
    fn a_command_names_the_variable_and_not_the_token() {
        let request = Request {
            method: "POST".to_owned(),
            path: "/v2/images".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(b"{\"name\":\"it's\"}".to_vec()),
            credential: Credential::Good,
        };
        insta::assert_snapshot!(
            command(&request, "https://ims.example.com/", "X-Auth-Token", true),
            @r#"curl -sS -i -X POST 'https://ims.example.com/v2/images' -H 'Content-Type: application/json' -H "X-Auth-Token: $OS_TOKEN" --data-binary '{"name":"it'\''s"}'"#
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(quoted(b"{\n\xff}"), r"$'{\n\xff}'");
        assert_eq!(quoted(b"{\n}"), r"$'{\n}'");
        assert_eq!(quoted(b"\x01'\\"), r"$'\x01\'\\'");
    }
}
