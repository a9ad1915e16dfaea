//! Requests of any text: no panic, and what is accepted keeps the rules. Lines are principal, action, resource,
//! owner, then keys and values by turns.

#![no_main]

use iamtree::request::{OwnerSource, Request};
use iamtree::{Document, Engine, PolicyKind, PolicySet};
use libfuzzer_sys::fuzz_target;

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::app/${aws:username}/*", "arn:aws:s3:*:*:${k}?"]},
    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
        "NumericLessThan": {"n": 3}, "DateGreaterThan": {"d": "2026"}, "IpAddress": {"i": "192.0.2.0/24"},
        "ArnLike": {"a": "arn:*:iam::*:role/*"}, "BinaryEquals": {"b": "aGk="}, "ForAnyValue:Bool": {"t": "true"}}}]}"#;

thread_local! {
    static ENGINE: Engine = {
        let document = Document::parse(PolicyKind::Identity, "fuzz.json", POLICY).unwrap();
        Engine::compile(PolicySet::new().identity(document)).unwrap()
    };
}

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (principal, action, resource, owner) = (next(), next(), next(), next());
    let Ok(mut request) = Request::new(principal, action, resource) else { return };
    assert_eq!(request.principal().text(), Some(principal));
    assert_eq!(request.resource().text(), resource);
    if let Ok(owned) = request.clone().resource_account(owner) {
        assert_eq!((owned.owner().account, owned.owner().source), (Some(owner), OwnerSource::Request));
        request = owned;
    }
    let pairs: Vec<&str> = lines.collect();
    for pair in pairs.chunks_exact(2) {
        let [key, value] = pair else { continue };
        let members: Vec<&str> = value.split('\t').collect();
        let given = match members.as_slice() {
            [single] => request.clone().with(*key, *single),
            _ => request.clone().with(*key, members),
        };
        if let Ok(given) = given {
            assert!(given.context().get(&key.to_ascii_uppercase()).is_some());
            assert!(given.clone().with(key.to_ascii_lowercase(), "again").is_err());
            request = given;
        }
    }
    let entries = request.context().entries();
    for (index, entry) in entries.iter().enumerate() {
        assert!(entries[..index].iter().all(|other| !other.key.eq_ignore_ascii_case(&entry.key)));
    }
    ENGINE.with(|engine| {
        assert!(!engine.explain(&request).is_err_and(|error| error.is_disagreement()));
    });
});
