//! The command line: arguments → library → text or JSON. One file a command.
//!
//! Results go to standard output, everything else to standard error. Exit status:
//!
//! | Status | `eval` | other commands |
//! |---|---|---|
//! | 0 | allowed | done, all passed |
//! | 1 | denied | `test`: a case failed; `role`, `whatif`, `reach`: no session |
//! | 2 | a mistake in the input | a mistake in the input |
//! | 3 | the two evaluators differ, or another bug of this program | the same |
//!
//! No status but 0 means allowed, whatever goes wrong (threat T0).

mod bench;
mod check;
mod choice;
mod clock;
mod completions;
mod context;
mod diagnostics;
mod environment;
mod eval;
mod exchange;
#[cfg(feature = "fetch")]
mod fetch;
mod format;
mod input;
mod login;
mod man;
mod matrix;
mod output;
mod policies;
mod pool;
mod reach;
mod render;
mod role;
mod simulate;
mod stop;
mod style;
mod test;
#[cfg(feature = "token")]
mod token;
mod tree;
mod whatif;

use std::panic::UnwindSafe;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use stop::Stop;

/// Decides AWS IAM policies and explains every decision
#[derive(Debug, Parser)]
#[command(name = "iamtree", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Eval(Box<eval::Arguments>),
    Role(Box<role::Arguments>),
    Whatif(Box<whatif::Arguments>),
    Reach(Box<reach::Arguments>),
    Matrix(matrix::Arguments),
    Test(test::Arguments),
    Check(check::Arguments),
    Tree(tree::Arguments),
    Bench(bench::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    fn run(self) -> Result<Status, Stop> {
        match self {
            Command::Eval(arguments) => eval::run(&arguments),
            Command::Role(arguments) => role::run(&arguments),
            Command::Whatif(arguments) => whatif::run(&arguments),
            Command::Reach(arguments) => reach::run(&arguments),
            Command::Matrix(arguments) => matrix::run(arguments),
            Command::Test(arguments) => test::run(&arguments),
            Command::Check(arguments) => check::run(arguments),
            Command::Tree(arguments) => tree::run(arguments),
            Command::Bench(arguments) => bench::run(&arguments),
            Command::Completions(arguments) => completions::run(&arguments, Cli::command()),
            Command::Man(arguments) => man::run(&arguments, Cli::command()),
        }
    }
}

/// What the program tells the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Allowed; or done, and everything is well.
    Good,
    /// Denied; or a case failed.
    Bad,
    /// A mistake in the input.
    Mistake,
    /// A bug of this program.
    Internal,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(match status {
            Status::Good => 0,
            Status::Bad => 1,
            Status::Mistake => 2,
            Status::Internal => 3,
        })
    }
}

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    guarded(run).into()
}

/// A panic is a bug, and must not look like an answer (threat T41).
fn guarded(run: impl FnOnce() -> Status + UnwindSafe) -> Status {
    std::panic::catch_unwind(run).unwrap_or_else(|_| {
        output::error(&Stop::internal("internal error: the program panicked, nothing was decided"));
        Status::Internal
    })
}

fn run() -> Status {
    let result = match Cli::try_parse() {
        Ok(cli) => cli.command.run(),
        Err(usage) => return output::usage(&usage),
    };
    result.unwrap_or_else(|stop| {
        output::error(&stop);
        stop.status()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_panic_is_no_answer() {
        assert_eq!(guarded(|| Status::Good), Status::Good);
        assert_eq!(guarded(|| panic!("injected")), Status::Internal);
        assert_eq!(ExitCode::from(Status::Internal), ExitCode::from(3));
    }
}
