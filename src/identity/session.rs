//! What a login gives: a token, until when it is good and for what, and the catalog.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::catalog::Catalog;
use crate::secret::Secret;
use crate::untrusted::Untrusted;

/// What is said of a login that is good for no project.
pub const NO_PROJECT: &str = "the login is for no project, and a service that belongs to projects lets nobody in without one; name it with project_name or project_id (OS_PROJECT_NAME, OS_PROJECT_ID)";

/// A login that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The token; a service that asks for nothing needs none.
    pub token: Option<Secret>,
    /// When the token ends, if that is known.
    pub expires_at: Option<OffsetDateTime>,
    /// Who logged in, if an identity service says it.
    pub user: Option<Named>,
    /// What the token is good for, if that is a project.
    pub project: Option<Named>,
    /// What the user may do there.
    pub roles: Vec<Untrusted>,
    /// The services and where they are.
    pub catalog: Catalog,
}

/// Something of the identity service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Untrusted,
}

impl Session {
    /// A session that no identity service made.
    pub(super) fn without_keystone(token: Option<Secret>) -> Self {
        Self { token, expires_at: None, user: None, project: None, roles: Vec::new(), catalog: Catalog::default() }
    }

    /// Reads the answer of an identity service, or says what it lacks.
    pub(super) fn read(body: &[u8], token: Secret) -> Result<Self, &'static str> {
        let answer: Value = serde_json::from_slice(body).map_err(|_| "its body is not JSON")?;
        let facts = answer.get("token").filter(|facts| facts.is_object()).ok_or("its body has no `token`")?;
        let expires_at =
            facts.get("expires_at").and_then(Value::as_str).ok_or("it does not say when the token ends")?;
        let expires_at =
            OffsetDateTime::parse(expires_at, &Rfc3339).map_err(|_| "the time at which the token ends is none")?;
        let user = named(facts.get("user")).ok_or("it does not say whose the token is")?;
        let roles = facts.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            token: Some(token),
            expires_at: Some(expires_at),
            user: Some(user),
            project: named(facts.get("project")),
            roles: roles.iter().filter_map(|role| Some(role.get("name")?.as_str()?.into())).collect(),
            catalog: Catalog::read(facts.get("catalog")),
        })
    }

    /// Whether an identity service gave a token that is good for no project.
    pub fn lacks_project(&self) -> bool {
        self.user.is_some() && self.project.is_none()
    }

    /// Whether the token ends before this time.
    pub fn expires_before(&self, time: OffsetDateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= time)
    }
}

fn named(value: Option<&Value>) -> Option<Named> {
    let text = |key| value?.get(key)?.as_str().map(str::to_owned);
    let id = text("id")?;
    Some(Named { name: text("name").unwrap_or_else(|| id.clone()).into(), id })
}
