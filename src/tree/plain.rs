//! The everyday check of a service: a bound session, an ordinary action, a resource of the usual heading, and identity
//! policies alone.
//!
//! It takes what handles and session know beforehand. Whatever is not so is left to the longer ways.

use super::Tree;
use super::bound::{BoundSession, Checked, FEW_KEYS, KnownConditions};
use super::handle::{ActionHandle, KeyBits, KeyHandle};
use super::ordinary::Ordinary;
use super::question::Question;
use super::scratch::with_notes;
use crate::decision::{Decision, Gate, Grant, Reason};
use crate::document::Effect;
use crate::request::{ContextValue, Head, PrincipalKind, RequestResource};

impl Tree {
    /// Whether a verdict on an ordinary request of a kind of caller asks for an `Allow` of an identity-based policy and
    /// nothing else, unless a [gate](super::verdict::Standing::closed_gate) is closed.
    pub(super) fn is_plain(&self, kind: PrincipalKind) -> bool {
        self.switches.plain
            && !self.given.has_more_than_identity()
            // Each check derives it.
            && self.resource_account.is_none()
            && matches!(kind, PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Session)
    }
}

/// For which headings the checks of a session are plain, and which of them its account or partition closes: the bits of
/// the headings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlainHeadings {
    plain: u16,
    of_another_partition: u16,
    of_another_account: u16,
}

impl PlainHeadings {
    /// `head` is an ordinary request of the caller.
    pub(super) fn of(tree: &Tree, ordinary: &Ordinary, head: &Head<'_>) -> Self {
        let mut headings = PlainHeadings::default();
        let Some(caller) = head.principal.text().filter(|_| tree.is_plain(ordinary.kind())) else { return headings };
        for heading in tree.resources.headings().iter() {
            // Of KMS only keys are strict, and a resource of another account than the request says is a mistake.
            let arn = heading.arn();
            let standing = ordinary.standing(caller, head.named_account(), &RequestResource::Arn(arn));
            let Some((standing, _)) = standing.filter(|_| !arn.is_of("kms")) else { continue };
            let (gate, bit) = (standing.closed_gate(), heading.bit);
            headings.plain |= bit;
            headings.of_another_partition |= if gate == Some(Gate::Partition) { bit } else { 0 };
            headings.of_another_account |= if gate == Some(Gate::Resource) { bit } else { 0 };
        }
        headings
    }

    /// What denies whatever is allowed (Rules E7, E28).
    #[inline(always)]
    fn gate(self, bit: u16) -> Option<Gate> {
        if self.of_another_partition & bit != 0 {
            Some(Gate::Partition)
        } else if self.of_another_account & bit != 0 {
            Some(Gate::Resource)
        } else {
            None
        }
    }
}

impl BoundSession {
    /// As [`BoundSession::decide`]; `None` if the check is not one of these.
    #[inline(always)]
    pub(super) fn decide_plain(
        &self,
        action: &ActionHandle,
        resource: &str,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Option<Decision> {
        let ordinary = self.ordinary.as_ref()?;
        let heading = action.heading.as_ref()?;
        if ordinary.plain.plain & heading.bit == 0
            || !action.is_ordinary
            || self.is_unusual(action, keys)
            || !heading.begins(resource)
        {
            return None;
        }
        let values = Checked { bound: self, added: keys, account: None };
        let Some(steps) = &action.few else {
            return Some(self.walk_plain(action, resource, ordinary.plain.gate(heading.bit), &values));
        };
        let known = KnownConditions(&self.known);
        let tree = &*self.tree;
        // Those that deny come first, so that the first that matches decides.
        for step in steps {
            let entry = &step.entry;
            if tree.resources.step_fits(step, Some(resource), &tree.arena, &values)
                && tree.all_hold(entry.effect, &entry.node, known, &values)
            {
                let reason = match entry.effect {
                    Effect::Deny => Reason::ExplicitDeny(entry.place.check()),
                    Effect::Allow if ordinary.plain.gate(heading.bit).is_some() => break,
                    Effect::Allow => Reason::Allowed(Grant::Identity),
                };
                return Some(Decision::new(reason, tree.branch(entry.effect).id(entry.statement)));
            }
        }
        let gate = ordinary.plain.gate(heading.bit).unwrap_or(Gate::Principal);
        Some(Decision::new(Reason::ImplicitDeny(gate), None))
    }

    /// The same over the index.
    #[inline(never)]
    fn walk_plain(&self, action: &ActionHandle, resource: &str, gate: Option<Gate>, values: &Checked<'_>) -> Decision {
        let (tree, known) = (&*self.tree, KnownConditions(&self.known));
        with_notes(tree.room, |notes| {
            let (text, arena, class) = (Some(resource), &tree.arena, action.class());
            let question = Question { text, head: None, arena, values, class, notes, known };
            let passed = match &action.start {
                Some(start) => tree.resources.pass_from(start, resource),
                None => tree.resources.pass(text),
            };
            tree.walk_plain(&question, &passed, gate)
        })
    }

    /// Whether handles or keys ask for a closer look: whatever [`BoundSession::check`] refuses or sends another way does.
    #[inline(always)]
    fn is_unusual(&self, action: &ActionHandle, keys: &[(&KeyHandle, ContextValue<'_>)]) -> bool {
        let serial = self.tree.serial;
        let mut given = self.key_bits;
        given.add(KeyBits::ENTANGLED);
        // Bits are gathered, not branched on: a key more or less is hard to foresee.
        let mut unusual = action.serial ^ serial;
        let mut is_too_long = keys.len() > FEW_KEYS;
        for (key, value) in keys {
            unusual |= key.serial ^ serial | given.shared(key.bits);
            is_too_long |= value.is_too_long();
            given.add(key.bits);
        }
        unusual != 0 || is_too_long
    }
}
