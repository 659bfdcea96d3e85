//! The words of a command of a shell, without what a shell would fill in.

/// The words of the first command, with their quotes taken off, and the sign behind which another one stands; `None` where a quote has no end. What a pipe
/// does with the output is no such command.
pub(super) fn words(command: &str) -> Option<(Vec<String>, Option<&'static str>)> {
    let (mut words, mut word, mut further) = (Vec::new(), None::<String>, None);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => word.get_or_insert_default().push_str(&until(&mut letters, '\'')?),
            '"' => double_quoted(&mut letters, word.get_or_insert_default())?,
            '$' if letters.next_if_eq(&'\'').is_some() => ansi_quoted(&mut letters, word.get_or_insert_default())?,
            '\\' => match letters.next() {
                // A command may go on in the next line.
                Some('\n') | None => {}
                Some('\r') => drop(letters.next_if_eq(&'\n')),
                Some(other) => word.get_or_insert_default().push(other),
            },
            // What comes after it is another command.
            ';' | '|' | '&' | '\n' if word.is_some() || !words.is_empty() => {
                let has_more = letters.any(|letter| !letter.is_whitespace() && !";&".contains(letter));
                further = sign(letter).filter(|_| has_more);
                break;
            }
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some((words, further))
}

/// What stands between two commands, as a reader calls it.
fn sign(letter: char) -> Option<&'static str> {
    match letter {
        ';' => Some("`;`"),
        '&' => Some("`&`"),
        '\n' => Some("the first line"),
        _ => None,
    }
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn until(letters: &mut Letters<'_>, end: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            letter if letter == end => return Some(text),
            letter => text.push(letter),
        }
    }
}

fn double_quoted(letters: &mut Letters<'_>, word: &mut String) -> Option<()> {
    loop {
        match letters.next()? {
            '"' => return Some(()),
            '\\' => match letters.next()? {
                '\n' => {}
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            letter => word.push(letter),
        }
    }
}

/// What browsers write: `$'it\\'s'`.
fn ansi_quoted(letters: &mut Letters<'_>, word: &mut String) -> Option<()> {
    loop {
        let letter = match letters.next()? {
            '\'' => return Some(()),
            '\\' => match letters.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'x' => code(letters, 2)?,
                'u' => code(letters, 4)?,
                other => other,
            },
            letter => letter,
        };
        word.push(letter);
    }
}

/// The letter with this number, of so many hexadecimal digits at most.
fn code(letters: &mut Letters<'_>, most: usize) -> Option<char> {
    let mut number = 0;
    for _ in 0..most {
        let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(16)) else { break };
        (number, _) = (number * 16 + digit, letters.next());
    }
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_those_of_a_shell() {
        for (command, expected) in [
            ("curl -d '{\"a\": 1}' x", vec!["curl", "-d", "{\"a\": 1}", "x"]),
            ("curl \\\n  \"a\\\"b\" c\\ d; rm x", vec!["curl", "a\"b", "c d"]),
            ("curl $'a\\'b\\u0041\\n' ''", vec!["curl", "a'bA\n", ""]),
        ] {
            assert_eq!(words(command).unwrap().0, expected, "{command}");
        }
        let further = ["a; b", "a && b", "a\nb", "a | jq .", "a;", "a\n\n"].map(|text| words(text).unwrap().1);
        assert_eq!(further, [Some("`;`"), Some("`&`"), Some("the first line"), None, None, None]);
        assert_eq!(words("curl 'a"), None);
    }
}
