//! The walk: denies first, then allows, then the verdict.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::action::ActionClass;
use super::principal::Levels;
use super::scratch::{Known, Memo};
use super::slots::{PRINCIPAL_ARN, Values};
use super::verdict::{Facts, Place, Places, Required, verdict};
use super::{Branch, Node, NodeId, Tree};
use crate::decision::{Decision, Grant, GrantLevel, Reason};
use crate::document::{Effect, PolicyKind};
use crate::request::{Head, PrincipalKind, RequestError, RequestErrorKind};

/// What is asked: a classified request with its values by slot and the class of its action.
#[derive(Clone, Copy)]
pub(super) struct Question<'r> {
    pub head: &'r Head<'r>,
    pub values: Values<'r>,
    pub class: &'r ActionClass,
}

const EVERY_LEVEL: [GrantLevel; 5] =
    [GrantLevel::Direct, GrantLevel::Everyone, GrantLevel::ViaRole, GrantLevel::ViaUser, GrantLevel::Account];

impl Tree {
    pub(super) fn answer(&self, question: &Question<'_>, memo: &mut Memo) -> Result<Decision, RequestError> {
        self.check_applicable(question)?;
        if needs_no_permission(question.head) {
            return Ok(Decision::new(Reason::Allowed(Grant::NoPermissionNeeded), None));
        }
        let applicable = self.applicable(question);
        if let Some((place, node)) = self.first_deny(question, applicable, memo) {
            let statement = self.denies.node(node).map(|node| node.id);
            return Ok(Decision::new(Reason::ExplicitDeny(place.check()), statement));
        }
        let facts = self.facts(question, applicable, memo);
        let levels = self.given.service_control_levels;
        let required = Required {
            service_control_levels: if applicable.contains(Place::ServiceControl) { levels } else { 0 },
            endpoint: self.given.endpoint,
            boundary: self.given.boundary,
            session: self.given.session,
        };
        let (reason, node) = verdict(&facts, &required, question.head);
        Ok(Decision::new(reason, node.and_then(|node| self.allows.node(node)).map(|node| node.id)))
    }

    /// Inputs that cannot apply are errors (Rules E2, E6, E33).
    fn check_applicable(&self, question: &Question<'_>) -> Result<(), RequestError> {
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
    fn check_unnamed(&self, question: &Question<'_>) -> Result<(), RequestError> {
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
    fn applicable(&self, question: &Question<'_>) -> Places {
        let head = question.head;
        let mut places = self.denies.places.union(self.allows.places);
        // A level without documents has no statement, and limits all the same.
        if self.given.service_control_levels > 0 {
            places = places.with(Place::ServiceControl);
        }
        let limited = places.contains(Place::ServiceControl) || places.contains(Place::ResourceControl);
        let service_linked = limited && head.is_service_linked(question.values.single(PRINCIPAL_ARN));
        use PrincipalKind::{FederatedUser, Role, Root, Session, User};
        if service_linked || !matches!(head.principal.kind(), Root | User | Session | Role | FederatedUser) {
            places = places.without(Place::ServiceControl);
        }
        if service_linked || head.action.is_one_of(&["kms:RetireGrant"]) || head.assumes_service_linked_role() {
            places = places.without(Place::ResourceControl);
        }
        places
    }

    /// A matching `Deny` of the first check that has one (Rule E10).
    fn first_deny(&self, question: &Question<'_>, applicable: Places, memo: &mut Memo) -> Option<(Place, NodeId)> {
        let mut places = self.denies.places.intersect(applicable);
        if disregards_bucket_denies(question.head) {
            places = places.without(Place::Resource);
        }
        let earliest = places.first()?;
        let best: Cell<Option<(Place, NodeId)>> = Cell::new(None);
        let wanted = |id: NodeId| {
            self.denies.node(id).is_some_and(|node| {
                let is_earlier = best.get().is_none_or(|(place, _)| node.place < place);
                places.contains(node.place)
                    && (is_earlier || !self.switches.early_end)
                    && question.class.contains(node.actions)
            })
        };
        let visit = |id: NodeId| {
            let Some(node) = self.denies.node(id) else { return ControlFlow::Continue(()) };
            let is_earlier = best.get().is_none_or(|(place, _)| node.place < place);
            if is_earlier
                && self.covers(node, Effect::Deny, question)
                && self.conditions_hold(&self.denies, node, question, memo)
            {
                best.set(Some((node.place, id)));
                if node.place == earliest && self.switches.early_end {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        let _ = self.denies.resources.matching(&question.head.resource, &self.arena, &question.values, wanted, visit);
        best.get()
    }

    /// What the matching `Allow` statements give.
    fn facts(&self, question: &Question<'_>, applicable: Places, memo: &mut Memo) -> Facts<NodeId> {
        let mut facts = Facts::default();
        // Places where a further `Allow` could still change anything.
        let open = Cell::new(self.allows.places.intersect(applicable));
        let wanted = |id: NodeId| {
            self.allows
                .node(id)
                .is_some_and(|node| open.get().contains(node.place) && question.class.contains(node.actions))
        };
        let visit = |id: NodeId| {
            if let Some(node) = self.allows.node(id)
                && self.allow(id, node, question, &mut facts, memo)
                && self.switches.early_end
            {
                open.set(open.get().without(node.place));
                if open.get().is_empty() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        if !open.get().is_empty() {
            let _ =
                self.allows.resources.matching(&question.head.resource, &self.arena, &question.values, wanted, visit);
        }
        facts
    }

    /// Notes what one `Allow` gives; returns whether its place has nothing more to give.
    fn allow(
        &self,
        id: NodeId,
        node: &Node,
        question: &Question<'_>,
        facts: &mut Facts<NodeId>,
        memo: &mut Memo,
    ) -> bool {
        if node.place == Place::Resource {
            let levels = self.levels(node, question);
            if !levels.is_empty() && self.conditions_hold(&self.allows, node, question, memo) {
                for level in EVERY_LEVEL.into_iter().filter(|level| levels.contains(*level)) {
                    if let Some(grant) = facts.grants.get_mut(level as usize) {
                        grant.get_or_insert(id);
                    }
                }
            }
            // No level is stronger, and none opens what this one does not.
            return facts.levels().contains(GrantLevel::Direct);
        }
        if !self.covers(node, Effect::Allow, question) || !self.conditions_hold(&self.allows, node, question, memo) {
            return false;
        }
        match node.place {
            Place::Identity => facts.identity = facts.identity.or(Some(id)),
            Place::Boundary => facts.boundary = true,
            Place::Session => facts.session = true,
            Place::Endpoint => facts.endpoint = true,
            Place::ServiceControl => {
                facts.service_control |= 1u64.checked_shl(u32::from(node.id.place.level)).unwrap_or(0);
                return facts.service_control.count_ones() == self.given.service_control_levels;
            }
            Place::ResourceControl | Place::Resource => {}
        }
        true
    }

    fn levels(&self, node: &Node, question: &Question<'_>) -> Levels {
        let principals = node.principals.and_then(|index| self.principals.get(index as usize));
        principals.map_or(Levels::NONE, |principals| principals.levels(question.head, &question.values))
    }

    /// Whether a statement covers the caller; those without principal do (Rule E8).
    fn covers(&self, node: &Node, effect: Effect, question: &Question<'_>) -> bool {
        match node.principals {
            None => true,
            // An unknown index cannot arise; a `Deny` then covers, an `Allow` does not.
            Some(index) => self.principals.get(index as usize).map_or(effect == Effect::Deny, |principals| {
                principals.covers(effect, self.given.boundary, question.head, &question.values)
            }),
        }
    }

    fn conditions_hold(&self, branch: &Branch, node: &Node, question: &Question<'_>, memo: &mut Memo) -> bool {
        let range = node.conditions.start as usize..node.conditions.end as usize;
        branch.conditions.get(range).unwrap_or_default().iter().all(|&id| {
            match memo.get(id) {
                Known::True if self.switches.memo => return true,
                Known::False if self.switches.memo => return false,
                _ => {}
            }
            let holds = self.conditions.holds(id, &self.arena, &question.values);
            memo.set(id, holds);
            holds
        })
    }
}

impl Branch {
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.statements.get(id.0 as usize)
    }
}

/// Rule E35.
fn needs_no_permission(head: &Head<'_>) -> bool {
    let kind = head.principal.kind();
    let is_signed = kind != PrincipalKind::Anonymous;
    let is_user = matches!(kind, PrincipalKind::User | PrincipalKind::Root);
    (is_signed && head.action.is_one_of(&["sts:GetCallerIdentity"]))
        || (is_user && head.action.is_one_of(&["sts:GetSessionToken"]))
}

/// Rule E26.
fn disregards_bucket_denies(head: &Head<'_>) -> bool {
    head.principal.kind() == PrincipalKind::Root
        && head.is_same_account()
        && head.action.is_one_of(&["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
}
