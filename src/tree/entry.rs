//! Statements that hang at one place of the resource index, in the order in which a walk looks at them.
//!
//! A short list is a *chain*: one entry behind the other, the last one marked. Entries of a long list are sorted
//! into *groups* of the same actions and the same place among the policies, so that one test leaves out a whole
//! group. And in a large group the patterns that hold some literal text are found by it: their *needles* are in a
//! radix tree that is searched at every position of the resource.
//!
//! An entry carries all that a walk asks of its statement: what stands elsewhere costs a line of the cache.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::action::ActionSet;
use super::pattern::{Arena, Program, Text};
use super::prefix::{Fold, PrefixTree};
use super::resource::Owner;
use super::scratch::Notes;
use super::verdict::Place;
use super::{Node, NodeId, Switches};
use crate::document::Effect;
use crate::source::bytes;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    pub kind: TestKind,
    /// What the kind runs.
    pub program: Program,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestKind {
    /// Nothing: the text must end here.
    Ends,
    /// Nothing: there is no pattern.
    Every,
    /// Nothing: the pattern goes on with `*` alone.
    Any,
    /// The program against the rest of the text.
    Rest,
    /// The same for a program without wildcard before its last step, a `*`.
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
    /// Where the chain of the entries without needle begins.
    chain: Link,
    /// Index of the tree of needles.
    needles: Link,
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
    needles: Box<[PrefixTree]>,
}

/// A list of at most so many entries is a chain.
const CHAIN: usize = 4;

/// A group of more patterns with needles has a tree of them.
const NEEDLES: usize = 8;

pub(super) struct ListsBuilder {
    switches: Switches,
    entries: Vec<Entry>,
    groups: Vec<Group>,
    needles: Vec<PrefixTree>,
}

impl ListsBuilder {
    pub(super) fn new(switches: Switches) -> Self {
        ListsBuilder { switches, entries: Vec::new(), groups: Vec::new(), needles: Vec::new() }
    }

    /// Adds a list. `needle` says which text a resource must hold for an entry to fit.
    pub(super) fn add(&mut self, entries: Vec<Entry>, arena: &Arena, needle: impl Fn(&Entry) -> Option<Text>) -> List {
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
            let (chain, needles) = self.split(entries, arena, &needle);
            made.push(Group { actions, effect, place, is_last: false, chain, needles });
        }
        if let Some(last) = made.last_mut() {
            last.is_last = true;
        }
        let list = List(GROUPED | effects | narrow(self.groups.len()).min(INDEX));
        self.groups.extend(made);
        list
    }

    /// The chain of a group and its needles.
    fn split(&mut self, entries: Vec<Entry>, arena: &Arena, needle: impl Fn(&Entry) -> Option<Text>) -> (Link, Link) {
        if entries.len() <= NEEDLES || !self.switches.needles {
            return (self.chain(entries), Link::NONE);
        }
        let (mut by_needle, mut others) = (BTreeMap::<&str, Vec<Entry>>::new(), Vec::new());
        for entry in entries {
            match needle(&entry) {
                Some(text) => by_needle.entry(arena.str(text)).or_default().push(entry),
                None => others.push(entry),
            }
        }
        if by_needle.len() <= 1 {
            others.extend(by_needle.into_values().flatten());
            return (self.chain(others), Link::NONE);
        }
        let chain = self.chain(others);
        let lists: Vec<(&str, u32)> =
            by_needle.into_iter().map(|(needle, entries)| (needle, self.chain(entries).0)).collect();
        let needles = Link(narrow(self.needles.len()));
        self.needles.push(PrefixTree::build(lists));
        (chain, needles)
    }

    fn chain(&mut self, mut entries: Vec<Entry>) -> Link {
        let Some(last) = entries.last_mut() else { return Link::NONE };
        last.is_last = true;
        let start = narrow(self.entries.len());
        self.entries.extend(entries);
        Link(start)
    }

    pub(super) fn finish(self) -> Lists {
        Lists { entries: self.entries.into(), groups: self.groups.into(), needles: self.needles.into() }
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
                if let Some(chain) = group.chain.index() {
                    self.walk_chain(chain, visitor)?;
                }
                if let Some(needles) = group.needles.index().and_then(|index| self.needles.get(index)) {
                    self.walk_needles(needles, text, notes, visitor)?;
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

    fn walk_needles<B>(
        &self,
        needles: &PrefixTree,
        text: &str,
        notes: Notes<'_>,
        visitor: &mut impl Visitor<B>,
    ) -> ControlFlow<B> {
        let mut at = 0;
        while let Some(place) = next_of(needles.first_bytes(), text, at) {
            needles.walk(text.as_bytes().get(place..).unwrap_or_default(), Fold::No, |_, chain| {
                // A needle may occur often; what failed once fails again.
                if notes.is_new(chain as usize) {
                    self.walk_chain(chain as usize, visitor)?;
                }
                ControlFlow::Continue(())
            })?;
            at = place + 1;
        }
        ControlFlow::Continue(())
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
        let mut all = Vec::new();
        for group in groups.iter().take(length) {
            all.extend(group.chain.index().into_iter().flat_map(chain));
            let needles = group.needles.index().and_then(|index| self.needles.get(index));
            let lists = needles.into_iter().flat_map(PrefixTree::outline).filter_map(|(.., list)| list);
            all.extend(lists.flat_map(|list| chain(list as usize)));
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
            + self.needles.iter().map(|needles| needles.heap_bytes() + size_of::<PrefixTree>()).sum::<usize>()
    }
}

/// The first place at or behind `at` with one of the bytes.
fn next_of(first: &[u8], text: &str, at: usize) -> Option<usize> {
    let rest = text.as_bytes().get(at..)?;
    let place = match first {
        [byte] if *byte != 0 => bytes::find(rest, *byte),
        several => rest.iter().position(|byte| several.contains(byte)),
    };
    place.map(|place| at + place)
}

/// Offsets fit 32 bits: a set is at most as large as its texts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
