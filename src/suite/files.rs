//! Which files of a folder are a suite's, and what they hold.
//!
//! Beside the cases stand things that nobody meant for this program: what editors, file managers and version control leave, and pages for people. They
//! are passed by, in a folder as in the program. What looks like a case or a table and has another ending is no such thing: it was meant to count.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};

use include_dir::Dir;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A path within the suite, and the text there.
pub(super) type Text = (String, String);

/// The text of a regular file. A pipe, a device or a folder in its place is an error, as reading it may never end.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "this is no regular file"));
    }
    if about.len() > LARGEST {
        return Err(Error::new(ErrorKind::InvalidInput, format!("the file is larger than {LARGEST} bytes")));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Error::new(ErrorKind::InvalidData, format!("line {line}, column {column}: this is not UTF-8"))
    })
}

/// Whether a file or a folder of this name is none of the suite's.
fn is_passed_by(name: &str) -> bool {
    const ENDINGS: [&str; 11] =
        [".bak", ".md", ".old", ".orig", ".part", ".rej", ".rst", ".save", ".swo", ".swp", ".tmp"];
    // vim makes a file called 4913 to see whether it can.
    const NAMES: [&str; 3] = ["desktop.ini", "thumbs.db", "4913"];
    const PAGES: [&str; 6] = ["authors", "changelog", "copying", "license", "notice", "readme"];
    let lower = name.to_ascii_lowercase();
    let is_page = lower.split(['.', '-']).next().is_some_and(|stem| PAGES.contains(&stem));
    let is_hidden = lower.starts_with('.');
    let is_backup = lower.ends_with('~') || (lower.starts_with('#') && lower.ends_with('#'));
    let is_other = NAMES.contains(&lower.as_str()) || ENDINGS.iter().any(|ending| lower.ends_with(ending));
    is_hidden || is_backup || is_page || is_other
}

fn is_path_passed_by(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_passed_by(&name.to_string_lossy()))
}

/// The folders in the program that hold a suite.
pub(super) fn built_in_folders<'a>(dir: &'a Dir<'a>) -> impl Iterator<Item = &'a Dir<'a>> {
    dir.dirs().filter(|dir| !is_path_passed_by(dir.path()))
}

/// The files of a folder in the program, in the order of their paths.
pub(super) fn built_in(dir: &Dir<'_>, root: &Path) -> Vec<Text> {
    let mut texts = Vec::new();
    collect_built_in(dir, root, &mut texts);
    texts.sort();
    texts
}

fn collect_built_in(dir: &Dir<'_>, root: &Path, texts: &mut Vec<Text>) {
    for file in dir.files().filter(|file| !is_path_passed_by(file.path())) {
        let path = file.path().strip_prefix(root).unwrap_or(file.path());
        texts.push((path.to_string_lossy().into_owned(), String::from_utf8_lossy(file.contents()).into_owned()));
    }
    for inner in built_in_folders(dir) {
        collect_built_in(inner, root, texts);
    }
}

/// The names of the folders directly below this one that hold a file of this name, in their order.
pub(super) fn folders_with(dir: &Path, file: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let below = entries.filter(|entry| !is_path_passed_by(&entry.path()) && entry.path().join(file).is_file());
    let mut names: Vec<_> = below.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// The files of a folder on disk, in the order of their paths; or the path that cannot be read, and why.
pub(super) fn on_disk(dir: &Path) -> std::result::Result<Vec<Text>, (PathBuf, Error)> {
    let mut texts = Vec::new();
    collect_on_disk(dir, dir, &mut texts)?;
    texts.sort();
    Ok(texts)
}

fn collect_on_disk(dir: &Path, root: &Path, texts: &mut Vec<Text>) -> std::result::Result<(), (PathBuf, Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    for entry in std::fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        if is_path_passed_by(&path) {
            continue;
        }
        if path.is_dir() {
            let resolved = path.canonicalize().map_err(at(&path))?;
            if dir.canonicalize().is_ok_and(|dir| dir.starts_with(&resolved)) {
                return Err(at(&path)(Error::new(ErrorKind::InvalidInput, "this link leads to a folder around it")));
            }
            collect_on_disk(&path, root, texts)?;
        } else {
            let text = read_text(&path).map_err(at(&path))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            texts.push((name, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_passed_by;

    #[test]
    fn what_editors_and_file_managers_leave_is_passed_by() {
        for name in [
            ".DS_Store",
            "._accepts_it.yaml",
            ".accepts_it.yaml.swp",
            ".git",
            ".gitkeep",
            "#accepts_it.yaml#",
            ".#accepts_it.yaml",
            "accepts_it.yaml~",
            "accepts_it.yaml.orig",
            "Thumbs.db",
            "README.md",
            "LICENSE",
            "LICENSE-MIT",
            "readme.txt",
        ] {
            assert!(is_passed_by(name), "{name}");
        }
        for name in [
            "accepts_it.yaml",
            "accepts_it.yml",
            "accepts_it.YAML",
            "accepts_it",
            "accepts_it.yaml.txt",
            "contract.yaml",
            "a.csv",
        ] {
            assert!(!is_passed_by(name), "{name}");
        }
    }
}
