//! A suite: one folder with one contract, its tables and its cases. Built into the program, or read from disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::case::{self, Case};
use crate::contract::{Contract, Table};
use crate::document::{self, SourceError};
use crate::known::Known;
use crate::probe::Sequel;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/cases");
static BUILT_IN_SNAPSHOTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/snapshots");

/// The suite that a run uses when none is named.
pub const DEFAULT: &str = "otc";

const CONTRACT: &str = "contract.yaml";
const KNOWN: &str = "known.yaml";

/// What OpenStack programs call the file in which a provider says where to log in.
const PROFILES: &str = "clouds-public.yaml";

/// A contract and its cases, all read and checked.
#[derive(Debug)]
pub struct Suite {
    /// Name of the folder.
    pub name: String,
    /// What the API promises.
    pub contract: Contract,
    /// The deviations that are known of the service that the contract describes.
    pub known: Known,
    /// The cases in the order of their ids.
    pub cases: Vec<Case>,
    /// Profiles of clouds, as `clouds-public.yaml` has them: where the text stands, and the text.
    pub profiles: Option<(String, String)>,
    /// What goes on with what generated requests create.
    pub sequels: Vec<Sequel>,
    /// What stands in the files of the suite, one after the other.
    pub texts: String,
    /// The redacted answers of each case, by case id, as they were reviewed.
    pub snapshots: HashMap<String, String>,
}

/// Why a suite cannot be used; every broken file is named, not only the first.
#[derive(Debug, thiserror::Error)]
#[error("{}", .errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
pub struct SuiteError {
    /// What is wrong, file by file.
    pub errors: Vec<SourceError>,
}

impl From<SourceError> for SuiteError {
    fn from(error: SourceError) -> Self {
        Self { errors: vec![error] }
    }
}

/// The files of a suite, by path within it.
#[derive(Debug, Default)]
struct Files {
    name: String,
    /// What stands before each path in an error.
    prefix: String,
    texts: Vec<(String, String)>,
}

impl Suite {
    /// Names of the suites that are built in.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.dirs().filter_map(|dir| dir.path().to_str())
    }

    /// Reads a suite that is built in; `None` where there is none of this name.
    pub fn built_in(name: &str) -> Option<Result<Self, SuiteError>> {
        let dir = BUILT_IN.get_dir(name)?;
        let mut files = Files { name: name.to_owned(), prefix: format!("cases/{name}/"), texts: Vec::new() };
        collect_built_in(dir, Path::new(name), &mut files.texts);
        let mut snapshots = Vec::new();
        if let Some(dir) = BUILT_IN_SNAPSHOTS.get_dir(name) {
            collect_built_in(dir, Path::new(name), &mut snapshots);
        }
        Some(Self::read(files, snapshots))
    }

    /// Reads a suite from a folder. Its snapshots stand in the folder of the same name below `snapshots`, beside the folder of suites.
    pub fn from_dir(dir: &Path) -> Result<Self, SuiteError> {
        let shown = dir.display().to_string();
        let resolved = dir
            .canonicalize()
            .map_err(|error| SourceError::of_file(&shown, format!("the suite cannot be read: {error}")))?;
        let name = resolved.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut files =
            Files { name: name.clone(), prefix: format!("{}/", shown.trim_end_matches('/')), texts: Vec::new() };
        collect_disk(&resolved, &resolved, &mut files.texts)
            .map_err(|(path, error)| SourceError::of_file(&path.display().to_string(), error.to_string()))?;
        let mut snapshots = Vec::new();
        let snapshot_dir = resolved.ancestors().nth(2).map(|root| root.join("snapshots").join(&name));
        if let Some(dir) = snapshot_dir.filter(|dir| dir.is_dir()) {
            collect_disk(&dir, &dir, &mut snapshots)
                .map_err(|(path, error)| SourceError::of_file(&path.display().to_string(), error.to_string()))?;
        }
        Self::read(files, snapshots)
    }

    fn read(files: Files, snapshots: Vec<(String, String)>) -> Result<Self, SuiteError> {
        let path_of = |file: &str| format!("{}{file}", files.prefix);
        let mut tables = HashMap::new();
        for (file, text) in files.texts.iter().filter(|(file, _)| has_ending(file, "csv")) {
            let mut table = Table::read(&path_of(file), text)?;
            table.file.clone_from(file);
            tables.insert(file.clone(), Arc::new(table));
        }
        let Some((_, text)) = files.texts.iter().find(|(file, _)| file == CONTRACT) else {
            let error = SourceError::of_file(&path_of(CONTRACT), "the suite has no contract");
            let mut below: Vec<_> = files.texts.iter().filter_map(|(file, _)| file.strip_suffix(CONTRACT)).collect();
            below.sort_unstable();
            let below: Vec<_> =
                below.iter().map(|folder| format!("`{}`", path_of(folder.trim_end_matches('/')))).collect();
            let hint = if below.is_empty() {
                "single cases, as `--save` writes them, belong into the folder of a suite".to_owned()
            } else {
                format!("did you mean {}?", below.join(" or "))
            };
            return Err(error.with_hint(hint).into());
        };
        let contract = Contract::read(&document::parse(&path_of(CONTRACT), text)?, tables)?;

        let sequels = case::sequels(&contract)?;

        let (mut cases, mut errors, mut known) = (Vec::new(), Vec::new(), Known::default());
        if let Some((_, text)) = files.texts.iter().find(|(file, _)| file == KNOWN) {
            let read = document::parse(&path_of(KNOWN), text).and_then(|node| known.add(&contract, &node));
            errors.extend(read.err());
        }
        for (file, text) in files.texts.iter().filter(|(file, _)| !is_about_all(file)) {
            let Some(id) = file.strip_suffix(".yaml") else {
                errors.push(SourceError::of_file(&path_of(file), "a suite holds cases (.yaml) and tables (.csv) only"));
                continue;
            };
            match document::parse(&path_of(file), text).and_then(|node| Case::read(&contract, id, &node)) {
                Ok(case) => cases.push(case),
                Err(error) => errors.push(error),
            }
        }
        if cases.is_empty() && errors.is_empty() {
            errors.push(SourceError::of_file(&path_of(""), "the suite has no cases"));
        }
        if !errors.is_empty() {
            return Err(SuiteError { errors });
        }
        let snapshots = snapshots
            .into_iter()
            .filter_map(|(file, text)| Some((file.strip_suffix(".snap")?.to_owned(), text)))
            .collect();
        let profiles = files.texts.iter().find(|(file, _)| file == PROFILES);
        let profiles = profiles.map(|(file, text)| (path_of(file), text.clone()));
        let texts = files.texts.into_iter().map(|(_, text)| text).collect();
        Ok(Self { name: files.name, contract, known, cases, sequels, profiles, texts, snapshots })
    }
}

/// Whether a file is no case.
fn is_about_all(file: &str) -> bool {
    file == CONTRACT || file == KNOWN || file == PROFILES || has_ending(file, "csv")
}

fn has_ending(file: &str, ending: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == ending)
}

fn collect_built_in(dir: &Dir<'_>, root: &Path, texts: &mut Vec<(String, String)>) {
    for file in dir.files() {
        let path = file.path().strip_prefix(root).unwrap_or(file.path());
        texts.push((path.to_string_lossy().into_owned(), String::from_utf8_lossy(file.contents()).into_owned()));
    }
    for inner in dir.dirs() {
        collect_built_in(inner, root, texts);
    }
    texts.sort();
}

fn collect_disk(dir: &Path, root: &Path, texts: &mut Vec<(String, String)>) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    for entry in std::fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        if path.is_dir() {
            collect_disk(&path, root, texts)?;
        } else {
            let text = std::fs::read_to_string(&path).map_err(at(&path))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            texts.push((name, text));
        }
    }
    texts.sort();
    Ok(())
}
