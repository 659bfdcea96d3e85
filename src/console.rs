//! Where the program's words go: everything that leaves the process, to a terminal or a file, passes here, loses its
//! secrets here, and has what no program should say to a terminal escaped here.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::secret::Secrets;
use crate::untrusted::{on_terminal, visible};

/// What shows the words; only `main.rs` knows a real one.
pub trait Sink: Send + Sync {
    /// A part of the result.
    fn print(&self, text: &str);
    /// Something beside the result: progress, a warning.
    fn note(&self, text: &str);
    /// Whether notes reach a person who watches.
    fn is_watched(&self) -> bool;
}

/// A sink, and the secrets that must not reach it. A clone leads to the same place.
#[derive(Clone)]
pub struct Console {
    sink: Arc<dyn Sink>,
    secrets: Secrets,
}

impl Console {
    /// A console that knows no secret yet.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink, secrets: Secrets::default() }
    }

    /// The secrets that this console keeps.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Shows a part of the result.
    pub fn print(&self, text: &str) {
        self.confess();
        self.sink.print(&self.shown(text));
    }

    /// Shows something beside the result.
    pub fn note(&self, text: &str) {
        self.confess();
        self.sink.note(&self.shown(text));
    }

    /// The text as a person may see it.
    fn shown(&self, text: &str) -> String {
        on_terminal(&self.secrets.redact_text(text))
    }

    /// Says which secrets cannot be taken out of what is shown.
    fn confess(&self) {
        for kind in self.secrets.take_ordinary() {
            self.sink.note(&format!(
                "warning: a {} is too short, or too ordinary a word, to be taken out of what is shown\n",
                kind.name()
            ));
        }
    }

    /// Has panics of this process told here: what they say may hold what was in memory.
    pub fn take_panics(&self) {
        let console = self.clone();
        std::panic::set_hook(Box::new(move |panic| console.note(&format!("{panic}\n"))));
    }

    /// Whether notes reach a person who watches.
    pub fn is_watched(&self) -> bool {
        self.sink.is_watched()
    }

    /// Writes a file that is not there yet, and the folders above it.
    pub fn write_new(&self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(visible(&self.secrets.redact_text(text)).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Console, Sink};
    use crate::secret::{Kind, Secret};

    #[derive(Default)]
    struct Paper(Mutex<String>);

    impl Sink for Paper {
        fn print(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }

        fn note(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }

        fn is_watched(&self) -> bool {
            false
        }
    }

    #[test]
    fn no_way_out_tells_a_secret() {
        let paper = Arc::new(Paper::default());
        let console = Console::new(Arc::clone(&paper) as Arc<dyn Sink>);
        console.secrets().add(&Secret::new(Kind::Password, "open sesame"));
        console.print("it is open sesame\n");
        console.note("not open%20sesame\n");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.yaml");
        console.write_new(&file, "name: open sesame\n").unwrap();
        let shown = format!("{}{}", paper.0.lock().unwrap(), std::fs::read_to_string(&file).unwrap());
        assert_eq!(shown, "it is [password]\nnot [password]\nname: [password]\n");
        assert!(console.write_new(&file, "again").is_err());
    }
}
