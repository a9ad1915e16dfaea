//! A hash function for what a compiler looks up by the thousand.
//!
//! Words are multiplied and folded, from a start that the standard library's random state chooses: whoever writes a
//! policy cannot choose texts that collide. The order of such a map is never visible in a result.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map with this hash function.
pub(super) type FoldMap<K, V> = HashMap<K, V, Folding>;

/// Starts hashes of one map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folding {
    seed: u64,
}

impl Default for Folding {
    fn default() -> Self {
        Folding { seed: RandomState::new().hash_one(0u8) }
    }
}

impl BuildHasher for Folding {
    type Hasher = FoldHasher;

    fn build_hasher(&self) -> FoldHasher {
        // Even, so that it makes an odd factor.
        FoldHasher { state: self.seed, seed: self.seed & !1 }
    }
}

pub(super) struct FoldHasher {
    state: u64,
    seed: u64,
}

impl FoldHasher {
    fn add(&mut self, word: u64) {
        let product = u128::from(self.state ^ word).wrapping_mul(u128::from(self.seed ^ 0x9e37_79b9_7f4a_7c15));
        // Both halves of the product, so that no bit of the state is lost.
        let [low, high] = [product as u64, (product >> 64) as u64];
        self.state = low ^ high.rotate_left(32) ^ word.rotate_left(17);
    }
}

impl Hasher for FoldHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let rest = rest.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        self.add(rest ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::Hash;

    use super::*;

    /// How many different hashes some things have, in the bits that `of` takes of them.
    fn different<T: Hash>(things: impl IntoIterator<Item = T>, of: impl Fn(u64) -> u64) -> usize {
        let folding = Folding::default();
        things.into_iter().map(|thing| of(folding.hash_one(thing))).collect::<HashSet<u64>>().len()
    }

    #[test]
    fn what_differs_has_other_hashes() {
        let mut texts: Vec<String> = (0..2_000).map(|number| format!("arn:aws:s3:::app/{number}")).collect();
        texts.extend((0..40).map(|length| "x".repeat(length)));
        texts.extend((0..20).map(|length| format!("{}a", "\0".repeat(length))));
        assert_eq!(different(&texts, |hash| hash), texts.len());
        assert_eq!(different(0..=u8::MAX, |hash| hash), 256);
        assert_eq!(different(0..1_000u32, |hash| hash), 1_000);
        assert_eq!(different(0..1_000u64, |hash| hash), 1_000);
        assert_eq!(different(0..1_000usize, |hash| hash), 1_000);
        // A map takes the low bits for a place and the high ones to tell those of one place apart.
        assert!(different(&texts, |hash| hash % 4_096) > 1_000);
        assert!(different(&texts, |hash| hash >> 57) > 100);
    }
}
