//! Sets of texts, each with the lowest rule that has it: which of them is a text, begins it, or occurs in it.
//! Texts are UTF-8, so a match of bytes is a match of characters.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{ByteTable, Lowest};

/// The lowest rules that have a text, by what it has to be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    /// A beginning of the value, or a part.
    pub beginning: Lowest,
    /// The value itself.
    pub whole: Lowest,
}

/// A set of texts as a tree that forks where they differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    /// The root comes first, the children of a node are neighbours.
    nodes: Vec<Node>,
    /// With which byte each node's label begins: siblings are sorted by it.
    firsts: Vec<u8>,
    /// The children of the root by that byte; 0 is none. Most values of a claim go no further.
    of_root: ByteTable<u16>,
}

#[derive(Debug, Clone)]
struct Node {
    /// The bytes between its parent and it. Only that of the root is empty.
    label: Box<[u8]>,
    children: Range<usize>,
    ends: Ends,
}

impl Texts {
    pub fn new(texts: &BTreeMap<&str, Ends>) -> Self {
        let sorted: Vec<(&[u8], Ends)> = texts.iter().map(|(text, ends)| (text.as_bytes(), *ends)).collect();
        let mut set = Texts::default();
        if sorted.is_empty() {
            return set;
        }
        set.push(&[]);
        // What is left of the texts below each node, in the order of the nodes.
        let mut below = vec![sorted];
        let mut at = 0;
        while let Some(texts) = below.get_mut(at).map(std::mem::take) {
            let (ends, rest) = match texts.split_first() {
                Some((([], ends), rest)) => (*ends, rest),
                _ => (Ends::default(), &*texts),
            };
            let start = set.nodes.len();
            for group in rest.chunk_by(|(one, _), (other, _)| one.first() == other.first()) {
                // They are sorted: what the first and the last have in common, all have.
                let Some(((first, _), (last, _))) = group.first().zip(group.last()) else { continue };
                let label = shared(first, last);
                set.push(first.get(..label).unwrap_or_default());
                below.push(group.iter().map(|(text, ends)| (text.get(label..).unwrap_or_default(), *ends)).collect());
            }
            let children = start..set.nodes.len();
            if let Some(node) = set.nodes.get_mut(at) {
                (node.children, node.ends) = (children, ends);
            }
            at += 1;
        }
        let children_of_root = set.nodes.first().map_or(0..0, |root| root.children.clone());
        // At most one for each byte, next to the root.
        for (byte, child) in set.firsts.get(children_of_root).unwrap_or_default().iter().zip(1..) {
            set.of_root.change(*byte, |_| child);
        }
        set
    }

    fn push(&mut self, label: &[u8]) {
        self.firsts.push(label.first().copied().unwrap_or_default());
        self.nodes.push(Node { label: label.into(), children: 0..0, ends: Ends::default() });
    }

    /// The lowest rule whose text begins `text`, or is it.
    pub fn hit(&self, text: &[u8]) -> Lowest {
        let Some(root) = self.nodes.first() else { return Lowest::default() };
        let Some(byte) = text.first() else { return root.ends.beginning.min(root.ends.whole) };
        match self.of_root.of(*byte) {
            0 => root.ends.beginning,
            child => root.ends.beginning.min(self.hit_from(child.into(), text)),
        }
    }

    /// The same below a node whose label comes next.
    fn hit_from(&self, node: usize, text: &[u8]) -> Lowest {
        let mut hit = Lowest::default();
        let (mut next, mut rest) = (self.nodes.get(node), text);
        while let Some(node) = next {
            let Some(behind) = rest.strip_prefix(&*node.label) else { break };
            rest = behind;
            hit.join(node.ends.beginning);
            let Some(byte) = rest.first() else {
                hit.join(node.ends.whole);
                break;
            };
            let Some(firsts) = self.firsts.get(node.children.clone()) else { break };
            let Ok(child) = firsts.binary_search(byte) else { break };
            next = self.nodes.get(node.children.start + child);
        }
        hit
    }
}

/// How many bytes two texts begin with alike.
fn shared(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// A set of texts that are looked for everywhere in a value. Before the tree is walked from a place, the next few
/// bytes are looked at: each must stand at this distance from the beginning of some text.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    texts: Texts,
    /// For each byte the distances at which it stands, a bit each.
    distances: ByteTable<u8>,
    /// The bit of the last distance that is looked at: no text is shorter. 0 if all are empty.
    last: u8,
}

impl Parts {
    pub fn new(texts: &BTreeMap<&str, Ends>) -> Self {
        let not_empty = || texts.keys().map(|text| text.as_bytes()).filter(|text| !text.is_empty());
        let width = not_empty().map(<[u8]>::len).min().unwrap_or_default().min(8);
        let mut distances = ByteTable::<u8>::default();
        for text in not_empty() {
            for (distance, byte) in text.iter().take(width).enumerate() {
                distances.change(*byte, |known| known | 1 << distance);
            }
        }
        let last = if width > 0 { 1 << (width - 1) } else { 0 };
        Parts { texts: Texts::new(texts), distances, last }
    }

    /// The lowest rule whose text occurs in `text`.
    pub fn hit(&self, text: &[u8]) -> Lowest {
        // The empty text occurs everywhere.
        let mut hit = self.texts.nodes.first().map_or(Lowest::default(), |root| root.ends.beginning);
        // Bit d: the last d + 1 bytes may be the beginning of some text.
        let mut begun = 0_u8;
        for (end, byte) in text.iter().enumerate() {
            begun = (begun << 1 | 1) & self.distances.of(*byte);
            if begun & self.last != 0 {
                // Bit d was bit 0 at a place d bytes before.
                let start = end - self.last.trailing_zeros() as usize;
                hit.join(self.texts.hit(text.get(start..).unwrap_or_default()));
            }
        }
        hit
    }
}
