//! How much of a report is shown, and how wide its lines are.

/// How much a reader wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Nothing where all is well; otherwise what is not.
    Quiet,
    /// What the run amounts to, with what conforms as a count.
    Usual,
    /// All of it: each clause with its verdict, each choice, each thing that nobody documents, each finding whole.
    Verbose,
}

/// What a reader wants to see, and how many columns a line of our own words has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub(super) detail: Detail,
    pub(super) width: usize,
}

/// The columns where there is no terminal that has some.
const WIDTH: usize = 80;

/// A narrower terminal breaks lines itself; a line that is longer than this is hard to read.
const NARROWEST: usize = 60;
const WIDEST: usize = 120;

impl View {
    /// For a terminal of so many columns; `None` is a file, or a pipe.
    pub fn new(detail: Detail, columns: Option<usize>) -> Self {
        Self { detail, width: columns.map_or(WIDTH, |columns| columns.clamp(NARROWEST, WIDEST)) }
    }

    /// A text of our own words, from this column on, with a line for as many of them as fit.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> String {
        let (mut out, mut column) = (String::with_capacity(text.len()), indent);
        for word in text.split(' ') {
            let length = word.chars().count();
            if column > indent && column + 1 + length > self.width {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else if column > indent {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out
    }
}

impl From<Detail> for View {
    fn from(detail: Detail) -> Self {
        Self::new(detail, None)
    }
}

#[cfg(test)]
mod tests {
    use super::{Detail, View};

    #[test]
    fn a_line_is_as_wide_as_the_terminal_within_what_can_be_read() {
        let text = "word ".repeat(60);
        for (columns, widest) in [(None, 80), (Some(0), 60), (Some(20), 60), (Some(100), 100), (Some(300), 120)] {
            let lines = View::new(Detail::Usual, columns).wrapped(text.trim_end(), 5);
            let widths: Vec<_> = lines.lines().map(|line| line.chars().count()).collect();
            let longest = widths.iter().max().copied().unwrap_or_default() + if widths[0] > 5 { 0 } else { 5 };
            assert!(longest <= widest && longest + "word ".len() > widest, "{columns:?}: {longest}");
        }
    }
}
