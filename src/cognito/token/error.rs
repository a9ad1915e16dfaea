//! Why a token is refused.

use std::fmt;

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenErrorKind {
    /// It is no signed JSON Web Token, or one with a repeated member.
    Malformed,
    /// Its issuer is no provider of the pool.
    Issuer,
    /// No key of its issuer has its `kid`.
    Key,
    /// Its algorithm is none that the key allows.
    Algorithm,
    /// Its signature is wrong.
    Signature,
    /// A claim is missing, of the wrong type, or not what is asked for.
    Claim,
    /// It has expired, or is not valid yet.
    Time,
}

/// Why a token is refused (Rule C13).
///
/// `Display` holds names of claims, never their values (Rule C37).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    kind: TokenErrorKind,
    message: String,
}

impl TokenError {
    pub(super) fn new(kind: TokenErrorKind, message: impl Into<String>) -> Self {
        TokenError { kind, message: message.into() }
    }

    pub(super) fn malformed(what: impl fmt::Display) -> Self {
        TokenError::new(TokenErrorKind::Malformed, format!("malformed token: {what}"))
    }

    /// What is wrong.
    pub fn kind(&self) -> TokenErrorKind {
        self.kind
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (rule C13)", self.message)
    }
}

impl std::error::Error for TokenError {}
