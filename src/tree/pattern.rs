//! Patterns as short programs, and the matcher that runs them (Rules L30, L34, L55 to L60).
//!
//! A program is a range of [`Op`]s in one arena; equal texts and equal programs exist once. The matcher remembers
//! only the last `*` it passed, which suffices: if the rest of a pattern cannot follow the earliest place at which
//! the part before it fits, it cannot follow a later one. Its work is bounded by the product of the two lengths.
//! A variable is a node that is compared with its value; no text is ever put together.

use super::hash::FoldMap;
use super::slots::{KeyBuilder, Slot, ValueRef, Values};
use crate::language::arn::ArnTemplate;
use crate::language::pattern::{Token, Tokens};
use crate::source::bytes;

/// A text in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Text {
    start: u32,
    end: u32,
}

impl Text {
    pub(super) const EMPTY: Text = Text { start: 0, end: 0 };
}

/// One step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// Exactly this text.
    Literal(Text),
    /// One Unicode scalar value.
    One,
    /// Any run of characters.
    Run,
    /// The value of a key, or the default if the key is absent or empty.
    Variable { slot: Slot, default: Default },
}

/// The text that stands in for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Default(Text);

impl Default {
    const NONE: Default = Default(Text { start: u32::MAX, end: 0 });

    fn text(self) -> Option<Text> {
        (self != Default::NONE).then_some(self.0)
    }
}

/// A program: a range of the arena's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Program {
    start: u32,
    end: u32,
}

impl Program {
    pub(super) const EMPTY: Program = Program { start: 0, end: 0 };

    /// A number in the place of a program.
    pub(super) fn numbered(number: u32) -> Self {
        Program { start: number, end: 0 }
    }

    pub(super) fn number(self) -> usize {
        self.start as usize
    }
}

/// All texts and programs of a tree.
#[derive(Debug, std::default::Default)]
pub(super) struct Arena {
    text: String,
    ops: Vec<Op>,
}

/// Fills an [`Arena`], keeping equal things once.
#[derive(std::default::Default)]
pub(super) struct ArenaBuilder {
    arena: Arena,
    texts: FoldMap<String, Text>,
    programs: FoldMap<Vec<Op>, Program>,
}

impl ArenaBuilder {
    pub(super) fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let start = narrow(self.arena.text.len());
        self.arena.text.push_str(text);
        let placed = Text { start, end: narrow(self.arena.text.len()) };
        self.texts.insert(text.to_owned(), placed);
        placed
    }

    pub(super) fn program(&mut self, ops: &[Op]) -> Program {
        if let Some(known) = self.programs.get(ops) {
            return *known;
        }
        let start = narrow(self.arena.ops.len());
        self.arena.ops.extend_from_slice(ops);
        let program = Program { start, end: narrow(self.arena.ops.len()) };
        self.programs.insert(ops.to_vec(), program);
        program
    }

    pub(super) fn ops<'t>(&mut self, tokens: impl IntoIterator<Item = Token<'t>>, keys: &mut KeyBuilder) -> Vec<Op> {
        let op = |token: Token<'t>| match token {
            Token::Literal(text) => Op::Literal(self.text(text)),
            Token::AnyOne => Op::One,
            Token::AnyRun => Op::Run,
            Token::Variable(variable) => Op::Variable {
                slot: keys.slot(variable.key),
                default: variable.default.map_or(Default::NONE, |text| Default(self.text(text))),
            },
        };
        tokens.into_iter().map(op).collect()
    }

    pub(super) fn template(&mut self, tokens: Tokens<'_>, keys: &mut KeyBuilder) -> Program {
        let ops = self.ops(tokens, keys);
        self.program(&ops)
    }

    pub(super) fn fields(&mut self, arn: &ArnTemplate, keys: &mut KeyBuilder) -> [Program; 6] {
        arn.fields().map(|field| self.template(field, keys))
    }

    pub(super) fn finish(mut self) -> Arena {
        self.arena.text.shrink_to_fit();
        self.arena.ops.shrink_to_fit();
        self.arena
    }

    /// What was filled in so far.
    pub(super) fn arena(&self) -> &Arena {
        &self.arena
    }
}

/// Offsets of a set fit 32 bits: a larger one is [refused](crate::document::PolicySet::check).
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Whether a program has no wildcard but a `*` at its end, so that each of its steps has one place.
pub(super) fn is_straight(ops: &[Op]) -> bool {
    let before = match ops {
        [before @ .., Op::Run] => before,
        all => all,
    };
    !before.iter().any(|op| matches!(op, Op::One | Op::Run))
}

/// How literal text is compared.
pub(super) trait Compare {
    /// Whether `text` begins with `literal`.
    fn begins(text: &[u8], literal: &[u8]) -> bool;
}

/// Byte by byte, which is code point by code point (Rule L90).
pub(super) struct Exact;

/// With ASCII letters folded (Rules L22, L91).
pub(super) struct FoldAscii;

impl Compare for Exact {
    #[inline]
    fn begins(text: &[u8], literal: &[u8]) -> bool {
        bytes::begins(text, literal)
    }
}

impl Compare for FoldAscii {
    fn begins(text: &[u8], literal: &[u8]) -> bool {
        text.get(..literal.len()).is_some_and(|head| head.eq_ignore_ascii_case(literal))
    }
}

/// What came of matching one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    /// What stands before the first `*` does not fit.
    HeadDiffers,
    /// What stands before the first `*` fits, the rest does not, wherever it begins.
    TailDiffers,
}

impl Arena {
    pub(super) fn str(&self, text: Text) -> &str {
        self.text.get(text.start as usize..text.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(super) fn bytes(&self, text: Text) -> &[u8] {
        self.text.as_bytes().get(text.start as usize..text.end as usize).unwrap_or_default()
    }

    pub(super) fn program(&self, program: Program) -> &[Op] {
        self.ops.get(program.start as usize..program.end as usize).unwrap_or_default()
    }

    /// A program as people write it, with variables named by `key`.
    pub(super) fn text_of<'k>(&self, program: Program, key: impl Fn(Slot) -> &'k str) -> String {
        let step = |op: &Op| match *op {
            Op::Literal(text) => self.str(text).to_owned(),
            Op::One => "?".to_owned(),
            Op::Run => "*".to_owned(),
            Op::Variable { slot, default } => match default.text() {
                None => format!("${{{}}}", key(slot)),
                Some(text) => format!("${{{}, '{}'}}", key(slot), self.str(text)),
            },
        };
        self.program(program).iter().map(step).collect()
    }

    /// Bytes on the heap, as reserved.
    pub(super) fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.ops.capacity() * size_of::<Op>()
    }

    /// The value of a variable, `None` if it has none (Rules L58, L59).
    #[inline(always)]
    fn resolve<'r>(&'r self, slot: Slot, default: Default, values: &'r impl Values) -> Option<&'r str> {
        match values.get(slot) {
            Some(ValueRef::Single(text)) if !text.is_empty() => Some(text),
            Some(ValueRef::Multi(_)) => None,
            Some(ValueRef::Single(_)) | None => default.text().map(|text| self.str(text)),
        }
    }

    /// The longest literal of a program: every text that it matches holds it.
    pub(super) fn needle(&self, program: Program) -> Option<Text> {
        longest_literal(self.program(program).iter())
    }

    /// The same for six fields, behind what [their beginning](super::resource) holds already.
    pub(super) fn needle_of_fields(&self, fields: &[Program; 6]) -> Option<Text> {
        let fields = fields.iter().map(|field| self.program(*field));
        let mut open = fields.skip_while(|ops| matches!(ops, [] | [Op::Literal(_)]));
        let first = open.next().unwrap_or_default();
        let first = if matches!(first, [Op::Literal(_), ..]) { first.get(1..).unwrap_or_default() } else { first };
        longest_literal(first.iter().chain(open.flatten()))
    }

    /// The keys of a program's variables.
    pub(super) fn slots(&self, program: Program) -> impl Iterator<Item = Slot> {
        self.program(program).iter().filter_map(|op| match *op {
            Op::Variable { slot, .. } => Some(slot),
            _ => None,
        })
    }

    /// Whether every variable of a program has a value.
    pub(super) fn has_values(&self, program: Program, values: &impl Values) -> bool {
        self.program(program).iter().all(|op| match *op {
            Op::Variable { slot, default } => self.resolve(slot, default, values).is_some(),
            _ => true,
        })
    }

    /// Whether a program matches the whole of a text. A variable without value matches nothing (Rule L60).
    pub(super) fn matches<C: Compare, V: Values>(&self, program: Program, text: &str, values: &V) -> bool {
        self.run::<C, V>(self.program(program), text.as_bytes(), values) == Match::Yes
    }

    /// The same for the bytes of a text.
    #[inline]
    pub(super) fn matches_bytes<C: Compare, V: Values>(&self, program: Program, text: &[u8], values: &V) -> bool {
        self.run::<C, V>(self.program(program), text, values) == Match::Yes
    }

    /// Whether a [straight](is_straight) program matches the whole of a text.
    #[inline(always)]
    pub(super) fn matches_straight<V: Values>(&self, program: Program, text: &[u8], values: &V) -> bool {
        let mut rest = text;
        for op in self.program(program) {
            let wanted = match *op {
                Op::Literal(literal) => self.bytes(literal),
                Op::Variable { slot, default } => match self.resolve(slot, default, values) {
                    Some(value) => value.as_bytes(),
                    None => return false,
                },
                Op::Run => return true,
                // A program with it is not straight.
                Op::One => return false,
            };
            match rest.split_at_checked(wanted.len()) {
                Some((head, behind)) if bytes::same(head, wanted) => rest = behind,
                _ => return false,
            }
        }
        rest.is_empty()
    }

    fn run<C: Compare, V: Values>(&self, ops: &[Op], text: &[u8], values: &V) -> Match {
        let mut at = 0;
        let mut step = 0;
        // Step behind the last `*`, and how far that star reaches.
        let mut star: Option<(usize, usize)> = None;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let taken = match ops.get(step) {
                None if rest.is_empty() => return Match::Yes,
                None => None,
                Some(Op::Run) => {
                    step += 1;
                    if step == ops.len() {
                        return Match::Yes;
                    }
                    star = Some((step, at));
                    continue;
                }
                Some(Op::One) => rest.first().map(|&byte| width(byte)),
                Some(&Op::Literal(literal)) => {
                    let literal = self.bytes(literal);
                    C::begins(rest, literal).then_some(literal.len())
                }
                Some(&Op::Variable { slot, default }) => match self.resolve(slot, default, values) {
                    Some(value) => C::begins(rest, value.as_bytes()).then_some(value.len()),
                    // Unlike a text that differs here, this cannot come right further on.
                    None => return Match::TailDiffers,
                },
            };
            if let Some(taken) = taken {
                at += taken;
                step += 1;
                continue;
            }
            // Let the last star take one character more.
            let Some((behind, reach)) = star else { return Match::HeadDiffers };
            let Some(&byte) = text.get(reach) else { return Match::TailDiffers };
            star = Some((behind, reach + width(byte)));
            step = behind;
            at = reach + width(byte);
        }
    }

    /// Whether six fields match a whole ARN (Rule L34): wildcards of the first five stay within their field,
    /// except a star that ends it, which may run on past colons.
    ///
    /// Fields are tried in runs, each ending with a field of such a star. A run stands at one place, or, behind
    /// such a star, at the earliest of the places behind a colon: what can follow an early place includes what
    /// can follow a later one.
    pub(super) fn matches_fields(&self, fields: &[Program; 6], text: &str, values: &impl Values) -> bool {
        let [head @ .., resource] = fields;
        let mut next = 0;
        let mut at = 0;
        let mut floating = false;
        loop {
            let remaining = head.get(next..).unwrap_or_default();
            let open = remaining.iter().position(|field| self.ends_open(*field));
            let run = remaining.get(..open.map_or(remaining.len(), |last| last + 1)).unwrap_or_default();
            // A floating run begins behind a colon.
            let mut start = if floating {
                match behind_colon(text, at) {
                    Some(start) => start,
                    None => return false,
                }
            } else {
                at
            };
            let end = loop {
                match self.matches_run(run, open.is_some(), resource, text, start, values) {
                    RunMatch::Whole => return true,
                    RunMatch::Never => return false,
                    RunMatch::UpTo(end) => break end,
                    RunMatch::NotHere if !floating => return false,
                    RunMatch::NotHere => match behind_colon(text, start) {
                        Some(later) => start = later,
                        None => return false,
                    },
                }
            };
            next += run.len();
            at = end;
            floating = true;
        }
    }

    /// Matches fields that stand one behind the other, and the resource part if none of them ends with a star.
    fn matches_run(
        &self,
        run: &[Program],
        ends_open: bool,
        resource: &Program,
        text: &str,
        start: usize,
        values: &impl Values,
    ) -> RunMatch {
        let mut at = start;
        let mut field_end = start;
        for field in run {
            let rest = text.get(at..).unwrap_or_default();
            let Some(length) = rest.find(':') else { return RunMatch::Never };
            if !self.matches::<Exact, _>(*field, rest.get(..length).unwrap_or_default(), values) {
                return RunMatch::NotHere;
            }
            field_end = at + length;
            at = field_end + 1;
        }
        if ends_open {
            return RunMatch::UpTo(field_end);
        }
        let rest = text.get(at..).unwrap_or_default();
        match self.run::<Exact, _>(self.program(*resource), rest.as_bytes(), values) {
            Match::Yes => RunMatch::Whole,
            Match::HeadDiffers => RunMatch::NotHere,
            Match::TailDiffers => RunMatch::Never,
        }
    }

    fn ends_open(&self, field: Program) -> bool {
        self.program(field).last() == Some(&Op::Run)
    }
}

fn longest_literal<'o>(ops: impl Iterator<Item = &'o Op>) -> Option<Text> {
    let literals = ops.filter_map(|op| match op {
        Op::Literal(text) if text.start < text.end => Some(*text),
        _ => None,
    });
    literals.max_by_key(|text| text.end.saturating_sub(text.start))
}

enum RunMatch {
    /// Up to the end of the text.
    Whole,
    /// All its fields; the last one ends at this colon.
    UpTo(usize),
    NotHere,
    /// Neither here nor further on.
    Never,
}

/// The place behind the first colon at or after `at`.
fn behind_colon(text: &str, at: usize) -> Option<usize> {
    text.get(at..)?.find(':').map(|colon| at + colon + 1)
}

/// Bytes of the character that begins with this byte of a UTF-8 text.
fn width(first: u8) -> usize {
    match first {
        0x00..=0xbf => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    }
}
