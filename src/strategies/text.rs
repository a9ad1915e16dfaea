//! Choices, and what they do to texts.
//!
//! A generated thing is first a plan, made of [`Pick`]s, and then resolved against pools that may depend on other
//! parts of it. So a part can shrink while the rest keeps its choices, and every choice shrinks to the first of its
//! pool, the plainest.

use proptest::prelude::*;

use super::world;

/// A choice from a pool that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pick(u16);

pub(super) fn pick() -> impl Strategy<Value = Pick> + Clone {
    any::<u16>().prop_map(Pick)
}

impl Pick {
    /// A number below `bound`; 0 if there is none.
    pub(super) fn below(self, bound: usize) -> usize {
        usize::from(self.0).checked_rem(bound).unwrap_or_default()
    }

    /// A member; `None` only if there are none.
    pub(super) fn of<T>(self, pool: &[T]) -> Option<&T> {
        pool.get(self.below(pool.len()))
    }

    pub(super) fn text(self, pool: &[&'static str]) -> &'static str {
        self.of(pool).copied().unwrap_or_default()
    }

    /// Another choice made from the same number: the `turn`-th.
    pub(super) fn turned(self, turn: usize) -> Pick {
        let turn = u16::try_from(turn % 1_000).unwrap_or_default();
        Pick(self.0.wrapping_add(turn.wrapping_mul(7)))
    }
}

/// A small change of a text, so that it only just fails to be what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// One character less.
    Shorter(Pick),
    /// One character more.
    Longer(Pick, char),
    /// One letter in the other case.
    Recased(Pick),
    /// A stretch that means something to somebody put in.
    Hostile(Pick, Pick),
    /// Nothing left.
    Emptied,
}

/// `out_of_ten` tells how often there is a change at all.
pub(super) fn twist(out_of_ten: u32) -> impl Strategy<Value = Twist> + Clone {
    let change = prop_oneof![
        3 => pick().prop_map(Twist::Shorter),
        3 => (pick(), prop::sample::select(vec!['x', '2', '/', 'é'])).prop_map(|(at, with)| Twist::Longer(at, with)),
        2 => pick().prop_map(Twist::Recased),
        3 => (pick(), pick()).prop_map(|(at, what)| Twist::Hostile(at, what)),
        1 => Just(Twist::Emptied),
    ];
    prop_oneof![10 - out_of_ten => Just(Twist::None), out_of_ten => change]
}

impl Twist {
    pub(super) fn apply(self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let places = characters.len() + 1;
        match self {
            Twist::None => {}
            Twist::Shorter(at) => {
                if !characters.is_empty() {
                    characters.remove(at.below(characters.len()));
                }
            }
            Twist::Longer(at, with) => characters.insert(at.below(places), with),
            Twist::Recased(at) => return recased(text, at),
            Twist::Hostile(at, what) => {
                let at = at.below(places);
                characters.splice(at..at, what.text(&world::HOSTILE).chars());
            }
            Twist::Emptied => characters.clear(),
        }
        characters.into_iter().collect()
    }
}

/// The text with the case of one letter changed; which one, the pick says. Without letters it stays as it is.
pub(super) fn recased(text: &str, at: Pick) -> String {
    let letters: Vec<usize> = text.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(at, _)| at).collect();
    let Some(&letter) = at.of(&letters) else { return text.to_owned() };
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.char_indices().map(|(at, c)| if at == letter { flip(c) } else { c }).collect()
}

/// How a text becomes a pattern that covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wild {
    None,
    /// Everything from a place on is a `*`.
    Tail(Pick),
    /// Everything is a `*`.
    All,
    /// One character is a `?`.
    One(Pick),
    /// A stretch, possibly an empty one, is a `*`.
    Run(Pick, Pick),
}

pub(super) fn wild() -> impl Strategy<Value = Wild> + Clone {
    prop_oneof![
        4 => Just(Wild::None),
        3 => pick().prop_map(Wild::Tail),
        2 => Just(Wild::All),
        2 => pick().prop_map(Wild::One),
        2 => (pick(), pick()).prop_map(|(from, length)| Wild::Run(from, length)),
    ]
}

impl Wild {
    pub(super) fn apply(self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let places = characters.len() + 1;
        match self {
            Wild::None => {}
            Wild::Tail(at) => characters.splice(at.below(places).., ['*']).for_each(drop),
            Wild::All => return "*".to_owned(),
            Wild::One(at) => {
                let at = at.below(places - 1);
                if let Some(character) = characters.get_mut(at) {
                    *character = '?';
                }
            }
            Wild::Run(from, length) => {
                let from = from.below(places);
                let to = from + length.below(places - from);
                characters.splice(from..to, ['*']).for_each(drop);
            }
        }
        characters.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twists_change_little() {
        for (twist, twisted) in [
            (Twist::None, "ab1"),
            (Twist::Shorter(Pick(1)), "a1"),
            (Twist::Longer(Pick(3), 'x'), "ab1x"),
            (Twist::Recased(Pick(1)), "aB1"),
            (Twist::Hostile(Pick(0), Pick(2)), "${ab1"),
            (Twist::Emptied, ""),
        ] {
            assert_eq!(twist.apply("ab1"), twisted);
        }
        assert_eq!(Twist::Shorter(Pick(7)).apply(""), "");
    }

    #[test]
    fn patterns_made_from_a_text_cover_it() {
        for (wild, pattern) in [
            (Wild::None, "ab1"),
            (Wild::Tail(Pick(3)), "ab1*"),
            (Wild::Tail(Pick(0)), "*"),
            (Wild::One(Pick(1)), "a?1"),
            (Wild::Run(Pick(1), Pick(1)), "a*1"),
            (Wild::Run(Pick(1), Pick(0)), "a*b1"),
        ] {
            assert_eq!(wild.apply("ab1"), pattern);
        }
        assert_eq!(Wild::One(Pick(3)).apply(""), "");
    }
}
