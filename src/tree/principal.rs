//! How the principal of a statement names the caller (Rules E17, E21, E38 to E54).

use super::slots::{USER_ID, Values};
use crate::decision::GrantLevel;
use crate::document::{Effect, PolicyKind, PolicySet, PrincipalElement, PrincipalName, RoleName};
use crate::language::arn::Arn;
use crate::request::{Head, PrincipalKind, Special};

/// Grant levels, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Levels(u8);

impl Levels {
    pub(super) const NONE: Levels = Levels(0);

    const fn bit(level: GrantLevel) -> u8 {
        1 << level as u8
    }

    pub(super) fn contains(self, level: GrantLevel) -> bool {
        self.0 & Levels::bit(level) != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn with(self, level: GrantLevel) -> Self {
        Levels(self.0 | Levels::bit(level))
    }

    fn union(self, other: Self) -> Self {
        Levels(self.0 | other.0)
    }
}

/// A compiled `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub(super) struct Principals {
    negated: bool,
    kind: PolicyKind,
    entries: Box<[PrincipalName]>,
}

impl Principals {
    /// Canonical user ids become the accounts they belong to; without one they name nobody (Rule E47).
    pub(super) fn compile(element: &PrincipalElement, kind: PolicyKind, set: &PolicySet) -> Self {
        let names = element.entries.iter().map(|entry| &entry.name);
        let entries = names.filter_map(|name| match name {
            // They do not stand for the account in a chain of Rule E53.
            PrincipalName::CanonicalUser(_) if element.negated => None,
            PrincipalName::CanonicalUser(id) => {
                set.account_of_canonical_user(id).map(|account| PrincipalName::Account(account.into()))
            }
            other => Some(other.clone()),
        });
        Principals { negated: element.negated, kind, entries: entries.collect() }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let text = |name: &PrincipalName| match name {
            PrincipalName::Everyone => 0,
            PrincipalName::Role(role) => role.arn.len() + role.partition.len() + role.account.len() + role.name.len(),
            PrincipalName::Account(text)
            | PrincipalName::User(text)
            | PrincipalName::Session(text)
            | PrincipalName::FederatedUser(text)
            | PrincipalName::Service(text)
            | PrincipalName::Provider(text)
            | PrincipalName::CanonicalUser(text)
            | PrincipalName::UserId(text)
            | PrincipalName::RoleId(text) => text.len(),
        };
        self.entries.len() * size_of::<PrincipalName>() + self.entries.iter().map(text).sum::<usize>()
    }

    /// The levels at which a `Principal` names the caller.
    pub(super) fn levels(&self, head: &Head<'_>, values: &impl Values) -> Levels {
        if self.negated {
            return Levels::NONE;
        }
        self.entries.iter().map(|name| self.level(name, head, values)).fold(Levels::NONE, Levels::union)
    }

    /// Whether a statement covers the caller (Rules E17, E51, E53, E54). Grants of resource policies ask for
    /// [`Principals::levels`] instead.
    pub(super) fn covers(&self, effect: Effect, has_boundary: bool, head: &Head<'_>, values: &impl Values) -> bool {
        if self.negated {
            return has_boundary || !self.exempts(head);
        }
        let levels = self.levels(head, values);
        if self.kind == PolicyKind::Endpoint && effect == Effect::Allow && head.action.is(Special::Gateway) {
            // An account entry covers only its root user there, which is `Direct`.
            return levels.0 & !Levels::bit(GrantLevel::Account) != 0;
        }
        !levels.is_empty()
    }

    fn level(&self, name: &PrincipalName, head: &Head<'_>, values: &impl Values) -> Levels {
        let caller = &head.principal;
        let kind = caller.kind();
        let text = caller.text().unwrap_or_default();
        let only_if = |holds: bool, level| if holds { Levels::NONE.with(level) } else { Levels::NONE };
        let of_aws = caller_has_account_policies(kind);
        match name {
            PrincipalName::Everyone => Levels::NONE.with(GrantLevel::Everyone),
            PrincipalName::Account(account) if of_aws && caller.account() == Some(account) => {
                Levels::NONE.with(if kind == PrincipalKind::Root { GrantLevel::Direct } else { GrantLevel::Account })
            }
            PrincipalName::User(arn) => match kind {
                PrincipalKind::User => only_if(&**arn == text, GrantLevel::Direct),
                PrincipalKind::FederatedUser => only_if(issued_by(arn, head), GrantLevel::ViaUser),
                _ => Levels::NONE,
            },
            PrincipalName::Role(role) => only_if(names_role(role, head), GrantLevel::ViaRole),
            PrincipalName::Session(arn) => {
                only_if(kind == PrincipalKind::Session && &**arn == text, GrantLevel::Direct)
            }
            PrincipalName::FederatedUser(arn) => {
                only_if(kind == PrincipalKind::FederatedUser && &**arn == text, GrantLevel::Direct)
            }
            PrincipalName::Service(service) => {
                only_if(kind == PrincipalKind::Service && &**service == text, GrantLevel::Direct)
            }
            PrincipalName::Provider(provider) => {
                let is_token = kind == PrincipalKind::FederatedIdp && self.kind == PolicyKind::Trust;
                only_if(is_token && &**provider == text, GrantLevel::Direct)
            }
            PrincipalName::UserId(id) => {
                only_if(kind == PrincipalKind::User && values.single(USER_ID) == Some(id), GrantLevel::Direct)
            }
            PrincipalName::RoleId(id) => {
                let given = values.single(USER_ID).and_then(|user_id| user_id.split(':').next());
                let is_role = matches!(kind, PrincipalKind::Session | PrincipalKind::Role);
                only_if(is_role && given == Some(id), GrantLevel::ViaRole)
            }
            PrincipalName::Account(_) | PrincipalName::CanonicalUser(_) => Levels::NONE,
        }
    }

    /// Rule E53: whether the list holds the complete chain of the caller.
    fn exempts(&self, head: &Head<'_>) -> bool {
        let caller = &head.principal;
        let text = caller.text().unwrap_or_default();
        let lists = |wanted: &dyn Fn(&PrincipalName) -> bool| self.entries.iter().any(wanted);
        let account = || lists(&|name| matches!(name, PrincipalName::Account(id) if caller.account() == Some(id)));
        let role = || lists(&|name| matches!(name, PrincipalName::Role(role) if names_role(role, head)));
        let own = || {
            lists(&|name| match name {
                PrincipalName::User(arn) | PrincipalName::Session(arn) | PrincipalName::FederatedUser(arn) => {
                    &**arn == text
                }
                PrincipalName::Service(service) => &**service == text,
                _ => false,
            })
        };
        let chain = match caller.kind() {
            PrincipalKind::Root => account(),
            PrincipalKind::User | PrincipalKind::FederatedUser => account() && own(),
            PrincipalKind::Session => account() && role() && own(),
            PrincipalKind::Role => account() && role(),
            PrincipalKind::Service => own(),
            PrincipalKind::Anonymous | PrincipalKind::FederatedIdp | PrincipalKind::Unnamed => false,
        };
        chain || lists(&|name| *name == PrincipalName::Everyone)
    }
}

fn caller_has_account_policies(kind: PrincipalKind) -> bool {
    use PrincipalKind::{FederatedUser, Role, Root, Session, User};
    matches!(kind, Root | User | Role | Session | FederatedUser)
}

/// Rule E42.
fn names_role(role: &RoleName, head: &Head<'_>) -> bool {
    let caller = &head.principal;
    match caller.kind() {
        PrincipalKind::Role => caller.text() == Some(&role.arn),
        PrincipalKind::Session => {
            caller.partition() == Some(&role.partition)
                && caller.account() == Some(&role.account)
                && role.name.eq_ignore_ascii_case(caller.name())
        }
        _ => false,
    }
}

/// Rule E44: by the issuer that the request names, else by the same name.
fn issued_by(user: &str, head: &Head<'_>) -> bool {
    if let Some(issuer) = head.issuer {
        return issuer == user;
    }
    let caller = &head.principal;
    Arn::parse(user).is_some_and(|arn| {
        (Some(arn.partition()), Some(arn.account())) == (caller.partition(), caller.account())
            && arn.resource().strip_prefix("user/") == Some(caller.name())
    })
}
