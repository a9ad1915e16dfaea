//! The walk: denies first, then allows, then the verdict.

use std::ops::ControlFlow;

use super::action::{ActionSet, Class};
use super::bound::KnownConditions;
use super::entry::{Entry, Visitor};
use super::principal::Levels;
use super::resource::Look;
use super::scratch::Notes;
use super::slots::{PRINCIPAL_ARN, Values};
use super::verdict::{Facts, Place, Places, Required, verdict};
use super::{Branch, Node, NodeId, Tree};
use crate::decision::{Decision, Grant, GrantLevel, Reason};
use crate::document::{Effect, PolicyKind};
use crate::request::{Head, PrincipalKind, RequestError, RequestErrorKind, Special};

/// What is asked: a classified request with its values by slot and the class of its action.
pub(super) struct Question<'r, V> {
    pub head: &'r Head<'r>,
    pub values: &'r V,
    pub class: Class<'r>,
    pub notes: Notes<'r>,
    /// Conditions that are known beforehand.
    pub known: KnownConditions<'r>,
}

impl Tree {
    pub(super) fn answer<V: Values>(&self, question: &Question<'_, V>) -> Result<Decision, RequestError> {
        self.check_applicable(question)?;
        if needs_no_permission(question.head) {
            return Ok(Decision::new(Reason::Allowed(Grant::NoPermissionNeeded), None));
        }
        let applicable = self.applicable(question);
        if let Some((place, node)) = self.first_deny(question, applicable) {
            let statement = self.denies.id(node);
            return Ok(Decision::new(Reason::ExplicitDeny(place.check()), statement));
        }
        let facts = self.facts(question, applicable);
        let levels = self.given.service_control_levels;
        let required = Required {
            service_control_levels: if applicable.contains(Place::ServiceControl) { levels } else { 0 },
            endpoint: self.given.endpoint,
            boundary: self.given.boundary,
            session: self.given.session,
        };
        let (reason, node) = verdict(&facts, &required, question.head);
        Ok(Decision::new(reason, node.and_then(|node| self.allows.id(node))))
    }

    /// Inputs that cannot apply are errors (Rules E2, E6, E33).
    fn check_applicable<V: Values>(&self, question: &Question<'_, V>) -> Result<(), RequestError> {
        let given = &self.given;
        let principal = &question.head.principal;
        let inapplicable = |rule, message: &str| Err(RequestError::new(RequestErrorKind::Inapplicable, rule, message));
        if principal.kind() == PrincipalKind::Unnamed {
            return self.check_unnamed(question);
        }
        if (given.identity || given.boundary) && !principal.takes_identity_policies() {
            return inapplicable(
                "E6",
                "an identity-based policy or a permissions boundary cannot apply to this principal",
            );
        }
        if given.session && !principal.takes_session_policies() {
            return inapplicable("E6", "a session policy cannot apply to this principal");
        }
        match (given.resource, question.head.assumes_role()) {
            (Some(PolicyKind::Trust), false) => {
                inapplicable("E33", "a trust policy cannot apply to a request that assumes no role")
            }
            (Some(PolicyKind::Resource), true) => {
                inapplicable("E33", "a resource-based policy cannot apply to a request that assumes a role")
            }
            _ => Ok(()),
        }
    }

    /// Rule E2, "Unnamed".
    fn check_unnamed<V: Values>(&self, question: &Question<'_, V>) -> Result<(), RequestError> {
        let given = &self.given;
        let others = given.boundary
            || given.session
            || given.endpoint
            || given.resource.is_some()
            || given.service_control_levels > 0
            || given.resource_control;
        let lacking = self.derived.iter().find(|slot| question.values.get(**slot).is_none());
        let message = match (others, lacking) {
            (false, None) => return Ok(()),
            (true, _) => "policies other than identity-based ones ask for the principal".to_owned(),
            (false, Some(slot)) => {
                format!("a policy names {}, which asks for the principal", crate::source::quote(self.keys.name(*slot)))
            }
        };
        Err(RequestError::new(RequestErrorKind::Principal, "E2", message))
    }

    /// Where policies are that apply to this caller (Rules E13, E15).
    fn applicable<V: Values>(&self, question: &Question<'_, V>) -> Places {
        let head = question.head;
        let mut places = self.denies.places.union(self.allows.places);
        // A level without documents has no statement, and limits all the same.
        if self.given.service_control_levels > 0 {
            places = places.with(Place::ServiceControl);
        }
        if !places.contains(Place::ServiceControl) && !places.contains(Place::ResourceControl) {
            return places;
        }
        let service_linked = head.is_service_linked(question.values.single(PRINCIPAL_ARN));
        use PrincipalKind::{FederatedUser, Role, Root, Session, User};
        if service_linked || !matches!(head.principal.kind(), Root | User | Session | Role | FederatedUser) {
            places = places.without(Place::ServiceControl);
        }
        if service_linked || head.action.is(Special::RetiresGrant) || head.assumes_service_linked_role() {
            places = places.without(Place::ResourceControl);
        }
        places
    }

    /// A matching `Deny` of the first check that has one (Rule E10).
    fn first_deny<V: Values>(&self, question: &Question<'_, V>, applicable: Places) -> Option<(Place, NodeId)> {
        let mut places = self.denies.places.intersect(applicable);
        if disregards_bucket_denies(question.head) {
            places = places.without(Place::Resource);
        }
        let earliest = places.first()?;
        let mut walk = Denies { tree: self, question, places, earliest, best: None };
        let _ = self.denies.resources.matching(&self.look(question, question.notes), &mut walk);
        walk.best
    }

    /// What the matching `Allow` statements give.
    fn facts<V: Values>(&self, question: &Question<'_, V>, applicable: Places) -> Facts<NodeId> {
        let open = self.allows.places.intersect(applicable);
        let mut walk = Allows { tree: self, question, open, facts: Facts::default() };
        if !open.is_empty() {
            let notes = question.notes.behind(self.denies.resources.room());
            let _ = self.allows.resources.matching(&self.look(question, notes), &mut walk);
        }
        walk.facts
    }

    fn look<'r, V>(&'r self, question: &'r Question<'r, V>, notes: Notes<'r>) -> Look<'r, V> {
        Look { resource: &question.head.resource, arena: &self.arena, values: question.values, notes }
    }

    fn levels<V: Values>(&self, node: &Node, question: &Question<'_, V>) -> Levels {
        let principals = node.principals().and_then(|index| self.principals.get(index));
        principals.map_or(Levels::NONE, |principals| principals.levels(question.head, question.values))
    }

    /// Whether a statement covers the caller; those without principal do (Rule E8).
    #[inline]
    fn covers<V: Values>(&self, node: &Node, effect: Effect, question: &Question<'_, V>) -> bool {
        match node.principals() {
            None => true,
            // An unknown index cannot arise; a `Deny` then covers, an `Allow` does not.
            Some(index) => self.principals.get(index).map_or(effect == Effect::Deny, |principals| {
                principals.covers(effect, self.given.boundary, question.head, question.values)
            }),
        }
    }

    #[inline]
    fn conditions_hold<V: Values>(&self, branch: &Branch, node: &Node, question: &Question<'_, V>) -> bool {
        branch.conditions_of(node).iter().all(|&id| {
            if let Some(known) = question.known.get(id) {
                return known;
            }
            if !self.switches.memo || !self.conditions.is_shared(id) {
                return self.conditions.holds(id, &self.arena, question.values);
            }
            question.notes.known(id).unwrap_or_else(|| {
                let holds = self.conditions.holds(id, &self.arena, question.values);
                question.notes.remember(id, holds);
                holds
            })
        })
    }
}

/// The walk over the denies.
struct Denies<'w, V> {
    tree: &'w Tree,
    question: &'w Question<'w, V>,
    places: Places,
    /// Nothing can come before it.
    earliest: Place,
    best: Option<(Place, NodeId)>,
}

impl<V: Values> Visitor<()> for Denies<'_, V> {
    #[inline]
    fn wants(&self, place: Place, actions: ActionSet) -> bool {
        self.question.class.contains(actions)
            && self.places.contains(place)
            && (self.best.is_none_or(|(best, _)| place < best) || !self.tree.switches.early_end)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<()> {
        let Some(node) = self.tree.denies.node(entry.statement) else { return ControlFlow::Continue(()) };
        if self.best.is_none_or(|(best, _)| entry.place < best)
            && self.tree.covers(node, Effect::Deny, self.question)
            && self.tree.conditions_hold(&self.tree.denies, node, self.question)
        {
            self.best = Some((entry.place, entry.statement));
            if entry.place == self.earliest && self.tree.switches.early_end {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// The walk over the allows.
struct Allows<'w, V> {
    tree: &'w Tree,
    question: &'w Question<'w, V>,
    /// Places where a further `Allow` could still change anything.
    open: Places,
    facts: Facts<NodeId>,
}

impl<V: Values> Visitor<()> for Allows<'_, V> {
    #[inline]
    fn wants(&self, place: Place, actions: ActionSet) -> bool {
        self.question.class.contains(actions) && self.open.contains(place)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<()> {
        if let Some(node) = self.tree.allows.node(entry.statement)
            && self.allow(entry, node)
            && self.tree.switches.early_end
        {
            self.open = self.open.without(entry.place);
            if self.open.is_empty() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

impl<V: Values> Allows<'_, V> {
    /// Notes what one `Allow` gives; returns whether its place has nothing more to give.
    #[inline]
    fn allow(&mut self, entry: &Entry, node: &Node) -> bool {
        let (tree, question) = (self.tree, self.question);
        let id = entry.statement;
        if entry.place == Place::Resource {
            let levels = tree.levels(node, question);
            if !levels.is_empty() && tree.conditions_hold(&tree.allows, node, question) {
                self.facts.note_grant(levels, id);
            }
            // No level is stronger, and none opens what this one does not.
            return self.facts.levels().contains(GrantLevel::Direct);
        }
        if !tree.covers(node, Effect::Allow, question) || !tree.conditions_hold(&tree.allows, node, question) {
            return false;
        }
        let facts = &mut self.facts;
        match entry.place {
            Place::Identity => facts.identity = facts.identity.or(Some(id)),
            Place::Boundary => facts.boundary = true,
            Place::Session => facts.session = true,
            Place::Endpoint => facts.endpoint = true,
            Place::ServiceControl => {
                let level = tree.allows.id(id).map_or(u32::MAX, |id| u32::from(id.place.level));
                facts.service_control |= 1u64.checked_shl(level).unwrap_or(0);
                return facts.service_control.count_ones() == tree.given.service_control_levels;
            }
            Place::ResourceControl | Place::Resource => {}
        }
        true
    }
}

/// Rule E35.
fn needs_no_permission(head: &Head<'_>) -> bool {
    let kind = head.principal.kind();
    let is_signed = kind != PrincipalKind::Anonymous;
    let is_user = matches!(kind, PrincipalKind::User | PrincipalKind::Root);
    (is_signed && head.action.is(Special::GetsCallerIdentity)) || (is_user && head.action.is(Special::GetsSessionToken))
}

/// Rule E26.
fn disregards_bucket_denies(head: &Head<'_>) -> bool {
    head.principal.kind() == PrincipalKind::Root
        && head.is_same_account()
        && head.action.is(Special::HandlesBucketPolicy)
}
