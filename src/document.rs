//! Policy documents: JSON text as statements in the sense of AWS, every mistake collected in one pass.
//!
//! A document that breaks a rule is refused whole, and with it every set it belongs to: a `Deny` might have
//! stood in the part that could not be read. This room knows neither requests nor decisions.

mod archive;
mod kind;
mod principal;
mod read;
mod set;
mod wrapped;

use std::fmt;
use std::sync::Arc;

pub(crate) use archive::Archive;
pub use kind::PolicyKind;
pub use principal::{PrincipalElement, PrincipalEntry, PrincipalName, RoleName};
pub use set::{Level, MAX_LEVELS, Place, PolicySet, SetError, StatementId};

use crate::json::{Limits, Value};
pub use crate::language::Version;
use crate::language::action::ActionPattern;
use crate::language::arn::{ArnTemplate, ResourcePattern};
use crate::language::operator::Operator;
use crate::language::pattern::{Template, Variable};
use crate::source::{Diagnostic, Source, Span, Text};

/// A policy document that keeps all rules (Rules L1 to L19, E38 to E55). It is immutable and cheap to clone: however
/// many sets hold it, it exists once.
///
/// # Examples
///
/// ```
/// use iamtree::document::{Document, Effect, PolicyKind};
///
/// let text = r#"{"Version": "2012-10-17", "Statement": {
///     "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/*"}}"#;
/// let document = Document::parse(PolicyKind::Identity, "read.json", text)?;
/// assert_eq!(document.statements()[0].effect, Effect::Allow);
///
/// let error = Document::parse(PolicyKind::Identity, "read.json", &text.replace("Allow", "allow")).unwrap_err();
/// assert_eq!(
///     error.diagnostics()[0].to_string(),
///     "read.json:2:30: unknown effect: found `allow`, expected `Allow` or `Deny` (rule L10)"
/// );
/// # Ok::<(), iamtree::document::DocumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    content: Arc<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    source: Source,
    /// Whether the source holds more than this document.
    is_part: bool,
    kind: PolicyKind,
    version: Version,
    id: Option<Text>,
    statements: Arc<[Statement]>,
}

impl Document {
    /// Reads a document of a kind under the default [`Limits`]. `name` is what messages call it, usually its file; if it
    /// ends in `.yaml` or `.yml`, the text is read as YAML (see [`yaml`](crate::yaml)).
    ///
    /// # Errors
    ///
    /// Returns every mistake found, each with its place.
    pub fn parse(kind: PolicyKind, name: &str, text: &str) -> Result<Self, DocumentError> {
        Document::parse_within(&Limits::default(), kind, name, text)
    }

    /// Reads a document under limits of your own.
    ///
    /// # Errors
    ///
    /// Returns every mistake found, each with its place.
    pub fn parse_within(limits: &Limits, kind: PolicyKind, name: &str, text: &str) -> Result<Self, DocumentError> {
        read::document(limits, kind, Source::new(name, text))
    }

    /// Reads a document from the bytes of a file.
    ///
    /// # Errors
    ///
    /// Returns every mistake found, or that the bytes are not UTF-8.
    pub fn parse_bytes(kind: PolicyKind, name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        let source = Source::from_bytes(name, bytes).map_err(|diagnostic| DocumentError::new(vec![*diagnostic], 0))?;
        read::document(&Limits::default(), kind, source)
    }

    /// Reads a document from a tree that was read already: a part of a larger text, perhaps. `source` is the text the
    /// tree was read from, under the name that messages call the document.
    pub(crate) fn from_value(kind: PolicyKind, source: Source, value: Value<'_>) -> Result<Self, DocumentError> {
        let is_part = source.slice(value.span()).trim() != source.text().trim();
        let document = read::tree(&Limits::default(), kind, source, value)?;
        let content = Arc::unwrap_or_clone(document.content);
        Ok(Document { content: Arc::new(Content { is_part, ..content }) })
    }

    /// The same statements under another name.
    #[must_use]
    pub(crate) fn renamed(&self, name: &str) -> Self {
        let source = self.content.source.renamed(name);
        Document { content: Arc::new(Content { source, ..Content::clone(&self.content) }) }
    }

    /// Whether its source holds more than the document.
    fn is_part(&self) -> bool {
        self.content.is_part
    }

    /// The text it was read from.
    pub fn source(&self) -> &Source {
        &self.content.source
    }

    /// The name it was given, usually its file.
    pub fn name(&self) -> &str {
        self.content.source.name()
    }

    /// The kind it was read as.
    pub fn kind(&self) -> PolicyKind {
        self.content.kind
    }

    /// The version of the language it is written in (Rule L5).
    pub fn version(&self) -> Version {
        self.content.version
    }

    /// The element `Id`, which never influences a decision (Rule L6).
    pub fn id(&self) -> Option<&str> {
        self.content.id.as_deref()
    }

    /// The statements in order; at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.content.statements
    }
}

/// What a statement does if it matches (Rule L10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Effect {
    /// Grants, as far as its kind of policy can.
    Allow,
    /// Denies, whatever else allows (Rule E10).
    Deny,
}

impl Effect {
    /// `Allow` or `Deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        }
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The whole object.
    pub span: Span,
    /// The element `Sid` (Rule L9).
    pub sid: Option<Text>,
    /// The element `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`, in the kinds of policy that have it (Rule E55).
    pub principal: Option<PrincipalElement>,
    /// `Action` or `NotAction`.
    pub actions: Patterns<ActionPattern>,
    /// `Resource` or `NotResource`; none in trust policies (Rule E33).
    pub resources: Option<Patterns<ResourcePattern>>,
    /// The conditions: one for each key of each operator, all of which must hold (Rule L70).
    pub conditions: Vec<Condition>,
}

/// The entries of `Action`, `NotAction`, `Resource` or `NotResource` (Rules L11, L12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns<P> {
    /// Whether it is the form with `Not`.
    pub negated: bool,
    /// The entries in order; at least one.
    pub entries: Vec<Entry<P>>,
}

/// An entry of a list, or the single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<P> {
    /// Where it stands, quotation marks included.
    pub span: Span,
    /// Its text, escapes decoded.
    pub text: Text,
    /// What it means.
    pub pattern: P,
}

/// One key under one operator (Rules L13 to L18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// Where the operator's name stands.
    pub operator_span: Span,
    /// The context key, as written; keys compare without regard to ASCII case (Rule L71).
    pub key: Text,
    /// Where the key stands.
    pub key_span: Span,
    /// The values; possibly none (Rule L80).
    pub values: Vec<ConditionValue>,
}

/// A value of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionValue {
    /// Where it stands.
    pub span: Span,
    /// Its text: that of a string, or the source text of a number or boolean (Rule L14).
    pub text: Text,
    /// What the operator makes of the text.
    pub operand: Operand,
}

/// What an operator makes of the text of a value (Rule L63).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// Taken literally: numeric, date, binary and IP operators, and `Null`.
    Plain,
    /// A text in which variables are filled in; wildcards count under `StringLike` only.
    Text(Template),
    /// Six fields for an ARN operator.
    Arn(ArnTemplate),
    /// Fewer than six fields for an ARN operator: ill-typed (Rule L98) unless a variable in it has no value
    /// (Rule L62).
    ShortArn(Template),
}

impl Statement {
    /// The variables of resources and condition values, in order.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        let resources = self.resources.iter().flat_map(|resources| &resources.entries);
        let values = self.conditions.iter().flat_map(|condition| &condition.values);
        resources.flat_map(|entry| entry.pattern.variables()).chain(values.flat_map(|value| value.operand.variables()))
    }
}

impl Operand {
    /// The variables in order.
    pub fn variables(&self) -> Box<dyn Iterator<Item = Variable<'_>> + '_> {
        match self {
            Operand::Plain => Box::new(std::iter::empty()),
            Operand::Text(template) | Operand::ShortArn(template) => Box::new(template.variables()),
            Operand::Arn(arn) => Box::new(arn.variables()),
        }
    }
}

/// Why a document is refused: every mistake that was found.
///
/// `Display` prints one mistake a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    diagnostics: Vec<Diagnostic>,
    left_out: usize,
}

impl DocumentError {
    /// `left_out` mistakes were found beyond those listed.
    pub(crate) fn new(diagnostics: Vec<Diagnostic>, left_out: usize) -> Self {
        DocumentError { diagnostics, left_out }
    }

    /// The mistakes in the order of the text; at least one.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many further mistakes were found but are not listed: a hostile document could hold millions.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for DocumentError {}
