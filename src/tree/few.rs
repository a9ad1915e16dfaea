//! The short walk: the few candidates of an action, one by one.
//!
//! It is the whole decision of most small policies, so it is laid out to be inlined into its callers.

use super::Node;
use super::Tree;
use super::bound::KnownConditions;
use super::by_action::Few;
use super::condition::ConditionId;
use super::slots::Values;
use super::verdict::{Facts, Places, Standing};
use crate::decision::{Decision, Reason};
use crate::document::Effect;
use crate::request::Head;

/// What the short walk is asked.
pub(super) struct Short<'r, V> {
    /// The ARN; `None` for `*`, an action without resource.
    pub text: Option<&'r str>,
    /// Whom principals are compared with. Trees without principals do not ask for it.
    pub head: Option<&'r Head<'r>>,
    pub values: &'r V,
    /// Conditions that are known beforehand.
    pub known: KnownConditions<'r>,
}

impl Tree {
    /// As [`Tree::walk`].
    #[inline(always)]
    pub(super) fn walk_few<V: Values>(
        &self,
        few: Few<'_>,
        short: &Short<'_, V>,
        standing: &Standing,
        applicable: Places,
        denying: Places,
    ) -> Decision {
        // Those of earlier checks come first.
        for step in few.denies {
            let entry = &step.entry;
            if denying.contains(entry.place)
                && self.resources.step_fits(step, short.text, &self.arena, short.values)
                && self.covers(&entry.node, Effect::Deny, short.head, short.values)
                && self.all_hold(Effect::Deny, &entry.node, short.known, short.values)
            {
                return Decision::new(Reason::ExplicitDeny(entry.place.check()), self.denies.id(entry.statement));
            }
        }
        let mut open = self.allows.places.intersect(applicable);
        let mut facts = Facts::default();
        for step in few.allows {
            let entry = &step.entry;
            if !open.contains(entry.place) || !self.resources.step_fits(step, short.text, &self.arena, short.values) {
                continue;
            }
            let holds = || self.all_hold(Effect::Allow, &entry.node, short.known, short.values);
            if self.allow(&mut facts, entry, short.head, short.values, holds) && self.switches.early_end {
                open = open.without(entry.place);
                if open.is_empty() {
                    break;
                }
            }
        }
        self.conclude(&facts, standing, applicable)
    }

    #[inline(always)]
    pub(super) fn all_hold<V: Values>(
        &self,
        effect: Effect,
        node: &Node,
        known: KnownConditions<'_>,
        values: &V,
    ) -> bool {
        match node.conditions {
            0 => true,
            1 => self.one_holds(node.first_condition, known, values),
            _ => self.several_hold(effect, node, known, values),
        }
    }

    #[inline(never)]
    pub(super) fn several_hold<V: Values>(
        &self,
        effect: Effect,
        node: &Node,
        known: KnownConditions<'_>,
        values: &V,
    ) -> bool {
        self.branch(effect).conditions_of(node).iter().all(|id| self.one_holds(*id, known, values))
    }

    #[inline(always)]
    fn one_holds<V: Values>(&self, id: ConditionId, known: KnownConditions<'_>, values: &V) -> bool {
        match known.get(id) {
            Some(known) => known,
            None => self.conditions.holds(id, &self.arena, values),
        }
    }
}
