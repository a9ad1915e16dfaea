//! Text → policy document, as every kind: no panic, every mistake in its place, what is accepted keeps the rules.

#![no_main]

use iamtree::document::{Document, PolicyKind, PolicySet};
use iamtree::{Engine, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in PolicyKind::ALL {
        match Document::parse_bytes(kind, "fuzz.json", bytes) {
            Ok(document) => accepted(document),
            Err(error) => {
                assert!(!error.diagnostics().is_empty());
                assert!(error.diagnostics().is_sorted_by_key(|diagnostic| diagnostic.span().start));
                for diagnostic in error.diagnostics() {
                    assert!(diagnostic.span().end as usize <= bytes.len());
                    assert!(!diagnostic.rule().is_empty() && !diagnostic.to_string().is_empty());
                }
            }
        }
    }
});

fn accepted(document: Document) {
    assert!(!document.statements().is_empty());
    for statement in document.statements() {
        // Spans point at what was read: an entry reads back from its own text.
        for entry in &statement.actions.entries {
            let written: String = serde_json::from_str(document.source().slice(entry.span)).unwrap();
            assert_eq!(*entry.text, written);
        }
        assert_eq!(statement.resources.is_none(), document.kind() == PolicyKind::Trust);
    }
    let again = Document::parse(document.kind(), document.name(), document.source().text());
    assert_eq!(again.as_ref(), Ok(&document));
    // Whatever is accepted compiles and decides.
    let set = PolicySet::new();
    let set = match document.kind() {
        PolicyKind::Identity => set.identity(document),
        PolicyKind::Resource => set.resource(document).unwrap(),
        _ => return,
    };
    let Ok(engine) = Engine::compile(set) else { return };
    let caller = "arn:aws:sts::111122223333:assumed-role/App/one";
    let request = Request::new(caller, "s3:GetObject", "arn:aws:s3:::app/x").unwrap();
    assert!(engine.explain(&request).is_ok_and(|explanation| !explanation.message.is_empty()));
}
