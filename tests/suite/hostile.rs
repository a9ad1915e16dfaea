//! Input that wants to hurt: no panic, no stack overflow, and no work out of proportion (threats T3, T8, T13, T41).
//!
//! Work is counted, not timed: callgrind runs a workload of a size and of its double in a process of its own and
//! counts instructions. Without valgrind those tests say so and pass.

use std::process::Command;

use iamtree::document::{Document, DocumentError, PolicyKind, PolicySet};
use iamtree::language::{Version, arn, date, decimal, network, operator, pattern};
use iamtree::request::{MAX_CONTEXT_KEYS, RequestErrorKind};
use iamtree::{Engine, Outcome, Request};

const DEEP: usize = 100_000;

fn parse(text: &str) -> Result<Document, DocumentError> {
    Document::parse(PolicyKind::Identity, "p.json", text)
}

/// A document with one statement, its members but `Effect` given.
fn statement(members: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", {members}}}}}"#)
}

fn rules(text: &str) -> Vec<&'static str> {
    let error = parse(text).expect_err("hostile text is refused");
    assert!(!error.to_string().is_empty());
    error.diagnostics().iter().map(|diagnostic| diagnostic.rule()).collect()
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"Statement":"#, "}]")] {
        let nest = format!("{}1{}", open.repeat(DEEP), close.repeat(DEEP));
        assert_eq!(rules(&nest), ["L19"]);
        assert_eq!(rules(&open.repeat(DEEP)), ["L19"], "unclosed");
        assert_eq!(rules(&statement(&format!(r#""Action": {nest}"#))), ["L19"], "inside a statement");
    }
    // Brackets inside strings nest nothing.
    assert_eq!(rules(&statement(&format!(r#""Action": "{}""#, "[".repeat(1_000)))), ["L20", "L12"]);
}

#[test]
fn huge_values_are_refused_or_read() {
    let huge = "x".repeat(10 << 20);
    for members in [
        format!(r#""Action": "s3:{huge}", "Resource": "*""#),
        format!(r#""Action": "*", "Resource": "arn:aws:s3:::{huge}""#),
        format!(r#""Action": "*", "Resource": "*", "Condition": {{"StringLike": {{"k": "{huge}"}}}}"#),
        format!(
            r#""Action": "*", "Resource": "*", "Condition": {{"NumericEquals": {{"k": {}}}}}"#,
            "1".repeat(10 << 20)
        ),
    ] {
        assert_eq!(rules(&statement(&members)), ["L19"]);
    }
    assert!(parse(&statement(&format!(r#""Action": "*", "Resource": "*", "Sid": "{huge}""#))).is_ok());
    assert_eq!(rules(&statement(&format!(r#""Action": "*", "Resource": "*", "{huge}": 1"#))), ["L8"]);
    assert_eq!(rules(&" ".repeat(17 << 20)), ["L19"]);
    assert_eq!(rules(&huge), ["L1"]);
}

#[test]
fn huge_requests_are_answered() {
    let text =
        statement(r#""Action": "s3:*x", "Resource": "arn:aws:s3:::*b", "Condition": {"StringLike": {"k": "*b?"}}"#);
    let engine = Engine::compile(PolicySet::new().identity(parse(&text).unwrap())).unwrap();
    let huge = "b".repeat(10 << 20);
    let (action, resource) = (format!("s3:{huge}x"), format!("arn:aws:s3:::{huge}"));
    let request = Request::unnamed(&action, &resource).unwrap().with("k", &*huge).unwrap();
    assert!(engine.decide(&request).unwrap().is_allowed());
    assert_eq!(engine.explain(&request).unwrap().decision, Outcome::Allowed);
}

#[test]
fn half_surrogates_control_characters_and_other_encodings_are_refused() {
    for part in [r"\ud800", r"\udc00\ud800", r"\ud83dx", r"\udfff", r"\ud800\u0041"] {
        assert_eq!(rules(&statement(&format!(r#""Action": "s3:{part}", "Resource": "*""#))), ["L1"], "{part}");
        assert_eq!(rules(&format!(r#"{{"{part}": 1}}"#)), ["L1"], "{part}");
    }
    for character in ['\0', '\u{1}', '\u{1f}', '\n'] {
        assert_eq!(rules(&statement(&format!(r#""Action": "s3:{character}", "Resource": "*""#))), ["L1"]);
    }
    // As an escape a NUL is a character like any other.
    assert!(parse(&statement(r#""Action": "s3:\u0000", "Resource": "arn:aws:s3:::\u0000""#)).is_ok());
    let good = statement(r#""Action": "*", "Resource": "*""#);
    assert_eq!(rules(&format!("\u{feff}{good}")), ["L1"]);
    assert_eq!(rules(&format!("{good}\0")), ["L1"]);
    for bytes in [&b"\xff\xfe{\0}\0"[..], b"{\"Statement\": \"\xc3\"}", b"\xed\xa0\x80", b"\xf8", b"", b"\0"] {
        assert!(Document::parse_bytes(PolicyKind::Identity, "p.json", bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn repeated_members_are_refused_at_every_depth() {
    let good = r#""Action": "*", "Resource": "*", "Condition": {"StringEquals": {"k": "v"}}"#;
    for (member, repeated) in [
        (r#""Version": "2012-10-17""#, r#""Version": "2012-10-17", "Version": "2012-10-17""#),
        (r#""Effect": "Allow""#, r#""Effect": "Deny", "\u0045ffect": "Allow""#),
        (r#""Action": "*""#, r#""Action": "*", "Acti\u006fn": "*""#),
        (r#"{"k": "v"}"#, r#"{"k": "v", "\u006b": "w"}"#),
        (r#"{"StringEquals": {"k": "v"}"#, r#"{"StringEquals": {"k": "v"}, "StringEquals": {"l": "v"}"#),
    ] {
        assert_eq!(rules(&statement(good).replace(member, repeated)), ["L3"], "{repeated}");
    }
}

#[test]
fn a_hundred_thousand_mistakes_are_counted_not_kept() {
    let statements = vec!["{}"; DEEP].join(",");
    let error = parse(&format!(r#"{{"Statement": [{statements}]}}"#)).unwrap_err();
    assert_eq!(error.diagnostics().len(), 100);
    assert_eq!(error.diagnostics().len() + error.left_out(), 3 * DEEP);
    let members: Vec<String> = (0..DEEP).map(|index| format!(r#""m{index}": 1"#)).collect();
    let error = parse(&format!(r#"{{"Statement": {{{}}}}}"#, members.join(","))).unwrap_err();
    assert_eq!(error.diagnostics().len() + error.left_out(), DEEP + 3);
    let euros = format!(r#"{{"Id": "{}"}}"#, "€".repeat(DEEP));
    assert_eq!(parse(&euros).unwrap_err().left_out(), DEEP + 1 - 100);
}

#[test]
fn contexts_are_bounded() {
    let keys: Vec<String> = (0..DEEP).map(|index| format!("k{index}")).collect();
    let refused = keys.iter().try_fold(Request::unnamed("s3:a", "*").unwrap(), |request, key| request.with(key, "v"));
    assert_eq!(refused.unwrap_err().kind(), RequestErrorKind::Context);
    let most = keys.iter().take(MAX_CONTEXT_KEYS);
    let request = most.fold(Request::unnamed("s3:a", "*").unwrap(), |request, key| request.with(key, "v").unwrap());
    let text = statement(r#""Action": "*", "Resource": "*", "Condition": {"StringEquals": {"K999": "v"}}"#);
    let engine = Engine::compile(PolicySet::new().identity(parse(&text).unwrap())).unwrap();
    assert!(engine.decide(&request).unwrap().is_allowed());
}

#[test]
fn the_languages_inside_strings_bear_anything() {
    let long = |part: &str| part.repeat((64 << 10) / part.len());
    for part in
        ["${", "$", "${a}", "${a, '", "}", "*?", "1", "e", ":", "::", "0", "-", "é", "f:", "ForAllValues:", "IfExists"]
    {
        let text = long(part);
        for version in [Version::V2008, Version::V2012] {
            for wildcards in [pattern::Wildcards::Match, pattern::Wildcards::AreText] {
                let _ = pattern::Template::parse(&text, version, wildcards);
            }
            let _ = arn::ResourcePattern::parse(&format!("arn:aws:s3:{text}"), version);
            let _ = arn::ArnTemplate::parse(&text, version);
        }
        let _ = iamtree::language::action::ActionPattern::parse(&format!("s3:{text}"));
        let _ = iamtree::language::action::parse_request_action(&text);
        let _ = operator::Operator::parse(&text);
        let _ = date::Instant::parse(&text);
        let _ = decimal::Decimal::parse(&text);
        let _ = (network::parse_network(&text), network::parse_address(&text));
    }
    let (one, other) = (format!("1{}", long("0")), format!("1{}1", long("0")));
    assert!(decimal::Decimal::parse(&one).unwrap() < decimal::Decimal::parse(&other).unwrap());
}

/// Something to do with an input of a size. What `prepare` returns is the work that counts.
struct Workload {
    name: &'static str,
    size: usize,
    prepare: fn(usize) -> Box<dyn FnOnce()>,
    growth: Growth,
}

/// How the work may grow when the input doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Linear,
    /// In pattern times text, both of which double.
    Quadratic,
}

const fn workload(
    name: &'static str,
    size: usize,
    growth: Growth,
    prepare: fn(usize) -> Box<dyn FnOnce()>,
) -> Workload {
    Workload { name, size, prepare, growth }
}

const WORKLOADS: [Workload; 16] = [
    workload("nested brackets", 4_000, Growth::Linear, |size| read("[".repeat(size))),
    workload("one long string", 4_000, Growth::Linear, |size| {
        read(format!(r#"{{"Statement": "{}"}}"#, "x".repeat(size)))
    }),
    workload("escapes before a mistake", 4_000, Growth::Linear, |size| {
        read(statement(&format!(r#""Action": "{}", "Resource": "x""#, r"\u0061".repeat(size / 6))))
    }),
    workload("unclosed variable", 4_000, Growth::Linear, |size| {
        read(statement(&format!(r#""Action": "*", "Resource": "arn:aws:s3:::{}""#, "${a}$".repeat(size / 5) + "${")))
    }),
    workload("colons in variables", 4_000, Growth::Linear, |size| {
        read(statement(&format!(r#""Action": "*", "Resource": "arn:aws:{}""#, "${a:b".repeat(size / 5))))
    }),
    workload("statements", 4_000, Growth::Linear, |size| {
        read(list_of(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, size))
    }),
    workload("mistakes", 4_000, Growth::Linear, |size| read(list_of("{}", size))),
    workload("mistakes on lines of their own", 4_000, Growth::Linear, |size| read(list_of("{\n}", size))),
    workload("keys of one operator", 4_000, Growth::Linear, |size| {
        let keys: Vec<String> = (0..size / 10).map(|index| format!(r#""k{index}": 1"#)).collect();
        let condition = format!(r#""Condition": {{"StringLike": {{{}}}}}"#, keys.join(","));
        read(statement(&format!(r#""Action": "*", "Resource": "*", {condition}"#)))
    }),
    workload("patterns that share a beginning", 16_000, Growth::Linear, |size| {
        let pattern = |index| format!(r#""arn:aws:s3:::{}{index}*b""#, "a".repeat(80));
        let patterns: Vec<String> = (0..size / 100).map(pattern).collect();
        let text = statement(&format!(r#""Action": "*", "Resource": [{}]"#, patterns.join(",")));
        let document = parse(&text).unwrap();
        Box::new(move || drop(Engine::compile(PolicySet::new().identity(document)).unwrap()))
    }),
    workload("text against a fixed pattern", 4_000, Growth::Linear, |size| decide("*a*a?a*b", &"a".repeat(size))),
    workload("stars and text", 2_000, Growth::Quadratic, |size| decide(&"*a".repeat(size / 2), &"a".repeat(size))),
    workload("stars and question marks", 2_000, Growth::Quadratic, |size| {
        decide(&format!("{}b", "*?".repeat(size / 2)), &"é".repeat(size))
    }),
    workload("one star before a long literal", 1_000, Growth::Quadratic, |size| {
        decide(&format!("*{}b*", "a".repeat(size / 4)), &"a".repeat(size))
    }),
    workload("stars and text, explained", 500, Growth::Quadratic, |size| {
        explain(&"*a".repeat(size / 2), &format!("{}b", "a".repeat(size)))
    }),
    workload("context keys", 400, Growth::Quadratic, |size| {
        let keys: Vec<String> = (0..size).map(|index| format!("key{index:04}")).collect();
        Box::new(move || {
            let request = Request::unnamed("s3:GetObject", "*").unwrap();
            drop(keys.iter().try_fold(request, |request, key| request.with(key, "v")).unwrap());
        })
    }),
];

fn read(text: String) -> Box<dyn FnOnce()> {
    Box::new(move || drop(parse(&text)))
}

/// A document whose statements are so many copies of a text that they fill `size` bytes.
fn list_of(item: &str, size: usize) -> String {
    format!(r#"{{"Statement": [{}]}}"#, vec![item; size / (item.len() + 1)].join(","))
}

/// An engine whose statements hold a pattern as a resource and as a value, and what is asked of it.
fn question(pattern: &str, asked: &str) -> (Engine, String, String) {
    let allow = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::{pattern}"}}"#);
    let condition = format!(r#""Condition": {{"StringLike": {{"k": "{pattern}"}}}}"#);
    let deny = format!(r#"{{"Effect": "Deny", "Action": "*", "Resource": "*", {condition}}}"#);
    let document = parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{allow}, {deny}]}}"#)).unwrap();
    let engine = Engine::compile(PolicySet::new().identity(document)).unwrap();
    (engine, format!("arn:aws:s3:::{asked}"), asked.to_owned())
}

fn decide(pattern: &str, asked: &str) -> Box<dyn FnOnce()> {
    let (engine, resource, value) = question(pattern, asked);
    Box::new(move || {
        let request = Request::unnamed("s3:GetObject", &resource).unwrap().with("k", &*value).unwrap();
        drop(engine.decide(&request));
    })
}

fn explain(pattern: &str, asked: &str) -> Box<dyn FnOnce()> {
    let (engine, resource, value) = question(pattern, asked);
    Box::new(move || {
        let request = Request::unnamed("s3:GetObject", &resource).unwrap().with("k", &*value).unwrap();
        drop(engine.explain(&request));
    })
}

/// Callgrind counts while this runs.
#[inline(never)]
fn hostile_work(work: Box<dyn FnOnce()>) {
    work();
}

/// Names the workload and the size that [`child`] is to run.
const CHILD: &str = "IAMTREE_HOSTILE_WORKLOAD";

/// What callgrind runs. In an ordinary run nobody names a workload, and there is nothing to do.
#[test]
fn child() {
    let Ok(named) = std::env::var(CHILD) else { return };
    let (name, size) = named.split_once('=').unwrap();
    let workload = WORKLOADS.iter().find(|workload| workload.name == name).unwrap();
    hostile_work((workload.prepare)(size.parse().unwrap()));
}

/// Instructions of a workload; `None` without valgrind.
fn instructions(name: &str, size: usize) -> Option<u64> {
    let (_, module) = module_path!().split_once("::").unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*hostile_work*")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::child"), "--test-threads=1"])
        .env(CHILD, format!("{name}={size}"))
        .output();
    let Ok(output) = output else {
        println!("valgrind is not installed: instructions are not counted");
        return None;
    };
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    let count = collected.and_then(|count| count.parse().ok()).filter(|_| output.status.success());
    Some(count.unwrap_or_else(|| panic!("{name}: {report}\n{}", String::from_utf8_lossy(&output.stdout))))
}

/// Threats T3 and T8: twice the input, twice the work, and four times at most where two sides double.
#[test]
fn work_grows_with_the_input() {
    for Workload { name, size, growth, .. } in WORKLOADS {
        let (Some(once), Some(twice)) = (instructions(name, size), instructions(name, 2 * size)) else { return };
        let ratio = twice as f64 / once as f64;
        println!("{once:9} instructions for {size:5}, {ratio:.2} times that for twice as many: {name}");
        let most = match growth {
            Growth::Linear => 2.3,
            Growth::Quadratic => 4.3,
        };
        assert!(once > 1_000, "{name}: the work was not counted");
        assert!(ratio < most, "{name}: {once} instructions became {twice}");
    }
}

/// Threat T8 in figures: 1,000 stars against 2,000 characters, once as a resource and once as a value.
#[test]
fn a_thousand_stars_cost_no_more_than_pattern_times_text() {
    for name in ["stars and text", "stars and question marks"] {
        let Some(count) = instructions(name, 2_000) else { return };
        println!("{count} instructions: {name}");
        assert!(count < 10 * 2_000 * 2_000, "{name}: {count} instructions");
    }
}
