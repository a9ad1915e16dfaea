//! From an action to the sets of patterns that it belongs to (Rules L20 to L26).
//!
//! Statements share their lists of actions: each distinct `Action` or `NotAction` element is one *set*. A request's
//! action is mapped once to the sets that contain it, as bits, its *class*; a candidate statement then costs one
//! bit test.
//!
//! An action that some policy spells out is found by its hash, and its class is ready. For any other a walk down a
//! radix tree of the patterns' literal beginnings, with ASCII letters folded, meets the patterns that may match. A
//! set of `NotAction` holds the complement.

use std::ops::{ControlFlow, Range};

use super::Switches;
use super::by_action::{ByAction, Few, Step};
use super::hash::FoldMap;
use super::names::NameIndex;
use super::pattern::{Arena, ArenaBuilder, FoldAscii, Op, Program, Text};
use super::prefix::{Fold, PrefixTree};
use super::slots::{KeyBuilder, NoValues};
use crate::document::Patterns;
use crate::language::action::ActionPattern;
use crate::request::{RequestAction, key_hash};

/// The number of a distinct `Action` or `NotAction` element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ActionSet(u32);

impl ActionSet {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The sets that contain one action, a bit each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class<'c> {
    words: &'c [u64],
    few: Option<Few<'c>>,
}

impl<'c> Class<'c> {
    pub(super) fn new(words: &'c [u64], few: Option<Few<'c>>) -> Self {
        Class { words, few }
    }

    pub(super) fn words(self) -> &'c [u64] {
        self.words
    }

    /// The [short way](super::by_action), if it is open to the action.
    pub(super) fn few(self) -> Option<Few<'c>> {
        self.few
    }

    #[inline]
    pub(super) fn contains(self, set: ActionSet) -> bool {
        self.words.get(set.0 as usize / 64).is_some_and(|word| word >> (set.0 % 64) & 1 == 1)
    }
}

fn insert(class: &mut [u64], set: u32) {
    if let Some(word) = class.get_mut(set as usize / 64) {
        *word |= 1 << (set % 64);
    }
}

/// Finds the class of an action, seen when compiling or not.
#[derive(Debug)]
pub(super) struct ActionIndex {
    known: KnownActions,
    by_action: ByAction,
    /// Keys are literal beginnings; values are places in `lists`.
    patterns: PrefixTree,
    /// Ranges of `tests`.
    lists: Box<[Range<u32>]>,
    tests: Box<[Pattern]>,
    /// The sets of `NotAction`, a bit each: they contain what none of their patterns matches.
    negated: Box<[u64]>,
    /// Sets by pattern.
    members: Box<[u32]>,
}

/// Actions that policies spell out, with their classes.
#[derive(Debug, Default)]
struct KnownActions {
    index: NameIndex,
    actions: Box<[KnownAction]>,
    /// Classes one behind the other, equal ones once.
    classes: Box<[u64]>,
    steps: Box<[Step]>,
}

#[derive(Debug)]
struct KnownAction {
    text: Text,
    hash: u32,
    /// Index of the first word of the class.
    class: u32,
    few: Option<StepRange>,
}

/// Where the steps of a short way begin, where its allows do, and where it ends.
type StepRange = (u32, u32, u32);

/// Classes of more words are not kept: the walk finds them, and memory stays in proportion to the policies.
const MOST_WORDS: usize = 8;

/// Small trees may repeat their steps as they like.
const SPARE_STEPS: usize = 256;

#[derive(Debug, Clone)]
struct Pattern {
    test: PatternTest,
    /// Range in `members`: the sets that hold it.
    members: Range<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// By the texts of an element, each behind its length.
    sets: FoldMap<Box<[u8]>, ActionSet>,
    /// The key of the element that is looked up.
    key: Vec<u8>,
    negated: Vec<bool>,
    /// Sets by pattern.
    holders: FoldMap<ActionPattern, Vec<u32>>,
    /// Patterns in the order first met, so that equal inputs give equal trees.
    order: Vec<ActionPattern>,
}

/// A pattern with its literal beginning.
type Placed = (Vec<u8>, Pattern);

/// The whole text of a literal pattern, as it is spelled.
fn literal(pattern: &ActionPattern) -> Option<String> {
    let ActionPattern::Named(action) = pattern else { return None };
    Some(format!("{}:{}", action.service().as_literal()?, action.name().as_literal()?))
}

impl ActionBuilder {
    pub(super) fn add(&mut self, actions: &Patterns<ActionPattern>) -> ActionSet {
        // Each text behind its length: no text can be taken for two others.
        let key = &mut self.key;
        key.clear();
        key.push(u8::from(actions.negated));
        for entry in &actions.entries {
            key.extend(entry.text.len().to_le_bytes());
            key.extend(entry.text.as_bytes());
        }
        if let Some(known) = self.sets.get(&**key) {
            return *known;
        }
        let set = ActionSet(narrow(self.sets.len()));
        self.negated.push(actions.negated);
        for pattern in actions.entries.iter().map(|entry| &entry.pattern) {
            let holders = self.holders.entry(pattern.clone()).or_insert_with(|| {
                self.order.push(pattern.clone());
                Vec::new()
            });
            if holders.last() != Some(&set.0) {
                holders.push(set.0);
            }
        }
        self.sets.insert(self.key.as_slice().into(), set);
        set
    }

    pub(super) fn finish(
        self,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
        by_action: ByAction,
        switches: Switches,
    ) -> ActionIndex {
        let mut members: Vec<u32> = Vec::new();
        let mut placed = Vec::new();
        for pattern in &self.order {
            let holders = self.holders.get(pattern).map(Vec::as_slice).unwrap_or_default();
            let start = narrow(members.len());
            members.extend(holders);
            let range = start..narrow(members.len());
            let (key, test) = place(pattern, arena, keys, switches.prefixes);
            placed.push((key, Pattern { test, members: range }));
        }
        let mut negated = vec![0; self.negated.len().div_ceil(64)];
        for (set, _) in (0..).zip(&self.negated).filter(|(_, negated)| **negated) {
            insert(&mut negated, set);
        }
        let is_exact = |(_, pattern): &Placed| pattern.test == PatternTest::Exact;
        let knows = switches.known_actions && negated.len() <= MOST_WORDS;
        let spelled: Vec<String> = if knows { self.order.iter().filter_map(literal).collect() } else { Vec::new() };
        let everything = ActionIndex { by_action, ..ActionIndex::new(placed.clone(), negated.into(), members.into()) };
        let known = KnownActions::build(&spelled, &everything, arena);
        // What is found by its hash needs no place in the tree.
        let rest = placed.into_iter().filter(|pattern| !knows || !is_exact(pattern));
        let by_action = everything.by_action;
        ActionIndex { known, by_action, ..ActionIndex::new(rest, everything.negated, everything.members) }
    }
}

/// The literal beginning of a pattern, in lower case, and what is left to test behind it. `use_prefixes` off hangs
/// every pattern at the root: the walk then tests them all.
fn place(
    pattern: &ActionPattern,
    arena: &mut ArenaBuilder,
    keys: &mut KeyBuilder,
    use_prefixes: bool,
) -> (Vec<u8>, PatternTest) {
    let ActionPattern::Named(action) = pattern else { return (Vec::new(), PatternTest::Always) };
    if let Some(text) = literal(pattern).filter(|_| use_prefixes) {
        return (text.to_ascii_lowercase().into_bytes(), PatternTest::Exact);
    }
    let parts = (arena.template(action.service(), keys), arena.template(action.name(), keys));
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
        [Op::Run] | [Op::Literal(_), Op::Run] => (key, PatternTest::Always),
        _ => (key, test),
    }
}

impl ActionIndex {
    fn new(placed: impl IntoIterator<Item = Placed>, negated: Box<[u64]>, members: Box<[u32]>) -> Self {
        let mut by_key: FoldMap<Vec<u8>, Vec<Pattern>> = FoldMap::default();
        let mut order = Vec::new();
        for (key, pattern) in placed {
            let at_key = by_key.entry(key.clone()).or_default();
            if at_key.is_empty() {
                order.push(key);
            }
            at_key.push(pattern);
        }
        let (mut lists, mut tests) = (Vec::new(), Vec::new());
        for key in &order {
            let start = narrow(tests.len());
            tests.extend(by_key.remove(key).unwrap_or_default());
            lists.push(start..narrow(tests.len()));
        }
        let patterns = PrefixTree::build(order.into_iter().zip(0..));
        let (known, by_action) = (KnownActions::default(), ByAction::default());
        ActionIndex { known, by_action, patterns, lists: lists.into(), tests: tests.into(), negated, members }
    }

    /// The class of an action: one that is ready, or one written into `room`.
    pub(super) fn classify<'c>(&'c self, action: &RequestAction<'_>, arena: &Arena, room: &'c mut [u64]) -> Class<'c> {
        if let Some(class) = self.known.find(action, arena, self.negated.len()) {
            return class;
        }
        self.search(action, arena, room);
        Class::new(room, None)
    }

    /// What the [short way](super::by_action) of a class is, to be kept.
    pub(super) fn few(&self, class: Class<'_>) -> Option<Box<[Step]>> {
        self.by_action.of(class.words)
    }

    /// How many words a class has.
    pub(super) fn words(&self) -> usize {
        self.negated.len()
    }

    fn search(&self, action: &RequestAction<'_>, arena: &Arena, class: &mut [u64]) {
        class.fill(0);
        let matches = |program, part: &str| arena.matches::<FoldAscii, _>(program, part, &NoValues);
        let _: ControlFlow<()> = self.patterns.walk(action.text.as_bytes(), Fold::Ascii, |depth, list| {
            for pattern in self.lists.get(list as usize).map(|range| slice(&self.tests, range)).unwrap_or_default() {
                let matched = match pattern.test {
                    PatternTest::Always => true,
                    PatternTest::Exact => depth == action.text.len(),
                    PatternTest::Parts(service, name) => matches(service, action.service) && matches(name, action.name),
                };
                if matched {
                    slice(&self.members, &pattern.members).iter().for_each(|&set| insert(class, set));
                }
            }
            ControlFlow::Continue(())
        });
        for (word, negated) in class.iter_mut().zip(&self.negated) {
            *word ^= negated;
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.patterns.heap_bytes()
            + self.lists.len() * size_of::<Range<u32>>()
            + self.tests.len() * size_of::<Pattern>()
            + self.members.len() * size_of::<u32>()
            + self.negated.len() * size_of::<u64>()
            + self.by_action.heap_bytes()
            + self.known.index.heap_bytes()
            + self.known.actions.len() * size_of::<KnownAction>()
            + self.known.classes.len() * size_of::<u64>()
            + size_of_val(&*self.known.steps)
    }
}

impl KnownActions {
    fn build(actions: &[String], index: &ActionIndex, arena: &mut ArenaBuilder) -> Self {
        if actions.is_empty() {
            return KnownActions::default();
        }
        let (mut known, mut classes) = (Vec::<KnownAction>::new(), Vec::new());
        let mut steps: Vec<Step> = Vec::new();
        let most_steps = SPARE_STEPS + 2 * index.by_action.len();
        let mut by_class: FoldMap<Vec<u64>, (u32, Option<StepRange>)> = FoldMap::default();
        let mut class = vec![0; index.words()];
        for text in actions {
            // A text that no request may have needs no class.
            let Ok(action) = RequestAction::parse(text) else { continue };
            index.search(&action, arena.arena(), &mut class);
            let (first_word, few) = *by_class.entry(class.clone()).or_insert_with(|| {
                let first_word = narrow(classes.len());
                classes.extend(&class);
                // What they take stays in proportion to the policies.
                let few = index.by_action.of(&class).filter(|found| steps.len() + found.len() <= most_steps);
                let few = few.map(|found| {
                    let start = steps.len();
                    let denies = Few::of(&found).denies.len();
                    steps.extend(found);
                    (narrow(start), narrow(start + denies), narrow(steps.len()))
                });
                (first_word, few)
            });
            let hash = key_hash(text);
            known.push(KnownAction { text: arena.text(text), hash, class: first_word, few });
        }
        let names = known.iter().map(|action| (action.hash, arena.arena().str(action.text)));
        let index = NameIndex::build(names);
        KnownActions { index, actions: known.into(), classes: classes.into(), steps: steps.into() }
    }

    fn find(&self, action: &RequestAction<'_>, arena: &Arena, words: usize) -> Option<Class<'_>> {
        let name_of = |number| {
            let known = self.actions.get(number as usize)?;
            Some((known.hash, arena.str(known.text)))
        };
        let number = self.index.find(action.parts().hash, action.text, name_of)?;
        self.class(self.actions.get(number as usize)?, words)
    }

    fn class(&self, known: &KnownAction, words: usize) -> Option<Class<'_>> {
        let first = known.class as usize;
        let words = self.classes.get(first..first + words)?;
        let few = known.few.and_then(|(start, middle, end)| {
            let denies = self.steps.get(start as usize..middle as usize)?;
            Some(Few { denies, allows: self.steps.get(middle as usize..end as usize)? })
        });
        Some(Class::new(words, few))
    }
}

fn slice<'a, T>(all: &'a [T], range: &Range<u32>) -> &'a [T] {
    all.get(range.start as usize..range.end as usize).unwrap_or_default()
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
