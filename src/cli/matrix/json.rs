//! The table for programs: one object a cell, so that it can be filtered.

use serde::Serialize;

use super::table::{Table, word};
use crate::cli::stop::Stop;
use crate::decision::{Reason, Warning};

#[derive(Serialize)]
struct Cell<'t> {
    principal: &'t str,
    action: &'t str,
    resource: &'t str,
    /// `allowed`, `explicitDeny`, `implicitDeny`, or `error`.
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The sentence that AWS prints, or why there is no decision.
    message: String,
    /// What the environment assumed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'t [Warning],
}

pub(super) fn write(table: &Table) -> Result<String, Stop> {
    let mut cells = Vec::new();
    for row in &table.rows {
        for (cell, action) in row.cells.iter().zip(&table.actions) {
            let explanation = cell.as_ref().ok().and_then(|answer| answer.explanation.as_ref());
            cells.push(Cell {
                principal: &row.principal,
                action,
                resource: &row.resource,
                decision: word(cell),
                reason: cell.as_ref().ok().map(|answer| answer.reason),
                message: match (cell, explanation) {
                    (Err(error), _) => error.to_string(),
                    (Ok(_), Some(explanation)) => explanation.message.clone(),
                    (Ok(_), None) => String::new(),
                },
                warnings: explanation.map(|explanation| &*explanation.warnings).unwrap_or_default(),
            });
        }
    }
    let mut text = serde_json::to_string_pretty(&cells)
        .map_err(|error| Stop::mistake(format_args!("cannot write the table as JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}
