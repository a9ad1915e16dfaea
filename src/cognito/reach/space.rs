//! Sets of actions or resources as far as patterns can write them: any of these, but none of those.

use super::glob::Glob;

/// Something that matches texts.
pub(super) trait Shape: Clone + Ord {
    fn covers(&self, other: &Self) -> bool;
    fn is_disjoint(&self, other: &Self) -> bool;
}

impl Shape for Glob {
    fn covers(&self, other: &Self) -> bool {
        Glob::covers(self, other)
    }

    fn is_disjoint(&self, other: &Self) -> bool {
        Glob::is_disjoint(self, other)
    }
}

/// Any of `any_of`, each of which is patterns that all match, but none of `except`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space<S> {
    pub any_of: Vec<Vec<S>>,
    pub except: Vec<S>,
}

impl<S: Shape> Space<S> {
    pub fn new(any_of: Vec<Vec<S>>, except: Vec<S>) -> Self {
        Space { any_of, except }.tidied()
    }

    pub fn is_empty(&self) -> bool {
        self.any_of.is_empty()
    }

    /// What is in both.
    pub fn intersect(&self, other: &Self) -> Self {
        let pairs = self.any_of.iter().flat_map(|one| other.any_of.iter().map(move |two| both(one, two)));
        let except = self.except.iter().chain(&other.except).cloned().collect();
        Space::new(pairs.flatten().collect(), except)
    }

    /// Whether all of this is in `other`, as far as can be seen.
    pub fn is_within(&self, other: &Self) -> bool {
        self.any_of.iter().all(|patterns| {
            let is_covered = other
                .any_of
                .iter()
                .any(|wide| wide.iter().all(|wide| patterns.iter().any(|narrow| wide.covers(narrow))));
            let spares_none = other.except.iter().all(|spared| {
                patterns.iter().any(|pattern| pattern.is_disjoint(spared))
                    || self.except.iter().any(|missing| missing.covers(spared))
            });
            is_covered && spares_none
        })
    }

    /// Whether nothing is in both, as far as can be seen.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.intersect(other).is_empty()
    }

    /// Drops what `except` takes away whole, what another alternative covers, and exceptions that spare nothing.
    fn tidied(mut self) -> Self {
        let except = std::mem::take(&mut self.except);
        let is_taken =
            |patterns: &[S]| patterns.iter().any(|pattern| except.iter().any(|missing| missing.covers(pattern)));
        self.any_of.retain(|patterns| !is_taken(patterns));
        self.any_of.sort();
        self.any_of.dedup();
        self.any_of = without_covered(self.any_of);
        let touches = |missing: &S| {
            self.any_of.iter().any(|patterns| patterns.iter().all(|pattern| !pattern.is_disjoint(missing)))
        };
        self.except = except.into_iter().filter(touches).collect();
        self.except.sort();
        self.except.dedup();
        self
    }
}

/// Patterns that all match; none if two of them cannot. A pattern that another one implies is left out.
fn both<S: Shape>(one: &[S], two: &[S]) -> Option<Vec<S>> {
    if one.iter().any(|pattern| two.iter().any(|other| pattern.is_disjoint(other))) {
        return None;
    }
    let mut kept: Vec<S> = Vec::new();
    for pattern in one.iter().chain(two) {
        if kept.iter().any(|other| pattern.covers(other)) {
            continue;
        }
        kept.retain(|other| !other.covers(pattern));
        kept.push(pattern.clone());
    }
    Some(kept)
}

/// Long lists are left as they are: looking at all pairs would take too long.
fn without_covered<S: Shape>(alternatives: Vec<Vec<S>>) -> Vec<Vec<S>> {
    if alternatives.len() > 200 {
        return alternatives;
    }
    let mut kept: Vec<Vec<S>> = Vec::new();
    let covers = |wide: &[S], narrow: &[S]| wide.iter().all(|wide| narrow.iter().any(|narrow| wide.covers(narrow)));
    for alternative in alternatives {
        if kept.iter().any(|other| covers(other, &alternative)) {
            continue;
        }
        kept.retain(|other| !covers(&alternative, other));
        kept.push(alternative);
    }
    kept
}
