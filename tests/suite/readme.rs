//! The first command of the README does what the README shows.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The lines of the first `console` block: the command, continued lines joined, and what it prints.
fn first_session(readme: &str) -> (String, Vec<String>) {
    let block = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let joined = block.replace("\\\n", " ");
    let mut lines = joined.lines();
    let command = lines.next().unwrap().strip_prefix("$ cargo run -q -- ").unwrap().to_owned();
    (command, lines.map(str::to_owned).collect())
}

#[test]
fn the_main_command_prints_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (command, shown) = first_session(&readme);
    let output = Command::new(env!("CARGO_BIN_EXE_iamtree"))
        .args(command.split_whitespace())
        .current_dir(root)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    // The clock is the only line that differs from run to run.
    let without_clock =
        |lines: Vec<String>| -> Vec<String> { lines.into_iter().filter(|line| !line.starts_with("clock: ")).collect() };
    let printed = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(without_clock(printed), without_clock(shown));
}
