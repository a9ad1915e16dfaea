//! Holds three sets of rules against each other: those written in the law, those the code cites, and those the
//! conformance cases name. What may differ stands in two lists, each entry with its reason; an entry that is no
//! longer needed fails the test, so the lists can only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rules of the law that no code has to cite.
const NOT_CITED: [(&str, &str); 24] = [
    ("L38", "an example of L34: what S3's ARNs make of it"),
    ("L39", "an example of L34: what DynamoDB's ARNs make of it"),
    ("L42", "an example of L34; the rest of it is for the linter"),
    ("L101", "an example of L72, L74 and L92"),
    ("L102", "an example of L34"),
    ("L103", "an example of L72"),
    ("L104", "an example of L72"),
    ("L105", "says what services put into the context, which is taken as given (L100)"),
    ("L106", "says what services put into the context, which is taken as given (L100)"),
    ("L110", "an example of L75 and L77"),
    ("L111", "an example of L77; the warning is for the linter"),
    ("L112", "an example of L77"),
    ("L113", "says what services put into the context, which is taken as given (L100)"),
    ("L114", "an example of L82"),
    ("E70", "describes another tool"),
    ("E71", "for the sidecar, which does not exist yet"),
    ("E72", "kept by reading: what cannot be evaluated is refused by L16, L52 and E47"),
    ("C39", "limits, for the linter"),
    ("C44", "says what is not modelled"),
    ("C56", "says what is not modelled"),
    ("C57", "for the linter"),
    ("C67", "examples of documented policies, which have cases"),
    ("C68", "examples of documented policies, which have cases"),
    ("C69", "says what a further role does not get; a session is of one role"),
];

/// Rules of the law that no case names.
const WITHOUT_CASE: [(&str, &str); 27] = [
    ("L1", "a case holds JSON values, so a text that is no JSON cannot stand in one; unit tests of `json`"),
    ("L19", "limits of the reader; unit tests of `json` and `document`"),
    ("L42", "for the linter"),
    ("E1", "a case is one question"),
    ("E21", "the table that E38 to E50 fill in, which have cases"),
    ("E62", "quotas, for the linter"),
    ("E64", "about explanations, which cases do not hold; unit tests of `reference`"),
    ("E65", "about explanations, which cases do not hold; unit tests of `reference`"),
    ("E66", "about explanations, which cases do not hold; unit tests of `reference`"),
    ("E67", "about explanations, which cases do not hold; unit tests of `reference`"),
    ("E68", "about explanations, which cases do not hold; unit tests of `reference`"),
    ("E69", "an output format, which cases do not hold; unit tests of `cli`"),
    ("E70", "describes another tool"),
    ("E71", "for the sidecar, which does not exist yet"),
    ("E72", "about what does not exist: a mode that skips statements"),
    ("C1", "every case is an exchange"),
    ("C2", "every case has one role"),
    ("C13", "for the token layer"),
    ("C37", "about explanations, which cases do not hold; unit tests of `cognito`"),
    ("C38", "properties; `cognito_properties`"),
    ("C39", "limits, for the linter"),
    ("C40", "every case of the enhanced flow"),
    ("C44", "says what is not modelled"),
    ("C55", "about a further role, which no case assumes"),
    ("C56", "says what is not modelled"),
    ("C57", "for the linter"),
    ("C59", "an example of L71"),
];

/// The rooms whose code states rules: the reference evaluator, what reads documents and requests, and what prints.
const ROOMS: [&str; 8] = ["reference", "document", "json", "language", "request", "cognito", "environment", "cli"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|of_file| of_file == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The words of a text that are numbers of rules, such as `L10` or `E53`.
fn rules_named(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| {
        let number = word.strip_prefix(['L', 'E', 'C']).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The rules of the law: the bold number that opens a paragraph, as in `**L10. Effect.**`.
fn law() -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for file in files(&repository().join("src/reference/law"), "md") {
        let text = fs::read_to_string(&file).unwrap();
        let openings = text.lines().filter_map(|line| line.strip_prefix("**")?.split_once('.'));
        for (rule, _) in openings.filter(|(rule, _)| rules_named(rule).any(|named| named == *rule)) {
            assert!(rules.insert(rule.to_owned()), "{rule} stands twice in the law");
        }
    }
    rules
}

/// The rules that the code cites, each with a file that does. Tests do not count, and neither do the comments that
/// open a file: a rule is cited where it is kept.
fn cited() -> BTreeMap<String, String> {
    let src = repository().join("src");
    let mut rules = BTreeMap::new();
    for file in files(&src, "rs") {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let is_test = name.split('/').any(|part| part == "tests" || part == "tests.rs");
        if is_test || !ROOMS.contains(&name.split(['/', '.']).next().unwrap()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        for line in code.lines().filter(|line| !line.starts_with("//!")) {
            rules.extend(rules_named(line).map(|rule| (rule.to_owned(), name.clone())));
        }
    }
    rules
}

/// The rules that cases name in their `source`, each with a case that does.
fn named_by_cases() -> BTreeMap<String, String> {
    let mut rules = BTreeMap::new();
    for file in files(&repository().join("corpus/cases"), "jsonl") {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let (name, source) = (case["name"].as_str().unwrap(), case["source"].as_str().unwrap());
            rules.extend(rules_named(source).map(|rule| (rule.to_owned(), name.to_owned())));
        }
    }
    rules
}

/// Every rule of the law is in `present` or in `exceptions`, and no exception is idle.
fn check_exceptions(
    law: &BTreeSet<String>,
    present: &BTreeMap<String, String>,
    exceptions: &[(&str, &str)],
    list: &str,
) {
    for (rule, reason) in exceptions {
        assert!(!reason.is_empty(), "{rule} stands in {list} without a reason");
        assert!(law.contains(*rule), "{rule} stands in {list} but not in the law");
        if let Some(place) = present.get(*rule) {
            panic!("{rule} no longer belongs into {list}: it is named in {place}");
        }
    }
    let excepted: BTreeSet<&str> = exceptions.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(excepted.len(), exceptions.len(), "a rule stands twice in {list}");
    let missing: Vec<&String> =
        law.iter().filter(|rule| !present.contains_key(*rule) && !excepted.contains(rule.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} is named nowhere, and not in {list}");
}

fn check_known(law: &BTreeSet<String>, named: &BTreeMap<String, String>) {
    let unknown: Vec<_> = named.iter().filter(|(rule, _)| !law.contains(*rule)).collect();
    assert!(unknown.is_empty(), "named, but not in the law: {unknown:?}");
}

#[test]
fn code_cites_every_rule_and_no_other() {
    let (law, cited) = (law(), cited());
    check_known(&law, &cited);
    check_exceptions(&law, &cited, &NOT_CITED, "NOT_CITED");
}

#[test]
fn cases_name_every_rule_and_no_other() {
    let (law, named) = (law(), named_by_cases());
    check_known(&law, &named);
    check_exceptions(&law, &named, &WITHOUT_CASE, "WITHOUT_CASE");
}

/// The reader of headings finds them: the law does not lose rules.
#[test]
fn the_law_is_whole() {
    let law = law();
    assert!(law.len() >= 229, "{} rules", law.len());
    for rule in ["L1", "L34", "L114", "E1", "E53", "E72"] {
        assert!(law.contains(rule), "{rule}");
    }
}
