//! Holds the source against what ARCHITECTURE.md says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A row of the table of rooms.
struct Room {
    position: usize,
    must_not_import: BTreeSet<String>,
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn architecture() -> String {
    fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap()
}

/// The table under the heading "Rooms".
fn rooms() -> BTreeMap<String, Room> {
    let text = architecture();
    let table = text.split("## Rooms").nth(1).unwrap().split("\n## ").next().unwrap();
    let names_in = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with("| `")).enumerate();
    rows.map(|(position, line)| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let must_not_import = names_in(cells[4]).into_iter().collect();
        (names_in(cells[1]).remove(0), Room { position, must_not_import })
    })
    .collect()
}

/// Only what the owner drew, tool configuration and the usual one-file documents stand at the top.
#[test]
fn nothing_strays_to_the_top_level() {
    let folders = ["src", "grammar", "tests", "benches", "corpus", "target", "node_modules"];
    for entry in fs::read_dir(repository()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_known = name.starts_with('.') || folders.contains(&&*name) || !entry.file_type().unwrap().is_dir();
        assert!(is_known, "{name} does not belong at the top level");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Every file of `src` with its room, its name, and its code: without comments and without its tests.
fn sources() -> Vec<(String, String, String)> {
    let src = repository().join("src");
    let is_test =
        |path: &PathBuf| path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
    let files = rust_files(&src).into_iter().filter(|path| !is_test(path));
    files
        .map(|path| {
            let name = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
            let room = name.split(['/', '.']).next().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (room, name, code)
        })
        .collect()
}

/// The rooms that `crate::` paths in a text name, `use crate::{a, b}` included.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let (_, rest) = code.split_at(at + "crate::".len());
        match rest.strip_prefix('{') {
            Some(list) => found.extend(list.split('}').next().unwrap().split(',').map(|item| word(item.trim()))),
            None => {
                found.insert(word(rest));
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn rooms_import_only_from_above() {
    let rooms = rooms();
    let mut checked = 0;
    for (room, file, code) in sources() {
        if matches!(&*room, "lib" | "main") {
            continue;
        }
        let own = rooms.get(&room).unwrap_or_else(|| panic!("{file}: room `{room}` has no row in ARCHITECTURE.md"));
        for import in imports(&code).into_iter().filter(|import| *import != room) {
            // What lib.rs re-exports is named by its room inside the crate.
            let other = rooms.get(&import).unwrap_or_else(|| panic!("{file}: `crate::{import}` is no room"));
            assert!(other.position < own.position, "{file}: `{room}` imports `{import}`, which stands below it");
            assert!(!own.must_not_import.contains(&import), "{file}: `{room}` must not import `{import}`");
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} imports were found");
}

#[test]
fn every_row_of_the_table_is_a_room() {
    let folders: BTreeSet<String> = sources().into_iter().map(|(room, ..)| room).collect();
    for name in rooms().keys() {
        assert!(folders.contains(name), "ARCHITECTURE.md names the room `{name}`, src has none");
    }
}

#[test]
fn only_evaluators_make_decisions() {
    let makers: BTreeSet<String> =
        sources().into_iter().filter(|(.., code)| code.contains("Decision::new(")).map(|(room, ..)| room).collect();
    assert_eq!(makers, BTreeSet::from(["reference".to_owned(), "tree".to_owned()]));
}

#[test]
fn the_core_does_no_input_or_output() {
    let forbidden = ["std::fs", "std::env", "std::time", "std::net::Tcp", "println!", "eprintln!", "print!(", "dbg!"];
    for (room, file, code) in sources() {
        if matches!(&*room, "cli" | "main") {
            continue;
        }
        for word in forbidden {
            assert!(!code.contains(word), "{file} uses `{word}`");
        }
    }
}

#[test]
fn the_library_alone_pulls_what_the_architecture_lists() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--no-default-features", "-e", "normal", "--prefix", "none", "--locked"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let output = String::from_utf8(tree.stdout).unwrap();
    let pulled: BTreeSet<&str> = output.lines().filter_map(|line| line.split(' ').next()).collect();
    let text = architecture();
    let section = text.split("## Packages of the library alone").nth(1).unwrap();
    let listed: BTreeSet<&str> = section.split("```").nth(1).unwrap().lines().skip(1).collect();
    assert_eq!(pulled, listed);
    assert!(pulled.len() <= 20, "{} packages", pulled.len());
}
