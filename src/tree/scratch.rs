//! Working memory of a thread, kept between requests so that deciding allocates nothing.

use std::cell::Cell;

use super::action::ActionClass;
use super::condition::ConditionId;
use super::slots::{ABSENT, Entries, Slot, Values};
use super::walk::Question;
use crate::request::Head;

/// What one decision writes to.
#[derive(Default)]
pub(super) struct Scratch {
    /// For each slot where its value stands, or [`ABSENT`].
    index: Vec<u32>,
    pub(super) class: ActionClass,
    memo: Memo,
}

/// Results of conditions within one request.
#[derive(Default)]
pub(super) struct Memo {
    states: Vec<Known>,
    /// Which states were set: resetting them costs what was used, not what there is.
    touched: Vec<ConditionId>,
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Known {
    #[default]
    Nothing,
    False,
    True,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Runs `work` with the thread's scratch, or with a new one on its first request.
pub(super) fn with_scratch<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
    // A thread that is ending has no scratch any more; the request then pays for its own.
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&mut scratch);
    let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    result
}

impl Scratch {
    /// Makes room for a tree and forgets the last request.
    pub(super) fn fit(&mut self, slots: usize, conditions: usize) {
        self.index.clear();
        self.index.resize(slots, ABSENT);
        for id in self.memo.touched.drain(..) {
            if let Some(state) = self.memo.states.get_mut(id.0 as usize) {
                *state = Known::Nothing;
            }
        }
        if self.memo.states.len() < conditions {
            self.memo.states.resize(conditions, Known::Nothing);
        }
    }

    pub(super) fn fill(&mut self, slot: Slot, index: u32) {
        if let Some(place) = self.index.get_mut(slot.0 as usize) {
            *place = index;
        }
    }

    pub(super) fn is_filled(&self, slot: Slot) -> bool {
        self.index.get(slot.0 as usize).is_some_and(|&index| index != ABSENT)
    }

    /// Takes over the indices of a bound session.
    pub(super) fn fill_all(&mut self, index: &[u32]) {
        self.index.clear();
        self.index.extend_from_slice(index);
    }

    /// Takes over results that a bound session knows.
    pub(super) fn remember(&mut self, known: &[(ConditionId, bool)]) {
        for (id, holds) in known {
            self.memo.set(*id, *holds);
        }
    }

    /// Splits into what a walk reads and what it writes.
    pub(super) fn question<'r>(&'r mut self, head: &'r Head<'r>, entries: Entries<'r>) -> (Question<'r>, &'r mut Memo) {
        (Question { head, values: Values { index: &self.index, entries }, class: &self.class }, &mut self.memo)
    }
}

impl Memo {
    pub(super) fn get(&self, id: ConditionId) -> Known {
        self.states.get(id.0 as usize).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, id: ConditionId, holds: bool) {
        if let Some(state) = self.states.get_mut(id.0 as usize) {
            *state = if holds { Known::True } else { Known::False };
            self.touched.push(id);
        }
    }
}
