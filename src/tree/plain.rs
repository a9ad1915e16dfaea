//! The everyday check of a service: a bound session, an ordinary action, a resource of the usual heading, and identity
//! policies alone.
//!
//! It takes what handles and session know beforehand. Whatever is not so is left to the longer ways. The candidates of
//! an action stand in its handle once more, with most of what is tested of them.

use super::Tree;
use super::bound::{BoundSession, Checked, FEW_KEYS, KnownConditions};
use super::by_action::Step;
use super::condition::Condition;
use super::entry::TestKind;
use super::handle::{ActionHandle, KeyBits, KeyHandle};
use super::heading::Heading;
use super::ordinary::Ordinary;
use super::pattern::Program;
use super::question::Question;
use super::scratch::with_notes;
use crate::decision::{Check, Decision, Gate, Grant, Reason};
use crate::document::{Effect, StatementId};
use crate::request::{ContextValue, Head, PrincipalKind, RequestResource};
use crate::source::bytes;

impl Tree {
    /// Whether a verdict on an ordinary request of a kind of caller asks for an `Allow` of an identity-based policy and
    /// nothing else, unless a [gate](super::verdict::Standing::closed_gate) is closed.
    pub(super) fn is_plain(&self, kind: PrincipalKind) -> bool {
        self.has_plain_checks() && matches!(kind, PrincipalKind::User | PrincipalKind::Role | PrincipalKind::Session)
    }

    /// Whether any verdict may ask for so little.
    pub(super) fn has_plain_checks(&self) -> bool {
        // Each check derives the account.
        self.switches.plain && !self.given.has_more_than_identity() && self.resource_account.is_none()
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

/// A candidate of an action as plain checks test it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlainStep {
    fit: Fit,
    /// What the pattern says literally behind the heading.
    behind: Box<[u8]>,
    /// The condition, if it is the only one.
    only: Option<Condition>,
    statement: Option<StatementId>,
    step: Step,
}

/// What is tested of a resource that begins with the heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Nothing.
    Always,
    /// Behind the heading stands the literal text and nothing else.
    Is,
    /// The literal text and anything.
    Begins,
    /// The literal text, and then what a [straight](super::pattern::is_straight) program matches.
    Straight(Program),
    /// All of it, as the longer ways do.
    Whole,
}

impl PlainStep {
    /// `None` for a pattern of nothing that begins with the heading.
    fn of(tree: &Tree, heading: &Heading, step: &Step) -> Option<Self> {
        let (text, beginning) = (heading.text().as_bytes(), tree.arena.bytes(step.beginning));
        let test = step.entry.test;
        let behind = beginning.strip_prefix(text);
        let fit = match (test.kind, behind) {
            (TestKind::Every, _) => Fit::Always,
            (TestKind::Complement, _) => Fit::Whole,
            (TestKind::Ends, Some(_)) => Fit::Is,
            (TestKind::Any, Some(_)) => Fit::Begins,
            (TestKind::Straight, Some(_)) => Fit::Straight(test.program),
            _ if begin_alike(text, beginning) => Fit::Whole,
            _ => return None,
        };
        let node = &step.entry.node;
        let only = tree.conditions.get(node.first_condition).filter(|_| node.conditions == 1).copied();
        let statement = tree.branch(step.entry.effect).id(step.entry.statement);
        Some(PlainStep { fit, behind: behind.unwrap_or_default().into(), only, statement, step: *step })
    }
}

/// Whether one of two texts begins with the other.
fn begin_alike(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Tree {
    /// The steps of an action for resources that begin with a heading, in the same order.
    pub(super) fn plain_steps(&self, heading: &Heading, steps: &[Step]) -> Box<[PlainStep]> {
        steps.iter().filter_map(|step| PlainStep::of(self, heading, step)).collect()
    }

    /// Out of line, so that what is rare takes no registers of what is not.
    #[inline(never)]
    fn fits_whole(&self, step: &Step, resource: &str, values: &Checked<'_>) -> bool {
        self.resources.step_fits(step, Some(resource), &self.arena, values)
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
        let Some(steps) = &action.plain else {
            return Some(self.walk_plain(action, resource, ordinary.plain.gate(heading.bit), &values));
        };
        let behind = resource.as_bytes().get(heading.text().len()..)?;
        let known = KnownConditions(&self.known);
        let tree = &*self.tree;
        // Those that deny come first, so that the first that matches decides.
        for PlainStep { fit, behind: literal, only, statement, step } in steps {
            let fits = match *fit {
                Fit::Always => true,
                Fit::Whole => tree.fits_whole(step, resource, &values),
                Fit::Is | Fit::Begins | Fit::Straight(_) => match behind.split_at_checked(literal.len()) {
                    Some((head, rest)) if bytes::same(head, literal) => match *fit {
                        Fit::Is => rest.is_empty(),
                        Fit::Straight(program) => tree.arena.matches_straight(program, rest, &values),
                        Fit::Always | Fit::Begins => true,
                        Fit::Whole => false,
                    },
                    _ => false,
                },
            };
            if !fits {
                continue;
            }
            let (node, effect) = (&step.entry.node, step.entry.effect);
            let holds = match only {
                Some(condition) => known
                    .get(node.first_condition)
                    .unwrap_or_else(|| tree.conditions.condition_holds(condition, &tree.arena, &values)),
                None => node.conditions == 0 || tree.several_hold(effect, node, known, &values),
            };
            if holds {
                let reason = match effect {
                    // All policies are the caller's.
                    Effect::Deny => Reason::ExplicitDeny(Check::Principal),
                    Effect::Allow if ordinary.plain.gate(heading.bit).is_some() => break,
                    Effect::Allow => Reason::Allowed(Grant::Identity),
                };
                return Some(Decision::new(reason, *statement));
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

    /// Whether [`BoundSession::check`] refuses handles or keys, or sends them another way.
    #[inline(always)]
    fn is_unusual(&self, action: &ActionHandle, keys: &[(&KeyHandle, ContextValue<'_>)]) -> bool {
        let serial = self.tree.serial;
        let mut given = self.key_bits;
        given.add(KeyBits::ENTANGLED);
        // Gathered, not branched on: a key more or less is hard to foresee.
        let mut unusual = action.serial ^ serial;
        let mut is_too_long = keys.len() > FEW_KEYS;
        for (key, value) in keys {
            unusual |= key.serial ^ serial | given.shared(key.bits);
            is_too_long |= value.is_too_long();
            given.add(key.bits);
        }
        // Keys that share a bit need not be the same.
        is_too_long || unusual != 0 && !matches!(self.check(action, keys), Ok(false))
    }
}
