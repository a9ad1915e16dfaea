//! A radix tree over byte strings: which of many keys are prefixes of a text.
//!
//! Each stored entry hangs at the node where its key ends. A walk down a text passes the nodes of all keys that
//! are prefixes of it, and no others: its work depends on the length of the text, not on the number of keys.

use std::ops::{ControlFlow, Range};

/// The compact form: nodes in breadth-first order, so that the children of a node stand side by side.
#[derive(Debug, Default)]
pub(super) struct PrefixTree<T> {
    nodes: Box<[Node]>,
    /// First byte of each node's label, apart from the nodes so that the search for a child reads few bytes.
    first_bytes: Box<[u8]>,
    labels: Box<[u8]>,
    entries: Box<[T]>,
}

#[derive(Debug)]
struct Node {
    label: Range<u32>,
    children: Range<u32>,
    entries: Range<u32>,
}

/// How the bytes of a text are compared with those of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// As they are.
    No,
    /// ASCII letters of the text folded; the keys must be in lower case.
    Ascii,
}

impl<T> PrefixTree<T> {
    /// Builds the tree of keys with their entries. Entries of one key keep their order.
    pub(super) fn build(keys: impl IntoIterator<Item = (Vec<u8>, T)>) -> Self {
        let mut growing = vec![Growing::default()];
        for (key, entry) in keys {
            insert(&mut growing, &key, entry);
        }
        flatten(growing)
    }

    /// Calls `visit` with the depth and the entries of every key that is a prefix of `text`, shortest first, until
    /// it breaks.
    pub(super) fn walk<B>(
        &self,
        text: &[u8],
        fold: Fold,
        mut visit: impl FnMut(usize, &[T]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let Some(mut node) = self.nodes.first() else { return ControlFlow::Continue(()) };
        let mut depth = 0;
        loop {
            if !node.entries.is_empty() {
                visit(depth, slice(&self.entries, &node.entries))?;
            }
            let rest = text.get(depth..).unwrap_or_default();
            let Some(child) = self.child(node, rest, fold) else { return ControlFlow::Continue(()) };
            depth += child.label.len();
            node = child;
        }
    }

    /// Every node in depth-first order: its level, its label and its entries.
    pub(super) fn outline(&self) -> Vec<(usize, &[u8], &[T])> {
        let mut lines = Vec::new();
        let mut open = vec![(0, 0u32)];
        while let Some((level, index)) = open.pop() {
            let Some(node) = self.nodes.get(index as usize) else { continue };
            open.extend(node.children.clone().rev().map(|child| (level + 1, child)));
            lines.push((level, slice(&self.labels, &node.label), slice(&self.entries, &node.entries)));
        }
        lines
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Node>() + 1) + self.labels.len() + self.entries.len() * size_of::<T>()
    }

    fn child(&self, node: &Node, rest: &[u8], fold: Fold) -> Option<&Node> {
        let fold_byte = |byte: u8| if fold == Fold::Ascii { byte.to_ascii_lowercase() } else { byte };
        let first = fold_byte(*rest.first()?);
        let position = slice(&self.first_bytes, &node.children).iter().position(|&byte| byte == first)?;
        let child = self.nodes.get(node.children.start as usize + position)?;
        let label = slice(&self.labels, &child.label);
        let head = rest.get(..label.len())?;
        let fits = match fold {
            Fold::No => head == label,
            Fold::Ascii => head.iter().zip(label).all(|(&byte, &wanted)| fold_byte(byte) == wanted),
        };
        fits.then_some(child)
    }
}

fn slice<'a, T>(all: &'a [T], range: &Range<u32>) -> &'a [T] {
    all.get(range.start as usize..range.end as usize).unwrap_or_default()
}

/// A node while the tree grows.
struct Growing<T> {
    label: Vec<u8>,
    children: Vec<usize>,
    entries: Vec<T>,
}

impl<T> Default for Growing<T> {
    fn default() -> Self {
        Growing { label: Vec::new(), children: Vec::new(), entries: Vec::new() }
    }
}

#[expect(clippy::indexing_slicing, reason = "indices of nodes are positions in the vector that only grows")]
fn insert<T>(nodes: &mut Vec<Growing<T>>, key: &[u8], entry: T) {
    let mut node = 0;
    let mut rest = key;
    loop {
        if rest.is_empty() {
            nodes[node].entries.push(entry);
            return;
        }
        let child = nodes[node].children.iter().copied().find(|&child| nodes[child].label.first() == rest.first());
        let Some(child) = child else {
            nodes.push(Growing { label: rest.to_vec(), children: Vec::new(), entries: vec![entry] });
            let leaf = nodes.len() - 1;
            nodes[node].children.push(leaf);
            return;
        };
        let common = nodes[child].label.iter().zip(rest).take_while(|(label, byte)| label == byte).count();
        if common < nodes[child].label.len() {
            // Cut the child in two: its lower half moves to a new node below it.
            let tail = nodes[child].label.split_off(common);
            let lower = Growing {
                label: tail,
                children: std::mem::take(&mut nodes[child].children),
                entries: std::mem::take(&mut nodes[child].entries),
            };
            nodes.push(lower);
            let lower = nodes.len() - 1;
            nodes[child].children.push(lower);
        }
        rest = &rest[common..];
        node = child;
    }
}

fn flatten<T>(mut growing: Vec<Growing<T>>) -> PrefixTree<T> {
    let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut nodes = Vec::with_capacity(growing.len());
    let (mut first_bytes, mut labels, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    let mut order = std::collections::VecDeque::from([0usize]);
    let mut next_child = 1u32;
    while let Some(index) = order.pop_front() {
        let Some(node) = growing.get_mut(index) else { continue };
        let Growing { label, mut children, entries: own } = std::mem::take(node);
        children.sort_by_key(|&child| growing.get(child).and_then(|child| child.label.first().copied()));
        let child_range = next_child..next_child + narrow(children.len());
        next_child = child_range.end;
        order.extend(children);
        let label_range = narrow(labels.len())..narrow(labels.len() + label.len());
        let entry_range = narrow(entries.len())..narrow(entries.len() + own.len());
        first_bytes.push(label.first().copied().unwrap_or_default());
        labels.extend(label);
        entries.extend(own);
        nodes.push(Node { label: label_range, children: child_range, entries: entry_range });
    }
    PrefixTree { nodes: nodes.into(), first_bytes: first_bytes.into(), labels: labels.into(), entries: entries.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tree: &PrefixTree<u32>, text: &str, fold: Fold) -> Vec<(usize, Vec<u32>)> {
        let mut found = Vec::new();
        let _: ControlFlow<()> = tree.walk(text.as_bytes(), fold, |depth, entries| {
            found.push((depth, entries.to_vec()));
            ControlFlow::Continue(())
        });
        found
    }

    #[test]
    fn finds_exactly_the_prefixes() {
        let keys = ["", "abc", "ab", "abd", "b", "abc", "abcdef"];
        let tree = PrefixTree::build(keys.iter().zip(0..).map(|(key, entry)| (key.as_bytes().to_vec(), entry)));
        assert_eq!(found(&tree, "abcde", Fold::No), [(0, vec![0]), (2, vec![2]), (3, vec![1, 5])]);
        assert_eq!(found(&tree, "ba", Fold::No), [(0, vec![0]), (1, vec![4])]);
        assert_eq!(found(&tree, "", Fold::No), [(0, vec![0])]);
        assert_eq!(found(&tree, "ABCDEF", Fold::Ascii).len(), 4);
        assert_eq!(found(&tree, "ABC", Fold::No), [(0, vec![0])]);
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
        let tree = PrefixTree::build(keys.iter().zip(0..).map(|(key, entry)| (key.as_bytes().to_vec(), entry)));
        for text in &keys {
            let mut walked: Vec<u32> =
                found(&tree, text, Fold::No).into_iter().flat_map(|(_, entries)| entries).collect();
            walked.sort_unstable();
            let plain: Vec<u32> =
                (0..).zip(&keys).filter(|(_, key)| text.starts_with(&***key)).map(|(entry, _)| entry).collect();
            assert_eq!(walked, plain, "{text}");
        }
        assert_eq!(tree.outline().iter().map(|(.., entries)| entries.len()).sum::<usize>(), keys.len());
    }

    #[test]
    fn an_empty_tree_finds_nothing() {
        assert!(found(&PrefixTree::build([]), "a", Fold::No).is_empty());
    }
}
