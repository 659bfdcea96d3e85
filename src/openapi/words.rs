//! Texts of a document as a contract has them: short, on one line, and never what looks like something that is still to be filled in.

use crate::document::{Node, TO_DO};

/// The longest sentence that is taken over.
const LONGEST: usize = 200;

/// The first sentence of a text, if it says something.
pub(super) fn first_sentence(node: Option<&Node>) -> Option<String> {
    let text = node?.text().ok()?;
    let paragraph = text.trim().split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = paragraph.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is_end = |index: &usize| {
        let begins = words.get(index + 1).and_then(|next| next.chars().next());
        // An abbreviation has a point within.
        let is_word = words[*index].len() > 2 && words[*index].matches('.').count() == 1;
        is_word && words[*index].ends_with('.') && begins.is_some_and(char::is_uppercase)
    };
    let end = (0..words.len()).find(is_end).map_or(words.len(), |index| index + 1);
    let sentence = shortened(&words[..end].join(" "), LONGEST);
    (!sentence.is_empty() && !sentence.starts_with(TO_DO)).then_some(sentence)
}

/// A text of at most so many characters, with a mark where it goes on.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

/// A name as a part of an identifier.
pub(super) fn plain(text: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    let parts: String = text.chars().map(plain).collect();
    parts.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// What is still to be filled in, as it stands in a file.
pub(super) fn to_do(what: &str) -> String {
    format!("{TO_DO} {what}")
}

#[cfg(test)]
mod tests {
    use super::first_sentence;
    use crate::document::parse;

    #[test]
    fn a_sentence_is_short_and_on_one_line() {
        for (text, expected) in [
            ("\"What it\\n says. And more.\"", Some("What it says.")),
            ("'A text, i.e. Words of any kind'", Some("A text, i.e. Words of any kind")),
            ("\"One\\n\\nTwo\"", Some("One")),
            ("' '", None),
            ("7", None),
            ("'TODO: describe it'", None),
        ] {
            let node = parse("a.yaml", text).unwrap();
            assert_eq!(first_sentence(Some(&node)).as_deref(), expected, "{text}");
        }
    }
}
