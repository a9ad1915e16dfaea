//! `iamtree role`: which role a login gets, and why.

use clap::Args;
use serde::Serialize;

use super::exchange::{self, LoginArguments};
use super::format::{self, Format};
use super::render::safe;
use super::stop::Stop;
use super::style::{self, dress};
use super::{Status, output};
use crate::cognito::{CognitoSession, Trace};

/// Exchange a login of a Cognito identity pool for a role, and say why it is that role
///
/// Exit status: 0 a session, 1 the exchange is refused, 2 a mistake in the input, 3 a bug of this program.
#[derive(Debug, Args)]
#[command(override_usage = "iamtree role --pool <DIR> --claims <FILE> [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    login: LoginArguments,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    match arguments.login.run()? {
        Ok(session) => show(&session, arguments.format),
        Err(error) => exchange::refused(&error, arguments.format),
    }
}

/// Prints the role and how the session came about.
pub(super) fn show(session: &CognitoSession, format: Format) -> Result<Status, Stop> {
    #[derive(Serialize)]
    struct SessionJson<'a> {
        role: &'a str,
        exchange: &'a Trace,
    }
    output::result(&match format {
        Format::Text => {
            let role = dress(style::GOOD, safe(session.role_arn()));
            format!("{role}\n{}", exchange::text(session.trace()))
        }
        Format::Json => format::json(&SessionJson { role: session.role_arn(), exchange: session.trace() })?,
    })?;
    Ok(Status::Good)
}
