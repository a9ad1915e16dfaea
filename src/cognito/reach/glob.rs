//! Patterns against patterns: whether two can match one text, and whether one matches all that another does.
//!
//! Both answers err on one side only. Patterns called disjoint are; a pattern said to cover another does. Where that
//! cannot be seen, patterns are kept side by side.

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

    /// Whether no text matches both. A hole may be any text.
    pub fn is_disjoint(&self, other: &Glob) -> bool {
        !meet(&self.symbols, &other.symbols, Symbol::may_meet, [Symbol::may_grow, Symbol::may_grow])
    }

    /// Whether every text that `other` matches, this matches too.
    pub fn covers(&self, other: &Glob) -> bool {
        meet_or(&self.symbols, &other.symbols, Symbol::takes, [|symbol| *symbol == Symbol::Run, |_| false], false)
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

fn meet(one: &[Symbol], two: &[Symbol], pair: fn(&Symbol, &Symbol) -> bool, grows: [fn(&Symbol) -> bool; 2]) -> bool {
    meet_or(one, two, pair, grows, true)
}

/// Whether both rows can be walked to their ends together: by a pair of symbols that fit, or by a symbol that grows over
/// the other row's next one, or over nothing. Rows that are too long get `unknown`.
fn meet_or(
    one: &[Symbol],
    two: &[Symbol],
    pair: fn(&Symbol, &Symbol) -> bool,
    grows: [fn(&Symbol) -> bool; 2],
    unknown: bool,
) -> bool {
    if one.len().saturating_mul(two.len()) > MOST_CELLS {
        return unknown;
    }
    let [one_grows, two_grows] = grows;
    // `reached` holds, for each place in `two`, whether it is reached together with the current place in `one`.
    let mut reached = vec![true];
    reached.extend(two.iter().scan(true, |open, symbol| {
        *open = *open && two_grows(symbol);
        Some(*open)
    }));
    for symbol in one {
        let grows = one_grows(symbol);
        let mut next = vec![grows && reached.first() == Some(&true)];
        for (index, other) in two.iter().enumerate() {
            let [diagonal, above] = [index, index + 1].map(|at| reached.get(at) == Some(&true));
            let left = next.last() == Some(&true);
            let by_pair = diagonal && pair(symbol, other);
            let by_growth_of_one = grows && (above || left);
            let by_growth_of_two = two_grows(other) && (left || above);
            next.push(by_pair || by_growth_of_one || by_growth_of_two);
        }
        reached = next;
    }
    reached.last() == Some(&true)
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
        ] {
            assert_eq!(glob(one).is_disjoint(&glob(two)), expected, "{one} {two}");
            assert_eq!(glob(two).is_disjoint(&glob(one)), expected, "{two} {one}");
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
            assert_eq!(glob(wide).covers(&glob(narrow)), expected, "{wide} {narrow}");
        }
    }
}
