//! Texts that systems take for something else than a text: what looks like an id, a number, a date, a path or a query, the words of the contract itself,
//! every printable sign at either end and in the middle, and every length.
//!
//! The first kind is data, `cases/texts.csv` beside the suites. None of them is right or wrong by itself: each field's own rules say what it may hold.

use std::collections::BTreeSet;

use super::test_values::spread;
use crate::contract::{Contract, Rule, Schema, Table};

const FILE: &str = include_str!("../../cases/texts.csv");

/// The most rows of a table whose own texts are tried where a text may be anything.
const MOST_ROWS: usize = 8;

/// The texts of the file that lies beside the suites.
pub(super) fn texts() -> Vec<String> {
    // That the file can be read is held by a test; no caller could mend it.
    let table = Table::read("cases/texts.csv", FILE).ok();
    table.iter().flat_map(|table| table.cells(0)).map(str::to_owned).collect()
}

/// The words of the contract: its fields, the values that it lists, and what its tables say.
pub(super) fn words(contract: &Contract) -> Vec<String> {
    let (request, response) = (&contract.creation.request, &contract.creation.response);
    let names = request.properties.keys().chain(response.properties.keys()).cloned();
    let schemas = request.properties.values().chain(response.properties.values());
    let listed = schemas.flat_map(of_schema);
    let mut seen = BTreeSet::new();
    names.chain(listed).filter(|word| seen.insert(word.clone())).collect()
}

fn of_schema(schema: &Schema) -> Vec<String> {
    let of_rule = |rule: &Rule| match rule {
        Rule::Enum(values) => values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        Rule::Const(value) => value.as_str().map(str::to_owned).into_iter().collect(),
        Rule::Table(table, _) => of_table(table),
        _ => Vec::new(),
    };
    schema.rules.iter().flat_map(of_rule).collect()
}

/// All that a table says of its rows, each spelling by itself, and some of the keys.
fn of_table(table: &Table) -> Vec<String> {
    let keys: Vec<_> = table.cells(0).map(str::to_owned).collect();
    let others = (1..table.columns().len()).flat_map(|column| table.cells(column));
    let others: BTreeSet<_> = others.flat_map(|cell| cell.split('|')).map(str::to_owned).collect();
    others.into_iter().chain(spread(&keys, MOST_ROWS)).collect()
}

/// The signs that a text can have at its beginning, in its middle and at its end.
pub(super) struct Signs {
    first: Vec<char>,
    middle: Vec<char>,
    last: Vec<char>,
    filler: char,
}

impl Signs {
    /// The printable signs of ASCII that are right at each place; `None` where no text of letters or digits is.
    pub(super) fn of(is_right: impl Fn(&str) -> bool) -> Option<Self> {
        let filler = ['a', 'A', '0'].into_iter().find(|sign| is_right(&sign.to_string().repeat(3)))?;
        let right = |place: fn(char, char) -> String| {
            (' '..='~').filter(|sign| is_right(&place(*sign, filler))).collect::<Vec<_>>()
        };
        let first = right(|sign, filler| format!("{sign}{filler}{filler}"));
        let middle = right(|sign, filler| format!("{filler}{sign}{filler}"));
        let last = right(|sign, filler| format!("{filler}{filler}{sign}"));
        let is_complete = ![&first, &middle, &last].iter().any(|signs| signs.is_empty());
        is_complete.then_some(Self { first, middle, last, filler })
    }

    /// Short texts, until each sign has stood at each place.
    pub(super) fn short_texts(&self) -> impl Iterator<Item = String> {
        const SHORT: usize = 5;
        let most = self.first.len().max(self.middle.len()).max(self.last.len());
        (0..most).map(|turn| self.text(SHORT, turn, &[]))
    }

    /// A text of so many signs, with other signs at its ends and in its middle for each `turn`, and one of these words where there is room for it.
    pub(super) fn text(&self, length: usize, turn: usize, words: &[String]) -> String {
        // Each list from another beginning, and to its end, however many there are.
        let sign = |signs: &[char], third: usize| signs[(turn + signs.len() * third / 3) % signs.len()];
        let (first, middle, last) = (sign(&self.first, 0), sign(&self.middle, 1), sign(&self.last, 2));
        match length {
            0 => String::new(),
            1 => first.to_string(),
            2 => format!("{first}{last}"),
            _ => {
                let mut inner: Vec<char> = vec![self.filler; length - 2];
                let word: Vec<char> =
                    words.get(turn % words.len().max(1)).map_or_else(Vec::new, |word| word.chars().collect());
                if word.len() + 3 <= inner.len() && word.iter().all(|sign| self.middle.contains(sign)) {
                    inner[1..=word.len()].copy_from_slice(&word);
                }
                let place = inner.len() - 1 - inner.len() / 4;
                inner[place] = middle;
                format!("{first}{}{last}", inner.into_iter().collect::<String>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FILE, Signs, texts, words};
    use crate::contract::Table;
    use crate::suite::Suite;

    #[test]
    fn the_file_of_texts_can_be_read() {
        Table::read("cases/texts.csv", FILE).unwrap();
        assert!(texts().len() > 300);
    }

    #[test]
    fn the_words_of_a_contract_are_its_fields_and_what_it_lists() {
        let suite = Suite::built_in("otc").unwrap().unwrap();
        let words = words(&suite.contract);
        for word in ["min_disk", "__os_bit", "qcow2", "Windows", "RedHat", "Red Hat", "64"] {
            assert!(words.iter().any(|each| each == word), "{word}: {words:?}");
        }
    }

    #[test]
    fn every_sign_comes_to_stand_at_every_place() {
        let is_right = |text: &str| text.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-');
        let signs = Signs::of(is_right).unwrap();
        let last =
            |texts: Vec<String>| texts.iter().filter_map(|text| text.chars().last()).collect::<BTreeSet<_>>().len();
        assert_eq!(last(signs.short_texts().collect()), 63);
        let printable = Signs::of(|text| text.chars().all(|sign| (' '..='~').contains(&sign))).unwrap();
        assert_eq!(last((1..96).map(|turn| printable.text(9, turn, &[])).collect()), 95);
        let texts: Vec<_> = (3..80).map(|length| signs.text(length, length, &["word".to_owned()])).collect();
        assert!(texts.iter().all(|text| is_right(text)), "{texts:?}");
        assert!(texts.iter().zip(3..).all(|(text, length)| text.len() == length), "{texts:?}");
        let count = |place: fn(&String) -> Option<char>| texts.iter().filter_map(place).collect::<BTreeSet<_>>().len();
        assert_eq!((count(|text| text.chars().next()), count(|text| text.chars().last())), (63, 63));
    }
}
