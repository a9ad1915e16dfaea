//! From a resource to the statements whose patterns may match it (Rules L31 to L41, L60, L61).
//!
//! A pattern hangs in a radix tree under its literal beginning. The walk down a request's ARN passes the patterns
//! whose beginning fits, and only what stands behind it is left to test. `NotResource` elements are kept apart:
//! they match whatever their patterns do not, so there is nothing to look them up by.

use std::ops::{ControlFlow, Range};

use super::action::ActionSet;
use super::entry::{Entry, List, Lists, ListsBuilder, Test, TestKind, Visitor};
use super::pattern::{Arena, ArenaBuilder, Exact, Op, Program};
use super::prefix::{Fold, PrefixTree};
use super::scratch::Notes;
use super::slots::{KeyBuilder, Slot, Values};
use super::verdict::Place;
use super::{NodeId, Switches};
use crate::document::{Effect, Patterns};
use crate::language::arn::{ArnTemplate, ResourcePattern};
use crate::language::pattern::Token;
use crate::request::RequestResource;

/// The resource index of one effect.
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
}

/// Whose pattern it is that is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub statement: NodeId,
    pub actions: ActionSet,
    pub place: Place,
    pub effect: Effect,
}

impl Owner {
    fn entry(self, test: Test) -> Entry {
        Entry::new(self.statement, self.actions, self.place, test)
    }
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
    effect: Effect,
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
    ) {
        let any = Test { kind: TestKind::Any, program: Program::EMPTY };
        let Some(resources) = resources else {
            self.all.push(owner.entry(any));
            return;
        };
        if resources.negated {
            let start = narrow(self.complement_tests.len());
            for entry in &resources.entries {
                let test = self.whole_test(&entry.pattern, arena, keys);
                self.complement_tests.push(test);
            }
            let tests = start..narrow(self.complement_tests.len());
            self.complements.push(Complement { entry: owner.entry(any), tests, effect: owner.effect });
            return;
        }
        if resources.entries.iter().any(|entry| entry.pattern.is_all()) {
            // The other entries can add nothing, but the keys they name count as named (Rule E2).
            let variables = resources.entries.iter().flat_map(|entry| entry.pattern.variables());
            for variable in variables {
                keys.slot(&variable.key);
            }
            self.all.push(owner.entry(any));
            return;
        }
        for entry in &resources.entries {
            if let ResourcePattern::Arn(arn) = &entry.pattern {
                let (beginning, test) = self.place(arn, arena, keys);
                self.patterns.push((beginning, owner.entry(test)));
            }
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
    fn place(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> (Vec<u8>, Test) {
        let Some(plain) = plain(arn) else {
            let index = self.add_fields(arn, arena, keys);
            let test = Test { kind: TestKind::Fields, program: Program::numbered(index) };
            let key = if self.switches.prefixes { literal_beginning(arn) } else { String::new() };
            return (key.into_bytes(), test);
        };
        if !self.switches.prefixes {
            return (Vec::new(), Test { kind: TestKind::Rest, program: plain.program(arena, keys) });
        }
        let test = match plain.rest {
            [] => Test { kind: TestKind::Ends, program: Program::EMPTY },
            [Token::AnyRun] => Test { kind: TestKind::Any, program: Program::EMPTY },
            rest => {
                let ops = arena.ops(rest, keys);
                Test { kind: TestKind::Rest, program: arena.program(&ops) }
            }
        };
        (plain.beginning.into_bytes(), test)
    }

    fn add_fields(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> u32 {
        let index = narrow(self.fields.len());
        let fields = arena.fields(arn, keys);
        self.fields.push(fields);
        index
    }

    pub(super) fn finish(self, arena: &Arena) -> ResourceIndex {
        let mut lists = ListsBuilder::new(self.switches);
        let needle = |entry: &Entry| match entry.test.kind {
            TestKind::Rest => arena.needle(entry.test.program),
            TestKind::Fields => {
                self.fields.get(entry.test.program.number()).and_then(|fields| arena.needle_of_fields(fields))
            }
            TestKind::Ends | TestKind::Any => None,
        };
        let all = if self.all.is_empty() { List::EMPTY } else { lists.add(self.all, arena, needle) };
        // The sort keeps the order of entries that begin in the same way.
        let mut patterns = self.patterns;
        patterns.sort_by(|(one, _), (other, _)| one.cmp(other));
        let same_beginning = |(one, _): &(Vec<u8>, Entry), (other, _): &(Vec<u8>, Entry)| one == other;
        let mut list = |entries: &[(Vec<u8>, Entry)]| {
            lists.add(entries.iter().map(|(_, entry)| *entry).collect(), arena, needle).0
        };
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
        }
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A pattern over the whole text: a literal beginning and what follows.
struct Plain<'p> {
    beginning: String,
    rest: &'p [Token],
}

impl Plain<'_> {
    fn program(&self, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> Program {
        let mut ops = vec![Op::Literal(arena.text(&self.beginning))];
        ops.extend(arena.ops(self.rest, keys));
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
    let rest = match resource.tokens() {
        [Token::Literal(first), rest @ ..] => {
            beginning.push_str(first);
            rest
        }
        rest => rest,
    };
    Some(Plain { beginning, rest })
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
                if let Some(Token::Literal(text)) = field.tokens().first() {
                    beginning.push_str(text);
                }
                break;
            }
        }
    }
    beginning
}

/// What is asked of the index.
#[derive(Clone, Copy)]
pub(super) struct Look<'r, V> {
    pub resource: &'r RequestResource<'r>,
    pub arena: &'r Arena,
    pub values: &'r V,
    pub notes: Notes<'r>,
}

/// Passes on the entries whose test holds.
struct Fitting<'f, V, I> {
    index: &'f ResourceIndex,
    look: &'f Look<'f, V>,
    text: &'f str,
    depth: usize,
    inner: &'f mut I,
}

impl<B, V: Values, I: Visitor<B>> Visitor<B> for Fitting<'_, V, I> {
    #[inline]
    fn wants(&self, place: Place, actions: ActionSet) -> bool {
        self.inner.wants(place, actions)
    }

    #[inline]
    fn visit(&mut self, entry: &Entry) -> ControlFlow<B> {
        if self.index.fits(entry.test, self.text, self.depth, self.look) {
            self.inner.visit(entry)?;
        }
        ControlFlow::Continue(())
    }
}

impl ResourceIndex {
    /// Shows a visitor the wanted statements whose resource element matches, possibly more than once each, until
    /// it breaks.
    #[inline]
    pub(super) fn matching<B, V: Values>(&self, look: &Look<'_, V>, visitor: &mut impl Visitor<B>) -> ControlFlow<B> {
        self.lists.walk(self.all, "", look.notes, visitor)?;
        if let RequestResource::Arn(arn) = look.resource {
            let text = arn.as_str();
            self.patterns.walk(text.as_bytes(), Fold::No, |depth, list| {
                let mut fitting = Fitting { index: self, look, text, depth, inner: visitor };
                self.lists.walk(List(list), text.get(depth..).unwrap_or_default(), look.notes, &mut fitting)
            })?;
        }
        for complement in &self.complements {
            if visitor.wants(complement.entry.place, complement.entry.actions)
                && self.complement_matches(complement, look)
            {
                visitor.visit(&complement.entry)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn fits<V: Values>(&self, test: Test, text: &str, depth: usize, look: &Look<'_, V>) -> bool {
        match test.kind {
            TestKind::Ends => depth == text.len(),
            TestKind::Any => true,
            TestKind::Rest => {
                look.arena.matches::<Exact, _>(test.program, text.get(depth..).unwrap_or_default(), look.values)
            }
            TestKind::Fields => self.fields_match(test.program.number(), text, look),
        }
    }

    fn fields_match<V: Values>(&self, index: usize, text: &str, look: &Look<'_, V>) -> bool {
        self.fields.get(index).is_some_and(|fields| look.arena.matches_fields(fields, text, look.values))
    }

    /// No entry matches; under `Allow` none may lack a value either (Rule L61).
    fn complement_matches<V: Values>(&self, complement: &Complement, look: &Look<'_, V>) -> bool {
        let range = complement.tests.start as usize..complement.tests.end as usize;
        let tests = self.complement_tests.get(range).unwrap_or_default();
        tests.iter().all(|test| {
            let matched = match (test, look.resource) {
                (WholeTest::All, _) => true,
                (_, RequestResource::None) => false,
                (WholeTest::Text(program), RequestResource::Arn(arn)) => {
                    look.arena.matches::<Exact, _>(*program, arn.as_str(), look.values)
                }
                (WholeTest::Fields(index), RequestResource::Arn(arn)) => {
                    self.fields_match(*index as usize, arn.as_str(), look)
                }
            };
            !matched && (complement.effect == Effect::Deny || self.has_values(*test, look))
        })
    }

    fn has_values<V: Values>(&self, test: WholeTest, look: &Look<'_, V>) -> bool {
        let has_values = |program: &Program| look.arena.has_values(*program, look.values);
        match test {
            WholeTest::All => true,
            WholeTest::Text(program) => has_values(&program),
            WholeTest::Fields(index) => {
                self.fields.get(index as usize).is_some_and(|fields| fields.iter().all(has_values))
            }
        }
    }

    /// The index in the order of a walk, for printing, with variables named by `key`.
    pub(super) fn outline<'k>(&self, arena: &Arena, key: impl Fn(Slot) -> &'k str) -> Vec<OutlineLine> {
        let join = |fields: &[Program; 6]| fields.map(|field| arena.text_of(field, &key)).join(":");
        let fields = |index: usize| self.fields.get(index).map(join).unwrap_or_default();
        let rest = |test: Test| match test.kind {
            TestKind::Ends => String::new(),
            TestKind::Any => "*".to_owned(),
            TestKind::Rest => arena.text_of(test.program, &key),
            TestKind::Fields => format!("field by field {}", fields(test.program.number())),
        };
        let whole = |test: &WholeTest| match *test {
            WholeTest::All => "*".to_owned(),
            WholeTest::Text(program) => arena.text_of(program, &key),
            WholeTest::Fields(index) => fields(index as usize),
        };
        let all = self.lists.all(self.all).into_iter().map(|entry| (String::new(), entry.statement));
        let mut lines = vec![(0, "any resource".to_owned(), all.collect())];
        for complement in &self.complements {
            let range = complement.tests.start as usize..complement.tests.end as usize;
            let tests: Vec<String> = self.complement_tests.get(range).unwrap_or_default().iter().map(whole).collect();
            let line = format!("any resource but {}", tests.join(", "));
            lines.push((0, line, vec![(String::new(), complement.entry.statement)]));
        }
        for (level, label, list) in self.patterns.outline() {
            let entries = list.map(|list| self.lists.all(List(list))).unwrap_or_default();
            let entries = entries.into_iter().map(|entry| (rest(entry.test), entry.statement)).collect();
            lines.push((level, String::from_utf8_lossy(label).into_owned(), entries));
        }
        lines
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
    }
}
