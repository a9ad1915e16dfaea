//! Text or JSON.

use clap::ValueEnum;
use serde::Serialize;

use super::stop::Stop;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A result as JSON, its last line ended.
pub(super) fn json(result: &impl Serialize) -> Result<String, Stop> {
    let mut text = serde_json::to_string_pretty(result)
        .map_err(|error| Stop::mistake(format_args!("cannot write the result as JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}
