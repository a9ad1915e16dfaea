//! `iamtree tree`: what policies became when they were compiled.

use clap::Args;

use super::input::Input;
use super::policies::Policies;
use super::stop::Stop;
use super::{Status, output};
use crate::document::PolicyKind;
use crate::engine::Engine;

/// Print the compiled decision tree of policies
#[derive(Debug, Args)]
#[command(override_usage = "iamtree tree --policy <FILE>... [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: Policies,
}

pub(super) fn run(arguments: Arguments) -> Result<Status, Stop> {
    let policies = arguments.policies.read(&mut Input::default())?;
    // Without a request nobody can say that the resource is a role to be assumed (Rule E33).
    let engine = Engine::compile(policies.parse(PolicyKind::Resource)?)?;
    output::result(&format!("{}\n", engine.tree().to_string().trim_end()))?;
    Ok(Status::Good)
}
