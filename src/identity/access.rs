//! How a cloud lets a caller in: by its Keystone with one of several credentials, with a token that somebody else made, or without any.

use std::fmt;

use super::place::SettingSource;
use crate::http::Endpoint;
use crate::secret::Secret;

/// How a cloud lets a caller in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The identity service makes a token.
    Keystone(Box<Keystone>),
    /// The service takes a token that is no matter of an identity service.
    FixedToken(Secret),
    /// The service asks for nothing.
    Open,
}

/// Where to log in, with what, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keystone {
    /// The identity service, with or without `/v3`.
    pub address: Endpoint,
    /// What is shown there.
    pub credential: Credential,
    /// What the token shall be good for.
    pub scope: Scope,
}

/// What is shown to the identity service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A user and the password.
    Password {
        /// Who.
        user: User,
        /// The password.
        password: Secret,
    },
    /// A credential that a user made for a program. It knows its project.
    ApplicationCredential {
        /// Which one.
        which: ApplicationCredential,
        /// Its secret.
        secret: Secret,
    },
    /// A token that somebody else got.
    Token(Secret),
}

/// A user, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// The id says all.
    Id(String),
    /// A name is unique in its domain.
    Name(String, Domain),
}

/// An application credential, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationCredential {
    /// The id says all.
    Id(String),
    /// A name is unique for its user.
    Name(String, User),
}

/// A domain, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// By id.
    Id(String),
    /// By name.
    Name(String),
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A project.
    Project(String),
    /// A project by its name, and the domain that has it.
    ProjectName(String, Domain),
    /// A domain.
    Domain(Domain),
    /// The whole cloud.
    System,
    /// What the credential itself says.
    Given,
}

impl Credential {
    /// The ways to log in, each with the word that settings have for it first.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::ApplicationCredential { .. } => "application credential",
            Self::Token(_) => "token",
        }
    }

    /// Whether it gets a new token when the first one has expired. A token cannot: what it gets expires with it.
    pub fn can_renew(&self) -> bool {
        match self {
            Self::Password { .. } | Self::ApplicationCredential { .. } => true,
            Self::Token(_) => false,
        }
    }
}

/// Whose settings are read; errors say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A cloud of a file, and where it stands.
    Cloud(String, SettingSource),
    /// The `OS_` variables.
    Variables,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(name, place) => write!(formatter, "the cloud `{name}` ({place})"),
            Self::Variables => formatter.write_str("the environment"),
        }
    }
}
