//! Sentences that went slightly wrong: where a parser and its grammar would part if they did.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Characters that mean something in one of our languages, and some that must not: line ends, blanks of other
/// kinds, digits of other scripts, and letters that Unicode folds to ASCII ones (the Kelvin sign to `k`, the long s
/// to `s`).
const CHARACTERS: &[char] = &[
    '$', '{', '}', '\'', ',', '*', '?', ':', '.', '-', '+', 'T', 't', 'Z', 'z', '/', '%', ' ', '_', 'e', 'E', '0', '1',
    '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'f', 'g', 'F', 'S', '\0', '\t', '\n', '\r', '\u{A0}', 'é', '٣',
    '\u{17F}', '\u{212A}', '\u{2028}', '💾',
];

/// What has to be damaged as a whole, or is no damage at all.
const WORDS: &[&str] =
    &["${", "${a}", "}", ", '", "::", "arn:", "aws-", "IfExists", "ForAnyValue:", "Not", "-02-30", "T0", "/32", "e+"];

/// What goes wrong, words more often than the rest.
const KINDS: &[Kind] = &[
    Kind::Delete,
    Kind::Insert,
    Kind::Replace,
    Kind::Swap,
    Kind::FlipCase,
    Kind::Repeat,
    Kind::Splice,
    Kind::Word,
    Kind::Word,
    Kind::Word,
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Delete,
    Insert,
    Replace,
    /// Two neighbours change places.
    Swap,
    FlipCase,
    /// The part between two places stands twice.
    Repeat,
    /// The head of this text, the tail of the other.
    Splice,
    /// A word is inserted.
    Word,
}

/// One thing that goes wrong, with what any kind may need: a record is generated faster than a choice. Places are
/// relative to the length that the text has by then.
#[derive(Debug, Clone)]
struct Mutation {
    kind: Kind,
    place: Index,
    other_place: Index,
    character: char,
    word: &'static str,
}

/// Sentences with one to three mutations; `others` lend their tails.
pub fn mutated(
    sentences: impl Strategy<Value = String>,
    others: impl Strategy<Value = &'static str>,
) -> impl Strategy<Value = String> {
    (sentences, others, vec(mutation(), 1..=3)).prop_map(|(sentence, other, mutations)| {
        let other: Vec<char> = other.chars().collect();
        let mut text = sentence.chars().collect();
        for mutation in mutations {
            text = mutation.applied(text, &other);
        }
        text.into_iter().collect()
    })
}

/// All texts that are one mutation away: a character deleted, inserted, replaced or swapped, a word inserted.
pub fn neighbours(text: &str) -> Vec<String> {
    let text: Vec<char> = text.chars().collect();
    let spliced = |from: usize, to: usize, middle: &str| -> String {
        let (head, tail) = (text.iter().take(from), text.iter().skip(to));
        head.copied().chain(middle.chars()).chain(tail.copied()).collect()
    };
    let mut neighbours = Vec::new();
    for at in 0..=text.len() {
        neighbours.push(spliced(at, at + 1, ""));
        if let Some(&[left, right]) = text.get(at..at + 2) {
            neighbours.push(spliced(at, at + 2, &String::from_iter([right, left])));
        }
        for character in all_ascii().chain(CHARACTERS.iter().copied().filter(|c| !c.is_ascii())) {
            let character = character.to_string();
            neighbours.extend([spliced(at, at, &character), spliced(at, at + 1, &character)]);
        }
        neighbours.extend(WORDS.iter().map(|word| spliced(at, at, word)));
    }
    neighbours
}

fn all_ascii() -> impl Iterator<Item = char> {
    '\0'..='\x7F'
}

/// Short texts of the characters that matter, in no order at all.
pub fn soup() -> impl Strategy<Value = String> {
    vec(select(CHARACTERS), 0..=8).prop_map(String::from_iter)
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (select(KINDS), any::<(Index, Index)>(), select(CHARACTERS), select(WORDS)).prop_map(
        |(kind, (place, other_place), character, word)| Mutation { kind, place, other_place, character, word },
    )
}

impl Mutation {
    fn applied(self, mut text: Vec<char>, other: &[char]) -> Vec<char> {
        // A gap is a place between characters: there is one more of them than of characters.
        let gap = self.place.index(text.len() + 1);
        match self.kind {
            Kind::Insert => text.insert(gap, self.character),
            Kind::Word => drop(text.splice(gap..gap, self.word.chars())),
            Kind::Repeat => {
                let other_gap = self.other_place.index(text.len() + 1);
                let part = text[gap.min(other_gap)..gap.max(other_gap)].to_vec();
                text.splice(gap..gap, part);
            }
            Kind::Splice => {
                text.truncate(gap);
                text.extend(other.iter().skip(self.other_place.index(other.len() + 1)));
            }
            // The others need a character to work on.
            _ if text.is_empty() => {}
            Kind::Delete => drop(text.remove(self.place.index(text.len()))),
            Kind::Replace => *self.place.get_mut(&mut text) = self.character,
            Kind::FlipCase => {
                let character = self.place.get_mut(&mut text);
                *character = flipped(*character);
            }
            Kind::Swap => {
                let place = self.place.index(text.len());
                text.swap(place, place.saturating_sub(1));
            }
        }
        text
    }
}

fn flipped(character: char) -> char {
    if character.is_ascii_lowercase() { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() }
}
