//! Plans of policy sets.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::{bool as coin, option};

use super::document::{DocumentPlan, document_plan};
use super::text::{Pick, pick};
use super::world::{self, Topic};
use crate::document::{Document, Level, PolicyKind, PolicySet};

/// A policy set before its topic is known.
#[derive(Debug, Clone)]
pub(super) struct SetPlan {
    topic: Pick,
    /// Whether it is about a role to be assumed (Rule E33).
    trust: bool,
    identity: Vec<DocumentPlan>,
    boundary: Option<DocumentPlan>,
    session: Vec<DocumentPlan>,
    service_control: Vec<Vec<DocumentPlan>>,
    resource_control: Vec<Vec<DocumentPlan>>,
    resource: Option<DocumentPlan>,
    endpoint: Option<DocumentPlan>,
}

/// Sets of all kinds of policy, each kind given or not.
pub(super) fn set_plan() -> impl Strategy<Value = SetPlan> {
    let levels = |share| {
        let level = prop_oneof![12 => vec(document_plan(1, 0.75), 1..=2), 1 => Just(Vec::new())];
        prop_oneof![10 - share => Just(Vec::new()), share => vec(level, 1..=2)]
    };
    let identity = prop_oneof![1 => Just(Vec::new()), 2 => vec(document_plan(3, 0.2), 1..=2)];
    let session = prop_oneof![6 => Just(Vec::new()), 4 => vec(document_plan(2, 0.65), 1..=2)];
    (
        pick(),
        coin::weighted(0.15),
        identity,
        option::weighted(0.25, document_plan(2, 0.6)),
        session,
        levels(3),
        levels(2),
        option::weighted(0.65, document_plan(3, 0.0)),
        option::weighted(0.2, document_plan(2, 0.7)),
    )
        .prop_map(
            |(topic, trust, identity, boundary, session, service_control, resource_control, resource, endpoint)| {
                SetPlan {
                    topic,
                    trust,
                    identity,
                    boundary,
                    session,
                    service_control,
                    resource_control,
                    resource,
                    endpoint,
                }
            },
        )
}

/// Sets of identity-based policies alone.
pub(super) fn identity_plan() -> impl Strategy<Value = SetPlan> {
    (pick(), vec(document_plan(3, 0.1), 1..=3)).prop_map(|(topic, identity)| SetPlan {
        topic,
        trust: false,
        identity,
        boundary: None,
        session: Vec::new(),
        service_control: Vec::new(),
        resource_control: Vec::new(),
        resource: None,
        endpoint: None,
    })
}

impl SetPlan {
    pub(super) fn resolve(&self) -> PolicySet {
        let pool = if self.trust { &world::TRUST_TOPICS[..] } else { &world::TOPICS };
        let Some(&topic) = self.topic.of(pool) else { return PolicySet::new() };
        let parse = |plan: &DocumentPlan, kind: PolicyKind| parse(plan, kind, topic);
        let mut set = PolicySet::new();
        set = self.identity.iter().filter_map(|plan| parse(plan, PolicyKind::Identity)).fold(set, PolicySet::identity);
        set = self.session.iter().filter_map(|plan| parse(plan, PolicyKind::Session)).fold(set, PolicySet::session);
        let levels = |levels: &[Vec<DocumentPlan>], kind| -> Vec<Level> {
            let names = ["root", "ou", "account"];
            let level = |(level, plans): (usize, &Vec<DocumentPlan>)| Level {
                name: names.get(level).copied().unwrap_or_default().to_owned(),
                documents: plans.iter().filter_map(|plan| parse(plan, kind)).collect(),
            };
            levels.iter().enumerate().map(level).collect()
        };
        let levels_of = |plans, kind| levels(plans, kind).into_iter();
        set = levels_of(&self.service_control, PolicyKind::ServiceControl).fold(set, PolicySet::service_control);
        set = levels_of(&self.resource_control, PolicyKind::ResourceControl).fold(set, PolicySet::resource_control);
        let resource = if self.trust { PolicyKind::Trust } else { PolicyKind::Resource };
        set = with(set, &self.boundary, PolicyKind::Boundary, topic, PolicySet::boundary);
        set = with(set, &self.resource, resource, topic, PolicySet::resource);
        set = with(set, &self.endpoint, PolicyKind::Endpoint, topic, PolicySet::endpoint);
        set.clone().canonical_user(world::KNOWN_CANONICAL_USER, world::HOME).unwrap_or(set)
    }
}

/// Generated documents keep all rules, a test holds that; one that did not would be left out of its set.
fn parse(plan: &DocumentPlan, kind: PolicyKind, topic: Topic) -> Option<Document> {
    Document::parse(kind, &format!("{kind}.json"), &plan.resolve(kind, topic).to_json()).ok()
}

fn with(
    set: PolicySet,
    plan: &Option<DocumentPlan>,
    kind: PolicyKind,
    topic: Topic,
    put: fn(PolicySet, Document) -> Result<PolicySet, crate::document::SetError>,
) -> PolicySet {
    match plan.as_ref().and_then(|plan| parse(plan, kind, topic)) {
        Some(document) => put(set.clone(), document).unwrap_or(set),
        None => set,
    }
}
