//! Statements found by the action alone: the short way for actions that few statements name.
//!
//! Where an action has few candidates, testing each of them costs less than walking the resource index. They stand
//! here by set of actions, each with all that is tested of it; the sets of an action that is looked up are put
//! together once. What many statements share is left to the index.

use super::action::ActionSet;
use super::entry::Entry;
use super::pattern::Text;
use crate::document::Effect;

/// An action with more candidates, patterns counted one by one, takes the way over the index.
const FEW: usize = 12;

/// A candidate: a statement with one of its patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The literal beginning of the pattern; what is left to test behind it stands in the entry.
    pub beginning: Text,
    pub entry: Entry,
}

/// The candidates of an action, those of the earlier checks first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Few<'f> {
    pub denies: &'f [Step],
    pub allows: &'f [Step],
}

impl<'f> Few<'f> {
    /// Cuts what [`ByAction::of`] returned.
    pub(super) fn of(steps: &'f [Step]) -> Self {
        let (denies, allows) = steps.split_at(steps.partition_point(|step| step.entry.effect == Effect::Deny));
        Few { denies, allows }
    }
}

/// The candidates by set of actions, as far as a set has few.
#[derive(Debug, Default)]
pub(super) struct ByAction {
    steps: Box<[Step]>,
    /// By set, where its steps begin and end; `None` where there are many.
    ranges: Box<[Option<(u32, u32)>]>,
}

/// Collects candidates while a set of policies is compiled.
pub(super) struct ByActionBuilder {
    is_on: bool,
    steps: Vec<Step>,
    counts: Vec<usize>,
}

impl ByActionBuilder {
    pub(super) fn new(is_on: bool) -> Self {
        ByActionBuilder { is_on, steps: Vec::new(), counts: Vec::new() }
    }

    /// Counts a candidate; returns whether there are still few, so that it is to be [added](Self::add).
    pub(super) fn counts_one_more(&mut self, actions: ActionSet) -> bool {
        if self.counts.len() <= actions.index() {
            self.counts.resize(actions.index() + 1, 0);
        }
        let Some(count) = self.counts.get_mut(actions.index()) else { return false };
        *count += 1;
        self.is_on && *count <= FEW
    }

    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(super) fn finish(self) -> ByAction {
        let ByActionBuilder { is_on, mut steps, counts } = self;
        let has_few = |set: usize| is_on && counts.get(set).is_some_and(|count| *count <= FEW);
        steps.retain(|step| has_few(step.entry.actions.index()));
        steps.sort_by_key(|step| step.entry.actions);
        let start = |set| narrow(steps.partition_point(|step| step.entry.actions.index() < set));
        let ranges = (0..counts.len()).map(|set| has_few(set).then(|| (start(set), start(set + 1)))).collect();
        ByAction { ranges, steps: steps.into() }
    }
}

impl ByAction {
    /// The candidates of a class of actions, denies first; `None` if there are many.
    pub(super) fn of(&self, class: &[u64]) -> Option<Box<[Step]>> {
        let mut steps = Vec::new();
        for set in sets(class) {
            let (start, end) = (*self.ranges.get(set)?)?;
            steps.extend_from_slice(self.steps.get(start as usize..end as usize)?);
            if steps.len() > FEW {
                return None;
            }
        }
        steps.sort_by_key(|step| (step.entry.effect == Effect::Allow, step.entry.place));
        Some(steps.into())
    }

    /// How many candidates it holds.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.steps) + size_of_val(&*self.ranges)
    }
}

/// The sets of a class, lowest first.
fn sets(class: &[u64]) -> impl Iterator<Item = usize> {
    class.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
}

/// Offsets fit 32 bits: a set is at most as large as its texts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
