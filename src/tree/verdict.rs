//! What a walk found out, and what follows from it: rules E10 to E37 as a function of facts.

use super::principal::Levels;
use crate::decision::{Check, Gate, Grant, GrantLevel, Reason, ResourceGrant};
use crate::request::{Head, PrincipalKind, Special};

/// Where a statement stands, in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    ResourceControl,
    ServiceControl,
    Endpoint,
    Resource,
    Identity,
    Boundary,
    Session,
}

impl Place {
    pub(super) fn check(self) -> Check {
        match self {
            Place::ResourceControl => Check::ResourceControlPolicy,
            Place::ServiceControl => Check::ServiceControlPolicy,
            Place::Endpoint => Check::VpcEndpoint,
            Place::Resource => Check::Resource,
            Place::Identity => Check::Principal,
            Place::Boundary => Check::PermissionsBoundary,
            Place::Session => Check::Session,
        }
    }
}

/// A set of places, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Places(u8);

impl Places {
    pub(super) fn contains(self, place: Place) -> bool {
        self.0 & (1 << place as u8) != 0
    }

    pub(super) fn with(self, place: Place) -> Self {
        Places(self.0 | 1 << place as u8)
    }

    pub(super) fn without(self, place: Place) -> Self {
        Places(self.0 & !(1 << place as u8))
    }

    pub(super) fn intersect(self, other: Self) -> Self {
        Places(self.0 & other.0)
    }

    pub(super) fn union(self, other: Self) -> Self {
        Places(self.0 | other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first in the order of the checks.
    pub(super) fn first(self) -> Option<Place> {
        use Place::{Boundary, Endpoint, Identity, Resource, ResourceControl, ServiceControl, Session};
        [ResourceControl, ServiceControl, Endpoint, Resource, Identity, Boundary, Session]
            .into_iter()
            .find(|place| self.contains(*place))
    }
}

/// What matched. `S` names a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<S> {
    /// Levels of service control policies that allow, a bit each.
    pub service_control: u64,
    /// Whether the VPC endpoint policy allows.
    pub endpoint: bool,
    /// For each grant level an `Allow` of the resource's policy that gave it.
    grants: [Option<S>; 5],
    /// The grant levels that were given.
    levels: Levels,
    /// An `Allow` of an identity-based policy.
    pub identity: Option<S>,
    /// Whether the boundary allows.
    pub boundary: bool,
    /// Whether a session policy allows.
    pub session: bool,
}

impl<S> Default for Facts<S> {
    fn default() -> Self {
        Facts {
            service_control: 0,
            endpoint: false,
            grants: [const { None }; 5],
            levels: Levels::NONE,
            identity: None,
            boundary: false,
            session: false,
        }
    }
}

impl<S: Copy> Facts<S> {
    fn grant(&self, level: GrantLevel) -> Option<S> {
        self.grants.get(level as usize).copied().flatten()
    }

    /// Notes an `Allow` of the resource's policy; the first of each level is kept.
    pub(super) fn note_grant(&mut self, levels: Levels, statement: S) {
        const EVERY: [GrantLevel; 5] =
            [GrantLevel::Direct, GrantLevel::Everyone, GrantLevel::ViaRole, GrantLevel::ViaUser, GrantLevel::Account];
        for level in EVERY.into_iter().filter(|level| levels.contains(*level)) {
            self.levels = self.levels.with(level);
            if let Some(grant) = self.grants.get_mut(level as usize) {
                grant.get_or_insert(statement);
            }
        }
    }

    pub(super) fn levels(&self) -> Levels {
        self.levels
    }
}

/// What a set of policies asks for, whatever the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Required {
    /// How many levels of service control policies limit this caller.
    pub service_control_levels: u32,
    pub endpoint: bool,
    pub boundary: bool,
    pub session: bool,
}

/// The missing gates, a bit each.
#[derive(Default)]
struct Missing(u8);

impl Missing {
    fn note(&mut self, gate: Gate, missing: bool) {
        self.0 |= u8::from(missing) << gate as u8;
    }

    fn first(&self) -> Option<Gate> {
        if self.0 == 0 {
            return None;
        }
        use Gate::{Partition, PermissionsBoundary, Principal, Resource, ServiceControlPolicy, Session, VpcEndpoint};
        [ServiceControlPolicy, VpcEndpoint, Partition, Resource, Principal, PermissionsBoundary, Session]
            .into_iter()
            .find(|gate| self.0 >> *gate as u8 & 1 == 1)
    }
}

/// The verdict when no `Deny` matched: gates (Rules E7, E12, E16), then the grant for the kind of caller.
pub(super) fn verdict<S: Copy>(facts: &Facts<S>, required: &Required, head: &Head<'_>) -> (Reason, Option<S>) {
    let mut missing = Missing::default();
    if required.service_control_levels > 0 {
        let wanted = u64::MAX.checked_shr(64 - required.service_control_levels.min(64)).unwrap_or(0);
        missing.note(Gate::ServiceControlPolicy, facts.service_control & wanted != wanted);
    }
    missing.note(Gate::VpcEndpoint, required.endpoint && !facts.endpoint);
    missing.note(Gate::Partition, partitions_differ(head));
    // Rule E35: users and root users were answered before.
    missing.note(Gate::Principal, head.action.is(Special::GetsSessionToken));
    let (grant, statement) = match head.principal.kind() {
        PrincipalKind::Anonymous => resource_grant(facts, &[ResourceGrant::Everyone], &mut missing),
        PrincipalKind::Service | PrincipalKind::FederatedIdp => {
            resource_grant(facts, &[ResourceGrant::Direct, ResourceGrant::Everyone], &mut missing)
        }
        PrincipalKind::Root => root(facts, head, &mut missing),
        PrincipalKind::Unnamed
        | PrincipalKind::User
        | PrincipalKind::Role
        | PrincipalKind::Session
        | PrincipalKind::FederatedUser => with_account_policies(facts, required, head, &mut missing),
    };
    match missing.first() {
        Some(gate) => (Reason::ImplicitDeny(gate), None),
        None => (Reason::Allowed(grant), statement),
    }
}

/// Rule E7.
fn partitions_differ(head: &Head<'_>) -> bool {
    match (head.principal.partition(), head.resource.partition()) {
        (Some(caller), Some(resource)) => caller != resource,
        _ => false,
    }
}

/// The strongest of the wanted levels that the resource's policy gives (Rules E34, E36, E37).
fn resource_grant<S: Copy>(facts: &Facts<S>, wanted: &[ResourceGrant], missing: &mut Missing) -> (Grant, Option<S>) {
    match strongest(facts, wanted) {
        Some((level, statement)) => (Grant::Resource(level), Some(statement)),
        None => {
            missing.note(Gate::Resource, true);
            (Grant::Identity, None)
        }
    }
}

fn strongest<S: Copy>(facts: &Facts<S>, wanted: &[ResourceGrant]) -> Option<(ResourceGrant, S)> {
    if facts.levels.is_empty() {
        return None;
    }
    wanted.iter().find_map(|&wanted| {
        let level = match wanted {
            ResourceGrant::Direct => GrantLevel::Direct,
            ResourceGrant::Everyone => GrantLevel::Everyone,
            ResourceGrant::ViaRole => GrantLevel::ViaRole,
            ResourceGrant::ViaUser => GrantLevel::ViaUser,
        };
        facts.grant(level).map(|statement| (wanted, statement))
    })
}

/// Rules E25, E31 to E33.
fn root<S: Copy>(facts: &Facts<S>, head: &Head<'_>, missing: &mut Missing) -> (Grant, Option<S>) {
    missing.note(Gate::Principal, head.assumes_role());
    if head.is_same_account() && !is_strict(head) {
        return (Grant::Root, None);
    }
    // To a root user an account entry is `Direct`, so no other level arises.
    resource_grant(facts, &[ResourceGrant::Direct, ResourceGrant::Everyone], missing)
}

/// Rules E18 to E24, E27 to E30, E32, E33.
fn with_account_policies<S: Copy>(
    facts: &Facts<S>,
    required: &Required,
    head: &Head<'_>,
    missing: &mut Missing,
) -> (Grant, Option<S>) {
    let same_account = head.is_same_account();
    if same_account
        && let Some((level, statement)) = strongest(facts, &[ResourceGrant::Direct, ResourceGrant::Everyone])
    {
        return (Grant::Resource(level), Some(statement));
    }
    let stand_in = strongest(facts, &[ResourceGrant::ViaRole, ResourceGrant::ViaUser]).filter(|_| same_account);
    // A federated user without session policies has no permissions of its own (Rule E20).
    let session_required = required.session || head.principal.kind() == PrincipalKind::FederatedUser;
    missing.note(Gate::Resource, (!same_account || is_strict(head)) && facts.levels().is_empty());
    missing.note(Gate::Principal, facts.identity.is_none() && stand_in.is_none());
    missing.note(Gate::PermissionsBoundary, required.boundary && !facts.boundary);
    missing.note(Gate::Session, session_required && !facts.session);
    match stand_in {
        Some((level, statement)) => (Grant::Resource(level), Some(statement)),
        None => (Grant::Identity, facts.identity),
    }
}

/// Whether the resource's policy must speak within one account too (Rules E32, E33).
fn is_strict(head: &Head<'_>) -> bool {
    head.is_kms_key() || head.assumes_role()
}
