//! Finds `clouds.yaml`, `secure.yaml` and `clouds-public.yaml` where other OpenStack programs look for them, and reads one cloud out of them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::place::SettingSource;
use super::setting_error::SettingError;
use super::settings::{Settings, entries, place_of, wrong_form};
use crate::document::{self, Node};
use crate::secret::Secrets;

/// Where files are looked for, and how a variable is read.
pub struct ConfigSources<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folders that may hold the files, the nearest first.
    pub folders: Vec<PathBuf>,
    /// Profiles beside those of `clouds-public.yaml`: the name of a text, and the text in the form of that file.
    pub profiles: Option<(&'a str, &'a str)>,
}

impl<'a> ConfigSources<'a> {
    /// The folders in which other OpenStack programs look: the current one, the user's, the machine's.
    pub fn usual(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let home = set("HOME").map(|home| home.join(".config"));
        let mut folders = vec![PathBuf::new()];
        folders.extend([set("XDG_CONFIG_HOME"), home].into_iter().flatten().map(|folder| folder.join("openstack")));
        folders.extend(["/etc/xdg/openstack", "/etc/openstack"].map(PathBuf::from));
        folders.dedup();
        Self { variable, folders, profiles: None }
    }
}

/// A file that was read.
struct File {
    path: String,
    root: Node,
}

/// The forms in which a file may come; JSON is YAML.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What the files say of one cloud.
pub(super) struct Found {
    pub(super) settings: Settings,
    /// Where the cloud stands.
    pub(super) place: SettingSource,
}

/// The settings of a cloud: its profile, what `clouds.yaml` says, what `secure.yaml` says, each over the one before.
pub(super) fn read_cloud(
    name: &str,
    region: Option<&str>,
    around: &ConfigSources<'_>,
    secrets: &Secrets,
) -> Result<Found, SettingError> {
    let clouds = find("clouds", Some("OS_CLIENT_CONFIG_FILE"), around)?;
    let secure = find("secure", Some("OS_CLIENT_SECURE_FILE"), around)?;
    let files: Vec<_> = [clouds, secure].into_iter().flatten().collect();
    if files.is_empty() {
        let looked = around.folders.iter().map(|folder| shown_folder(folder)).collect();
        return Err(SettingError::NoFile { cloud: name.to_owned(), looked });
    }
    let (mut known, mut parts) = (Vec::new(), Vec::new());
    for file in &files {
        for (key, each, cloud) in members(file, "clouds")? {
            known.push(each.to_owned());
            if each == name {
                parts.push((file, key, cloud));
            }
        }
    }
    let Some((file, key, _)) = parts.first() else {
        let files = files.into_iter().map(|file| file.path).collect();
        return Err(SettingError::NoCloud { cloud: name.to_owned(), files, known });
    };
    let place = place_of(key, &file.path);
    let mut own = Settings::default();
    for (file, _, cloud) in &parts {
        own.overlay(Settings::of_cloud(cloud, &file.path, secrets)?);
    }
    let mut settings = match own.text("profile") {
        Some(profile) => read_profile(profile, region.or(own.text("region_name")), around, secrets)?.without_others(),
        None => Settings::default(),
    };
    settings.overlay(own);
    for (file, _, cloud) in &parts {
        choose_region(&mut settings, cloud, file, region, secrets)?;
    }
    Ok(Found { settings, place })
}

/// A cloud with several regions: the one that was asked for, or the first, with what is special to it.
fn choose_region(
    settings: &mut Settings,
    cloud: &Node,
    file: &File,
    wished: Option<&str>,
    secrets: &Secrets,
) -> Result<(), SettingError> {
    let path = &file.path;
    let mut lists = entries(cloud, path, "a cloud")?
        .filter(|(_, key, value)| *key == "regions" || *key == "region_name" && value.is_list());
    let Some((_, key, list)) = lists.next() else { return Ok(()) };
    let mut regions = Vec::new();
    for item in list.items().map_err(|_| wrong_form(list, path, key, "a sequence"))? {
        let field = |wanted| Some(item.entries().ok()?.find(|(_, key, _)| *key == wanted)?.2);
        let name = item.scalar().or_else(|| field("name")?.scalar());
        let name = name.ok_or_else(|| wrong_form(item, path, key, "a sequence of names"))?;
        regions.push((name, field("values"), item));
    }
    let wished = wished.or_else(|| settings.text("region_name"));
    let chosen = match wished {
        Some(wished) => regions.iter().find(|(name, _, _)| name == wished).ok_or_else(|| SettingError::NoRegion {
            place: place_of(list, path),
            region: wished.to_owned(),
            known: regions.iter().map(|(name, _, _)| name.clone()).collect(),
        })?,
        None => regions.first().ok_or_else(|| wrong_form(list, path, key, "a sequence that names a region"))?,
    };
    if let Some(values) = chosen.1 {
        settings.overlay(Settings::of_cloud(values, path, secrets)?);
    }
    settings.replace("region_name", &chosen.0, place_of(chosen.2, path));
    Ok(())
}

/// What a provider publishes for all its users. A profile that nobody knows says nothing, as with other programs: the cloud may say all itself.
fn read_profile(
    name: &str,
    region: Option<&str>,
    around: &ConfigSources<'_>,
    secrets: &Secrets,
) -> Result<Settings, SettingError> {
    let mut files: Vec<_> = find("clouds-public", None, around)?.into_iter().collect();
    if let Some((path, text)) = around.profiles {
        files.push(parse(path, text)?);
    }
    for file in &files {
        if let Some((_, _, profile)) = members(file, "public-clouds")?.into_iter().find(|(_, each, _)| *each == name) {
            let mut settings = Settings::of_cloud(profile, &file.path, secrets)?;
            return match choose_region(&mut settings, profile, file, region, secrets) {
                // A provider may have more regions than its profile tells.
                Ok(()) | Err(SettingError::NoRegion { .. }) => Ok(settings),
                Err(error) => Err(error),
            };
        }
    }
    Ok(Settings::default())
}

/// The file that its variable names, or else the first that is there.
fn find(stem: &str, variable: Option<&str>, around: &ConfigSources<'_>) -> Result<Option<File>, SettingError> {
    if let Some(path) = variable.and_then(around.variable).filter(|path| !path.is_empty()) {
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(Path::new(&path), &error))?;
        return parse(&path, &text).map(Some);
    }
    for folder in &around.folders {
        for ending in ENDINGS {
            let path = folder.join(format!("{stem}.{ending}"));
            match std::fs::read_to_string(&path) {
                Ok(text) => return parse(&path.display().to_string(), &text).map(Some),
                // Other programs go on too where the machine's file is for others to read.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {}
                Err(error) if error.kind() == ErrorKind::NotADirectory => {}
                Err(error) => return Err(unreadable(&path, &error)),
            }
        }
    }
    Ok(None)
}

fn unreadable(path: &Path, error: &std::io::Error) -> SettingError {
    SettingError::Unreadable { path: path.display().to_string(), cause: error.to_string() }
}

fn parse(path: &str, text: &str) -> Result<File, SettingError> {
    // The parser's own words may repeat what it read.
    let root = document::parse_typed(path, text).map_err(|error| {
        let (line, column) = error.position();
        let place = SettingSource::File { path: path.to_owned(), line, column };
        if error.message() == document::TAG { SettingError::Tag(place) } else { SettingError::Syntax(place) }
    })?;
    Ok(File { path: path.to_owned(), root })
}

/// The clouds of a file, by their names; `key` is where they stand.
fn members<'a>(file: &'a File, key: &str) -> Result<Vec<(&'a Node, &'a str, &'a Node)>, SettingError> {
    let mut sections = entries(&file.root, &file.path, "the file")?;
    match sections.find(|(_, each, _)| *each == key) {
        Some((_, _, clouds)) => Ok(entries(clouds, &file.path, key)?.collect()),
        None => Ok(Vec::new()),
    }
}

fn shown_folder(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { "the current folder".to_owned() } else { folder.display().to_string() }
}
