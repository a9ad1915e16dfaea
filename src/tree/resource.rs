//! From a resource to the statements whose patterns may match it (Rules L31 to L41, L60, L61).
//!
//! A pattern hangs in a radix tree under its literal beginning. The walk down a request's ARN passes the patterns
//! whose beginning fits, and only what stands behind it is left to test. `NotResource` elements are kept apart:
//! they match whatever their patterns do not, so there is nothing to look them up by.

use std::ops::{ControlFlow, Range};

use super::action::ActionSet;
use super::by_action::{ByActionBuilder, Step};
use super::entry::{Demands, Entry, List, Lists, ListsBuilder, Test, TestKind, Visitor};
use super::heading::{Heading, Headings};
use super::pattern::{Arena, ArenaBuilder, Exact, Op, Program, Text, is_straight};
use super::prefix::{Fold, Landing, PrefixTree, Trail};
use super::question::Question;
use super::slots::{KeyBuilder, Slot, Values};
use super::verdict::Place;
use super::{Node, NodeId, Switches};
use crate::document::{Effect, Patterns};
use crate::language::arn::{ArnTemplate, ResourcePattern};
use crate::language::pattern::{self, Token};
use crate::source::bytes;

/// The resource index.
#[derive(Debug)]
pub(super) struct ResourceIndex {
    /// Statements that match every resource: `*`, or no resource element at all.
    all: List,
    /// Values are lists.
    patterns: PrefixTree,
    lists: Lists,
    complements: Box<[Complement]>,
    /// The six fields of patterns with wildcards or variables before the resource part.
    fields: Box<[[Program; 6]]>,
    complement_tests: Box<[WholeTest]>,
    headings: Headings,
}

/// Whose pattern it is that is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub statement: NodeId,
    pub node: Node,
    pub actions: ActionSet,
    pub place: Place,
    pub effect: Effect,
}

/// A pattern that is tested against a whole text.
#[derive(Debug, Clone, Copy)]
enum WholeTest {
    All,
    Text(Program),
    Fields(u32),
}

/// A line of an outline: the level, what it adds to the beginning of the resource, and the statements that hang
/// there, each with what is left to test.
pub(super) type OutlineLine = (usize, String, Vec<(String, NodeId)>);

/// A `NotResource` element.
#[derive(Debug)]
struct Complement {
    entry: Entry,
    tests: Range<u32>,
}

pub(super) struct ResourceBuilder {
    all: Vec<Entry>,
    patterns: Vec<(Vec<u8>, Entry)>,
    complements: Vec<Complement>,
    fields: Vec<[Program; 6]>,
    complement_tests: Vec<WholeTest>,
    switches: Switches,
}

impl ResourceBuilder {
    pub(super) fn new(switches: Switches) -> Self {
        ResourceBuilder {
            all: Vec::new(),
            patterns: Vec::new(),
            complements: Vec::new(),
            fields: Vec::new(),
            complement_tests: Vec::new(),
            switches,
        }
    }

    pub(super) fn add(
        &mut self,
        owner: Owner,
        resources: Option<&Patterns<ResourcePattern>>,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
        by_action: &mut ByActionBuilder,
    ) {
        let every = Test { kind: TestKind::Every, program: Program::EMPTY };
        let Some(resources) = resources else {
            self.add_to_all(Entry::new(owner, every), by_action);
            return;
        };
        if resources.negated {
            let start = narrow(self.complement_tests.len());
            for entry in &resources.entries {
                let test = self.whole_test(&entry.pattern, arena, keys);
                self.complement_tests.push(test);
            }
            let tests = start..narrow(self.complement_tests.len());
            let number = Program::numbered(narrow(self.complements.len()));
            let entry = Entry::new(owner, Test { kind: TestKind::Complement, program: number });
            self.step(entry, || Text::EMPTY, by_action);
            self.complements.push(Complement { entry, tests });
            return;
        }
        if resources.entries.iter().any(|entry| entry.pattern.is_all()) {
            // The other entries can add nothing, but the keys they name count as named (Rule E2).
            let variables = resources.entries.iter().flat_map(|entry| entry.pattern.variables());
            for variable in variables {
                keys.slot(variable.key);
            }
            self.add_to_all(Entry::new(owner, every), by_action);
            return;
        }
        for entry in &resources.entries {
            if let ResourcePattern::Arn(arn) = &entry.pattern {
                let (beginning, test) = self.place(arn, arena, keys);
                let entry = Entry::new(owner, test);
                self.step(entry, || arena.text(&beginning), by_action);
                self.patterns.push((beginning.into_bytes(), entry));
            }
        }
    }

    fn add_to_all(&mut self, entry: Entry, by_action: &mut ByActionBuilder) {
        self.step(entry, || Text::EMPTY, by_action);
        self.all.push(entry);
    }

    /// Adds an entry to the short way, unless its actions have too many candidates.
    fn step(&self, entry: Entry, beginning: impl FnOnce() -> Text, by_action: &mut ByActionBuilder) {
        if by_action.counts_one_more(entry.actions) {
            by_action.add(Step { beginning: beginning(), entry });
        }
    }

    fn whole_test(&mut self, pattern: &ResourcePattern, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> WholeTest {
        match pattern {
            ResourcePattern::All => WholeTest::All,
            ResourcePattern::Arn(arn) => match plain(arn) {
                Some(plain) => WholeTest::Text(plain.program(arena, keys)),
                None => WholeTest::Fields(self.add_fields(arn, arena, keys)),
            },
        }
    }

    /// The literal beginning of a pattern and what is left to test. Without prefixes every pattern hangs at the
    /// root: the walk then tests them all.
    fn place(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> (String, Test) {
        let Some(plain) = plain(arn) else {
            let index = self.add_fields(arn, arena, keys);
            let test = Test { kind: TestKind::Fields, program: Program::numbered(index) };
            let key = if self.switches.prefixes { literal_beginning(arn) } else { String::new() };
            return (key, test);
        };
        if !self.switches.prefixes {
            return (String::new(), Test { kind: TestKind::Rest, program: plain.program(arena, keys) });
        }
        let mut ahead = plain.rest.clone();
        let test = match (ahead.next(), ahead.next()) {
            (None, _) => Test { kind: TestKind::Ends, program: Program::EMPTY },
            (Some(Token::AnyRun), None) => Test { kind: TestKind::Any, program: Program::EMPTY },
            _ => {
                let ops = arena.ops(plain.rest, keys);
                let kind =
                    if self.switches.straight && is_straight(&ops) { TestKind::Straight } else { TestKind::Rest };
                Test { kind, program: arena.program(&ops) }
            }
        };
        (plain.beginning, test)
    }

    fn add_fields(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> u32 {
        let index = narrow(self.fields.len());
        let fields = arena.fields(arn, keys);
        self.fields.push(fields);
        index
    }

    /// `values` says of which key an entry demands one of some values.
    pub(super) fn finish(self, arena: &Arena, values: impl Fn(&Entry) -> Option<(Slot, Vec<Text>)>) -> ResourceIndex {
        let mut lists = ListsBuilder::new(self.switches);
        let demands = OfPatterns { arena, fields: &self.fields, values };
        let all = if self.all.is_empty() { List::EMPTY } else { lists.add(self.all, arena, &demands) };
        // The sort keeps the order of entries that begin in the same way.
        let mut patterns = self.patterns;
        patterns.sort_by(|(one, _), (other, _)| one.cmp(other));
        let same_beginning = |(one, _): &(Vec<u8>, Entry), (other, _): &(Vec<u8>, Entry)| one == other;
        let mut list = |entries: &[(Vec<u8>, Entry)]| {
            lists.add(entries.iter().map(|(_, entry)| *entry).collect(), arena, &demands).0
        };
        let mut headings = Headings::default();
        if self.switches.headings {
            patterns
                .iter()
                .filter_map(|(beginning, _)| std::str::from_utf8(beginning).ok())
                .for_each(|beginning| headings.note(beginning));
        }
        let beginnings = patterns.chunk_by(same_beginning);
        let beginnings = beginnings.filter_map(|entries| Some((&entries.first()?.0, entries)));
        let values: Vec<(&Vec<u8>, u32)> = beginnings.map(|(beginning, entries)| (beginning, list(entries))).collect();
        ResourceIndex {
            all,
            patterns: PrefixTree::build(values),
            lists: lists.finish(),
            complements: self.complements.into(),
            fields: self.fields.into(),
            complement_tests: self.complement_tests.into(),
            headings,
        }
    }
}

/// What patterns demand, and what conditions do.
struct OfPatterns<'p, F> {
    arena: &'p Arena,
    fields: &'p [[Program; 6]],
    values: F,
}

impl<F: Fn(&Entry) -> Option<(Slot, Vec<Text>)>> Demands for OfPatterns<'_, F> {
    fn needle(&self, entry: &Entry) -> Option<Text> {
        match entry.test.kind {
            TestKind::Rest | TestKind::Straight => self.arena.needle(entry.test.program),
            TestKind::Fields => {
                self.fields.get(entry.test.program.number()).and_then(|fields| self.arena.needle_of_fields(fields))
            }
            TestKind::Every | TestKind::Ends | TestKind::Any | TestKind::Complement => None,
        }
    }

    fn values(&self, entry: &Entry) -> Option<(Slot, Vec<Text>)> {
        (self.values)(entry)
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A pattern over the whole text: a literal beginning and what follows.
struct Plain<'p> {
    beginning: String,
    rest: pattern::Iter<'p>,
}

impl Plain<'_> {
    fn program(&self, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> Program {
        let mut ops = vec![Op::Literal(arena.text(&self.beginning))];
        ops.extend(arena.ops(self.rest.clone(), keys));
        arena.program(&ops)
    }
}

/// The pattern over the whole text, if its first five fields are literal: the colons of such a pattern can only stand
/// for the first five of the text, so that Rule L34 asks nothing more.
fn plain(arn: &ArnTemplate) -> Option<Plain<'_>> {
    let [head @ .., resource] = arn.fields();
    let mut beginning = String::with_capacity(64);
    for field in head {
        beginning.push_str(field.as_literal()?);
        beginning.push(':');
    }
    let whole = resource.iter();
    let mut rest = whole.clone();
    match rest.next() {
        Some(Token::Literal(first)) => {
            beginning.push_str(first);
            Some(Plain { beginning, rest })
        }
        _ => Some(Plain { beginning, rest: whole }),
    }
}

/// What a text must begin with to match: the literal fields, then the literal beginning of the first other one.
fn literal_beginning(arn: &ArnTemplate) -> String {
    let mut beginning = String::new();
    for field in arn.fields() {
        match field.as_literal() {
            Some(text) => {
                beginning.push_str(text);
                beginning.push(':');
            }
            None => {
                if let Some(Token::Literal(text)) = field.iter().next() {
                    beginning.push_str(text);
                }
                break;
            }
        }
    }
    beginning
}

/// A way down with more lists is gone anew for each effect.
const MOST_PASSED: usize = 8;

/// The lists that a text passes, each with the length of its beginning: found once for denies and allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    lists: [(u32, List); MOST_PASSED],
    count: usize,
}

impl Passed {
    pub(super) const NONE: Passed = Passed { lists: [(0, List::EMPTY); MOST_PASSED], count: 0 };
}

/// Where a walk begins for texts that begin alike, and the lists that they pass up to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    landing: Option<Landing>,
    passed: Passed,
}

impl Passed {
    #[inline]
    fn add(&mut self, depth: usize, list: u32) {
        if let Some(place) = self.lists.get_mut(self.count) {
            *place = (narrow(depth), List(list));
        }
        self.count += 1;
    }
}

/// Passes on the entries whose test holds.
struct Fitting<'f, V, I> {
    index: &'f ResourceIndex,
    question: &'f Question<'f, V>,
    text: &'f str,
    depth: usize,
    inner: &'f mut I,
}

impl<B, V: Values, I: Visitor<B>> Visitor<B> for Fitting<'_, V, I> {
    const EFFECT: Effect = I::EFFECT;

    #[inline]
    fn has_action(&self, actions: ActionSet) -> bool {
        self.inner.has_action(actions)
    }

    #[inline]
    fn wants(&self, place: Place) -> bool {
        self.inner.wants(place)
    }

    fn value(&self, slot: Slot) -> Option<&str> {
        self.question.values.single(slot)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<B> {
        if self.index.fits(entry.test, self.text, self.depth, self.question.arena, self.question.values) {
            self.inner.visit(entry)?;
        }
        ControlFlow::Continue(())
    }
}

impl ResourceIndex {
    /// The lists that a text passes on its way down the index.
    pub(super) fn pass(&self, text: Option<&str>) -> Passed {
        match text {
            Some(text) => self.pass_from(&Start { landing: None, passed: Passed::NONE }, text),
            None => Passed::NONE,
        }
    }

    /// Where the walks of all texts with a beginning begin.
    pub(super) fn start(&self, beginning: &str) -> Start {
        let mut passed = Passed::NONE;
        let landing = self.patterns.landing(beginning.as_bytes(), |depth, list| passed.add(depth, list));
        Start { landing, passed }
    }

    /// As [`ResourceIndex::pass`], for a text that begins as a start was made for.
    pub(super) fn pass_from(&self, start: &Start, text: &str) -> Passed {
        let mut passed = start.passed;
        let _: ControlFlow<()> = self.patterns.walk_below(start.landing, text.as_bytes(), Fold::No, |depth, list| {
            passed.add(depth, list);
            if passed.count > MOST_PASSED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        passed
    }

    /// As [`ResourceIndex::pass`] for one text behind another: `passed` and `trail` are those of the text before, of
    /// which this one has the first `common` bytes.
    pub(super) fn pass_on(&self, text: Option<&str>, common: usize, passed: &mut Passed, trail: &mut Trail) {
        passed.count = trail.back_to(common);
        let Some(text) = text else { return };
        self.patterns.walk_on(text.as_bytes(), trail, |depth, list| passed.add(depth, list));
    }

    /// Shows a visitor the wanted statements whose resource element matches, possibly more than once each, until
    /// it breaks.
    #[inline]
    pub(super) fn matching<B, V: Values, I: Visitor<B>>(
        &self,
        question: &Question<'_, V>,
        passed: &Passed,
        visitor: &mut I,
    ) -> ControlFlow<B> {
        self.lists.walk(self.all, "", question.notes, visitor)?;
        if let Some(text) = question.text {
            match passed.lists.get(..passed.count) {
                Some(lists) => {
                    for (depth, list) in lists.iter().filter(|(_, list)| list.has(I::EFFECT)) {
                        self.visit_list(*depth as usize, *list, text, question, visitor)?;
                    }
                }
                // More than there is room for.
                None => self.patterns.walk(text.as_bytes(), Fold::No, |depth, list| {
                    self.visit_list(depth, List(list), text, question, visitor)
                })?,
            }
        }
        for complement in &self.complements {
            if complement.entry.effect == I::EFFECT
                && visitor.has_action(complement.entry.actions)
                && visitor.wants(complement.entry.place)
                && self.complement_matches(complement, question.text, question.arena, question.values)
            {
                visitor.visit(&complement.entry)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn visit_list<B, V: Values, I: Visitor<B>>(
        &self,
        depth: usize,
        list: List,
        text: &str,
        question: &Question<'_, V>,
        visitor: &mut I,
    ) -> ControlFlow<B> {
        let mut fitting = Fitting { index: self, question, text, depth, inner: visitor };
        self.lists.walk(list, text.get(depth..).unwrap_or_default(), question.notes, &mut fitting)
    }

    /// Whether the resource element of a candidate matches, as far as this pattern says it.
    #[inline(always)]
    pub(super) fn step_fits<V: Values>(&self, step: &Step, text: Option<&str>, arena: &Arena, values: &V) -> bool {
        let Step { beginning, entry: Entry { test, .. } } = step;
        if test.kind == TestKind::Every {
            return true;
        }
        if test.kind == TestKind::Complement {
            let complement = self.complements.get(test.program.number());
            return complement.is_some_and(|complement| self.complement_matches(complement, text, arena, values));
        }
        let Some(text) = text else { return false };
        let beginning = arena.bytes(*beginning);
        bytes::begins(text.as_bytes(), beginning) && self.fits(*test, text, beginning.len(), arena, values)
    }

    #[inline(always)]
    fn fits<V: Values>(&self, test: Test, text: &str, depth: usize, arena: &Arena, values: &V) -> bool {
        match test.kind {
            TestKind::Ends => depth == text.len(),
            TestKind::Any | TestKind::Every => true,
            TestKind::Straight => {
                arena.matches_straight(test.program, text.as_bytes().get(depth..).unwrap_or_default(), values)
            }
            TestKind::Rest => {
                let rest = text.as_bytes().get(depth..).unwrap_or_default();
                arena.matches_bytes::<Exact, _>(test.program, rest, values)
            }
            TestKind::Fields => self.fields_match(test.program.number(), text, arena, values),
            // It hangs nowhere in the index.
            TestKind::Complement => false,
        }
    }

    fn fields_match<V: Values>(&self, index: usize, text: &str, arena: &Arena, values: &V) -> bool {
        self.fields.get(index).is_some_and(|fields| arena.matches_fields(fields, text, values))
    }

    /// No entry matches; under `Allow` none may lack a value either (Rule L61).
    fn complement_matches<V: Values>(
        &self,
        complement: &Complement,
        text: Option<&str>,
        arena: &Arena,
        values: &V,
    ) -> bool {
        let range = complement.tests.start as usize..complement.tests.end as usize;
        let tests = self.complement_tests.get(range).unwrap_or_default();
        tests.iter().all(|test| {
            let matched = match (test, text) {
                (WholeTest::All, _) => true,
                (_, None) => false,
                (WholeTest::Text(program), Some(text)) => arena.matches::<Exact, _>(*program, text, values),
                (WholeTest::Fields(index), Some(text)) => self.fields_match(*index as usize, text, arena, values),
            };
            !matched && (complement.entry.effect == Effect::Deny || self.has_values(*test, arena, values))
        })
    }

    fn has_values<V: Values>(&self, test: WholeTest, arena: &Arena, values: &V) -> bool {
        let has_values = |program: &Program| arena.has_values(*program, values);
        match test {
            WholeTest::All => true,
            WholeTest::Text(program) => has_values(&program),
            WholeTest::Fields(index) => {
                self.fields.get(index as usize).is_some_and(|fields| fields.iter().all(has_values))
            }
        }
    }

    /// The statements of one effect in the order of a walk, for printing, with variables named by `key`.
    pub(super) fn outline<'k>(&self, effect: Effect, arena: &Arena, key: impl Fn(Slot) -> &'k str) -> Vec<OutlineLine> {
        let is_wanted = |entry: &&Entry| entry.effect == effect;
        let join = |fields: &[Program; 6]| fields.map(|field| arena.text_of(field, &key)).join(":");
        let fields = |index: usize| self.fields.get(index).map(join).unwrap_or_default();
        let rest = |test: Test| match test.kind {
            TestKind::Ends | TestKind::Every | TestKind::Complement => String::new(),
            TestKind::Any => "*".to_owned(),
            TestKind::Rest | TestKind::Straight => arena.text_of(test.program, &key),
            TestKind::Fields => format!("field by field {}", fields(test.program.number())),
        };
        let whole = |test: &WholeTest| match *test {
            WholeTest::All => "*".to_owned(),
            WholeTest::Text(program) => arena.text_of(program, &key),
            WholeTest::Fields(index) => fields(index as usize),
        };
        let all = self.lists.all(self.all).into_iter().filter(is_wanted).map(|entry| (String::new(), entry.statement));
        let mut lines = vec![(0, "any resource".to_owned(), all.collect())];
        for complement in self.complements.iter().filter(|complement| is_wanted(&&complement.entry)) {
            let range = complement.tests.start as usize..complement.tests.end as usize;
            let tests: Vec<String> = self.complement_tests.get(range).unwrap_or_default().iter().map(whole).collect();
            let line = format!("any resource but {}", tests.join(", "));
            lines.push((0, line, vec![(String::new(), complement.entry.statement)]));
        }
        for (level, label, list) in self.patterns.outline() {
            let entries = list.map(|list| self.lists.all(List(list))).unwrap_or_default();
            let entries = entries.into_iter().filter(is_wanted);
            let entries = entries.map(|entry| (rest(entry.test), entry.statement)).collect();
            lines.push((level, String::from_utf8_lossy(label).into_owned(), entries));
        }
        // Where nothing of this effect hangs, only what lies on the way to something is shown.
        let mut below = 0;
        let mut shown: Vec<OutlineLine> = Vec::new();
        for line in lines.into_iter().rev() {
            if !line.2.is_empty() || line.0 < below {
                below = line.0;
                shown.push(line);
            }
        }
        shown.reverse();
        shown
    }

    pub(super) fn headings(&self) -> &Headings {
        &self.headings
    }

    /// How the ARNs of a service begin in the patterns.
    pub(super) fn heading(&self, service: &str) -> Option<&Heading> {
        self.headings.of(service)
    }

    /// How many lists several places of a text may lead to.
    pub(super) fn room(&self) -> usize {
        self.lists.room()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.patterns.heap_bytes()
            + self.lists.heap_bytes()
            + self.complements.len() * size_of::<Complement>()
            + self.fields.len() * size_of::<[Program; 6]>()
            + self.complement_tests.len() * size_of::<WholeTest>()
            + self.headings.heap_bytes()
    }
}
