//! From an action to the sets of patterns that it belongs to (Rules L20 to L26).
//!
//! Statements share their lists of actions: each distinct `Action` or `NotAction` element is one *set*. A request's
//! action is mapped once to the sets that contain it, as bits; a candidate statement then costs one bit test.
//! Patterns are found by a walk over their literal beginnings, with ASCII letters folded.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::pattern::{Arena, ArenaBuilder, FoldAscii, Op, Program};
use super::prefix::{Fold, PrefixTree};
use super::slots::{Entries, KeyBuilder, Values};
use crate::document::Patterns;
use crate::language::action::ActionPattern;
use crate::request::RequestAction;

/// The number of a distinct `Action` or `NotAction` element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ActionSet(u32);

/// The sets that contain one action, a bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ActionClass {
    bits: Vec<u64>,
}

impl ActionClass {
    pub(super) fn contains(&self, set: ActionSet) -> bool {
        self.bits.get(set.0 as usize / 64).is_some_and(|word| word >> (set.0 % 64) & 1 == 1)
    }

    /// Takes over another class, using memory that is there.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.bits.clone_from(&other.bits);
    }

    fn insert(&mut self, set: u32) {
        if let Some(word) = self.bits.get_mut(set as usize / 64) {
            *word |= 1 << (set % 64);
        }
    }
}

/// Finds the class of an action, seen when compiling or not.
#[derive(Debug)]
pub(super) struct ActionIndex {
    patterns: PrefixTree<Pattern>,
    /// The sets of `NotAction`, a bit each: they contain what none of their patterns matches.
    negated: ActionClass,
    /// Sets by pattern.
    members: Box<[u32]>,
}

#[derive(Debug, Clone)]
struct Pattern {
    test: PatternTest,
    /// Range in `members`: the sets that hold it.
    members: std::ops::Range<u32>,
}

#[derive(Debug, Clone, Copy)]
enum PatternTest {
    /// `*`, or a pattern whose literal beginning is followed by nothing but `*` within the name.
    Always,
    /// A literal: the action must end where it does.
    Exact,
    /// Service and name, each on its own (Rule L22).
    Parts(Program, Program),
}

#[derive(Default)]
pub(super) struct ActionBuilder {
    sets: HashMap<(bool, Vec<ActionPattern>), ActionSet>,
    negated: Vec<bool>,
    /// Sets by pattern.
    holders: HashMap<ActionPattern, Vec<u32>>,
    /// Patterns in the order first met, so that equal inputs give equal trees.
    order: Vec<ActionPattern>,
}

impl ActionBuilder {
    pub(super) fn add(&mut self, actions: &Patterns<ActionPattern>) -> ActionSet {
        let patterns: Vec<ActionPattern> = actions.entries.iter().map(|entry| entry.pattern.clone()).collect();
        let key = (actions.negated, patterns);
        if let Some(known) = self.sets.get(&key) {
            return *known;
        }
        let set = ActionSet(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.negated.push(actions.negated);
        for pattern in &key.1 {
            let holders = self.holders.entry(pattern.clone()).or_insert_with(|| {
                self.order.push(pattern.clone());
                Vec::new()
            });
            if holders.last() != Some(&set.0) {
                holders.push(set.0);
            }
        }
        self.sets.insert(key, set);
        set
    }

    /// `use_prefixes` off hangs every pattern at the root: the walk then tests them all.
    pub(super) fn finish(self, arena: &mut ArenaBuilder, keys: &mut KeyBuilder, use_prefixes: bool) -> ActionIndex {
        let mut members: Vec<u32> = Vec::new();
        let mut placed = Vec::new();
        for pattern in &self.order {
            let holders = self.holders.get(pattern).map(Vec::as_slice).unwrap_or_default();
            let start = u32::try_from(members.len()).unwrap_or(u32::MAX);
            members.extend(holders);
            let range = start..u32::try_from(members.len()).unwrap_or(u32::MAX);
            let (key, test) = place(pattern, arena, keys, use_prefixes);
            placed.push((key, Pattern { test, members: range }));
        }
        let mut negated = ActionClass { bits: vec![0; self.negated.len().div_ceil(64)] };
        for (set, _) in (0..).zip(&self.negated).filter(|(_, negated)| **negated) {
            negated.insert(set);
        }
        ActionIndex { patterns: PrefixTree::build(placed), negated, members: members.into() }
    }
}

/// The literal beginning of a pattern, in lower case, and what is left to test behind it.
fn place(
    pattern: &ActionPattern,
    arena: &mut ArenaBuilder,
    keys: &mut KeyBuilder,
    use_prefixes: bool,
) -> (Vec<u8>, PatternTest) {
    let ActionPattern::Named { service, name } = pattern else { return (Vec::new(), PatternTest::Always) };
    let parts = (arena.template(service, keys), arena.template(name, keys));
    let test = PatternTest::Parts(parts.0, parts.1);
    if !use_prefixes {
        return (Vec::new(), test);
    }
    let literal_head = |ops: &[Op]| match ops.first() {
        Some(Op::Literal(text)) => arena.arena().str(*text).to_ascii_lowercase(),
        _ => String::new(),
    };
    let (service, name) = (arena.arena().program(parts.0), arena.arena().program(parts.1));
    let service_head = literal_head(service);
    if !matches!(service, [Op::Literal(_)]) {
        return (service_head.into_bytes(), test);
    }
    let key = format!("{service_head}:{}", literal_head(name)).into_bytes();
    match name {
        [Op::Literal(_)] => (key, PatternTest::Exact),
        [Op::Run] | [Op::Literal(_), Op::Run] => (key, PatternTest::Always),
        _ => (key, test),
    }
}

impl ActionIndex {
    /// Writes the class of an action, using memory that `class` has.
    pub(super) fn classify(&self, action: &RequestAction<'_>, arena: &Arena, class: &mut ActionClass) {
        class.bits.clear();
        class.bits.resize(self.negated.bits.len(), 0);
        let no_values = Values { index: &[], entries: Entries::Named(&[]) };
        let matches = |program, part: &str| arena.matches::<FoldAscii>(program, part, &no_values);
        let _: ControlFlow<()> = self.patterns.walk(action.text.as_bytes(), Fold::Ascii, |depth, patterns| {
            for pattern in patterns {
                let matched = match pattern.test {
                    PatternTest::Always => true,
                    PatternTest::Exact => depth == action.text.len(),
                    PatternTest::Parts(service, name) => matches(service, action.service) && matches(name, action.name),
                };
                if matched {
                    let range = pattern.members.start as usize..pattern.members.end as usize;
                    self.members.get(range).unwrap_or_default().iter().for_each(|&set| class.insert(set));
                }
            }
            ControlFlow::Continue(())
        });
        for (word, negated) in class.bits.iter_mut().zip(&self.negated.bits) {
            *word ^= negated;
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.patterns.heap_bytes()
            + self.members.len() * size_of::<u32>()
            + self.negated.bits.capacity() * size_of::<u64>()
    }
}
