//! The id of a clause. Its text form stands here alone; what asks what a clause is about asks the id.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The stable id of one testable rule: `request.min_disk.maximum`. A copy costs no memory.
///
/// Ids are equal, ordered and hashed as their text is, so that maps of them can be asked with a text.
#[derive(Clone)]
pub struct ClauseId {
    text: Arc<str>,
    subject: Subject,
}

/// What a clause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What is sent: `request.min_disk.maximum`.
    Request,
    /// What is answered: `response.id.format`.
    Response,
    /// The credential: `security.token`.
    Token,
    /// The status of an answer: `status.201`.
    Status(u16),
    /// A promise of the prose: `behaviour.protected-image-stays`.
    Behaviour,
    /// What nobody documents: `drift`. No clause of a contract is about that.
    Drift,
}

/// Where the schema of what is sent stands: the beginning of its clauses.
pub(super) const REQUEST: &str = "request";

/// Where the schema of what is answered stands.
pub(super) const RESPONSE: &str = "response";

/// What tells apart a finding that comes now and then, whatever is sent.
pub(crate) const NOW_AND_THEN: &str = "now and then";

impl ClauseId {
    /// The rule that this keyword makes of the schema at this place: `request.tags.items` and `pattern`.
    pub(super) fn rule(place: &str, keyword: &str) -> Self {
        let subject = if is_within(place, RESPONSE) { Subject::Response } else { Subject::Request };
        Self { text: format!("{place}.{keyword}").into(), subject }
    }

    /// The rule that this keyword makes of a field of what is sent.
    pub(crate) fn of_request(field: &str, keyword: &str) -> Self {
        Self::rule(&format!("{REQUEST}.{field}"), keyword)
    }

    /// The rule that this keyword makes of a field of what is answered.
    pub(crate) fn of_response(field: &str, keyword: &str) -> Self {
        Self::rule(&format!("{RESPONSE}.{field}"), keyword)
    }

    /// The rule about this status.
    pub fn status(status: u16) -> Self {
        Self { text: format!("status.{status}").into(), subject: Subject::Status(status) }
    }

    /// The promise with this id.
    pub fn behaviour(id: &str) -> Self {
        Self { text: format!("behaviour.{id}").into(), subject: Subject::Behaviour }
    }

    /// The rule about the credential.
    pub fn token() -> Self {
        Self { text: "security.token".into(), subject: Subject::Token }
    }

    /// What a strict run accuses of what nobody documents.
    pub fn drift() -> Self {
        Self { text: "drift".into(), subject: Subject::Drift }
    }

    /// The id with this text; `None` where no clause can have it.
    pub fn parse(text: &str) -> Option<Self> {
        let (side, rest) = text.split_once('.').unwrap_or((text, ""));
        let subject = match side {
            REQUEST if !rest.is_empty() => Subject::Request,
            RESPONSE if !rest.is_empty() => Subject::Response,
            "status" => Subject::Status(rest.parse().ok()?),
            "behaviour" if !rest.is_empty() => Subject::Behaviour,
            "security" => Subject::Token,
            "drift" if rest.is_empty() => Subject::Drift,
            _ => return None,
        };
        Some(Self { text: text.into(), subject })
    }

    /// What the clause is about.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// Whether the text form begins with this, as a person types it who means several.
    pub fn starts_with(&self, beginning: &str) -> bool {
        self.text.starts_with(beginning)
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a rule of what is sent.
    pub fn is_of_request(&self) -> bool {
        self.subject == Subject::Request
    }

    /// Whether this is a rule of the schema at this place, or of one in it.
    pub(crate) fn is_within(&self, place: &str) -> bool {
        is_within(&self.text, place) && self.text.len() > place.len()
    }

    /// Whether this is a rule of what a request gives for this field.
    pub fn is_of_request_field(&self, name: &str) -> bool {
        self.is_of_request() && self.after_side().is_some_and(|rest| is_within(rest, name) && rest.len() > name.len())
    }

    /// Whether this is a rule of the field with this name, or of what is in it, on either side.
    pub fn is_of_field(&self, name: &str) -> bool {
        let has_fields = matches!(self.subject, Subject::Request | Subject::Response);
        has_fields && self.after_side().is_some_and(|rest| is_within(rest, name) && rest.len() > name.len())
    }

    /// The field whose default this is.
    pub fn defaulted_field(&self) -> Option<&str> {
        self.after_side()?.strip_suffix(".default").filter(|_| self.is_of_request())
    }

    /// What stands after the first dot.
    pub(crate) fn after_side(&self) -> Option<&str> {
        self.text.split_once('.').map(|(_, rest)| rest)
    }
}

/// Whether a text is this place, or goes on from it after a dot.
fn is_within(text: &str, place: &str) -> bool {
    text.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl fmt::Display for ClauseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl fmt::Debug for ClauseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl PartialEq for ClauseId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ClauseId {}

impl PartialEq<str> for ClauseId {
    fn eq(&self, other: &str) -> bool {
        *self.text == *other
    }
}

impl PartialEq<&str> for ClauseId {
    fn eq(&self, other: &&str) -> bool {
        *self.text == **other
    }
}

impl PartialOrd for ClauseId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ClauseId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for ClauseId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Borrow<str> for ClauseId {
    fn borrow(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{ClauseId, Subject};

    #[test]
    fn an_id_tells_what_it_is_about() {
        for (text, subject) in [
            ("request.min_disk.maximum", Subject::Request),
            ("request.syntax", Subject::Request),
            ("response.tags.items.type", Subject::Response),
            ("security.token", Subject::Token),
            ("status.201", Subject::Status(201)),
            ("behaviour.no-file-yet", Subject::Behaviour),
            ("drift", Subject::Drift),
        ] {
            let id = ClauseId::parse(text).unwrap_or_else(ClauseId::token);
            assert_eq!((id.as_str(), id.subject()), (text, subject));
        }
        for text in ["", "request", "response.", "status.", "status.ok", "drift.x", "others.x"] {
            assert_eq!(ClauseId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_field_is_told_from_one_whose_name_begins_alike() {
        let of = |text: &str, name: &str| ClauseId::parse(text).is_some_and(|id| id.is_of_request_field(name));
        assert!(of("request.name.maxLength", "name"));
        assert!(of("request.tags.items.pattern", "tags"));
        assert!(!of("request.names.maxLength", "name"));
        assert!(!of("response.name.maxLength", "name"));
        assert!(!of("request.name", "name"));
        let default = |text: &str| ClauseId::parse(text).and_then(|id| id.defaulted_field().map(str::to_owned));
        assert_eq!(default("request.min_disk.default"), Some("min_disk".to_owned()));
        assert_eq!(default("response.min_disk.default"), None);
        assert_eq!(default("request.min_disk.maximum"), None);
    }
}
