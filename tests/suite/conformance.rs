//! Runs the conformance cases, and the questions beside the example policies, with either evaluator and with both.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use iamtree::cases::{self, Case, EngineChoice};
use iamtree::source::Source;

/// Conformance cases of rules that are not implemented yet. The list only shrinks: a case on it that passes, or
/// that does not exist, fails the test.
const NOT_YET: &[&str] = &[];

const FILES: [&str; 2] = ["language.jsonl", "evaluation.jsonl"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the cases are copied from, if it is there.
fn shared() -> Option<PathBuf> {
    let folder = repository().parent()?.join("shared/cases");
    folder.is_dir().then_some(folder)
}

fn read(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let open = |path: &str| fs::read(path).map_err(|error| error.to_string());
    cases::read(&Source::new(&path.display().to_string(), &text), open).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs every case of some files with every choice of engine, and holds the failures against a list.
fn run(paths: &[PathBuf], not_yet: &[&str]) {
    let cases: Vec<Case> = paths.iter().flat_map(|path| read(path)).collect();
    let names: BTreeSet<&str> = cases.iter().map(Case::name).collect();
    assert_eq!(names.len(), cases.len(), "two files hold a case of one name");
    let unknown: Vec<_> = not_yet.iter().filter(|name| !names.contains(**name)).collect();
    assert!(unknown.is_empty(), "no such cases: {unknown:?}");

    for engine in EngineChoice::ALL {
        let report = cases::run(&cases, engine);
        let failed: BTreeSet<&str> = report.failures().iter().map(|failure| failure.case.name()).collect();
        let (known, unexpected): (Vec<_>, Vec<_>) =
            report.failures().iter().partition(|failure| not_yet.contains(&failure.case.name()));
        let unexpected: Vec<String> = unexpected.iter().map(ToString::to_string).collect();
        assert!(unexpected.is_empty(), "{}, {report}:\n{}", engine.as_str(), unexpected.join("\n"));
        let passing: Vec<_> = not_yet.iter().filter(|name| !failed.contains(**name)).collect();
        assert!(passing.is_empty(), "{}: these pass, take them off the list: {passing:?}", engine.as_str());
        assert_eq!(report.passed() + known.len(), cases.len());
    }
}

#[test]
fn conformance_cases_pass() {
    run(&FILES.map(|file| repository().join("corpus/cases").join(file)), NOT_YET);
}

#[test]
fn the_cases_they_are_copied_from_pass() {
    if let Some(shared) = shared() {
        run(&FILES.map(|file| shared.join(file)), NOT_YET);
    }
}

#[test]
fn the_copies_are_equal() {
    let Some(shared) = shared() else { return };
    for file in FILES {
        let copy = fs::read(repository().join("corpus/cases").join(file)).unwrap();
        assert!(
            copy == fs::read(shared.join(file)).unwrap(),
            "corpus/cases/{file} differs from ../shared/cases/{file}"
        );
    }
}

#[test]
fn example_policies_answer_their_questions() {
    let folder = repository().join("corpus/policies");
    let files: BTreeSet<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (tests, policies): (Vec<PathBuf>, Vec<PathBuf>) = files
        .into_iter()
        .partition(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".test")));
    assert!(!tests.is_empty());
    for policy in policies {
        let named = |extension| tests.contains(&policy.with_extension(extension));
        assert!(named("test.jsonl") || named("test.json"), "{} has no questions beside it", policy.display());
    }
    run(&tests, &[]);
}
