//! Where each clause stands in the matrix of a report: a field is a row, a group of rules is a column.

use super::model::Clause;

/// The groups of rules, which are the columns of the matrix, each with the keywords that belong to it. What is in none stands in the last one.
const GROUPS: [(&str, &[&str]); 6] = [
    ("type", &["type", "syntax", "media-type"]),
    ("values", &["enum", "const", "table", "pattern", "format", "unambiguous"]),
    (
        "limits",
        &[
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "uniqueItems",
        ],
    ),
    ("presence", &["required", "optional", "readOnly", "additionalProperties"]),
    ("default", &["default"]),
    ("relations", &[]),
];

/// The names of the groups of rules, in the order of the columns.
pub(super) fn group_names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().map(|(name, _)| *name)
}

/// One matrix: the clauses of one side of the contract.
pub(super) struct Area<'a> {
    pub(super) name: &'a str,
    /// The groups of which it has clauses.
    pub(super) groups: Vec<&'static str>,
    pub(super) rows: Vec<Row<'a>>,
}

/// The clauses of one field.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    /// One for each group.
    pub(super) cells: Vec<Vec<&'a Clause>>,
}

/// One matrix for each side of the contract, in its order.
pub(super) fn areas(clauses: &[Clause]) -> Vec<Area<'_>> {
    let mut areas: Vec<Area<'_>> = Vec::new();
    for clause in clauses {
        let (side, rest) = clause.id.split_once('.').unwrap_or((&clause.id, ""));
        let (field, keyword) = match rest.split_once('.') {
            Some((field, keyword)) => (field, keyword),
            // A rule of the whole; of the sides without fields each clause is a row.
            None if has_fields(side) => ("(whole)", rest),
            None => (rest, ""),
        };
        let group = GROUPS
            .iter()
            .position(|(_, keywords)| keywords.contains(&keyword.trim_start_matches("items.")))
            .unwrap_or(GROUPS.len() - 1);
        if areas.last().is_none_or(|area| area.name != side) {
            areas.push(Area { name: side, groups: Vec::new(), rows: Vec::new() });
        }
        let Some(area) = areas.last_mut() else { continue };
        let index = area.rows.iter().position(|row| row.name == field).unwrap_or_else(|| {
            area.rows.push(Row { name: field, cells: vec![Vec::new(); GROUPS.len()] });
            area.rows.len() - 1
        });
        area.rows[index].cells[group].push(clause);
    }
    areas.iter_mut().for_each(Area::narrow);
    areas
}

/// Whether a side of the contract speaks of fields.
fn has_fields(side: &str) -> bool {
    side == "request" || side == "response"
}

impl Area<'_> {
    /// Whether its rows are fields, and its columns groups of rules; otherwise each clause is a row.
    pub(super) fn has_fields(&self) -> bool {
        has_fields(self.name)
    }

    /// Leaves out the groups of which it has no clause.
    fn narrow(&mut self) {
        let is_used: Vec<_> =
            (0..GROUPS.len()).map(|group| self.rows.iter().any(|row| !row.cells[group].is_empty())).collect();
        for row in &mut self.rows {
            let mut used = is_used.iter();
            row.cells.retain(|_| used.next() == Some(&true));
        }
        let names = GROUPS.iter().zip(&is_used).filter(|(_, is_used)| **is_used).map(|((name, _), _)| *name);
        self.groups = if self.has_fields() { names.collect() } else { vec!["clause"] };
    }
}
