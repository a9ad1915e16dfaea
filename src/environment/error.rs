//! What can be wrong with an environment, and with a question asked of one.

use std::fmt;
use std::sync::Arc;

use crate::document::{DocumentError, SetError};
use crate::engine::ExplainError;
use crate::request::{RequestError, RequestErrorKind};
use crate::source::{Position, Source, Span};

/// How many mistakes of an environment are listed.
const LISTED: usize = 50;

/// Why an environment cannot be read: every mistake with its file, line and column, and the way to it in the file.
///
/// `Display` prints one mistake a line. A policy document that breaks the rules of policies is no such mistake: see
/// [`RefusedDocument`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentError {
    mistakes: Vec<Mistake>,
    left_out: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    file: Box<str>,
    position: Position,
    message: String,
}

impl EnvironmentError {
    pub(super) fn add(&mut self, file: &Source, span: Span, message: impl Into<String>) {
        if self.mistakes.len() < LISTED {
            let position = file.position(span.start);
            self.mistakes.push(Mistake { file: file.name().into(), position, message: message.into() });
        } else {
            self.left_out += 1;
        }
    }

    /// Nothing if no mistake was added.
    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Mistake { file, position: Position { line, column }, message }) in self.mistakes.iter().enumerate()
        {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{file}:{line}:{column}: {message}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for EnvironmentError {}

/// A policy document of an environment that is refused. Whatever it takes part in cannot be decided; everything else
/// can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedDocument {
    name: Box<str>,
    cause: DocumentCause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DocumentCause {
    Rules(DocumentError),
    Missing { place: Box<str>, message: Box<str> },
}

impl RefusedDocument {
    pub(super) fn rules(name: &str, error: DocumentError) -> Self {
        RefusedDocument { name: name.into(), cause: DocumentCause::Rules(error) }
    }

    /// `file` refers at `span` to a document that is not there.
    pub(super) fn missing(name: &str, file: &Source, span: Span, message: &str) -> Self {
        let Position { line, column } = file.position(span.start);
        let place = format!("{}:{line}:{column}", file.name()).into();
        RefusedDocument { name: name.into(), cause: DocumentCause::Missing { place, message: message.into() } }
    }

    /// What the document is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules it breaks; `None` if there is no document where one is referred to.
    pub fn document_error(&self) -> Option<&DocumentError> {
        match &self.cause {
            DocumentCause::Rules(error) => Some(error),
            DocumentCause::Missing { .. } => None,
        }
    }
}

impl fmt::Display for RefusedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            DocumentCause::Rules(error) => error.fmt(f),
            DocumentCause::Missing { place, message } => write!(f, "{place}: {message}"),
        }
    }
}

impl std::error::Error for RefusedDocument {}

/// Why a question cannot be answered from an environment; treat it as a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskError {
    cause: Box<Cause>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Unknown(String),
    Refused(Vec<Arc<RefusedDocument>>),
    Set(SetError),
    Explain(ExplainError),
    Request(RequestError),
}

impl AskError {
    pub(super) fn unknown(message: String) -> Self {
        AskError { cause: Box::new(Cause::Unknown(message)) }
    }

    pub(super) fn refused(documents: Vec<Arc<RefusedDocument>>) -> Self {
        AskError { cause: Box::new(Cause::Refused(documents)) }
    }

    pub(super) fn contradiction(rule: &'static str, message: String) -> Self {
        RequestError::new(RequestErrorKind::Contradiction, rule, message).into()
    }

    /// Whether the environment does not know the principal.
    pub fn is_unknown_principal(&self) -> bool {
        matches!(*self.cause, Cause::Unknown(_))
    }

    /// The refused documents that would take part, if they are the cause.
    pub fn refused_documents(&self) -> &[Arc<RefusedDocument>] {
        match &*self.cause {
            Cause::Refused(documents) => documents,
            _ => &[],
        }
    }

    /// The mistake in the request, if that is the cause.
    pub fn as_request_error(&self) -> Option<&RequestError> {
        match &*self.cause {
            Cause::Request(error) => Some(error),
            Cause::Explain(error) => error.as_request_error(),
            _ => None,
        }
    }

    /// Whether the two evaluators differ: a bug of this crate.
    pub fn is_disagreement(&self) -> bool {
        matches!(&*self.cause, Cause::Explain(error) if error.is_disagreement())
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.cause {
            Cause::Unknown(message) => f.write_str(message),
            Cause::Refused(documents) => {
                write!(f, "the question cannot be decided, because a policy that takes part in it is refused")?;
                documents.iter().try_for_each(|document| write!(f, "\n{document}"))
            }
            Cause::Set(error) => error.fmt(f),
            Cause::Explain(error) => error.fmt(f),
            Cause::Request(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AskError {}

impl From<RequestError> for AskError {
    fn from(error: RequestError) -> Self {
        AskError { cause: Box::new(Cause::Request(error)) }
    }
}

impl From<SetError> for AskError {
    fn from(error: SetError) -> Self {
        AskError { cause: Box::new(Cause::Set(error)) }
    }
}

impl From<ExplainError> for AskError {
    fn from(error: ExplainError) -> Self {
        AskError { cause: Box::new(Cause::Explain(error)) }
    }
}
