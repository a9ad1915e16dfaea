//! Searching and comparing short texts up to 32 bytes at a time.
//!
//! Splitting principals, actions and resources is a good part of what a decision costs, and their pieces are too
//! short for the searches of the standard library to get going.

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Eight copies of a byte.
const fn spread(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte of `word` that is `byte`.
const fn matching(word: u64, byte: u8) -> u64 {
    let different = word ^ spread(byte);
    // A byte is the wanted one if none of its bits differs; no sum carries into the next byte.
    !(((different & LOW) + LOW) | different | LOW)
}

/// The same for the lowest of them; above it the bits may be wrong.
const fn lowest(word: u64, byte: u8) -> u64 {
    let different = word ^ spread(byte);
    different.wrapping_sub(spread(1)) & !different & !LOW
}

/// Up to eight bytes as a word, filled up with zeros.
fn word_of(block: &[u8]) -> u64 {
    match block.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => block.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The last bytes of a text, less than eight, as a word.
#[inline]
fn last_word(text: &[u8], rest: &[u8]) -> u64 {
    match text.last_chunk::<8>() {
        // The bytes before the rest fall out.
        Some(word) if !rest.is_empty() => u64::from_le_bytes(*word) >> (64 - 8 * rest.len()),
        _ => word_of(rest),
    }
}

/// The places of a byte in a text, as far as 32 bits count them.
pub(crate) struct Places<'t> {
    byte: u8,
    blocks: std::slice::Iter<'t, [u8; 8]>,
    rest: &'t [u8],
    /// Marks what is still to be returned of the block at `at`.
    marks: u64,
    at: u32,
}

impl<'t> Places<'t> {
    /// `byte` is not zero.
    #[inline]
    pub(crate) fn of(byte: u8, text: &'t [u8]) -> Self {
        let (blocks, rest) = text.as_chunks::<8>();
        let mut blocks = blocks.iter();
        let marks = match blocks.next() {
            Some(block) => matching(u64::from_le_bytes(*block), byte),
            None => matching(word_of(rest), byte),
        };
        // A text without a whole block has no rest behind its first.
        let rest = if text.len() < 8 { &[] } else { rest };
        Places { byte, blocks, rest, marks, at: 0 }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<u32> {
        while self.marks == 0 {
            self.at = self.at.checked_add(8)?;
            self.marks = match self.blocks.next() {
                Some(block) => matching(u64::from_le_bytes(*block), self.byte),
                None if self.rest.is_empty() => return None,
                None => matching(word_of(std::mem::take(&mut self.rest)), self.byte),
            };
        }
        let place = self.at | self.marks.trailing_zeros() >> 3;
        self.marks &= self.marks.wrapping_sub(1);
        Some(place)
    }
}

/// Whether two texts are the same.
#[inline(always)]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    // The end goes first, because names of one kind begin alike; it may overlap what is compared behind it.
    if let (Some(end), Some(other_end)) = (one.last_chunk::<32>(), other.last_chunk::<32>()) {
        if end != other_end {
            return false;
        }
        for (block, other) in one.as_chunks::<32>().0.iter().zip(other.as_chunks::<32>().0) {
            if block != other {
                return false;
            }
        }
        return true;
    }
    ends_are_same::<16>(one, other)
        .or_else(|| ends_are_same::<8>(one, other))
        .or_else(|| ends_are_same::<4>(one, other))
        .or_else(|| ends_are_same::<2>(one, other))
        .unwrap_or_else(|| one.first() == other.first())
}

/// Whether two texts of one length, at most `2 * N` bytes, are the same; `None` if they are shorter than `N`.
#[inline(always)]
fn ends_are_same<const N: usize>(one: &[u8], other: &[u8]) -> Option<bool> {
    Some(one.last_chunk::<N>()? == other.last_chunk::<N>()? && one.first_chunk::<N>()? == other.first_chunk::<N>()?)
}

/// How far two texts are the same.
pub(crate) fn common(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let mut at = 0;
    for (block, other) in blocks {
        let differences = u64::from_le_bytes(*block) ^ u64::from_le_bytes(*other);
        if differences != 0 {
            return at + (differences.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let (rest, other) = (one.get(at..).unwrap_or_default(), other.get(at..).unwrap_or_default());
    at + rest.iter().zip(other).take_while(|(byte, other)| byte == other).count()
}

/// Whether a text begins with another.
#[inline(always)]
pub(crate) fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|head| same(head, with))
}

/// Where a byte first stands. It is not zero.
pub(crate) fn find(text: &[u8], byte: u8) -> Option<usize> {
    find_any(text, [byte])
}

/// Where one of some bytes, none of them zero, first stands.
pub(crate) fn find_any<const N: usize>(text: &[u8], bytes: [u8; N]) -> Option<usize> {
    let found = |word| bytes.iter().fold(0, |found, byte| found | lowest(word, *byte));
    let mut rest = text;
    let found = loop {
        let Some((word, behind)) = rest.split_first_chunk::<8>() else { break found(last_word(text, rest)) };
        let found = found(u64::from_le_bytes(*word));
        if found != 0 {
            break found;
        }
        rest = behind;
    };
    (found != 0).then(|| text.len() - rest.len() + (found.trailing_zeros() / 8) as usize)
}

/// Whether one of some bytes, none of them zero, stands anywhere.
pub(crate) fn contains_any<const N: usize>(text: &[u8], bytes: [u8; N]) -> bool {
    find_any(text, bytes).is_some()
}

/// What stands before and behind the first such byte, which is an ASCII character.
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = find(text.as_bytes(), byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        let texts = [
            "",
            ":",
            "a:b",
            "aaaaaaaa:",
            "aaaaaaa:",
            "é;:\u{ba}",
            "\u{0}:",
            "aaaaaaaa\u{baba};:",
            ";:;:;:;:;:",
            "9;;;;;;;;;;;;",
            "9;;;;;;;;;;;;:;;;;",
            "9;;;;;;;;;;;;;;;;;",
        ];
        for text in texts {
            let mut places = Places::of(b':', text.as_bytes());
            let found: Vec<usize> = std::iter::from_fn(|| places.next()).map(|place| place as usize).collect();
            assert_eq!(found, text.match_indices(':').map(|(at, _)| at).collect::<Vec<_>>(), "{text:?}");
            for other in texts {
                let plain = text.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
                assert_eq!(common(text.as_bytes(), other.as_bytes()), plain, "{text:?} {other:?}");
            }
            assert_eq!(find(text.as_bytes(), b':'), text.find(':'), "{text:?}");
            assert_eq!(split_once(text, b':'), text.split_once(':'), "{text:?}");
            assert_eq!(find_any(text.as_bytes(), [b':', b'9']), text.find([':', '9']), "{text:?}");
            assert_eq!(contains_any(text.as_bytes(), [b':', b'9']), text.contains([':', '9']), "{text:?}");
        }
    }

    #[test]
    fn texts_of_any_length_are_the_same_up_to_the_last_byte() {
        for length in 0..=100 {
            let text: Vec<u8> = (0..length).map(|at| at as u8).collect();
            assert!(same(&text, &text.clone()), "{length}");
            assert!(begins(&[&text[..], b"x"].concat(), &text), "{length}");
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!same(&text, &other), "{length} {at}");
                assert!(!begins(&[&other[..], b"x"].concat(), &text), "{length} {at}");
                assert!(!same(&text, &text[..at]) && !begins(&text[..at], &text), "{length} {at}");
            }
        }
    }
}
