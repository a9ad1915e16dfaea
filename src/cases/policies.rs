//! The texts of the policies of one question, by kind, before any is parsed.

use std::sync::Arc;

use super::Refusal;
use crate::document::{Document, DocumentError, Level, PolicyKind, PolicySet, SetError};
use crate::json::Tree;
use crate::source::{Diagnostic, Source, Span};

/// A document before it is parsed; or, if its bytes are no text, where and why not.
pub(crate) type Text = Result<Written, Box<Diagnostic>>;

/// A document as it is written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// A text of its own.
    Text(Source),
    /// A part of a larger text, which was read as a tree.
    Part { source: Source, tree: Arc<Tree>, span: Span },
}

impl From<Source> for Written {
    fn from(source: Source) -> Self {
        Written::Text(source)
    }
}

impl Written {
    /// What it says, without what it is called.
    #[cfg(feature = "cli")]
    fn text(&self) -> &str {
        match self {
            Written::Text(source) => source.text(),
            Written::Part { source, span, .. } => source.slice(*span),
        }
    }

    fn parse(&self, kind: PolicyKind) -> Result<Document, DocumentError> {
        match self {
            Written::Text(source) => Document::parse(kind, source.name(), source.text()),
            Written::Part { source, tree, span } => {
                // The place is that of a value of the tree.
                Document::from_value(kind, source.clone(), tree.at(*span).unwrap_or(tree.root()))
            }
        }
    }
}

/// The texts of the policies of one question, by kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyTexts {
    pub identity: Vec<Text>,
    pub boundary: Option<Text>,
    pub session: Vec<Text>,
    pub resource: Option<Text>,
    pub service_control: Vec<LevelTexts>,
    pub resource_control: Vec<LevelTexts>,
    pub endpoint: Option<Text>,
}

/// The texts of one level of service or resource control policies.
#[derive(Debug, Clone)]
pub(crate) struct LevelTexts {
    pub name: String,
    pub documents: Vec<Text>,
}

impl PolicyTexts {
    /// What all documents say, by kind and level, whatever their files are called. Two questions with equal contents can
    /// be asked of one engine.
    #[cfg(feature = "cli")]
    pub fn contents(&self) -> [Vec<Vec<&str>>; 7] {
        fn all(texts: &[Text]) -> Vec<&str> {
            texts.iter().flatten().map(Written::text).collect()
        }
        fn levels(levels: &[LevelTexts]) -> Vec<Vec<&str>> {
            levels.iter().map(|level| all(&level.documents)).collect()
        }
        [
            vec![all(&self.identity)],
            vec![all(self.boundary.as_slice())],
            vec![all(&self.session)],
            vec![all(self.resource.as_slice())],
            levels(&self.service_control),
            levels(&self.resource_control),
            vec![all(self.endpoint.as_slice())],
        ]
    }

    /// Parses all of them. `resource_kind` says what the policy of the resource is read as (Rule E33).
    ///
    /// # Errors
    ///
    /// Returns the mistakes of every document that is refused, not only of the first.
    pub fn parse(&self, resource_kind: PolicyKind) -> Result<PolicySet, Refusal> {
        self.parse_into(PolicySet::new(), resource_kind)
    }

    /// Parses all of them and adds them to a set.
    ///
    /// # Errors
    ///
    /// Returns the mistakes of every document that is refused, not only of the first.
    pub fn parse_into(&self, set: PolicySet, resource_kind: PolicyKind) -> Result<PolicySet, Refusal> {
        let mut reader = Reader::default();
        let identity = reader.documents(PolicyKind::Identity, &self.identity);
        let boundary = reader.documents(PolicyKind::Boundary, &self.boundary);
        let session = reader.documents(PolicyKind::Session, &self.session);
        let resource = reader.documents(resource_kind, &self.resource);
        let service_control = reader.levels(PolicyKind::ServiceControl, &self.service_control);
        let resource_control = reader.levels(PolicyKind::ResourceControl, &self.resource_control);
        let endpoint = reader.documents(PolicyKind::Endpoint, &self.endpoint);
        if !reader.refused.is_empty() {
            return Err(Refusal::Documents(reader.refused));
        }

        let mut set = identity.into_iter().fold(set, PolicySet::identity);
        set = session.into_iter().fold(set, PolicySet::session);
        set = service_control.into_iter().fold(set, PolicySet::service_control);
        set = resource_control.into_iter().fold(set, PolicySet::resource_control);
        let single = |set, document: Vec<Document>, add: fn(PolicySet, Document) -> Result<PolicySet, SetError>| {
            document.into_iter().try_fold(set, add)
        };
        set = single(set, boundary, PolicySet::boundary)?;
        set = single(set, resource, PolicySet::resource)?;
        Ok(single(set, endpoint, PolicySet::endpoint)?)
    }
}

/// Parses on after a refused document, so that one run shows every mistake.
#[derive(Default)]
struct Reader {
    refused: Vec<DocumentError>,
}

impl Reader {
    fn documents<'t>(&mut self, kind: PolicyKind, texts: impl IntoIterator<Item = &'t Text>) -> Vec<Document> {
        let mut documents = Vec::new();
        for text in texts {
            let parsed = match text {
                Ok(written) => written.parse(kind),
                Err(diagnostic) => Err(DocumentError::new(vec![Diagnostic::clone(diagnostic)], 0)),
            };
            match parsed {
                Ok(document) => documents.push(document),
                Err(error) => self.refused.push(error),
            }
        }
        documents
    }

    fn levels(&mut self, kind: PolicyKind, levels: &[LevelTexts]) -> Vec<Level> {
        let parse =
            |level: &LevelTexts| Level { name: level.name.clone(), documents: self.documents(kind, &level.documents) };
        levels.iter().map(parse).collect()
    }
}
