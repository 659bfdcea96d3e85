//! Forms of a body that no schema sees: in its bytes, its header, its digits.
//!
//! Readers of JSON differ about each of them, so each is left open. A contract says why, and where it does not speak of a form, that is the reason.

use std::sync::Arc;

use super::{UnspecifiedValues, named};
use crate::document::{Node, SourceError};

/// A form of a body, and why it is left open.
#[derive(Clone, Debug)]
pub struct UnspecifiedForm {
    /// The form.
    pub form: Form,
    /// What it is, for the report.
    pub title: String,
    /// Why it is open.
    pub because: String,
}

/// What the bytes and the header of a body can be, apart from its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// A key twice in one object.
    DuplicateKey,
    /// A byte order mark.
    ByteOrderMark,
    /// Not UTF-8.
    OtherEncoding,
    /// Declared as something else than JSON.
    MediaType,
    /// Declared as JSON with a parameter, UTF-8 if it is a charset.
    MediaTypeParameter,
    /// Declared as encoded, such as by gzip.
    ContentEncoding,
    /// An escape for half of a surrogate pair.
    LoneSurrogate,
    /// A number that a double cannot hold.
    HugeNumber,
    /// Deeper than 64 levels, which the most careful readers still take.
    DeepNesting,
    /// More than 64 KiB.
    HugeBody,
    /// A number that differs from an allowed one only in digits that not every reader keeps.
    PreciseNumber,
}

impl Form {
    /// Every form, with its name in a contract.
    pub const ALL: [(&'static str, Self); 11] = [
        ("duplicate-key", Self::DuplicateKey),
        ("byte-order-mark", Self::ByteOrderMark),
        ("other-encoding", Self::OtherEncoding),
        ("media-type", Self::MediaType),
        ("media-type-parameter", Self::MediaTypeParameter),
        ("content-encoding", Self::ContentEncoding),
        ("lone-surrogate", Self::LoneSurrogate),
        ("huge-number", Self::HugeNumber),
        ("deep-nesting", Self::DeepNesting),
        ("huge-body", Self::HugeBody),
        ("precise-number", Self::PreciseNumber),
    ];

    /// What it is, where a contract does not say it.
    fn title(self) -> &'static str {
        match self {
            Self::DuplicateKey => "a key given twice",
            Self::ByteOrderMark => "a byte order mark before the body",
            Self::OtherEncoding => "a body in another encoding than UTF-8",
            Self::MediaType => "a body declared as something else than JSON",
            Self::MediaTypeParameter => "a Content-Type with a parameter, such as charset=utf-8",
            Self::ContentEncoding => "a body declared as encoded, such as by gzip",
            Self::LoneSurrogate => "half of a surrogate pair in a string",
            Self::HugeNumber => "a number beyond the range of a double",
            Self::DeepNesting => "very deep nesting",
            Self::HugeBody => "a body of more than 64 KiB",
            Self::PreciseNumber => "a number that only more digits tell from an allowed one",
        }
    }
}

/// Every form, those that the contract speaks of first.
pub(super) fn read_all(node: Option<&Node>) -> Result<Vec<UnspecifiedForm>, SourceError> {
    let mut forms: Vec<UnspecifiedForm> = Vec::new();
    for item in node.map(Node::items).transpose()?.unwrap_or_default() {
        let form = read(item)?;
        if forms.iter().any(|other| other.form == form.form) {
            return Err(item.error("this form is listed twice"));
        }
        forms.push(form);
    }
    for (_, form) in Form::ALL {
        if !forms.iter().any(|other| other.form == form) {
            let because = "the contract does not speak of it, and readers of JSON differ".to_owned();
            forms.push(UnspecifiedForm { form, title: form.title().to_owned(), because });
        }
    }
    Ok(forms)
}

fn read(node: &Node) -> Result<UnspecifiedForm, SourceError> {
    let mut fields = node.fields()?;
    let open = UnspecifiedForm {
        form: named(fields.required("form")?, &Form::ALL)?,
        title: fields.required("title")?.words()?,
        because: fields.required("because")?.words()?,
    };
    fields.finish()?;
    Ok(open)
}

/// The unspecified values of numbers that not every reader can tell from an allowed one.
pub(super) fn blur(forms: &[UnspecifiedForm]) -> Option<Arc<UnspecifiedValues>> {
    let open = forms.iter().find(|open| open.form == Form::PreciseNumber)?;
    let (title, because) = (open.title.clone(), open.because.clone());
    Some(Arc::new(UnspecifiedValues { title, schema: None, because, returns: Vec::new(), examples: Vec::new() }))
}
