//! What an exchange yields (Rules C60 to C64): a caller, its fixed context, and the policies it is under.

use std::fmt;
use std::sync::Arc;

use super::role::Role;
use super::tags::Tag;
use super::trace::Trace;
use crate::decision::Decision;
use crate::document::PolicySet;
use crate::engine::Engine;
use crate::request::{Request, RequestError, Session};
use crate::tree::BoundSession;

/// The identity pool id.
pub(super) const AUD: &str = "cognito-identity.amazonaws.com:aud";
/// The identity id.
pub(super) const SUB: &str = "cognito-identity.amazonaws.com:sub";
/// How the identity was authenticated.
pub(super) const AMR: &str = "cognito-identity.amazonaws.com:amr";

/// A session of one role (Rule C2): the credentials an identity gets, as far as they matter to a decision.
///
/// Two sessions of one role share its compiled policies. Nothing of the login is in it but what its role's trust
/// policy could see, and the tags it was mapped to (Rule C63).
///
/// `Debug` prints names of context keys, not values: these are personal data (Rule C37).
#[derive(Clone)]
pub struct CognitoSession {
    session: Session,
    role_arn: Box<str>,
    engine: Engine,
    trace: Trace,
}

impl CognitoSession {
    pub(super) fn new(session: Session, role: &Role, engine: Engine, trace: Trace) -> Self {
        CognitoSession { session, role_arn: role.arn().into(), engine, trace }
    }

    /// The role, path included.
    pub fn role_arn(&self) -> &str {
        &self.role_arn
    }

    /// The caller and the context of all its requests (Rule C60).
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The policies it is under: those of the role, its boundary, and session policies (Rules C41, C42). They are
    /// read again unless somebody still holds them (see [`Engine::policies`]).
    pub fn policies(&self) -> Arc<PolicySet> {
        self.engine.policies()
    }

    /// The same, compiled.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How it came about (Rule C37).
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// A request of this session; the keys of the request itself can be added to it.
    ///
    /// # Errors
    ///
    /// Returns what is malformed, as [`Request::new`].
    pub fn request<'a>(&'a self, action: &'a str, resource: &'a str) -> Result<Request<'a>, RequestError> {
        self.session.request(action, resource)
    }

    /// Decides a request of this session (Rule C64). Resource policies and control policies of organizations are
    /// not looked at; for these compile [`CognitoSession::policies`] with them.
    ///
    /// # Errors
    ///
    /// Returns an error if the question cannot be asked; treat it as a denial.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        self.engine.decide(request)
    }

    /// Works out once what only depends on the session: what a service keeps for each logged-in user.
    ///
    /// # Errors
    ///
    /// Returns an error if the context of the session is malformed.
    pub fn bind(&self) -> Result<BoundSession, RequestError> {
        self.engine.bind(&self.session)
    }
}

impl fmt::Debug for CognitoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.session.context().map(|(key, _)| key).collect();
        f.debug_struct("CognitoSession").field("role_arn", &self.role_arn).field("keys", &keys).finish_non_exhaustive()
    }
}

/// What a session is made of.
pub(super) struct SessionParts<'a> {
    pub role: &'a Role,
    pub session_name: &'a str,
    pub pool_id: &'a str,
    pub identity_id: &'a str,
    pub amr: &'a [String],
    pub tags: &'a [Tag],
    /// When the credentials were issued, if the caller passes its clock.
    pub issued_at: Option<&'a str>,
}

/// The keys of Rule C60, of users and guests alike (Rule C61). Account, type and the like follow from the principal (Rule E56).
pub(super) fn session(parts: &SessionParts<'_>) -> Result<Session, RequestError> {
    let SessionParts { role, session_name, .. } = parts;
    let mut session = Session::new(&role.session_principal(session_name))?
        .with("aws:PrincipalArn", role.arn())?
        .with("aws:FederatedProvider", super::trust::IDENTITY_POOLS)?
        .with(AUD, parts.pool_id)?
        .with(SUB, parts.identity_id)?
        .with(AMR, parts.amr)?;
    if let Some(id) = role.id() {
        session = session.with("aws:userid", format!("{id}:{session_name}"))?;
    }
    if let Some(issued_at) = parts.issued_at {
        session = session.with("aws:TokenIssueTime", issued_at)?;
    }
    for (key, value) in principal_tags(role, parts.tags) {
        session = session.with(&format!("aws:PrincipalTag/{key}"), value)?;
    }
    Ok(session)
}

/// Rule C54: the tags of the role, each replaced by a session tag of the same key, compared without case (Rule C59). None
/// of them passes on to a further role (Rule C55): there is nothing to keep that says so.
fn principal_tags<'a>(role: &'a Role, tags: &'a [Tag]) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_replaced = |key: &str| tags.iter().any(|tag| tag.key.eq_ignore_ascii_case(key));
    let of_role = role.tags().filter(move |(key, _)| !is_replaced(key));
    of_role.chain(tags.iter().map(|tag| (&*tag.key, &*tag.value)))
}
