//! Where the program's words go: everything that leaves the process, to a terminal or a file, passes here, loses its
//! secrets here, and has what no program should say to a terminal escaped here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path};
use std::sync::{Arc, OnceLock};

use crate::secret::Secrets;
use crate::untrusted::{on_terminal, visible};

/// What shows the words; only `main.rs` knows a real one.
pub trait Sink: Send + Sync {
    /// A part of the result. When this returns without an error, it is where it should be.
    fn print(&self, text: &str) -> io::Result<()>;
    /// Something beside the result: progress, a warning.
    fn note(&self, text: &str);
    /// Whether notes reach a person who watches.
    fn is_watched(&self) -> bool;
    /// How many columns the result has room for; `None` where that is no terminal.
    fn columns(&self) -> Option<usize> {
        None
    }
}

/// A sink, and the secrets that must not reach it. A clone leads to the same place.
#[derive(Clone)]
pub struct Console {
    sink: Arc<dyn Sink>,
    secrets: Secrets,
    /// Why a part of the result is lost.
    loss: Arc<OnceLock<io::Error>>,
    /// Set once nothing is to be said of secrets that cannot be taken out.
    is_calm: Arc<OnceLock<()>>,
}

/// A file that grows.
#[derive(Debug)]
pub struct Growing(File);

impl Growing {
    /// Adds a text that has no secret in it any more.
    pub fn add(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(visible(text).as_bytes())
    }
}

impl Console {
    /// A console that knows no secret yet.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink, secrets: Secrets::default(), loss: Arc::default(), is_calm: Arc::default() }
    }

    /// Says nothing of secrets that are too short to be taken out: where nothing is sent, nothing that a server repeats is shown.
    pub fn keep_calm(&self) {
        self.is_calm.get_or_init(|| ());
    }

    /// The secrets that this console keeps.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Shows a part of the result. Whether that went well, [`Console::loss`] says in the end.
    pub fn print(&self, text: &str) {
        self.register_secrets();
        match self.sink.print(&self.shown(text)) {
            // A reader that has gone away, as `head` does, wants no more.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => drop(self.loss.set(error)),
            Ok(()) | Err(_) => {}
        }
    }

    /// Why a part of the result is not where it should be: the disk may be full.
    pub fn loss(&self) -> Option<&io::Error> {
        self.loss.get()
    }

    /// Shows something beside the result.
    pub fn note(&self, text: &str) {
        self.register_secrets();
        self.sink.note(&self.shown(text));
    }

    /// The text as a person may see it.
    fn shown(&self, text: &str) -> String {
        on_terminal(&self.secrets.redact_text(text))
    }

    /// Says which secrets cannot be taken out of what is shown.
    fn register_secrets(&self) {
        if self.is_calm.get().is_some() {
            return;
        }
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

    /// How many columns the result has room for; `None` where it goes to no terminal.
    pub fn columns(&self) -> Option<usize> {
        self.sink.columns()
    }

    /// Writes a file, or puts it in the place of the one that is there: whoever reads it meanwhile sees the old one or the new one, and never a half. The text has
    /// no secret in it any more. What is no ordinary file, such as a pipe, is written to as it is.
    pub fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let text = visible(text);
        let place = match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                return open_special(path)?.write_all(text.as_bytes());
            }
            // A link stays one.
            Ok(_) => path.canonicalize()?,
            Err(_) => path.to_owned(),
        };
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = place.with_file_name(name);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&beside, &place));
        written.inspect_err(|_| {
            // The error tells of what matters.
            let _ = fs::remove_file(&beside);
        })
    }

    /// Begins a file that grows while somebody may read it, in the place of the one that is there; or goes on with that one.
    pub fn grow(path: &Path, is_new: bool) -> io::Result<Growing> {
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Ok(Growing(open_special(path)?));
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(is_new).append(!is_new).open(path)?;
        Ok(Growing(file))
    }

    /// Writes a file that is not there yet, and the folders above it, below this folder: no name leads out of it, and no link below it is followed.
    pub fn write_new(&self, folder: &Path, name: &Path, text: &str) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut path = folder.to_owned();
        let mut parts = name.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(part) = part else {
                return Err(io::Error::other("the name leads out of the folder"));
            };
            path.push(part);
            if parts.peek().is_some() {
                make_folder(&path)?;
            }
        }
        // A link in place of the file is there already.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let written = file.write_all(visible(&self.secrets.redact_text(text)).as_bytes());
        written.inspect_err(|_| {
            // Half a file is none; where it cannot be removed either, the error tells of it.
            let _ = fs::remove_file(&path);
        })
    }
}

/// Opens what is no ordinary file for writing. A pipe that nobody reads would be waited for without end, and is refused instead.
fn open_special(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    let _reader = {
        use std::os::unix::fs::OpenOptionsExt;
        let at_once = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
        // Held while the other one is opened, which then waits for nothing.
        let opened = OpenOptions::new().write(true).custom_flags(at_once).open(path);
        opened.map_err(|error| match rustix::io::Errno::from_io_error(&error) {
            Some(rustix::io::Errno::NXIO) => io::Error::other("nobody reads this pipe"),
            _ => error,
        })?
    };
    OpenOptions::new().write(true).open(path)
}

/// Makes a folder in one that is there; a link to one is none.
fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let is_folder = fs::symlink_metadata(path)?.is_dir();
            let why = || io::Error::other(format!("{} is no folder but a link or a file", path.display()));
            is_folder.then_some(()).ok_or_else(why)
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use super::{Console, Sink};
    use crate::secret::{Kind, Secret};

    #[derive(Default)]
    struct Paper(Mutex<String>);

    impl Sink for Paper {
        fn print(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
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
        let (name, file) = (Path::new("a/b.yaml"), folder.path().join("a/b.yaml"));
        console.write_new(folder.path(), name, "name: open sesame\n").unwrap();
        let shown = format!("{}{}", paper.0.lock().unwrap(), std::fs::read_to_string(&file).unwrap());
        assert_eq!(shown, "it is [password]\nnot [password]\nname: [password]\n");
        assert!(console.write_new(folder.path(), name, "again").is_err());
    }

    #[test]
    fn what_is_written_stays_in_its_folder() {
        let console = Console::new(Arc::new(Paper::default()));
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
            std::os::unix::fs::symlink(outside.join("d.yaml"), inside.join("c.yaml")).unwrap();
        }
        for name in ["../out/a.yaml", "/a.yaml", "a/../../out/a.yaml", "link/a.yaml", "c.yaml"] {
            assert!(console.write_new(&inside, Path::new(name), "text").is_err(), "{name}");
        }
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        console.write_new(&inside, Path::new("a/b/c.yaml"), "text").unwrap();
    }

    #[test]
    fn a_result_that_is_lost_is_known_to_be_so_and_one_that_nobody_wants_is_not() {
        struct Full(io::ErrorKind);
        impl Sink for Full {
            fn print(&self, _: &str) -> io::Result<()> {
                Err(self.0.into())
            }
            fn note(&self, _: &str) {}
            fn is_watched(&self) -> bool {
                false
            }
        }
        for (kind, is_lost) in [(io::ErrorKind::StorageFull, true), (io::ErrorKind::BrokenPipe, false)] {
            let console = Console::new(Arc::new(Full(kind)));
            assert!(console.loss().is_none());
            console.print("text");
            assert_eq!(console.loss().is_some(), is_lost, "{kind}");
        }
    }
}
