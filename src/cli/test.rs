//! `iamtree test`: case files, run against either evaluator or both.

use std::path::PathBuf;

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};

use super::input::{self, Input};
use super::stop::Stop;
use super::{Status, choice, output, render};
use crate::cases::{self, Case, EngineChoice};

/// Run case files and show each case that fails, with its explanation
///
/// Ends with the line "N passed, N failed". Exit status: 0 all passed, 1 a case failed, 2 a file cannot be read or
/// no case was run. The time is never taken from the clock.
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

pub(super) fn run(arguments: Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let mut cases: Vec<Case> = Vec::new();
    for path in &arguments.files {
        cases.extend(cases::read(&input.cases(path)?, input::referred)?);
    }
    let only = arguments.only.as_ref();
    let selected = cases.iter().filter(|case| only.is_none_or(|only| only.is_match(case.name())));

    let report = cases::run(selected, arguments.engine);
    if report.total() == 0 {
        return Err(Stop::mistake(match only {
            Some(only) => format!("no case was run: none of {} has a name like `{}`", cases.len(), only.glob()),
            None => "no case was run: there are none in these files".to_owned(),
        }));
    }
    let failures = report.failures().iter().map(render::failure);
    output::result(&failures.chain([format!("{report}\n")]).collect::<String>())?;
    Ok(if report.is_success() { Status::Good } else { Status::Bad })
}
