//! Tokens: what a text is cut into.
//!
//! Only what is not literal is kept, by its place; the literals are what stands between.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token<'t> {
    /// Exactly this text; also what `${*}`, `${?}` and `${$}` write (Rule L56).
    Literal(&'t str),
    /// `*`: any run of characters, also none (Rule L30).
    AnyRun,
    /// `?`: exactly one Unicode scalar value (Rule L30).
    AnyOne,
    /// `${key}` or `${key, 'default'}` (Rule L51).
    Variable(Variable<'t>),
}

/// A reference to a context key (Rules L51, L54, L59).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variable<'t> {
    /// The context key, as written; keys compare without regard to ASCII case.
    pub key: &'t str,
    /// The text to use if the key is absent or holds the empty string.
    pub default: Option<&'t str>,
}

/// The tokens of a text or of a part of it, in order.
///
/// Neighbouring literals are one token and `**` is one `*`, so two spellings of one meaning are equal.
#[derive(Clone, Copy)]
pub struct Tokens<'t> {
    text: &'t str,
    /// The part, in bytes of the text.
    start: u32,
    end: u32,
    /// Those of the part.
    marks: &'t [Mark],
}

/// Goes through [`Tokens`].
#[derive(Clone)]
pub struct Iter<'t> {
    rest: Tokens<'t>,
}

/// What is not literal in a text, and the bytes it is written as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub start: u32,
    pub end: u32,
    pub what: Special,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    AnyRun,
    AnyOne,
    /// The key ends here; it begins behind `${`.
    Variable {
        key_end: u32,
    },
}

/// The marks of a text in order. Most texts have one or none; these take no room of their own.
#[derive(Debug, Clone, Default)]
pub(crate) enum Marks {
    #[default]
    None,
    One(Mark),
    /// Two at least.
    More(Vec<Mark>),
}

impl Marks {
    pub(super) fn push(&mut self, mark: Mark) {
        match self {
            Marks::None => *self = Marks::One(mark),
            Marks::One(first) => {
                let mut marks = Vec::with_capacity(4);
                marks.extend([*first, mark]);
                *self = Marks::More(marks);
            }
            Marks::More(marks) => marks.push(mark),
        }
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Mark> {
        match self {
            Marks::None => None,
            Marks::One(mark) => Some(mark),
            Marks::More(marks) => marks.last_mut(),
        }
    }

    pub(crate) fn as_slice(&self) -> &[Mark] {
        match self {
            Marks::None => &[],
            Marks::One(mark) => std::slice::from_ref(mark),
            Marks::More(marks) => marks,
        }
    }
}

impl<'t> Tokens<'t> {
    /// `*` alone.
    pub(crate) const ANY: Tokens<'static> =
        Tokens { text: "*", start: 0, end: 1, marks: &[Mark { start: 0, end: 1, what: Special::AnyRun }] };

    /// The tokens of a part of a text. `marks` are those of the part and of what stands behind it; the latter are
    /// returned.
    pub(crate) fn of_part(text: &'t str, start: u32, end: u32, marks: &'t [Mark]) -> (Self, &'t [Mark]) {
        let is_inside = |mark: &&Mark| mark.start < end;
        let (marks, behind) = marks.split_at(marks.iter().take_while(is_inside).count());
        (Tokens { text, start, end, marks }, behind)
    }

    /// The tokens in order.
    pub fn iter(&self) -> Iter<'t> {
        Iter { rest: *self }
    }

    /// The variables in order of appearance.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'t>> + use<'t> {
        let Tokens { text, .. } = *self;
        self.marks.iter().filter_map(move |mark| mark.variable(text))
    }

    /// The text if it is all literal, the empty text included.
    pub fn as_literal(&self) -> Option<&'t str> {
        self.marks.is_empty().then(|| part(self.text, self.start, self.end))
    }

    /// Whether it is `*` or ends with `*`.
    pub(crate) fn ends_with_run(&self) -> bool {
        self.marks.last().is_some_and(|mark| mark.what == Special::AnyRun && mark.end == self.end)
    }
}

impl Mark {
    fn variable<'t>(&self, text: &'t str) -> Option<Variable<'t>> {
        let Special::Variable { key_end } = self.what else { return None };
        let key = part(text, self.start + 2, key_end);
        // Behind the key stand `}`, or `, '`, the default and `'}`.
        let default = (key_end + 1 < self.end).then(|| part(text, key_end + 3, self.end - 2));
        Some(Variable { key, default })
    }
}

fn part(text: &str, start: u32, end: u32) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}

impl<'t> Iterator for Iter<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let Tokens { text, start, end, marks } = &mut self.rest;
        let next = marks.first().map_or(*end, |mark| mark.start);
        if *start < next {
            let literal = part(text, *start, next);
            *start = next;
            return Some(Token::Literal(literal));
        }
        let (mark, behind) = marks.split_first()?;
        (*start, *marks) = (mark.end, behind);
        Some(match mark.what {
            Special::AnyRun => Token::AnyRun,
            Special::AnyOne => Token::AnyOne,
            Special::Variable { .. } => Token::Variable(mark.variable(text)?),
        })
    }
}

impl<'t> IntoIterator for Tokens<'t> {
    type Item = Token<'t>;
    type IntoIter = Iter<'t>;

    fn into_iter(self) -> Iter<'t> {
        self.iter()
    }
}

// Two texts with the same tokens may stand in different places.
impl PartialEq for Tokens<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Tokens<'_> {}

impl Hash for Tokens<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|token| token.hash(state));
        state.write_u8(0xff);
    }
}

impl fmt::Debug for Tokens<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
