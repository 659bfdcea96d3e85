//! The table of fields and groups of rules: how many clauses of each hold. Where all is well, a side of the contract is one row; a field has a row of its own
//! where a clause of it does not hold as the documentation has it.

use std::fmt::{self, Write};

use super::{Detail, FAINT, RED};
use crate::report::matrix::{Area, areas, group_names};
use crate::report::model::{Clause, ClauseVerdict, clauses};
use crate::results::Results;

/// One line: its name, and for each group of rules what became of its clauses.
struct Line<'a> {
    name: String,
    cells: Vec<Vec<&'a Clause>>,
}

/// The names of fields are shown up to this length, so that a table keeps its form.
const LONGEST: usize = 20;

pub(super) fn write_table(out: &mut String, results: &Results, detail: Detail) -> fmt::Result {
    let clauses = clauses(results);
    let areas = areas(&clauses);
    let lines: Vec<_> = areas.iter().filter(|area| area.has_fields()).flat_map(|area| lines(area, detail)).collect();
    let names: Vec<_> = group_names().collect();
    let is_used = |group: &usize| lines.iter().any(|line| !line.cells[*group].is_empty());
    let used: Vec<_> = (0..names.len()).filter(is_used).collect();
    let first = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    // As wide as the widest cell, so that a table of long names fits, too.
    let width = |group: &usize| {
        let cells = lines.iter().map(|line| cell(&line.cells[*group]).len());
        cells.chain([names[*group].len()]).max().unwrap_or_default()
    };
    if !lines.is_empty() {
        write!(out, "{FAINT}{:first$}", "clauses")?;
        for group in &used {
            write!(out, "  {:>width$}", names[*group], width = width(group))?;
        }
        writeln!(out, "{FAINT:#}")?;
    }
    for line in &lines {
        write!(out, "{:first$}", line.name)?;
        let last = used.iter().rposition(|group| !line.cells[*group].is_empty());
        for group in used.iter().take(last.map_or(0, |last| last + 1)) {
            write_cell(out, &line.cells[*group], width(group))?;
        }
        writeln!(out)?;
    }
    let others: Vec<_> = areas.iter().filter(|area| !area.has_fields()).collect();
    for (index, area) in others.iter().enumerate() {
        write!(out, "{}{}", if index == 0 { "" } else { "   " }, area.name)?;
        write_cell(out, &area.rows.iter().flat_map(|row| row.cells.concat()).collect::<Vec<_>>(), 0)?;
    }
    if !others.is_empty() {
        writeln!(out)?;
    }
    writeln!(out)
}

/// The side as a whole, and below it its fields of which there is something to say; all of them where somebody wants to see all.
fn lines<'a>(area: &Area<'a>, detail: Detail) -> Vec<Line<'a>> {
    let names: Vec<_> = group_names().collect();
    let column = |group: &str| names.iter().position(|name| *name == group).unwrap_or_default();
    let empty = || vec![Vec::new(); names.len()];
    let mut whole = Line { name: area.name.to_owned(), cells: empty() };
    let mut fields = Vec::new();
    for row in &area.rows {
        let mut line = Line { name: format!("  {:.LONGEST$}", row.name), cells: empty() };
        for (group, cell) in area.groups.iter().zip(&row.cells) {
            line.cells[column(group)].extend(cell);
            whole.cells[column(group)].extend(cell);
        }
        if detail == Detail::Verbose || row.cells.iter().flatten().any(|clause| is_deviating(clause)) {
            fields.push(line);
        }
    }
    std::iter::once(whole).chain(fields).collect()
}

fn is_deviating(clause: &Clause) -> bool {
    matches!(clause.verdict, ClauseVerdict::Broken | ClauseVerdict::Known | ClauseVerdict::Entailed)
}

/// How many of these clauses hold, of all, with a sign where one is broken, which also a terminal without colours shows.
fn cell(clauses: &[&Clause]) -> String {
    if clauses.is_empty() {
        return String::new();
    }
    let holds = clauses.iter().filter(|clause| clause.verdict == ClauseVerdict::Holds).count();
    format!("{}{holds}/{}", if is_broken(clauses) { "!" } else { "" }, clauses.len())
}

fn is_broken(clauses: &[&Clause]) -> bool {
    clauses.iter().any(|clause| clause.verdict == ClauseVerdict::Broken)
}

fn write_cell(out: &mut String, clauses: &[&Clause], width: usize) -> fmt::Result {
    let text = cell(clauses);
    if is_broken(clauses) { write!(out, "  {RED}{text:>width$}{RED:#}") } else { write!(out, "  {text:>width$}") }
}
