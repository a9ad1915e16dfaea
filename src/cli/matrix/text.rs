//! The table for people: a block for each principal, a line for each resource.

use std::fmt::Write;

use super::table::{Cell, Table};
use crate::cli::render::safe;
use crate::cli::style::{self, dress};
use crate::decision::Outcome;

/// What stands in a cell, short enough for a column.
fn short(cell: &Cell) -> (&'static str, anstyle::Style) {
    match cell.as_ref().map(|answer| answer.reason.outcome()) {
        Ok(Outcome::Allowed) => ("allow", style::GOOD),
        Ok(Outcome::ExplicitDeny) => ("deny", style::BAD),
        Ok(Outcome::ImplicitDeny) => ("-", style::LABEL),
        Err(_) => ("error", style::WARNING),
    }
}

pub(super) fn write(table: &Table) -> String {
    let mut text = String::new();
    let names: Vec<String> = table.actions.iter().map(|action| safe(action)).collect();
    let resources: Vec<String> = table.rows.iter().map(|row| safe(&row.resource)).collect();
    let widest = resources.iter().map(|resource| width(resource)).max().unwrap_or_default();
    let mut last = None;
    for (row, resource) in table.rows.iter().zip(&resources) {
        if last != Some(&row.principal) {
            if last.is_some() {
                text.push('\n');
            }
            let header: Vec<String> = names.iter().map(|name| dress(style::LABEL, name)).collect();
            let _ = writeln!(text, "{}", dress(style::STRONG, safe(&row.principal)));
            let _ = writeln!(text, "  {}  {}", " ".repeat(widest), header.join("  "));
            last = Some(&row.principal);
        }
        let mut line = format!("  {resource}{}", " ".repeat(widest - width(resource)));
        for (index, (cell, name)) in row.cells.iter().zip(&names).enumerate() {
            let (word, style) = short(cell);
            let is_last = index + 1 == row.cells.len();
            let padding = if is_last { 0 } else { width(name).saturating_sub(word.len()) };
            let _ = write!(line, "  {}{}", dress(style, word), " ".repeat(padding));
        }
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(clock) = table.clock {
        let _ = writeln!(text, "\n{} {clock:.0}", dress(style::LABEL, "clock:"));
    }
    text
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
