//! What a walk found out, and what follows from it: rules E10 to E37 as a function of facts.

use super::principal::Levels;
use crate::decision::{Check, Gate, Grant, GrantLevel, Reason, ResourceGrant};
use crate::request::{Head, PrincipalKind, Special};
use crate::source::bytes;

/// How the caller stands to action and resource: all that a verdict asks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub kind: PrincipalKind,
    /// Whether the caller is of the owner's account (Rule E5).
    pub same_account: bool,
    /// Rule E7.
    pub partitions_differ: bool,
    /// Rule E33.
    pub assumes_role: bool,
    /// Whether the resource's policy must speak within one account too (Rules E32, E33).
    pub is_strict: bool,
    /// Rule E35.
    pub gets_session_token: bool,
}

impl Standing {
    pub(super) fn of(head: &Head<'_>) -> Self {
        let assumes_role = head.assumes_role();
        let partitions = (head.principal.partition(), head.resource.partition());
        let differ = |one: &str, other: &str| !bytes::same(one.as_bytes(), other.as_bytes());
        Standing {
            kind: head.principal.kind(),
            same_account: head.is_same_account(),
            partitions_differ: matches!(partitions, (Some(caller), Some(resource)) if differ(caller, resource)),
            assumes_role,
            is_strict: assumes_role || head.is_kms_key(),
            gets_session_token: head.action.is(Special::GetsSessionToken),
        }
    }
}

impl Standing {
    /// What denies an ordinary request whatever identity-based policies allow, where there are no others (Rules E7, E28,
    /// E32).
    #[inline(always)]
    pub(super) fn closed_gate(&self) -> Option<Gate> {
        if self.partitions_differ {
            Some(Gate::Partition)
        } else if !self.same_account || self.is_strict {
            Some(Gate::Resource)
        } else {
            None
        }
    }
}

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
        const ORDER: [Place; 7] = [ResourceControl, ServiceControl, Endpoint, Resource, Identity, Boundary, Session];
        ORDER.get(self.0.trailing_zeros() as usize).copied()
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

    #[inline]
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

/// What grants, and the statement that does, if one does.
type Granted<S> = (Grant, Option<S>);

/// The verdict when no `Deny` matched: gates in the order of Rule E66 (Rules E7, E12, E16), then the grant for the
/// kind of caller.
#[inline]
pub(super) fn verdict<S: Copy>(facts: &Facts<S>, required: &Required, standing: &Standing) -> (Reason, Option<S>) {
    match granted(facts, required, standing) {
        Ok((grant, statement)) => (Reason::Allowed(grant), statement),
        Err(gate) => (Reason::ImplicitDeny(gate), None),
    }
}

/// The first missing gate, or what grants.
#[inline]
fn granted<S: Copy>(facts: &Facts<S>, required: &Required, standing: &Standing) -> Result<Granted<S>, Gate> {
    if required.service_control_levels > 0 {
        let wanted = u64::MAX.checked_shr(64 - required.service_control_levels.min(64)).unwrap_or(0);
        if facts.service_control & wanted != wanted {
            return Err(Gate::ServiceControlPolicy);
        }
    }
    if required.endpoint && !facts.endpoint {
        return Err(Gate::VpcEndpoint);
    }
    if standing.partitions_differ {
        return Err(Gate::Partition);
    }
    let granted = match standing.kind {
        PrincipalKind::Unnamed
        | PrincipalKind::User
        | PrincipalKind::Role
        | PrincipalKind::Session
        | PrincipalKind::FederatedUser => return with_account_policies(facts, required, standing),
        PrincipalKind::Root if standing.same_account && !standing.is_strict => (Grant::Root, None),
        // To a root user an account entry is `Direct`, so no other level arises.
        PrincipalKind::Root | PrincipalKind::Service | PrincipalKind::FederatedIdp => {
            resource_grant(facts, &[ResourceGrant::Direct, ResourceGrant::Everyone])?
        }
        PrincipalKind::Anonymous => resource_grant(facts, &[ResourceGrant::Everyone])?,
    };
    let root_assumes_role = standing.kind == PrincipalKind::Root && standing.assumes_role;
    // Rule E35: users and root users were answered before. A root user assumes no role (Rule E25).
    if standing.gets_session_token || root_assumes_role { Err(Gate::Principal) } else { Ok(granted) }
}

/// The strongest of the wanted levels that the resource's policy gives (Rules E31 to E34, E36, E37).
fn resource_grant<S: Copy>(facts: &Facts<S>, wanted: &[ResourceGrant]) -> Result<Granted<S>, Gate> {
    let (level, statement) = strongest(facts, wanted).ok_or(Gate::Resource)?;
    Ok((Grant::Resource(level), Some(statement)))
}

fn strongest<S: Copy>(facts: &Facts<S>, wanted: &[ResourceGrant]) -> Option<(ResourceGrant, S)> {
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

/// Rules E18 to E24, E27 to E30, E32, E33.
#[inline]
fn with_account_policies<S: Copy>(
    facts: &Facts<S>,
    required: &Required,
    standing: &Standing,
) -> Result<Granted<S>, Gate> {
    let same_account = standing.same_account;
    let mut stand_in = None;
    if facts.levels.is_empty() {
        if !same_account || standing.is_strict {
            return Err(Gate::Resource);
        }
    } else if same_account {
        if let Some((level, statement)) = strongest(facts, &[ResourceGrant::Direct, ResourceGrant::Everyone])
            && !standing.gets_session_token
        {
            return Ok((Grant::Resource(level), Some(statement)));
        }
        stand_in = strongest(facts, &[ResourceGrant::ViaRole, ResourceGrant::ViaUser]);
    }
    // Rule E35: users and root users were answered before.
    if standing.gets_session_token || facts.identity.is_none() && stand_in.is_none() {
        return Err(Gate::Principal);
    }
    if required.boundary && !facts.boundary {
        return Err(Gate::PermissionsBoundary);
    }
    // A federated user without session policies has no permissions of its own (Rule E20).
    let session_required = required.session || standing.kind == PrincipalKind::FederatedUser;
    if session_required && !facts.session {
        return Err(Gate::Session);
    }
    Ok(match stand_in {
        Some((level, statement)) => (Grant::Resource(level), Some(statement)),
        None => (Grant::Identity, facts.identity),
    })
}
