//! The procedure of section 1.3 of the evaluation rules, step by step.

use std::collections::BTreeSet;

use super::principal;
use super::statement::Asked;
use crate::decision::{Check, Decision, Gate, Grant, GrantLevel, Reason, ResourceGrant};
use crate::document::{Document, Effect, Place, PolicyKind, PolicySet, StatementId};
use crate::request::{DERIVED_KEYS, PrincipalKind, Request, RequestError, RequestErrorKind, RequestResource};
use crate::source::quote;

/// What came of a request.
pub(super) enum Judgement<'q> {
    /// Rule E35: no policy was asked.
    NoPermissionNeeded,
    /// The policies that apply were asked.
    Judged(Facts<'q>),
}

/// What the policies that apply say.
pub(super) struct Facts<'q> {
    pub set: &'q PolicySet,
    pub request: &'q Request<'q>,
    /// Every statement that applies, in the order of the checks (Rule E65).
    pub applied: Vec<Applied<'q>>,
    /// `G` of section 1.3: the levels at which the policy of the resource grants (Rule E21).
    pub levels: BTreeSet<GrantLevel>,
    /// The gates that fail, in the order of Rule E66.
    pub failing: Vec<Gate>,
}

/// A statement that applies (Rule E8).
pub(super) struct Applied<'q> {
    pub asked: Asked<'q>,
    /// The levels at which its `Principal` names the caller.
    pub levels: BTreeSet<GrantLevel>,
}

/// The whole procedure.
pub(super) fn judge<'q>(set: &'q PolicySet, request: &'q Request<'q>) -> Result<Judgement<'q>, RequestError> {
    refuse_unnamed_caller(set, request)?;
    refuse_inapplicable(set, request)?;
    if needs_no_permission(request) {
        return Ok(Judgement::NoPermissionNeeded);
    }
    let applied: Vec<Applied<'q>> = statements(set, request)
        .filter(|asked| asked.applies())
        .map(|asked| Applied { asked, levels: principal::levels(asked) })
        .collect();
    let grants = applied.iter().filter(|applied| applied.is(Effect::Allow) && is_of_resource(applied.kind()));
    let levels = grants.flat_map(|applied| applied.levels.iter().copied()).collect();
    let mut facts = Facts { set, request, applied, levels, failing: Vec::new() };
    facts.failing = facts.failing_gates();
    Ok(Judgement::Judged(facts))
}

impl Judgement<'_> {
    pub(super) fn decision(&self) -> Decision {
        match self {
            Judgement::NoPermissionNeeded => Decision::new(Reason::Allowed(Grant::NoPermissionNeeded), None),
            Judgement::Judged(facts) => {
                Decision::new(facts.reason(), facts.deciding().first().map(|applied| applied.asked.id))
            }
        }
    }
}

// Which policies can be asked at all.

/// Rule E2, "Unnamed": only identity policies, none of which names a key that the caller would give its value.
fn refuse_unnamed_caller(set: &PolicySet, request: &Request<'_>) -> Result<(), RequestError> {
    if request.principal().kind() != PrincipalKind::Unnamed {
        return Ok(());
    }
    let refuse = |message: String| Err(RequestError::new(RequestErrorKind::Principal, "E2", message));
    let has_levels = !set.service_control_levels().is_empty() || !set.resource_control_levels().is_empty();
    if has_levels || set.documents().any(|(place, _)| place.kind != PolicyKind::Identity) {
        return refuse(
            "the principal is left out: found policies of other kinds, expected identity-based policies only"
                .to_owned(),
        );
    }
    for (_, document) in set.documents() {
        for key in keys_named_in(document) {
            let is_derived = DERIVED_KEYS.iter().any(|derived| derived.eq_ignore_ascii_case(key));
            if is_derived && request.context().get(key).is_none() {
                return refuse(format!(
                    "the principal is left out: found the context key {} in {}, expected a principal or a value for the key",
                    quote(key),
                    quote(document.name())
                ));
            }
        }
    }
    Ok(())
}

/// The context keys that a document names: keys of conditions, and variables of resources and condition values.
fn keys_named_in(document: &Document) -> impl Iterator<Item = &str> {
    document.statements().iter().flat_map(|statement| {
        let keys = statement.conditions.iter().map(|condition| &*condition.key);
        keys.chain(statement.variables().map(|variable| variable.key))
    })
}

/// Rule E6: policies that cannot apply to the caller are refused, not ignored. Rule E33: so is a trust policy where
/// no role is assumed, and another resource policy where one is.
fn refuse_inapplicable(set: &PolicySet, request: &Request<'_>) -> Result<(), RequestError> {
    let caller = request.principal();
    let refuse = |rule, found: &str, expected: &str| {
        let message = format!("policies that cannot apply: found {found}, expected {expected}");
        Err(RequestError::new(RequestErrorKind::Inapplicable, rule, message))
    };
    let whom = quote(caller.text().unwrap_or_default());
    if !caller.takes_identity_policies() && !set.identity_documents().is_empty() {
        return refuse("E6", &format!("an identity-based policy for {whom}"), "a user or a session");
    }
    if !caller.takes_identity_policies() && set.boundary_document().is_some() {
        return refuse("E6", &format!("a permissions boundary for {whom}"), "a user or a session");
    }
    if !caller.takes_session_policies() && !set.session_documents().is_empty() {
        return refuse("E6", &format!("a session policy for {whom}"), "a session");
    }
    match set.resource_document() {
        Some(document) if document.kind() != request.resource_policy_kind() => refuse(
            "E33",
            &format!("{}, a {}", quote(document.name()), document.kind().phrase()),
            &format!("a {} for this action and resource", request.resource_policy_kind().phrase()),
        ),
        _ => Ok(()),
    }
}

/// Rule E35: what every signed caller may do, and what no policy controls for users and root users.
fn needs_no_permission(request: &Request<'_>) -> bool {
    let kind = request.principal().kind();
    let is_signed = kind != PrincipalKind::Anonymous;
    let is_user = matches!(kind, PrincipalKind::User | PrincipalKind::Root);
    request.action().is_one_of(&["sts:GetCallerIdentity"]) && is_signed || asks_for_a_token(request) && is_user
}

fn asks_for_a_token(request: &Request<'_>) -> bool {
    request.action().is_one_of(&["sts:GetSessionToken"])
}

/// Rule E13: whom service control policies limit.
pub(super) fn service_control_applies(request: &Request<'_>) -> bool {
    use PrincipalKind::{FederatedUser, Role, Root, Session, User};
    matches!(request.principal().kind(), Root | User | Session | Role | FederatedUser) && !request.is_service_linked()
}

/// Rule E15: which requests resource control policies limit.
pub(super) fn resource_control_applies(request: &Request<'_>) -> bool {
    !request.is_service_linked()
        && !request.assumes_service_linked_role()
        && !request.action().is_one_of(&["kms:RetireGrant"])
}

/// Every statement of the documents that apply, in the order of the checks (Rule E65), but for those that Rule E26
/// disregards.
pub(super) fn statements<'q>(set: &'q PolicySet, request: &'q Request<'q>) -> impl Iterator<Item = Asked<'q>> {
    let applies = |place: Place| match place.kind {
        PolicyKind::ServiceControl => service_control_applies(request),
        PolicyKind::ResourceControl => resource_control_applies(request),
        _ => true,
    };
    let documents = set.documents().filter(move |(place, _)| applies(*place));
    let statements = documents.flat_map(move |(place, document)| {
        document.statements().iter().zip(0..).map(move |(statement, index)| {
            let id = StatementId { place, statement: index };
            Asked { set, request, document, statement, id }
        })
    });
    statements.filter(|asked| !is_disregarded(*asked))
}

/// Rule E26: the root user of the owning account cannot be locked out of its bucket's policy.
fn is_disregarded(asked: Asked<'_>) -> bool {
    let request = asked.request;
    is_of_resource(asked.id.place.kind)
        && asked.statement.effect == Effect::Deny
        && request.principal().kind() == PrincipalKind::Root
        && request.is_same_account()
        && request.action().is_one_of(&["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
}

fn is_of_resource(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Resource | PolicyKind::Trust)
}

/// The check that policies of a kind belong to (Rule E65).
pub(super) fn check_of(kind: PolicyKind) -> Check {
    match kind {
        PolicyKind::ResourceControl => Check::ResourceControlPolicy,
        PolicyKind::ServiceControl => Check::ServiceControlPolicy,
        PolicyKind::Endpoint => Check::VpcEndpoint,
        PolicyKind::Resource | PolicyKind::Trust => Check::Resource,
        PolicyKind::Identity => Check::Principal,
        PolicyKind::Boundary => Check::PermissionsBoundary,
        PolicyKind::Session => Check::Session,
    }
}

impl Applied<'_> {
    pub(super) fn kind(&self) -> PolicyKind {
        self.asked.id.place.kind
    }

    pub(super) fn is(&self, effect: Effect) -> bool {
        self.asked.statement.effect == effect
    }
}

impl<'q> Facts<'q> {
    /// The matching statements of an effect in the policies of one check.
    pub(super) fn of(&self, check: Check, effect: Effect) -> Vec<&Applied<'q>> {
        self.applied.iter().filter(|applied| check_of(applied.kind()) == check && applied.is(effect)).collect()
    }

    fn allows(&self, check: Check) -> bool {
        !self.of(check, Effect::Allow).is_empty()
    }

    /// Whether one of these levels grants.
    pub(super) fn grants_at(&self, levels: &[GrantLevel]) -> bool {
        levels.iter().any(|level| self.levels.contains(level))
    }

    // The gates: what a request must pass when nothing denies it.

    /// Every gate that fails, each by itself, in the order of Rule E66.
    fn failing_gates(&self) -> Vec<Gate> {
        let gates = [
            (Gate::ServiceControlPolicy, !self.silent_levels().is_empty()),
            (Gate::VpcEndpoint, self.endpoint_is_silent()),
            (Gate::Partition, self.partitions_differ()),
            (Gate::Resource, self.resource_does_not_grant()),
            (Gate::Principal, self.identity_does_not_grant()),
            (Gate::PermissionsBoundary, self.boundary_is_silent()),
            (Gate::Session, self.session_is_silent()),
        ];
        gates.into_iter().filter(|(_, fails)| *fails).map(|(gate, _)| gate).collect()
    }

    /// Rule E12: the levels of service control policies without a matching allow.
    pub(super) fn silent_levels(&self) -> Vec<u16> {
        if !service_control_applies(self.request) {
            return Vec::new();
        }
        let allows = self.of(Check::ServiceControlPolicy, Effect::Allow);
        let levels = self.set.service_control_levels().iter().zip(0..).map(|(_, level)| level);
        levels.filter(|level| allows.iter().all(|applied| applied.asked.id.place.level != *level)).collect()
    }

    /// Rule E16: the request came through an endpoint whose policy does not allow.
    fn endpoint_is_silent(&self) -> bool {
        self.set.endpoint_document().is_some() && !self.allows(Check::VpcEndpoint)
    }

    /// Rule E7: partitions are walls.
    fn partitions_differ(&self) -> bool {
        match (self.request.principal().partition(), self.request.resource()) {
            (Some(partition), RequestResource::Arn(arn)) => partition != arn.partition(),
            _ => false,
        }
    }

    /// Rules E32, E33: KMS keys and roles that are assumed: their policy must speak.
    pub(super) fn is_strict(&self) -> bool {
        self.request.is_kms_key() || self.request.assumes_role()
    }

    /// Whether the policy of the resource has to grant, whatever else does (Rules E28, E31 to E34, E36, E37).
    pub(super) fn resource_is_required(&self) -> bool {
        use PrincipalKind::{Anonymous, FederatedIdp, Service};
        let has_no_account = matches!(self.request.principal().kind(), Anonymous | Service | FederatedIdp);
        has_no_account || !self.request.is_same_account() || self.is_strict()
    }

    /// Rules E28, E29, E31 to E34, E36, E37: the policy of the resource had to grant and does not.
    fn resource_does_not_grant(&self) -> bool {
        let is_granted = match self.request.principal().kind() {
            PrincipalKind::Anonymous => self.grants_at(&[GrantLevel::Everyone]),
            PrincipalKind::Service | PrincipalKind::FederatedIdp => {
                self.grants_at(&[GrantLevel::Direct, GrantLevel::Everyone])
            }
            _ => !self.levels.is_empty(),
        };
        self.resource_is_required() && !is_granted
    }

    /// Rules E18, E22, E23, E27, E30: an identity policy had to allow and does not; in the same account it is enough.
    /// Rule E33: root users assume no role. Rule E35: nothing but being a user allows `sts:GetSessionToken`.
    fn identity_does_not_grant(&self) -> bool {
        let caller = self.request.principal();
        if asks_for_a_token(self.request) {
            return true;
        }
        if caller.kind() == PrincipalKind::Root {
            return self.request.assumes_role();
        }
        caller.takes_identity_policies() && !self.allows(Check::Principal) && !self.resource_stands_in()
    }

    /// Rules E22, E23: in the same account these levels take the place of an identity policy.
    pub(super) fn resource_stands_in(&self) -> bool {
        use GrantLevel::{Direct, Everyone, ViaRole, ViaUser};
        self.request.is_same_account() && self.grants_at(&[Direct, Everyone, ViaRole, ViaUser])
    }

    /// Rule E22: in the same account these levels also make up for a silent boundary and silent session policies.
    fn limits_are_lifted(&self) -> bool {
        self.request.is_same_account() && self.grants_at(&[GrantLevel::Direct, GrantLevel::Everyone])
    }

    /// Rule E19: there is a boundary, and it does not allow.
    fn boundary_is_silent(&self) -> bool {
        self.set.boundary_document().is_some() && !self.allows(Check::PermissionsBoundary) && !self.limits_are_lifted()
    }

    /// Rule E20: session policies do not allow; a federated user without any has no permissions of its own.
    fn session_is_silent(&self) -> bool {
        let is_limited =
            !self.set.session_documents().is_empty() || self.request.principal().kind() == PrincipalKind::FederatedUser;
        is_limited && !self.allows(Check::Session) && !self.limits_are_lifted()
    }

    // The reason.

    /// Rule E66: the first reason that holds. Rules E9, E10: a deny outranks everything, then every silence.
    pub(super) fn reason(&self) -> Reason {
        if let Some(denied) = self.applied.iter().find(|applied| applied.is(Effect::Deny)) {
            return Reason::ExplicitDeny(check_of(denied.kind()));
        }
        match self.failing.first() {
            Some(gate) => Reason::ImplicitDeny(*gate),
            None => Reason::Allowed(self.grant()),
        }
    }

    /// Rules E22 to E25, E28 to E37, E66: what granted, nothing standing in the way.
    fn grant(&self) -> Grant {
        let is_root = self.request.principal().kind() == PrincipalKind::Root;
        if is_root && !self.resource_is_required() {
            return Grant::Root;
        }
        // Across accounts a grant takes the place of an identity policy only for callers that have none.
        let stands_in = self.resource_stands_in() || !self.request.principal().takes_identity_policies();
        let levels = [
            (GrantLevel::Direct, ResourceGrant::Direct),
            (GrantLevel::Everyone, ResourceGrant::Everyone),
            (GrantLevel::ViaRole, ResourceGrant::ViaRole),
            (GrantLevel::ViaUser, ResourceGrant::ViaUser),
        ];
        match levels.into_iter().find(|(level, _)| stands_in && self.levels.contains(level)) {
            Some((_, grant)) => Grant::Resource(grant),
            None => Grant::Identity,
        }
    }

    /// The statements that decided, in the sense of [`Decision::statement`]: any of them may be named.
    pub(super) fn deciding(&self) -> Vec<&Applied<'q>> {
        match self.reason() {
            Reason::ExplicitDeny(check) => self.of(check, Effect::Deny),
            Reason::Allowed(Grant::Resource(grant)) => {
                let level = match grant {
                    ResourceGrant::Direct => GrantLevel::Direct,
                    ResourceGrant::Everyone => GrantLevel::Everyone,
                    ResourceGrant::ViaRole => GrantLevel::ViaRole,
                    ResourceGrant::ViaUser => GrantLevel::ViaUser,
                };
                let mut allows = self.of(Check::Resource, Effect::Allow);
                allows.retain(|applied| applied.levels.contains(&level));
                allows
            }
            Reason::Allowed(Grant::Identity) => self.of(Check::Principal, Effect::Allow),
            Reason::ImplicitDeny(_) | Reason::Allowed(Grant::NoPermissionNeeded | Grant::Root) => Vec::new(),
        }
    }
}
