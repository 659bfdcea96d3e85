//! Tables: CSV files beside the contract, such as the published operating systems.

use std::collections::HashMap;

use crate::document::SourceError;

/// A table with named columns. A cell such as `RedHat|Red Hat` lists spellings that are equally right.
#[derive(Debug)]
pub struct Table {
    /// File name within the suite.
    pub file: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    by_first_column: HashMap<String, usize>,
}

impl Table {
    /// Reads a table whose first column is its key: not empty, and never the same twice.
    pub fn read(file: &str, text: &str) -> Result<Self, SourceError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let error = |line: usize, message: String| SourceError::of_line(file, text, line, message);
        let columns: Vec<String> = match reader.headers() {
            Ok(headers) => headers.iter().map(str::to_owned).collect(),
            Err(fault) => return Err(error(1, format!("the table cannot be read: {fault}"))),
        };
        let mut table = Self { file: file.to_owned(), columns, rows: Vec::new(), by_first_column: HashMap::new() };
        for record in reader.records() {
            let record = record.map_err(|fault| {
                let line = fault.position().map_or(1, csv::Position::line);
                error(usize::try_from(line).unwrap_or(1), format!("the row cannot be read: {fault}"))
            })?;
            let line = record.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(1));
            let row: Vec<String> = record.iter().map(str::to_owned).collect();
            if row[0].is_empty() {
                return Err(error(line, format!("the cell of `{}` is empty", table.columns[0])));
            }
            if table.by_first_column.insert(row[0].clone(), table.rows.len()).is_some() {
                return Err(error(line, format!("`{}` stands in the table twice", row[0])));
            }
            table.rows.push(row);
        }
        if table.rows.is_empty() {
            return Err(error(1, "the table has no rows".to_owned()));
        }
        Ok(table)
    }

    /// Names of the columns, in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows, each as long as [`Table::columns`].
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The same table with other rows, each as long as [`Table::columns`].
    pub(crate) fn with_rows(&self, rows: Vec<Vec<String>>) -> Self {
        let by_first_column = rows.iter().enumerate().map(|(index, row)| (row[0].clone(), index)).collect();
        Self { file: self.file.clone(), columns: self.columns.clone(), rows, by_first_column }
    }

    /// The table as CSV, as RFC 4180 has it, but for the ends of its lines.
    pub(crate) fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        self.rows.iter().try_for_each(|row| writer.write_record(row))?;
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Where a column stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The cells of one column.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row[column].as_str())
    }

    /// The row whose first cell is `key`.
    pub fn row(&self, key: &str) -> Option<&[String]> {
        self.by_first_column.get(key).map(|index| self.rows[*index].as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn a_key_given_twice_is_an_error_with_its_line() {
        let error = Table::read("t.csv", "key,value\na,1\nb,2\na,3\n").unwrap_err().to_string();
        assert!(error.contains("t.csv:4:1"), "{error}");
    }

    #[test]
    fn a_row_that_is_too_short_is_an_error_with_its_line() {
        let error = Table::read("t.csv", "key,value\na,1\nb\n").unwrap_err().to_string();
        assert!(error.contains("t.csv:3:1"), "{error}");
    }

    #[test]
    fn a_table_without_rows_is_an_error() {
        Table::read("t.csv", "key,value\n").unwrap_err();
    }

    #[test]
    fn a_row_is_found_by_its_first_cell() {
        let table = Table::read("t.csv", "key,value\na,1\nb,2\n").unwrap();
        assert_eq!(table.row("b").unwrap(), ["b", "2"]);
        assert_eq!(table.row("c"), None);
    }
}
