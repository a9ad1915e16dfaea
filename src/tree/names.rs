//! Names found by their hash, in any case of their letters (Rules L22, L71).
//!
//! Whoever writes policies can spell thousands of names of one hash. So a name stands near the place of its hash, or
//! else in a sorted list: neither building nor searching compares it with all others.

use std::cmp::Ordering;

use crate::request::same_key;

/// Where names stand that somebody else keeps, by their numbers.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    /// Open addressing: number + 1, or 0 for a free place. At most half full, and empty if there are no names.
    places: Box<[u32]>,
    /// Those that found no place, in the order of their names in lower case.
    crowded: Box<[u32]>,
}

/// A name stands at most so far from the place of its hash.
const MOST_PROBES: usize = 16;

impl NameIndex {
    /// Numbers names, each with its hash, in their order.
    pub(super) fn build<'n>(names: impl ExactSizeIterator<Item = (u32, &'n str)> + Clone) -> Self {
        if names.len() == 0 {
            return NameIndex::default();
        }
        let mut places = vec![0u32; (names.len() * 2).next_power_of_two()].into_boxed_slice();
        let mut crowded = Vec::new();
        for ((hash, name), number) in names.zip(1..) {
            let free = probes(hash, places.len()).find(|place| places.get(*place) == Some(&0));
            match free.and_then(|free| places.get_mut(free)) {
                Some(free) => *free = number,
                None => crowded.push((name.to_ascii_lowercase(), number - 1)),
            }
        }
        crowded.sort();
        NameIndex { places, crowded: crowded.into_iter().map(|(_, number)| number).collect() }
    }

    /// The number of a name; `name_of` says the hash and the name of a number.
    #[inline]
    pub(super) fn find<'n>(
        &self,
        hash: u32,
        name: &str,
        name_of: impl Fn(u32) -> Option<(u32, &'n str)>,
    ) -> Option<u32> {
        for place in probes(hash, self.places.len()) {
            let number = self.places.get(place)?.checked_sub(1)?;
            let (known_hash, known) = name_of(number)?;
            if known_hash == hash && same_key(known, name) {
                return Some(number);
            }
        }
        let order = |number: &u32| name_of(*number).map_or(Ordering::Less, |(_, known)| in_lower_case(known, name));
        let at = self.crowded.binary_search_by(order).ok()?;
        self.crowded.get(at).copied()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places) + size_of_val(&*self.crowded)
    }
}

/// The places where a hash may stand, of a table whose size is a power of two or nothing.
#[inline]
fn probes(hash: u32, size: usize) -> impl Iterator<Item = usize> {
    let mask = size.wrapping_sub(1);
    (0..MOST_PROBES).map(move |probe| (hash as usize).wrapping_add(probe) & mask)
}

fn in_lower_case(one: &str, other: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    one.bytes().map(lower).cmp(other.bytes().map(lower))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::key_hash;

    fn index(names: &[String]) -> NameIndex {
        NameIndex::build(names.iter().map(|name| (key_hash(name), &**name)))
    }

    fn find(index: &NameIndex, names: &[String], name: &str) -> Option<u32> {
        index.find(key_hash(name), name, |number| {
            let name = names.get(number as usize)?;
            Some((key_hash(name), name))
        })
    }

    #[test]
    fn names_are_found_in_any_case() {
        let unlike = |number: u32| format!("aws:PrincipalTag/Team{number}");
        let alike = |number: u32| format!("aws:PrincipalTag/x{number:06}BBBBbbbb");
        assert_eq!(key_hash(&alike(1)), key_hash(&alike(2)));
        for name in [&unlike as &dyn Fn(u32) -> String, &alike] {
            let names: Vec<String> = (0..300).map(name).collect();
            let index = index(&names);
            for (number, name) in (0..).zip(&names) {
                assert_eq!(find(&index, &names, name), Some(number));
                assert_eq!(find(&index, &names, &name.to_uppercase()), Some(number));
            }
            assert_eq!(find(&index, &names, &name(300)), None);
            assert_eq!(find(&index, &names, ""), None);
        }
        assert!(index(&(0..300).map(unlike).collect::<Vec<_>>()).crowded.is_empty());
        assert_eq!(index(&(0..300).map(alike).collect::<Vec<_>>()).crowded.len(), 300 - MOST_PROBES);
        assert_eq!(find(&NameIndex::default(), &[], "aws:userid"), None);
    }
}
