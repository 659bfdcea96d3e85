//! A suite: one folder with one contract, its tables and its cases. Built into the program, or read from disk.

pub(crate) mod export;
mod files;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::baseline::Baseline;
use crate::case::{self, Case};
use crate::contract::{Contract, Table, locate};
use crate::document::{self, Node, SourceError};
use crate::plan;
use crate::probe::FollowUp;

pub(crate) use files::read_text;

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/cases");

/// The suite that a run uses when none is named.
pub const DEFAULT: &str = "otc";

/// The JSON Schema of a case file, for editors.
pub const CASE_SCHEMA: &str = include_str!("suite/case.schema.json");

/// The JSON Schema of a contract, for editors.
pub const CONTRACT_SCHEMA: &str = include_str!("suite/contract.schema.json");

/// The JSON Schema of a list of known deviations, for editors.
pub const BASELINE_SCHEMA: &str = include_str!("suite/baseline.schema.json");

const CONTRACT: &str = "contract.yaml";
const BASELINE: &str = "baseline.yaml";

/// What OpenStack programs call the file in which a provider says where to log in.
const PROFILES: &str = "clouds-public.yaml";

/// A contract and its cases, all read and checked.
#[derive(Debug)]
pub struct Suite {
    /// Name of the folder.
    pub name: String,
    /// What the API promises.
    pub contract: Arc<Contract>,
    /// The contract as it stands in its file, for the places of errors.
    pub(crate) source: Node,
    /// The deviations that are known of the service that the contract describes.
    pub baseline: Baseline,
    /// The cases in the order of their ids.
    pub cases: Vec<Case>,
    /// Profiles of clouds, as `clouds-public.yaml` has them: where the text stands, and the text.
    pub profiles: Option<(String, String)>,
    /// What goes on with what generated requests create.
    pub follow_ups: Vec<FollowUp>,
    /// What stands in the files of the suite, one after the other.
    pub texts: String,
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

impl Files {
    fn from_dir(dir: &Path) -> Result<Self, SuiteError> {
        let shown = dir.display().to_string();
        let resolved = dir
            .canonicalize()
            .map_err(|error| SourceError::of_file(&shown, format!("the suite cannot be read: {error}")))?;
        if resolved.is_file() {
            return Err(no_folder(&shown, dir).into());
        }
        if std::fs::symlink_metadata(resolved.join(CONTRACT)).is_err() {
            // What else is there may be anything, and is not read.
            let shown = shown.trim_end_matches('/');
            return Err(no_contract(shown, &files::folders_with(&resolved, CONTRACT)).into());
        }
        let name = resolved.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let texts = files::on_disk(&resolved).map_err(|(path, error)| {
            let path = path.strip_prefix(&resolved).map_or(path.clone(), |inner| dir.join(inner));
            SourceError::of_file(&path.display().to_string(), error.to_string())
        })?;
        Ok(Self { name, prefix: format!("{}/", shown.trim_end_matches('/')), texts })
    }

    fn path_of(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }

    /// The contract, as it stands in its file and as it was read.
    fn contract(&self) -> Result<(Node, Contract), SuiteError> {
        let (mut tables, mut errors) = (HashMap::new(), Vec::new());
        for (file, text) in self.texts.iter().filter(|(file, _)| has_ending(file, "csv")) {
            match Table::read(&self.path_of(file), text) {
                Ok(mut table) => {
                    table.file.clone_from(file);
                    tables.insert(file.clone(), Arc::new(table));
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(SuiteError { errors });
        }
        let Some((_, text)) = self.texts.iter().find(|(file, _)| file == CONTRACT) else {
            return Err(no_contract(self.prefix.trim_end_matches('/'), &[]).into());
        };
        let source = document::parse(&self.path_of(CONTRACT), text)?;
        let contract = Contract::read(&source, tables)?;
        can_be_made(&contract, &source)?;
        Ok((source, contract))
    }
}

impl Suite {
    /// Names of the suites that are built in.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        files::built_in_folders(&BUILT_IN).filter_map(|dir| dir.path().to_str())
    }

    /// Reads a suite that is built in; `None` where there is none of this name.
    pub fn built_in(name: &str) -> Option<Result<Self, SuiteError>> {
        let dir = BUILT_IN.get_dir(name)?;
        let texts = files::built_in(dir, Path::new(name));
        let files = Files { name: name.to_owned(), prefix: format!("cases/{name}/"), texts };
        Some(Self::read(files))
    }

    /// Reads a suite from a folder.
    pub fn from_dir(dir: &Path) -> Result<Self, SuiteError> {
        Self::read(Files::from_dir(dir)?)
    }

    /// Reads no more of a folder than its contract: its cases may be broken, or still be written.
    pub fn contract_from_dir(dir: &Path) -> Result<Contract, SuiteError> {
        Ok(Files::from_dir(dir)?.contract()?.1)
    }

    fn read(files: Files) -> Result<Self, SuiteError> {
        let path_of = |file: &str| files.path_of(file);
        let (source, contract) = files.contract()?;
        let follow_ups = case::follow_ups(&contract)?;

        let mut errors = Vec::new();
        let (mut cases, mut baseline) = (Vec::<Case>::new(), Baseline::default());
        if let Some((_, text)) = files.texts.iter().find(|(file, _)| file == BASELINE) {
            let read = document::parse(&path_of(BASELINE), text).and_then(|node| baseline.add(&contract, &node));
            errors.extend(read.err());
        }
        for (file, text) in files.texts.iter().filter(|(file, _)| !is_about_all(file)) {
            let Some(id) = file.strip_suffix(".yaml") else {
                errors.push(unknown_ending(&path_of(file), file));
                continue;
            };
            let read = document::parse(&path_of(file), text).and_then(|node| {
                let case = Case::read(&contract, id, &node)?;
                has_own_title(&case, &cases, &node)?;
                Ok(case)
            });
            match read {
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
        let profiles = files.texts.iter().find(|(file, _)| file == PROFILES);
        let profiles = profiles.map(|(file, text)| (path_of(file), text.clone()));
        let texts = files.texts.into_iter().map(|(_, text)| text).collect();
        let contract = Arc::new(contract);
        Ok(Self { name: files.name, contract, source, baseline, cases, follow_ups, profiles, texts })
    }
}

/// What is said of a file in place of a folder, such as a case.
fn no_folder(shown: &str, file: &Path) -> SourceError {
    let suite = file.ancestors().skip(1).find(|folder| folder.join(CONTRACT).is_file());
    let hint = match suite.map(Path::display) {
        Some(suite) => format!("`check {suite}` checks all of it; `run --suite {suite} {shown}` runs this case alone"),
        None => "a suite is a folder with a contract.yaml".to_owned(),
    };
    SourceError::of_file(shown, "this is a file, and no suite").with_hint(hint)
}

/// What is said of a folder that is no suite; `below` are the folders in it that are.
fn no_contract(shown: &str, below: &[String]) -> SourceError {
    let below: Vec<_> = below.iter().map(|name| format!("`{shown}/{name}`")).collect();
    let hint = if below.is_empty() {
        "a suite is a folder with a contract.yaml; single cases, as `--save` writes them, belong into the folder of a suite".to_owned()
    } else {
        format!("did you mean {}?", below.join(" or "))
    };
    SourceError::of_file(&format!("{shown}/{CONTRACT}"), "the suite has no contract").with_hint(hint)
}

/// A report names cases by their titles, too.
fn has_own_title(case: &Case, earlier: &[Case], node: &Node) -> Result<(), SourceError> {
    match earlier.iter().find(|other| other.title == case.title) {
        Some(other) => {
            let error = node.get("title").unwrap_or(node).error(format!("this is the title of {}, too", other.id));
            Err(error.with_hint("say what tells the two apart"))
        }
        None => Ok(()),
    }
}

/// Every field that a request may give needs a value that is surely right, or nothing about it can be tried.
fn can_be_made(contract: &Contract, source: &Node) -> Result<(), SourceError> {
    for schema in contract.creation.request.properties.values().filter(|schema| schema.can_be_given()) {
        if !plan::can_be_made(schema) {
            let field = locate(source, &schema.clause(""));
            let error = field.error("no value of this field is known that every reading allows");
            return Err(error.with_hint("give one under `examples`, or mend the rules that no value keeps together"));
        }
    }
    Ok(())
}

/// What is wrong with a file that was meant to count.
fn unknown_ending(shown: &str, file: &str) -> SourceError {
    let error = SourceError::of_file(shown, "a suite holds cases (.yaml) and tables (.csv) only");
    let right = match Path::new(file).extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()) {
        Some(ending) if ending == "csv" => "csv",
        _ => "yaml",
    };
    // Some systems hide an ending, and add another one.
    let stem = Path::new(file).with_extension("");
    let stem = if has_ending(&stem.to_string_lossy(), right) { stem.with_extension("") } else { stem };
    let name = stem.with_extension(right);
    let name = name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    error.with_hint(format!(
        "did you mean `{name}`? What begins with a dot, or is a page such as README.md, is passed by"
    ))
}

/// Whether a file is no case.
fn is_about_all(file: &str) -> bool {
    file == CONTRACT || file == BASELINE || file == PROFILES || has_ending(file, "csv")
}

fn has_ending(file: &str, ending: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == ending)
}
