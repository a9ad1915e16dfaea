//! `iamtree check`: does a document keep the rules?

use std::path::PathBuf;

use clap::Args;

use super::input::Input;
use super::stop::Stop;
use super::{Status, choice, output};
use crate::document::{Document, PolicyKind};

/// Read policy documents and show every mistake in them
///
/// Exit status: 0 all are accepted, 2 one is refused or cannot be read.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Policy documents. `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The kind of policy they are
    #[arg(long, default_value = "identity", value_parser = choice::of(&PolicyKind::ALL, PolicyKind::as_str))]
    kind: PolicyKind,
}

pub(super) fn run(arguments: Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let mut refused = 0;
    for path in &arguments.files {
        if let Err(stop) = check(&mut input, arguments.kind, path) {
            output::error(&stop);
            output::note("");
            refused += 1;
        }
    }
    let accepted = arguments.files.len() - refused;
    output::result(&format!("{accepted} accepted, {refused} refused\n"))?;
    Ok(if refused == 0 { Status::Good } else { Status::Mistake })
}

fn check(input: &mut Input, kind: PolicyKind, path: &std::path::Path) -> Result<(), Stop> {
    let source = input.document(path)??;
    Document::parse(kind, source.name(), source.text())?;
    Ok(())
}
