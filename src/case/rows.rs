//! Rows: the same case over a table, and the `{column}` that stands for a cell.

use std::borrow::Cow;
use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::braces::filled;
use crate::contract::{Contract, Table};
use crate::document::{Node, SourceError, nearest};

/// One row: a name, and a value for each column.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub name: Option<String>,
    /// The file of the table that it stands in, if it does in one.
    pub table: Option<String>,
    pub cells: IndexMap<String, Value>,
}

/// Reads `rows`: a list of mappings with a `name` each, or a table of the suite with a condition.
pub(super) fn read(contract: &Contract, node: Option<&Node>) -> Result<Vec<Row>, SourceError> {
    let Some(node) = node else { return Ok(vec![Row::default()]) };
    let rows = if node.is_list() { listed(node)? } else { of_table(contract, node)? };
    if rows.is_empty() {
        return Err(node.error("these rows select nothing, so the case would check nothing"));
    }
    let mut seen = HashSet::new();
    for row in &rows {
        if !seen.insert(&row.name) {
            return Err(node.error(format!("two rows have the name `{}`", row.name.as_deref().unwrap_or_default())));
        }
    }
    Ok(rows)
}

fn listed(node: &Node) -> Result<Vec<Row>, SourceError> {
    let mut rows: Vec<Row> = Vec::new();
    for item in node.items()? {
        let mut row = Row::default();
        for (_, key, value) in item.entries()? {
            if key == "name" {
                row.name = Some(value.words()?);
            } else {
                row.cells.insert(key.to_owned(), value.json());
            }
        }
        if row.name.is_none() {
            return Err(item.error("a row needs a `name`"));
        }
        let columns = rows.first().map_or(&row.cells, |first| &first.cells);
        if !columns.keys().eq(row.cells.keys()) {
            return Err(item.error("every row needs the columns of the first one, in the same order"));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn of_table(contract: &Contract, node: &Node) -> Result<Vec<Row>, SourceError> {
    let mut fields = node.fields()?;
    let file = fields.required("table")?;
    let table = contract.tables.get(file.text()?).ok_or_else(|| {
        let error = file.error("the suite has no such table");
        error.with_nearest(file.text().unwrap_or_default(), contract.tables.keys().map(String::as_str))
    })?;
    let name = column(table, fields.required("name")?)?;
    let mut conditions = Vec::new();
    if let Some(node) = fields.optional("where") {
        for (key, name, value) in node.entries()? {
            let (column, wanted) = (column(table, key)?, value.text()?);
            let mut cells = table.rows().iter().map(|row| row[column].as_str());
            if !cells.clone().any(|cell| cell == wanted) {
                let error = value.error(format!("no row of {} has this in its column `{name}`", table.file));
                return Err(error.with_nearest(wanted, &mut cells));
            }
            conditions.push((column, wanted));
        }
    }
    fields.finish()?;
    let selected = table.rows().iter().filter(|row| conditions.iter().all(|(column, value)| row[*column] == *value));
    Ok(selected
        .map(|row| Row {
            name: Some(row[name].clone()),
            table: Some(table.file.clone()),
            cells: table.columns().iter().cloned().zip(row.iter().map(|cell| Value::from(cell.as_str()))).collect(),
        })
        .collect())
}

fn column(table: &Table, node: &Node) -> Result<usize, SourceError> {
    let name = node.text()?;
    table.column(name).ok_or_else(|| {
        let columns = table.columns();
        let error = node.error(format!("{} has no column `{name}`", table.file));
        match (columns, nearest(name, columns.iter().map(String::as_str))) {
            ([one], _) if one.contains(';') => error
                .with_hint(format!("its header reads as one column, `{one}`: a comma separates cells, no semicolon")),
            (_, Some(near)) => error.with_hint(format!("did you mean `{near}`?")),
            _ => error.with_hint(format!("it has {}", columns.join(", "))),
        }
    })
}

impl Row {
    /// What may be meant by a name in braces that is none of the columns.
    pub(super) fn hint_for(&self, name: &str) -> Option<String> {
        if name == "name" && self.name.is_some() {
            return Some("`name` only names the row; give the value a column of its own".to_owned());
        }
        let near = nearest(name, self.cells.keys().map(String::as_str))?;
        Some(format!("did you mean `{{{near}}}`?"))
    }

    /// The value with each `{column}` replaced: a text that is nothing else takes the cell's own type. `{{column}}` stays as it is.
    pub(super) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text
                    .strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'))
                    .and_then(|name| self.cells.get(name));
                whole.cloned().unwrap_or_else(|| Value::String(filled(text, |name| self.cells.get(name).map(shown))))
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.fill(item)).collect()),
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect(),
            other => other.clone(),
        }
    }

    /// The text with each `{column}` replaced, whatever stands around it: of a text that is sent as it is no brace has a meaning of its own.
    pub(super) fn fill_text(&self, text: &str) -> String {
        self.cells.iter().fold(text.to_owned(), |text, (name, cell)| text.replace(&format!("{{{name}}}"), &shown(cell)))
    }
}

/// A cell within a longer text.
fn shown(cell: &Value) -> Cow<'_, str> {
    cell.as_str().map_or_else(|| Cow::from(cell.to_string()), Cow::from)
}
