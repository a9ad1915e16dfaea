//! A radix tree over byte strings: which of many keys are prefixes of a text.
//!
//! Each key has a value, kept at the node where the key ends. A walk down a text passes the nodes of all keys that
//! are prefixes of it, and no others: its work depends on the length of the text, not on the number of keys.
//!
//! # How it lies in memory
//!
//! All nodes are one string of bytes, in the order of a depth-first walk. What a walk reads of a node stands
//! together, most often in one cache line:
//!
//! ```text
//! length of the label (2) │ children (2) │ value (4) │ label │ first byte of each child's label │ place of each child (4)
//! ```

use std::ops::ControlFlow;

use crate::source::bytes;

/// The compact form.
#[derive(Debug, Default)]
pub(super) struct PrefixTree {
    bytes: Box<[u8]>,
}

/// How the bytes of a text are compared with those of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// As they are.
    No,
    /// ASCII letters of the text folded; the keys must be in lower case.
    Ascii,
}

/// Stands for no value.
const NO_VALUE: u32 = u32::MAX;

/// A longer label is cut into several nodes.
const MAX_LABEL: usize = u16::MAX as usize;

const HEADER: usize = 8;

/// A node as it stands in the bytes.
#[derive(Clone, Copy)]
struct Node<'t> {
    label: &'t [u8],
    value: u32,
    first_bytes: &'t [u8],
    /// Where the places of its children begin.
    places: usize,
}

/// The nodes that a walk passed.
#[derive(Debug)]
pub(super) struct Trail {
    steps: [Step; LONGEST_TRAIL],
    length: usize,
}

/// A node behind whose label a walk was, how deep that is, and how many values it had met.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    place: u32,
    depth: u32,
    values: usize,
}

/// The last node that every text with some beginning passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Landing {
    place: u32,
    depth: u32,
}

/// What lies further down is walked anew.
const LONGEST_TRAIL: usize = 24;

impl Trail {
    pub(super) fn new() -> Self {
        Trail { steps: [Step::default(); LONGEST_TRAIL], length: 0 }
    }

    fn last(&self) -> Option<Step> {
        self.steps.get(self.length.checked_sub(1)?).copied()
    }

    fn push(&mut self, step: Step) {
        // Without a gap: what does not fit is walked anew, and so is all behind it.
        if let Some(place) = self.steps.get_mut(self.length) {
            *place = step;
            self.length += 1;
        }
    }

    /// Leaves what lies behind the first `common` bytes; returns how many values stand before.
    pub(super) fn back_to(&mut self, common: usize) -> usize {
        while self.last().is_some_and(|step| step.depth as usize > common) {
            self.length -= 1;
        }
        self.last().map_or(0, |step| step.values)
    }
}

impl PrefixTree {
    /// Builds the tree of keys with their values; of equal keys the last counts.
    pub(super) fn build<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = (K, u32)>) -> Self {
        let mut keys: Vec<(K, u32)> = keys.into_iter().collect();
        keys.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        let mut bytes = Vec::new();
        if !keys.is_empty() {
            write(&mut bytes, &keys);
        }
        PrefixTree { bytes: bytes.into() }
    }

    /// Calls `visit` with the depth and the value of every key that is a prefix of `text`, shortest first, until
    /// it breaks.
    #[inline]
    pub(super) fn walk<B>(
        &self,
        text: &[u8],
        fold: Fold,
        visit: impl FnMut(usize, u32) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.walk_below(None, text, fold, visit)
    }

    /// The last node that every text with a beginning passes; `visit` hears of the values up to there.
    pub(super) fn landing(&self, beginning: &[u8], mut visit: impl FnMut(usize, u32)) -> Option<Landing> {
        let mut trail = Trail::new();
        self.walk_on(beginning, &mut trail, &mut visit);
        trail.last().map(|Step { place, depth, .. }| Landing { place, depth })
    }

    /// As [`PrefixTree::walk`], for a text that passes a landing: `visit` hears of the values below it only.
    #[inline]
    pub(super) fn walk_below<B>(
        &self,
        landing: Option<Landing>,
        text: &[u8],
        fold: Fold,
        mut visit: impl FnMut(usize, u32) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut place = 0;
        let mut depth = 0;
        // How much of a label is known to fit: of a child's the first byte.
        let mut known = 0;
        if let Some(landing) = landing {
            depth = landing.depth as usize;
            let child = self.node(landing.place as usize).and_then(|node| self.child_of(&node, *text.get(depth)?));
            let Some(child) = child else { return ControlFlow::Continue(()) };
            (place, known) = (child, 1);
        }
        while let Some(node) = self.node(place) {
            if node.label.len() > known {
                let rest = text.get(depth..).unwrap_or_default();
                let fits = match fold {
                    Fold::No => self.begins_with_label(rest, &node),
                    Fold::Ascii => begins_folded(rest, node.label),
                };
                if !fits {
                    break;
                }
            }
            depth += node.label.len();
            if node.value != NO_VALUE {
                visit(depth, node.value)?;
            }
            let Some(&byte) = text.get(depth) else { break };
            let byte = if fold == Fold::Ascii { byte.to_ascii_lowercase() } else { byte };
            let Some(child) = self.child_of(&node, byte) else { break };
            (place, known) = (child, 1);
        }
        ControlFlow::Continue(())
    }

    /// As [`PrefixTree::walk`] for a text of which the first bytes are those of the text before: the walk goes on from
    /// where [`Trail::back_to`] left the trail. `visit` hears of the values behind that place only.
    pub(super) fn walk_on(&self, text: &[u8], trail: &mut Trail, mut visit: impl FnMut(usize, u32)) {
        let mut last = trail.last();
        let mut place = last.map_or(0, |step| step.place as usize);
        let mut depth = last.map_or(0, |step| step.depth as usize);
        let mut values = last.map_or(0, |step| step.values);
        while let Some(node) = self.node(place) {
            if last.take().is_none() {
                if !self.begins_with_label(text.get(depth..).unwrap_or_default(), &node) {
                    break;
                }
                depth += node.label.len();
                if node.value != NO_VALUE {
                    visit(depth, node.value);
                    values += 1;
                }
                trail.push(Step { place: narrow(place), depth: narrow(depth), values });
            }
            let Some(&byte) = text.get(depth) else { break };
            let Some(child) = self.child_of(&node, byte) else { break };
            place = child;
        }
    }

    /// The first bytes of all keys, if none of them is empty.
    pub(super) fn first_bytes(&self) -> &[u8] {
        match self.node(0) {
            Some(root) if root.label.is_empty() => root.first_bytes,
            Some(root) => root.label.get(..1).unwrap_or_default(),
            None => &[],
        }
    }

    /// What all keys begin with.
    pub(super) fn common(&self) -> &[u8] {
        self.node(0).map_or(&[], |root| root.label)
    }

    /// Every node in depth-first order: its level, its label and its value. Level 0 has no label.
    pub(super) fn outline(&self) -> Vec<(usize, &[u8], Option<u32>)> {
        let mut lines = Vec::new();
        let has_label = self.node(0).is_some_and(|root| !root.label.is_empty());
        let mut open = vec![(usize::from(has_label), 0)];
        while let Some((level, place)) = open.pop() {
            let Some(node) = self.node(place) else { continue };
            open.extend((0..node.first_bytes.len()).rev().map(|child| (level + 1, self.child(&node, child))));
            lines.push((level, node.label, Some(node.value).filter(|value| *value != NO_VALUE)));
        }
        lines
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    fn node(&self, place: usize) -> Option<Node<'_>> {
        let (header, rest) = self.bytes.get(place..)?.split_first_chunk::<HEADER>()?;
        let header = u64::from_le_bytes(*header);
        let (label_length, children) = (usize::from(header as u16), usize::from((header >> 16) as u16));
        let (label, rest) = rest.split_at_checked(label_length)?;
        let first_bytes = rest.get(..children)?;
        let places = place + HEADER + label_length + children;
        Some(Node { label, value: (header >> 32) as u32, first_bytes, places })
    }

    /// Whether a text begins with the label of a node.
    #[inline]
    fn begins_with_label(&self, text: &[u8], node: &Node<'_>) -> bool {
        let length = node.label.len();
        // Most labels are short, and what stands behind them may be read along.
        let at = node.places - node.first_bytes.len() - length;
        let wanted = self.bytes.get(at..).and_then(|label| label.first_chunk::<8>());
        match (text.first_chunk::<8>(), wanted) {
            (Some(found), Some(wanted)) if length < 8 => {
                let differences = u64::from_le_bytes(*found) ^ u64::from_le_bytes(*wanted);
                differences & ((1 << (length * 8)) - 1) == 0
            }
            _ => bytes::begins(text, node.label),
        }
    }

    /// The place of the child of a node whose label begins with a byte.
    #[inline]
    fn child_of(&self, node: &Node<'_>, byte: u8) -> Option<usize> {
        let child = node.first_bytes.iter().position(|&first| first == byte)?;
        Some(self.child(node, child))
    }

    /// The place of a child of a node.
    #[inline]
    fn child(&self, node: &Node<'_>, child: usize) -> usize {
        let place = self.bytes.get(node.places + child * 4..).and_then(|places| places.first_chunk::<4>());
        place.map_or(usize::MAX, |place| u32::from_le_bytes(*place) as usize)
    }
}

#[inline]
fn begins_folded(text: &[u8], label: &[u8]) -> bool {
    let head = text.get(..label.len());
    head.is_some_and(|head| head.iter().zip(label).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted))
}

/// A node that is still to be written: the keys below it, how much of them stands above it, and where its parent
/// wants its place.
struct Unwritten<'k, K> {
    keys: &'k [(K, u32)],
    depth: usize,
    parent: Option<usize>,
}

/// Writes the nodes of sorted keys without recursion: keys may be as long as a document allows.
fn write<K: AsRef<[u8]>>(bytes: &mut Vec<u8>, keys: &[(K, u32)]) {
    let mut open = vec![Unwritten { keys, depth: 0, parent: None }];
    while let Some(Unwritten { keys, depth, parent }) = open.pop() {
        let place = bytes.len();
        if let Some(wanted) = parent.and_then(|at| bytes.get_mut(at..at + 4)) {
            wanted.copy_from_slice(&narrow(place).to_le_bytes());
        }
        // The root has no label unless all keys share one; sorted, the first and the last share what all share.
        let (first, last) = (behind(keys.first(), depth), behind(keys.last(), depth));
        let common = match keys {
            [_] => first.len(),
            _ => first.iter().zip(last).take_while(|(one, other)| one == other).count(),
        };
        let common = common.min(MAX_LABEL);
        let depth = depth + common;
        let next_byte = |(key, _): &(K, u32)| key.as_ref().get(depth).copied();
        // Sorted, the keys that end here come first, and those of one child stand together.
        let ending = keys.iter().take_while(|key| next_byte(key).is_none()).count();
        let (ending, below) = keys.split_at_checked(ending).unwrap_or_default();
        let value = ending.last().map_or(NO_VALUE, |(_, value)| *value);
        bytes.extend(u16::try_from(common).unwrap_or(u16::MAX).to_le_bytes());
        let children_at = bytes.len();
        bytes.extend([0; 2]);
        bytes.extend(value.to_le_bytes());
        bytes.extend(first.get(..common).unwrap_or_default());
        let first_open = open.len();
        for keys in below.chunk_by(|one, other| next_byte(one) == next_byte(other)) {
            bytes.extend(keys.first().and_then(next_byte));
            open.push(Unwritten { keys, depth, parent: None });
        }
        let children = open.get_mut(first_open..).unwrap_or_default();
        if let Some(count) = bytes.get_mut(children_at..children_at + 2) {
            count.copy_from_slice(&u16::try_from(children.len()).unwrap_or(u16::MAX).to_le_bytes());
        }
        for child in &mut *children {
            child.parent = Some(bytes.len());
            bytes.extend([0; 4]);
        }
        // The first child is written next.
        children.reverse();
    }
}

fn behind<K: AsRef<[u8]>>(key: Option<&(K, u32)>, depth: usize) -> &[u8] {
    key.and_then(|(key, _)| key.as_ref().get(depth..)).unwrap_or_default()
}

/// Places fit 32 bits: a set is at most as large as its texts.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tree: &PrefixTree, text: &str, fold: Fold) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        let _: ControlFlow<()> = tree.walk(text.as_bytes(), fold, |depth, value| {
            found.push((depth, value));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn finds_exactly_the_prefixes() {
        let keys = ["", "abc", "ab", "abd", "b", "abcdef"];
        let tree = PrefixTree::build(keys.iter().zip(0..));
        assert_eq!(found(&tree, "abcde", Fold::No), [(0, 0), (2, 2), (3, 1)]);
        assert_eq!(found(&tree, "ba", Fold::No), [(0, 0), (1, 4)]);
        assert_eq!(found(&tree, "", Fold::No), [(0, 0)]);
        assert_eq!(found(&tree, "ABCDEF", Fold::Ascii).len(), 4);
        assert_eq!(found(&tree, "ABC", Fold::No), [(0, 0)]);
        assert_eq!(tree.first_bytes(), b"ab");
    }

    #[test]
    fn agrees_with_a_plain_search() {
        let alphabet = ["a", "b", "ab", "ba", "é", ""];
        let mut keys = Vec::new();
        for x in alphabet {
            for y in alphabet {
                for z in alphabet {
                    keys.push(format!("{x}{y}{z}"));
                }
            }
        }
        keys.sort();
        keys.dedup();
        let tree = PrefixTree::build(keys.iter().zip(0..));
        for text in &keys {
            let mut walked: Vec<u32> = found(&tree, text, Fold::No).into_iter().map(|(_, value)| value).collect();
            walked.sort_unstable();
            let plain: Vec<u32> =
                (0..).zip(&keys).filter(|(_, key)| text.starts_with(&***key)).map(|(value, _)| value).collect();
            assert_eq!(walked, plain, "{text}");
            for beginning in (0..=text.len()).filter_map(|length| text.get(..length)) {
                let mut values = Vec::new();
                let landing = tree.landing(beginning.as_bytes(), |depth, value| values.push((depth, value)));
                let _: ControlFlow<()> = tree.walk_below(landing, text.as_bytes(), Fold::No, |depth, value| {
                    values.push((depth, value));
                    ControlFlow::Continue(())
                });
                assert_eq!(values, found(&tree, text, Fold::No), "{beginning} {text}");
            }
        }
        assert_eq!(tree.outline().iter().filter(|(.., value)| value.is_some()).count(), keys.len());
    }

    #[test]
    fn a_walk_goes_on_from_the_text_before() {
        let keys = ["a", "ab", "abc", "abcd/x", "abce", "b", "abc/long/key/one", "abc/long/key/two"];
        let tree = PrefixTree::build(keys.iter().zip(0..));
        let texts = ["abc/long/key/one", "abc/long/key/two", "abc/long/kex", "abcd/x", "abce", "abce", "", "b", "ab"];
        let (mut trail, mut before, mut values) = (Trail::new(), "", Vec::new());
        for text in texts.iter().chain(texts.iter().rev()) {
            let common = bytes::common(before.as_bytes(), text.as_bytes());
            values.truncate(trail.back_to(common));
            tree.walk_on(text.as_bytes(), &mut trail, |depth, value| values.push((depth, value)));
            assert_eq!(values, found(&tree, text, Fold::No), "{before:?} {text:?}");
            before = text;
        }
        // Deeper than a trail reaches.
        let keys: Vec<String> = (0..40).map(|length| "x".repeat(length)).collect();
        let tree = PrefixTree::build(keys.iter().zip(0..));
        let (mut trail, mut values) = (Trail::new(), Vec::new());
        for (length, common) in [(39, 0), (40, 39), (30, 30), (35, 30)] {
            let text = "x".repeat(length);
            values.truncate(trail.back_to(common));
            tree.walk_on(text.as_bytes(), &mut trail, |depth, value| values.push((depth, value)));
            assert_eq!(values, found(&tree, &text, Fold::No));
        }
    }

    #[test]
    fn long_keys_are_cut_into_nodes() {
        let long = |length| "x".repeat(length);
        let tree = PrefixTree::build([(long(200_000), 0), (long(100_000), 1)]);
        assert_eq!(found(&tree, &format!("{}y", long(200_000)), Fold::No), [(100_000, 1), (200_000, 0)]);
        assert_eq!(found(&tree, &long(150_000), Fold::No), [(100_000, 1)]);
    }

    #[test]
    fn an_empty_tree_finds_nothing() {
        assert!(found(&PrefixTree::build::<&str>([]), "a", Fold::No).is_empty());
        assert!(PrefixTree::build::<&str>([]).first_bytes().is_empty());
    }

    #[test]
    fn keys_that_begin_alike_have_one_first_byte() {
        assert_eq!(PrefixTree::build([("abc", 0), ("abd", 1)]).first_bytes(), b"a");
        assert_eq!(PrefixTree::build([("ab", 0)]).first_bytes(), b"a");
    }
}
