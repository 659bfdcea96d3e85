//! A machine of a test: files, variables, and what is learnt from them. No test sees the settings of the machine it runs on.

use std::fs;
use std::path::Path;

use ims_conformance::identity::{Cloud, ConfigSources, Credential, Keystone, Login, Preference, SettingError};
use ims_conformance::secret::Secrets;
use tempfile::TempDir;

pub(crate) const CHOICE: Preference<'_> = Preference { cloud: None, region: None, service_type: "image" };

/// What every password and token of these tests holds.
pub(crate) const CANARY: &str = "canary";

/// Two folders with these files, the variables, and what was learnt to be secret.
pub(crate) struct Machine {
    pub(crate) near: TempDir,
    pub(crate) far: TempDir,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) secrets: Secrets,
}

impl Machine {
    /// Variables, one in a line: `NAME=value`.
    pub(crate) fn with(variables: &str) -> Self {
        let variables = variables.lines().filter_map(|line| line.trim().split_once('='));
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let folder = || tempfile::tempdir().unwrap();
        Self { near: folder(), far: folder(), variables, secrets: Secrets::default() }
    }

    pub(crate) fn near(self, name: &str, text: &str) -> Self {
        fs::write(self.near.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn far(self, name: &str, text: &str) -> Self {
        fs::write(self.far.path().join(name), text).unwrap();
        self
    }

    pub(crate) fn find(&self, choice: &Preference<'_>) -> Result<Option<Cloud>, SettingError> {
        let variable = |name: &str| Some(self.variables.iter().find(|(each, _)| each == name)?.1.clone());
        let folders = [self.near.path(), self.far.path()].map(Path::to_owned).to_vec();
        let profiles = "public-clouds: {vendor: {auth: {auth_url: 'https://iam.{region_name}.example.com/v3'}, regions: [one, two]}}";
        let around = ConfigSources { variable: &variable, folders, profiles: Some(("built-in profiles", profiles)) };
        Cloud::find(choice, &around, &self.secrets)
    }

    pub(crate) fn cloud(&self) -> Cloud {
        self.find(&CHOICE).unwrap_or_else(|error| panic!("{error}")).unwrap()
    }

    pub(crate) fn keystone(&self) -> Keystone {
        match self.cloud().login() {
            Login::Keystone(keystone) => (**keystone).clone(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn password(&self) -> String {
        match self.keystone().credential {
            Credential::Password { password, .. } => password.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// The error, which holds no secret.
    pub(crate) fn error(&self) -> String {
        let error = self.find(&CHOICE).unwrap_err();
        let shown = format!("{error}\n{error:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        error.to_string().replace(&self.near.path().display().to_string(), "NEAR")
    }
}

/// A cloud of a file.
pub(crate) fn file(cloud: &str) -> String {
    format!("clouds:\n  mine:\n    {}\n", cloud.trim().replace('\n', "\n    "))
}

pub(crate) const FULL: &str = "auth:
  auth_url: https://iam.example.com/v3
  username: me
  password: canary-file
  project_name: work
  user_domain_name: there
region_name: one";

pub(crate) const NAMED: &str = "OS_CLOUD=mine";

pub(crate) const VARIABLES: &str = "OS_AUTH_URL=https://iam.example.com
    OS_USERNAME=me
    OS_PASSWORD=canary-variable
    OS_PROJECT_NAME=work
    OS_DOMAIN_NAME=there";
