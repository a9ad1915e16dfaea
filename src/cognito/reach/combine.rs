//! Statements taken together: who has to allow, and what denies (Rules C64, E18 to E20).

use super::glob::Glob;
use super::residual::{Residual, Resource, Values, residual};
use super::space::Space;
use super::{Cut, Patterns, RemainingCondition, ResourceGrant, Service};
use crate::cognito::session::CognitoSession;
use crate::document::{Effect, PolicyKind};
use crate::language::arn::Arn;
use crate::request::{RequestError, RequestErrorKind};

/// How many grants are told; more are refused, for policies that were made to explode.
const MOST_GRANTS: usize = 20_000;

/// The grants of a session, with any action or with one.
pub(super) fn grants(
    session: &CognitoSession,
    action: Option<(Service, &str)>,
) -> Result<Vec<ResourceGrant>, RequestError> {
    let values = Values::new(session.request("iamtree:Reach", "*")?);
    let mut grants = Vec::new();
    for service in Service::ALL {
        let name = match action {
            Some((of, name)) if of == service => Some(name),
            Some(_) => continue,
            None => None,
        };
        grants.extend(grants_of(session, &values, service, name)?);
    }
    grants.sort_by(|one, two| {
        (one.service, &one.resource, &one.actions).cmp(&(two.service, &two.resource, &two.actions))
    });
    Ok(grants)
}

fn grants_of(
    session: &CognitoSession,
    values: &Values<'_>,
    service: Service,
    action: Option<&str>,
) -> Result<Vec<ResourceGrant>, RequestError> {
    let mut by_kind: Vec<(PolicyKind, Residual)> = Vec::new();
    let policies = session.policies();
    for (place, document) in policies.documents() {
        let statements = document.statements().iter().zip(0..);
        let left = statements.filter_map(|statement| residual(values, service, document, statement));
        by_kind.extend(left.map(|residual| (place.kind, residual)));
    }
    let allows = |kind: PolicyKind| {
        let of_kind =
            by_kind.iter().filter(move |(known, residual)| *known == kind && residual.effect == Effect::Allow);
        of_kind.map(|(_, residual)| residual)
    };
    let denies: Vec<&Residual> =
        by_kind.iter().map(|(_, residual)| residual).filter(|residual| residual.effect == Effect::Deny).collect();

    let mut opened: Vec<Opened> = allows(PolicyKind::Identity).map(Opened::by).collect();
    if let Some(name) = action {
        let mut glob = Glob::empty();
        glob.literal(name);
        let wanted = Space::new(vec![vec![glob.folded()]], Vec::new());
        opened = opened.into_iter().filter_map(|opened| opened.limited_to(&wanted)).collect();
    }
    if policies.boundary_document().is_some() {
        opened = narrowed(&opened, &allows(PolicyKind::Boundary).collect::<Vec<_>>())?;
    }
    if !policies.session_documents().is_empty() {
        opened = narrowed(&opened, &allows(PolicyKind::Session).collect::<Vec<_>>())?;
    }
    let account = Arn::parse(session.role_arn()).map_or("", |arn| arn.account());
    let grants: Vec<ResourceGrant> =
        opened.iter().flat_map(|opened| opened.grants(service, account, &denies)).collect();
    Ok(without_repetitions(grants))
}

/// What one statement of each kind opens together.
struct Opened {
    actions: Space<Glob>,
    resources: Space<Resource>,
    conditions: Vec<RemainingCondition>,
    statements: Vec<crate::decision::MatchedStatement>,
}

/// Every pair of what is open and what a further kind of policy allows.
fn narrowed(opened: &[Opened], allows: &[&Residual]) -> Result<Vec<Opened>, RequestError> {
    let mut both = Vec::new();
    for one in opened {
        both.extend(allows.iter().filter_map(|allow| one.and(allow)));
        if both.len() > MOST_GRANTS {
            let message = format!("these policies open more than {MOST_GRANTS} combinations");
            return Err(RequestError::new(RequestErrorKind::Inapplicable, "C64", message));
        }
    }
    Ok(both)
}

impl Opened {
    fn by(allow: &Residual) -> Self {
        Opened {
            actions: allow.actions.clone(),
            resources: allow.resources.clone(),
            conditions: allow.conditions.clone(),
            statements: vec![allow.statement.clone()],
        }
    }

    fn limited_to(mut self, wanted: &Space<Glob>) -> Option<Self> {
        self.actions = self.actions.intersect(wanted);
        Some(self).filter(|opened| !opened.actions.is_empty())
    }

    fn and(&self, allow: &Residual) -> Option<Self> {
        let actions = self.actions.intersect(&allow.actions);
        let resources = self.resources.intersect(&allow.resources);
        if actions.is_empty() || resources.is_empty() {
            return None;
        }
        let mut conditions = self.conditions.clone();
        conditions.extend(allow.conditions.iter().cloned());
        conditions.sort();
        conditions.dedup();
        let statements = self.statements.iter().chain([&allow.statement]).cloned().collect();
        Some(Opened { actions, resources, conditions, statements })
    }

    /// One grant for each alternative of the resources; none where a deny always hits all of it.
    fn grants(&self, service: Service, account: &str, denies: &[&Residual]) -> Vec<ResourceGrant> {
        let alternatives = self.resources.any_of.iter().filter_map(|patterns| {
            let resources = Space::new(vec![patterns.clone()], self.resources.except.clone());
            let mut cuts = Vec::new();
            for deny in denies {
                if deny.actions.is_disjoint(&self.actions) || deny.resources.is_disjoint(&resources) {
                    continue;
                }
                let hits_all = self.actions.is_within(&deny.actions) && resources.is_within(&deny.resources);
                if hits_all && deny.conditions.iter().all(|condition| self.conditions.contains(condition)) {
                    return None;
                }
                cuts.push(cut(service, deny));
            }
            Some(ResourceGrant {
                service,
                resource: joined(patterns.iter().map(Resource::text)),
                owner_must_allow: patterns.iter().any(|pattern| pattern.is_of_another_account(account)),
                except_resources: resources.except.iter().map(Resource::text).collect(),
                actions: self
                    .actions
                    .any_of
                    .iter()
                    .map(|names| joined(names.iter().map(|name| full(service, name))))
                    .collect(),
                except_actions: self.actions.except.iter().map(|name| full(service, name)).collect(),
                conditions: self.conditions.clone(),
                statements: self.statements.clone(),
                cuts,
            })
        });
        alternatives.collect()
    }
}

fn cut(service: Service, deny: &Residual) -> Cut {
    // A statement's elements are alternatives of one pattern each.
    let actions = deny.actions.any_of.iter().flatten().map(|name| full(service, name));
    let resources = deny.resources.any_of.iter().flatten().map(Resource::text);
    Cut {
        actions: actions.collect(),
        except_actions: deny.actions.except.iter().map(|name| full(service, name)).collect(),
        resources: resources.collect(),
        except_resources: deny.resources.except.iter().map(Resource::text).collect(),
        conditions: deny.conditions.clone(),
        statement: deny.statement.clone(),
    }
}

fn full(service: Service, name: &Glob) -> String {
    format!("{}:{}", service.prefix(), name.text())
}

fn joined(texts: impl Iterator<Item = String>) -> Patterns {
    let mut texts: Vec<String> = texts.collect();
    match texts.len() {
        1 => Patterns::One(texts.remove(0)),
        _ => Patterns::All(texts),
    }
}

/// The same grant twice, by two statements of a boundary or of the session policies, is told once.
fn without_repetitions(grants: Vec<ResourceGrant>) -> Vec<ResourceGrant> {
    let mut kept: Vec<ResourceGrant> = Vec::new();
    for grant in grants {
        let is_same = |other: &ResourceGrant| {
            let parts = |grant: &ResourceGrant| {
                (
                    grant.resource.clone(),
                    grant.except_resources.clone(),
                    grant.actions.clone(),
                    grant.except_actions.clone(),
                    grant.conditions.clone(),
                    grant.cuts.clone(),
                )
            };
            parts(other) == parts(&grant)
        };
        if kept.len() > 200 || !kept.iter().any(is_same) {
            kept.push(grant);
        }
    }
    kept
}
