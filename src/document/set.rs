//! The documents that apply to one request, by kind, and how a statement in them is named.

use std::collections::BTreeMap;
use std::fmt;

use super::principal::is_account_id;
use super::{Document, Effect, PolicyKind, PrincipalName, Statement};
use crate::source::{Diagnostic, quote};

/// The policies that apply to requests of one principal on one resource.
///
/// # Examples
///
/// ```
/// use iamtree::document::{Document, PolicyKind, PolicySet};
///
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
/// let identity = Document::parse(PolicyKind::Identity, "role.json", text)?;
/// let boundary = Document::parse(PolicyKind::Boundary, "boundary.json", text)?;
/// let set = PolicySet::new().identity(identity).boundary(boundary)?;
/// assert_eq!(set.documents().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySet {
    identity: Vec<Document>,
    boundary: Option<Document>,
    session: Vec<Document>,
    service_control: Vec<Level>,
    resource_control: Vec<Level>,
    resource: Option<Document>,
    endpoint: Option<Document>,
    canonical_users: BTreeMap<String, String>,
    /// What went wrong while the set was filled; reported by [`PolicySet::check`].
    mistakes: Vec<String>,
}

/// How many levels of service or resource control policies a set holds; AWS has at most 7 (Rule E62).
pub const MAX_LEVELS: usize = 64;

/// The service or resource control policies of one level: the organization root, an organizational unit, or
/// the account (Rules E12, E14).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Level {
    /// What explanations call it, such as `root` or the id of a unit.
    pub name: String,
    /// The documents attached there. A level without any allows nothing.
    pub documents: Vec<Document>,
}

/// Where in a set a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The kind of policy.
    pub kind: PolicyKind,
    /// The level, from 0 at the organization root; always 0 for the other kinds.
    pub level: u16,
    /// Index among the documents of that kind and level.
    pub document: u32,
}

/// Names a statement of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    /// Where its document stands.
    pub place: Place,
    /// Index among the statements of the document.
    pub statement: u32,
}

/// Bytes of all statements of a set. What they are compiled to is counted in smaller pieces than these.
const MOST_BYTES: usize = 1 << 30;

impl PolicySet {
    /// A set without policies: it denies everything that needs a permission (Rule E9).
    pub fn new() -> Self {
        PolicySet::default()
    }

    /// Adds an identity-based policy of the principal or one of its groups (Rules E11, E61).
    #[must_use]
    pub fn identity(mut self, document: Document) -> Self {
        self.note_kind(&document, PolicyKind::Identity);
        self.identity.push(document);
        self
    }

    /// Sets the permissions boundary.
    ///
    /// # Errors
    ///
    /// Returns an error if there is one already (Rule E6).
    pub fn boundary(mut self, document: Document) -> Result<Self, SetError> {
        self.note_kind(&document, PolicyKind::Boundary);
        set_once(&mut self.boundary, document)?;
        Ok(self)
    }

    /// Adds a session policy (Rule E20).
    #[must_use]
    pub fn session(mut self, document: Document) -> Self {
        self.note_kind(&document, PolicyKind::Session);
        self.session.push(document);
        self
    }

    /// Adds a level of service control policies below those there are (Rule E12).
    #[must_use]
    pub fn service_control(mut self, level: Level) -> Self {
        level.documents.iter().for_each(|document| self.note_kind(document, PolicyKind::ServiceControl));
        push_level(&mut self.service_control, level, &mut self.mistakes);
        self
    }

    /// Adds a level of resource control policies below those there are (Rule E14).
    #[must_use]
    pub fn resource_control(mut self, level: Level) -> Self {
        level.documents.iter().for_each(|document| self.note_kind(document, PolicyKind::ResourceControl));
        push_level(&mut self.resource_control, level, &mut self.mistakes);
        self
    }

    /// Sets the policy of the resource: a document read as [`PolicyKind::Resource`], or as [`PolicyKind::Trust`]
    /// if the resource is a role that is to be assumed (Rule E33).
    ///
    /// # Errors
    ///
    /// Returns an error if there is one already.
    pub fn resource(mut self, document: Document) -> Result<Self, SetError> {
        if document.kind() != PolicyKind::Trust {
            self.note_kind(&document, PolicyKind::Resource);
        }
        set_once(&mut self.resource, document)?;
        Ok(self)
    }

    /// Sets the policy of the VPC endpoint the request comes through (Rule E16).
    ///
    /// # Errors
    ///
    /// Returns an error if there is one already.
    pub fn endpoint(mut self, document: Document) -> Result<Self, SetError> {
        self.note_kind(&document, PolicyKind::Endpoint);
        set_once(&mut self.endpoint, document)?;
        Ok(self)
    }

    /// Says which account a canonical user id belongs to (Rule E47).
    ///
    /// # Errors
    ///
    /// Returns an error if the account is not twelve digits or the id belongs to another account already.
    pub fn canonical_user(mut self, id: &str, account: &str) -> Result<Self, SetError> {
        if !is_account_id(account) {
            return Err(SetError::new(format!(
                "canonical user {}: {} is not a twelve-digit account id",
                quote(id),
                quote(account)
            )));
        }
        match self.canonical_users.insert(id.to_owned(), account.to_owned()) {
            Some(other) if other != account => {
                Err(SetError::new(format!("canonical user {} has two accounts", quote(id))))
            }
            _ => Ok(self),
        }
    }

    /// Checks what only the whole set shows: documents handed over as another kind than they were read as, `Deny`
    /// statements that name canonical user ids without an account (Rule E47), and more policies than a compiled
    /// engine can count in 32 bits.
    ///
    /// # Errors
    ///
    /// Returns every such mistake.
    pub fn check(&self) -> Result<(), SetError> {
        let mut error = SetError { messages: self.mistakes.clone(), diagnostics: Vec::new() };
        for (_, document) in self.documents() {
            error
                .diagnostics
                .extend(document.statements().iter().flat_map(|s| self.unknown_canonical_users(document, s)));
        }
        let statements = self.documents().flat_map(|(_, document)| document.statements());
        let bytes: usize = statements.map(|statement| (statement.span.end - statement.span.start) as usize).sum();
        if bytes > MOST_BYTES {
            error.messages.push(format!("too many policies: found {bytes} bytes, expected at most {MOST_BYTES}"));
        }
        if error.messages.is_empty() && error.diagnostics.is_empty() { Ok(()) } else { Err(error) }
    }

    /// Whether there is no policy of any kind. Levels without documents count as policies: they allow nothing.
    pub fn is_empty(&self) -> bool {
        self.documents().next().is_none() && self.service_control.is_empty() && self.resource_control.is_empty()
    }

    /// The identity-based policies.
    pub fn identity_documents(&self) -> &[Document] {
        &self.identity
    }

    /// The permissions boundary.
    pub fn boundary_document(&self) -> Option<&Document> {
        self.boundary.as_ref()
    }

    /// The session policies.
    pub fn session_documents(&self) -> &[Document] {
        &self.session
    }

    /// The levels of service control policies, organization root first.
    pub fn service_control_levels(&self) -> &[Level] {
        &self.service_control
    }

    /// The levels of resource control policies, organization root first.
    pub fn resource_control_levels(&self) -> &[Level] {
        &self.resource_control
    }

    /// The resource or trust policy.
    pub fn resource_document(&self) -> Option<&Document> {
        self.resource.as_ref()
    }

    /// The VPC endpoint policy.
    pub fn endpoint_document(&self) -> Option<&Document> {
        self.endpoint.as_ref()
    }

    /// The account of a canonical user id, if it is known.
    pub fn account_of_canonical_user(&self, id: &str) -> Option<&str> {
        self.canonical_users.get(id).map(String::as_str)
    }

    /// Every document with its place, in the order of the checks (Rule E65).
    pub fn documents(&self) -> impl Iterator<Item = (Place, &Document)> {
        let resource_kind = self.resource.as_ref().map_or(PolicyKind::Resource, Document::kind);
        levels(&self.resource_control, PolicyKind::ResourceControl)
            .chain(levels(&self.service_control, PolicyKind::ServiceControl))
            .chain(numbered(self.endpoint.as_slice(), PolicyKind::Endpoint, 0))
            .chain(numbered(self.resource.as_slice(), resource_kind, 0))
            .chain(numbered(&self.identity, PolicyKind::Identity, 0))
            .chain(numbered(self.boundary.as_slice(), PolicyKind::Boundary, 0))
            .chain(numbered(&self.session, PolicyKind::Session, 0))
    }

    /// The document at a place.
    pub fn document(&self, place: Place) -> Option<&Document> {
        let index = place.document as usize;
        match place.kind {
            PolicyKind::Identity => self.identity.get(index),
            PolicyKind::Boundary => self.boundary.as_ref(),
            PolicyKind::Session => self.session.get(index),
            PolicyKind::ServiceControl => self.service_control.get(usize::from(place.level))?.documents.get(index),
            PolicyKind::ResourceControl => self.resource_control.get(usize::from(place.level))?.documents.get(index),
            PolicyKind::Resource | PolicyKind::Trust => self.resource.as_ref(),
            PolicyKind::Endpoint => self.endpoint.as_ref(),
        }
    }

    /// A statement by its name.
    pub fn statement(&self, id: StatementId) -> Option<&Statement> {
        self.document(id.place)?.statements().get(id.statement as usize)
    }

    /// The set with every document at its place and no canonical users: what an archive fills again.
    pub(super) fn with_levels(service_control: &[String], resource_control: &[String]) -> Self {
        let empty =
            |names: &[String]| names.iter().map(|name| Level { name: name.clone(), documents: Vec::new() }).collect();
        PolicySet {
            service_control: empty(service_control),
            resource_control: empty(resource_control),
            ..PolicySet::default()
        }
    }

    /// Puts a document where it stood; those of one place come in order.
    pub(super) fn put(&mut self, place: Place, document: Document) {
        let level = |levels: &mut Vec<Level>, document| {
            if let Some(level) = levels.get_mut(usize::from(place.level)) {
                level.documents.push(document);
            }
        };
        match place.kind {
            PolicyKind::Identity => self.identity.push(document),
            PolicyKind::Boundary => self.boundary = Some(document),
            PolicyKind::Session => self.session.push(document),
            PolicyKind::ServiceControl => level(&mut self.service_control, document),
            PolicyKind::ResourceControl => level(&mut self.resource_control, document),
            PolicyKind::Resource | PolicyKind::Trust => self.resource = Some(document),
            PolicyKind::Endpoint => self.endpoint = Some(document),
        }
    }

    pub(super) fn canonical_users(&self) -> &BTreeMap<String, String> {
        &self.canonical_users
    }

    pub(super) fn set_canonical_users(&mut self, users: BTreeMap<String, String>) {
        self.canonical_users = users;
    }

    pub(super) fn note_mistake(&mut self, mistake: String) {
        self.mistakes.push(mistake);
    }

    fn note_kind(&mut self, document: &Document, given_as: PolicyKind) {
        if document.kind() != given_as {
            let (name, read_as) = (document.name(), document.kind());
            self.mistakes.push(format!("{name}: read as {read_as} policy, given as {given_as} policy"));
        }
    }

    fn unknown_canonical_users(&self, document: &Document, statement: &Statement) -> Vec<Diagnostic> {
        let entries = statement.principal.iter().flat_map(|principal| &principal.entries);
        let unknown = entries.filter(|entry| match &entry.name {
            PrincipalName::CanonicalUser(id) => {
                statement.effect == Effect::Deny && self.account_of_canonical_user(id).is_none()
            }
            _ => false,
        });
        let report = |entry: &super::PrincipalEntry| {
            document
                .source()
                .mistake("E47", entry.span, "a `Deny` that names a canonical user id whose account is not known")
                .found(quote(&entry.text))
                .expected("an id with a configured account")
        };
        unknown.map(report).collect()
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { kind, level, document } = self.place;
        write!(f, "{kind}[{level}][{document}].Statement[{}]", self.statement)
    }
}

fn numbered(documents: &[Document], kind: PolicyKind, level: u16) -> impl Iterator<Item = (Place, &Document)> {
    documents.iter().zip(0..).map(move |(document, index)| (Place { kind, level, document: index }, document))
}

fn levels(levels: &[Level], kind: PolicyKind) -> impl Iterator<Item = (Place, &Document)> {
    levels.iter().zip(0..).flat_map(move |(level, index)| numbered(&level.documents, kind, index))
}

/// Levels beyond [`MAX_LEVELS`] are reported, not kept.
fn push_level(levels: &mut Vec<Level>, level: Level, mistakes: &mut Vec<String>) {
    if levels.len() < MAX_LEVELS {
        levels.push(level);
    } else {
        mistakes.push(format!("{}: more than {MAX_LEVELS} levels of one kind", level.name));
    }
}

fn set_once(slot: &mut Option<Document>, document: Document) -> Result<(), SetError> {
    match slot.replace(document) {
        None => Ok(()),
        Some(first) => Err(SetError::new(format!("{}: a second {} is given", first.name(), first.kind().phrase()))),
    }
}

/// Why a set of policies is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetError {
    messages: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

impl SetError {
    pub(crate) fn new(message: String) -> Self {
        SetError { messages: vec![message], diagnostics: Vec::new() }
    }

    /// The mistakes that have a place in a document.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics = self.diagnostics.iter().map(ToString::to_string);
        let lines: Vec<String> = self.messages.iter().cloned().chain(diagnostics).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_cannot_be_counted_is_refused() {
        let action = format!("s3:{}", "a".repeat(60_000));
        let actions = vec![format!("{action:?}"); 100].join(",");
        let text = format!(r#"{{"Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "*"}}}}"#);
        let document = Document::parse(PolicyKind::Identity, "large.json", &text).unwrap();
        let set = |count| (0..count).fold(PolicySet::new(), |set, _| set.identity(document.clone()));
        assert!(set(170).check().is_ok());
        assert!(set(180).check().unwrap_err().to_string().contains("too many policies"));
    }
}
