//! The access key that signs requests, and the environment variables in which people have it.

use crate::secret::{Kind, Secret};

/// What signs requests. `Debug` shows nothing secret, and the id counts as a secret too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Tells whose key it is; also called AK.
    pub id: Secret,
    /// What signs; also called SK. It is never sent.
    pub secret: Secret,
    /// What a temporary key is shown with.
    pub security_token: Option<Secret>,
    /// The id of the project that a request is for, where the URL does not say it.
    pub project: Option<String>,
}

/// The variables of one tool.
#[derive(Clone, Copy, Debug)]
pub struct Variables {
    /// Holds [`AccessKey::id`].
    pub id: &'static str,
    /// Holds [`AccessKey::secret`].
    pub secret: &'static str,
    /// Holds [`AccessKey::security_token`]; read where the first two are set.
    pub security_token: &'static str,
    /// Holds [`AccessKey::project`]; read where the first two are set.
    pub project: &'static str,
}

/// The variables that are read. There is no order among the tools: where two of them hold different keys, nobody knows which one is meant.
pub const VARIABLES: [Variables; 3] = [
    Variables {
        id: "OTC_ACCESS_KEY_ID",
        secret: "OTC_SECRET_ACCESS_KEY",
        security_token: "OTC_SECURITY_TOKEN",
        project: "OTC_PROJECT_ID",
    },
    Variables {
        id: "OS_ACCESS_KEY",
        secret: "OS_SECRET_KEY",
        security_token: "OS_SECURITY_TOKEN",
        project: "OS_PROJECT_ID",
    },
    Variables {
        id: "HUAWEICLOUD_SDK_AK",
        secret: "HUAWEICLOUD_SDK_SK",
        security_token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        project: "HUAWEICLOUD_SDK_PROJECT_ID",
    },
];

/// Why variables hold no access key, though they seem to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessKeyError {
    /// One half of a key alone signs nothing.
    #[error("`{given}` is set and `{missing}` is not; set both, or unset `{given}`")]
    Half {
        /// The variable that is set.
        given: &'static str,
        /// The variable that is not set, or empty.
        missing: &'static str,
    },
    /// Two tools' variables hold different keys.
    #[error("`{first}` and `{second}`, with the variables beside them, hold different keys; unset one of the two")]
    Ambiguous {
        /// The first one's variable.
        first: &'static str,
        /// The other one's variable.
        second: &'static str,
    },
    /// What no header can hold is no part of a key.
    #[error("`{variable}` holds a blank, or a character outside ASCII; a key has none, so it was not copied as it is")]
    Characters {
        /// The variable.
        variable: &'static str,
    },
}

impl AccessKey {
    /// The key that the variables hold, looked up by name; `None` where they hold none. An empty variable counts as one that is not set.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, AccessKeyError> {
        let mut found: Option<(&Variables, Self)> = None;
        for variables in &VARIABLES {
            let Some(key) = Self::from_tool(variables, &lookup)? else { continue };
            match &found {
                Some((first, other)) if *other != key => {
                    return Err(AccessKeyError::Ambiguous { first: first.id, second: variables.id });
                }
                Some(_) => {}
                None => found = Some((variables, key)),
            }
        }
        Ok(found.map(|(_, key)| key))
    }

    fn from_tool(
        variables: &Variables,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, AccessKeyError> {
        let (id, secret) = match (read(variables.id, lookup)?, read(variables.secret, lookup)?) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(AccessKeyError::Half { given: variables.id, missing: variables.secret }),
            (None, Some(_)) => return Err(AccessKeyError::Half { given: variables.secret, missing: variables.id }),
            (Some(id), Some(secret)) => (id, secret),
        };
        Ok(Some(Self {
            id: Secret::new(Kind::Key, id),
            secret: Secret::new(Kind::Key, secret),
            security_token: read(variables.security_token, lookup)?.map(|text| Secret::new(Kind::Token, text)),
            project: read(variables.project, lookup)?,
        }))
    }

    /// Everything secret about it, to be made known before it is used.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.id, &self.secret].into_iter().chain(&self.security_token)
    }
}

/// What a variable holds, without the line end that a file leaves behind it.
fn read(variable: &'static str, lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, AccessKeyError> {
    let Some(text) = lookup(variable) else { return Ok(None) };
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AccessKeyError::Characters { variable });
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{AccessKey, AccessKeyError, VARIABLES};
    use crate::secret::{Secret, Secrets};

    fn read(variables: &[(&str, &str)]) -> Result<Option<AccessKey>, AccessKeyError> {
        let value = |name: &str| variables.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned());
        AccessKey::from_variables(value)
    }

    #[test]
    fn each_tool_s_variables_hold_a_key() {
        for tool in VARIABLES {
            let key = read(&[
                (tool.id, "the-id\n"),
                (tool.secret, "the-secret"),
                (tool.security_token, "the-session"),
                (tool.project, "the-project"),
            ]);
            let key = key.unwrap().unwrap();
            let texts: Vec<_> = key.secrets().map(Secret::expose).collect();
            assert_eq!(
                (texts, key.project.as_deref()),
                (vec!["the-id", "the-secret", "the-session"], Some("the-project"))
            );
        }
    }

    #[test]
    fn no_key_is_no_error() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("OS_PROJECT_ID", "p"), ("OS_ACCESS_KEY", ""), ("OS_SECRET_KEY", "\n")]), Ok(None));
    }

    #[test]
    fn half_a_key_is_an_error_that_says_what_lacks() {
        for tool in VARIABLES {
            let halves = [(tool.id, tool.secret), (tool.secret, tool.id)];
            for (given, missing) in halves {
                let expected = Err(AccessKeyError::Half { given, missing });
                assert_eq!(read(&[(given, "a-half")]), expected);
                assert_eq!(read(&[(given, "a-half"), (missing, " ")]), expected);
            }
        }
    }

    #[test]
    fn two_tools_may_hold_one_key_but_not_two() {
        let mut variables = vec![("OTC_ACCESS_KEY_ID", "i"), ("OTC_SECRET_ACCESS_KEY", "s")];
        variables.extend([("OS_ACCESS_KEY", "i"), ("OS_SECRET_KEY", "s")]);
        assert!(read(&variables).unwrap().is_some());
        variables.push(("OS_PROJECT_ID", "p"));
        let expected = AccessKeyError::Ambiguous { first: "OTC_ACCESS_KEY_ID", second: "OS_ACCESS_KEY" };
        assert_eq!(read(&variables), Err(expected));
    }

    #[test]
    fn what_was_not_copied_as_it_is_is_an_error_that_does_not_show_it() {
        let error = read(&[("OS_ACCESS_KEY", "the-id"), ("OS_SECRET_KEY", "the secret")]).unwrap_err();
        assert_eq!(error, AccessKeyError::Characters { variable: "OS_SECRET_KEY" });
        assert!(!error.to_string().contains("the secret"));
    }

    #[test]
    fn what_is_made_known_is_redacted() {
        let key = read(&[
            ("OS_ACCESS_KEY", "the-key-id"),
            ("OS_SECRET_KEY", "sesame-seed"),
            ("OS_SECURITY_TOKEN", "my-session"),
        ]);
        let secrets = Secrets::default();
        key.unwrap().unwrap().secrets().for_each(|secret| secrets.add(secret));
        assert_eq!(secrets.redact_text("the-key-id sesame-seed my-session"), "[key] [key] [token]");
    }
}
