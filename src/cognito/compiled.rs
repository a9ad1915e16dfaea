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

mod texts;

use std::collections::BTreeMap;
use std::fmt;

use super::claims::Claim;
use super::login::Admitted;
use super::rules::{MatchType, Rule, Walk, is_awkward};
use crate::request::key_hash;
use texts::{Ends, Parts, Texts};

/// Compiled rules. They answer like the list they were made from, with a few lookups.
#[derive(Debug, Clone, Default)]
pub struct RuleTree {
    /// Sorted by the hash of the claim's name, then by the name: names of equal hashes cost a few comparisons more.
    claims: Vec<ClaimNode>,
    /// For the highest byte of a hash, where its claims begin and end. Most claims of a token are in no rule.
    places: ByteTable<(u16, u16)>,
}

/// The rules on one claim. Every number is the index of a rule, the lowest of its kind.
#[derive(Debug, Clone)]
struct ClaimNode {
    hash: u32,
    name: Box<str>,
    any: Lowest,
    /// Rules whose value is awkward in a list (Rule C30).
    awkward: Lowest,
    /// `Equals` and `StartsWith`.
    from_start: Option<Box<Texts>>,
    /// `Contains`.
    parts: Option<Box<Parts>>,
    not_equal: NotEqual,
}

/// The two `NotEqual` rules that can be first: the lowest of all, and the lowest with another value than that one.
#[derive(Debug, Clone, Default)]
struct NotEqual {
    first: Option<(Box<str>, u16)>,
    other: Lowest,
}

/// The lowest index seen. None is above all: a mapping holds at most 400 rules (Rule C6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Lowest(u16);

impl Default for Lowest {
    fn default() -> Self {
        Lowest(u16::MAX)
    }
}

impl Lowest {
    fn join(&mut self, other: Lowest) {
        *self = (*self).min(other);
    }
}

/// A value for each byte.
#[derive(Clone)]
struct ByteTable<T>(Box<[T; 256]>);

impl<T: Copy + Default> ByteTable<T> {
    fn of(&self, byte: u8) -> T {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }

    fn change(&mut self, byte: u8, change: impl FnOnce(T) -> T) {
        if let Some(value) = self.0.get_mut(usize::from(byte)) {
            *value = change(*value);
        }
    }
}

impl<T: Copy + Default> Default for ByteTable<T> {
    fn default() -> Self {
        ByteTable(Box::new([T::default(); 256]))
    }
}

/// Nobody wants to read 256 entries; they follow from what stands beside them.
impl<T> fmt::Debug for ByteTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByteTable").finish_non_exhaustive()
    }
}

impl RuleTree {
    /// Compiles rules; their order is their index.
    pub(super) fn compile(rules: &[Rule]) -> Self {
        let mut by_claim: BTreeMap<(u32, &str), Vec<(&Rule, u16)>> = BTreeMap::new();
        for (rule, index) in rules.iter().zip(0..) {
            by_claim.entry((key_hash(rule.claim()), rule.claim())).or_default().push((rule, index));
        }
        let mut tree = RuleTree::default();
        for ((node, rules), at) in by_claim.into_iter().zip(0..) {
            let ((hash, name), [top, ..]) = (node, node.0.to_be_bytes());
            tree.claims.push(ClaimNode::new(hash, name, &rules));
            tree.places.change(top, |(start, end)| if start == end { (at, at + 1) } else { (start, at + 1) });
        }
        tree
    }

    /// Where the walk of Rule C24 ends.
    pub(super) fn walk(&self, rules: &[Rule], login: &Admitted<'_>) -> Walk {
        let mut hit = Lowest::default();
        let mut hit_claim = None;
        for (hash, (name, claim)) in login.login.claims().by_hash() {
            let [top, ..] = hash.to_be_bytes();
            let (start, end) = self.places.of(top);
            if start == end {
                continue;
            }
            let Some(node) = self.node(start.into(), end.into(), hash, name) else { continue };
            if node.any >= hit {
                continue;
            }
            let Some(claim) = login.lent_to_rules(name, claim) else { continue };
            let found = node.hit(claim);
            if found < hit {
                (hit, hit_claim) = (found, Some(claim));
            }
        }
        let index = usize::from(hit.0);
        match (rules.get(index), hit_claim) {
            (Some(rule), Some(claim)) => Walk::At(index, rule.test(Some(claim))),
            _ => Walk::NoMatch,
        }
    }

    /// The rules on a claim, which are among those from `start` to `end`.
    fn node(&self, start: usize, end: usize, hash: u32, name: &str) -> Option<&ClaimNode> {
        let nodes = self.claims.get(start..end)?;
        if let [only] = nodes {
            return (only.hash == hash && *only.name == *name).then_some(only);
        }
        let at = nodes.binary_search_by(|node| node.hash.cmp(&hash).then_with(|| (*node.name).cmp(name))).ok()?;
        nodes.get(at)
    }

    /// How many different claims the rules read: the lookups of a walk.
    pub fn claims(&self) -> usize {
        self.claims.len()
    }
}

impl ClaimNode {
    fn new(hash: u32, name: &str, rules: &[(&Rule, u16)]) -> Self {
        let (mut any, mut awkward) = (Lowest::default(), Lowest::default());
        let (mut from_start, mut parts) = (BTreeMap::<&str, Ends>::new(), BTreeMap::<&str, Ends>::new());
        let mut not_equal = NotEqual::default();
        for (rule, index) in rules {
            any.join(Lowest(*index));
            if is_awkward(rule.value()) {
                awkward.join(Lowest(*index));
            }
            match rule.match_type() {
                MatchType::Equals => from_start.entry(rule.value()).or_default().whole.join(Lowest(*index)),
                MatchType::StartsWith => from_start.entry(rule.value()).or_default().beginning.join(Lowest(*index)),
                MatchType::Contains => parts.entry(rule.value()).or_default().beginning.join(Lowest(*index)),
                MatchType::NotEqual => not_equal.add(rule.value(), *index),
            }
        }
        let from_start = (!from_start.is_empty()).then(|| Box::new(Texts::new(&from_start)));
        let parts = (!parts.is_empty()).then(|| Box::new(Parts::new(&parts)));
        ClaimNode { hash, name: name.into(), any, awkward, from_start, parts, not_equal }
    }

    /// The lowest rule that ends the walk for a value of this claim.
    fn hit(&self, claim: &Claim) -> Lowest {
        match claim {
            Claim::Text(text) => self.hit_scalar(text),
            other => self.hit_other(other),
        }
    }

    /// Apart, because most claims are texts and this has an owned text to drop.
    #[inline(never)]
    fn hit_other(&self, claim: &Claim) -> Lowest {
        match claim {
            Claim::Null => Lowest::default(),
            Claim::List(items) => self.hit_list(items),
            scalar => scalar.text().map_or(self.any, |text| self.hit_scalar(&text)),
        }
    }

    fn hit_scalar(&self, text: &str) -> Lowest {
        let mut hit = self.hit_text(text);
        hit.join(self.not_equal.hit(text));
        hit
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
        let mut hit = Lowest::default();
        if let Some(from_start) = &self.from_start {
            hit.join(from_start.hit(text.as_bytes()));
        }
        if let Some(parts) = &self.parts {
            hit.join(parts.hit(text.as_bytes()));
        }
        hit
    }
}

impl NotEqual {
    fn add(&mut self, value: &str, index: u16) {
        match &self.first {
            None => self.first = Some((value.into(), index)),
            Some((first, _)) if **first != *value => self.other.join(Lowest(index)),
            Some(_) => {}
        }
    }

    fn lowest(&self) -> Lowest {
        self.first.as_ref().map_or(Lowest::default(), |(_, index)| Lowest(*index))
    }

    fn hit(&self, text: &str) -> Lowest {
        match &self.first {
            Some((first, index)) if **first != *text => Lowest(*index),
            Some(_) | None => self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option::weighted;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::cognito::claims::{Claims, VerifiedClaims};
    use crate::cognito::login::Login;
    use crate::cognito::provider::{Provider, ProviderKind};
    use crate::cognito::rules;

    /// Names of one length with one hash: it looks at the first and the last eight bytes.
    fn alike(number: u32) -> String {
        format!("custom:s{}-of-team", char::from_u32(0x4e00 + number).unwrap())
    }

    fn name() -> impl Strategy<Value = String> {
        let few = ["sub", "aud", "team", "Team", "TEAM", "custom:é", "x"].map(str::to_owned);
        prop_oneof![select(few.to_vec()), (0..4_u32).prop_map(alike)]
    }

    /// Texts that share beginnings, ends and parts, of every length around the eight bytes that are looked at first.
    fn text() -> impl Strategy<Value = String> {
        let pieces = select(vec!["a", "b", "ab", "é", "e", "日本", "日", "😀", "\u{0}", "admin", "[", " ", "abcdefgh"]);
        prop_oneof![1 => Just(String::new()), 8 => vec(pieces, 1..5).prop_map(|pieces| pieces.concat())]
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let match_type = select(MatchType::NAMES.map(|(_, match_type)| match_type).to_vec());
        (name(), match_type, text()).prop_map(|(name, match_type, value)| Rule::new(&name, match_type, &value, "r"))
    }

    fn scalar() -> impl Strategy<Value = Claim> {
        let others =
            vec![Claim::Null, Claim::Object, Claim::Bool(true), Claim::Number("7".into()), Claim::Number("7.5".into())];
        prop_oneof![8 => text().prop_map(|text| Claim::Text(text.into())), 1 => select(others)]
    }

    fn claim() -> impl Strategy<Value = Claim> {
        prop_oneof![4 => scalar(), 1 => vec(scalar(), 0..4).prop_map(Claim::List)]
    }

    fn provider() -> impl Strategy<Value = Provider> {
        let kinds = [
            (ProviderKind::UserPool, "pool"),
            (ProviderKind::Saml, "saml"),
            (ProviderKind::Social, "www.amazon.com"),
            (ProviderKind::Developer, "dev"),
        ];
        select(kinds.map(|(kind, name)| Provider::new(kind, name, Vec::new())).to_vec())
    }

    fn both(rules: &[Rule], claims: Claims, provider: &Provider) -> (Walk, Walk) {
        let login = Login::new("key", VerifiedClaims::assume_verified(claims));
        let login = Admitted { login: &login, provider };
        (RuleTree::compile(rules).walk(rules, &login), rules::walk(rules, &login))
    }

    fn index(walk: Walk) -> Option<usize> {
        match walk {
            Walk::At(index, _) => Some(index),
            Walk::NoMatch => None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

        /// Rule C38.
        #[test]
        fn the_tree_is_the_law(
            rules in prop_oneof![4 => vec(rule(), 0..8), 1 => vec(rule(), 0..60)],
            claims in vec((name(), claim()), 0..8),
            more in weighted(0.05, 300..400_u32),
            provider in provider(),
        ) {
            let more = (4..more.unwrap_or_default()).map(|number| (alike(number).into(), Claim::from("ab")));
            let claims: Claims = claims.into_iter().map(|(name, claim)| (name.into(), claim)).chain(more).collect();
            let (compiled, plain) = both(&rules, claims, &provider);
            prop_assert_eq!(compiled, plain);
        }
    }

    /// As many rules as a mapping may have, as many claims and more, every name with one hash.
    #[test]
    fn names_of_one_hash_are_told_apart() {
        assert_eq!(key_hash(&alike(0)), key_hash(&alike(999)));
        let rules: Vec<Rule> =
            (0..400).map(|number| Rule::new(&alike(number), MatchType::Equals, "yes", "r")).collect();
        let provider = Provider::new(ProviderKind::UserPool, "pool", Vec::new());
        for (named, expected) in
            [(0, Some(0)), (1, Some(1)), (257, Some(257)), (399, Some(399)), (400, None), (999, None)]
        {
            let value = |number| Claim::from(if number == named { "yes" } else { "no" });
            let claims = (0..1000).map(|number| (alike(number).into(), value(number))).collect();
            let (compiled, plain) = both(&rules, claims, &provider);
            assert_eq!(compiled, plain);
            assert_eq!(index(compiled), expected);
        }
    }

    /// Values of one byte and of none are found at every place, the last included.
    #[test]
    fn short_parts() {
        let provider = Provider::new(ProviderKind::UserPool, "pool", Vec::new());
        for (values, text, expected) in [
            (vec![""], "", Some(0)),
            (vec!["x", ""], "a", Some(1)),
            (vec!["a"], "", None),
            (vec!["c"], "abc", Some(0)),
            (vec!["bcdefghijk", "c"], "abc", Some(1)),
            (vec!["bcdefghijk", "cd"], "abcdefghijk", Some(0)),
            (vec!["aab"], "aaaab", Some(0)),
            (vec!["abcdefghX", "abcdefgh"], "abcabcdefgh", Some(1)),
            (vec!["本"], "日本", Some(0)),
        ] {
            let rules: Vec<Rule> = values.iter().map(|value| Rule::new("x", MatchType::Contains, value, "r")).collect();
            let (compiled, plain) = both(&rules, Claims::default().with("x", text), &provider);
            assert_eq!(compiled, plain, "{values:?} in {text}");
            assert_eq!(index(compiled), expected, "{values:?} in {text}");
        }
    }
}
