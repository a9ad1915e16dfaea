//! Literal texts that stand anywhere in a text: which of many *needles* it holds.
//!
//! The needles are in a radix tree that is searched wherever one can begin. Where all of them begin alike, a text
//! is searched for the rarest byte of what they share, so that most texts are passed without a try.

use std::ops::ControlFlow;

use super::prefix::{Fold, PrefixTree};
use crate::source::bytes;

/// Some needles, each with a value.
#[derive(Debug)]
pub(super) struct Needles {
    tree: PrefixTree,
    anchor: Option<Anchor>,
}

/// A byte that every needle has at one place.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    byte: u8,
    offset: usize,
}

impl Needles {
    /// Builds the needles from texts and their values, none of them empty.
    pub(super) fn build<'n>(needles: impl IntoIterator<Item = (&'n str, u32)>) -> Self {
        let tree = PrefixTree::build(needles);
        let rarest = tree.common().iter().zip(0..).min_by_key(|(byte, _)| commonness(**byte));
        let anchor = rarest.filter(|(byte, _)| **byte != 0).map(|(&byte, offset)| Anchor { byte, offset });
        Needles { tree, anchor }
    }

    /// Calls `visit` with the value of each needle that a text holds, as often as it holds it, until it breaks.
    pub(super) fn walk<B>(&self, text: &str, mut visit: impl FnMut(u32) -> ControlFlow<B>) -> ControlFlow<B> {
        let text = text.as_bytes();
        let mut at = self.anchor.map_or(0, |anchor| anchor.offset);
        while let Some(place) = self.next(text, at) {
            let begins = place - self.anchor.map_or(0, |anchor| anchor.offset);
            let from = text.get(begins..).unwrap_or_default();
            self.tree.walk(from, Fold::No, |_, value| visit(value))?;
            at = place + 1;
        }
        ControlFlow::Continue(())
    }

    /// The first place at or behind `at` where a needle may have its anchor, or begin if it has none.
    fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let place = match self.anchor {
            Some(anchor) => bytes::find(rest, anchor.byte),
            None => {
                let first = self.tree.first_bytes();
                rest.iter().position(|byte| first.contains(byte))
            }
        };
        place.map(|place| at + place)
    }

    /// The values of all needles.
    pub(super) fn values(&self) -> impl Iterator<Item = u32> {
        self.tree.outline().into_iter().filter_map(|(.., value)| value)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.tree.heap_bytes()
    }
}

/// How often a byte stands in resources, roughly: ids are of hexadecimal digits and hyphens, paths of slashes.
fn commonness(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'a'..=b'f' | b'-' | b'/' | b':' => 3,
        b'i' | b'n' | b'o' | b'r' | b's' | b't' | b'u' => 2,
        b'g'..=b'y' => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_plain_search() {
        let sets: [&[&str]; 7] = [
            &["-exports/t1/", "-exports/t2/", "-exports/t12/"],
            &["aXa", "aXaXa", "aX"],
            &["a", "b", "ab"],
            &["é", "éa", "è"],
            &["\u{0}a", "\u{0}b"],
            &["aaa", "aa"],
            &["x"],
        ];
        let texts = [
            "",
            "a",
            "daily-exports/t12/q1-exports/t2/",
            "aXaXaXa",
            "XaXa",
            "èéa",
            "b\u{0}a",
            "aaaa",
            "xx",
            "-exports/t",
        ];
        for set in sets {
            let needles = Needles::build(set.iter().copied().zip(0..));
            for text in texts {
                let mut found = Vec::new();
                let _: ControlFlow<()> = needles.walk(text, |value| {
                    found.push(value);
                    ControlFlow::Continue(())
                });
                found.sort_unstable();
                found.dedup();
                let wanted: Vec<u32> =
                    set.iter().zip(0..).filter(|(needle, _)| text.contains(**needle)).map(|(_, value)| value).collect();
                assert_eq!(found, wanted, "{set:?} in {text:?}");
            }
            assert_eq!(needles.values().count(), set.len());
        }
    }
}
