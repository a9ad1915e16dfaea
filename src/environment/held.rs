//! Documents at rest.

use std::sync::Arc;

use super::error::RefusedDocument;
use crate::document::{Document, DocumentError, PolicyKind};
use crate::json::{self, Limits};
use crate::source::{Source, Span};

/// A document in its place.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// One that several places share, or may share.
    Read(Document),
    /// One that is written out in a place of its own: its text, which was read and found right, and is read again when it
    /// is needed. Thousands of roles have such a document, few of them are asked about, and statements take several
    /// times the room of their text.
    Text(Arc<Text>),
}

/// JSON that holds a document.
#[derive(Debug)]
pub(super) struct Text {
    kind: PolicyKind,
    /// The text it is a part of, under the name of the document.
    source: Source,
    span: Span,
}

impl Text {
    pub(super) fn new(kind: PolicyKind, source: Source, span: Span) -> Self {
        Text { kind, source, span }
    }

    fn read(&self) -> Result<Document, DocumentError> {
        let tree = json::parse_part(&self.source, self.span, &Limits::default());
        let tree = tree.map_err(|diagnostic| DocumentError::new(vec![*diagnostic], 0))?;
        Document::from_value(self.kind, self.source.clone(), tree.root())
    }
}

impl Held {
    /// What the document is called.
    pub(super) fn name(&self) -> &str {
        match self {
            Held::Read(document) => document.name(),
            Held::Text(text) => text.source.name(),
        }
    }

    /// The document. What was right when it was first read is right again; if not, it is refused like any other.
    pub(super) fn document(&self) -> Result<Document, Arc<RefusedDocument>> {
        match self {
            Held::Read(document) => Ok(document.clone()),
            Held::Text(text) => {
                text.read().map_err(|error| Arc::new(RefusedDocument::rules(text.source.name(), error)))
            }
        }
    }
}
