//! The walk: denies first, then allows, then the verdict.

use std::ops::ControlFlow;

use super::action::ActionSet;
use super::condition::ConditionId;
use super::entry::{Entry, Visitor};
use super::few::Short;
use super::principal::Levels;
use super::question::Question;
use super::resource::Passed;
use super::slots::{PRINCIPAL_ARN, Slot, Values};
use super::verdict::{Facts, Place, Places, Required, Standing, verdict};
use super::{Branch, Node, NodeId, Tree};
use crate::decision::{Decision, Gate, Grant, GrantLevel, Reason};
use crate::document::{Effect, PolicyKind};
use crate::request::{Head, PrincipalKind, RequestError, RequestErrorKind, Special};

impl Tree {
    /// Decides a request of which everything is known.
    pub(super) fn answer<V: Values>(
        &self,
        head: &Head<'_>,
        question: &Question<'_, V>,
    ) -> Result<Decision, RequestError> {
        self.check_applicable(head, question.values)?;
        if needs_no_permission(head) {
            return Ok(Decision::new(Reason::Allowed(Grant::NoPermissionNeeded), None));
        }
        let applicable = self.applicable(head, question.values);
        let denying = if disregards_bucket_denies(head) { applicable.without(Place::Resource) } else { applicable };
        let standing = Standing::of(head);
        Ok(match question.class.few() {
            Some(few) => {
                let Question { text, head, values, known, .. } = *question;
                self.walk_few(few, &Short { text, head, values, known }, &standing, applicable, denying)
            }
            None => self.walk(question, &standing, applicable, denying),
        })
    }

    /// Denies first, then allows, then the verdict. `applicable` says where the policies are that apply, `denying`
    /// where those whose `Deny` counts.
    pub(super) fn walk<V: Values>(
        &self,
        question: &Question<'_, V>,
        standing: &Standing,
        applicable: Places,
        denying: Places,
    ) -> Decision {
        self.walk_passed(question, &self.resources.pass(question.text), standing, applicable, denying)
    }

    /// The same for a resource whose way down the index is known.
    pub(super) fn walk_passed<V: Values>(
        &self,
        question: &Question<'_, V>,
        passed: &Passed,
        standing: &Standing,
        applicable: Places,
        denying: Places,
    ) -> Decision {
        if let Some((place, node)) = self.first_deny(question, passed, denying) {
            return Decision::new(Reason::ExplicitDeny(place.check()), self.denies.id(node));
        }
        let open = self.allows.places.intersect(applicable);
        let mut allows = Allows { tree: self, question, open, facts: Facts::default() };
        if !open.is_empty() {
            let _ = self.resources.matching(question, passed, &mut allows);
        }
        self.conclude(&allows.facts, standing, applicable)
    }

    /// The verdict when no `Deny` matched.
    #[inline(always)]
    pub(super) fn conclude(&self, facts: &Facts<NodeId>, standing: &Standing, applicable: Places) -> Decision {
        let levels = self.given.service_control_levels;
        let required = Required {
            service_control_levels: if applicable.contains(Place::ServiceControl) { levels } else { 0 },
            endpoint: self.given.endpoint,
            boundary: self.given.boundary,
            session: self.given.session,
        };
        let (reason, node) = verdict(facts, &required, standing);
        Decision::new(reason, node.and_then(|node| self.allows.id(node)))
    }

    /// The same for [plain](super::plain) checks: an `Allow` of an identity-based policy is all it takes, unless a gate is
    /// closed whatever is allowed.
    pub(super) fn walk_plain<V: Values>(
        &self,
        question: &Question<'_, V>,
        passed: &Passed,
        gate: Option<Gate>,
    ) -> Decision {
        if let Some((place, node)) = self.first_deny(question, passed, self.denies.places) {
            return Decision::new(Reason::ExplicitDeny(place.check()), self.denies.id(node));
        }
        if let Some(gate) = gate {
            return Decision::new(Reason::ImplicitDeny(gate), None);
        }
        let mut allow = FirstAllow { tree: self, question };
        match self.resources.matching(question, passed, &mut allow) {
            ControlFlow::Break(node) => Decision::new(Reason::Allowed(Grant::Identity), self.allows.id(node)),
            ControlFlow::Continue(()) => Decision::new(Reason::ImplicitDeny(Gate::Principal), None),
        }
    }

    /// Inputs that cannot apply are errors (Rules E2, E6, E33).
    pub(super) fn check_applicable(&self, head: &Head<'_>, values: &impl Values) -> Result<(), RequestError> {
        let given = &self.given;
        let principal = &head.principal;
        let inapplicable = |rule, message: &str| Err(RequestError::new(RequestErrorKind::Inapplicable, rule, message));
        if principal.kind() == PrincipalKind::Unnamed {
            return self.check_unnamed(values);
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
        match (given.resource, head.assumes_role()) {
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
    fn check_unnamed(&self, values: &impl Values) -> Result<(), RequestError> {
        let others = self.given.has_more_than_identity();
        let lacking = self.derived.iter().find(|slot| values.get(**slot).is_none());
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
    pub(super) fn applicable(&self, head: &Head<'_>, values: &impl Values) -> Places {
        let mut places = self.denies.places.union(self.allows.places);
        // A level without documents has no statement, and limits all the same.
        if self.given.service_control_levels > 0 {
            places = places.with(Place::ServiceControl);
        }
        if !places.contains(Place::ServiceControl) && !places.contains(Place::ResourceControl) {
            return places;
        }
        let service_linked = head.is_service_linked(values.single(PRINCIPAL_ARN));
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
    fn first_deny<V: Values>(
        &self,
        question: &Question<'_, V>,
        passed: &Passed,
        denying: Places,
    ) -> Option<(Place, NodeId)> {
        let places = self.denies.places.intersect(denying);
        let earliest = places.first()?;
        let mut walk = Denies { tree: self, question, places, earliest, best: None };
        let _ = self.resources.matching(question, passed, &mut walk);
        walk.best
    }

    /// Whether a statement covers the caller; those without principal do (Rule E8).
    #[inline]
    pub(super) fn covers(&self, node: &Node, effect: Effect, head: Option<&Head<'_>>, values: &impl Values) -> bool {
        match node.principals() {
            None => true,
            Some(index) => match (self.principals.get(index), head) {
                (Some(principals), Some(head)) => principals.covers(effect, self.given.boundary, head, values),
                // This cannot arise; a `Deny` then covers, an `Allow` does not.
                _ => effect == Effect::Deny,
            },
        }
    }

    /// Notes what an `Allow` gives whose actions and resources match; returns whether its place has nothing more to
    /// give.
    #[inline(always)]
    pub(super) fn allow(
        &self,
        facts: &mut Facts<NodeId>,
        entry: &Entry,
        head: Option<&Head<'_>>,
        values: &impl Values,
        conditions_hold: impl FnOnce() -> bool,
    ) -> bool {
        let Entry { place, statement: id, ref node, .. } = *entry;
        if place == Place::Resource {
            let principals = node.principals().and_then(|index| self.principals.get(index));
            let levels = match (principals, head) {
                (Some(principals), Some(head)) => principals.levels(head, values),
                _ => Levels::NONE,
            };
            if !levels.is_empty() && conditions_hold() {
                facts.note_grant(levels, id);
            }
            // No level is stronger, and none opens what this one does not.
            return facts.levels().contains(GrantLevel::Direct);
        }
        if !self.covers(node, Effect::Allow, head, values) || !conditions_hold() {
            return false;
        }
        match place {
            Place::Identity => facts.identity = facts.identity.or(Some(id)),
            Place::Boundary => facts.boundary = true,
            Place::Session => facts.session = true,
            Place::Endpoint => facts.endpoint = true,
            Place::ServiceControl => {
                let level = self.allows.id(id).map_or(u32::MAX, |id| u32::from(id.place.level));
                facts.service_control |= 1u64.checked_shl(level).unwrap_or(0);
                return facts.service_control.count_ones() == self.given.service_control_levels;
            }
            Place::ResourceControl | Place::Resource => {}
        }
        true
    }

    #[inline]
    fn conditions_hold<V: Values>(&self, branch: &Branch, node: &Node, question: &Question<'_, V>) -> bool {
        match node.conditions {
            0 => true,
            1 => self.condition_holds(node.first_condition, question),
            _ => branch.conditions_of(node).iter().all(|id| self.condition_holds(*id, question)),
        }
    }

    #[inline]
    fn condition_holds<V: Values>(&self, id: ConditionId, question: &Question<'_, V>) -> bool {
        if let Some(known) = question.known.get(id) {
            return known;
        }
        if !question.notes.remembers() || !self.switches.memo || !self.conditions.is_shared(id) {
            return self.conditions.holds(id, &self.arena, question.values);
        }
        question.notes.known(id).unwrap_or_else(|| {
            let holds = self.conditions.holds(id, &self.arena, question.values);
            question.notes.remember(id, holds);
            holds
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
    const EFFECT: Effect = Effect::Deny;

    #[inline]
    fn has_action(&self, actions: ActionSet) -> bool {
        self.question.class.contains(actions)
    }

    #[inline]
    fn wants(&self, place: Place) -> bool {
        self.places.contains(place) && (self.best.is_none_or(|(best, _)| place < best) || !self.tree.switches.early_end)
    }

    fn value(&self, slot: Slot) -> Option<&str> {
        self.question.values.single(slot)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<()> {
        let node = &entry.node;
        if self.best.is_none_or(|(best, _)| entry.place < best)
            && self.tree.covers(node, Effect::Deny, self.question.head, self.question.values)
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

/// The walk over the allows where the first that matches decides.
struct FirstAllow<'w, V> {
    tree: &'w Tree,
    question: &'w Question<'w, V>,
}

impl<V: Values> Visitor<NodeId> for FirstAllow<'_, V> {
    const EFFECT: Effect = Effect::Allow;

    #[inline]
    fn has_action(&self, actions: ActionSet) -> bool {
        self.question.class.contains(actions)
    }

    #[inline]
    fn wants(&self, _: Place) -> bool {
        true
    }

    fn value(&self, slot: Slot) -> Option<&str> {
        self.question.values.single(slot)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<NodeId> {
        if self.tree.conditions_hold(&self.tree.allows, &entry.node, self.question) {
            ControlFlow::Break(entry.statement)
        } else {
            ControlFlow::Continue(())
        }
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
    const EFFECT: Effect = Effect::Allow;

    #[inline]
    fn has_action(&self, actions: ActionSet) -> bool {
        self.question.class.contains(actions)
    }

    #[inline]
    fn wants(&self, place: Place) -> bool {
        self.open.contains(place)
    }

    fn value(&self, slot: Slot) -> Option<&str> {
        self.question.values.single(slot)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<()> {
        let (tree, question) = (self.tree, self.question);
        let holds = || tree.conditions_hold(&tree.allows, &entry.node, question);
        if tree.allow(&mut self.facts, entry, question.head, question.values, holds) && tree.switches.early_end {
            self.open = self.open.without(entry.place);
            if self.open.is_empty() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
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
