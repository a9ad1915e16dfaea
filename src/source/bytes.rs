//! Searching short texts eight bytes at a time.
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

/// The highest bit of each byte that is `byte`, of up to eight bytes. `byte` is not zero.
pub(crate) fn in_block(block: &[u8], byte: u8) -> u64 {
    matching(word_of(block), byte)
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
        let Some((word, behind)) = rest.split_first_chunk::<8>() else { break found(word_of(rest)) };
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
        ];
        for text in texts {
            assert_eq!(find(text.as_bytes(), b':'), text.find(':'), "{text:?}");
            assert_eq!(split_once(text, b':'), text.split_once(':'), "{text:?}");
            assert_eq!(find_any(text.as_bytes(), [b':', b'9']), text.find([':', '9']), "{text:?}");
            assert_eq!(contains_any(text.as_bytes(), [b':', b'9']), text.contains([':', '9']), "{text:?}");
        }
    }
}
