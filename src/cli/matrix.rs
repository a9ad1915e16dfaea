//! `iamtree matrix`: who may do what to which resource, as a table.

mod csv;
mod html;
mod json;
mod select;
mod table;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::context::{self, KeyValue};
use super::stop::Stop;
use super::{Status, environment, output, render};
use table::{Asked, Table};

/// Print who may do what to which resource
///
/// A line is a principal and a resource, a column an action. Patterns with `*` and `?` pick from what the environment
/// knows; what has none is taken as it is, so sessions, services and single objects can be asked about as well.
///
/// Exit status: 0 every question was decided, 2 a mistake in the input or a question that cannot be decided.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The environment: a file, or a folder of *.json, *.yaml and *.yml
    #[arg(long, value_name = "DIR_OR_FILE")]
    env: PathBuf,

    /// Principals. All roles and users that the environment knows if you leave it out; `*` alone is nobody known
    #[arg(long, value_name = "ARN", num_args = 1..)]
    principals: Vec<String>,

    /// Actions, as service:Name
    #[arg(long, value_name = "ACTION", num_args = 1.., required = true)]
    actions: Vec<String>,

    /// Resources. All that the environment knows if you leave it out; `*` alone is for actions without a resource
    #[arg(long, value_name = "ARN", num_args = 1..)]
    resources: Vec<String>,

    /// A context key of every question, as for `iamtree eval`
    #[arg(long, value_name = "KEY=VALUE")]
    context: Vec<KeyValue>,

    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
    /// A page that needs nothing else: a cell opens to its explanation
    Html,
}

impl Format {
    /// Whether cells are shown with their explanations.
    fn explains(self) -> bool {
        matches!(self, Format::Json | Format::Html)
    }

    /// The most cells of a table.
    fn most_cells(self) -> usize {
        if self.explains() { 1 << 16 } else { 1 << 20 }
    }
}

pub(super) fn run(arguments: Arguments) -> Result<Status, Stop> {
    let environment = environment::load(&arguments.env)?;
    let principals = select::among("principal", environment.principals(), &arguments.principals)?;
    let resources = select::among("resource", environment.resources(), &arguments.resources)?;
    let cells = principals.len().saturating_mul(resources.len()).saturating_mul(arguments.actions.len());
    let most = arguments.format.most_cells();
    if cells > most {
        return Err(Stop::mistake(format_args!(
            "the table is too large: found {cells} cells, expected at most {most}"
        )));
    }
    let asked = Asked {
        environment: &environment,
        context: &context::gather(&arguments.context),
        now: Timestamp::now(),
        keeps_explanations: arguments.format.explains(),
    };
    let table = Table::ask(&asked, &principals, arguments.actions, &resources);
    output::result(&match arguments.format {
        Format::Text => text::write(&table),
        Format::Csv => csv::write(&table),
        Format::Json => json::write(&table)?,
        Format::Html => html::write(&table),
    })?;
    shown(table.warnings.iter(), |warning| output::warning(&render::safe(warning)));
    shown(table.errors.iter(), |error| output::error(&Stop::mistake(error)));
    Ok(if table.errors.is_empty() { Status::Good } else { Status::Mistake })
}

/// How many warnings, and how many errors, are told.
const TOLD: usize = 20;

fn shown<'m>(mut messages: impl Iterator<Item = &'m str>, tell: impl Fn(&str)) {
    messages.by_ref().take(TOLD).for_each(&tell);
    match messages.count() {
        0 => {}
        more => tell(&format!("and {more} more")),
    }
}
