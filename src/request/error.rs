//! Why a request cannot be asked.

use std::fmt;

/// A mistake in a request. Whoever asked must treat it as a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    kind: RequestErrorKind,
    rule: &'static str,
    message: String,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// The principal is none of the kinds of Rule E2, or has to be named.
    Principal,
    /// The action is malformed (Rule L26).
    Action,
    /// The resource is malformed (Rule L40).
    Resource,
    /// The resource account is malformed or contradicts the resource (Rule E4).
    ResourceAccount,
    /// A context key is given twice, is empty, or there are too many (Rule E59).
    Context,
    /// A context key contradicts the principal (Rule E58).
    Contradiction,
    /// A policy was given that cannot apply to the principal (Rule E6).
    Inapplicable,
}

impl RequestError {
    pub(crate) fn new(kind: RequestErrorKind, rule: &'static str, message: impl Into<String>) -> Self {
        RequestError { kind, rule, message: message.into() }
    }

    /// What is wrong.
    pub fn kind(&self) -> RequestErrorKind {
        self.kind
    }

    /// The rule that is broken, such as `E59`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = format!("(rule {})", self.rule);
        if self.message.ends_with(&rule) { f.write_str(&self.message) } else { write!(f, "{} {rule}", self.message) }
    }
}

impl std::error::Error for RequestError {}
