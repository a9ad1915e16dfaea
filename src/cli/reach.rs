//! `iamtree reach`: what the session of a login can touch.

use clap::Args;

use super::exchange::{self, LoginArguments};
use super::format::{self, Format};
use super::render::safe;
use super::stop::Stop;
use super::{Status, output};
use crate::cognito::Reach;

/// Show which S3 buckets and prefixes, DynamoDB tables and leading keys a login reaches
///
/// Computed from the policies of the session with its values filled in; nothing is tried out. Resource policies and
/// policies of organizations are not looked at. Exit status: 0 a session, 1 the exchange is refused, 2 a mistake in the
/// input, 3 a bug of this program.
#[derive(Debug, Args)]
#[command(override_usage = "iamtree reach --pool <DIR> --claims <FILE> [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    login: LoginArguments,

    /// Only what this action reaches, such as s3:GetObject
    #[arg(long, value_name = "ACTION", help_heading = "Output")]
    action: Option<String>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    let session = match arguments.login.run()? {
        Ok(session) => session,
        Err(error) => return exchange::refused(&error, arguments.format),
    };
    let reach = Reach::of(&session, arguments.action.as_deref())?;
    output::result(&match arguments.format {
        Format::Text if reach.grants.is_empty() => "nothing\n".to_owned(),
        Format::Text => reach.to_string().lines().map(|line| format!("{}\n", safe(line))).collect(),
        Format::Json => format::json(&reach)?,
    })?;
    Ok(Status::Good)
}
