//! Text that came from outside: from a server, a ledger, a file that somebody else wrote. Whoever wrote it may want to fool who reads it: with a line of its
//! own in a report, with letters that a terminal takes for orders, with letters that nobody sees.
//!
//! [`Untrusted`] can only be shown with all such characters escaped, and never at endless length. [`visible`] does the same to a text that is made of both,
//! as the last thing before it leaves the program.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::LazyLock;

use regex::Regex;

/// A text from outside. `Display` shows it on one line, without any character that is an order or cannot be seen, and cut: after as many characters as the
/// precision says, or after [`LONGEST`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Untrusted(String);

/// So many characters of a text from outside are shown where nothing else is said.
pub const LONGEST: usize = 2000;

/// Controls, formats (such as those that turn the direction of writing), what has no meaning or only a private one, ends of lines, and what is not to be
/// seen.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let class = r"[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]";
    Regex::new(class).unwrap_or_else(|error| unreachable!("{error}"))
});

impl Untrusted {
    /// The text as it came: to be compared or sent, not to be shown.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the text as it came holds this one.
    pub fn contains(&self, part: &str) -> bool {
        self.0.contains(part)
    }
}

/// A text with no more of it than is ever shown, so that what a report keeps is no longer than what it shows.
pub(crate) fn brief(text: String) -> String {
    if text.char_indices().nth(LONGEST).is_none() {
        return text;
    }
    // With what is said of its length it must not be cut again.
    let beginning: String = text.chars().take(LONGEST - 40).collect();
    format!("{beginning}… ({} characters)", text.chars().count())
}

impl fmt::Display for Untrusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = formatter.precision().unwrap_or(LONGEST);
        let Some((end, _)) = self.0.char_indices().nth(longest) else {
            return write_escaped(formatter, &self.0, |_| false);
        };
        write_escaped(formatter, &self.0[..end], |_| false)?;
        write!(formatter, "… ({} characters)", self.0.chars().count())
    }
}

impl<Text: Into<String>> From<Text> for Untrusted {
    fn from(text: Text) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for Untrusted {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for Untrusted {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Untrusted {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// Whether a character is an order to a terminal, or cannot be seen.
pub fn is_hidden(letter: char) -> bool {
    !(letter == ' ' || letter.is_ascii_graphic()) && HIDDEN.is_match(letter.encode_utf8(&mut [0; 4]))
}

/// A text of many lines with every hidden character escaped, as JSON has it, but for the ends of its lines.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_kept = |letter| letter == '\n';
    if text.chars().all(|letter| is_kept(letter) || !is_hidden(letter)) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    // Writing to a `String` cannot fail.
    let _ = write_escaped(&mut clean, text, is_kept);
    Cow::Owned(clean)
}

/// What a terminal is shown: as [`visible`], and with the colours and weights of letters that this program sets.
pub fn on_terminal(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for (number, part) in text.split("\u{1b}[").enumerate() {
        let style = part.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        let is_style = number > 0 && part[style..].starts_with('m');
        clean.push_str(match (number, is_style) {
            (0, _) => "",
            (_, true) => "\u{1b}[",
            (_, false) => r"\u001b[",
        });
        clean.push_str(&visible(part));
    }
    clean
}

fn write_escaped(out: &mut dyn Write, text: &str, is_kept: impl Fn(char) -> bool) -> fmt::Result {
    for letter in text.chars() {
        match letter {
            letter if is_kept(letter) || !is_hidden(letter) => out.write_char(letter)?,
            '\n' => out.write_str(r"\n")?,
            '\r' => out.write_str(r"\r")?,
            '\t' => out.write_str(r"\t")?,
            letter => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(out, r"\u{unit:04x}")?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Untrusted, is_hidden, on_terminal, visible};

    #[test]
    fn what_orders_or_hides_is_escaped() {
        let hidden = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fff9}\u{e000}\u{fe0f}\u{3164}\u{378}\u{e0001}\u{10ffff}";
        for letter in hidden.chars() {
            assert!(is_hidden(letter), "{letter:?}");
            let shown = Untrusted::from(letter.to_string()).to_string();
            assert!(shown.starts_with('\\') && shown.is_ascii(), "{shown:?}");
        }
        assert_eq!(Untrusted::from("a\u{202e}b\u{e0001}\n").to_string(), r"a\u202eb\udb40\udc01\n");
    }

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        for text in ["plain \"text\" \\ /", "wörd, дом, 名前, 😀", "a\u{301}"] {
            assert_eq!(Untrusted::from(text).to_string(), text);
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_and_counted() {
        let text = Untrusted::from("ä".repeat(3000));
        assert_eq!(format!("{text:.3}"), "äää… (3000 characters)");
        assert_eq!(text.to_string().chars().count(), 2000 + "… (3000 characters)".chars().count());
    }

    #[test]
    fn a_terminal_gets_the_styles_of_the_program_and_no_other_order() {
        let text = "\u{1b}[1mbold\u{1b}[0m \u{1b}[2J\u{1b}]0;title\u{7} \u{1b}[31;1mred\n\u{9b}2J";
        assert_eq!(
            on_terminal(text),
            "\u{1b}[1mbold\u{1b}[0m \\u001b[2J\\u001b]0;title\\u0007 \u{1b}[31;1mred\n\\u009b2J"
        );
    }
}
