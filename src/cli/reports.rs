//! The reports that a run writes beside the text of the terminal: which, whereto, and that each place is good before anything is sent.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::Failure;
use crate::console::Console;
use crate::report::Format;
use crate::report::model::Report;

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Also write a report to this file; `-` is standard output, and the text goes to standard error then. Formats: json
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

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Format::ALL.map(|(name, _)| name).join(", ");
        let (name, file) =
            text.split_once('=').ok_or_else(|| format!("expected FORMAT=FILE, with one of {}", names()))?;
        let format = Format::ALL.iter().find(|(each, _)| *each == name);
        let (_, format) = format.ok_or_else(|| format!("no format is called `{name}`; there are {}", names()))?;
        match file {
            "" => Err("the file has no name".to_owned()),
            "-" => Ok(Self { format: *format, file: None }),
            file => Ok(Self { format: *format, file: Some(file.into()) }),
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
            if self.wanted[..index].iter().any(|other| other.file == *file) {
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

    /// Writes every report. Each is tried, and the first that cannot be written is the failure.
    pub(super) fn write(&self, report: &Report, console: &Console) -> Result<(), Failure> {
        let mut done = Ok(());
        for Wanted { format, file } in &self.wanted {
            let text = format.render(report);
            let written = match (text, file) {
                (Err(error), _) => Err(error),
                (Ok(text), None) => {
                    console.print(&text);
                    Ok(())
                }
                (Ok(text), Some(file)) => {
                    console.replace(file, &text).map_err(|error| format!("cannot write {}: {error}", file.display()))
                }
            };
            done = done.and(written.map_err(Failure::WrongUse));
        }
        done
    }
}
