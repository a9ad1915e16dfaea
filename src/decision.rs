//! The vocabulary both evaluators answer in. It knows how neither of them works.
//!
//! A [`Decision`] can only be made by an evaluator: its fields are private, its constructor is visible in this
//! crate alone and called from `reference` and `tree` only (a test holds that), and it cannot be read back from
//! any text. Whatever stands between a question and an answer can so deny, but never allow.

mod explanation;

use std::fmt;

pub use explanation::{
    Absence, CheckEffect, CheckResult, CheckType, ContextText, Explanation, FailedElement, Mark, MatchedPolicy,
    MatchedStatement, MissingContextValue, MissingPlace, NearMiss, PrincipalSummary, ResolvedVariable, StatementRef,
    Target, Warning,
};

use crate::document::StatementId;
use crate::request::{Request, RequestError};

/// What both evaluators do.
pub trait Evaluator {
    /// Decides one request.
    ///
    /// # Errors
    ///
    /// Returns an error if the question cannot be asked of the policies at hand (Rule E6); it must be treated as
    /// a denial.
    fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError>;
}

/// The answer to one request: a reason, and for most reasons one statement that decided.
///
/// # Examples
///
/// ```
/// use iamtree::{Document, Engine, Outcome, PolicyKind, PolicySet, Request};
///
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
/// let engine = Engine::compile(PolicySet::new().identity(Document::parse(PolicyKind::Identity, "p.json", text)?))?;
/// let decision = engine.decide(&Request::unnamed("s3:GetObject", "arn:aws:s3:::app/x")?)?;
/// assert_eq!(decision.outcome(), Outcome::Allowed);
/// assert_eq!(decision.reason().as_str(), "Allowed.Identity");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    reason: Reason,
    statement: Option<StatementId>,
}

impl Decision {
    /// For evaluators only.
    pub(crate) fn new(reason: Reason, statement: Option<StatementId>) -> Self {
        Decision { reason, statement }
    }

    /// Allowed or not, and how not.
    pub fn outcome(&self) -> Outcome {
        self.reason.outcome()
    }

    /// Whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        self.outcome() == Outcome::Allowed
    }

    /// The reason code (Rule E66).
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// One statement that decided: a matching `Deny` of the check that denied, or a matching `Allow` of the kind
    /// that granted. None for implicit denials, for root users and where no permission is needed.
    pub fn statement(&self) -> Option<StatementId> {
        self.statement
    }
}

/// The three answers of the IAM policy simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Granted, and nothing denies.
    Allowed,
    /// Some required allow is missing (Rule E9).
    ImplicitDeny,
    /// A `Deny` statement matches (Rule E10).
    ExplicitDeny,
}

impl Outcome {
    /// `allowed`, `implicitDeny` or `explicitDeny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Allowed => "allowed",
            Outcome::ImplicitDeny => "implicitDeny",
            Outcome::ExplicitDeny => "explicitDeny",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request was decided as it was: a closed list of stable codes (Rule E66). If several hold, the first in
/// the order of [`Reason::ALL`] is the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A `Deny` matched, in a policy of this check.
    ExplicitDeny(Check),
    /// A required allow is missing at this gate.
    ImplicitDeny(Gate),
    /// Granted so.
    Allowed(Grant),
}

/// Where a `Deny` matched, in AWS's order of checks (Rule E65).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// A resource control policy.
    ResourceControlPolicy,
    /// A service control policy.
    ServiceControlPolicy,
    /// The VPC endpoint policy.
    VpcEndpoint,
    /// The resource-based or trust policy.
    Resource,
    /// An identity-based policy.
    Principal,
    /// The permissions boundary.
    PermissionsBoundary,
    /// A session policy.
    Session,
}

/// What was missing (Rules E65, E66).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Some level of service control policies does not allow (Rule E12).
    ServiceControlPolicy,
    /// The VPC endpoint policy does not allow (Rule E16).
    VpcEndpoint,
    /// Caller and resource are in different partitions (Rule E7).
    Partition,
    /// The resource-based or trust policy does not grant, and had to.
    Resource,
    /// No identity-based policy allows, and nothing stands in for it.
    Principal,
    /// The permissions boundary does not allow (Rule E19).
    PermissionsBoundary,
    /// No session policy allows (Rule E20).
    Session,
}

/// What granted (Rule E66).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grant {
    /// The action needs no permission (Rule E35).
    NoPermissionNeeded,
    /// The root user in its own account (Rule E25).
    Root,
    /// The resource's policy, in place of an identity-based one, at this level.
    Resource(ResourceGrant),
    /// An identity-based policy, with whatever else was required.
    Identity,
}

/// The grant levels of a resource's policy that can stand in for an identity-based policy (Rules E21 to E23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceGrant {
    /// The caller itself is named.
    Direct,
    /// Everyone is named.
    Everyone,
    /// The role behind a session is named.
    ViaRole,
    /// The user that issued a federated user is named.
    ViaUser,
}

/// How an `Allow` of a resource's policy names the caller (Rule E21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub enum GrantLevel {
    /// The caller itself.
    Direct,
    /// Everyone.
    Everyone,
    /// The role behind a session.
    ViaRole,
    /// The user that issued a federated user.
    ViaUser,
    /// The account: it delegates and grants nobody by itself (Rule E24).
    Account,
}

impl Reason {
    /// Every reason in the order of Rule E66.
    pub const ALL: [Reason; 21] = [
        Reason::ExplicitDeny(Check::ResourceControlPolicy),
        Reason::ExplicitDeny(Check::ServiceControlPolicy),
        Reason::ExplicitDeny(Check::VpcEndpoint),
        Reason::ExplicitDeny(Check::Resource),
        Reason::ExplicitDeny(Check::Principal),
        Reason::ExplicitDeny(Check::PermissionsBoundary),
        Reason::ExplicitDeny(Check::Session),
        Reason::ImplicitDeny(Gate::ServiceControlPolicy),
        Reason::ImplicitDeny(Gate::VpcEndpoint),
        Reason::ImplicitDeny(Gate::Partition),
        Reason::ImplicitDeny(Gate::Resource),
        Reason::ImplicitDeny(Gate::Principal),
        Reason::ImplicitDeny(Gate::PermissionsBoundary),
        Reason::ImplicitDeny(Gate::Session),
        Reason::Allowed(Grant::NoPermissionNeeded),
        Reason::Allowed(Grant::Root),
        Reason::Allowed(Grant::Resource(ResourceGrant::Direct)),
        Reason::Allowed(Grant::Resource(ResourceGrant::Everyone)),
        Reason::Allowed(Grant::Resource(ResourceGrant::ViaRole)),
        Reason::Allowed(Grant::Resource(ResourceGrant::ViaUser)),
        Reason::Allowed(Grant::Identity),
    ];

    /// The answer it belongs to.
    pub fn outcome(self) -> Outcome {
        match self {
            Reason::ExplicitDeny(_) => Outcome::ExplicitDeny,
            Reason::ImplicitDeny(_) => Outcome::ImplicitDeny,
            Reason::Allowed(_) => Outcome::Allowed,
        }
    }

    /// The stable code, such as `ImplicitDeny.PermissionsBoundary`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::ExplicitDeny(check) => match check {
                Check::ResourceControlPolicy => "ExplicitDeny.ResourceControlPolicy",
                Check::ServiceControlPolicy => "ExplicitDeny.ServiceControlPolicy",
                Check::VpcEndpoint => "ExplicitDeny.VpcEndpoint",
                Check::Resource => "ExplicitDeny.Resource",
                Check::Principal => "ExplicitDeny.Principal",
                Check::PermissionsBoundary => "ExplicitDeny.PermissionsBoundary",
                Check::Session => "ExplicitDeny.Session",
            },
            Reason::ImplicitDeny(gate) => match gate {
                Gate::ServiceControlPolicy => "ImplicitDeny.ServiceControlPolicy",
                Gate::VpcEndpoint => "ImplicitDeny.VpcEndpoint",
                Gate::Partition => "ImplicitDeny.Partition",
                Gate::Resource => "ImplicitDeny.Resource",
                Gate::Principal => "ImplicitDeny.Principal",
                Gate::PermissionsBoundary => "ImplicitDeny.PermissionsBoundary",
                Gate::Session => "ImplicitDeny.Session",
            },
            Reason::Allowed(grant) => match grant {
                Grant::NoPermissionNeeded => "Allowed.NoPermissionNeeded",
                Grant::Root => "Allowed.Root",
                Grant::Resource(ResourceGrant::Direct) => "Allowed.Resource.Direct",
                Grant::Resource(ResourceGrant::Everyone) => "Allowed.Resource.Everyone",
                Grant::Resource(ResourceGrant::ViaRole) => "Allowed.Resource.ViaRole",
                Grant::Resource(ResourceGrant::ViaUser) => "Allowed.Resource.ViaUser",
                Grant::Identity => "Allowed.Identity",
            },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_list_is_the_order_of_the_type() {
        assert!(Reason::ALL.is_sorted());
        let codes: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
    }

    #[test]
    fn every_code_begins_with_its_outcome() {
        for reason in Reason::ALL {
            let head = reason.as_str().split('.').next().unwrap();
            assert!(head.eq_ignore_ascii_case(reason.outcome().as_str()), "{reason}");
        }
    }
}
