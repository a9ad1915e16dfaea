//! Sets of actions or resources as far as patterns can write them: any of these, but none of those.

use super::budget::{Budget, Exhausted, all, any};
use super::glob::Glob;

/// Something that matches texts.
pub(super) trait Shape: Clone + Ord {
    fn covers(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted>;
    fn is_disjoint(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted>;
    /// What keeping it costs.
    fn size(&self) -> usize;
}

impl Shape for Glob {
    fn covers(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        Glob::covers(self, other, budget)
    }

    fn is_disjoint(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        Glob::is_disjoint(self, other, budget)
    }

    fn size(&self) -> usize {
        Glob::size(self)
    }
}

/// Any of `any_of`, each of which is patterns that all match, but none of `except`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space<S> {
    pub any_of: Vec<Vec<S>>,
    pub except: Vec<S>,
}

impl<S: Shape> Space<S> {
    pub fn new(any_of: Vec<Vec<S>>, except: Vec<S>, budget: &Budget) -> Result<Self, Exhausted> {
        Space { any_of, except }.tidied(budget)
    }

    pub fn is_empty(&self) -> bool {
        self.any_of.is_empty()
    }

    /// What keeping it costs.
    pub fn size(&self) -> usize {
        self.any_of.iter().flatten().chain(&self.except).map(S::size).fold(0, usize::saturating_add)
    }

    /// What is in both.
    pub fn intersect(&self, other: &Self, budget: &Budget) -> Result<Self, Exhausted> {
        let mut alternatives = Vec::new();
        for one in &self.any_of {
            for two in &other.any_of {
                if let Some(patterns) = both(one, two, budget)? {
                    budget.alternative(patterns.iter().map(S::size).sum())?;
                    alternatives.push(patterns);
                }
            }
        }
        budget.spend(self.except.iter().chain(&other.except).map(S::size).sum())?;
        let except = self.except.iter().chain(&other.except).cloned().collect();
        Space::new(alternatives, except, budget)
    }

    /// Whether all of this is in `other`, as far as can be seen.
    pub fn is_within(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        all(&self.any_of, |patterns| {
            let is_covered = any(&other.any_of, |wide| is_implied(wide, patterns, budget))?;
            Ok(is_covered
                && all(&other.except, |spared| {
                    Ok(any(patterns, |pattern| pattern.is_disjoint(spared, budget))?
                        || any(&self.except, |missing| missing.covers(spared, budget))?)
                })?)
        })
    }

    /// Whether nothing is in both, as far as can be seen.
    pub fn is_disjoint(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        let is_missing =
            |pattern: &S| any(self.except.iter().chain(&other.except), |missing: &S| missing.covers(pattern, budget));
        all(&self.any_of, |one| {
            Ok(any(one, is_missing)?
                || all(&other.any_of, |two| Ok(are_disjoint(one, two, budget)? || any(two, is_missing)?))?)
        })
    }

    /// Drops what `except` takes away whole, what another alternative covers, and exceptions that spare nothing.
    fn tidied(self, budget: &Budget) -> Result<Self, Exhausted> {
        let Space { any_of, mut except } = self;
        let mut left = Vec::new();
        for patterns in any_of {
            if !any(&patterns, |pattern| any(&except, |missing| missing.covers(pattern, budget)))? {
                left.push(patterns);
            }
        }
        budget.sorting(left.len(), left.iter().flatten().map(S::size).sum())?;
        left.sort();
        left.dedup();
        let any_of = without_covered(left, budget)?;
        budget.sorting(except.len(), except.iter().map(S::size).sum())?;
        except.sort();
        except.dedup();
        let mut touching = Vec::new();
        for missing in except {
            let touches = |patterns: &Vec<S>| {
                all(patterns, |pattern| pattern.is_disjoint(&missing, budget).map(|is_disjoint| !is_disjoint))
            };
            if any(&any_of, touches)? {
                touching.push(missing);
            }
        }
        Ok(Space { any_of, except: touching })
    }
}

fn are_disjoint<S: Shape>(one: &[S], two: &[S], budget: &Budget) -> Result<bool, Exhausted> {
    any(one, |pattern| any(two, |other| pattern.is_disjoint(other, budget)))
}

/// Whether what matches all of `narrow` matches all of `wide`.
fn is_implied<S: Shape>(wide: &[S], narrow: &[S], budget: &Budget) -> Result<bool, Exhausted> {
    all(wide, |wide| any(narrow, |narrow| wide.covers(narrow, budget)))
}

/// Patterns that all match; none if two of them cannot. A pattern that another one implies is left out.
fn both<S: Shape>(one: &[S], two: &[S], budget: &Budget) -> Result<Option<Vec<S>>, Exhausted> {
    if are_disjoint(one, two, budget)? {
        return Ok(None);
    }
    let mut kept: Vec<&S> = Vec::new();
    for pattern in one.iter().chain(two) {
        if any(&kept, |other| pattern.covers(other, budget))? {
            continue;
        }
        let mut stays = Vec::new();
        for other in kept {
            if !other.covers(pattern, budget)? {
                stays.push(other);
            }
        }
        stays.push(pattern);
        kept = stays;
    }
    Ok(Some(kept.into_iter().cloned().collect()))
}

/// Long lists are left as they are: looking at all pairs would take too long.
fn without_covered<S: Shape>(alternatives: Vec<Vec<S>>, budget: &Budget) -> Result<Vec<Vec<S>>, Exhausted> {
    if alternatives.len() > 200 {
        return Ok(alternatives);
    }
    let mut kept: Vec<Vec<S>> = Vec::new();
    for alternative in alternatives {
        if any(&kept, |other| is_implied(other, &alternative, budget))? {
            continue;
        }
        let mut stays = Vec::new();
        for other in kept {
            if !is_implied(&alternative, &other, budget)? {
                stays.push(other);
            }
        }
        stays.push(alternative);
        kept = stays;
    }
    Ok(kept)
}
