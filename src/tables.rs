//! Holds a table of a suite against the rows that an endpoint tells.
//!
//! The table says what the documentation lists; a region may offer less, or more. What differs is for a person to look at.

use std::collections::HashMap;

use serde_json::Value;

use crate::client::Target;
use crate::contract::{Contract, Effect, Operation, Table, TableListing};
use crate::exchange::{Request, Response};

/// What differs between a table and what an endpoint tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// How many rows the endpoint tells.
    pub told: usize,
    /// Rows that only the endpoint has. What it does not tell of a column is empty.
    pub only_there: Vec<Vec<String>>,
    /// The keys of rows that only the table has.
    pub only_here: Vec<String>,
    /// Cells that differ.
    pub changed: Vec<Changed>,
}

/// A cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The key of its row.
    pub key: String,
    /// The name of its column.
    pub column: String,
    /// What the table has there.
    pub here: String,
    /// What the endpoint has there.
    pub there: String,
}

/// Why nothing can be said of a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The contract has no call that tells it.
    #[error("the contract has no call that tells the rows of {0}: `x-effect: table`")]
    NoCall(String),
    /// The endpoint did not answer with them.
    #[error("{call} does not tell them: {why}")]
    NotTold {
        /// The call.
        call: String,
        /// What came instead.
        why: String,
    },
}

impl Differences {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        self.only_there.is_empty() && self.only_here.is_empty() && self.changed.is_empty()
    }

    /// The table with what the endpoint tells: cells that differ are changed, and rows that only it has come behind the others. Rows that only the table has stay,
    /// as another region may have them.
    pub fn applied_to(&self, table: &Table) -> Table {
        let mut rows = table.rows().to_vec();
        for Changed { key, column, there, .. } in &self.changed {
            let place = table.column(column).zip(rows.iter_mut().find(|row| row[0] == *key));
            if let Some((column, row)) = place {
                row[column].clone_from(there);
            }
        }
        rows.extend(self.only_there.iter().cloned());
        table.with_rows(rows)
    }
}

/// Asks the endpoint for the rows of a table, and holds the table against them.
pub async fn check(contract: &Contract, target: &Target, table: &Table) -> Result<Differences, TableError> {
    let found = contract.operations.iter().find_map(|operation| match &operation.effect {
        Effect::Table(listing) if listing.file == table.file => Some((operation, listing)),
        _ => None,
    });
    let (operation, listing) = found.ok_or_else(|| TableError::NoCall(table.file.clone()))?;
    let answer = ask(target, operation).await?;
    let mut rows = Vec::new();
    each(&answer, &steps(&listing.rows), &mut rows);
    if rows.is_empty() {
        let why = format!("its answer has nothing at {}", listing.rows);
        return Err(TableError::NotTold { call: call(operation), why });
    }
    Ok(differences(table, listing, &rows))
}

async fn ask(target: &Target, operation: &Operation) -> Result<Value, TableError> {
    let request = Request {
        method: operation.method.clone(),
        path: operation.path.as_str().to_owned(),
        headers: Vec::new(),
        body: None,
        credential: target.usual_credential(),
    };
    let exchange = target.send(request).await;
    let why = match &exchange.outcome {
        Ok(response) if !response.is_success() => format!("the answer is {}", response.status),
        Ok(response) => match Response::json(response) {
            Some(answer) => return Ok(answer),
            None => "the answer is not JSON".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    Err(TableError::NotTold { call: call(operation), why })
}

fn call(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path.as_str())
}

fn steps(pointer: &str) -> Vec<&str> {
    pointer.split('/').skip(1).collect()
}

/// The values that a pointer with `*` leads to.
fn each<'a>(value: &'a Value, steps: &[&str], found: &mut Vec<&'a Value>) {
    match (steps, value) {
        ([], value) => found.push(value),
        (["*", rest @ ..], Value::Array(items)) => items.iter().for_each(|item| each(item, rest, found)),
        ([name, rest @ ..], Value::Object(fields)) => {
            if let Some(inner) = fields.get(*name) {
                each(inner, rest, found);
            }
        }
        _ => {}
    }
}

fn differences(table: &Table, listing: &TableListing, rows: &[&Value]) -> Differences {
    // Services tell some rows in several groups.
    let mut there: HashMap<String, &Value> = HashMap::new();
    let mut order = Vec::new();
    let key_pointer = listing.columns.iter().find(|(name, _)| *name == table.columns()[0]).map(|(_, pointer)| pointer);
    for row in rows {
        // What has no name is no row.
        let key = key_pointer.and_then(|pointer| text_at(row, pointer)).filter(|key| !key.is_empty());
        let Some(key) = key else { continue };
        if there.insert(key.clone(), row).is_none() {
            order.push(key);
        }
    }
    let told = |row: &Value, column: &str| {
        let pointer = listing.columns.iter().find(|(name, _)| name == column)?;
        text_at(row, &pointer.1)
    };
    let whole = |key: &String| {
        let cell = |column: &String| told(there[key], column).unwrap_or_default();
        table.columns().iter().map(cell).collect::<Vec<_>>()
    };
    let mut found = Differences { told: order.len(), ..Differences::default() };
    found.only_there = order.iter().filter(|key| table.row(key).is_none()).map(whole).collect();
    for row in table.rows() {
        let Some(other) = there.get(&row[0]) else {
            found.only_here.push(row[0].clone());
            continue;
        };
        for (column, here) in table.columns().iter().zip(row).skip(1) {
            let Some(there) = told(other, column) else { continue };
            if !here.split('|').any(|spelling| spelling == there) {
                found.changed.push(Changed { key: row[0].clone(), column: column.clone(), here: here.clone(), there });
            }
        }
    }
    found
}

/// What stands there as a cell has it: texts as they are, numbers and truth values as JSON writes them.
fn text_at(row: &Value, pointer: &str) -> Option<String> {
    match row.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Changed, Differences, differences, each, steps};
    use crate::contract::{Table, TableListing};

    #[test]
    fn what_differs_is_told_by_rows_and_cells_and_can_be_applied() {
        let table = Table::read("t.csv", "name,group,bit\na,x,64\nb,x|y,32\nc,z,64\n").unwrap();
        let columns = ["name", "group", "bit"].map(|name| (name.to_owned(), format!("/{name}")));
        let listing = TableListing { file: "t.csv".to_owned(), rows: "/*/list/*".to_owned(), columns: columns.into() };
        let answer = json!([
            {"list": [{"name": "b", "group": "y", "bit": 32}, {"name": "a", "group": "X", "bit": 64}]},
            {"other": 1},
            {"list": [{"name": "d", "bit": 64}, {"name": "a", "group": "X", "bit": 64}, {"group": "nobody"}, {"name": ""}]},
        ]);
        let mut rows = Vec::new();
        each(&answer, &steps(&listing.rows), &mut rows);
        let found = differences(&table, &listing, &rows);
        let changed =
            Changed { key: "a".to_owned(), column: "group".to_owned(), here: "x".to_owned(), there: "X".to_owned() };
        let told_of_d = vec!["d".to_owned(), String::new(), "64".to_owned()];
        let wanted = Differences {
            told: 3,
            only_there: vec![told_of_d],
            only_here: vec!["c".to_owned()],
            changed: vec![changed],
        };
        assert_eq!(found, wanted);
        let applied = found.applied_to(&table).csv().unwrap();
        assert_eq!(applied, "name,group,bit\na,X,64\nb,x|y,32\nc,z,64\nd,,64\n");
    }
}
