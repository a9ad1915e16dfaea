//! What can go wrong: a file that is refused, and an exchange that is (Rule C3).

use std::fmt;

use super::trace::Trace;
use crate::source::Diagnostic;

/// Every mistake of the files of a pool, of roles, of claims or of cases, each with its place. Nothing of such a
/// file is used (Rules C3, C6).
///
/// `Display` prints one mistake a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    diagnostics: Vec<Diagnostic>,
    left_out: usize,
}

impl ReadError {
    /// `left_out` mistakes were found beyond those listed.
    pub(super) fn new(diagnostics: Vec<Diagnostic>, left_out: usize) -> Self {
        ReadError { diagnostics, left_out }
    }

    /// The mistakes, file by file in the order of the text; at least one.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many further mistakes were found but are not listed.
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.diagnostics.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))?;
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for ReadError {}

/// The exception AWS answers with (Rule C3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum Exception {
    /// A parameter is malformed, or the flow is not to be had.
    InvalidParameterException,
    /// The identity is none of this pool.
    ResourceNotFoundException,
    /// The login is refused.
    NotAuthorizedException,
    /// The pool names no role, or one that cannot be assumed.
    InvalidIdentityPoolConfigurationException,
    /// STS refuses, in the basic flow.
    AccessDenied,
}

/// Why an exchange was refused: the reasons of Rule C3, for people and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// A file of the pool breaks a rule (Rules C4 to C9).
    InvalidPoolDocument,
    /// The identity id is no `REGION:GUID` (Rule C15).
    InvalidIdentityId,
    /// More than ten logins, or one provider twice (Rule C14).
    InvalidLogins,
    /// The pool does not allow the basic flow (Rule C41).
    ClassicFlowDisabled,
    /// A pool with role mappings has no basic flow (Rule C41).
    RoleMappingsInBasicFlow,
    /// SAML has no basic flow (Rule C41).
    SamlInBasicFlow,
    /// The identity is of another region than the pool (Rule C15).
    IdentityNotInPool,
    /// The pool admits no guests (Rule C10).
    GuestsNotEnabled,
    /// The pool declares no such provider (Rule C11).
    ProviderNotConfigured,
    /// The token was made for somebody else (Rule C12).
    TokenNotForThisPool,
    /// The token was made by somebody else (Rule C12).
    IssuerMismatch,
    /// The claims that name roles are malformed (Rules C18, C32).
    MalformedRoleClaims,
    /// Several roles or none, and the mapping says `Deny` (Rules C21 to C24, C32).
    AmbiguousRole,
    /// The login may not have the role it asks for (Rules C19, C31 to C33).
    CustomRoleNotAllowed,
    /// The sources do not say whether a rule matches (Rules C29 to C31).
    UndecidableClaim,
    /// Several logins lead to several roles (Rule C14).
    LoginsDisagree,
    /// Several logins give one tag several values (Rule C58).
    TagConflict,
    /// The pool has no role for signed-in users (Rules C17, C21).
    NoAuthenticatedRole,
    /// The pool has no role for guests (Rule C10).
    NoUnauthenticatedRole,
    /// There is no such role (Rule C48).
    RoleUnknown,
    /// The role's trust policy does not admit the session (Rules C45 to C49).
    TrustDenied,
    /// The role's trust policy does not let the session be tagged (Rule C52).
    TagSessionDenied,
    /// STS takes no such tag (Rule C53).
    IllegalTag,
}

impl Reason {
    /// The stable code, such as `guestsNotEnabled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::InvalidPoolDocument => "invalidPoolDocument",
            Reason::InvalidIdentityId => "invalidIdentityId",
            Reason::InvalidLogins => "invalidLogins",
            Reason::ClassicFlowDisabled => "classicFlowDisabled",
            Reason::RoleMappingsInBasicFlow => "roleMappingsInBasicFlow",
            Reason::SamlInBasicFlow => "samlInBasicFlow",
            Reason::IdentityNotInPool => "identityNotInPool",
            Reason::GuestsNotEnabled => "guestsNotEnabled",
            Reason::ProviderNotConfigured => "providerNotConfigured",
            Reason::TokenNotForThisPool => "tokenNotForThisPool",
            Reason::IssuerMismatch => "issuerMismatch",
            Reason::MalformedRoleClaims => "malformedRoleClaims",
            Reason::AmbiguousRole => "ambiguousRole",
            Reason::CustomRoleNotAllowed => "customRoleNotAllowed",
            Reason::UndecidableClaim => "undecidableClaim",
            Reason::LoginsDisagree => "loginsDisagree",
            Reason::TagConflict => "tagConflict",
            Reason::NoAuthenticatedRole => "noAuthenticatedRole",
            Reason::NoUnauthenticatedRole => "noUnauthenticatedRole",
            Reason::RoleUnknown => "roleUnknown",
            Reason::TrustDenied => "trustDenied",
            Reason::TagSessionDenied => "tagSessionDenied",
            Reason::IllegalTag => "illegalTag",
        }
    }

    /// The exception AWS answers with: in the basic flow it is STS that refuses a role (Rules C3, C48).
    fn exception(self, flow: FlowKind) -> Exception {
        use Reason::{
            ClassicFlowDisabled, IdentityNotInPool, IllegalTag, InvalidIdentityId, InvalidLogins, InvalidPoolDocument,
            NoAuthenticatedRole, NoUnauthenticatedRole, RoleMappingsInBasicFlow, RoleUnknown, SamlInBasicFlow,
            TagSessionDenied, TrustDenied,
        };
        match (self, flow) {
            (
                InvalidPoolDocument
                | InvalidIdentityId
                | InvalidLogins
                | ClassicFlowDisabled
                | RoleMappingsInBasicFlow
                | SamlInBasicFlow,
                _,
            ) => Exception::InvalidParameterException,
            (IdentityNotInPool, _) => Exception::ResourceNotFoundException,
            (NoAuthenticatedRole | NoUnauthenticatedRole, _) => Exception::InvalidIdentityPoolConfigurationException,
            (RoleUnknown | TrustDenied | TagSessionDenied | IllegalTag, FlowKind::Enhanced) => {
                Exception::InvalidIdentityPoolConfigurationException
            }
            (RoleUnknown | TrustDenied | TagSessionDenied | IllegalTag, FlowKind::Basic) => Exception::AccessDenied,
            _ => Exception::NotAuthorizedException,
        }
    }
}

impl Exception {
    /// Every exception.
    pub const ALL: [Exception; 5] = [
        Exception::InvalidParameterException,
        Exception::ResourceNotFoundException,
        Exception::NotAuthorizedException,
        Exception::InvalidIdentityPoolConfigurationException,
        Exception::AccessDenied,
    ];

    /// The name, as AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Exception::InvalidParameterException => "InvalidParameterException",
            Exception::ResourceNotFoundException => "ResourceNotFoundException",
            Exception::NotAuthorizedException => "NotAuthorizedException",
            Exception::InvalidIdentityPoolConfigurationException => "InvalidIdentityPoolConfigurationException",
            Exception::AccessDenied => "AccessDenied",
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The two ways to credentials (Rules C40, C41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FlowKind {
    /// `GetCredentialsForIdentity`: the pool picks the role.
    Enhanced,
    /// `GetOpenIdToken`, then STS: the client names the role.
    Basic,
}

/// Why a step refuses, before it is known where in the exchange it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub reason: Reason,
    pub rule: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(reason: Reason, rule: &'static str, message: impl Into<String>) -> Self {
        Refusal { reason, rule, message: message.into() }
    }
}

/// An exchange that yields no session, and how far it came (Rules C2, C3, C36).
///
/// `Display` holds names of claims, never their values (Rule C37).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeError {
    flow: FlowKind,
    refusal: Refusal,
    trace: Box<Trace>,
}

impl ExchangeError {
    pub(super) fn new(flow: FlowKind, refusal: Refusal, trace: Trace) -> Self {
        ExchangeError { flow, refusal, trace: Box::new(trace) }
    }

    /// The exception AWS answers with.
    pub fn exception(&self) -> Exception {
        self.refusal.reason.exception(self.flow)
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.refusal.reason
    }

    /// The rule behind it, such as `C19`.
    pub fn rule(&self) -> &'static str {
        self.refusal.rule
    }

    /// One sentence: what was found, and what was expected.
    pub fn message(&self) -> &str {
        &self.refusal.message
    }

    /// What had been worked out when it failed (Rule C37).
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { reason, rule, message } = &self.refusal;
        write!(f, "{} ({reason}): {message} (rule {rule})", self.exception())
    }
}

impl std::error::Error for ExchangeError {}
