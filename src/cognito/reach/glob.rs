//! Patterns against patterns: whether two can match one text, and whether one matches all that another does.
//!
//! Both answers err on one side only. Patterns called disjoint are; a pattern said to cover another does. Where that
//! cannot be seen, patterns are kept side by side.

use super::budget::{Budget, Exhausted};
use crate::language::pattern::escape_literal;

/// A pattern cut into what it matches one by one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glob {
    symbols: Vec<Symbol>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    Character(char),
    /// `?`.
    One,
    /// `*`.
    Run,
    /// A variable of the request: some text, the same wherever it stands.
    Hole(Box<str>),
}

/// The largest product of two lengths that is looked at; longer patterns are kept side by side.
const MOST_CELLS: usize = 1 << 22;

impl Glob {
    pub fn empty() -> Self {
        Glob { symbols: Vec::new(), text: String::new() }
    }

    pub fn any() -> Self {
        let mut glob = Glob::empty();
        glob.run();
        glob
    }

    /// Adds a text that matches itself.
    pub fn literal(&mut self, text: &str) {
        self.symbols.extend(text.chars().map(Symbol::Character));
        self.text.push_str(&escape_literal(text));
    }

    pub fn run(&mut self) {
        self.symbols.push(Symbol::Run);
        self.text.push('*');
    }

    pub fn one(&mut self) {
        self.symbols.push(Symbol::One);
        self.text.push('?');
    }

    /// Adds a variable of the request, as a policy writes it.
    pub fn hole(&mut self, variable: &str) {
        self.symbols.push(Symbol::Hole(variable.into()));
        self.text.push_str(variable);
    }

    /// The same, comparing without regard to ASCII case.
    pub fn folded(mut self) -> Self {
        for symbol in &mut self.symbols {
            if let Symbol::Character(character) = symbol {
                character.make_ascii_lowercase();
            }
        }
        self
    }

    /// As a policy of version 2012-10-17 writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_any(&self) -> bool {
        self.symbols == [Symbol::Run]
    }

    /// What keeping it costs.
    pub fn size(&self) -> usize {
        self.symbols.len() + self.text.len()
    }

    /// Whether no text matches both. A hole may be any text.
    pub fn is_disjoint(&self, other: &Glob, budget: &Budget) -> Result<bool, Exhausted> {
        let rows = (&*self.symbols, &*other.symbols);
        meet(rows, Symbol::may_meet, (Symbol::may_grow, Symbol::may_grow), true, budget).map(|meet| !meet)
    }

    /// Whether every text that `other` matches, this matches too.
    pub fn covers(&self, other: &Glob, budget: &Budget) -> Result<bool, Exhausted> {
        let rows = (&*self.symbols, &*other.symbols);
        meet(rows, Symbol::takes, (|symbol: &Symbol| *symbol == Symbol::Run, |_: &Symbol| false), false, budget)
    }

    /// One glob after the other, with a text between.
    pub fn join<'g>(globs: impl IntoIterator<Item = &'g Glob>, between: char) -> Glob {
        let mut joined = Glob::empty();
        for (index, glob) in globs.into_iter().enumerate() {
            if index > 0 {
                joined.literal(between.encode_utf8(&mut [0; 4]));
            }
            joined.symbols.extend(glob.symbols.iter().cloned());
            joined.text.push_str(&glob.text);
        }
        joined
    }
}

impl Symbol {
    /// Whether one character can be matched by both.
    fn may_meet(&self, other: &Symbol) -> bool {
        match (self, other) {
            (Symbol::Character(one), Symbol::Character(other)) => one == other,
            (Symbol::Character(_) | Symbol::One, Symbol::Character(_) | Symbol::One) => true,
            _ => false,
        }
    }

    fn may_grow(&self) -> bool {
        matches!(self, Symbol::Run | Symbol::Hole(_))
    }

    /// Whether this matches all that one symbol of the other pattern does.
    fn takes(&self, other: &Symbol) -> bool {
        self == other || (*self == Symbol::One && matches!(other, Symbol::Character(_)))
    }
}

/// What two patterns match, symbol by symbol.
type Rows<'s> = (&'s [Symbol], &'s [Symbol]);

/// Whether both rows can be walked to their ends together: by a pair of symbols that fit, or by a symbol that grows over
/// the other row's next one, or over nothing. Rows that are too long get `unknown`.
fn meet(
    rows: Rows<'_>,
    pair: impl Fn(&Symbol, &Symbol) -> bool,
    (one_grows, two_grows): (impl Fn(&Symbol) -> bool, impl Fn(&Symbol) -> bool),
    unknown: bool,
    budget: &Budget,
) -> Result<bool, Exhausted> {
    let (one, two) = match trimmed(rows, budget)? {
        Some(rows) => rows,
        None => return Ok(false),
    };
    if one.len().saturating_mul(two.len()) > MOST_CELLS {
        return Ok(unknown);
    }
    // `reached` holds, for each place in `two`, whether it is reached together with the current place in `one`.
    budget.spend(two.len())?;
    let mut reached = Vec::with_capacity(two.len() + 1);
    reached.push(true);
    reached.extend(two.iter().scan(true, |open, symbol| {
        *open = *open && two_grows(symbol);
        Some(*open)
    }));
    for symbol in one {
        budget.spend(two.len())?;
        let grows = one_grows(symbol);
        let mut cells = reached.iter_mut();
        let Some(first) = cells.next() else { return Ok(false) };
        let mut diagonal = *first;
        let mut left = *first && grows;
        *first = left;
        let mut is_open = left;
        for (cell, other) in cells.zip(two) {
            let above = *cell;
            left = (diagonal && pair(symbol, other)) || ((above || left) && (grows || two_grows(other)));
            *cell = left;
            is_open |= left;
            diagonal = above;
        }
        if !is_open {
            return Ok(false);
        }
    }
    Ok(reached.last() == Some(&true))
}

/// The rows without the characters that they begin and end with alike; none if they begin or end with characters that
/// differ. A character fits only itself, and most patterns of a policy are told apart here.
fn trimmed<'s>((mut one, mut two): Rows<'s>, budget: &Budget) -> Result<Option<Rows<'s>>, Exhausted> {
    let before = one.len();
    let mut differ = false;
    while let ([Symbol::Character(first), rest @ ..], [Symbol::Character(other), others @ ..]) = (one, two) {
        differ = first != other;
        if differ {
            break;
        }
        (one, two) = (rest, others);
    }
    while let (false, [rest @ .., Symbol::Character(last)], [others @ .., Symbol::Character(other)]) =
        (differ, one, two)
    {
        differ = last != other;
        (one, two) = (rest, others);
    }
    budget.comparison(before - one.len())?;
    Ok((!differ).then_some((one, two)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        let mut glob = Glob::empty();
        for character in text.chars() {
            match character {
                '*' => glob.run(),
                '?' => glob.one(),
                '$' => glob.hole("${k}"),
                other => glob.literal(other.encode_utf8(&mut [0; 4])),
            }
        }
        glob
    }

    fn are_disjoint(one: &str, two: &str) -> bool {
        glob(one).is_disjoint(&glob(two), &Budget::of(10_000)).unwrap()
    }

    #[test]
    fn disjoint_patterns() {
        for (one, two, expected) in [
            ("", "", false),
            ("", "*", false),
            ("", "?", true),
            ("a", "b", true),
            ("a*", "*b", false),
            ("a*", "b*", true),
            ("a?", "a", true),
            ("a*c", "a?c", false),
            ("*a*", "bbb", true),
            ("a$", "ab", false),
            ("a$", "b*", true),
            ("Get*", "*Object", false),
            ("a*b", "a*c", true),
            ("ab", "ab", false),
            ("aa", "a", true),
            ("aba", "a*ba", false),
            ("ab*ab", "ab", true),
        ] {
            assert_eq!(are_disjoint(one, two), expected, "{one} {two}");
            assert_eq!(are_disjoint(two, one), expected, "{two} {one}");
        }
    }

    #[test]
    fn covering_patterns() {
        for (wide, narrow, expected) in [
            ("*", "", true),
            ("*", "a?*$", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("?", "a", true),
            ("?", "*", false),
            ("a?c", "abc", true),
            ("a*c", "abbc", true),
            ("$", "$", true),
            ("$", "a", false),
            ("a", "a*", false),
            ("", "*", false),
            ("*/*", "a/b*", true),
        ] {
            assert_eq!(glob(wide).covers(&glob(narrow), &Budget::of(10_000)), Ok(expected), "{wide} {narrow}");
        }
    }

    #[test]
    fn comparing_costs_cells() {
        let cost = |one: &str, two: &str| {
            let budget = Budget::of(usize::MAX);
            glob(one).is_disjoint(&glob(two), &budget).unwrap();
            usize::MAX - budget.left()
        };
        let (one, two) = ("*a".repeat(500), "*b".repeat(500) + "*");
        assert!((1_000_000..1_100_000).contains(&cost(&one, &two)), "{}", cost(&one, &two));
        assert!(cost(&("x".repeat(1000) + &one), &("y".repeat(1000) + &two)) < 200);
        assert_eq!(glob(&one).is_disjoint(&glob(&two), &Budget::of(900_000)), Err(Exhausted));
        assert_eq!(glob(&one).covers(&glob(&two), &Budget::of(900)), Err(Exhausted));
    }
}
