//! From a resource to the statements whose patterns may match it (Rules L31 to L41, L60, L61).
//!
//! A pattern hangs in a radix tree under its literal beginning. The walk down a request's ARN passes the patterns
//! whose beginning fits, and only what stands behind it is left to test. `NotResource` elements are kept apart:
//! they match whatever their patterns do not, so there is nothing to look them up by.

use std::ops::{ControlFlow, Range};

use super::pattern::{Arena, ArenaBuilder, Exact, Op, Program};
use super::prefix::{Fold, PrefixTree};
use super::slots::{KeyBuilder, Slot, Values};
use crate::document::{Effect, Patterns};
use crate::language::arn::{ArnTemplate, ResourcePattern};
use crate::request::RequestResource;

/// The resource index of one effect. `T` names a statement.
#[derive(Debug)]
pub(super) struct ResourceIndex<T> {
    /// Statements that match every resource: `*`, or no resource element at all.
    all: Box<[T]>,
    patterns: PrefixTree<(T, Test)>,
    complements: Box<[Complement<T>]>,
    /// The six fields of patterns with wildcards or variables before the resource part.
    fields: Box<[[Program; 6]]>,
    complement_tests: Box<[WholeTest]>,
}

/// What is left to test behind the literal beginning of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Nothing: the text must end here.
    Ends,
    /// Nothing: the pattern goes on with `*` alone.
    Any,
    /// The rest of the text.
    Rest(Program),
    /// The whole text, field by field.
    Fields(u32),
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
pub(super) type OutlineLine<T> = (usize, String, Vec<(String, T)>);

/// A `NotResource` element.
#[derive(Debug)]
struct Complement<T> {
    statement: T,
    tests: Range<u32>,
    effect: Effect,
}

pub(super) struct ResourceBuilder<T> {
    all: Vec<T>,
    patterns: Vec<(Vec<u8>, (T, Test))>,
    complements: Vec<Complement<T>>,
    fields: Vec<[Program; 6]>,
    complement_tests: Vec<WholeTest>,
    use_prefixes: bool,
}

impl<T: Copy> ResourceBuilder<T> {
    /// `use_prefixes` off hangs every pattern at the root: the walk then tests them all.
    pub(super) fn new(use_prefixes: bool) -> Self {
        ResourceBuilder {
            all: Vec::new(),
            patterns: Vec::new(),
            complements: Vec::new(),
            fields: Vec::new(),
            complement_tests: Vec::new(),
            use_prefixes,
        }
    }

    pub(super) fn add(
        &mut self,
        statement: T,
        effect: Effect,
        resources: Option<&Patterns<ResourcePattern>>,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
    ) {
        let Some(resources) = resources else {
            self.all.push(statement);
            return;
        };
        if resources.negated {
            let start = narrow(self.complement_tests.len());
            for entry in &resources.entries {
                let test = self.whole_test(&entry.pattern, arena, keys);
                self.complement_tests.push(test);
            }
            let tests = start..narrow(self.complement_tests.len());
            self.complements.push(Complement { statement, tests, effect });
            return;
        }
        if resources.entries.iter().any(|entry| entry.pattern.is_all()) {
            // The other entries can add nothing, but the keys they name count as named (Rule E2).
            let variables = resources.entries.iter().flat_map(|entry| entry.pattern.variables());
            for variable in variables {
                keys.slot(&variable.key);
            }
            self.all.push(statement);
            return;
        }
        for entry in &resources.entries {
            if let ResourcePattern::Arn(arn) = &entry.pattern {
                let placed = self.place(arn, arena, keys);
                self.patterns.push((placed.0, (statement, placed.1)));
            }
        }
    }

    fn whole_test(&mut self, pattern: &ResourcePattern, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> WholeTest {
        match pattern {
            ResourcePattern::All => WholeTest::All,
            ResourcePattern::Arn(arn) => match plain_ops(arn, arena, keys) {
                Some(ops) => WholeTest::Text(arena.program(ops)),
                None => WholeTest::Fields(self.add_fields(arn, arena, keys)),
            },
        }
    }

    /// The literal beginning of a pattern and what is left to test.
    fn place(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> (Vec<u8>, Test) {
        let Some(ops) = plain_ops(arn, arena, keys) else {
            let test = Test::Fields(self.add_fields(arn, arena, keys));
            let key = if self.use_prefixes { literal_beginning(arn) } else { String::new() };
            return (key.into_bytes(), test);
        };
        if !self.use_prefixes {
            return (Vec::new(), Test::Rest(arena.program(ops)));
        }
        let (head, rest) = match ops.split_first() {
            Some((Op::Literal(head), rest)) => (arena.arena().str(*head).as_bytes().to_vec(), rest),
            _ => (Vec::new(), &ops[..]),
        };
        match rest {
            [] => (head, Test::Ends),
            [Op::Run] => (head, Test::Any),
            rest => (head, Test::Rest(arena.program(rest.to_vec()))),
        }
    }

    fn add_fields(&mut self, arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> u32 {
        let index = narrow(self.fields.len());
        let fields = arena.fields(arn, keys);
        self.fields.push(fields);
        index
    }

    pub(super) fn finish(self) -> ResourceIndex<T> {
        ResourceIndex {
            all: self.all.into(),
            patterns: PrefixTree::build(self.patterns),
            complements: self.complements.into(),
            fields: self.fields.into(),
            complement_tests: self.complement_tests.into(),
        }
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The pattern as one program over the whole text, if its first five fields are literal: the colons of such a
/// pattern can only stand for the first five of the text, so that Rule L34 asks nothing more.
fn plain_ops(arn: &ArnTemplate, arena: &mut ArenaBuilder, keys: &mut KeyBuilder) -> Option<Vec<Op>> {
    let [head @ .., resource] = arn.fields();
    let mut literal = String::new();
    for field in head {
        literal.push_str(field.as_literal()?);
        literal.push(':');
    }
    let ops = arena.ops(resource, keys);
    let rest = match ops.split_first() {
        Some((Op::Literal(first), rest)) => {
            literal.push_str(arena.arena().str(*first));
            rest
        }
        _ => &ops[..],
    };
    let mut whole = vec![Op::Literal(arena.text(&literal))];
    whole.extend_from_slice(rest);
    Some(whole)
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
                if let Some(crate::language::pattern::Token::Literal(text)) = field.tokens().first() {
                    beginning.push_str(text);
                }
                break;
            }
        }
    }
    beginning
}

impl<T: Copy> ResourceIndex<T> {
    /// Calls `visit` for the statements whose resource element matches, possibly more than once each, until it
    /// breaks. `wanted` says beforehand which statements are worth testing.
    pub(super) fn matching<B>(
        &self,
        resource: &RequestResource<'_>,
        arena: &Arena,
        values: &Values<'_>,
        wanted: impl Fn(T) -> bool,
        mut visit: impl FnMut(T) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        for &statement in self.all.iter().filter(|statement| wanted(**statement)) {
            visit(statement)?;
        }
        if let RequestResource::Arn(arn) = resource {
            let text = arn.as_str();
            self.patterns.walk(text.as_bytes(), Fold::No, |depth, entries| {
                for &(statement, test) in entries {
                    if wanted(statement) && self.fits(test, text, depth, arena, values) {
                        visit(statement)?;
                    }
                }
                ControlFlow::Continue(())
            })?;
        }
        for complement in self.complements.iter().filter(|complement| wanted(complement.statement)) {
            if self.complement_matches(complement, resource, arena, values) {
                visit(complement.statement)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn fits(&self, test: Test, text: &str, depth: usize, arena: &Arena, values: &Values<'_>) -> bool {
        match test {
            Test::Ends => depth == text.len(),
            Test::Any => true,
            Test::Rest(program) => arena.matches::<Exact>(program, text.get(depth..).unwrap_or_default(), values),
            Test::Fields(index) => self.fields_match(index, text, arena, values),
        }
    }

    fn fields_match(&self, index: u32, text: &str, arena: &Arena, values: &Values<'_>) -> bool {
        self.fields.get(index as usize).is_some_and(|fields| arena.matches_fields(fields, text, values))
    }

    /// No entry matches; under `Allow` none may lack a value either (Rule L61).
    fn complement_matches(
        &self,
        complement: &Complement<T>,
        resource: &RequestResource<'_>,
        arena: &Arena,
        values: &Values<'_>,
    ) -> bool {
        let range = complement.tests.start as usize..complement.tests.end as usize;
        let tests = self.complement_tests.get(range).unwrap_or_default();
        tests.iter().all(|test| {
            let matched = match (test, resource) {
                (WholeTest::All, _) => true,
                (_, RequestResource::None) => false,
                (WholeTest::Text(program), RequestResource::Arn(arn)) => {
                    arena.matches::<Exact>(*program, arn.as_str(), values)
                }
                (WholeTest::Fields(index), RequestResource::Arn(arn)) => {
                    self.fields_match(*index, arn.as_str(), arena, values)
                }
            };
            !matched && (complement.effect == Effect::Deny || self.has_values(*test, arena, values))
        })
    }

    fn has_values(&self, test: WholeTest, arena: &Arena, values: &Values<'_>) -> bool {
        let has_values = |program: &Program| arena.has_values(*program, values);
        match test {
            WholeTest::All => true,
            WholeTest::Text(program) => has_values(&program),
            WholeTest::Fields(index) => {
                self.fields.get(index as usize).is_some_and(|fields| fields.iter().all(has_values))
            }
        }
    }

    /// The index in the order of a walk, for printing, with variables named by `key`.
    pub(super) fn outline<'k>(&self, arena: &Arena, key: impl Fn(Slot) -> &'k str) -> Vec<OutlineLine<T>> {
        let join = |fields: &[Program; 6]| fields.map(|field| arena.text_of(field, &key)).join(":");
        let fields = |index: u32| self.fields.get(index as usize).map(join).unwrap_or_default();
        let rest = |test: &Test| match *test {
            Test::Ends => String::new(),
            Test::Any => "*".to_owned(),
            Test::Rest(program) => arena.text_of(program, &key),
            Test::Fields(index) => format!("field by field {}", fields(index)),
        };
        let whole = |test: &WholeTest| match *test {
            WholeTest::All => "*".to_owned(),
            WholeTest::Text(program) => arena.text_of(program, &key),
            WholeTest::Fields(index) => fields(index),
        };
        let mut lines = vec![(
            0,
            "any resource".to_owned(),
            self.all.iter().map(|&statement| (String::new(), statement)).collect(),
        )];
        for complement in &self.complements {
            let range = complement.tests.start as usize..complement.tests.end as usize;
            let tests: Vec<String> = self.complement_tests.get(range).unwrap_or_default().iter().map(whole).collect();
            lines.push((
                0,
                format!("any resource but {}", tests.join(", ")),
                vec![(String::new(), complement.statement)],
            ));
        }
        for (level, label, entries) in self.patterns.outline() {
            let entries = entries.iter().map(|(statement, test)| (rest(test), *statement)).collect();
            lines.push((level, String::from_utf8_lossy(label).into_owned(), entries));
        }
        lines
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.all.len() * size_of::<T>()
            + self.patterns.heap_bytes()
            + self.complements.len() * size_of::<Complement<T>>()
            + self.fields.len() * size_of::<[Program; 6]>()
            + self.complement_tests.len() * size_of::<WholeTest>()
    }
}
