//! The reports that a run writes beside the text of the terminal: which, whereto, and that each place is good before anything is sent.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::Failure;
use crate::console::{Console, Growing};
use crate::exit_code::ExitCode;
use crate::report::model::Report;
use crate::report::ndjson::Lines;
use crate::report::{Format, github};
use crate::run::Event;

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Also write a report to this file; `-` is standard output, and the text goes to standard error then. Formats: json, junit,
    /// markdown, html, sarif, har, ndjson
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    wanted: Vec<Wanted>,
}

/// One report that is asked for.
#[derive(Clone, Debug)]
struct Wanted {
    format: Format,
    /// `None` is standard output.
    file: Option<PathBuf>,
}

fn names() -> String {
    Format::ALL.map(|(name, _)| name).join(", ")
}

/// The format with this name.
pub(super) fn format(name: &str) -> Result<Format, String> {
    let found = Format::ALL.iter().find(|(each, _)| *each == name);
    found.map(|(_, format)| *format).ok_or_else(|| format!("no format is called `{name}`; there are {}", names()))
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        let (name, file) = parts.ok_or_else(|| format!("expected FORMAT=FILE, with one of {}", names()))?;
        let format = format(name)?;
        match file {
            "" => Err("the file has no name".to_owned()),
            "-" => Ok(Self { format, file: None }),
            file => Ok(Self { format, file: Some(file.into()) }),
        }
    }
}

impl ReportArguments {
    /// Whether standard output belongs to a report.
    pub(super) fn take_output(&self) -> bool {
        self.wanted.iter().any(|wanted| wanted.file.is_none())
    }

    /// Holds that each report has a place of its own, and that the place is there: a run may take an hour.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (index, Wanted { file, .. }) in self.wanted.iter().enumerate() {
            let shown = file.as_ref().map_or("standard output".into(), |file| file.display().to_string());
            let place = file.as_deref().map(place);
            if self.wanted[..index].iter().any(|other| other.file.as_deref().map(self::place) == place) {
                return Err(Failure::WrongUse(format!("--report: two reports cannot both go to {shown}")));
            }
            let Some(file) = file else { continue };
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            if file.is_dir() || file.file_name().is_none() {
                return Err(Failure::WrongUse(format!("--report: {shown} is a folder")));
            }
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(Failure::WrongUse(format!("--report: there is no folder {}", folder.display())));
            }
        }
        Ok(())
    }

    /// Begins what is told as it goes.
    pub(super) fn begin(&self, first: impl Fn(&Lines) -> String, console: &Console) -> Result<Live, Failure> {
        let lines = Lines::new(console.secrets());
        let mut live = Live { lines, files: Vec::new(), console: console.clone(), is_printed: false, error: None };
        for Wanted { file, .. } in self.wanted.iter().filter(|wanted| wanted.format == Format::Ndjson) {
            let Some(file) = file else {
                live.is_printed = true;
                continue;
            };
            let begun = Console::grow(file, true);
            live.files.push(begun.map_err(|error| Failure::WrongUse(cannot_write(file, &error)))?);
        }
        live.tell(&first(&live.lines));
        Ok(live)
    }

    /// Writes every report, and what GitHub shows where it runs this. Each is tried; where one cannot be written that is said, and the exit code of the run is no
    /// better than that of wrong use.
    pub(super) fn write(&self, report: &Report, mut live: Live, console: &Console, code: ExitCode) -> ExitCode {
        live.tell(&Lines::end(report));
        let lost = live.error.take().map(|error| format!("cannot write what happened: {error}"));
        let mut errors: Vec<_> = lost.into_iter().collect();
        for Wanted { format, file } in self.wanted.iter().filter(|wanted| wanted.format != Format::Ndjson) {
            let written = format.render(report).and_then(|text| match file {
                None => {
                    console.print(&text);
                    Ok(())
                }
                Some(file) => console.replace(file, &text).map_err(|error| cannot_write(file, &error)),
            });
            errors.extend(written.err());
        }
        errors.extend(self.tell_github(report, console).err());
        for error in &errors {
            console.note(&format!("{error}\n"));
        }
        if errors.is_empty() { code } else { code.max(ExitCode::WrongUse) }
    }

    fn tell_github(&self, report: &Report, console: &Console) -> Result<(), String> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if set("GITHUB_ACTIONS").as_deref() == Some("true") {
            let text = github::annotations(report);
            if self.take_output() {
                console.note(&text);
            } else {
                console.print(&text);
            }
        }
        let Some(summary) = set("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
        let text = Format::Markdown.render(report)?;
        let mut file = Console::grow(&summary, false).map_err(|error| cannot_write(&summary, &error))?;
        file.add(&text).map_err(|error| cannot_write(&summary, &error))
    }
}

/// Where a file is, or will be, whatever leads there.
fn place(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = || Some(folder.canonicalize().ok()?.join(file.file_name()?));
    file.canonicalize().ok().or_else(made).unwrap_or_else(|| file.to_owned())
}

fn cannot_write(file: &Path, error: &std::io::Error) -> String {
    format!("cannot write {}: {error}", file.display())
}

/// What is told while the run goes on.
pub(super) struct Live {
    lines: Lines,
    files: Vec<Growing>,
    console: Console,
    is_printed: bool,
    /// Why a line is lost.
    error: Option<std::io::Error>,
}

impl Live {
    /// Tells what happened.
    pub(super) fn see(&mut self, event: &Event) {
        if !self.files.is_empty() || self.is_printed {
            let text = self.lines.of(event).unwrap_or_default();
            self.tell(&text);
        }
    }

    fn tell(&mut self, text: &str) {
        if self.is_printed {
            self.console.print(text);
        }
        for file in &mut self.files {
            if let Err(error) = file.add(text) {
                self.error.get_or_insert(error);
            }
        }
    }
}
