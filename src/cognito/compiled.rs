//! The rules of a mapping as a small tree (Rule C38): claim → how the text begins, what occurs in it, what it is →
//! the lowest index of a rule that can end the walk. That rule alone is then tested as the law says.
//!
//! Why the answer is the same: for the value of one claim, `hit` finds the lowest rule on that claim that matches
//! or is undecidable, whatever else is on the way; the walk of Rule C24 ends at the lowest hit over all claims.
//! A property test holds it against [`rules::walk`](super::rules).
//!
//! | Value of the claim | Rules that end the walk |
//! |---|---|
//! | a text `c` | `Equals` c; `StartsWith` a beginning of c; `Contains` a part of c; `NotEqual` anything but c |
//! | a list of texts | the same for each element, the outcome told by the rule itself; every `NotEqual`; every awkward value |
//! | anything else, or a list with such an element | every rule on this claim |

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::claims::Claim;
use super::login::Admitted;
use super::rules::{MatchType, Rule, Walk, is_awkward};

/// Compiled rules. They answer like the list they were made from, with a few lookups.
#[derive(Debug, Clone, Default)]
pub struct RuleTree {
    claims: BTreeMap<Box<str>, ClaimNode>,
}

/// The rules on one claim. Every number is the index of a rule, the lowest of its kind.
#[derive(Debug, Clone, Default)]
struct ClaimNode {
    any: Lowest,
    /// Rules whose value is awkward in a list (Rule C30).
    awkward: Lowest,
    equals: BTreeMap<Box<str>, u16>,
    starts: Trie,
    parts: Trie,
    not_equal: NotEqual,
}

/// The two `NotEqual` rules that can be first: the lowest of all, and the lowest with another value than that one.
#[derive(Debug, Clone, Default)]
struct NotEqual {
    first: Option<(Box<str>, u16)>,
    other: Lowest,
}

/// The lowest index seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lowest(Option<u16>);

impl Lowest {
    fn see(&mut self, index: u16) {
        self.join(Lowest(Some(index)));
    }

    /// Whether it could lower another.
    fn is_before(self, other: Lowest) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one < other,
            (one, _) => one.is_some(),
        }
    }

    fn join(&mut self, other: Lowest) {
        self.0 = match (self.0, other.0) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }
}

/// A set of texts, a node a byte, each with the lowest rule that has it.
#[derive(Debug, Clone, Default)]
struct Trie {
    nodes: Vec<TrieNode>,
    /// With which bytes a text begins, a bit each: at most places of a claim none does.
    first: [u64; 4],
}

#[derive(Debug, Clone, Default)]
struct TrieNode {
    lowest: Lowest,
    /// Children by byte, sorted.
    children: Vec<(u8, u32)>,
}

impl RuleTree {
    /// Compiles rules; their order is their index.
    pub(super) fn compile(rules: &[Rule]) -> Self {
        let mut tree = RuleTree::default();
        // A mapping holds at most 400 rules (Rule C6).
        for (rule, index) in rules.iter().zip(0..) {
            tree.claims.entry(rule.claim().into()).or_default().add(rule, index);
        }
        tree
    }

    /// Where the walk of Rule C24 ends.
    pub(super) fn walk(&self, rules: &[Rule], login: &Admitted<'_>) -> Walk {
        let mut hit = Lowest::default();
        // Both are in the order of the names: one pass over the two finds what they share.
        let mut nodes = self.claims.iter();
        let mut next = nodes.next();
        'claims: for (claim_name, claim) in login.rule_claims() {
            while let Some((name, node)) = next {
                match claim_name.cmp(name) {
                    Ordering::Less => continue 'claims,
                    Ordering::Greater => next = nodes.next(),
                    Ordering::Equal => {
                        if node.any.is_before(hit) {
                            hit.join(node.hit(claim));
                        }
                        next = nodes.next();
                        continue 'claims;
                    }
                }
            }
            break;
        }
        let index = hit.0.map(usize::from);
        match index.and_then(|index| rules.get(index).map(|rule| (index, rule))) {
            Some((index, rule)) => Walk::At(index, rule.test(login.rule_claim(rule.claim()))),
            None => Walk::NoMatch,
        }
    }

    /// How many different claims the rules read: the lookups of a walk.
    pub fn claims(&self) -> usize {
        self.claims.len()
    }
}

impl ClaimNode {
    fn add(&mut self, rule: &Rule, index: u16) {
        self.any.see(index);
        if is_awkward(rule.value()) {
            self.awkward.see(index);
        }
        match rule.match_type() {
            MatchType::Equals => {
                self.equals.entry(rule.value().into()).or_insert(index);
            }
            MatchType::StartsWith => self.starts.add(rule.value(), index),
            MatchType::Contains => self.parts.add(rule.value(), index),
            MatchType::NotEqual => self.not_equal.add(rule.value(), index),
        }
    }

    /// The lowest rule that ends the walk for a value of this claim.
    fn hit(&self, claim: &Claim) -> Lowest {
        match claim {
            Claim::Null => Lowest::default(),
            Claim::List(items) => self.hit_list(items),
            scalar => match scalar.text() {
                Some(text) => {
                    let mut hit = self.hit_text(&text);
                    hit.join(self.not_equal.hit(&text));
                    hit
                }
                None => self.any,
            },
        }
    }

    fn hit_list(&self, items: &[Claim]) -> Lowest {
        let mut hit = self.awkward;
        hit.join(self.not_equal.lowest());
        for item in items {
            match item.text() {
                Some(text) => hit.join(self.hit_text(&text)),
                None => return self.any,
            }
        }
        hit
    }

    fn hit_text(&self, text: &str) -> Lowest {
        let mut hit = Lowest(self.equals.get(text).copied());
        hit.join(self.starts.beginning_of(text.as_bytes()));
        hit.join(self.parts.part_of(text.as_bytes()));
        hit
    }
}

impl NotEqual {
    fn add(&mut self, value: &str, index: u16) {
        match &self.first {
            None => self.first = Some((value.into(), index)),
            Some((first, _)) if **first != *value => self.other.see(index),
            Some(_) => {}
        }
    }

    fn lowest(&self) -> Lowest {
        Lowest(self.first.as_ref().map(|(_, index)| *index))
    }

    fn hit(&self, text: &str) -> Lowest {
        match &self.first {
            Some((first, index)) if **first != *text => Lowest(Some(*index)),
            Some(_) | None => self.other,
        }
    }
}

impl Trie {
    fn add(&mut self, text: &str, index: u16) {
        if let Some(byte) = text.bytes().next()
            && let Some(word) = self.first.get_mut(usize::from(byte / 64))
        {
            *word |= 1 << (byte % 64);
        }
        let mut at = self.child_or_new(None, 0);
        for byte in text.bytes() {
            at = self.child_or_new(Some(at), byte);
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.lowest.see(index);
        }
    }

    /// The child of a node, made if there is none; of no node, the root.
    fn child_or_new(&mut self, parent: Option<u32>, byte: u8) -> u32 {
        // Values have at most 128 characters and a mapping 400 rules, so nodes fit 32 bits (Rule C6).
        let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let Some(parent) = parent else {
            if self.nodes.is_empty() {
                self.nodes.push(TrieNode::default());
            }
            return 0;
        };
        let Some(node) = self.nodes.get_mut(parent as usize) else { return parent };
        match node.children.binary_search_by_key(&byte, |(byte, _)| *byte) {
            Ok(at) => node.children.get(at).map_or(parent, |(_, child)| *child),
            Err(at) => {
                node.children.insert(at, (byte, new));
                self.nodes.push(TrieNode::default());
                new
            }
        }
    }

    /// The lowest rule whose text is a beginning of `text`.
    fn beginning_of(&self, text: &[u8]) -> Lowest {
        let mut hit = Lowest::default();
        let mut node = self.nodes.first();
        let mut rest = text.iter();
        while let Some(here) = node {
            hit.join(here.lowest);
            node = rest.next().and_then(|byte| self.child(here, *byte));
        }
        hit
    }

    /// The lowest rule whose text occurs in `text`. Texts are UTF-8, so a match of bytes is a match of characters.
    fn part_of(&self, text: &[u8]) -> Lowest {
        // The empty text occurs everywhere.
        let mut hit = self.nodes.first().map_or(Lowest::default(), |root| root.lowest);
        if self.first == [0; 4] {
            return hit;
        }
        for (start, byte) in text.iter().enumerate() {
            if self.first.get(usize::from(byte / 64)).is_some_and(|word| word >> (byte % 64) & 1 == 1) {
                hit.join(self.beginning_of(text.get(start..).unwrap_or_default()));
            }
        }
        hit
    }

    fn child(&self, node: &TrieNode, byte: u8) -> Option<&TrieNode> {
        let at = node.children.binary_search_by_key(&byte, |(byte, _)| *byte).ok()?;
        self.nodes.get(node.children.get(at)?.1 as usize)
    }
}
