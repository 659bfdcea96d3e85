//! What the query of a call that lists can ask for: OpenAPI's `parameters`, each with what it does.

use super::read_operation::OperationNode;
use super::read_schema::named;
use super::{Creation, Effect, Operation};
use crate::document::{Errors, Fields, Node, SourceError};

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryParameter {
    /// The key of the query.
    pub name: String,
    /// What it does to the list.
    pub purpose: QueryPurpose,
    /// What its value is.
    pub kind: QueryType,
    /// What it is where the query does not give it.
    pub default: Option<String>,
}

/// What a parameter of a query does to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryPurpose {
    /// Keeps what has this value in this field, or among the items of the field.
    Field(String),
    /// Stands for any key that no other parameter has: keeps what has this value in the field of that name.
    OtherFields,
    /// Limits how many there are on a page.
    Limit,
    /// Begins behind what has this id.
    Marker,
    /// Sorts by the field that it names.
    SortKey,
    /// Sorts upwards or downwards: `asc`, `desc`.
    SortDirection,
    /// Sorts by several fields, each perhaps with its direction: `name:asc,id`.
    Sort,
    /// Nothing.
    None,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryType {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`, in letters of either case.
    Boolean,
    /// Several keys, each with a text.
    Object,
}

const TYPES: [(&str, QueryType); 4] = [
    ("string", QueryType::String),
    ("integer", QueryType::Integer),
    ("boolean", QueryType::Boolean),
    ("object", QueryType::Object),
];

/// The purposes that no field is needed for.
#[derive(Clone, Copy)]
enum Plain {
    Limit,
    Marker,
    SortKey,
    SortDirection,
    Sort,
    None,
}

const PURPOSES: [(&str, Plain); 6] = [
    ("limit", Plain::Limit),
    ("marker", Plain::Marker),
    ("sort-key", Plain::SortKey),
    ("sort-direction", Plain::SortDirection),
    ("sort", Plain::Sort),
    ("none", Plain::None),
];

impl QueryParameter {
    /// The field that it asks for, if it asks for one.
    fn field(&self) -> Option<&str> {
        if let QueryPurpose::Field(field) = &self.purpose { Some(field) } else { None }
    }
}

impl QueryType {
    /// Whether the text in a query is such a value.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::String | Self::Object => true,
            Self::Integer => text.parse::<i64>().is_ok(),
            Self::Boolean => ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)),
        }
    }
}

impl From<Plain> for QueryPurpose {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Limit => Self::Limit,
            Plain::Marker => Self::Marker,
            Plain::SortKey => Self::SortKey,
            Plain::SortDirection => Self::SortDirection,
            Plain::Sort => Self::Sort,
            Plain::None => Self::None,
        }
    }
}

/// Reads the parameters of a call that lists.
pub(super) fn read_parameters(node: &Node) -> Result<Vec<QueryParameter>, SourceError> {
    let (mut parameters, mut errors) = (Vec::<QueryParameter>::new(), Errors::default());
    for item in node.items()? {
        let Some(parameter) = errors.keep(read_parameter(item)) else { continue };
        if parameters.iter().any(|other| other.name == parameter.name) {
            errors.keep(Err::<(), _>(item.error(format!("`{}` is described twice", parameter.name))));
        }
        parameters.push(parameter);
    }
    errors.finish()?;
    Ok(parameters)
}

fn read_parameter(node: &Node) -> Result<QueryParameter, SourceError> {
    let mut fields = node.fields()?;
    let name = fields.required("name")?.words()?;
    named(fields.required("in")?, &[("query", ())])?;
    fields.optional("description").map(Node::words).transpose()?;
    let (kind, default) = read_schema(fields.required("schema")?)?;
    let purpose = read_purpose(&mut fields, &name, kind)?;
    fields.finish()?;
    Ok(QueryParameter { name, purpose, kind, default })
}

fn read_schema(node: &Node) -> Result<(QueryType, Option<String>), SourceError> {
    let mut fields = node.fields()?;
    let kind = named(fields.required("type")?, &TYPES)?;
    let default = fields.optional("default");
    fields.finish()?;
    let Some(default) = default else { return Ok((kind, None)) };
    match default.scalar().filter(|text| kind != QueryType::Object && kind.takes(text)) {
        Some(text) => Ok((kind, Some(text))),
        None => Err(default.error("the parameter cannot have this value")),
    }
}

fn read_purpose(fields: &mut Fields<'_>, name: &str, kind: QueryType) -> Result<QueryPurpose, SourceError> {
    let (purpose, field) = (fields.optional("x-query"), fields.optional("x-field"));
    match (purpose, field) {
        (Some(node), Some(_)) => {
            Err(node.error("what does this to the list asks for no field: leave out one of the two"))
        }
        (Some(node), None) => named(node, &PURPOSES).map(QueryPurpose::from),
        (None, Some(node)) => node.words().map(QueryPurpose::Field),
        (None, None) if kind == QueryType::Object => Ok(QueryPurpose::OtherFields),
        (None, None) => Ok(QueryPurpose::Field(name.to_owned())),
    }
}

/// What a call asks for, or changes, is a field that is documented; otherwise it would find or change nothing, and nobody would know why.
pub(super) fn check_fields(
    calls: &[OperationNode<'_>],
    operations: &[Operation],
    creation: &Creation,
) -> Result<(), SourceError> {
    let mut errors = Errors::default();
    for (call, operation) in calls.iter().zip(operations) {
        for (node, field) in named_fields(call.node, operation)? {
            if !creation.response.properties.contains_key(field) {
                errors.keep(Err::<(), _>(unknown(node, field, &operation.effect)));
            }
        }
    }
    errors.finish()
}

fn named_fields<'a>(node: &'a Node, operation: &'a Operation) -> Result<Vec<(&'a Node, &'a str)>, SourceError> {
    let at = |key: &str| node.get(key).unwrap_or(node);
    Ok(match &operation.effect {
        Effect::AddItem(field) | Effect::RemoveItem(field) => vec![(at("x-field"), field)],
        Effect::Set(fields) => fields.iter().map(|(field, _)| (at("x-set"), field.as_str())).collect(),
        Effect::List(listing) => {
            let nodes = node.get("parameters").map_or(Ok(&[][..]), Node::items)?;
            let fields = listing.parameters.iter().flatten().zip(nodes);
            fields.filter_map(|(parameter, node)| Some((node, parameter.field()?))).collect()
        }
        _ => Vec::new(),
    })
}

fn unknown(node: &Node, field: &str, effect: &Effect) -> SourceError {
    let error = node.error(format!("no answer has a field `{field}`"));
    match effect {
        Effect::List(_) => error.with_hint(
            "`x-field` names the field, where it has another name; `x-query: none` says that it does nothing",
        ),
        _ => error,
    }
}
