//! Statements that hang at one place of the resource index, in the order in which a walk looks at them.
//!
//! A short list is a *chain*: one entry behind the other, the last one marked. Entries of a long list are sorted
//! into *groups* of the same actions and the same place among the policies, so that one test leaves out a whole
//! group. And in a large group the patterns that hold some literal text are found by it: their *needles* are in a
//! radix tree that is searched at every position of the resource.
//!
//! An entry carries what decides whether it is worth a look: actions, place, and what is left to test. Whatever
//! else a statement says is read only if the entry fits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::NodeId;
use super::Switches;
use super::action::ActionSet;
use super::pattern::{Arena, Program, Text};
use super::prefix::{Fold, PrefixTree};
use super::scratch::Notes;
use super::verdict::Place;

/// A statement at a place of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub statement: NodeId,
    pub actions: ActionSet,
    pub test: Test,
    pub place: Place,
    is_last: bool,
}

/// What is left to test behind the literal beginning of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    pub kind: TestKind,
    /// What [`TestKind::Rest`] and [`TestKind::Fields`] run.
    pub program: Program,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestKind {
    /// Nothing: the text must end here.
    Ends,
    /// Nothing: the pattern goes on with `*` alone, or there is no pattern.
    Any,
    /// The program against the rest of the text.
    Rest,
    /// The whole text, field by field: six programs that the start of `program` numbers.
    Fields,
}

impl Entry {
    pub(super) fn new(statement: NodeId, actions: ActionSet, place: Place, test: Test) -> Self {
        Entry { statement, actions, test, place, is_last: false }
    }
}

/// A group of entries with the same actions and place.
#[derive(Debug, Clone, Copy)]
struct Group {
    actions: ActionSet,
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

const GROUPED: u32 = 1 << 31;

impl List {
    pub(super) const EMPTY: List = List(GROUPED - 1);
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
        if entries.len() <= CHAIN || !self.switches.groups {
            return List(self.chain(entries).0.min(GROUPED - 1));
        }
        let mut groups: BTreeMap<(Place, ActionSet), Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            groups.entry((entry.place, entry.actions)).or_default().push(entry);
        }
        let mut made = Vec::new();
        for ((place, actions), entries) in groups {
            let (chain, needles) = self.split(entries, arena, &needle);
            made.push(Group { actions, place, is_last: false, chain, needles });
        }
        if let Some(last) = made.last_mut() {
            last.is_last = true;
        }
        let list = List(GROUPED | narrow(self.groups.len()));
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
    /// Whether entries of these actions in this place are worth a look.
    fn wants(&self, place: Place, actions: ActionSet) -> bool;

    /// Looks at an entry that is wanted.
    fn visit(&mut self, entry: &Entry) -> ControlFlow<B>;
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
        if list.0 & GROUPED == 0 {
            return self.walk_chain(list.0 as usize, visitor);
        }
        for group in self.groups.get((list.0 & !GROUPED) as usize..).unwrap_or_default() {
            if visitor.wants(group.place, group.actions) {
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
            if visitor.wants(entry.place, entry.actions) {
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
            return chain(list.0 as usize).collect();
        }
        let groups = self.groups.get((list.0 & !GROUPED) as usize..).unwrap_or_default();
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
fn next_of(bytes: &[u8], text: &str, at: usize) -> Option<usize> {
    match bytes {
        // The standard library searches an ASCII character many bytes at a time.
        [byte] if byte.is_ascii() => {
            let rest = text.as_bytes().get(at..)?;
            rest.iter().position(|other| other == byte).map(|place| at + place)
        }
        bytes => text.as_bytes().get(at..)?.iter().position(|byte| bytes.contains(byte)).map(|place| at + place),
    }
}

/// Offsets fit 32 bits: a set is at most as large as its texts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
