//! The documents of an environment, each read once however often it is referred to.
//!
//! | Written as | Is called | Its places are |
//! |---|---|---|
//! | a file, `policies/app.json` | by its path | those in the file |
//! | a document in `documents`, or written out | `environment.yaml#documents.app` | those in the environment file |
//! | a string of JSON | `environment.yaml:12#accounts….policies[0]`, 12 being the line of the string | those in the string |
//!
//! A document that is referred to is one document. Strings of JSON that are equal share their statements, whatever they
//! are called; a document written out is where it is written.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::RefusedDocument;
use super::files::{self, File, Files};
use super::held::{Held, Text};
use super::model::Slot;
use super::percent;
use crate::document::{Document, DocumentError, PolicyKind};
use crate::json::{self, Kind, Limits, Member, Value};
use crate::source::{Diagnostic, Source, Span, quote};
use crate::yaml;

/// The policies that AWS attaches by itself, with the text it prints for them.
const BUILT_IN: [(&str, PolicyKind, &str); 2] = [
    (
        "FullAWSAccess",
        PolicyKind::ServiceControl,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
    ),
    (
        "RCPFullAWSAccess",
        PolicyKind::ResourceControl,
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}"#,
    ),
];

pub(super) struct Library<'f, O> {
    files: &'f Files,
    open: O,
    /// Documents that have a name: the file and the place in it.
    named: HashMap<Box<str>, (usize, Span)>,
    /// Documents that were referred to, by what they are called.
    referred: HashMap<(PolicyKind, Box<str>), Slot>,
    /// Managed policies by kind, ARN and content: the outputs of several accounts hold the same ones.
    managed: HashMap<(PolicyKind, Box<str>, Box<str>), Slot>,
    /// Managed policies by where they stand.
    managed_places: HashMap<(PolicyKind, usize, Span), Slot>,
    /// Documents that stood in strings, by their text.
    texts: HashMap<(PolicyKind, Box<str>), Result<Document, DocumentError>>,
    refused: Vec<Arc<RefusedDocument>>,
}

/// A place in a file that holds a document, or the name of one.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// Index of the file.
    pub file: usize,
    pub span: Span,
    /// The way to it in the file, such as `accounts.111122223333.roles.App.policies[0]`.
    pub path: &'p str,
}

impl<'f, O: FnMut(&str) -> Result<Vec<u8>, String>> Library<'f, O> {
    pub(super) fn new(files: &'f Files, open: O) -> Self {
        Library {
            files,
            open,
            named: HashMap::new(),
            referred: HashMap::new(),
            managed: HashMap::new(),
            managed_places: HashMap::new(),
            texts: HashMap::new(),
            refused: Vec::new(),
        }
    }

    /// Gives a document its name. Returns whether the name was free.
    pub(super) fn name(&mut self, name: &str, file: usize, span: Span) -> bool {
        self.named.insert(name.into(), (file, span)).is_none()
    }

    /// Every document that was refused, in the order they were met.
    pub(super) fn into_refused(self) -> Vec<Arc<RefusedDocument>> {
        self.refused
    }

    /// Names of files that some place referred to.
    pub(super) fn is_referred(&self, file: &str) -> bool {
        PolicyKind::ALL.iter().any(|kind| self.referred.contains_key(&(*kind, file.into())))
    }

    /// The document that stands at a place, or that the place refers to.
    pub(super) fn document(&mut self, kind: PolicyKind, place: Place<'_>) -> Slot {
        let Some((file, value)) = self.value(place) else { return self.missing(place, "no such place") };
        match value.kind() {
            Kind::String(text) if !holds_document(text) => self.reference(kind, place, text),
            _ => self.written_out(kind, place, file, value).map(at_rest(kind, file, value)),
        }
    }

    /// A document by its name or path, as some place refers to it.
    pub(super) fn reference(&mut self, kind: PolicyKind, place: Place<'_>, name: &str) -> Slot {
        if let Some(&(file, span)) = self.named.get(name) {
            return self.once(kind, name, |library| {
                let path = format!("documents.{name}");
                library.definition(kind, Place { file, span, path: &path })
            });
        }
        if let Some((_, _, text)) = BUILT_IN.iter().find(|(built_in, of, _)| *built_in == name && *of == kind) {
            return self.once(kind, name, |library| {
                library.read(Source::new(name, text), |source| Document::parse(kind, source.name(), source.text()))
            });
        }
        self.file(kind, place, name)
    }

    /// A managed policy of an import, called after its ARN. It stands at `place`; if another file holds the same one,
    /// that is taken.
    pub(super) fn managed(&mut self, kind: PolicyKind, arn: &str, place: Place<'_>) -> Slot {
        let here = (kind, place.file, place.span);
        if let Some(known) = self.managed_places.get(&here) {
            return known.clone();
        }
        let Some((file, value)) = self.value(place) else { return self.missing(place, "no such place") };
        let content = (kind, arn.into(), content(value).into());
        let slot = match self.managed.get(&content) {
            Some(known) => known.clone(),
            None => {
                let slot = self.written_out(kind, Place { path: arn, ..place }, file, value);
                self.managed.insert(content, slot.clone());
                slot
            }
        };
        self.managed_places.insert(here, slot.clone());
        slot
    }

    /// What `documents` holds under a name: a document, or the path of one. It is no other name, so that names do not
    /// run in circles.
    fn definition(&mut self, kind: PolicyKind, place: Place<'_>) -> Slot {
        let Some((file, value)) = self.value(place) else { return self.missing(place, "no such place") };
        match value.kind() {
            Kind::String(text) if !holds_document(text) => self.file(kind, place, text),
            _ => self.written_out(kind, place, file, value),
        }
    }

    /// A document in a file of its own.
    fn file(&mut self, kind: PolicyKind, place: Place<'_>, name: &str) -> Slot {
        let here = self.files.get(place.file).map_or("", |file| file.source.name());
        let path = files::relative(here, name);
        if let Some(known) = self.referred.get(&(kind, path.as_str().into())) {
            return known.clone();
        }
        if let Some((_, file)) = self.files.by_name(&path) {
            return self.once(kind, &path, |library| match &file.tree {
                Ok(tree) => library.read(file.source.clone(), |source| Document::from_value(kind, source, tree.root())),
                // Read again as what it is referred to as: the mistake is then told in the words for a policy.
                Err(diagnostic) => library.read(file.source.clone(), |source| {
                    Document::parse(kind, source.name(), source.text())
                        .and_then(|_| Err(DocumentError::new(vec![Diagnostic::clone(diagnostic)], 0)))
                }),
            });
        }
        match (self.open)(&path) {
            Ok(bytes) => self.once(kind, &path, |library| {
                library.read(Source::new(&path, ""), |source| Document::parse_bytes(kind, source.name(), &bytes))
            }),
            Err(reason) => {
                let message = format!(
                    "unknown document: found {}, expected a name in `documents` or a file ({path}: {reason})",
                    quote(name)
                );
                self.missing(place, &message)
            }
        }
    }

    /// A document that stands where it is used.
    fn written_out(&mut self, kind: PolicyKind, place: Place<'_>, file: &File, value: Value<'_>) -> Slot {
        let name = file.source.name();
        let Kind::String(text) = value.kind() else {
            let source = file.source.renamed(&format!("{name}#{}", place.path));
            return self.read(source, |source| Document::from_value(kind, source, value));
        };
        let text = percent::decode(text);
        let line = file.source.position(value.span().start).line;
        let name = format!("{name}:{line}#{}", place.path);
        let key = (kind, text.as_ref().into());
        let shared = self.texts.entry(key).or_insert_with(|| {
            let source = Source::new(&name, &text);
            let tree = json::parse(&source, &Limits::default());
            let tree = tree.map_err(|diagnostic| DocumentError::new(vec![*diagnostic], 0))?;
            Document::from_value(kind, source, tree.root())
        });
        match shared.clone() {
            Ok(document) if document.name() == name => Ok(Held::Read(document)),
            Ok(document) => Ok(Held::Read(document.renamed(&name))),
            Err(error) => self.refuse(RefusedDocument::rules(&name, error)),
        }
    }

    /// Reads what is referred to once for each kind it is referred to as.
    fn once(&mut self, kind: PolicyKind, name: &str, read: impl FnOnce(&mut Self) -> Slot) -> Slot {
        let key = (kind, name.into());
        if let Some(known) = self.referred.get(&key) {
            return known.clone();
        }
        let slot = read(self);
        self.referred.insert(key, slot.clone());
        slot
    }

    fn read(&mut self, source: Source, read: impl FnOnce(Source) -> Result<Document, DocumentError>) -> Slot {
        let name = source.name().to_owned();
        match read(source) {
            Ok(document) => Ok(Held::Read(document)),
            Err(error) => self.refuse(RefusedDocument::rules(&name, error)),
        }
    }

    /// A document that ought to be there and is not.
    pub(super) fn missing(&mut self, place: Place<'_>, message: &str) -> Slot {
        let Some(file) = self.files.get(place.file) else {
            return self.refuse(RefusedDocument::missing(place.path, &Source::new("", ""), Span::default(), message));
        };
        let name = format!("{}#{}", file.source.name(), place.path);
        let message = format!("{}: {message}", place.path);
        self.refuse(RefusedDocument::missing(&name, &file.source, place.span, &message))
    }

    fn refuse(&mut self, refused: RefusedDocument) -> Slot {
        let refused = Arc::new(refused);
        self.refused.push(refused.clone());
        Err(refused)
    }

    fn value(&self, place: Place<'_>) -> Option<(&'f File, Value<'f>)> {
        let file = self.files.get(place.file)?;
        Some((file, file.tree.as_ref().ok()?.at(place.span)?))
    }
}

/// Puts a document that stands at `value` of a file to rest as its text. A part of YAML cannot be read without what stands
/// around it.
fn at_rest(kind: PolicyKind, file: &File, value: Value<'_>) -> impl FnOnce(Held) -> Held {
    let is_string = matches!(value.kind(), Kind::String(_));
    let (is_json, span) = (is_string || !yaml::is_yaml(file.source.name()), value.span());
    move |held| match held {
        Held::Read(document) if is_json => {
            let source = document.source().clone();
            let span = if is_string { Span { start: 0, ..source.end() } } else { span };
            Held::Text(Arc::new(Text::new(kind, source, span)))
        }
        held => held,
    }
}

/// A value without its white space, so that equal documents have equal texts.
fn content(value: Value<'_>) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match value.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool(boolean) => boolean.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::String(text) => format!("{text:?}"),
        Kind::Array(items) => format!("[{}]", list(items.iter().map(content).collect())),
        Kind::Object(members) => {
            let member = |member: Member<'_>| format!("{:?}:{}", member.name(), content(member.value()));
            format!("{{{}}}", list(members.iter().map(member).collect()))
        }
    }
}

/// Whether a string holds a document, rather than the name of one: JSON, percent-encoded or not.
fn holds_document(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') || text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b"))
}
