//! Statements that hang at one place of the resource index, in the order in which a walk looks at them.
//!
//! A short list is a *chain*: one entry behind the other, the last one marked. Entries of a long list are sorted
//! into *groups* of the same actions and the same place among the policies, so that one test leaves out a whole
//! group. In a large group those whose conditions ask for one value of one key are found by the *value* that the
//! request gives it. And the patterns that hold some literal text are found by it: their *needles* are in a radix tree
//! that is searched at every position of the resource.
//!
//! An entry carries all that a walk asks of its statement: what stands elsewhere costs a line of the cache.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use super::action::ActionSet;
use super::needle::Needles;
use super::pattern::{Arena, Program, Text};
use super::prefix::{Fold, PrefixTree};
use super::resource::Owner;
use super::scratch::Notes;
use super::slots::Slot;
use super::verdict::Place;
use super::{Node, NodeId, Switches};
use crate::document::Effect;

/// A statement at a place of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub statement: NodeId,
    pub node: Node,
    pub actions: ActionSet,
    pub test: Test,
    pub effect: Effect,
    pub place: Place,
    is_last: bool,
}

/// What is left to test behind the literal beginning of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Test {
    pub kind: TestKind,
    /// What the kind runs.
    pub program: Program,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum TestKind {
    /// Nothing: the text must end here.
    Ends,
    /// Nothing: there is no pattern.
    Every,
    /// Nothing: the pattern goes on with `*` alone.
    Any,
    /// The program against the rest of the text.
    Rest,
    /// The same for a [straight](super::pattern::is_straight) program.
    Straight,
    /// The whole text, field by field: six programs that the start of `program` numbers.
    Fields,
    /// That none of several patterns matches: the start of `program` numbers them.
    Complement,
}

impl Entry {
    pub(super) fn new(owner: Owner, test: Test) -> Self {
        let Owner { statement, node, actions, place, effect } = owner;
        Entry { statement, node, actions, test, effect, place, is_last: false }
    }
}

/// A group of entries with the same effect, actions and place.
#[derive(Debug, Clone, Copy)]
struct Group {
    actions: ActionSet,
    effect: Effect,
    place: Place,
    is_last: bool,
    shelf: Shelf,
    /// Index of the entries found by the value of a key.
    valued: Link,
}

/// Entries of one group, or of those that demand one value.
#[derive(Debug, Clone, Copy)]
struct Shelf {
    /// Where the chain of the entries without needle begins.
    chain: Link,
    /// Index of the needles.
    needles: Link,
}

/// Entries that match only a request with one of some values of one key.
#[derive(Debug)]
struct Valued {
    slot: Slot,
    /// By the whole value, the number of a shelf.
    shelves: PrefixTree,
}

/// What a request must give for an entry to match, as far as it is told from others by it.
pub(super) trait Demands {
    /// The longest literal text that a resource must hold.
    fn needle(&self, entry: &Entry) -> Option<Text>;

    /// A key whose only value must be one of a few texts.
    fn values(&self, entry: &Entry) -> Option<(Slot, Vec<Text>)>;
}

/// An index, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link(u32);

impl Link {
    const NONE: Link = Link(u32::MAX);

    fn index(self) -> Option<usize> {
        (self != Link::NONE).then_some(self.0 as usize)
    }
}

/// A list of entries: where its chain or its groups begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List(pub u32);

/// The index of its first group, not of its first entry.
const GROUPED: u32 = 1 << 31;

/// It holds entries that deny, or that allow: a walk for the others passes it over.
const DENIES: u32 = 1 << 30;
const ALLOWS: u32 = 1 << 29;

/// What remains of the number.
const INDEX: u32 = ALLOWS - 1;

impl List {
    pub(super) const EMPTY: List = List(INDEX);

    /// Whether it holds entries of an effect.
    #[inline]
    pub(super) fn has(self, effect: Effect) -> bool {
        match effect {
            Effect::Deny => self.0 & DENIES != 0,
            Effect::Allow => self.0 & ALLOWS != 0,
        }
    }

    fn index(self) -> usize {
        (self.0 & INDEX) as usize
    }
}

/// All lists of one index.
#[derive(Debug, Default)]
pub(super) struct Lists {
    entries: Box<[Entry]>,
    groups: Box<[Group]>,
    needles: Box<[Needles]>,
    valued: Box<[Valued]>,
    /// Of what is found by a value.
    shelves: Box<[Shelf]>,
}

/// A list of at most so many entries is a chain.
const CHAIN: usize = 4;

/// A group of more entries is searched by values and needles.
const SEARCHED: usize = 8;

/// Entries that demand values of a key are found by them if they take at most so many places each, on average.
const MOST_PLACES: usize = 2;

pub(super) struct ListsBuilder {
    switches: Switches,
    entries: Vec<Entry>,
    groups: Vec<Group>,
    needles: Vec<Needles>,
    valued: Vec<Valued>,
    shelves: Vec<Shelf>,
}

impl ListsBuilder {
    pub(super) fn new(switches: Switches) -> Self {
        ListsBuilder {
            switches,
            entries: Vec::new(),
            groups: Vec::new(),
            needles: Vec::new(),
            valued: Vec::new(),
            shelves: Vec::new(),
        }
    }

    /// Adds a list.
    pub(super) fn add(&mut self, entries: Vec<Entry>, arena: &Arena, demands: &impl Demands) -> List {
        let mut effects = 0;
        for entry in &entries {
            effects |= if entry.effect == Effect::Deny { DENIES } else { ALLOWS };
        }
        if entries.len() <= CHAIN || !self.switches.groups {
            return List(self.chain(entries).0.min(INDEX) | effects);
        }
        let mut groups: BTreeMap<(bool, Place, ActionSet), Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            groups.entry((entry.effect == Effect::Allow, entry.place, entry.actions)).or_default().push(entry);
        }
        let mut made = Vec::new();
        for ((allows, place, actions), entries) in groups {
            let effect = if allows { Effect::Allow } else { Effect::Deny };
            let (entries, valued) = self.split_by_value(entries, arena, demands);
            let shelf = self.shelve(entries, arena, demands);
            made.push(Group { actions, effect, place, is_last: false, shelf, valued });
        }
        if let Some(last) = made.last_mut() {
            last.is_last = true;
        }
        let list = List(GROUPED | effects | narrow(self.groups.len()).min(INDEX));
        self.groups.extend(made);
        list
    }

    /// Takes out of a group what is found by the value of the key that most of its entries ask for.
    fn split_by_value(&mut self, entries: Vec<Entry>, arena: &Arena, demands: &impl Demands) -> (Vec<Entry>, Link) {
        if entries.len() <= SEARCHED || !self.switches.values {
            return (entries, Link::NONE);
        }
        let demanded: Vec<Option<(Slot, Vec<Text>)>> = entries.iter().map(|entry| demands.values(entry)).collect();
        // For each key, how many entries demand a value of it, and how many places they take together.
        let mut counts = BTreeMap::<Slot, (usize, usize)>::new();
        for (slot, values) in demanded.iter().flatten() {
            let (count, places) = counts.entry(*slot).or_default();
            *count += 1;
            *places += values.len();
        }
        counts.retain(|_, (count, places)| *count > SEARCHED && *places <= MOST_PLACES * *count);
        let Some((slot, _)) = counts.into_iter().max_by_key(|(_, (count, _))| *count) else {
            return (entries, Link::NONE);
        };
        let (mut by_value, mut others) = (BTreeMap::<&str, Vec<Entry>>::new(), Vec::new());
        for (entry, demanded) in entries.into_iter().zip(demanded) {
            match demanded {
                Some((key, mut values)) if key == slot => {
                    // An entry is found once, however often its policy repeats a value.
                    values.sort_unstable_by_key(|text| arena.str(*text));
                    values.dedup_by_key(|text| arena.str(*text));
                    for value in values {
                        by_value.entry(arena.str(value)).or_default().push(entry);
                    }
                }
                _ => others.push(entry),
            }
        }
        let mut shelves = Vec::new();
        for (value, entries) in by_value {
            let shelf = self.shelve(entries, arena, demands);
            shelves.push((value, narrow(self.shelves.len())));
            self.shelves.push(shelf);
        }
        let valued = Link(narrow(self.valued.len()));
        self.valued.push(Valued { slot, shelves: PrefixTree::build(shelves) });
        (others, valued)
    }

    /// Tells what has a needle from what has none.
    fn shelve(&mut self, entries: Vec<Entry>, arena: &Arena, demands: &impl Demands) -> Shelf {
        if entries.len() <= SEARCHED || !self.switches.needles {
            return Shelf { chain: self.chain(entries), needles: Link::NONE };
        }
        let (mut by_needle, mut others) = (BTreeMap::<&str, Vec<Entry>>::new(), Vec::new());
        for entry in entries {
            match demands.needle(&entry) {
                Some(text) => by_needle.entry(arena.str(text)).or_default().push(entry),
                None => others.push(entry),
            }
        }
        if by_needle.len() <= 1 {
            others.extend(by_needle.into_values().flatten());
            return Shelf { chain: self.chain(others), needles: Link::NONE };
        }
        let chain = self.chain(others);
        let lists: Vec<(&str, u32)> =
            by_needle.into_iter().map(|(needle, entries)| (needle, self.chain(entries).0)).collect();
        let needles = Link(narrow(self.needles.len()));
        self.needles.push(Needles::build(lists));
        Shelf { chain, needles }
    }

    fn chain(&mut self, mut entries: Vec<Entry>) -> Link {
        let Some(last) = entries.last_mut() else { return Link::NONE };
        last.is_last = true;
        let start = narrow(self.entries.len());
        self.entries.extend(entries);
        Link(start)
    }

    pub(super) fn finish(self) -> Lists {
        Lists {
            entries: self.entries.into(),
            groups: self.groups.into(),
            needles: self.needles.into(),
            valued: self.valued.into(),
            shelves: self.shelves.into(),
        }
    }
}

/// What a walk asks for and what it does with an entry that fits.
pub(super) trait Visitor<B> {
    /// Of which effect entries are looked at.
    const EFFECT: Effect;

    /// Whether a set of actions holds the one that is asked for.
    fn has_action(&self, actions: ActionSet) -> bool;

    /// Whether entries in this place are worth a look.
    fn wants(&self, place: Place) -> bool;

    /// The value of a key, if it is single.
    fn value(&self, slot: Slot) -> Option<&str>;

    /// Looks at an entry that is wanted.
    fn visit(&mut self, entry: &Entry) -> ControlFlow<B>;
}

/// The effect that a visitor looks at.
#[inline(always)]
fn effect_of<B, V: Visitor<B>>(_: &V) -> Effect {
    V::EFFECT
}

impl Lists {
    /// Shows a list to a visitor. `text` is what needles are searched in.
    #[inline]
    pub(super) fn walk<B>(
        &self,
        list: List,
        text: &str,
        notes: Notes<'_>,
        visitor: &mut impl Visitor<B>,
    ) -> ControlFlow<B> {
        if !list.has(effect_of(visitor)) {
            return ControlFlow::Continue(());
        }
        if list.0 & GROUPED == 0 {
            return self.walk_chain(list.index(), visitor);
        }
        for group in self.groups.get(list.index()..).unwrap_or_default() {
            if group.effect == effect_of(visitor) && visitor.has_action(group.actions) && visitor.wants(group.place) {
                self.walk_shelf(group.shelf, text, notes, visitor)?;
                if let Some(valued) = group.valued.index().and_then(|index| self.valued.get(index))
                    && let Some(shelf) = self.shelf_of(valued, visitor)
                {
                    self.walk_shelf(shelf, text, notes, visitor)?;
                }
            }
            if group.is_last {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn walk_chain<B>(&self, start: usize, visitor: &mut impl Visitor<B>) -> ControlFlow<B> {
        for entry in self.entries.get(start..).unwrap_or_default() {
            if entry.effect == effect_of(visitor) && visitor.has_action(entry.actions) && visitor.wants(entry.place) {
                visitor.visit(entry)?;
            }
            if entry.is_last {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn walk_shelf<B>(
        &self,
        shelf: Shelf,
        text: &str,
        notes: Notes<'_>,
        visitor: &mut impl Visitor<B>,
    ) -> ControlFlow<B> {
        if let Some(chain) = shelf.chain.index() {
            self.walk_chain(chain, visitor)?;
        }
        if let Some(needles) = shelf.needles.index().and_then(|index| self.needles.get(index)) {
            needles.walk(text, |chain| {
                // A needle may occur often; what failed once fails again.
                if notes.is_new(chain as usize) {
                    self.walk_chain(chain as usize, visitor)?;
                }
                ControlFlow::Continue(())
            })?;
        }
        ControlFlow::Continue(())
    }

    /// The entries that demand the value that is given, if any do.
    fn shelf_of<B>(&self, valued: &Valued, visitor: &impl Visitor<B>) -> Option<Shelf> {
        let value = visitor.value(valued.slot)?;
        let mut found = None;
        let _: ControlFlow<()> = valued.shelves.walk(value.as_bytes(), Fold::No, |depth, shelf| {
            found = (depth == value.len()).then_some(shelf);
            ControlFlow::Continue(())
        });
        self.shelves.get(found? as usize).copied()
    }

    /// The entries of a list, for printing.
    pub(super) fn all(&self, list: List) -> Vec<&Entry> {
        let chain = |start: usize| {
            let entries = self.entries.get(start..).unwrap_or_default();
            let length = entries.iter().position(|entry| entry.is_last).map_or(0, |last| last + 1);
            entries.iter().take(length)
        };
        if list.0 & GROUPED == 0 {
            return chain(list.index()).collect();
        }
        let groups = self.groups.get(list.index()..).unwrap_or_default();
        let length = groups.iter().position(|group| group.is_last).map_or(0, |last| last + 1);
        let of_shelf = |shelf: &Shelf| {
            let needles = shelf.needles.index().and_then(|index| self.needles.get(index));
            let chains = needles.into_iter().flat_map(Needles::values).map(|start| start as usize);
            shelf.chain.index().into_iter().chain(chains).flat_map(chain).collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        for group in groups.iter().take(length) {
            all.extend(of_shelf(&group.shelf));
            let valued = group.valued.index().and_then(|index| self.valued.get(index));
            let shelves = valued.into_iter().flat_map(|valued| valued.shelves.outline());
            let shelves = shelves.filter_map(|(.., shelf)| self.shelves.get(shelf? as usize));
            // An entry stands on a shelf for each value that it demands.
            let mut seen = HashSet::new();
            let entries = shelves.flat_map(of_shelf);
            all.extend(entries.filter(|entry| seen.insert((entry.statement.0, entry.test))));
        }
        all
    }

    /// How many lists several places of a text may lead to, counted by their first entries.
    pub(super) fn room(&self) -> usize {
        if self.needles.is_empty() { 0 } else { self.entries.len() }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.entries.len() * size_of::<Entry>()
            + self.groups.len() * size_of::<Group>()
            + self.needles.iter().map(|needles| needles.heap_bytes() + size_of::<Needles>()).sum::<usize>()
            + self.valued.iter().map(|valued| valued.shelves.heap_bytes() + size_of::<Valued>()).sum::<usize>()
            + self.shelves.len() * size_of::<Shelf>()
    }
}

/// Offsets fit 32 bits: a set is at most as large as its texts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
