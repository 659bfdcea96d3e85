//! Bytes as words and streams of bash, so that a pasted command sends exactly them.

use crate::untrusted::is_hidden;

/// A part of a request's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// What this variable of the shell holds.
    Variable(&'a str),
}

/// Longer bodies are looked through for repetitions.
const LONG: usize = 2000;

/// The system hands no longer word to a program (128 KiB on Linux); what the shell prints itself may be longer.
const LONGEST_WORD: usize = 100_000;

/// A repetition is worth a command of its own from this length on, in bytes.
const SHORTEST_RUN: usize = 500;

/// The longest unit of a repetition that is looked for, in bytes.
const LONGEST_UNIT: usize = 16;

/// Cuts bytes at each `{name}` of these names, which are variables.
pub(super) fn pieces<'a>(bytes: &'a [u8], names: &[&'a str]) -> Vec<Piece<'a>> {
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        let rest = bytes[at..].strip_prefix(b"{");
        let is_here = |name: &&&str| {
            rest.and_then(|rest| rest.strip_prefix(name.as_bytes())).is_some_and(|rest| rest.starts_with(b"}"))
        };
        if let Some(name) = names.iter().find(is_here) {
            found.extend((start < at).then(|| Piece::Bytes(&bytes[start..at])));
            found.push(Piece::Variable(name));
            at += name.len() + 2;
            start = at;
        } else {
            at += 1;
        }
    }
    found.extend((start < at).then(|| Piece::Bytes(&bytes[start..])));
    found
}

/// The pieces as one word. There is no NUL in it: no argument of a program can hold one.
fn word(pieces: &[Piece<'_>]) -> String {
    let words = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => quoted(bytes),
        Piece::Variable(name) => format!("\"${name}\""),
    });
    words.collect()
}

/// The pieces of a URL as one word. Without a value for a variable it would be the address of something else, and the shell does not send it.
pub(super) fn address(pieces: &[Piece<'_>]) -> String {
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b":/.-_~?=&%+,".contains(byte);
    let can_be_one = pieces.iter().all(|piece| match piece {
        Piece::Variable(_) => true,
        Piece::Bytes(bytes) => bytes.iter().all(is_harmless),
    });
    let has_variable = pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)));
    let mark = if can_be_one && has_variable { "\"" } else { "" };
    let words = pieces.iter().map(|piece| match piece {
        Piece::Variable(name) if mark.is_empty() => format!("\"${{{name}:?}}\""),
        Piece::Variable(name) => format!("${{{name}:?}}"),
        Piece::Bytes(bytes) if mark.is_empty() => quoted(bytes),
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    });
    format!("{mark}{}{mark}", words.collect::<String>())
}

/// The option of curl that sends these pieces as the body.
pub(super) fn body(pieces: &[Piece<'_>]) -> String {
    let is_plain = |piece: &Piece<'_>| match piece {
        Piece::Bytes(bytes) => is_plain(bytes),
        Piece::Variable(_) => true,
    };
    let length: usize = pieces.iter().map(|piece| if let Piece::Bytes(bytes) = piece { bytes.len() } else { 0 }).sum();
    let commands = commands(pieces, length > LONG);
    if length > LONGEST_WORD || commands.len() > 1 || !pieces.iter().all(is_plain) {
        return format!(" --data-binary @- < <({})", commands.join("; "));
    }
    // To the usual option, what begins so is the name of a file.
    let names_a_file = matches!(pieces.first(), Some(Piece::Bytes(bytes)) if bytes.starts_with(b"@"));
    let option = if names_a_file { "--data-raw" } else { "--data-binary" };
    format!(" {option} {}", word(pieces))
}

/// Commands that print the pieces one after the other.
fn commands(pieces: &[Piece<'_>], is_long: bool) -> Vec<String> {
    let mut commands = Vec::new();
    let mut print = Print::default();
    for piece in pieces {
        let bytes = match piece {
            Piece::Variable(name) => {
                print.add_variable(name);
                continue;
            }
            Piece::Bytes(bytes) => bytes,
        };
        let (mut start, mut at) = (0, 0);
        while is_long && at < bytes.len() {
            let Some((unit, count)) = run_at(&bytes[at..]) else {
                at += 1;
                continue;
            };
            print.add(&bytes[start..at]);
            commands.extend(std::mem::take(&mut print).command());
            commands.push(format!("yes {} | head -n {count} | tr -d '\\n'", quoted(unit)));
            at += unit.len() * count;
            start = at;
        }
        print.add(&bytes[start..]);
    }
    commands.extend(print.command());
    commands
}

/// The unit with which these bytes begin again and again, and how often.
fn run_at(bytes: &[u8]) -> Option<(&[u8], usize)> {
    (1..=LONGEST_UNIT.min(bytes.len())).find_map(|length| {
        let unit = &bytes[..length];
        let count = bytes.chunks(length).take_while(|chunk| *chunk == unit).count();
        // What begins with a hyphen would be an option.
        let can_be_printed = unit.iter().all(|byte| (b' '..=b'~').contains(byte)) && unit[0] != b'-';
        (count * length >= SHORTEST_RUN && can_be_printed).then_some((unit, count))
    })
}

/// One `printf`: its format, and the variables that stand in it.
#[derive(Default)]
struct Print {
    format: String,
    variables: String,
}

impl Print {
    fn add(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '%' => self.format.push_str("%%"),
                    '\\' => self.format.push_str("\\\\"),
                    '-' if self.format.is_empty() => self.add_bytes(b"-"),
                    letter if is_visible(letter) => self.format.push(letter),
                    letter => self.add_bytes(letter.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            self.add_bytes(chunk.invalid());
        }
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        self.format.extend(bytes.iter().map(|byte| format!("\\{byte:03o}")));
    }

    fn add_variable(&mut self, name: &str) {
        self.format.push_str("%s");
        self.variables.push_str(&format!(" \"${name}\""));
    }

    fn command(self) -> Option<String> {
        (!self.format.is_empty()).then(|| format!("printf {}{}", quoted(self.format.as_bytes()), self.variables))
    }
}

fn is_visible(letter: char) -> bool {
    !is_hidden(letter)
}

fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_visible))
}

/// The bytes in quotes; what is no plain text takes the form `$'…'`.
pub(super) fn quoted(bytes: &[u8]) -> String {
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| is_plain(bytes)) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escape = |byte: &u8| match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("$'{}'", bytes.iter().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{Piece, body, pieces, quoted};

    fn sent(bytes: &[u8]) -> String {
        body(&pieces(bytes, &["id"]))
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(quoted(b"{\n\xff}"), r"$'{\012\377}'");
        assert_eq!(quoted(b"\x01'\\7"), r"$'\001\'\\7'");
        assert_eq!(quoted("\u{202E}".as_bytes()), r"$'\342\200\256'");
    }

    #[test]
    fn a_body_is_a_word_where_a_word_can_hold_it_and_a_stream_elsewhere() {
        let table: [(&[u8], &str); 9] = [
            (b"{}", " --data-binary '{}'"),
            (b"{\"a\":\"it's\"}", r#" --data-binary '{"a":"it'\''s"}'"#),
            ("{\"a\":\"ä\"}".as_bytes(), " --data-binary '{\"a\":\"ä\"}'"),
            (b"@/etc/hostname", " --data-raw '@/etc/hostname'"),
            (b"{\"a\":\"{id}\"}", r#" --data-binary '{"a":"'"$id"'"}'"#),
            (b"-5%\\\x007", r" --data-binary @- < <(printf '\0555%%\\\0007')"),
            (b"@\n{id}", r#" --data-binary @- < <(printf '@\012%s' "$id")"#),
            (b"\xC3\x28\xFF", r" --data-binary @- < <(printf '\303(\377')"),
            ("\u{FEFF}{}".as_bytes(), r" --data-binary @- < <(printf '\357\273\277{}')"),
        ];
        for (bytes, expected) in table {
            assert_eq!(sent(bytes), expected);
        }
    }

    #[test]
    fn a_long_body_is_made_by_commands_where_it_repeats_itself() {
        let nested = format!("{{\"x\":{}7{}}}", "[{".repeat(1500), "}]".repeat(1500));
        let expected = " --data-binary @- < <(printf '{\"x\":'; yes '[{' | head -n 1500 | tr -d '\\n'; printf '7'; \
                        yes '}]' | head -n 1500 | tr -d '\\n'; printf '}')";
        assert_eq!(sent(nested.as_bytes()), expected);
        assert_eq!(sent(&b"x".repeat(1999)).len(), " --data-binary ''".len() + 1999);
        let hyphens = sent(&b"-".repeat(3000));
        assert_eq!(hyphens.len(), " --data-binary ''".len() + 3000, "no run of what looks like an option");
        let uneven: String = (0..30_000).map(|number| number.to_string()).collect();
        assert!(sent(uneven.as_bytes()).starts_with(" --data-binary @- < <(printf '0123"), "too long for a word");
    }

    #[test]
    fn only_known_names_are_variables() {
        assert_eq!(
            pieces(b"{id}{x}{id}", &["id"]),
            [Piece::Variable("id"), Piece::Bytes(b"{x}"), Piece::Variable("id")]
        );
    }
}
