//! Text → JSON tree: no panic, and the same values that `serde_json` reads.

#![no_main]

use iamtree::json::{self, Kind, Limits, Value};
use iamtree::source::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::from_bytes("fuzz.json", bytes) else { return };
    match (json::parse(&source, &Limits::default()), serde_json::from_str::<serde_json::Value>(source.text())) {
        (Ok(tree), Ok(expected)) => {
            check_spans(&source, tree.root());
            assert_same(tree.root(), &expected);
        }
        // The limits, and what `serde_json` cannot hold: numbers beyond `f64`.
        (Err(diagnostic), Ok(_)) => assert_eq!(diagnostic.rule(), "L19", "{diagnostic}"),
        (Ok(_), Err(error)) => assert!(error.to_string().starts_with("number out of range"), "{error}"),
        (Err(diagnostic), Err(_)) => {
            assert!(diagnostic.span().start <= diagnostic.span().end);
            assert!(diagnostic.span().end as usize <= bytes.len());
            let _ = diagnostic.to_string();
        }
    }
});

/// Every value's span holds exactly its text.
fn check_spans(source: &Source, value: Value<'_>) {
    let text = source.slice(value.span());
    match value.kind() {
        Kind::Null => assert_eq!(text, "null"),
        Kind::Bool(boolean) => assert_eq!(text, boolean.to_string()),
        Kind::Number(number) => assert_eq!(text, number),
        Kind::String(string) => {
            assert_eq!(serde_json::from_str::<String>(text).unwrap(), string);
            let whole = json::locate(source, value.span(), 0..string.len());
            assert_eq!((whole.start, whole.end), (value.span().start + 1, value.span().end - 1));
        }
        Kind::Array(items) => {
            assert!(text.starts_with('[') && text.ends_with(']'));
            items.iter().for_each(|item| check_spans(source, item));
        }
        Kind::Object(members) => {
            assert!(text.starts_with('{') && text.ends_with('}'));
            for member in members {
                assert_eq!(serde_json::from_str::<String>(source.slice(member.name_span())).unwrap(), member.name());
                check_spans(source, member.value());
            }
        }
    }
}

/// Repeated members are kept; `serde_json` keeps the last of them.
fn assert_same(value: Value<'_>, expected: &serde_json::Value) {
    match (value.kind(), expected) {
        (Kind::Null, serde_json::Value::Null) => {}
        (Kind::Bool(boolean), serde_json::Value::Bool(expected)) => assert_eq!(boolean, *expected),
        (Kind::Number(number), serde_json::Value::Number(expected)) => {
            assert_eq!(&serde_json::from_str::<serde_json::Number>(number).unwrap(), expected);
        }
        (Kind::String(string), serde_json::Value::String(expected)) => assert_eq!(string, expected),
        (Kind::Array(items), serde_json::Value::Array(expected)) => {
            assert_eq!(items.len(), expected.len());
            items.iter().zip(expected).for_each(|(item, expected)| assert_same(item, expected));
        }
        (Kind::Object(members), serde_json::Value::Object(expected)) => {
            for (name, expected) in expected {
                let last = members.iter().filter(|member| member.name() == name).last().unwrap();
                assert_same(last.value(), expected);
            }
            assert!(members.iter().all(|member| expected.contains_key(member.name())));
        }
        (kind, expected) => panic!("{kind:?} is not {expected:?}"),
    }
}
