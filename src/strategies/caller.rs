//! Who asks: callers that policies name, that they nearly name, and others.

use proptest::prelude::*;
use proptest::{bool as coin, option};

use super::context::Keys;
use super::request::Scene;
use super::text::{Pick, pick};
use super::world;
use crate::document::{PolicyKind, PrincipalEntry, PrincipalName, Statement};
use crate::language::arn::Arn;
use crate::request::Request;

/// A caller before the policies are known.
#[derive(Debug, Clone)]
pub(super) struct CallerPlan {
    pick: Pick,
    /// Of the whole world, not of those that the policies name.
    foreign: bool,
    /// Even if policies are given that cannot apply to it (Rule E6).
    inapplicable: bool,
    unnamed: bool,
    issuer: Option<Pick>,
    /// The path of its role, which the request says by `aws:PrincipalArn` (Rule E58).
    claim: Option<Pick>,
}

pub(super) fn caller_plan() -> impl Strategy<Value = CallerPlan> {
    (
        pick(),
        coin::weighted(0.2),
        coin::weighted(0.03),
        coin::weighted(0.1),
        option::weighted(0.3, pick()),
        option::weighted(0.06, pick()),
    )
        .prop_map(|(pick, foreign, inapplicable, unnamed, issuer, claim)| CallerPlan {
            pick,
            foreign,
            inapplicable,
            unnamed,
            issuer,
            claim,
        })
}

impl CallerPlan {
    /// The caller of an action; `None` leaves it out.
    pub(super) fn principal(&self, scene: &Scene<'_>, action: &str) -> Option<String> {
        if self.unnamed && (self.inapplicable || takes_unnamed(scene)) {
            return None;
        }
        let fits = |principal: &String| self.inapplicable || applies(scene, principal, action);
        let of = |statements: &[&Statement]| -> Vec<String> {
            let entries = statements.iter().flat_map(|statement| entries(statement));
            entries.flat_map(|entry| relatives(&entry.name)).filter(fits).collect()
        };
        let mut named = scene.anchor.map(|anchor| of(&[anchor])).unwrap_or_default();
        if named.is_empty() {
            named = of(&scene.statements);
        }
        if named.is_empty() || self.foreign {
            named = world::PRINCIPALS.iter().map(|principal| (*principal).to_owned()).filter(fits).collect();
        }
        self.pick.of(&named).cloned().or_else(|| world::PRINCIPALS.first().map(|principal| (*principal).to_owned()))
    }

    /// The user behind a federated user: one that the policies name, or another of its account (Rule E44).
    pub(super) fn issuer(&self, scene: &Scene<'_>, principal: Option<&str>) -> Option<String> {
        let pick = self.issuer?;
        let federated = Arn::parse(principal?).filter(|arn| arn.resource().starts_with("federated-user/"))?;
        let named =
            scene.statements.iter().flat_map(|statement| entries(statement)).filter_map(|entry| match &entry.name {
                PrincipalName::User(user) => Some(user.to_string()),
                _ => None,
            });
        let other = format!("arn:{}:iam::{}:user/bo", federated.partition(), federated.account());
        let is_kin = |user: &String| {
            Arn::parse(user)
                .is_some_and(|user| (user.partition(), user.account()) == (federated.partition(), federated.account()))
        };
        let issuers: Vec<String> = named.filter(is_kin).chain([other]).collect();
        pick.of(&issuers).cloned()
    }

    /// What only the caller knows of itself: its unique id if the policies ask for one (Rule E48), sometimes the
    /// path of its role.
    pub(super) fn claim(&self, scene: &Scene<'_>, keys: &mut Keys<'_>) {
        for entry in scene.anchor.into_iter().flat_map(entries) {
            match &entry.name {
                PrincipalName::UserId(id) => keys.set("aws:userid", id.to_string()),
                PrincipalName::RoleId(id) if self.pick.below(3) > 0 => keys.set("aws:userid", format!("{id}:one")),
                PrincipalName::RoleId(id) => keys.set("aws:userid", id.to_string()),
                _ => {}
            }
        }
        if let Some(arn) = self.claim.and_then(|claim| role_arn(keys.principal()?, claim)) {
            keys.set("aws:PrincipalArn", arn);
        }
    }
}

fn entries(statement: &Statement) -> impl Iterator<Item = &PrincipalEntry> {
    statement.principal.iter().flat_map(|principal| &principal.entries)
}

/// Whether the caller may be left out: only identity-based policies are given (Rule E2, "Unnamed").
fn takes_unnamed(scene: &Scene<'_>) -> bool {
    let set = scene.policies;
    set.documents().all(|(place, _)| place.kind == PolicyKind::Identity)
        && set.service_control_levels().is_empty()
        && set.resource_control_levels().is_empty()
}

/// Whether the policies can apply to a caller (Rule E6).
fn applies(scene: &Scene<'_>, principal: &str, action: &str) -> bool {
    let Ok(request) = Request::new(principal, action, "*") else { return false };
    let (set, caller) = (scene.policies, request.principal());
    let has_own = !set.identity_documents().is_empty() || set.boundary_document().is_some();
    let has_session = !set.session_documents().is_empty();
    (!has_own || caller.takes_identity_policies()) && (!has_session || caller.takes_session_policies())
}

/// Callers that an entry of a principal names, or nearly names.
fn relatives(name: &PrincipalName) -> Vec<String> {
    match name {
        PrincipalName::Everyone => Vec::new(),
        PrincipalName::Account(account) => vec![
            format!("arn:aws:iam::{account}:user/alice"),
            format!("arn:aws:iam::{account}:root"),
            format!("arn:aws:sts::{account}:assumed-role/App/one"),
            format!("arn:aws:sts::{account}:federated-user/alice"),
            format!("arn:aws:iam::{account}:role/team/Ops"),
        ],
        PrincipalName::User(arn) => {
            let account = account_of(arn).unwrap_or(world::HOME);
            let name = arn.rsplit('/').next().unwrap_or_default();
            let federated = format!("arn:aws:sts::{account}:federated-user/{name}");
            vec![arn.to_string(), federated.clone(), format!("{federated}2"), format!("{arn}2")]
        }
        PrincipalName::Role(role) => {
            let session = format!("arn:{}:sts::{}:assumed-role", role.partition, role.account);
            let roles = format!("arn:{}:iam::{}:role", role.partition, role.account);
            vec![
                format!("{session}/{}/one", role.name),
                role.arn.to_string(),
                format!("{session}/{}/two", role.name.to_ascii_lowercase()),
                format!("{roles}/other/{}", role.name),
                format!("{session}/{}x/one", role.name),
            ]
        }
        PrincipalName::Session(arn) => {
            let (role, _) = arn.rsplit_once('/').unwrap_or_default();
            vec![arn.to_string(), format!("{role}/two"), format!("{role}x/one")]
        }
        PrincipalName::FederatedUser(arn) => vec![arn.to_string(), format!("{arn}2")],
        PrincipalName::Service(name) | PrincipalName::Provider(name) => vec![name.to_string()],
        PrincipalName::CanonicalUser(_) => vec![
            format!("arn:aws:iam::{}:user/alice", world::HOME),
            format!("arn:aws:iam::{}:root", world::HOME),
            "arn:aws:iam::444455556666:user/alice".to_owned(),
        ],
        PrincipalName::UserId(_) => vec![format!("arn:aws:iam::{}:user/alice", world::HOME)],
        PrincipalName::RoleId(_) => vec![
            format!("arn:aws:sts::{}:assumed-role/App/one", world::HOME),
            format!("arn:aws:iam::{}:role/App", world::HOME),
        ],
    }
}

/// The account in an ARN; `None` if it is not twelve digits.
pub(super) fn account_of(text: &str) -> Option<&str> {
    let account = Arn::parse(text)?.account();
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// An ARN that does not contradict the caller (Rule E58): of a session or role with some path, that of
/// service-linked roles among them; of other callers their own.
fn role_arn(principal: &str, path: Pick) -> Option<String> {
    let arn = Arn::parse(principal)?;
    let name = match arn.resource().split_once('/') {
        Some(("assumed-role", rest)) => rest.split('/').next()?,
        Some(("role", rest)) => rest.rsplit('/').next()?,
        _ => return Some(principal.to_owned()),
    };
    let path = path.text(&["", "team/", "aws-service-role/x.amazonaws.com/"]);
    Some(format!("arn:{}:iam::{}:role/{path}{name}", arn.partition(), arn.account()))
}
