//! Does in a folder of its own what a page says: writes the files, and gives the commands to bash.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ims-conformance");

/// A folder in which there are the suites of the project, and nothing else.
pub(crate) struct Shell {
    folder: TempDir,
    /// The stubs that were started, by the address that the page gives them.
    stubs: HashMap<String, Served>,
}

struct Served {
    child: Child,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shell {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy(Path::new("cases"), &folder.path().join("cases"));
        fs::create_dir(folder.path().join("home")).unwrap();
        Self { folder, stubs: HashMap::new() }
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Exit code and output of a command, standard error included. A stub goes on until the next one takes its address.
    pub(crate) fn run(&mut self, command: &str) -> (i32, Vec<String>) {
        let command = command.replace("cargo run -- ", "ims-conformance ");
        let is_stub = command.starts_with("ims-conformance stub ");
        match command.split_once(" --listen ").filter(|_| is_stub) {
            Some((_, rest)) => self.serve(rest.split(' ').next().unwrap_or_default(), &command),
            None => self.finish(&command),
        }
    }

    fn bash(&self, command: &str) -> Command {
        let mut bash = Command::new("bash");
        let path = format!("{}:{}", Path::new(PROGRAM).parent().unwrap().display(), std::env::var("PATH").unwrap());
        bash.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(self.folder.path()).stdin(Stdio::null());
        bash.env_clear().env("PATH", path).env("HOME", self.folder.path().join("home"));
        bash
    }

    fn finish(&self, command: &str) -> (i32, Vec<String>) {
        let meant = |text: String, served: (&String, &Served)| text.replace(served.0.as_str(), &served.1.address);
        let output = self.bash(&self.stubs.iter().fold(command.to_owned(), meant)).output().unwrap();
        let shown = |text: String, served: (&String, &Served)| text.replace(&served.1.address, served.0);
        let text = self.stubs.iter().fold(String::from_utf8(output.stdout).unwrap(), shown);
        (output.status.code().unwrap_or(-1), text.lines().map(str::to_owned).collect())
    }

    fn serve(&mut self, address: &str, command: &str) -> (i32, Vec<String>) {
        self.stubs.remove(address);
        let command = format!("exec {}", command.replace(address, "127.0.0.1:0"));
        let mut child = self.bash(&command).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some(real) = line.trim().strip_prefix("http://") else {
            output.read_to_string(&mut line).unwrap();
            return (child.wait().unwrap().code().unwrap_or(-1), line.lines().map(str::to_owned).collect());
        };
        let mut note = String::new();
        output.read_line(&mut note).unwrap();
        let served = Served { child, address: real.to_owned() };
        self.stubs.insert(address.to_owned(), served);
        (0, vec![format!("http://{address}"), note.trim_end().to_owned()])
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
