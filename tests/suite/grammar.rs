//! The grammars in `grammar/` are alive: each tested production becomes an exact recogniser and a generator of
//! sentences. Our parsers accept every generated sentence, and agree with the recogniser on mutated ones.
//!
//! What a regular language cannot say, such as that February has no 30th, is a named predicate. The grammar names
//! it in a comment, [`LANGUAGES`] says what it is, and both recogniser and generator apply it.

mod converter;
mod mutation;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iamtree::language::Version::{V2008, V2012};
use iamtree::language::action::{ActionPattern, parse_request_action};
use iamtree::language::arn::{Arn, ArnTemplate, ResourcePattern};
use iamtree::language::date::Instant;
use iamtree::language::decimal::Decimal;
use iamtree::language::network::{parse_address, parse_network};
use iamtree::language::operator::{BASES, Operator};
use iamtree::language::pattern::{Template, Wildcards};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use proptest::test_runner::{RngAlgorithm, TestCaseResult, TestRunner};
use regex::Regex;

use converter::{Endless, Grammar};

/// How many sentences and how many mutated ones a parser is held against; `PROPTEST_CASES` can raise it.
const SENTENCES: u32 = 2_000;
const MUTATED: u32 = 5_000;

/// A production and the parser that accepts exactly its sentences.
struct Language {
    production: &'static str,
    accepts: fn(&str) -> bool,
    predicates: &'static [Predicate],
    /// Sentences at the borders of the language, which chance seldom writes. They are mutated as well, and every
    /// text that is one character away from them is tried.
    borders: &'static [&'static str],
    /// The least percentage of mutated sentences that is no sentence any more, and that still is one: without
    /// both, agreement would say little.
    rejected: u32,
    accepted: u32,
}

/// What a production does not say about its sentences.
struct Predicate {
    name: &'static str,
    holds: fn(&str) -> bool,
}

/// Writes the table of languages, and a test for each row.
macro_rules! languages {
    ($($test:ident: $language:expr,)*) => {
        /// All languages: what no row leads to is not tested.
        const LANGUAGES: &[Language] = &[$($language),*];

        $(
            #[test]
            fn $test() {
                const LANGUAGE: Language = $language;
                hold_parser_against_grammar(&LANGUAGE);
            }
        )*
    };
}

/// What most rows have in common.
const PLAIN: Language =
    Language { production: "", accepts: |_| false, predicates: &[], borders: &[], rejected: 10, accepted: 5 };

languages! {
    action_pattern: Language {
        production: "action-pattern",
        accepts: |text| ActionPattern::parse(text).is_ok(),
        borders: &["*", "?:?", "s3:$", "s3:$$*{", "-.:{}", "s3:Get Object"],
        ..PLAIN
    },
    request_action: Language {
        production: "request-action",
        accepts: |text| parse_request_action(text).is_ok(),
        borders: &["s3:GetObject", "s3:${", ".:$"],
        ..PLAIN
    },
    pattern_2012: Language {
        production: "pattern-2012",
        accepts: |text| Template::parse(text, V2012, Wildcards::Match).is_ok(),
        borders: &["", "$", "$$${a}", "${$}{", "${*}${?}", "${a, ''}", "${a, '${'}", "{$"],
        ..PLAIN
    },
    text_2012: Language {
        production: "text-2012",
        accepts: |text| Template::parse(text, V2012, Wildcards::AreText).is_ok(),
        borders: &["", "$", "$$${a}", "${$}{", "${*}${?}", "${a, ''}", "${a, '${'}", "{$"],
        ..PLAIN
    },
    pattern_2008: Language {
        production: "pattern-2008",
        accepts: |text| Template::parse(text, V2008, Wildcards::Match).is_ok(),
        borders: &["", "${", "${}", "${a*}"],
        // Every text is a sentence.
        rejected: 0,
        ..PLAIN
    },
    text_2008: Language {
        production: "text-2008",
        accepts: |text| Template::parse(text, V2008, Wildcards::AreText).is_ok(),
        borders: &["", "${", "${}", "${a*}"],
        // Every text is a sentence.
        rejected: 0,
        ..PLAIN
    },
    resource_2012: Language {
        production: "resource-2012",
        accepts: |text| ResourcePattern::parse(text, V2012).is_ok(),
        borders: &[
            "*",
            "arn:aws:s3",
            "arn:aws:s3:::",
            "arn:aws-$:$:$:{",
            "arn:*:s3:${a:b, ':'}:${*}:a:${c}",
            "arn:?:{::$$${a}:",
        ],
        ..PLAIN
    },
    resource_2008: Language {
        production: "resource-2008",
        accepts: |text| ResourcePattern::parse(text, V2008).is_ok(),
        borders: &["*", "arn:aws:s3", "arn:aws:s3:::", "arn:aws-${:${", "arn:${*}:s3:${a:b}:", "arn:aws:s3:${:${:${"],
        ..PLAIN
    },
    arn_value_2012: Language {
        production: "arn-value-2012",
        accepts: |text| matches!(ArnTemplate::parse(text, V2012), Ok(Some(_))),
        borders: &[":::::", "*:*:*:*:*:*", "arn:${a:b, ':'}:$:${$}:{:${c}", "${:}:::::"],
        ..PLAIN
    },
    arn_value_2008: Language {
        production: "arn-value-2008",
        accepts: |text| matches!(ArnTemplate::parse(text, V2008), Ok(Some(_))),
        borders: &[":::::", "${a:b}::::"],
        ..PLAIN
    },
    // Values with too few fields are no error, malformed variables are.
    arn_value_2012_not_refused: Language {
        production: "pattern-2012",
        accepts: |text| ArnTemplate::parse(text, V2012).is_ok(),
        borders: &["", "arn:aws:s3", "${a:b}:${c}"],
        ..PLAIN
    },
    arn_value_2008_not_refused: Language {
        production: "text-2008",
        accepts: |text| ArnTemplate::parse(text, V2008).is_ok(),
        borders: &["", "arn:aws:s3", "${a:b"],
        // Every text is a sentence.
        rejected: 0,
        ..PLAIN
    },
    request_arn: Language {
        production: "request-arn",
        accepts: |text| Arn::parse(text).is_some(),
        borders: &["arn:::::", "arn:aws:s3:::app/a:b", "arn:*:${a:?:$:*"],
        ..PLAIN
    },
    operator: Language {
        production: "operator",
        accepts: |text| Operator::parse(text).is_ok(),
        borders: &["Null", "ForAnyValue:Null", "StringEqualsIgnoreCaseIfExists", "DateLessThanEquals"],
        // Few words are one mutation away from another.
        accepted: 1,
        ..PLAIN
    },
    date: Language {
        production: "date",
        accepts: |text| Instant::parse(text).is_some(),
        predicates: &[
            Predicate { name: "epoch-in-range", holds: epoch_in_range },
            Predicate { name: "day-exists", holds: day_exists },
        ],
        borders: &[
            "9223372036854775807",
            "0009223372036854775807",
            "2024-02-29",
            "2000-02-29T23:59:59.999999999+23:59",
            "1900-02-28T0z",
            "2023-04-30t9:00-0000",
            "0000-12-31",
            "0000",
        ],
        ..PLAIN
    },
    decimal: Language {
        production: "decimal",
        accepts: |text| Decimal::parse(text).is_some(),
        borders: &[
            "5.",
            "-.5",
            "+0e-0",
            "1e000123456789012345678901234567890123456",
            "1E-123456789012345678901234567890123456",
        ],
        ..PLAIN
    },
    network: Language {
        production: "network",
        accepts: |text| parse_network(text).is_some(),
        borders: &[
            "255.255.255.255/32",
            "0.0.0.0/0",
            "::/128",
            "::/0",
            "1:2:3:4:5:6:7::",
            "1:2:3:4:5:6:7:8",
            "::ffff:1.2.3.4/96",
        ],
        ..PLAIN
    },
    request_address: Language {
        production: "request-address",
        accepts: |text| parse_address(text).is_some(),
        borders: &["255.255.255.255", "::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"],
        ..PLAIN
    },
}

/// Digits alone are at most 2^63 - 1, compared as text so that no number type has a say.
fn epoch_in_range(date: &str) -> bool {
    const MOST: &str = "9223372036854775807";
    if !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let digits = date.trim_start_matches('0');
    (digits.len(), digits) <= (MOST.len(), MOST)
}

/// `YYYY-MM-DD` with or without a time names a day of the Gregorian calendar. Dates of other forms name none and
/// pass.
fn day_exists(date: &str) -> bool {
    let day = date.split(['T', 't']).next().unwrap_or(date);
    let numbers: Option<Vec<u32>> = day.split('-').map(|part| part.parse().ok()).collect();
    let Some([year, month, day]) = numbers.as_deref() else { return true };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    *day <= days
}

impl Language {
    /// Decides exactly, with the grammar and the predicates alone.
    fn recogniser(&self, grammar: &Grammar) -> impl Fn(&str) -> bool {
        let regex = self.regex(grammar, Endless::Forever);
        let regex = Regex::new(&format!(r"\A(?:{regex})\z")).unwrap();
        move |text| regex.is_match(text) && all_hold(self.predicates, text)
    }

    /// Mostly short sentences, in which what matters lies close together; some long ones; and the borders.
    fn sentences(&self, grammar: &Grammar) -> BoxedStrategy<String> {
        let generated = |most| string_regex(&self.regex(grammar, Endless::AtMost(most))).unwrap();
        let predicates = self.predicates;
        let satisfied = |sentence: &String| all_hold(predicates, sentence);
        prop_oneof![
            4 => generated(2).prop_filter("a predicate", satisfied),
            1 => generated(5).prop_filter("a predicate", satisfied),
            1 => select(self.borders).prop_map(str::to_owned),
        ]
        .boxed()
    }

    fn regex(&self, grammar: &Grammar, endless: Endless) -> String {
        grammar.regex(self.production, endless).unwrap_or_else(|fault| panic!("{}: {fault}", self.production))
    }
}

fn all_hold(predicates: &[Predicate], text: &str) -> bool {
    predicates.iter().all(|predicate| (predicate.holds)(text))
}

fn hold_parser_against_grammar(language: &Language) {
    let &Language { production, accepts, borders, .. } = language;
    let grammar = grammar();
    let recognises = language.recogniser(&grammar);
    let sentences = language.sentences(&grammar);

    run(SENTENCES, &sentences, |sentence| {
        prop_assert!(recognises(sentence), "generator and recogniser of `{production}` differ on {sentence:?}");
        prop_assert!(accepts(sentence), "the parser refuses the sentence {sentence:?} of `{production}`");
        Ok(())
    });

    let shares = Shares::default();
    let agree = |text: &str| {
        let expected = recognises(text);
        shares.count(expected);
        prop_assert_eq!(accepts(text), expected, "parser and grammar `{}` differ on {:?}", production, text);
        Ok(())
    };
    run(MUTATED, &mutation::mutated(sentences, select(borders)), agree);
    shares.assert_at_least(language);

    // Chance finds few of the places where one character makes the difference: here are all of them.
    for text in borders.iter().flat_map(|border| mutation::neighbours(border)) {
        assert_eq!(accepts(&text), recognises(&text), "parser and grammar `{production}` differ on {text:?}");
    }
    run(SENTENCES, &mutation::soup(), agree);
}

/// Holds a property against many texts. A failure names the smallest text that proptest finds.
fn run(least: u32, texts: &impl Strategy<Value = String>, property: impl Fn(&str) -> TestCaseResult) {
    let default = ProptestConfig::default();
    let config = ProptestConfig {
        cases: default.cases.max(least),
        source_file: Some(file!()),
        // Nobody attacks this test, and it spends its time making random numbers.
        rng_algorithm: RngAlgorithm::XorShift,
        ..default
    };
    TestRunner::new(config).run(texts, |text| property(&text)).unwrap_or_else(|failure| panic!("{failure}"));
}

/// How many mutated sentences were sentences and how many were not.
#[derive(Default)]
struct Shares {
    accepted: Cell<u32>,
    rejected: Cell<u32>,
}

impl Shares {
    fn count(&self, accepted: bool) {
        let counter = if accepted { &self.accepted } else { &self.rejected };
        counter.set(counter.get() + 1);
    }

    fn assert_at_least(&self, language: &Language) {
        let (accepted, rejected) = (self.accepted.get(), self.rejected.get());
        let all = accepted + rejected;
        let found = format!("of {all} mutated sentences of `{}` {rejected} are rejected", language.production);
        assert!(rejected * 100 >= all * language.rejected, "{found}, expected at least {} %", language.rejected);
        assert!(accepted * 100 >= all * language.accepted, "{found}, expected {} % accepted", language.accepted);
    }
}

#[test]
fn every_language_file_has_a_grammar_and_every_grammar_a_language_file() {
    let stems = |folder: &str, extension: &str| -> BTreeSet<String> {
        let files = files(folder, extension).into_iter();
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(stems("grammar", "abnf"), stems("src/language", "rs"));
}

#[test]
fn every_production_is_tested_as_part_of_some_language() {
    let grammar = grammar();
    let reached = grammar.reachable(LANGUAGES.iter().map(|language| language.production));
    let untested: Vec<String> = grammar.productions().difference(&reached).cloned().collect();
    assert!(untested.is_empty(), "no language leads to {untested:?}");
}

/// The generator shows that the table lacks no name of the grammar; this is the other direction, which no mutation
/// would find.
#[test]
fn the_grammar_lacks_no_operator_of_the_table() {
    let (grammar, operator) = (grammar(), Language { production: "operator", ..PLAIN });
    let recognises = operator.recogniser(&grammar);
    for (name, ..) in BASES {
        assert!(recognises(name), "{name}");
    }
}

#[test]
fn the_grammars_name_the_predicates_that_are_applied() {
    let announced = Regex::new(r"(?m)^; Predicate ([a-z0-9-]+): ").unwrap();
    let texts = grammar_texts();
    let named: BTreeSet<&str> =
        texts.iter().flat_map(|text| announced.captures_iter(text)).map(|found| found.extract::<1>().1[0]).collect();
    let applied = LANGUAGES.iter().flat_map(|language| language.predicates).map(|predicate| predicate.name).collect();
    assert_eq!(named, applied);
}

#[test]
fn every_production_cites_a_rule() {
    let defines = Regex::new(r"(?m)^([A-Za-z][A-Za-z0-9-]*) *=").unwrap();
    for text in grammar_texts() {
        for paragraph in text.split("\n\n") {
            if let Some(definition) = defines.captures(paragraph) {
                assert!(!cited_rules(paragraph).is_empty(), "`{}` cites no rule", &definition[1]);
            }
        }
    }
}

/// Whether the law itself is complete is tested elsewhere; as long as it is not written, there is nothing to hold
/// the grammars against.
#[test]
fn cited_rules_are_in_the_law() {
    let Ok(law) = std::fs::read_to_string(root().join("src/reference/law/language.md")) else { return };
    let heading = Regex::new(r"(?m)^\*\*(L[0-9]+)\.").unwrap();
    let rules: BTreeSet<&str> = heading.captures_iter(&law).map(|found| found.extract::<1>().1[0]).collect();
    for text in grammar_texts() {
        let cited = cited_rules(&text);
        let unknown: Vec<&String> = cited.iter().filter(|rule| !rules.contains(rule.as_str())).collect();
        assert!(unknown.is_empty(), "the law has no rules {unknown:?}");
    }
}

/// The rules that the comments of a grammar cite: `L31` for `Rule L31b`, and both ends of `Rules L50 to L57`.
fn cited_rules(text: &str) -> BTreeSet<String> {
    let rule = Regex::new(r"\b(L[0-9]+)[a-z]?\b").unwrap();
    let comments = text.lines().filter_map(|line| line.split_once(';')).map(|(_, comment)| comment);
    comments.flat_map(|comment| rule.captures_iter(comment)).map(|found| found[1].to_owned()).collect()
}

/// All files of `grammar/` as one grammar.
fn grammar() -> Grammar {
    let texts = grammar_texts();
    Grammar::read(texts.iter().map(String::as_str)).unwrap_or_else(|fault| panic!("{fault}"))
}

fn grammar_texts() -> Vec<String> {
    files("grammar", "abnf").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The files of a folder with that extension, in the order of their names.
fn files(folder: &str, extension: &str) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == extension)).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
