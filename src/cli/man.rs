//! `iamtree man`: the manual page, of the program or of one command.

use clap::Args;
use clap_mangen::Man;

use super::stop::Stop;
use super::{Status, output};

/// Print the manual page
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A command whose page is wanted; without it, the page of the program
    command: Option<String>,
}

pub(super) fn run(arguments: &Arguments, mut program: clap::Command) -> Result<Status, Stop> {
    program.build();
    let command = match &arguments.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                return Err(Stop::mistake(format_args!(
                    "unknown command: found `{name}`, expected one of `iamtree help`"
                )));
            }
        },
    };
    let mut page = Vec::new();
    let written = Man::new(command).render(&mut page);
    written.map_err(|error| Stop::mistake(format_args!("cannot write the manual page: {error}")))?;
    output::result(&String::from_utf8_lossy(&page))?;
    Ok(Status::Good)
}
