//! `iamtree test`: case files, run against either evaluator or both.

use std::path::PathBuf;

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};

use super::input::{self, Input};
use super::stop::Stop;
use super::{Status, choice, output, render};
use crate::cases::{self, Answer, Case, EngineChoice};
use crate::cognito::cases as logins;
use crate::engine::Engine;
use crate::request::Request;

/// Run case files and show each case that fails, with its explanation
///
/// A file holds cases of policies, or cases of logins to identity pools. Ends with the line "N passed, N failed". Exit
/// status: 0 all passed, 1 a case failed, 2 a file cannot be read or no case was run. The time is never taken from the
/// clock.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Case files: JSON Lines, or a list in JSON or YAML. `-` is standard input, which is JSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Which evaluator answers. With both, a difference between them is a failure too
    #[arg(long, default_value = "both", value_parser = choice::of(&EngineChoice::ALL, EngineChoice::as_str))]
    engine: EngineChoice,

    /// Run only cases whose name matches, such as 'corpus/user-folder/*'. `*` and `?` match `/` too
    #[arg(long, value_name = "PATTERN", value_parser = name_pattern)]
    only: Option<GlobMatcher>,
}

fn name_pattern(text: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(text).literal_separator(false).build()?.compile_matcher())
}

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let mut of_policies: Vec<Case> = Vec::new();
    let mut of_logins: Vec<logins::Case> = Vec::new();
    for path in &arguments.files {
        let source = input.cases(path)?;
        let first = source.text().lines().find(|line| !line.trim().is_empty());
        if first.is_some_and(logins::Case::is_one) {
            of_logins.extend(logins::read(&source, input::referred)?);
        } else {
            of_policies.extend(cases::read(&source, input::referred)?);
        }
    }
    let is_wanted = |name: &str| arguments.only.as_ref().is_none_or(|only| only.is_match(name));
    let policies = cases::run(of_policies.iter().filter(|case| is_wanted(case.name())), arguments.engine);
    let decide = |engine: &Engine, request: &Request<'_>| match arguments.engine.ask(engine, request) {
        Answer::Decided(reason) => Ok(reason.outcome()),
        answer => Err(answer.to_string()),
    };
    let logins = logins::run(of_logins.iter().filter(|case| is_wanted(case.name())), decide);

    let passed = policies.passed() + logins.passed();
    let failed = policies.failures().len() + logins.failures().len();
    if passed + failed == 0 {
        return Err(Stop::mistake(match &arguments.only {
            Some(only) => {
                let all = of_policies.len() + of_logins.len();
                format!("no case was run: none of {all} has a name like `{}`", only.glob())
            }
            None => "no case was run: there are none in these files".to_owned(),
        }));
    }
    let failures = policies.failures().iter().map(render::failure);
    let failures = failures.chain(logins.failures().iter().map(render::mismatch));
    output::result(&failures.chain([format!("{passed} passed, {failed} failed\n")]).collect::<String>())?;
    Ok(if failed == 0 { Status::Good } else { Status::Bad })
}
