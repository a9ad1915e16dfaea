//! `--env`: an environment in place of single policies.

use std::path::{Path, PathBuf};

use clap::Args;

use super::stop::Stop;
use super::{Status, diagnostics, input, output};
use crate::environment::{AskError, Environment, EnvironmentError, RefusedDocument};

/// The option that names an environment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Environment")]
pub(super) struct EnvironmentPath {
    /// An environment: a file, or a folder of *.json, *.yaml and *.yml. It knows the policies of principals, resources
    /// and accounts, and identity pools
    #[arg(long, value_name = "DIR_OR_FILE")]
    env: Option<PathBuf>,
}

impl EnvironmentPath {
    /// The environment, if one is named.
    pub(super) fn load(&self) -> Result<Option<Environment>, Stop> {
        self.env.as_deref().map(load).transpose()
    }
}

/// Reads an environment with everything it refers to.
pub(super) fn load(path: &Path) -> Result<Environment, Stop> {
    let mut paths = Vec::new();
    if path.is_dir() {
        files(path, DEEPEST, &mut paths)?;
        paths.sort();
        if paths.is_empty() {
            return Err(Stop::mistake(format_args!("no file of an environment in `{}`", path.display())));
        }
    } else {
        paths.push(path.to_owned());
    }
    let files = paths.iter().map(|path| input::environment(path)).collect::<Result<Vec<_>, Stop>>()?;
    Ok(Environment::read(files, input::referred)?)
}

/// How many folders deep files are looked for.
const DEEPEST: usize = 16;

/// The files below a folder, those of tests and schemas left out.
fn files(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let cannot = |error| Stop::mistake(format_args!("cannot read the folder `{}`: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // Links to folders are not followed: they may run in circles.
        if path.is_dir() && !path.is_symlink() {
            match depth.checked_sub(1) {
                Some(depth) => files(&path, depth, into)?,
                None => {
                    return Err(Stop::mistake(format_args!(
                        "`{}` is more than {DEEPEST} folders deep",
                        path.display()
                    )));
                }
            }
        } else if is_part(&name) {
            into.push(path);
        }
    }
    Ok(())
}

/// Whether a file of this name is a part of an environment.
fn is_part(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    ["json", "yaml", "yml"].contains(&extension) && !stem.ends_with(".test") && !stem.ends_with(".schema")
}

/// `--check`: what is refused, and what nothing refers to.
pub(super) fn check(environment: &Environment) -> Result<Status, Stop> {
    let mut refused = 0;
    for document in environment.refused() {
        draw(document).iter().for_each(|report| output::note(&format!("{report}\n")));
        refused += 1;
    }
    for name in environment.unused() {
        output::warning(&format!("nothing refers to {}", super::render::safe(name)));
    }
    let principals = environment.principals().count();
    let resources = environment.resources().count();
    output::result(&format!("{principals} principals, {resources} resources, {refused} documents refused\n"))?;
    Ok(if refused == 0 { Status::Good } else { Status::Mistake })
}

fn draw(document: &RefusedDocument) -> Vec<String> {
    match document.document_error() {
        Some(error) => diagnostics::draw_all(error),
        None => vec![diagnostics::error(document)],
    }
}

impl From<EnvironmentError> for Stop {
    fn from(error: EnvironmentError) -> Self {
        Stop::mistake(error)
    }
}

impl From<AskError> for Stop {
    fn from(error: AskError) -> Self {
        if error.is_disagreement() {
            return Stop::internal(error);
        }
        let refused: Vec<String> = error.refused_documents().iter().flat_map(|document| draw(document)).collect();
        if refused.is_empty() {
            return Stop::mistake(error);
        }
        let first = "the question cannot be decided, because a policy that takes part in it is refused";
        Stop::drawn([diagnostics::error(first)].into_iter().chain(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_by_their_names() {
        for (name, expected) in [
            ("environment.yaml", true),
            ("a.yml", true),
            ("policy.json", true),
            ("policy.test.json", false),
            ("environment.schema.json", false),
            ("README.md", false),
            ("json", false),
        ] {
            assert_eq!(is_part(name), expected, "{name}");
        }
    }
}
