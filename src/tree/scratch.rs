//! Working memory of a thread, kept between requests so that deciding allocates nothing.
//!
//! Nothing is cleared between requests: whatever is noted is stamped with the number of the request, its *epoch*,
//! and counts only under the same number. So a request pays for what it touches, not for the size of the tree.

use std::cell::Cell;

use super::condition::ConditionId;
use super::slots::Found;

/// What one decision writes to.
#[derive(Default)]
pub(super) struct Scratch {
    epoch: Epoch,
    found: Vec<Cell<Found>>,
    class: Vec<u64>,
    memo: Vec<Cell<u32>>,
    seen: Vec<Cell<u32>>,
}

/// How much room a tree needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub slots: usize,
    /// Words of a class of actions.
    pub words: usize,
    /// Conditions that are remembered.
    pub conditions: usize,
    /// Lists of entries that several places of a text can lead to.
    pub lists: usize,
}

impl Room {
    /// Whether a walk has anything to note.
    #[inline]
    pub(super) fn asks_for_notes(self) -> bool {
        self.conditions > 0 || self.lists > 0
    }
}

/// The parts of the scratch that one request uses.
pub(super) struct Sheet<'s> {
    pub epoch: &'s Epoch,
    pub found: &'s [Cell<Found>],
    /// Room for the class of an action.
    pub class: &'s mut [u64],
    pub notes: Notes<'s>,
}

/// What a walk notes while it goes on.
#[derive(Clone, Copy)]
pub(super) struct Notes<'s> {
    memo_epoch: u32,
    memo: &'s [Cell<u32>],
    seen_epoch: u32,
    seen: &'s [Cell<u32>],
}

/// Counts requests.
#[derive(Debug, Default)]
pub(super) struct Epoch(Cell<u32>);

impl Epoch {
    pub(super) fn number(&self) -> u32 {
        self.0.get()
    }

    fn next(&self) -> u32 {
        self.0.set(self.0.get().wrapping_add(1));
        self.0.get()
    }
}

impl<'s> Notes<'s> {
    /// No room for any.
    pub(super) const NONE: Notes<'static> = Notes { memo_epoch: 1, memo: &[], seen_epoch: 1, seen: &[] };

    /// Whether there is room for results of conditions.
    #[inline]
    pub(super) fn remembers(&self) -> bool {
        !self.memo.is_empty()
    }

    /// The notes of the same request about another resource.
    pub(super) fn for_another_text(self, epoch: &Epoch) -> Self {
        // Where nothing is noted there is nothing to forget.
        if self.seen.is_empty() { self } else { Notes { seen_epoch: epoch.next(), ..self } }
    }

    /// The notes of another request.
    pub(super) fn for_another_request(self, epoch: &Epoch) -> Self {
        if self.seen.is_empty() && self.memo.is_empty() {
            return self;
        }
        let next = epoch.next();
        Notes { seen_epoch: next, memo_epoch: next, ..self }
    }
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A tree that asks for no more is served from the stack.
const SMALL: Room = Room { slots: 16, words: 2, conditions: 0, lists: 0 };

/// Runs `work` with the thread's scratch, or with a new one on its first request.
#[inline]
pub(super) fn with_scratch<R>(room: Room, work: impl FnOnce(Sheet<'_>) -> R) -> R {
    if room.slots <= SMALL.slots && room.words <= SMALL.words && !room.asks_for_notes() {
        let found: [Cell<Found>; SMALL.slots] = Default::default();
        let mut class = [0; SMALL.words];
        let class = class.get_mut(..room.words).unwrap_or_default();
        let epoch = Epoch(Cell::new(1));
        return work(Sheet { epoch: &epoch, found: &found, class, notes: Notes::NONE });
    }
    // A thread that is ending has no scratch any more; the request then pays for its own.
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(scratch.sheet(room));
    let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    result
}

/// The same for work that knows its values and the class of its action already.
#[inline]
pub(super) fn with_notes<R>(room: Room, work: impl FnOnce(Notes<'_>) -> R) -> R {
    if room.asks_for_notes() { with_scratch(room, |sheet| work(sheet.notes)) } else { work(Notes::NONE) }
}

/// An epoch and a truth value share 32 bits. A batch counts on, so that the numbers begin anew long before they end.
const LAST_EPOCH: u32 = u32::MAX >> 2;

/// A batch of more resources is decided in parts.
pub(super) const MOST_AT_ONCE: usize = 1 << 20;

impl Scratch {
    fn sheet(&mut self, room: Room) -> Sheet<'_> {
        if self.epoch.number() >= LAST_EPOCH {
            // The numbers begin anew; old stamps must not be taken for new ones.
            *self = Scratch::default();
        }
        let number = self.epoch.next();
        grow(&mut self.found, room.slots);
        grow(&mut self.memo, room.conditions);
        grow(&mut self.seen, room.lists);
        if self.class.len() < room.words {
            self.class.resize(room.words, 0);
        }
        let notes = Notes { memo_epoch: number, memo: &self.memo, seen_epoch: number, seen: &self.seen };
        let class = self.class.get_mut(..room.words).unwrap_or_default();
        Sheet { epoch: &self.epoch, found: &self.found, class, notes }
    }
}

/// Scratch serves trees of different sizes: it is as large as the largest asks.
fn grow<T: Default>(cells: &mut Vec<Cell<T>>, wanted: usize) {
    if cells.len() < wanted {
        cells.resize_with(wanted, Cell::default);
    }
}

impl Notes<'_> {
    /// What is known of a condition in this request.
    pub(super) fn known(&self, id: ConditionId) -> Option<bool> {
        let noted = self.memo.get(id.0 as usize)?.get();
        (noted >> 1 == self.memo_epoch).then_some(noted & 1 == 1)
    }

    pub(super) fn remember(&self, id: ConditionId, holds: bool) {
        if let Some(memo) = self.memo.get(id.0 as usize) {
            memo.set(self.memo_epoch << 1 | u32::from(holds));
        }
    }

    /// Whether this is the first time that the request comes by a list.
    pub(super) fn is_new(&self, list: usize) -> bool {
        self.seen.get(list).is_none_or(|seen| seen.replace(self.seen_epoch) != self.seen_epoch)
    }
}
