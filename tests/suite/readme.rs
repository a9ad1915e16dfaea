//! The commands of the README do what the README shows.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The `console` blocks that run the program: the command, continued lines joined, and what it prints.
fn sessions(readme: &str) -> Vec<(String, Vec<String>)> {
    let blocks = readme.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let session = |block: &str| {
        let joined = block.replace("\\\n", " ");
        let mut lines = joined.lines();
        let command = lines.next()?.strip_prefix("$ cargo run -q -- ")?.to_owned();
        Some((command, lines.map(str::to_owned).collect()))
    };
    blocks.filter_map(session).collect()
}

#[test]
fn the_commands_print_what_the_readme_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let sessions = sessions(&readme);
    assert_eq!(sessions.len(), 2);
    for (command, shown) in sessions {
        let output = Command::new(env!("CARGO_BIN_EXE_iamtree"))
            .args(command.split_whitespace())
            .current_dir(root)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        // The clock is the only line that differs from run to run.
        let without_clock = |lines: Vec<String>| -> Vec<String> {
            lines.into_iter().filter(|line| !line.starts_with("clock: ")).collect()
        };
        let printed = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(without_clock(printed), without_clock(shown));
    }
}
