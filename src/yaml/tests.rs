use proptest::prelude::*;

use super::*;
use crate::json::{Kind, Member, Value};

fn read(text: &str) -> Result<Tree, Box<Diagnostic>> {
    parse(&Source::new("t.yaml", text), &Limits::default())
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// The tree as JSON, strings as they are, numbers in their spelling.
fn shown(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool(boolean) => boolean.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::String(text) => format!("{text:?}"),
        Kind::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Kind::Object(members) => {
            let member = |member: Member<'_>| format!("{:?}:{}", member.name(), shown(member.value()));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

/// Every string and name, with the text of its span.
fn texts<'v>(source: &'v Source, value: Value<'v>, into: &mut Vec<(&'v str, &'v str)>) {
    match value.kind() {
        Kind::String(text) | Kind::Number(text) => into.push((text, source.slice(value.span()))),
        Kind::Array(items) => items.iter().for_each(|item| texts(source, item, into)),
        Kind::Object(members) => members.iter().for_each(|member| {
            into.push((member.name(), source.slice(member.name_span())));
            texts(source, member.value(), into);
        }),
        Kind::Null | Kind::Bool(_) => {}
    }
}

#[test]
fn scalars_are_what_json_would_make_of_them() {
    for (text, expected) in [
        ("[true, false, null, ~, , yes, No, on, True, NULL]", None),
        (
            "[true, false, null, ~, yes, No, on, True, NULL]",
            Some(r#"[true,false,null,null,"yes","No","on","True","NULL"]"#),
        ),
        ("a:\nb: ''\nc: \"\"", Some(r#"{"a":null,"b":"","c":""}"#)),
        ("[1.20, -0, 1e3, 007, 0x1f, +1, .5, 1_000]", Some(r#"[1.20,-0,1e3,"007","0x1f","+1",".5","1_000"]"#)),
        ("['1', \"true\", 'null']", Some(r#"["1","true","null"]"#)),
        ("Version: 2012-10-17", Some(r#"{"Version":"2012-10-17"}"#)),
        ("111122223333: true: false", None),
        ("111122223333: x", Some(r#"{"111122223333":"x"}"#)),
        ("- |\n  {\n   \"a\": 1}\n- >-\n  b\n  c\n", Some("[\"{\\n \\\"a\\\": 1}\\n\",\"b c\"]")),
        ("a: 'it''s'\nb: \"\\x41\\u00e9\\n\"", Some("{\"a\":\"it's\",\"b\":\"Aé\\n\"}")),
        ("# comment\n---\na: [b, {c: d}] # behind\n...\n", Some(r#"{"a":["b",{"c":"d"}]}"#)),
        ("[a: b]", Some(r#"[{"a":"b"}]"#)),
        ("arn: arn:aws:s3:::app/*", Some(r#"{"arn":"arn:aws:s3:::app/*"}"#)),
    ] {
        assert_eq!(read(text).ok().map(|value| shown(value.root())).as_deref(), expected, "{text}");
    }
}

#[test]
fn json_is_yaml() {
    for text in [
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": "*", "n": [1.20, -1e5, {}, []]}]}"#,
        "{\n\t\"a\": \"\\u00e9\\/\\\"\",\n\t\"b\": [true, null]\n}",
        r#"{"Condition": {"StringLike": {"s3:prefix": ["", "${aws:username}/*"]}}}"#,
    ] {
        let as_json = json::parse(&Source::new("t.json", text), &Limits::default()).unwrap();
        assert_eq!(read(text).unwrap(), as_json, "{text}");
    }
}

#[test]
fn what_is_more_than_plain_yaml_is_refused() {
    for (text, expected) in [
        ("a: &x 1\nb: 2", "1:4: more than plain YAML: found an anchor, expected a value without one"),
        ("a: &x {}", "1:4: more than plain YAML: found an anchor, expected a value without one"),
        ("a: !!str 1", "1:4: more than plain YAML: found a tag, expected a value without one"),
        ("a: !Sub x", "1:4: more than plain YAML: found a tag, expected a value without one"),
        ("a: 1\n---\nb: 2", "2:1: more than plain YAML: found a second document, expected one document"),
        ("? [a]\n: b", "1:3: more than plain YAML: found a list or mapping as the name of a member, expected a text"),
        (": b", "1:1: more than plain YAML: found a member without a name, expected a name"),
        ("a: 1\nb: {c: 1, \"c\": 2}", "2:11: a member is repeated: found a second `c`, expected each member once"),
        ("a: b\0c: d", "1:5: a character that YAML does not allow: found U+0000, expected printable characters"),
        ("\u{feff}a: b", "1:1: the text begins with a byte-order mark: found U+FEFF, expected printable characters"),
        ("", "1:1: the text is empty: expected YAML"),
        ("# nothing\n", "2:1: the text is empty: expected YAML"),
    ] {
        let message = refusal(text);
        assert!(message.starts_with(&format!("t.yaml:{expected} (rule L")), "{text}\n{message}");
    }
    assert!(refusal("a: *x").starts_with("t.yaml:1:4: the text is not YAML: "), "{}", refusal("a: *x"));
}

#[test]
fn depth_is_bounded() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        // The parser has a limit of its own where it has to read ahead.
        let message = refusal(&text);
        assert!(message.contains("nested too deeply") || message.contains("recursion limit"), "{message}");
    }
    assert!(refusal(&format!("{}{}", "[".repeat(33), "]".repeat(33))).contains("found level 33"));
    assert!(read(&format!("{}{}", "[".repeat(32), "]".repeat(32))).is_ok());
}

#[test]
fn spans_cover_what_was_written() {
    let text = "é: 'ü'\r\n\"b\":   x y   # z\r\nlist:\r\n  - 7\r\n  - 𝄞 a\r\nflow: {k: [v , w]}\r\n";
    let source = Source::new("t.yaml", text);
    let tree = parse(&source, &Limits::default()).unwrap();
    let mut found = Vec::new();
    texts(&source, tree.root(), &mut found);
    assert_eq!(
        found,
        [
            ("é", "é"),
            ("ü", "'ü'"),
            ("b", "\"b\""),
            ("x y", "x y"),
            ("list", "list"),
            ("7", "7"),
            ("𝄞 a", "𝄞 a"),
            ("flow", "flow"),
            ("k", "k"),
            ("v", "v"),
            ("w", "w"),
        ]
    );
    let Kind::Object(members) = tree.root().kind() else { panic!("not an object") };
    let text_of = |name| source.slice(members.get(name).unwrap().span());
    assert_eq!(text_of("list"), "- 7\r\n  - 𝄞 a");
    assert_eq!(text_of("flow"), "{k: [v , w]}");
    assert_eq!(source.slice(tree.root().span()), text.trim_end());
}

/// Parts of scalars are found for messages, however the scalar is written; of several lines it is the whole.
#[test]
fn places_inside_scalars_count_escapes() {
    for (text, expected) in
        [("[a$b]", "$"), ("['é''$b']", "$"), (r#"["\x41\u00e9\n\_\U0001d11e$b"]"#, "$"), ("- |\n  a$b\n", "a$b\n")]
    {
        let source = Source::new("t.yaml", text);
        let tree = parse(&source, &Limits::default()).unwrap();
        let Kind::Array(items) = tree.root().kind() else { panic!("not a list") };
        let item = items.first().unwrap();
        let Kind::String(decoded) = item.kind() else { panic!("not a string") };
        let at = decoded.find('$').unwrap();
        assert_eq!(source.slice(json::locate(&source, item.span(), at..at + 1)), expected, "{text}");
    }
}

#[test]
fn only_the_name_says_what_a_text_is() {
    let limits = Limits::default();
    assert!(parse_by_name(&Source::new("a.json", "a: b"), &limits).is_err());
    assert!(parse_by_name(&Source::new("<stdin>", "a: b"), &limits).is_err());
    assert!(parse_by_name(&Source::new("a.yml", "a: b"), &limits).is_ok());
}

/// Every value is found by its place, which is in the text.
fn are_found(text: &str, tree: &Tree, value: Value<'_>) {
    let span = value.span();
    assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize));
    assert_eq!(tree.at(span).map(Value::span), Some(span), "{text:?}");
    match value.kind() {
        Kind::Array(items) => items.iter().for_each(|item| are_found(text, tree, item)),
        Kind::Object(members) => members.iter().for_each(|member| are_found(text, tree, member.value())),
        _ => {}
    }
}

proptest! {
    /// Whatever the text: a tree whose places are in it, or a place in it.
    #[test]
    fn no_text_is_too_strange(text in "([-?:,\\[\\]{}#&*!|>'\"%@ \\n\\t~a0é\\\\]|: |- |\n  ){0,40}") {
        let source = Source::new("t.yaml", &text);
        match parse(&source, &Limits::default()) {
            Ok(tree) => are_found(&text, &tree, tree.root()),
            Err(diagnostic) => prop_assert!(text.is_char_boundary(diagnostic.span().start as usize)),
        }
    }
}
