//! A set of policies as the texts it was read from.
//!
//! A compiled engine decides without its documents; it needs them to explain, which is rare. So it keeps the texts,
//! a tenth of what documents take, and reads them again when it is asked why.

use std::collections::BTreeMap;

use super::{Document, DocumentError, Level, Place, PolicyKind, PolicySet, read};
use crate::json::Limits;
use crate::source::Source;

/// The texts of a set, with what the set says beside them.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    texts: Box<[Text]>,
    /// Names of the levels.
    service_control: Box<[String]>,
    resource_control: Box<[String]>,
    canonical_users: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Text {
    place: Place,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    /// A text of its own, and as what it was read: a trust policy stands in the place of a resource policy.
    Text(PolicyKind, Source),
    /// A part of a larger text, which would have to be read whole: the document itself.
    Part(Document),
}

impl Kept {
    fn name(&self) -> &str {
        match self {
            Kept::Text(_, source) => source.name(),
            Kept::Part(document) => document.name(),
        }
    }

    fn read(&self) -> Result<Document, DocumentError> {
        match self {
            Kept::Text(kind, source) => read::document(&NO_LIMITS, *kind, source.clone()),
            Kept::Part(document) => Ok(document.clone()),
        }
    }
}

/// What was accepted once, under whatever limits, is accepted again.
const NO_LIMITS: Limits =
    Limits { bytes: usize::MAX, depth: usize::MAX, entries: usize::MAX, pattern_bytes: usize::MAX };

impl Archive {
    pub(crate) fn new(set: &PolicySet) -> Self {
        let text = |(place, document): (Place, &Document)| {
            let kept = match document.is_part() {
                true => Kept::Part(document.clone()),
                false => Kept::Text(document.kind(), document.source().clone()),
            };
            Text { place, kept }
        };
        let names = |levels: &[Level]| levels.iter().map(|level| level.name.clone()).collect();
        Archive {
            texts: set.documents().map(text).collect(),
            service_control: names(set.service_control_levels()),
            resource_control: names(set.resource_control_levels()),
            canonical_users: set.canonical_users().clone(),
        }
    }

    /// The names of the documents of a kind.
    pub(crate) fn names(&self, kind: PolicyKind) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(move |text| text.place.kind == kind).map(|text| text.kept.name())
    }

    /// Reads the set again.
    pub(crate) fn read(&self) -> PolicySet {
        let mut set = PolicySet::with_levels(&self.service_control, &self.resource_control);
        set.set_canonical_users(self.canonical_users.clone());
        for text in &self.texts {
            match text.kept.read() {
                Ok(document) => set.put(text.place, document),
                // Reading depends on nothing but the text, so this cannot arise. If it did, a set without one of its
                // documents must allow nothing: a level without documents does not, and such a set does not compile.
                Err(error) => {
                    let mut refused = PolicySet::with_levels(&[text.kept.name().to_owned()], &[]);
                    refused.note_mistake(format!("a document cannot be read again: {error}"));
                    return refused;
                }
            }
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_set_is_read_again_as_it_was() {
        let identity = |name: &str| {
            let text =
                r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
            Document::parse(PolicyKind::Identity, name, text).unwrap()
        };
        let of = |kind, name: &str| Document::parse(kind, name, identity(name).source().text()).unwrap();
        let trust = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}"#;
        let level = |name: &str, documents| Level { name: name.to_owned(), documents };
        let set = PolicySet::new()
            .identity(identity("a.json"))
            .identity(identity("b.json"))
            .session(of(PolicyKind::Session, "s.json"))
            .boundary(of(PolicyKind::Boundary, "c.json"))
            .unwrap()
            .service_control(level("root", vec![of(PolicyKind::ServiceControl, "d.json")]))
            .service_control(level("unit", Vec::new()))
            .resource(Document::parse(PolicyKind::Trust, "t.json", trust).unwrap())
            .unwrap()
            .canonical_user("79a5", "111122223333")
            .unwrap();
        let archive = Archive::new(&set);
        assert_eq!(archive.read(), set);
        assert!(archive.names(PolicyKind::Session).eq(["s.json"]));
    }

    #[test]
    fn a_part_of_a_text_is_kept_as_it_was_read() {
        let file = Source::new("all.json", r#"[1, {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}]"#);
        let tree = json::parse(&file, &NO_LIMITS).unwrap();
        let json::Kind::Array(items) = tree.root().kind() else { panic!("a list") };
        let part = Document::from_value(PolicyKind::Identity, file.clone(), items.iter().nth(1).unwrap()).unwrap();
        let set = PolicySet::new().identity(part);
        assert_eq!(Archive::new(&set).read(), set);
    }
}
