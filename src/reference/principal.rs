//! Whom `Principal` and `NotPrincipal` name (Rules E17, E21, E39 to E54).

use std::collections::BTreeSet;

use super::statement::Asked;
use crate::decision::GrantLevel;
use crate::document::{Effect, PolicyKind, PolicySet, PrincipalElement, PrincipalEntry, PrincipalName};
use crate::language::arn::Arn;
use crate::request::{PrincipalKind, Request};

/// Rules E8, E51 to E54: whether a statement covers the caller. Identity, boundary, session and service control
/// policies have no principal, and a resource control policy names everyone.
pub(super) fn covers(asked: Asked<'_>) -> bool {
    let Some(element) = &asked.statement.principal else { return true };
    let effect = asked.statement.effect;
    if element.negated {
        // Rule E52: with `Allow` it is refused already. Rule E54: a boundary takes away every exemption.
        return effect == Effect::Deny
            && (asked.set.boundary_document().is_some() || !is_exempt(element, asked.request));
    }
    let levels = levels(asked);
    if asked.document.kind() == PolicyKind::Endpoint && effect == Effect::Allow {
        return endpoint_allow_covers(&levels, asked.request);
    }
    !levels.is_empty()
}

/// Rule E17: for the services of gateway endpoints an account stands for its root user only; an `Allow` of an
/// endpoint delegates to nobody.
fn endpoint_allow_covers(levels: &BTreeSet<GrantLevel>, request: &Request<'_>) -> bool {
    let service = request.action().service;
    let has_gateway = service.eq_ignore_ascii_case("s3") || service.eq_ignore_ascii_case("dynamodb");
    levels.iter().any(|level| *level != GrantLevel::Account || !has_gateway)
}

/// Rules E21, E50: every level at which the entries of `Principal` name the caller, strongest first.
pub(super) fn levels(asked: Asked<'_>) -> BTreeSet<GrantLevel> {
    match &asked.statement.principal {
        Some(element) if !element.negated => {
            element.entries.iter().filter_map(|entry| level(entry, asked.document.kind(), asked)).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Rule E21, row by row.
fn level(entry: &PrincipalEntry, kind: PolicyKind, asked: Asked<'_>) -> Option<GrantLevel> {
    let request = asked.request;
    match &entry.name {
        PrincipalName::Everyone => Some(GrantLevel::Everyone),
        PrincipalName::Account(account) => account_level(account, request),
        PrincipalName::User(arn) => user_level(arn, request),
        PrincipalName::Role(_) => names_role_of(&entry.name, request).then_some(GrantLevel::ViaRole),
        PrincipalName::Session(arn) => names_itself(PrincipalKind::Session, arn, request),
        PrincipalName::FederatedUser(arn) => names_itself(PrincipalKind::FederatedUser, arn, request),
        PrincipalName::Service(name) => names_itself(PrincipalKind::Service, name, request),
        PrincipalName::Provider(name) => provider_level(name, kind, request),
        PrincipalName::CanonicalUser(id) => canonical_user_level(id, asked.set, request),
        PrincipalName::UserId(id) => user_id_level(id, request),
        PrincipalName::RoleId(id) => role_id_level(id, request),
    }
}

/// Rules E41, E43, E45: a name covers the caller that is called exactly so.
fn names_itself(kind: PrincipalKind, name: &str, request: &Request<'_>) -> Option<GrantLevel> {
    let caller = request.principal();
    (caller.kind() == kind && caller.text() == Some(name)).then_some(GrantLevel::Direct)
}

/// Rules E21, E40: the account, whatever the partition of its root ARN. For the root user it is the caller itself.
fn account_level(account: &str, request: &Request<'_>) -> Option<GrantLevel> {
    use PrincipalKind::{FederatedUser, Role, Root, Session, User};
    let caller = request.principal();
    if caller.account() != Some(account) {
        return None;
    }
    match caller.kind() {
        Root => Some(GrantLevel::Direct),
        User | Role | Session | FederatedUser => Some(GrantLevel::Account),
        // Rule E34: an `AWS` entry never covers a token caller, though a provider's ARN has an account.
        _ => None,
    }
}

/// Rules E41, E44: a user, and through it the federated users that it issued.
fn user_level(user: &str, request: &Request<'_>) -> Option<GrantLevel> {
    let caller = request.principal();
    match caller.kind() {
        PrincipalKind::User => names_itself(PrincipalKind::User, user, request),
        PrincipalKind::FederatedUser => {
            let issued = match request.issuer() {
                Some(issuer) => issuer == user,
                None => Arn::parse(user).is_some_and(|user| {
                    (Some(user.partition()), Some(user.account())) == (caller.partition(), caller.account())
                        && user.resource().strip_prefix("user/") == Some(caller.name())
                }),
            };
            issued.then_some(GrantLevel::ViaUser)
        }
        _ => None,
    }
}

/// Rule E42: a role covers its sessions, whose ARN has no path and whose role name may differ in case; a bare role
/// is compared by its complete ARN.
fn names_role_of(name: &PrincipalName, request: &Request<'_>) -> bool {
    let PrincipalName::Role(role) = name else { return false };
    let caller = request.principal();
    match caller.kind() {
        PrincipalKind::Role => caller.text() == Some(&role.arn),
        PrincipalKind::Session => {
            caller.partition() == Some(&role.partition)
                && caller.account() == Some(&role.account)
                && caller.name().eq_ignore_ascii_case(&role.name)
        }
        _ => false,
    }
}

/// Rule E46: only in trust policies, by the exact name.
fn provider_level(name: &str, kind: PolicyKind, request: &Request<'_>) -> Option<GrantLevel> {
    if kind != PolicyKind::Trust {
        return None;
    }
    names_itself(PrincipalKind::FederatedIdp, name, request)
}

/// Rule E47: as an entry that names the account, if the deployment says which one it is.
fn canonical_user_level(id: &str, set: &PolicySet, request: &Request<'_>) -> Option<GrantLevel> {
    account_level(set.account_of_canonical_user(id)?, request)
}

/// Rule E48: a user whose `aws:userid` is this id.
fn user_id_level(id: &str, request: &Request<'_>) -> Option<GrantLevel> {
    let is_caller =
        request.principal().kind() == PrincipalKind::User && request.context().single("aws:userid") == Some(id);
    is_caller.then_some(GrantLevel::Direct)
}

/// Rule E48: a session or role whose `aws:userid` is this id before its colon.
fn role_id_level(id: &str, request: &Request<'_>) -> Option<GrantLevel> {
    let unique_id = request.context().single("aws:userid").and_then(|userid| userid.split(':').next());
    let is_caller =
        matches!(request.principal().kind(), PrincipalKind::Role | PrincipalKind::Session) && unique_id == Some(id);
    is_caller.then_some(GrantLevel::ViaRole)
}

/// Rule E53: whether `NotPrincipal` spares the caller: its complete chain must be listed. Unique ids (Rule E48) and
/// canonical user ids do not stand for the ARN or the account of a chain.
fn is_exempt(element: &PrincipalElement, request: &Request<'_>) -> bool {
    use PrincipalKind::{Anonymous, FederatedIdp, FederatedUser, Role, Root, Service, Session, Unnamed, User};
    let caller = request.principal();
    let lists = |is_listed: &dyn Fn(&PrincipalName) -> bool| element.entries.iter().any(|entry| is_listed(&entry.name));
    let itself = caller.text().unwrap_or_default();
    let account = || lists(&|name| matches!(name, PrincipalName::Account(id) if caller.account() == Some(id)));
    let role = || lists(&|name| names_role_of(name, request));
    if lists(&|name| *name == PrincipalName::Everyone) {
        return true;
    }
    match caller.kind() {
        Root => account(),
        User => account() && lists(&|name| matches!(name, PrincipalName::User(arn) if **arn == *itself)),
        Session => {
            account() && role() && lists(&|name| matches!(name, PrincipalName::Session(arn) if **arn == *itself))
        }
        Role => account() && role(),
        FederatedUser => {
            account() && lists(&|name| matches!(name, PrincipalName::FederatedUser(arn) if **arn == *itself))
        }
        Service => lists(&|name| matches!(name, PrincipalName::Service(service) if **service == *itself)),
        Anonymous | FederatedIdp | Unnamed => false,
    }
}
