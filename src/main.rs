//! The program `iamtree`: see [`iamtree::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    iamtree::cli::main()
}
