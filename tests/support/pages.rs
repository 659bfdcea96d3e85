//! The pages that people read, as a test reads them: which commands they name, what they show of each, and which files they have somebody write.

use std::fs;
use std::path::{Path, PathBuf};

/// A page of Markdown.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) lines: Vec<String>,
}

/// A fenced block.
pub(crate) struct Block {
    pub(crate) language: String,
    /// What the comment before it says to this test, `<!-- test: … -->`; readers do not see it.
    pub(crate) note: String,
    /// Index of its first line in the page.
    pub(crate) start: usize,
    pub(crate) lines: Vec<String>,
}

/// A command of a block, and what the page shows of it.
pub(crate) struct Shown {
    pub(crate) command: String,
    /// Index of the first line of its output in the page.
    pub(crate) start: usize,
    pub(crate) output: Vec<String>,
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect() }
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (index, line) in self.lines.iter().enumerate() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(language), None) => {
                    let before = index.checked_sub(1).map(|index| self.lines[index].as_str()).unwrap_or_default();
                    let note = before.strip_prefix("<!-- test: ").and_then(|rest| rest.strip_suffix(" -->"));
                    let (language, note) = (language.to_owned(), note.unwrap_or_default().to_owned());
                    open = Some(Block { language, note, start: index + 1, lines: Vec::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => block.lines.push(line.clone()),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name());
        blocks
    }

    /// The text outside of blocks.
    pub(crate) fn prose(&self) -> String {
        let blocks = self.blocks();
        let is_within = |index: usize| {
            blocks.iter().any(|block| index + 1 >= block.start && index <= block.start + block.lines.len())
        };
        let lines = self.lines.iter().enumerate().filter(|(index, _)| !is_within(*index));
        lines.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The pieces of code within sentences and tables.
    pub(crate) fn spans(&self) -> Vec<String> {
        let prose = self.prose();
        prose.split("\n\n").flat_map(|part| part.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
    }
}

impl Block {
    /// The path of the file that the block is, which its first line names in a comment.
    pub(crate) fn file(&self) -> Option<&str> {
        let path = self.lines.first()?.strip_prefix("# ")?;
        (path.contains('.') && !path.contains(' ')).then_some(path)
    }

    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }

    pub(crate) fn commands(&self) -> Vec<Shown> {
        let mut commands = Vec::<Shown>::new();
        for (index, line) in self.lines.iter().enumerate() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => {
                    let start = self.start + index + 1;
                    commands.push(Shown { command: command.to_owned(), start, output: Vec::new() });
                }
                (None, Some(shown)) => shown.output.push(line.clone()),
                (None, None) => panic!("line {} is no command and no output of one: {line}", self.start + index + 1),
            }
        }
        commands
    }
}
