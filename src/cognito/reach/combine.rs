//! Statements taken together: who has to allow, and what denies (Rules C64, E18 to E20).

use std::collections::BTreeSet;

use super::budget::{Budget, Exhausted, MOST_WORK};
use super::glob::Glob;
use super::residual::{Residual, Resource, Values, residual};
use super::space::Space;
use super::{Cut, Patterns, RemainingCondition, ResourceGrant, Service};
use crate::cognito::session::CognitoSession;
use crate::document::{Effect, PolicyKind};
use crate::language::arn::Arn;
use crate::request::{RequestError, RequestErrorKind};

/// The grants of a session, with any action or with one.
pub(super) fn grants(
    session: &CognitoSession,
    action: Option<(Service, &str)>,
) -> Result<Vec<ResourceGrant>, RequestError> {
    let role = Arn::parse(session.role_arn());
    let (account, partition) = role.map_or(("", ""), |arn| (arn.account(), arn.partition()));
    let values = Values::new(session.request("iamtree:Reach", "*")?, partition);
    grants_within(session, (&values, account), action, &Budget::of(MOST_WORK)).map_err(|Exhausted| {
        let message = format!(
            "policies that take too long to lay over each other: found more than {MOST_WORK} comparisons and \
             alternatives, expected fewer or shorter patterns"
        );
        RequestError::new(RequestErrorKind::Inapplicable, "C64", message)
    })
}

/// `values` are those of the session, beside the account of its role.
fn grants_within(
    session: &CognitoSession,
    values: (&Values<'_>, &str),
    action: Option<(Service, &str)>,
    budget: &Budget,
) -> Result<Vec<ResourceGrant>, Exhausted> {
    let mut grants = Vec::new();
    for service in Service::ALL {
        let name = match action {
            Some((of, name)) if of == service => Some(name),
            Some(_) => continue,
            None => None,
        };
        grants.extend(grants_of(session, values, (service, name), budget)?);
    }
    grants.sort_by(|one, two| {
        (one.service, &one.resource, &one.actions).cmp(&(two.service, &two.resource, &two.actions))
    });
    Ok(grants)
}

fn grants_of(
    session: &CognitoSession,
    (values, account): (&Values<'_>, &str),
    (service, action): (Service, Option<&str>),
    budget: &Budget,
) -> Result<Vec<ResourceGrant>, Exhausted> {
    let mut by_kind: Vec<(PolicyKind, Residual)> = Vec::new();
    let policies = session.policies();
    for (place, document) in policies.documents() {
        for statement in document.statements().iter().zip(0..) {
            let left = residual(values, service, document, statement, budget)?;
            by_kind.extend(left.map(|residual| (place.kind, residual)));
        }
    }
    let allows = |kind: PolicyKind| {
        let of_kind =
            by_kind.iter().filter(move |(known, residual)| *known == kind && residual.effect == Effect::Allow);
        of_kind.map(|(_, residual)| residual)
    };
    let denies: Vec<&Residual> =
        by_kind.iter().map(|(_, residual)| residual).filter(|residual| residual.effect == Effect::Deny).collect();

    let mut opened = Vec::new();
    let wanted = action.map(|name| {
        let mut glob = Glob::empty();
        glob.literal(name);
        Space { any_of: vec![vec![glob.folded()]], except: Vec::new() }
    });
    for allow in allows(PolicyKind::Identity) {
        let mut one = Opened::by(allow);
        if let Some(wanted) = &wanted {
            one.actions = one.actions.intersect(wanted, budget)?;
        }
        opened.extend(Some(one).filter(|opened| !opened.actions.is_empty()));
    }
    if policies.boundary_document().is_some() {
        opened = narrowed(&opened, &allows(PolicyKind::Boundary).collect::<Vec<_>>(), budget)?;
    }
    if !policies.session_documents().is_empty() {
        opened = narrowed(&opened, &allows(PolicyKind::Session).collect::<Vec<_>>(), budget)?;
    }
    let mut grants = Vec::new();
    for opened in &opened {
        grants.extend(opened.grants(service, account, &denies, budget)?);
    }
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
fn narrowed(opened: &[Opened], allows: &[&Residual], budget: &Budget) -> Result<Vec<Opened>, Exhausted> {
    let mut both = Vec::new();
    for one in opened {
        for allow in allows {
            both.extend(one.and(allow, budget)?);
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

    fn and(&self, allow: &Residual, budget: &Budget) -> Result<Option<Self>, Exhausted> {
        let actions = self.actions.intersect(&allow.actions, budget)?;
        if actions.is_empty() {
            return Ok(None);
        }
        let resources = self.resources.intersect(&allow.resources, budget)?;
        if resources.is_empty() {
            return Ok(None);
        }
        let mut conditions = self.conditions.clone();
        conditions.extend(allow.conditions.iter().cloned());
        budget.sorting(conditions.len(), size_of(&conditions))?;
        conditions.sort();
        conditions.dedup();
        let statements = self.statements.iter().chain([&allow.statement]).cloned().collect();
        Ok(Some(Opened { actions, resources, conditions, statements }))
    }

    /// One grant for each alternative of the resources; none where a deny always hits all of it.
    fn grants(
        &self,
        service: Service,
        account: &str,
        denies: &[&Residual],
        budget: &Budget,
    ) -> Result<Vec<ResourceGrant>, Exhausted> {
        let mut touching = Vec::new();
        for deny in denies {
            if !deny.actions.is_disjoint(&self.actions, budget)? {
                let hits_actions = self.actions.is_within(&deny.actions, budget)?;
                budget.spend(size_of(&deny.conditions).saturating_mul(self.conditions.len().max(1)))?;
                let hits_always = deny.conditions.iter().all(|condition| self.conditions.contains(condition));
                touching.push((*deny, hits_actions && hits_always));
            }
        }
        let mut grants = Vec::new();
        for patterns in &self.resources.any_of {
            let resources = Space::new(vec![patterns.clone()], self.resources.except.clone(), budget)?;
            budget.alternative(resources.size() + self.actions.size() + size_of(&self.conditions))?;
            // The alternatives of the actions are texts of their own in every grant.
            budget.spend(self.actions.any_of.len().saturating_mul(OF_A_TEXT))?;
            if let Some(cuts) = cuts(service, &resources, &touching, budget)? {
                grants.push(self.grant(service, account, patterns, resources, cuts));
            }
        }
        Ok(grants)
    }

    fn grant(
        &self,
        service: Service,
        account: &str,
        patterns: &[Resource],
        resources: Space<Resource>,
        cuts: Vec<Cut>,
    ) -> ResourceGrant {
        let actions = self.actions.any_of.iter();
        ResourceGrant {
            service,
            resource: joined(patterns.iter().map(Resource::text)),
            owner_must_allow: patterns.iter().any(|pattern| pattern.is_of_another_account(account)),
            except_resources: resources.except.iter().map(Resource::text).collect(),
            actions: actions.map(|names| joined(names.iter().map(|name| full(service, name)))).collect(),
            except_actions: self.actions.except.iter().map(|name| full(service, name)).collect(),
            conditions: self.conditions.clone(),
            statements: self.statements.clone(),
            cuts,
        }
    }
}

/// What a text costs besides its length.
const OF_A_TEXT: usize = 64;

fn size_of(conditions: &[RemainingCondition]) -> usize {
    conditions.iter().map(RemainingCondition::size).sum()
}

/// The denies that can hit some of these resources; none if one of them always hits all. Beside each deny stands whether
/// it hits all the actions, whatever the request is.
fn cuts(
    service: Service,
    resources: &Space<Resource>,
    denies: &[(&Residual, bool)],
    budget: &Budget,
) -> Result<Option<Vec<Cut>>, Exhausted> {
    let mut cuts = Vec::new();
    for (deny, hits_actions) in denies {
        if deny.resources.is_disjoint(resources, budget)? {
            continue;
        }
        if *hits_actions && resources.is_within(&deny.resources, budget)? {
            return Ok(None);
        }
        let texts = deny.actions.any_of.len() + deny.resources.any_of.len();
        budget.spend(deny.actions.size() + deny.resources.size() + size_of(&deny.conditions) + texts * OF_A_TEXT)?;
        cuts.push(cut(service, deny));
    }
    Ok(Some(cuts))
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

/// The same grant twice, by two statements of a boundary or of the session policies, is told once. Of the same resources,
/// actions and conditions the cuts are the same.
fn without_repetitions(grants: Vec<ResourceGrant>) -> Vec<ResourceGrant> {
    let mut seen = BTreeSet::new();
    let is_new: Vec<bool> = grants
        .iter()
        .map(|grant| {
            let exceptions = (&grant.except_resources, &grant.except_actions);
            seen.insert((&grant.resource, &grant.actions, exceptions, &grant.conditions))
        })
        .collect();
    grants.into_iter().zip(is_new).filter_map(|(grant, is_new)| is_new.then_some(grant)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cognito::{Exchange, Pool, Reach, Role, Roles};
    use crate::document::Document;

    fn allow(resources: &[String]) -> Value {
        json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources})
    }

    /// A guest with one statement in the role's policy and one in its boundary.
    fn session(policy: &Value, boundary: Option<&Value>) -> CognitoSession {
        const ROLE: &str = "arn:aws:iam::111122223333:role/A";
        let document = |kind, statement: &Value| {
            let text = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            Document::parse(kind, "p.json", &text).unwrap()
        };
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity"});
        let role = Role::new(ROLE, document(PolicyKind::Trust, &trust)).unwrap();
        let mut role = role.policy(document(PolicyKind::Identity, policy));
        if let Some(boundary) = boundary {
            role = role.boundary(document(PolicyKind::Boundary, boundary)).unwrap();
        }
        let pool = json!({"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p",
            "AllowUnauthenticatedIdentities": true, "Roles": {"unauthenticated": ROLE}});
        let pool = Pool::parse("pool.json", &pool.to_string()).unwrap();
        Exchange::new(&pool, &Roles::new().with(role).unwrap(), "us-east-1:0f").run().unwrap()
    }

    fn buckets(count: usize, pattern: impl Fn(usize) -> String) -> Vec<String> {
        (0..count).map(|number| format!("arn:aws:s3:::{}", pattern(number))).collect()
    }

    /// How much of a budget is spent, and on how many grants.
    fn cost(session: &CognitoSession, budget: usize) -> (usize, Result<usize, Exhausted>) {
        let values = Values::new(session.request("iamtree:Reach", "*").unwrap(), "aws");
        let left = Budget::of(budget);
        let grants = grants_within(session, (&values, "111122223333"), None, &left);
        (budget - left.left(), grants.map(|grants| grants.len()))
    }

    #[test]
    fn alternatives_are_counted_and_not_only_statements() {
        let crossed = |count| {
            let boundary = allow(&buckets(count, |number| format!("*{number:03}x/*")));
            session(&allow(&buckets(count, |number| format!("b{number}/*"))), Some(&boundary))
        };
        // Two session policies of guests allow S3 whole, so that each pair is laid over two more statements.
        let (spent, grants) = cost(&crossed(40), MOST_WORK);
        assert_eq!(grants, Ok(1600));
        assert!(spent < MOST_WORK / 2, "{spent}");
        let refusal = Reach::of(&crossed(300), None).unwrap_err();
        assert_eq!((refusal.kind(), refusal.rule()), (RequestErrorKind::Inapplicable, "C64"));
        assert!(Reach::of(&crossed(300), Some("dynamodb:GetItem")).unwrap().grants.is_empty());
        let many = session(&allow(&buckets(40_000, |number| format!("b{number}/*"))), None);
        assert!(Reach::of(&many, None).is_err());
    }

    #[test]
    fn long_patterns_are_paid_for_cell_by_cell() {
        let crossed = |end: &str| {
            let long =
                |letter: &str| buckets(100, |number| format!("{}{number}{end}", format!("*{letter}").repeat(1000)));
            session(&allow(&long("a")), Some(&allow(&long("b"))))
        };
        // Characters at the end tell patterns apart at once; without them only the cells do.
        assert_eq!(cost(&crossed(""), 1 << 26).1, Ok(0));
        assert_eq!(cost(&crossed("*"), 1 << 26), (1 << 26, Err(Exhausted)));
    }

    #[test]
    fn lists_of_actions_and_denies_are_paid_for() {
        let names = |letter: &str| (0..600).map(|number| format!("s3:*{letter}{number}*")).collect::<Vec<_>>();
        let acts = |names: Vec<String>| json!({"Effect": "Allow", "Action": names, "Resource": "*"});
        assert_eq!(cost(&session(&acts(names("a")), Some(&acts(names("b")))), 1 << 26).1, Err(Exhausted));
        let denies = (0..300).map(|number| {
            json!({"Effect": "Deny", "Action": "s3:*", "Resource": buckets(100, |bucket| format!("*{bucket:03}d{number}"))})
        });
        let both: Vec<Value> = denies.chain([allow(&buckets(100, |number| format!("b{number:03}*")))]).collect();
        assert_eq!(cost(&session(&json!(both), None), 1 << 26).1, Err(Exhausted));
    }

    #[test]
    fn nothing_is_reached_in_another_partition() {
        let reach = |resources: &[&str]| {
            let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources});
            let reach = Reach::of(&session(&statement, None), None).unwrap();
            reach.grants.iter().flat_map(|grant| grant.resource.texts().map(str::to_owned)).collect::<Vec<_>>()
        };
        assert!(reach(&["arn:aws-cn:s3:::b/*", "arn:aws-*:s3:::b/*"]).is_empty());
        for wide in ["arn:*:s3:::c/*", "arn:a*:s3:::c/*", "arn:???:s3:::c/*"] {
            assert_eq!(reach(&[wide]), ["arn:aws:s3:::c/*"], "{wide}");
        }
        assert_eq!(reach(&["arn:*:s3:::c/*", "*"]), ["*"]);
    }
}
