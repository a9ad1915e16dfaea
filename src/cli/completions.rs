//! `iamtree completions`: what a shell needs to complete our arguments.

use clap::Args;
use clap_complete::Shell;

use super::stop::Stop;
use super::{Status, output};

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<Status, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "iamtree", &mut script);
    output::result(&String::from_utf8_lossy(&script))?;
    Ok(Status::Good)
}
