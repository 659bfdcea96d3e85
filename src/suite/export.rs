//! What a suite knows in forms that others read: its tables, and its contract as plain OpenAPI.

use serde_json::{Map, Value, json};

use super::Suite;
use crate::contract::Table;

/// A table as an array with an object for each row; each cell is a text, as it stands in the file.
pub(crate) fn table_as_json(table: &Table) -> String {
    let row = |row: &Vec<String>| -> Value {
        table.columns().iter().zip(row).map(|(name, cell)| (name.clone(), Value::from(cell.as_str()))).collect()
    };
    format!("{:#}\n", table.rows().iter().map(row).collect::<Value>())
}

/// A table as Markdown.
pub(crate) fn table_as_markdown(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('\\', "\\\\").replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", "---|".repeat(table.columns().len()));
    let rows: String = table.rows().iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(table.columns()))
}

/// The contract of a suite without the keywords of this program. What OpenAPI has other words for is said in those: a table that a value must stand in becomes
/// an `enum`, and the parameters of a path are declared.
pub(crate) fn openapi(suite: &Suite) -> Value {
    let mut document = plain(suite, &suite.source.json(), Keys::Keywords);
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let parameters: Vec<_> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .filter(|name| !declares(item, name))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        if let Some(item) = item.as_object_mut().filter(|_| !parameters.is_empty()) {
            let all = item.entry("parameters").or_insert_with(|| json!([]));
            all.as_array_mut().into_iter().for_each(|all| all.extend(parameters.clone()));
        }
    }
    document
}

/// Whether a path says what this name in it stands for.
fn declares(item: &Value, name: &str) -> bool {
    let mut all = item.get("parameters").and_then(Value::as_array).into_iter().flatten();
    all.any(|parameter| parameter.get("name").is_some_and(|each| each == name))
}

/// What the keys of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Keywords of OpenAPI, or of this program.
    Keywords,
    /// Names that the contract gives, which may look like keywords.
    Names,
}

/// Keywords below which stand names.
const NAMING: [&str; 8] =
    ["paths", "schemas", "securitySchemes", "properties", "responses", "content", "links", "parameters"];

/// Keywords below which stands a value that a request or an answer can have.
const VALUES: [&str; 7] = ["const", "default", "enum", "example", "examples", "requestBody", "security"];

fn plain(suite: &Suite, value: &Value, keys: Keys) -> Value {
    match value {
        Value::Object(fields) if keys == Keys::Names => {
            fields.iter().map(|(name, value)| (name.clone(), plain(suite, value, Keys::Keywords))).collect()
        }
        Value::Object(fields) => Value::Object(plain_keywords(suite, fields)),
        Value::Array(items) => items.iter().map(|item| plain(suite, item, Keys::Keywords)).collect(),
        other => other.clone(),
    }
}

fn plain_keywords(suite: &Suite, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut plainer = Map::new();
    let is_link = fields.contains_key("operationId") && fields.contains_key("parameters");
    for (keyword, value) in fields {
        match keyword.as_str() {
            "x-table" if fields.contains_key("enum") => {}
            "x-table" => {
                let values = cells(suite, value, fields.get("default"));
                plainer.extend(values.map(|values| ("enum".to_owned(), values)));
            }
            _ if keyword.starts_with("x-") => {}
            "requestBody" if !is_link => drop(plainer.insert(keyword.clone(), plain(suite, value, Keys::Keywords))),
            // The reader takes one name without a list.
            "required" if value.is_string() => drop(plainer.insert(keyword.clone(), json!([value]))),
            _ if VALUES.contains(&keyword.as_str()) => drop(plainer.insert(keyword.clone(), value.clone())),
            _ => {
                let keys = if NAMING.contains(&keyword.as_str()) { Keys::Names } else { Keys::Keywords };
                plainer.insert(keyword.clone(), plain(suite, value, keys));
            }
        }
    }
    plainer
}

/// The values of the column that `x-table` names; and the default, which may stand in no table, and is a value of the field all the same.
fn cells(suite: &Suite, value: &Value, default: Option<&Value>) -> Option<Value> {
    let table = suite.contract.tables.get(value.get("file")?.as_str()?)?;
    let mut cells: Vec<_> = table.cells(table.column(value.get("column")?.as_str()?)?).map(Value::from).collect();
    cells.extend(default.filter(|default| !cells.contains(default)).cloned());
    Some(cells.into())
}
