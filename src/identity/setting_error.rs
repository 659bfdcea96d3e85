//! What is wrong with the settings of a cloud. No variant holds a value of a setting that may be secret, nor a line of a file that holds one.

use super::place::{SettingSource, listed};
use crate::document::{TAG, nearest};

/// Why the settings of a cloud cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A file is there, or was named, and cannot be read.
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        cause: String,
    },
    /// A file is not YAML. The line itself is not shown: it may hold a password.
    #[error("{0}: no valid YAML from here on; see to indentation, quotes and colons here and on the line before")]
    Syntax(SettingSource),
    /// A value is marked for another program, which would make something else of it.
    #[error("{0}: {TAG}; write the value itself")]
    Tag(SettingSource),
    /// A variable came out of a file with the line ends of Windows.
    #[error(
        "{0} ends in a carriage return; the file that sets it has the line ends of Windows, and `sed -i 's/\\r$//'` on it mends that"
    )]
    CarriageReturn(SettingSource),
    /// A value has the wrong form.
    #[error("{place}: `{key}` must be {expected}")]
    Form {
        /// Where the value stands.
        place: SettingSource,
        /// Its key.
        key: String,
        /// What would be right.
        expected: String,
    },
    /// A cloud was named, but no file could hold it.
    #[error("no clouds.yaml for the cloud `{cloud}`; looked in {}; OS_CLIENT_CONFIG_FILE can name another file", .looked.join(", "))]
    NoFile {
        /// The cloud that was asked for.
        cloud: String,
        /// The folders that were searched.
        looked: Vec<String>,
    },
    /// The files do not have the cloud.
    #[error("no cloud `{cloud}` in {}; {}", .files.join(" and "), hint(.cloud, .known))]
    NoCloud {
        /// The cloud that was asked for.
        cloud: String,
        /// The files that were read.
        files: Vec<String>,
        /// The clouds that are there.
        known: Vec<String>,
    },
    /// The cloud has a list of regions, without the one that was asked for.
    #[error("{place}: no region `{region}` here; there are {}", listed(.known.iter().map(String::as_str)))]
    NoRegion {
        /// Where the regions stand.
        place: SettingSource,
        /// The region that was asked for.
        region: String,
        /// The regions that are there.
        known: Vec<String>,
    },
    /// A setting that is needed is nowhere.
    #[error("{cloud} lacks `{key}`, which {needed_by} needs; {hint}")]
    Missing {
        /// Which cloud, and where it stands.
        cloud: String,
        /// The setting.
        key: String,
        /// What needs it.
        needed_by: String,
        /// What to do.
        hint: String,
    },
    /// A way to log in that this program does not know.
    #[error("{place}: the auth_type `{given}` is not supported; supported are {}{}", .known.join(", "), near(.given, .known))]
    Method {
        /// Where it stands.
        place: SettingSource,
        /// The way that was asked for.
        given: String,
        /// The ways that are there.
        known: Vec<&'static str>,
    },
}

fn hint(name: &str, known: &[String]) -> String {
    let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
    format!("there are {}{}", listed(known.iter().map(String::as_str)), near.unwrap_or_default())
}

fn near(name: &str, known: &[&'static str]) -> String {
    nearest(name, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
