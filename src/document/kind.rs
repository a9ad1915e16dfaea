//! The kinds of policy and what each may hold: one row a kind.

/// A kind of policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// Attached to a user, group or role, or written inline (Rule E18).
    Identity,
    /// A permissions boundary (Rule E19).
    Boundary,
    /// Passed when a session is made (Rule E20).
    Session,
    /// A service control policy (Rule E12).
    ServiceControl,
    /// A resource control policy (Rule E14).
    ResourceControl,
    /// Attached to a resource, a KMS key included (Rule E21).
    Resource,
    /// A role's trust policy (Rule E33).
    Trust,
    /// Of a VPC endpoint (Rule E16).
    Endpoint,
}

/// What a kind may hold.
pub(crate) struct KindRow {
    /// What the command line and the case files call it.
    pub name: &'static str,
    /// What a sentence calls it.
    pub phrase: &'static str,
    /// Of the IAM policy types: their characters (Rule L2) and Sids (Rule L9) are checked.
    pub iam_type: bool,
    pub principal: PrincipalRule,
    /// Whether `NotPrincipal` may stand, with `Deny` only (Rules E33, E52).
    pub not_principal: bool,
    /// Whether `Resource` or `NotResource` stands (Rules L12, E33).
    pub resource: bool,
}

/// Where `Principal` stands (Rule E55).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalRule {
    Required,
    Forbidden,
    /// Only the string `*` (Rule E14).
    OnlyStar,
}

impl PolicyKind {
    /// Every kind.
    pub const ALL: [PolicyKind; 8] = [
        PolicyKind::Identity,
        PolicyKind::Boundary,
        PolicyKind::Session,
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
        PolicyKind::Resource,
        PolicyKind::Trust,
        PolicyKind::Endpoint,
    ];

    /// The short name: `identity`, `boundary`, `session`, `scp`, `rcp`, `resource`, `trust` or `endpoint`.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::document::PolicyKind;
    ///
    /// assert_eq!(PolicyKind::ServiceControl.as_str(), "scp");
    /// ```
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// As a sentence names it, such as `service control policy`.
    pub fn phrase(self) -> &'static str {
        self.row().phrase
    }

    /// The phrase with its indefinite article, such as `an identity-based policy`.
    pub fn with_article(self) -> String {
        let article = if self.phrase().starts_with('i') { "an" } else { "a" };
        format!("{article} {}", self.phrase())
    }

    pub(crate) const fn row(self) -> &'static KindRow {
        use PrincipalRule::{Forbidden, OnlyStar, Required};
        const fn row(
            name: &'static str,
            phrase: &'static str,
            iam_type: bool,
            principal: PrincipalRule,
            not_principal: bool,
            resource: bool,
        ) -> KindRow {
            KindRow { name, phrase, iam_type, principal, not_principal, resource }
        }
        const IDENTITY: KindRow = row("identity", "identity-based policy", true, Forbidden, false, true);
        const BOUNDARY: KindRow = row("boundary", "permissions boundary", true, Forbidden, false, true);
        const SESSION: KindRow = row("session", "session policy", true, Forbidden, false, true);
        const SCP: KindRow = row("scp", "service control policy", false, Forbidden, false, true);
        const RCP: KindRow = row("rcp", "resource control policy", false, OnlyStar, false, true);
        const RESOURCE: KindRow = row("resource", "resource-based policy", false, Required, true, true);
        const TRUST: KindRow = row("trust", "role trust policy", true, Required, false, false);
        const ENDPOINT: KindRow = row("endpoint", "VPC endpoint policy", false, Required, true, true);
        match self {
            PolicyKind::Identity => &IDENTITY,
            PolicyKind::Boundary => &BOUNDARY,
            PolicyKind::Session => &SESSION,
            PolicyKind::ServiceControl => &SCP,
            PolicyKind::ResourceControl => &RCP,
            PolicyKind::Resource => &RESOURCE,
            PolicyKind::Trust => &TRUST,
            PolicyKind::Endpoint => &ENDPOINT,
        }
    }
}

impl std::fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
